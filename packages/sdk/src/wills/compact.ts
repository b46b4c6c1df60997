import type { Address, Hex } from "viem";
import type { Manifest } from "./types.ts";

/** The will's id: the testator's address and the testator's own number. */
export function willIdOf(testator: Address, number: bigint): Hex {
  return `0x${testator.slice(2).toLowerCase()}${number.toString(16).padStart(24, "0")}`;
}

/** The testator's number in a will's id. */
export function numberOf(willId: Hex): bigint {
  return BigInt(`0x${willId.slice(42)}`);
}

/** The testator in a will's id. */
export function testatorOf(willId: Hex): Address {
  return `0x${willId.slice(2, 42)}`;
}

/** The copy of the manifest that goes on chain: all one needs to rebuild every proof but the plan's. */
export function compactManifest(manifest: Manifest): Hex {
  const parts = [
    ...manifest.heirs.flatMap(({ wallet, share }) => [wallet, share]),
    ...manifest.guardians.flatMap(({ wallet, share, escrowShare }) => [wallet, share, escrowShare]),
    ...manifest.executors,
    ...manifest.heirCommitments,
    ...manifest.guardianCommitments,
    ...manifest.escrowCommitments,
    manifest.vetoKey.salt,
    manifest.ciphertextHash,
  ];
  return `0x${parts.map((part) => part.slice(2)).join("")}`;
}
