// Preloaded into a deployment (node --import): kills it in place of writing the Nth line of one kind to Ignition's
// journal, without a word of warning, so that the same run dies at the same point on every machine.
// PUBLICA_KILL is KIND:N, or KIND:N:torn to die with half the line written.
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";

const [kind = "", count = "1", torn] = (process.env.PUBLICA_KILL ?? "").split(":");
const write = fs.writeFileSync;
let left = Number(count);

fs.writeFileSync = (file, data, options) => {
  if (typeof file === "number" && typeof data === "string" && data.includes(`"type":"${kind}"`)) {
    left -= 1;
    if (left === 0) {
      if (torn !== undefined) write(file, data.slice(0, data.length / 2), options);
      process.kill(process.pid, "SIGKILL");
      // The signal comes in its own time; until then nothing more is done.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    }
  }
  write(file, data, options);
};
syncBuiltinESMExports();
