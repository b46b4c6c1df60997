import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";
import Community from "./modules/Community.ts";
import Foundation from "./modules/Foundation.ts";
import Insurance from "./modules/Insurance.ts";
import Wills from "./modules/Wills.ts";

/** The whole suite: every scenario on one foundation. What needs a currency (pools, energy markets) stands beside it. */
export default buildModule("Publica", (m) => ({
  ...m.useModule(Foundation),
  ...m.useModule(Insurance),
  ...m.useModule(Wills),
  ...m.useModule(Community),
}));
