import { createRandom, type DailyValue } from "@publica/sdk";

/** How one sensor of the story behaves. */
export interface SensorBehaviour {
  readonly name: string;
  readonly curve: "secp256k1" | "p256";
  /** First day (index in the season) it says nothing any more. */
  readonly silentFrom?: number;
  /** First day it lies: it claims a cloudburst each dry day. */
  readonly liesFrom?: number;
}

/** The lie: 60 mm on a day that had none, enough to trigger every policy if it were believed. */
export const LIE_TENTH_MM = 600;

/**
 * What each sensor measures each day: the truth with one tenth of a millimetre of noise on wet days, nothing from a
 * silent one, a cloudburst out of thin air from a liar. The same seed gives the same readings.
 * @returns by day, by sensor: the reading in tenths of a millimetre, or undefined for silence.
 */
export function measure(
  truth: readonly DailyValue[],
  sensors: readonly SensorBehaviour[],
  seed: number,
): (number | undefined)[][] {
  const random = createRandom(seed);
  return truth.map(({ value }, day) =>
    sensors.map((sensor) => {
      // Drawn for every sensor every day, so that one sensor's fate does not change another's noise.
      const noise = Math.floor(random() * 3) - 1;
      if (sensor.silentFrom !== undefined && day >= sensor.silentFrom) return undefined;
      if (sensor.liesFrom !== undefined && day >= sensor.liesFrom && value === 0) return LIE_TENTH_MM;
      return value === 0 ? 0 : Math.max(0, value + noise);
    }),
  );
}
