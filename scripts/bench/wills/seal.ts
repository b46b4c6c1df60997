// A process of its own for each figure: seals so many MiB and prints the milliseconds and the process's peak memory in MiB.
// Usage: node seal.ts CIPHER MIB
import { sealVault, type VaultCipher } from "../../../packages/sdk/src/foundation/crypto.ts";

const [cipher, mebibytes] = process.argv.slice(2);
const megabyte = new Uint8Array(2 ** 20).fill(0x5a);
async function* document(): AsyncGenerator<Uint8Array> {
  for (let n = 0; n < Number(mebibytes); n += 1) yield megabyte;
}

let bytes = 0;
// Read as it goes: the system's own high-water mark begins with that of the process which started this one.
let peak = 0;
const started = performance.now();
for await (const piece of sealVault({
  contentKey: new Uint8Array(32).fill(1),
  document: document(),
  aad: new Uint8Array(),
  cipher: cipher as VaultCipher,
})) {
  bytes += piece.length;
  peak = Math.max(peak, process.memoryUsage.rss());
}
if (bytes < Number(mebibytes) * 2 ** 20) throw new Error("the sealed file is too short");
console.log(
  JSON.stringify({
    milliseconds: Math.round(performance.now() - started),
    peakMiB: Math.round(peak / 2 ** 20),
  }),
);
