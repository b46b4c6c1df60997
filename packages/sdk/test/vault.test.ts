import assert from "node:assert/strict";
import fc from "fast-check";
import {
  cidOf,
  cidOfDigest,
  collect,
  digestOf,
  digestOfCid,
  memoryStore,
  openVault,
  paddedLength,
  sealVault,
  verifiedStore,
} from "../src/foundation/vault/index.ts";
import { toHex } from "viem";

const contentKey = new Uint8Array(32).fill(7);
const aad = new TextEncoder().encode("setup hash");
const CHUNK = 65_536;
const ciphers = ["xchacha20-poly1305", "aes-256-gcm"] as const;
type Cipher = (typeof ciphers)[number];

const seal = (document: Uint8Array, cipher: Cipher = "xchacha20-poly1305"): Promise<Uint8Array> =>
  collect(sealVault({ contentKey, document: [document], aad, cipher }));
const open = (file: Uint8Array, key = contentKey, context = aad): Promise<Uint8Array> =>
  collect(openVault({ contentKey: key, file: [file], aad: context }));

describe("vault", () => {
  for (const cipher of ciphers) {
    it(`${cipher}: documents of every size around the chunk and padding limits come back byte for byte`, async () => {
      for (const size of [0, 1, 4094, 4095, 4096, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 17]) {
        const document = Uint8Array.from({ length: size }, (_, at) => (at * 31) & 0xff);
        assert.deepEqual(await open(await seal(document, cipher)), document);
      }
    });
  }

  it("documents that end in zeros, or in what looks like padding, come back", async () => {
    for (const tail of [[0], [0x80], [0x80, 0], [0, 0, 0x80, 0x80, 0]]) {
      const document = new Uint8Array(CHUNK * 2);
      document.set(tail, document.length - tail.length);
      assert.deepEqual(await open(await seal(document)), document);
    }
    const zeros = new Uint8Array(5 * CHUNK);
    assert.deepEqual(await open(await seal(zeros)), zeros);
  });

  it("the pieces a document or a file arrives in do not matter", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 40_000 }), { maxLength: 6 }), async (pieces) => {
        const whole = await collect(pieces);
        const file = await collect(sealVault({ contentKey, document: pieces, aad }));
        const cuts = [file.subarray(0, 5), file.subarray(5, 80), file.subarray(80, 81), file.subarray(81)];
        assert.deepEqual(await collect(openVault({ contentKey, file: cuts, aad })), whole);
      }),
      { numRuns: 15 },
    );
  });

  it("a wrong key or another context is recognised before anything is decrypted", async () => {
    const file = await seal(new Uint8Array(10));
    await assert.rejects(open(file, new Uint8Array(32).fill(8)), { code: "SdkVaultWrongKey" });
    await assert.rejects(open(file, contentKey, new Uint8Array()), { code: "SdkVaultWrongKey" });
  });

  it("every altered byte is found", async () => {
    const file = await seal(new Uint8Array(CHUNK + 5));
    const codes = new Set<string>();
    for (const at of [0, 4, 5, 6, 7, 8, 39, 40, 71, 72, 5000, 72 + CHUNK + 15, 72 + CHUNK + 16, file.length - 1]) {
      const altered = Uint8Array.from(file);
      altered[at] = (altered[at] as number) ^ 1;
      const error = await open(altered).then(
        () => undefined,
        (thrown: unknown) => thrown as { code: string },
      );
      assert.ok(error, `byte ${at}`);
      codes.add(error.code);
    }
    assert.deepEqual([...codes].sort(), ["SdkVaultAltered", "SdkVaultNotAVault", "SdkVaultWrongKey"]);
  });

  it("a truncated file is called truncated, wherever it was cut, and chunks cannot be dropped, moved or added", async () => {
    const file = await seal(new Uint8Array(3 * CHUNK - 100));
    const sealedChunk = CHUNK + 16;
    const cut = { code: "SdkVaultTruncated" };
    for (const length of [0, 10, 71, 72, 72 + 16, 72 + sealedChunk, 72 + 2 * sealedChunk])
      await assert.rejects(open(file.subarray(0, length)), cut, `cut at ${length}`);
    const chunk = (n: number): Uint8Array => file.subarray(72 + n * sealedChunk, 72 + (n + 1) * sealedChunk);
    const rebuilt = (...order: number[]): Promise<Uint8Array> => collect([file.subarray(0, 72), ...order.map(chunk)]);
    await assert.rejects(open(await rebuilt(1, 0, 2)), { code: "SdkVaultAltered", values: [0] });
    await assert.rejects(open(await rebuilt(0, 2)), { code: "SdkVaultAltered", values: [1] });
    await assert.rejects(open(await rebuilt(0, 1, 2, 2)), { code: "SdkVaultAltered", values: [2] });
    await assert.rejects(open(file.subarray(0, file.length - 1)), { code: "SdkVaultAltered", values: [2] });
  });

  it("the length is hidden in steps: at most 12 % is added and few lengths exist", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 40 }), (length) => {
        const padded = paddedLength(length);
        assert.ok(padded >= length && padded >= 4096);
        if (length > 4096) assert.ok(padded - length <= length * 0.12);
        assert.equal(paddedLength(padded), padded);
      }),
    );
    const lengths = new Set(Array.from({ length: 60_000 }, (_, at) => paddedLength(4096 + at)));
    assert.ok(lengths.size < 80, `${lengths.size} lengths`);
  });

  it("equal documents give different files, so their names do not collide", async () => {
    const document = new Uint8Array(10);
    assert.notEqual(cidOf(await seal(document)), cidOf(await seal(document)));
  });
});

describe("ciphertext store", () => {
  it("names are CIDs of version 1, raw, sha-256", async () => {
    const bytes = new TextEncoder().encode("hello");
    const cid = "bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq";
    assert.equal(cidOf(bytes), cid);
    assert.equal(digestOfCid(cid), toHex(await digestOf([bytes])));
    assert.equal(cidOfDigest(digestOfCid(cid)), cid);
    assert.throws(() => digestOfCid("nonsense"), { code: "SdkCidMalformed" });
    assert.throws(() => digestOfCid("QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG"), { code: "SdkCidMalformed" });
  });

  it("what is put comes back, and what is altered in the store is refused", async () => {
    const files = new Map<string, Uint8Array>();
    const store = memoryStore(files);
    const cid = await store.put(Uint8Array.of(1, 2, 3));
    assert.deepEqual(await store.get(cid), Uint8Array.of(1, 2, 3));
    assert.equal(await store.has(cid), true);
    files.set(cid, Uint8Array.of(1, 2, 4));
    await assert.rejects(store.get(cid), { code: "SdkStoreAltered" });
    await store.delete?.(cid);
    assert.equal(await store.has(cid), false);
    await assert.rejects(store.get(cid), { code: "SdkStoreMissing" });
    const lying = verifiedStore({ ...store, put: async () => cid, pinStatus: async () => "pinned" });
    await assert.rejects(lying.put(Uint8Array.of(9)), { code: "SdkStoreAltered" });
    assert.equal(await lying.pinStatus?.(cid), "pinned");
  });
});
