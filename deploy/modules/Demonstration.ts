import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";
import { underwritingPoolAbi } from "@publica/sdk/abi";
import { permit } from "../lib/permit.ts";
import Publica from "../Publica.ts";

const WEEK = 604_800;

/** The suite with a play currency and one pool in it: what `npm start`, `npm run dev` and the stories stand on. */
export default buildModule("Demonstration", (m) => {
  const suite = m.useModule(Publica);
  const testToken = m.contract("TestToken", ["Publica Play Money", "PLAY", 6]);
  const underwritingPool = m.contract("UnderwritingPool", [
    testToken,
    "Publica Underwriting",
    "pPLAY",
    suite.accessManager,
    suite.policyBook,
    suite.policySettlement,
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
  ]);
  return { ...suite, testToken, underwritingPool };
});
