import { concat, type Hex, toHex } from "viem";
import { PublicaError } from "../errors.ts";
import type { FeedId } from "../feed/types.ts";
import type { CosigningSession } from "./cosign.ts";
import type { CommitteeAttestation, CommitteeContext, SchnorrSignature } from "./types.ts";

/** A committee's report ready to be posted. */
export interface CommitteeReport extends CommitteeAttestation {
  readonly feed: FeedId;
  readonly epoch: number;
  /** What `submit` takes. */
  readonly data: Hex;
  /** Indices of the members that signed. */
  readonly signers: readonly number[];
}

type Context = Pick<CommitteeContext, "feed" | "epoch">;

function head(attestation: CommitteeAttestation, kind: number): Hex[] {
  return [
    toHex(attestation.round, { size: 4 }),
    toHex(attestation.observedAt, { size: 5 }),
    toHex(BigInt.asUintN(128, attestation.value), { size: 16 }),
    toHex(kind, { size: 1 }),
  ];
}

/** A report with one Schnorr signature by all keys minus the absent. */
export function encodeAttestation(
  context: Context,
  attestation: CommitteeAttestation,
  session: Pick<CosigningSession, "absent" | "key" | "members">,
  { nonce, s }: SchnorrSignature,
): CommitteeReport {
  const { absent, key, members } = session;
  const without =
    absent.length === 0 ? [] : [toHex(key.inverse, { size: 32 }), ...absent.map((i) => toHex(i, { size: 1 }))];
  return {
    ...attestation,
    feed: context.feed,
    epoch: context.epoch,
    data: concat([...head(attestation, 0), nonce, toHex(s, { size: 32 }), ...without]),
    signers: members.map(({ index }) => index),
  };
}

/** A report with the ECDSA signatures of a quorum: dearer, but nobody has to wait for anybody. */
export function encodeEndorsements(
  context: Context,
  attestation: CommitteeAttestation,
  quorum: number,
  endorsements: ReadonlyMap<number, Hex>,
): CommitteeReport {
  const chosen = [...endorsements].sort(([a], [b]) => a - b).slice(0, quorum);
  if (chosen.length < quorum) {
    throw new PublicaError(
      "SdkQuorumMissed",
      `${chosen.length} signatures of the ${quorum} a report needs.`,
      "Ask more members to sign.",
      [chosen.length, quorum],
    );
  }
  return {
    ...attestation,
    feed: context.feed,
    epoch: context.epoch,
    data: concat([
      ...head(attestation, 1),
      ...chosen.flatMap(([index, signature]) => [toHex(index, { size: 1 }), signature]),
    ]),
    signers: chosen.map(([index]) => index),
  };
}
