import type { FeedId, Reading } from "@publica/sdk/foundation";
import { bytesToHex, type Hex, hexToBytes } from "viem";
import type { SenmlEntry, SenmlRecord } from "./senml.ts";

/** What a sensor signs for the chain: its value for one round of one feed. It travels inside its message. */
export interface Attestation extends Reading {
  readonly feed: FeedId;
  readonly epoch: number;
  /** 64 bytes, as the contract takes them. */
  readonly signature: Hex;
}

/** Name of the SenML record that carries it. */
export const ATTESTATION_NAME = "publica-attestation";
const LENGTH = 32 + 4 + 2 + 5 + 16 + 64;

/** `feed (32) ‖ round (4) ‖ epoch (2) ‖ observedAt (5) ‖ value (16) ‖ signature (64)`. */
export function encodeAttestation({ feed, round, epoch, observedAt, value, signature }: Attestation): SenmlEntry {
  const bytes = Buffer.alloc(LENGTH);
  bytes.set(hexToBytes(feed), 0);
  bytes.writeUInt32BE(round, 32);
  bytes.writeUInt16BE(epoch, 36);
  bytes.writeUIntBE(observedAt, 38, 5);
  const unsigned = BigInt.asUintN(128, value);
  bytes.writeBigUInt64BE(unsigned >> 64n, 43);
  bytes.writeBigUInt64BE(unsigned & 0xffffffffffffffffn, 51);
  bytes.set(hexToBytes(signature), 59);
  return { n: ATTESTATION_NAME, vd: bytes };
}

/** The attestation in a record; undefined when the record is none or is malformed. */
export function decodeAttestation({ value: data }: SenmlRecord): Attestation | undefined {
  if (!(data instanceof Uint8Array) || data.length !== LENGTH) return undefined;
  const bytes = Buffer.from(data);
  return {
    feed: bytesToHex(bytes.subarray(0, 32)),
    round: bytes.readUInt32BE(32),
    epoch: bytes.readUInt16BE(36),
    observedAt: bytes.readUIntBE(38, 5),
    value: BigInt.asIntN(128, (bytes.readBigUInt64BE(43) << 64n) | bytes.readBigUInt64BE(51)),
    signature: bytesToHex(bytes.subarray(59)),
  };
}

/** The round a moment belongs to, and the one observation time all sensors sign for it. */
export function roundAt(unixSeconds: number, roundSeconds: number): { round: number; observedAt: number } {
  const round = Math.floor(unixSeconds / roundSeconds);
  return { round, observedAt: round * roundSeconds };
}
