import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type CiphertextStore, cidOf, digestOfCid, notStored, verifiedStore } from "@publica/sdk/crypto";

/** Keeps sealed files in a folder, each under its CID. A file is there whole or not at all. */
export function folderStore(folder: string): CiphertextStore {
  // Only a well-formed CID becomes a file name: nothing leads out of the folder.
  const place = (cid: string): string => {
    digestOfCid(cid);
    return join(folder, cid);
  };
  return verifiedStore({
    async put(bytes) {
      const cid = cidOf(bytes);
      await mkdir(folder, { recursive: true });
      // Ciphertext only, so a leftover of an interrupted write gives nothing away.
      const half = join(folder, `.${randomBytes(8).toString("hex")}`);
      try {
        await writeFile(half, bytes, { flag: "wx" });
        await rename(half, place(cid));
      } finally {
        await rm(half, { force: true });
      }
      return cid;
    },
    async get(cid) {
      if (!existsSync(place(cid))) throw notStored(cid);
      return new Uint8Array(await readFile(place(cid)));
    },
    has: async (cid) => existsSync(place(cid)),
    delete: async (cid) => rm(place(cid), { force: true }),
    pinStatus: async (cid) => (existsSync(place(cid)) ? "pinned" : "missing"),
  });
}
