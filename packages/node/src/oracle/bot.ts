import {
  assembleReport,
  type FeedContext,
  PublicaError,
  type Report,
  type SensorKey,
  type SignedReading,
  submitReport,
  verifyReading,
  type WriteClient,
} from "@publica/sdk";
import type { Hash } from "viem";

export interface OracleBotParameters {
  /** Sends the reports; pays the gas, decides nothing. */
  readonly client: WriteClient;
  /** Deployment, feed and sensor set. */
  readonly context: FeedContext;
  /** The sensor set in force, by index. */
  readonly sensors: readonly SensorKey[];
  /** Signatures a report needs. */
  readonly quorum: number;
}

/** What became of a reading that was offered. */
export type Intake = "accepted" | "repeated" | "unknown sensor" | "bad signature" | "round closed";

/** A report that was sent. */
export interface PostedReport extends Report {
  readonly hash: Hash;
}

export interface OracleBot {
  /** Takes a reading from a sensor, checks its signature, keeps it until its round is posted. */
  offer(reading: SignedReading): Promise<Intake>;
  /** The sensors that have spoken in `round`. */
  heard(round: number): readonly number[];
  /** Posts the quorum report of `round`; throws when too few sensors have spoken. */
  post(round: number): Promise<PostedReport>;
}

/** Gathers signed readings of one feed in memory and posts a report a round. */
export function createOracleBot({ client, context, sensors, quorum }: OracleBotParameters): OracleBot {
  const rounds = new Map<number, Map<number, SignedReading>>();
  let posted = 0;

  return {
    async offer(reading) {
      const key = sensors[reading.sensor];
      if (key === undefined) return "unknown sensor";
      if (reading.round <= posted) return "round closed";
      const round = rounds.get(reading.round) ?? new Map<number, SignedReading>();
      if (round.has(reading.sensor)) return "repeated";
      if (!(await verifyReading(context, key, reading))) return "bad signature";
      round.set(reading.sensor, reading);
      rounds.set(reading.round, round);
      return "accepted";
    },
    heard: (round) => [...(rounds.get(round)?.keys() ?? [])].sort((a, b) => a - b),
    async post(round) {
      const readings = [...(rounds.get(round)?.values() ?? [])];
      if (readings.length < quorum) {
        throw new PublicaError(
          "BotQuorumMissed",
          `round ${round} has ${readings.length} readings, ${quorum} are needed`,
          "Wait for more sensors; a round may be skipped, but never reported by too few.",
          [round, readings.length, quorum],
        );
      }
      const report = assembleReport(context, quorum, readings);
      const hash = await submitReport(client, { address: context.address, report });
      posted = round;
      for (const key of rounds.keys()) if (key <= round) rounds.delete(key);
      return { ...report, hash };
    },
  };
}
