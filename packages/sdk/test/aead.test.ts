import { readFileSync } from "node:fs";
import { chacha20poly1305, xchacha20poly1305 } from "@noble/ciphers/chacha.js";
import { expect } from "chai";
import { bytesToHex, type Hex, hexToBytes } from "viem";
import { sealEnvelope } from "../src/foundation/envelope/index.ts";

interface Vector {
  readonly source: string;
  readonly cipher: "chacha20-poly1305" | "xchacha20-poly1305" | "aes-256-gcm";
  readonly key: string;
  readonly iv: string;
  readonly aad: string;
  readonly msg: string;
  readonly ct: string;
  readonly tag: string;
}

const { tests } = JSON.parse(readFileSync(new URL("../../../test/vectors/aead.json", import.meta.url), "utf8")) as {
  tests: Vector[];
};
const bytes = (hex: string): Uint8Array<ArrayBuffer> => Uint8Array.from(hexToBytes(`0x${hex}` as Hex));

/** The very implementations our envelopes, escrow and vault stand on. */
async function cipherOf({ cipher, key, iv, aad }: Vector) {
  if (cipher === "chacha20-poly1305") return chacha20poly1305(bytes(key), bytes(iv), bytes(aad));
  if (cipher === "xchacha20-poly1305") return xchacha20poly1305(bytes(key), bytes(iv), bytes(aad));
  const imported = await crypto.subtle.importKey("raw", bytes(key), "AES-GCM", false, ["encrypt", "decrypt"]);
  const algorithm = { name: "AES-GCM", iv: bytes(iv), additionalData: bytes(aad) };
  return {
    encrypt: async (data: Uint8Array<ArrayBuffer>) =>
      new Uint8Array(await crypto.subtle.encrypt(algorithm, imported, data)),
    decrypt: async (data: Uint8Array<ArrayBuffer>) =>
      new Uint8Array(await crypto.subtle.decrypt(algorithm, imported, data)),
  };
}

describe("authenticated encryption: published vectors", () => {
  for (const vector of tests) {
    it(`${vector.cipher}, ${vector.source}: seals and opens; every altered bit of the tag is refused`, async () => {
      const sealed = bytes(vector.ct + vector.tag);
      const { encrypt, decrypt } = await cipherOf(vector);
      expect(bytesToHex(await encrypt(bytes(vector.msg)))).to.equal(bytesToHex(sealed));
      expect(bytesToHex(await (await cipherOf(vector)).decrypt(sealed))).to.equal(`0x${vector.msg}`);
      for (let bit = 0; bit < 128; bit += 1) {
        const altered = Uint8Array.from(sealed);
        const at = altered.length - 16 + (bit >> 3);
        altered[at] = (altered[at] as number) ^ (1 << (bit & 7));
        const refused = await (async () => decrypt(altered))().then(
          () => false,
          () => true,
        );
        expect(refused, `bit ${bit}`).to.equal(true);
      }
    });
  }

  // Wycheproof's x25519 cases "ZeroSharedSecret": with these keys everybody would know the shared secret.
  for (const publicKey of [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
  ])
    it(`no envelope is sealed for the x25519 point of low order ${publicKey.slice(0, 8)}…`, async () => {
      const sealing = sealEnvelope({
        suite: "x25519",
        publicKey: `0x${publicKey}`,
        plaintext: new Uint8Array(32),
        info: new Uint8Array(),
      });
      const refused = await sealing.then(
        () => false,
        () => true,
      );
      expect(refused).to.equal(true);
    });
});
