import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { CipherSuite, HkdfSha256 } from "@hpke/core";
import { Chacha20Poly1305 } from "@hpke/chacha20poly1305";
import { DhkemX25519HkdfSha256 } from "@hpke/dhkem-x25519";
import { type Hex, hexToBytes, toHex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import {
  deriveEncryptionKey,
  encryptionKeyFromSeed,
  encryptionKeyHash,
  encryptionKeyTypedData,
  generateEncryptionKey,
  openEnvelope,
  sealEnvelope,
} from "../src/foundation/envelope/index.ts";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const info = text("will 1, version 1, heir 2");

describe("envelopes", () => {
  for (const suite of ["x25519", "xwing"] as const) {
    it(`${suite}: what is sealed opens with the key, and only with it and its context`, async () => {
      const key = await generateEncryptionKey(suite);
      const other = await generateEncryptionKey(suite);
      const plaintext = text("a share");
      const envelope = await sealEnvelope({ suite, publicKey: key.publicKey, plaintext, info, aad: text("a") });
      assert.deepEqual(await openEnvelope({ key, envelope, info, aad: text("a") }), plaintext);
      const refused = { code: "SdkEnvelopeRefused" };
      await assert.rejects(openEnvelope({ key: other, envelope, info, aad: text("a") }), refused);
      await assert.rejects(openEnvelope({ key, envelope, info: text("heir 3"), aad: text("a") }), refused);
      await assert.rejects(openEnvelope({ key, envelope, info, aad: text("b") }), refused);
      for (const at of [1, (envelope.length - 2) / 2 - 1]) {
        const bytes = hexToBytes(envelope);
        bytes[at] = (bytes[at] as number) ^ 1;
        await assert.rejects(openEnvelope({ key, envelope: toHex(bytes), info, aad: text("a") }), refused);
      }
    });
  }

  it("a truncated envelope, an unknown suite and a key of another suite are told apart", async () => {
    const key = await generateEncryptionKey();
    const envelope = await sealEnvelope({ suite: "x25519", publicKey: key.publicKey, plaintext: text("x"), info });
    await assert.rejects(openEnvelope({ key, envelope: envelope.slice(0, 60) as Hex, info }), {
      code: "SdkEnvelopeTruncated",
    });
    await assert.rejects(openEnvelope({ key, envelope: "0x", info }), { code: "SdkEnvelopeUnknownSuite" });
    await assert.rejects(openEnvelope({ key, envelope: `0x09${envelope.slice(4)}`, info }), {
      code: "SdkEnvelopeUnknownSuite",
    });
    const hybrid = await generateEncryptionKey("xwing");
    await assert.rejects(openEnvelope({ key: hybrid, envelope, info }), { code: "SdkEnvelopeOtherSuite" });
    await assert.rejects(sealEnvelope({ suite: "x25519", publicKey: "0x1234", plaintext: text("x"), info }), {
      code: "SdkEncryptionKeyMalformed",
    });
  });

  it("sizes are those of the suites: 48 and 1,136 bytes around the plaintext", async () => {
    for (const [suite, overhead] of [
      ["x25519", 49],
      ["xwing", 1137],
    ] as const) {
      const { publicKey } = await generateEncryptionKey(suite);
      const envelope = await sealEnvelope({ suite, publicKey, plaintext: new Uint8Array(32), info });
      assert.equal((envelope.length - 2) / 2, 32 + overhead);
    }
  });

  it("a key comes back from its backup and from the wallet that derived it", async () => {
    const key = await generateEncryptionKey();
    assert.deepEqual(await encryptionKeyFromSeed("x25519", key.seed), key);
    const wallet = privateKeyToAccount(`0x${"42".repeat(32)}`);
    const typedData = encryptionKeyTypedData(wallet.address, "x25519");
    const first = await wallet.signTypedData(typedData);
    const derived = await deriveEncryptionKey("x25519", first, await wallet.signTypedData(typedData));
    assert.deepEqual(await deriveEncryptionKey("x25519", first, first), derived);
    assert.notEqual((await deriveEncryptionKey("xwing", first, first)).publicKey, derived.publicKey);
    await assert.rejects(async () => deriveEncryptionKey("x25519", first, `0x${first.slice(2, -2)}00`), {
      code: "SdkSignatureNotDeterministic",
    });
  });

  it("the key hash binds the suite and refuses a key of the wrong length", async () => {
    const { publicKey } = await generateEncryptionKey();
    assert.match(encryptionKeyHash("x25519", publicKey), /^0x[0-9a-f]{64}$/);
    assert.throws(() => encryptionKeyHash("xwing", publicKey), { code: "SdkEncryptionKeyMalformed" });
  });

  it("agrees with the published vector of RFC 9180, appendix A.2.1", async () => {
    const vector = JSON.parse(readFileSync("test/vectors/hpke-rfc9180.json", "utf8")) as Record<string, Hex>;
    const bytes = (name: string): Uint8Array => hexToBytes(vector[name] as Hex);
    const suite = new CipherSuite({
      kem: new DhkemX25519HkdfSha256(),
      kdf: new HkdfSha256(),
      aead: new Chacha20Poly1305(),
    });
    const ekm = await suite.kem.deriveKeyPair(bytes("ikmE"));
    const pair = await suite.kem.deriveKeyPair(bytes("ikmR"));
    assert.equal(toHex(new Uint8Array(await suite.kem.serializePublicKey(pair.publicKey))), vector.pkRm);
    const sender = await suite.createSenderContext({ recipientPublicKey: pair.publicKey, info: bytes("info"), ekm });
    assert.equal(toHex(new Uint8Array(sender.enc)), vector.enc);
    assert.equal(toHex(new Uint8Array(await sender.seal(bytes("pt"), bytes("aad")))), vector.ct);
    // The same ciphertext through our own framing.
    const key = { suite: "x25519", seed: vector.ikmR as Hex, publicKey: vector.pkRm as Hex } as const;
    const envelope: Hex = `0x01${(vector.enc as Hex).slice(2)}${(vector.ct as Hex).slice(2)}`;
    assert.equal(toHex(await openEnvelope({ key, envelope, info: bytes("info"), aad: bytes("aad") })), vector.pt);
  });
});
