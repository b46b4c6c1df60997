import { type Address, encodeAbiParameters, encodePacked, type Hex, keccak256, zeroAddress } from "viem";
import { PublicaError } from "../foundation/errors.ts";
import { merkleProof, merkleRoot } from "./tree.ts";
import type { Bequest, Plan } from "./types.ts";

const KIND = { fraction: 0, fixed: 1, erc721: 2, erc1155: 3 } as const;

const bequestParameters = [
  {
    type: "tuple",
    components: [
      { name: "kind", type: "uint8" },
      { name: "index", type: "uint16" },
      { name: "heir", type: "address" },
      { name: "substitute", type: "address" },
      { name: "asset", type: "address" },
      { name: "amount", type: "uint128" },
      { name: "tokenId", type: "uint256" },
      { name: "unlockAt", type: "uint40" },
      { name: "streamUntil", type: "uint40" },
    ],
  },
] as const;

/** A bequest as the vault takes it. */
export function bequestArgument(bequest: Bequest) {
  return { ...bequest, kind: KIND[bequest.kind] } as const;
}

/** The leaf of a bequest. */
export function bequestLeaf(bequest: Bequest): Hex {
  return keccak256(encodeAbiParameters(bequestParameters, [bequestArgument(bequest)]));
}

/** Bequest `index` of a plan. */
export function bequestOf(plan: Plan, index: number): Bequest {
  const bequest = plan.bequests.find((candidate) => candidate.index === index);
  if (bequest === undefined)
    throw new PublicaError("SdkBequestUnknown", `The plan has no bequest ${index}.`, "Check its number.", [index]);
  return bequest;
}

/** The proof of bequest `index` for the vault. */
export function bequestProof(plan: Plan, index: number): Hex[] {
  return merkleProof(plan.bequests.map(bequestLeaf), plan.bequests.indexOf(bequestOf(plan, index)));
}

/** The fixed sums of each asset that has any. */
export function fixedTotals(plan: Plan): { asset: Address; total: bigint }[] {
  const totals = new Map<Address, bigint>();
  for (const { kind, asset, amount } of plan.bequests)
    if (kind === "fixed") totals.set(asset, (totals.get(asset) ?? 0n) + amount);
  return [...totals].map(([asset, total]) => ({ asset, total }));
}

/** The plan as the vault takes it. */
export function planArgument(plan: Plan, executors: readonly Address[]) {
  const table = encodeAbiParameters(
    [
      {
        type: "tuple[]",
        components: [
          { name: "asset", type: "address" },
          { name: "total", type: "uint128" },
        ],
      },
    ],
    [fixedTotals(plan)],
  );
  return {
    bequestsRoot: merkleRoot(plan.bequests.map(bequestLeaf)),
    fixedTotalsHash: keccak256(table),
    executorsHash: keccak256(encodePacked(["address[]"], [[...executors]])),
    executorThreshold: plan.executorThreshold,
    feeCapBps: plan.feeCapBps,
    debtCapBps: plan.debtCapBps,
    administrationDays: plan.administrationDays,
    claimDays: plan.claimDays,
    substituteDays: plan.substituteDays,
    finalDays: plan.finalDays,
    residue: plan.residue,
  } as const;
}

/** What the manifest commits to. */
export function planHash(plan: Plan, executors: readonly Address[]): Hex {
  const argument = planArgument(plan, executors);
  return keccak256(
    encodeAbiParameters(
      [
        {
          type: "tuple",
          components: [
            { name: "bequestsRoot", type: "bytes32" },
            { name: "fixedTotalsHash", type: "bytes32" },
            { name: "executorsHash", type: "bytes32" },
            { name: "executorThreshold", type: "uint8" },
            { name: "feeCapBps", type: "uint16" },
            { name: "debtCapBps", type: "uint16" },
            { name: "administrationDays", type: "uint16" },
            { name: "claimDays", type: "uint16" },
            { name: "substituteDays", type: "uint16" },
            { name: "finalDays", type: "uint16" },
            { name: "residue", type: "address" },
          ],
        },
      ],
      [argument],
    ),
  );
}

/** Refuses a plan whose fractions of an asset are not the whole, that leaves something to nobody, whose numbers repeat, or that lapses too early. */
export function checkPlan(plan: Plan, executors: number, now: number): void {
  const fail = (message: string, remedy: string): never => {
    throw new PublicaError("SdkPlanInvalid", message, remedy);
  };
  const indices = plan.bequests.map(({ index }) => index);
  if (new Set(indices).size !== indices.length) fail("Two bequests have the same number.", "Number them 0, 1, 2 …");
  for (const { index, heir } of plan.bequests)
    if (heir === zeroAddress) fail(`Bequest ${index} is for nobody.`, "Name the heir's address.");
  if (plan.executorThreshold > executors)
    fail(`${plan.executorThreshold} of ${executors} executors cannot sign.`, "Lower the executors' threshold.");
  const fractions = new Map<Address, bigint>();
  for (const { kind, asset, amount } of plan.bequests)
    if (kind === "fraction") fractions.set(asset, (fractions.get(asset) ?? 0n) + amount);
  const general = fractions.get(zeroAddress) ?? 0n;
  for (const [asset, own] of fractions) {
    const sum = asset === zeroAddress ? own : own + general;
    if (sum !== 10_000n)
      fail(
        `The fractions of ${asset === zeroAddress ? "the estate" : asset} make ${sum} of 10,000 basis points.`,
        "Let them make 10,000 together, those of everything and those of the asset.",
      );
  }
  if (general === 0n && plan.residue === zeroAddress)
    fail(
      "What no bequest names belongs to nobody, and would stay in the vault for ever.",
      "Name a residue, or fractions of the whole estate.",
    );
  const last = Math.max(...plan.bequests.map(({ unlockAt, streamUntil }) => Math.max(unlockAt, streamUntil, now)));
  const days = (last - now) / 86_400 + plan.administrationDays + plan.claimDays + plan.substituteDays;
  if (plan.finalDays < days)
    fail(
      `The last deadline after ${plan.finalDays} days is before everyone can have claimed.`,
      `Set finalDays to ${Math.ceil(days)} or more.`,
    );
  for (const { index, unlockAt, streamUntil } of plan.bequests)
    if (streamUntil !== 0 && streamUntil <= unlockAt)
      fail(`The stream of bequest ${index} ends before it begins.`, "Let streamUntil be later than unlockAt.");
}
