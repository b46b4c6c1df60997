import type { Hex } from "viem";

/** Executors' signatures as the vault takes them: positions, from 0 and rising, and a list beside them. */
export function executorSignatures(signatures: ReadonlyMap<number, Hex>): readonly [indices: number[], list: Hex[]] {
  const signed = [...signatures].sort(([a], [b]) => a - b);
  return [signed.map(([index]) => index), signed.map(([, signature]) => signature)];
}
