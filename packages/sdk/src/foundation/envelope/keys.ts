import { hkdf } from "@noble/hashes/hkdf.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { type Address, concatHex, type Hex, hexToBytes, keccak256, toHex } from "viem";
import { equalBytes, type RandomBytes, secureRandom } from "../bytes.ts";
import { PublicaError } from "../errors.ts";
import { cipherSuite, type EnvelopeSuite, PUBLIC_KEY_BYTES, SUITE_NUMBER } from "./suite.ts";

/** A person's key pair for envelopes. `seed` is all there is to back up. */
export interface EncryptionKey {
  readonly suite: EnvelopeSuite;
  readonly publicKey: Hex;
  /** 32 secret bytes from which the pair is derived. */
  readonly seed: Hex;
}

/** A new key pair. Back up `seed`. */
export function generateEncryptionKey(
  suite: EnvelopeSuite = "x25519",
  random: RandomBytes = secureRandom,
): Promise<EncryptionKey> {
  return encryptionKeyFromSeed(suite, toHex(random(32)));
}

/** Restores a key pair from its backup. */
export async function encryptionKeyFromSeed(suite: EnvelopeSuite, seed: Hex): Promise<EncryptionKey> {
  const pair = await keyPair(suite, seed);
  const publicKey = await cipherSuite(suite).kem.serializePublicKey(pair.publicKey);
  return { suite, seed, publicKey: toHex(new Uint8Array(publicKey)) };
}

/** What a wallet signs to derive an encryption key: EIP-712, bound to the wallet, the purpose and nothing else. */
export function encryptionKeyTypedData(account: Address, suite: EnvelopeSuite) {
  return {
    domain: { name: "Publica Encryption Key", version: "1" },
    types: {
      EncryptionKey: [
        { name: "account", type: "address" },
        { name: "suite", type: "uint8" },
        { name: "warning", type: "string" },
      ],
    },
    primaryType: "EncryptionKey",
    message: {
      account,
      suite: SUITE_NUMBER[suite],
      warning: "Whoever has this signature can read what is sealed for you. Sign only in Publica.",
    },
  } as const;
}

/**
 * A key pair from two signatures of the same {@link encryptionKeyTypedData}. Two, because a wallet that signs
 * differently each time (multi-party or hedged signers, contract accounts) would lose the key; those generate one.
 */
export function deriveEncryptionKey(suite: EnvelopeSuite, first: Hex, second: Hex): Promise<EncryptionKey> {
  const bytes = hexToBytes(first);
  if (!equalBytes(bytes, hexToBytes(second)) || bytes.length !== 65)
    throw new PublicaError(
      "SdkSignatureNotDeterministic",
      "The wallet does not give the same 65-byte signature twice, so a key derived from it would be lost.",
      "Generate an encryption key and back up its seed instead.",
    );
  return encryptionKeyFromSeed(suite, toHex(hkdf(sha256, bytes, undefined, encode("publica/encryption-key/v1"), 32)));
}

/** What the EncryptionKeyRegistry stores: the hash of suite and public key. */
export function encryptionKeyHash(suite: EnvelopeSuite, publicKey: Hex): Hex {
  if ((publicKey.length - 2) / 2 !== PUBLIC_KEY_BYTES[suite])
    throw new PublicaError(
      "SdkEncryptionKeyMalformed",
      `A ${suite} public key has ${PUBLIC_KEY_BYTES[suite]} bytes, not ${(publicKey.length - 2) / 2}.`,
      "Ask the person for the public key again.",
      [suite],
    );
  return keccak256(concatHex([toHex(SUITE_NUMBER[suite], { size: 1 }), publicKey]));
}

/** The WebCrypto-shaped pair HPKE works with. */
export function keyPair(suite: EnvelopeSuite, seed: Hex) {
  return cipherSuite(suite).kem.deriveKeyPair(hexToBytes(seed));
}

const encode = (text: string): Uint8Array => new TextEncoder().encode(text);
