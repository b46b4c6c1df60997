import { type Address, concatHex, encodeAbiParameters, encodePacked, type Hex, keccak256, slice } from "viem";
import { PublicaError } from "../foundation/errors.ts";
import { type Commitment, decodePoint } from "../foundation/threshold/index.ts";
import { planHash } from "./plan.ts";
import type { Manifest, Setup, WillTerms } from "./types.ts";

/** The part a leaf plays; the numbers are the contract's. */
export const LEAF = {
  heirs: 1,
  guardians: 2,
  guardianShare: 3,
  executors: 4,
  vetoKey: 5,
  commitments: 6,
  escrow: 7,
  escrowShares: 8,
  plan: 9,
  terms: 10,
} as const;

/** Which polynomial a list of commitments is of. */
export const POLYNOMIAL = { heirs: 0, guardians: 1, escrow: 2 } as const;

export type Polynomial = keyof typeof POLYNOMIAL;

/** A leaf one can ask a proof for. */
export type LeafName =
  | "heirs"
  | "guardians"
  | "executors"
  | "vetoKey"
  | "escrow"
  | "escrowShares"
  | "plan"
  | "terms"
  | `commitments:${Polynomial}`
  | `guardianShare:${number}`;

const triple = [{ type: "uint256" }, { type: "uint256" }, { type: "uint256" }] as const;
const leaf = (role: number, a: bigint | number | Hex, b: bigint | number | Hex): Hex =>
  keccak256(encodeAbiParameters(triple, [BigInt(role), BigInt(a), BigInt(b)]));

/** The list of heirs as the chain hashes it. */
export function heirsLeaf(heirs: Setup["heirs"]): Hex {
  const list = encodeAbiParameters(
    [
      {
        type: "tuple[]",
        components: [
          { name: "wallet", type: "address" },
          { name: "share", type: "address" },
        ],
      },
    ],
    [heirs.map(({ wallet, share }) => ({ wallet, share }))],
  );
  return leaf(LEAF.heirs, heirs.length, keccak256(list));
}

/** abi.encodePacked of an address[]: each padded to a word. */
export const packedAddresses = (accounts: readonly Address[]): Hex =>
  keccak256(encodePacked(["address[]"], [[...accounts]]));

/** Affine coordinates, as the contract takes commitments. */
export function affinePoints(commitments: readonly Commitment[]): { x: bigint; y: bigint }[] {
  return commitments.map((commitment) => {
    const { x, y } = decodePoint(commitment).toAffine();
    return { x, y };
  });
}

/** The hash of a list of commitments that witnesses sign. */
export function commitmentsHash(commitments: readonly Commitment[]): Hex {
  return keccak256(
    encodeAbiParameters(
      [
        {
          type: "tuple[]",
          components: [
            { name: "x", type: "uint256" },
            { name: "y", type: "uint256" },
          ],
        },
      ],
      [affinePoints(commitments)],
    ),
  );
}

/** The terms in one word, so that the sealed file is bound to them. */
export function termsHash(terms: WillTerms): Hex {
  const numbers = [
    terms.intervalDays,
    terms.quorumWindowDays,
    terms.overdueWindowDays,
    terms.heirs,
    terms.acceptances,
    terms.guardians,
    terms.threshold,
    terms.registrars,
    Number(terms.escrow),
    Number(terms.refusalCounts),
  ];
  return keccak256(
    encodeAbiParameters(
      numbers.map(() => ({ type: "uint256" })),
      numbers.map(BigInt),
    ),
  );
}

interface Tree {
  readonly guardianShares: Hex[];
  readonly rest: Hex[];
  readonly names: LeafName[];
}

