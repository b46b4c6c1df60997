import { secp256k1 } from "@noble/curves/secp256k1.js";
import { hexToBytes } from "@noble/curves/utils.js";
import { type Address, type Hex, hexToBigInt, keccak256, toHex } from "viem";
import { publicKeyToAddress } from "viem/accounts";
import { bigEndian } from "../bytes.ts";
import { PublicaError } from "../errors.ts";
import { type Commitment, evaluateCommitments, ORDER } from "./field.ts";

/** A signature by a share: `r` and EIP-2098's `vs`. */
export interface ShareSignature {
  readonly r: Hex;
  readonly vs: Hex;
}

/** The account of the share: the address of scalar · G. It is public, and it is how the chain knows the share. */
export function shareAddress(scalar: bigint): Address {
  if (scalar <= 0n || scalar >= ORDER)
    throw new PublicaError("SdkShareOutOfRange", "A share lies in 1..n−1.", "Check that the share file is whole.");
  return publicKeyToAddress(toHex(secp256k1.getPublicKey(bigEndian(scalar, 32), false)));
}

/** The account share `index` must have, from the commitments alone. */
export function committedAddress(commitments: readonly Commitment[], index: number): Address {
  return publicKeyToAddress(toHex(evaluateCommitments(commitments, index).toBytes(false)));
}

/** Signs an EIP-712 digest with the share, which proves possession without revealing it. */
export function signWithShare(scalar: bigint, digest: Hex): ShareSignature {
  const bytes = secp256k1.sign(hexToBytes(digest.slice(2)), bigEndian(scalar, 32), {
    prehash: false,
    format: "recovered",
    lowS: true,
  });
  const parity = BigInt(bytes[0] as number);
  return {
    r: toHex(bytes.subarray(1, 33)),
    vs: toHex(hexToBigInt(toHex(bytes.subarray(33, 65))) | (parity << 255n), { size: 32 }),
  };
}

/** What a holder may show of a share to name it without revealing it. */
export function shareFingerprint(scalar: bigint): Hex {
  return keccak256(shareAddress(scalar));
}
