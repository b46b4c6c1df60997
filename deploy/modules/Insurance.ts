import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";
import { policyBookAbi, reinsuranceTowerAbi, seriesRegistryAbi } from "@publica/sdk/abi";
import { permit } from "../lib/permit.ts";
import Foundation from "./Foundation.ts";

/**
 * The registry of series, the policy book that sells and settles them, the recourse when a feed is silent or lies and the tower of
 * reinsurance layers. Pools stand beside them, one a currency: see deploy/README.md.
 *
 * Parameters: `delay`, and who holds the roles: `seriesOpener`, `quoteAdmin`, `layerSetter`.
 */
export default buildModule("Insurance", (m) => {
  const { accessManager } = m.useModule(Foundation);
  const seriesRegistry = m.contract("SeriesRegistry", [accessManager]);
  const seriesRecourse = m.contract("SeriesRecourse", [seriesRegistry]);
  const policyBook = m.contract("PolicyBook", [accessManager, seriesRegistry, seriesRecourse]);
  const reinsuranceTower = m.contract("ReinsuranceTower", [accessManager]);
  permit(m, accessManager, [
    {
      role: 401n,
      name: "seriesOpener",
      target: seriesRegistry,
      abi: seriesRegistryAbi,
      functions: ["openSeries"],
    },
    { role: 402n, name: "quoteAdmin", target: policyBook, abi: policyBookAbi, functions: ["setQuoteKey"] },
    {
      role: 405n,
      name: "layerSetter",
      target: reinsuranceTower,
      abi: reinsuranceTowerAbi,
      functions: ["setLayers"],
    },
  ]);
  return { accessManager, seriesRegistry, seriesRecourse, policyBook, reinsuranceTower };
});