function tree(setup: Setup): Tree {
  const rest: [LeafName, Hex][] = [
    ["heirs", heirsLeaf(setup.heirs)],
    [
      "guardians",
      leaf(LEAF.guardians, setup.guardians.length, packedAddresses(setup.guardians.map(({ wallet }) => wallet))),
    ],
    ["executors", leaf(LEAF.executors, setup.plan.executorThreshold, packedAddresses(setup.executors))],
    ["vetoKey", leaf(LEAF.vetoKey, setup.vetoKey.key, setup.vetoKey.salt)],
    ["commitments:heirs", leaf(LEAF.commitments, POLYNOMIAL.heirs, commitmentsHash(setup.heirCommitments))],
    ["commitments:guardians", leaf(LEAF.commitments, POLYNOMIAL.guardians, commitmentsHash(setup.guardianCommitments))],
    ["plan", leaf(LEAF.plan, planHash(setup.plan, setup.executors), 0n)],
    ["terms", leaf(LEAF.terms, termsHash(setup.terms), 0n)],
  ];
  if (setup.terms.escrow)
    rest.push(
      ["commitments:escrow", leaf(LEAF.commitments, POLYNOMIAL.escrow, commitmentsHash(setup.escrowCommitments))],
      ["escrow", leaf(LEAF.escrow, setup.escrow.share, keccak256(setup.escrow.blob))],
      [
        "escrowShares",
        leaf(
          LEAF.escrowShares,
          setup.guardians.length,
          packedAddresses(setup.guardians.map(({ escrowShare }) => escrowShare)),
        ),
      ],
    );
  return {
    guardianShares: setup.guardians.map(({ share }, at) => leaf(LEAF.guardianShare, at + 1, share)),
    rest: rest.map(([, hash]) => hash),
    names: rest.map(([name]) => name),
  };
}

/** Hash of two nodes, the smaller first. */
export function pairHash(a: Hex, b: Hex): Hex {
  return keccak256(BigInt(a) < BigInt(b) ? concatHex([a, b]) : concatHex([b, a]));
}

/** The root over `leaves`; an odd node moves up unchanged. */
export function merkleRoot(leaves: readonly Hex[]): Hex {
  let level = [...leaves];
  if (level.length === 0) throw new RangeError("a tree needs leaves");
  while (level.length > 1) level = nextLevel(level);
  return level[0] as Hex;
}

/** The siblings from leaf `index` up to the root. */
export function merkleProof(leaves: readonly Hex[], index: number): Hex[] {
  const proof: Hex[] = [];
  let [level, at] = [[...leaves], index];
  while (level.length > 1) {
    const sibling = level[at ^ 1];
    if (sibling !== undefined) proof.push(sibling);
    level = nextLevel(level);
    at >>= 1;
  }
  return proof;
}

function nextLevel(level: readonly Hex[]): Hex[] {
  const next: Hex[] = [];
  for (let at = 0; at < level.length; at += 2) {
    const [left, right] = [level[at] as Hex, level[at + 1]];
    next.push(right === undefined ? left : pairHash(left, right));
  }
  return next;
}

/** What the sealed file and every envelope are bound to. Does not contain the hash of the file itself. */
export function setupHash(setup: Setup): Hex {
  const { guardianShares, rest } = tree(setup);
  return pairHash(merkleRoot(guardianShares), merkleRoot(rest));
}

/** The manifest root as the chain stores it: 29 bytes. */
export function manifestRoot(manifest: Setup & Pick<Manifest, "ciphertextHash">): Hex {
  const { guardianShares, rest } = tree(manifest);
  return slice(pairHash(merkleRoot(guardianShares), pairHash(merkleRoot(rest), manifest.ciphertextHash)), 0, 29);
}

/** The proof that `name` is in the manifest. */
export function manifestProof(manifest: Setup & Pick<Manifest, "ciphertextHash">, name: LeafName): Hex[] {
  const { guardianShares, rest, names } = tree(manifest);
  if (name.startsWith("guardianShare:")) {
    const index = Number(name.slice("guardianShare:".length)) - 1;
    if (guardianShares[index] === undefined) throw notInManifest(name);
    return [...merkleProof(guardianShares, index), pairHash(merkleRoot(rest), manifest.ciphertextHash)];
  }
  const index = names.indexOf(name);
  if (index < 0) throw notInManifest(name);
  return [...merkleProof(rest, index), manifest.ciphertextHash, merkleRoot(guardianShares)];
}

function notInManifest(name: string): PublicaError {
  return new PublicaError(
    "SdkManifestLeafMissing",
    `The manifest has no leaf ${name}.`,
    "Check the index, and whether the will was sealed with an escrowed share.",
    [name],
  );
}
