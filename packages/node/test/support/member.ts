// A whole node as the configuration says, killed at a chosen place: `node member.ts CONFIG CRASH-JSON`.
import { oracleConfigSchema } from "../../src/oracle/config.ts";
import { startOracleNode } from "../../src/oracle/node.ts";
import { loadConfig, silentLogger } from "../../src/runtime/index.ts";
import { type Crash, crashing } from "./sender.ts";

const [config = "", crash = "{}"] = process.argv.slice(2);
await startOracleNode(loadConfig(config, oracleConfigSchema), {
  log: silentLogger(),
  onEdge: crashing(JSON.parse(crash) as Crash),
});
