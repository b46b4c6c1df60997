import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";
import { underwritingPoolAbi } from "@publica/sdk/abi";
import { zeroAddress } from "viem";
import { permit } from "../lib/permit.ts";
import Publica from "../Publica.ts";
import { energyMarket } from "./Energy.ts";

const WEEK = 604_800;

/** The suite with a play currency, one pool and one energy market in it: what `npm start`, `npm run dev` and the stories stand on. */
export default buildModule("Demonstration", (m) => {
  const suite = m.useModule(Publica);
  const testToken = m.contract("TestToken", ["Publica Play Money", "PLAY", 6]);
  const underwritingPool = m.contract("UnderwritingPool", [
    testToken,
    "Publica Underwriting",
    "pPLAY",
    suite.accessManager,
    suite.policyBook,
    zeroAddress,
    suite.reinsuranceTower,
    WEEK,
  ]);
  permit(m, suite.accessManager, [
    {
      role: 404n,
      name: "capSetter",
      target: underwritingPool,
      abi: underwritingPoolAbi,
      functions: ["setPoolCap", "setZoneCap"],
    },
    {
      role: 403n,
      name: "salesPauser",
      target: underwritingPool,
      abi: underwritingPoolAbi,
      functions: ["setSalesPaused"],
      immediate: true,
    },
  ]);
  const market = energyMarket(m, suite.accessManager, testToken);
  return { ...suite, testToken, underwritingPool, ...market };
});
