import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";
import { policyBookAbi } from "@publica/sdk/abi";
import { permit } from "../lib/permit.ts";
import Foundation from "./Foundation.ts";

/**
 * The policy book and its settlement. Pools stand beside them, one a currency: see `UnderwritingPool.ts`.
 *
 * Parameters: `delay`, and who holds the roles: `seriesOpener`, `quoteAdmin`, `salesPauser`.
 */
export default buildModule("Insurance", (m) => {
  const { accessManager } = m.useModule(Foundation);
  const policyBook = m.contract("PolicyBook", [accessManager]);
  const policySettlement = m.contract("PolicySettlement", [policyBook]);
  const roles = { target: policyBook, abi: policyBookAbi } as const;
  permit(m, accessManager, [
    { ...roles, role: 401n, name: "seriesOpener", functions: ["openSeries"] },
    { ...roles, role: 402n, name: "quoteAdmin", functions: ["setQuoteKey"] },
    { ...roles, role: 403n, name: "salesPauser", functions: ["setSalesPaused"], immediate: true },
  ]);
  return { accessManager, policyBook, policySettlement };
});
