// An intake that plays a recording until it ends or is killed: `node player.ts DATABASE RECORDING-JSON`.
import { startReplays } from "../../src/oracle/ingest/replay.ts";
import { silentLogger } from "../../src/runtime/index.ts";
import { createIntakeFixture, type Recording } from "./intake.ts";

const [path = "", recording = "{}"] = process.argv.slice(2);
const { intake, store, close } = createIntakeFixture(path, { durability: "FULL" });
const [replay] = startReplays([JSON.parse(recording) as Recording], {
  intake,
  store,
  log: silentLogger(),
  signal: new AbortController().signal,
});
const telling = setInterval(() => process.stdout.write(`${replay?.lines}\n`), 5);
await replay?.done;
clearInterval(telling);
close();
