import { Chacha20Poly1305 } from "@hpke/chacha20poly1305";
import { CipherSuite, HkdfSha256 } from "@hpke/core";
import { DhkemX25519HkdfSha256 } from "@hpke/dhkem-x25519";
import { XWing } from "@hpke/hybridkem-x-wing";
import { PublicaError } from "../errors.ts";

/** `x25519` is RFC 9180 base mode; `xwing` adds ML-KEM-768 against recordings that are opened decades later. */
export type EnvelopeSuite = "x25519" | "xwing";

/** Number of a suite on the wire and in key hashes. */
export const SUITE_NUMBER: Readonly<Record<EnvelopeSuite, number>> = { x25519: 1, xwing: 2 };

/** Bytes of the encapsulated key at the head of an envelope. */
export const ENCAPSULATED_BYTES: Readonly<Record<EnvelopeSuite, number>> = { x25519: 32, xwing: 1120 };

/** Bytes of a public key. */
export const PUBLIC_KEY_BYTES: Readonly<Record<EnvelopeSuite, number>> = { x25519: 32, xwing: 1216 };

/** The HPKE suite: the KEM, HKDF-SHA256 and ChaCha20-Poly1305. */
export function cipherSuite(suite: EnvelopeSuite): CipherSuite {
  return new CipherSuite({
    kem: suite === "x25519" ? new DhkemX25519HkdfSha256() : new XWing(),
    kdf: new HkdfSha256(),
    aead: new Chacha20Poly1305(),
  });
}

/** The suite with number `value` on the wire. */
export function suiteOf(value: number | undefined): EnvelopeSuite {
  if (value === SUITE_NUMBER.x25519) return "x25519";
  if (value === SUITE_NUMBER.xwing) return "xwing";
  throw new PublicaError(
    "SdkEnvelopeUnknownSuite",
    `The envelope names suite ${value}.`,
    "Use a newer SDK, or fetch the envelope again: this one may be damaged.",
    [value],
  );
}
