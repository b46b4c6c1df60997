import { type Address, type Hex, keccak256 } from "viem";
import { invalidInput } from "./errors.ts";
import { bookGroups, byAccount, type Curve, curveHash, curveLeaf, GROUP_LEAVES, join } from "./orders.ts";

/** What an operator signs when it takes an order. */
export interface Receipt {
  readonly account: number;
  readonly firstSlot: number;
  readonly nonce: number;
  readonly curve: Hex;
}

export const receiptTypes = {
  Receipt: [
    { name: "account", type: "uint32" },
    { name: "firstSlot", type: "uint32" },
    { name: "nonce", type: "uint16" },
    { name: "curve", type: "bytes32" },
  ],
} as const;

/** The receipt for a curve. */
export const receiptOf = (curve: Curve): Receipt => ({
  account: curve.account,
  firstSlot: curve.firstSlot,
  nonce: curve.nonce,
  curve: curveHash(curve),
});

export function receiptTypedData(chainId: number, operator: Address, receipt: Receipt) {
  return {
    domain: { name: "Publica MarketOperator", version: "1", chainId, verifyingContract: operator },
    types: receiptTypes,
    primaryType: "Receipt",
    message: { ...receipt },
  } as const;
}

/** Arguments of `proveOmission` after the receipt and its signature. */
export interface OmissionProof {
  readonly groups: readonly Hex[];
  readonly index: bigint;
  readonly leaves: readonly Hex[];
  readonly nextLeaves: readonly Hex[];
}

/** Shows the place in a published book where the receipt's order would have to stand. */
export function omissionProof(receipt: Receipt, book: readonly Curve[], root: Hex): OmissionProof {
  const sorted = [...book].sort(byAccount);
  const leaves = sorted.map(curveLeaf);
  const groups = bookGroups(leaves);
  if (keccak256(join(groups)).slice(0, -2) !== root.slice(0, -2))
    throw invalidInput("the book does not hash to the committed root", "Use the book the operator published.", root);
  const group = (g: number): Hex[] => leaves.slice(g * GROUP_LEAVES, (g + 1) * GROUP_LEAVES);
  // The last group whose first account is not above the missing one.
  let index = 0;
  while ((index + 1) * GROUP_LEAVES < sorted.length) {
    if ((sorted[(index + 1) * GROUP_LEAVES]?.account ?? 0) > receipt.account) break;
    index += 1;
  }
  const last = sorted[Math.min((index + 1) * GROUP_LEAVES, sorted.length) - 1];
  const between = last !== undefined && last.account < receipt.account && index + 1 < groups.length;
  return { groups, index: BigInt(index), leaves: group(index), nextLeaves: between ? group(index + 1) : [] };
}
