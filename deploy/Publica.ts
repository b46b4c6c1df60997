import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";
import Foundation from "./modules/Foundation.ts";
import Insurance from "./modules/Insurance.ts";

/** The whole suite: every scenario on one foundation. */
export default buildModule("Publica", (m) => ({
  ...m.useModule(Foundation),
  ...m.useModule(Insurance),
}));
