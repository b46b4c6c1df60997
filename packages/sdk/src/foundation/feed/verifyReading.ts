import { p256 } from "@noble/curves/nist.js";
import { concat, compactSignatureToSignature, hexToBytes, parseCompactSignature, recoverAddress } from "viem";
import { accountKey, hashReading } from "./typedData.ts";
import type { FeedContext, SensorKey, SignedReading } from "./types.ts";

/** Whether `key` signed the reading, by the contract's own rules: right context, right key, low s. */
export async function verifyReading(context: FeedContext, key: SensorKey, reading: SignedReading): Promise<boolean> {
  const { signature } = reading;
  if (!/^0x[0-9a-f]{128}$/i.test(signature)) return false;
  const digest = hashReading(context, reading);
  if (key.curve === 1) {
    const publicKey = hexToBytes(concat(["0x04", key.x, key.y]));
    try {
      return p256.verify(hexToBytes(signature), hexToBytes(digest), publicKey, { prehash: false, lowS: true });
    } catch {
      return false; // a key off the curve, or r or s out of range
    }
  }
  try {
    const parts = compactSignatureToSignature(parseCompactSignature(signature));
    const signer = await recoverAddress({ hash: digest, signature: parts });
    return BigInt(accountKey(signer).x) === BigInt(key.x) && BigInt(parts.s) <= HALF_ORDER;
  } catch {
    return false; // not a signature of anybody
  }
}

/** Half the order of secp256k1: a greater s is the malleated twin of a signature. */
const HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n;
