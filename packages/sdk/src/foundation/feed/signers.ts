import { p256 } from "@noble/curves/nist.js";
import { bytesToHex, type Hex, hexToBytes, type LocalAccount, parseSignature, toHex } from "viem";
import { PublicaError } from "../errors.ts";
import { accountKey, hashReading } from "./typedData.ts";
import type { FeedContext, Reading, SensorKey, SignedReading } from "./types.ts";

/** Whoever holds a sensor's key: a local key, a secure element, an HSM, a service. */
export interface SensorSigner {
  readonly key: SensorKey;
  /** Signs the 32-byte digest as it is; gives 64 bytes, `r ‖ vs` (secp256k1) or `r ‖ s` (P-256). */
  sign(digest: Hex): Promise<Hex>;
}

const P256_ORDER = p256.Point.Fn.ORDER;
const TOP_BIT = 1n << 255n;

/** `r ‖ vs` of EIP-2098 from a 65-byte signature. */
export function compactSignature(signature: Hex): Hex {
  const { r, s, yParity } = parseSignature(signature);
  const vs = BigInt(s) | (yParity === 1 ? TOP_BIT : 0n);
  return `${r}${toHex(vs, { size: 32 }).slice(2)}` as Hex;
}

/** `r ‖ s` with s in the lower half of the group order, which alone the contract accepts. */
export function lowSSignature(signature: Hex): Hex {
  if (!/^0x[0-9a-f]{128}$/i.test(signature)) {
    throw new PublicaError(
      "SdkSignatureMalformed",
      `A P-256 signature has 64 bytes, this one ${(signature.length - 2) / 2}.`,
      "Convert the signature from DER to r ‖ s first.",
      [signature],
    );
  }
  const s = BigInt(`0x${signature.slice(66)}`);
  const low = s > P256_ORDER / 2n ? P256_ORDER - s : s;
  return `${signature.slice(0, 66)}${toHex(low, { size: 32 }).slice(2)}` as Hex;
}

/** A secp256k1 sensor from a viem account that signs raw digests (`privateKeyToAccount`, `toAccount` with `sign`). */
export function accountSensor(account: LocalAccount): SensorSigner {
  return {
    key: accountKey(account.address),
    async sign(digest) {
      if (account.sign === undefined) {
        throw new PublicaError(
          "SdkSignerUnsupported",
          `The account ${account.address} cannot sign a digest.`,
          "Use an account that has `sign`, or `remoteSensor` with your own signing function.",
          [account.address],
        );
      }
      return compactSignature(await account.sign({ hash: digest }));
    },
  };
}

/** A P-256 sensor from its private key. */
export function p256Sensor(privateKey: Hex): SensorSigner {
  const secret = hexToBytes(privateKey);
  return {
    key: p256Key(bytesToHex(p256.getPublicKey(secret, false))),
    async sign(digest) {
      return bytesToHex(p256.sign(hexToBytes(digest), secret, { prehash: false, lowS: true }));
    },
  };
}

/** A sensor whose key lives elsewhere. P-256 signatures may come in either form; they are brought to low s. */
export function remoteSensor(key: SensorKey, sign: (digest: Hex) => Promise<Hex>): SensorSigner {
  return {
    key,
    async sign(digest) {
      const signature = await sign(digest);
      if (key.curve === 1) return lowSSignature(signature);
      return signature.length === 132 ? compactSignature(signature) : signature;
    },
  };
}

/** The key of a P-256 sensor from its public key in SEC1 form, compressed or not; throws when it is off the curve. */
export function p256Key(publicKey: Hex): SensorKey {
  try {
    const { x, y } = p256.Point.fromBytes(hexToBytes(publicKey)).toAffine();
    return { curve: 1, x: toHex(x, { size: 32 }), y: toHex(y, { size: 32 }) };
  } catch (error) {
    throw new PublicaError(
      "SdkKeyInvalid",
      `${publicKey} is not a point of P-256.`,
      "Give the public key in SEC1 form: 33 bytes compressed or 65 bytes uncompressed.",
      [publicKey],
      error,
    );
  }
}

/** Has `signer` sign `reading` as sensor number `sensor` of the set in force. */
export async function signReading(
  context: FeedContext,
  signer: SensorSigner,
  sensor: number,
  reading: Reading,
): Promise<SignedReading> {
  return { ...reading, sensor, signature: await signer.sign(hashReading(context, reading)) };
}
