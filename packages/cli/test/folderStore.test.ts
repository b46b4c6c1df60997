import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cidOf } from "@publica/sdk/crypto";
import { expect } from "chai";
import { folderStore } from "../src/will/folderStore.ts";

const bytes = Uint8Array.from({ length: 5_000 }, (_, index) => (index * 7) & 0xff);

describe("ciphertext store in a folder", () => {
  let top: string;
  let folder: string;

  beforeEach(() => {
    top = mkdtempSync(join(tmpdir(), "publica-store-"));
    folder = join(top, "not", "there", "yet");
  });
  afterEach(() => rmSync(top, { recursive: true }));

  async function refusal(action: Promise<unknown>): Promise<string> {
    try {
      await action;
    } catch (error) {
      return (error as { code?: string }).code ?? String(error);
    }
    return "nothing was refused";
  }

  it("makes the folder, names the file by its CID, and leaves nothing else", async () => {
    const store = folderStore(folder);
    const cid = await store.put(bytes);
    expect(cid).to.equal(cidOf(bytes));
    expect(await store.put(bytes)).to.equal(cid);
    expect(readdirSync(folder)).to.deep.equal([cid]);
    expect(new Uint8Array(readFileSync(join(folder, cid)))).to.deep.equal(bytes);
    expect(await store.get(cid)).to.deep.equal(bytes);
    expect([await store.has(cid), await store.pinStatus?.(cid)]).to.deep.equal([true, "pinned"]);
  });

  it("the same file put by many at once is there whole", async () => {
    const store = folderStore(folder);
    const cids = await Promise.all(Array.from({ length: 20 }, () => store.put(bytes)));
    expect(new Set(cids).size).to.equal(1);
    expect(readdirSync(folder)).to.deep.equal([cidOf(bytes)]);
    expect(await store.get(cidOf(bytes))).to.deep.equal(bytes);
  });

  it("an altered, cut or exchanged file is refused on reading, and left as it is", async () => {
    const store = folderStore(folder);
    const cid = await store.put(bytes);
    const altered = bytes.map((byte, at) => (at === 4_999 ? byte ^ 1 : byte));
    for (const wrong of [altered, bytes.subarray(0, -1), new Uint8Array()]) {
      writeFileSync(join(folder, cid), wrong);
      expect(await refusal(store.get(cid))).to.equal("SdkStoreAltered");
      expect(new Uint8Array(readFileSync(join(folder, cid)))).to.deep.equal(Uint8Array.from(wrong));
    }
    await store.put(bytes);
    expect(await store.get(cid)).to.deep.equal(bytes);
  });

  it("what is not there is called missing, and deleting it again does no harm", async () => {
    const store = folderStore(folder);
    expect(await refusal(store.get(cidOf(bytes)))).to.equal("SdkStoreMissing");
    const cid = await store.put(bytes);
    await store.delete?.(cid);
    await store.delete?.(cid);
    expect(existsSync(join(folder, cid))).to.equal(false);
    expect([await store.has(cid), await store.pinStatus?.(cid)]).to.deep.equal([false, "missing"]);
    expect(await refusal(store.get(cid))).to.equal("SdkStoreMissing");
  });

  it("no name leads out of the folder", async () => {
    writeFileSync(join(top, "secret"), "not a sealed file");
    const store = folderStore(folder);
    for (const name of [
      "../../../secret",
      join(top, "secret"),
      "",
      ".",
      "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG",
    ]) {
      expect(await refusal(store.get(name))).to.equal("SdkCidMalformed");
      expect(await refusal(store.has(name))).to.equal("SdkCidMalformed");
      expect(await refusal(store.delete?.(name) ?? Promise.resolve())).to.equal("SdkCidMalformed");
    }
    expect(existsSync(join(top, "secret"))).to.equal(true);
  });

  it("a folder that cannot be written keeps nothing half", async () => {
    writeFileSync(join(top, "not"), "a file stands where the folder would be");
    expect(await refusal(folderStore(folder).put(bytes))).to.match(/ENOTDIR|EEXIST/);
    expect(readdirSync(top)).to.deep.equal(["not"]);
  });
});
