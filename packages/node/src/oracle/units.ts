/** A unit as `value × factor + offset` of its base unit. Names are SenML's (RFC 8428, RFC 8798) with a few common ones. */
const UNITS: Readonly<Record<string, readonly [base: string, factor: number, offset?: number]>> = {
  m: ["m", 1],
  mm: ["m", 1e-3],
  cm: ["m", 1e-2],
  km: ["m", 1e3],
  in: ["m", 0.0254],
  Cel: ["Cel", 1],
  "°C": ["Cel", 1],
  K: ["Cel", 1, -273.15],
  F: ["Cel", 5 / 9, -160 / 9],
  "°F": ["Cel", 5 / 9, -160 / 9],
  "%RH": ["%RH", 1],
  "/": ["/", 1],
  "%": ["/", 0.01],
  Pa: ["Pa", 1],
  hPa: ["Pa", 100],
  kPa: ["Pa", 1e3],
  bar: ["Pa", 1e5],
  "m/s": ["m/s", 1],
  "km/h": ["m/s", 1 / 3.6],
  J: ["J", 1],
  kJ: ["J", 1e3],
  MJ: ["J", 1e6],
  Wh: ["J", 3_600],
  kWh: ["J", 3.6e6],
  MWh: ["J", 3.6e9],
  W: ["W", 1],
  mW: ["W", 1e-3],
  kW: ["W", 1e3],
  MW: ["W", 1e6],
  V: ["V", 1],
  mV: ["V", 1e-3],
  A: ["A", 1],
  mA: ["A", 1e-3],
  g: ["kg", 1e-3],
  kg: ["kg", 1],
  l: ["m3", 1e-3],
  m3: ["m3", 1],
  lx: ["lx", 1],
  s: ["s", 1],
  ms: ["s", 1e-3],
  min: ["s", 60],
  h: ["s", 3_600],
};

/** `value` of unit `from` in unit `to`; undefined when one cannot be turned into the other. */
export function convertUnit(value: number, from: string, to: string): number | undefined {
  if (from === to) return value;
  const source = UNITS[from];
  const target = UNITS[to];
  if (source === undefined || target === undefined || source[0] !== target[0]) return undefined;
  return (value * source[1] + (source[2] ?? 0) - (target[2] ?? 0)) / target[1];
}

/** `12.34` with one decimal as 123n: what the chain stores. Binary dust beyond 15 digits is removed before rounding. */
export function toScaled(value: number, decimals: number): bigint {
  const scaled = Number((value * 10 ** decimals).toPrecision(15));
  // Away from zero at one half, for both signs alike.
  return BigInt(Math.sign(scaled) * Math.round(Math.abs(scaled)));
}

/** The number behind a stored value, for people. */
export function fromScaled(value: bigint, decimals: number): string {
  const digits = String(value < 0n ? -value : value).padStart(decimals + 1, "0");
  const point = digits.length - decimals;
  const text = decimals === 0 ? digits : `${digits.slice(0, point)}.${digits.slice(point)}`;
  return value < 0n ? `-${text}` : text;
}
