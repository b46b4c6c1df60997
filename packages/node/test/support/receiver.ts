// An intake behind the embedded broker that lives until it is killed: `node receiver.ts DATABASE PORT`.
import { startMqtt } from "../../src/oracle/ingest/mqtt.ts";
import { silentLogger } from "../../src/runtime/index.ts";
import { createIntakeFixture } from "./intake.ts";

const [path = "", port = "0"] = process.argv.slice(2);
const { intake } = createIntakeFixture(path, { durability: "FULL" });
await startMqtt({
  settings: { embedded: { host: "127.0.0.1", port: Number(port) } },
  intake,
  log: silentLogger(),
  onState: () => {},
});
process.stdout.write("ready\n");
