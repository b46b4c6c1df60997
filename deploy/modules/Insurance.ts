import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";
import { policyBookAbi, reinsuranceTowerAbi } from "@publica/sdk/abi";
import { permit } from "../lib/permit.ts";
import Foundation from "./Foundation.ts";

/**
 * The policy book, its settlement and the tower of reinsurance layers. Pools stand beside them, one a currency: see `UnderwritingPool.ts`.
 *
 * Parameters: `delay`, and who holds the roles: `seriesOpener`, `quoteAdmin`, `salesPauser`, `layerSetter`.
 */
export default buildModule("Insurance", (m) => {
  const { accessManager } = m.useModule(Foundation);
  const policyBook = m.contract("PolicyBook", [accessManager]);
  const policySettlement = m.contract("PolicySettlement", [policyBook]);
  const reinsuranceTower = m.contract("ReinsuranceTower", [accessManager]);
  const roles = { target: policyBook, abi: policyBookAbi } as const;
  permit(m, accessManager, [
    { ...roles, role: 401n, name: "seriesOpener", functions: ["openSeries"] },
    { ...roles, role: 402n, name: "quoteAdmin", functions: ["setQuoteKey"] },
    { ...roles, role: 403n, name: "salesPauser", functions: ["setSalesPaused"], immediate: true },
    {
      role: 405n,
      name: "layerSetter",
      target: reinsuranceTower,
      abi: reinsuranceTowerAbi,
      functions: ["setLayers"],
    },
  ]);
  return { accessManager, policyBook, policySettlement, reinsuranceTower };
});
