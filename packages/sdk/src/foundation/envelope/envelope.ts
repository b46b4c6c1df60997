import { type Hex, hexToBytes, toHex } from "viem";
import { PublicaError } from "../errors.ts";
import { type EncryptionKey, keyPair } from "./keys.ts";
import { cipherSuite, ENCAPSULATED_BYTES, type EnvelopeSuite, SUITE_NUMBER, suiteOf } from "./suite.ts";

/** A 16-byte tag ends every ciphertext. */
const TAG_BYTES = 16;

export interface SealEnvelopeParameters {
  readonly suite: EnvelopeSuite;
  /** The recipient's public key. */
  readonly publicKey: Hex;
  readonly plaintext: Uint8Array;
  /** What the envelope belongs to; opening with anything else fails. */
  readonly info: Uint8Array;
  readonly aad?: Uint8Array;
}

export interface OpenEnvelopeParameters {
  readonly key: EncryptionKey;
  readonly envelope: Hex;
  readonly info: Uint8Array;
  readonly aad?: Uint8Array;
}

/** Seals `plaintext` for one person: suite (1 byte) ‖ encapsulated key ‖ ciphertext. */
export async function sealEnvelope(parameters: SealEnvelopeParameters): Promise<Hex> {
  const { suite, publicKey, plaintext, info, aad = new Uint8Array() } = parameters;
  const hpke = cipherSuite(suite);
  const recipientPublicKey = await hpke.kem.deserializePublicKey(hexToBytes(publicKey)).catch((cause: unknown) => {
    throw new PublicaError(
      "SdkEncryptionKeyMalformed",
      `The recipient's ${suite} public key cannot be read.`,
      "Ask the person for the public key again.",
      [publicKey],
      cause,
    );
  });
  const { ct, enc } = await hpke.seal({ recipientPublicKey, info }, plaintext, aad);
  return `0x${[Uint8Array.of(SUITE_NUMBER[suite]), new Uint8Array(enc), new Uint8Array(ct)].map((part) => toHex(part).slice(2)).join("")}`;
}

/** Opens an envelope, or says why it cannot be opened. */
export async function openEnvelope({
  key,
  envelope,
  info,
  aad = new Uint8Array(),
}: OpenEnvelopeParameters): Promise<Uint8Array> {
  const bytes = hexToBytes(envelope);
  const suite = suiteOf(bytes[0]);
  const head = 1 + ENCAPSULATED_BYTES[suite];
  if (bytes.length < head + TAG_BYTES)
    throw new PublicaError(
      "SdkEnvelopeTruncated",
      `The envelope has ${bytes.length} bytes, fewer than the ${head + TAG_BYTES} an empty one would have.`,
      "Fetch the file again.",
      [bytes.length],
    );
  if (suite !== key.suite)
    throw new PublicaError(
      "SdkEnvelopeOtherSuite",
      `The envelope is sealed for a ${suite} key; yours is ${key.suite}.`,
      "Use the key you had registered when the envelope was made.",
      [suite, key.suite],
    );
  try {
    const { privateKey } = await keyPair(key.suite, key.seed);
    const recipient = { recipientKey: privateKey, enc: bytes.slice(1, head), info };
    return new Uint8Array(await cipherSuite(suite).open(recipient, bytes.slice(head), aad));
  } catch (cause) {
    throw new PublicaError(
      "SdkEnvelopeRefused",
      "The envelope is not for this key, belongs to something else, or was altered.",
      "Check that you use your own key and the envelope of this very version; then fetch the envelope again.",
      [],
      cause,
    );
  }
}
