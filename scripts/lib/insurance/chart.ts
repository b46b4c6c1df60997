import type { BurnRow } from "@publica/sdk/insurance";

const WIDTH = 720;
const HEIGHT = 380;
const LEFT = 70;
const RIGHT = 110;
const TOP = 70;
/** Where the indices stand, and under them the payouts, up to `PAID` high. */
const BASE = 240;
const FLOOR = 348;
const PAID = 56;

const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");

export interface ChartParameters {
  readonly title: string;
  readonly unit: string;
  /** Divides the index for people. */
  readonly scale: number;
  readonly rows: readonly BurnRow[];
  /** Lines across the chart: attachment and exit, or the tiers' bounds. */
  readonly lines: readonly { readonly name: string; readonly at: bigint }[];
}

/** The index of each season as a bar under the bounds of the terms, and beneath it what the season paid. */
export function indexChart({ title, unit, scale, rows, lines }: ChartParameters): string {
  const values = [...rows.map(({ index }) => Number(index)), ...lines.map(({ at }) => Number(at)), 0];
  const [low, high] = [Math.min(...values), Math.max(...values, 1)];
  const y = (value: number): number => TOP + ((high - value) / (high - low)) * (BASE - TOP);
  const step = (WIDTH - LEFT - RIGHT) / rows.length;
  const width = Math.min(60, step * 0.6);
  const bar = (x: number, top: number, bottom: number, fill: string): string =>
    `<rect x="${(x - width / 2).toFixed(1)}" y="${top.toFixed(1)}" width="${width.toFixed(1)}" height="${Math.max(1, bottom - top).toFixed(1)}" rx="3" fill="${fill}"/>`;
  const seasons = rows.map(({ label, index, payoutBps }, i) => {
    const x = LEFT + step * (i + 0.5);
    const insured = i === rows.length - 1;
    const paid = FLOOR - (Number(payoutBps) / 10_000) * PAID;
    return [
      bar(x, y(Math.max(Number(index), 0)), y(Math.min(Number(index), 0)), insured ? "#1f7a5c" : "#a9d5c5"),
      payoutBps > 0n ? bar(x, paid, FLOOR, insured ? "#b3431e" : "#e6b6a3") : "",
      `<text x="${x.toFixed(1)}" y="${(paid - 5).toFixed(1)}" text-anchor="middle" fill="${payoutBps > 0n ? "#b3431e" : "#888"}">${(Number(payoutBps) / 100).toFixed(0)} %</text>`,
      `<text x="${x.toFixed(1)}" y="${FLOOR + 20}" text-anchor="middle" font-weight="${insured ? "bold" : "normal"}">${escaped(label)}</text>`,
    ].join("");
  });
  const bounds = lines.map(({ name, at }) => {
    const level = y(Number(at)).toFixed(1);
    return `<path d="M${LEFT} ${level}H${WIDTH - RIGHT}" stroke="#b3431e" stroke-dasharray="5 4"/><text x="${WIDTH - RIGHT + 8}" y="${level}" dominant-baseline="middle" fill="#b3431e">${Number(at) / scale}: ${escaped(name)}</text>`;
  });
  const ground = [BASE, FLOOR].map((at) => `<path d="M${LEFT} ${at}H${WIDTH - RIGHT}" stroke="#bbb"/>`);
  const side = (text: string, at: number): string =>
    `<text x="${LEFT - 10}" y="${at}" text-anchor="end" fill="#666">${text}</text>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" role="img" aria-label="${escaped(title)}"><rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/><text x="${LEFT}" y="24" font-size="16" font-weight="bold">${escaped(title)}</text><text x="${LEFT}" y="44" fill="#666">index in ${escaped(unit)}, and the share of the sum insured it pays</text>${ground.join("")}${seasons.join("")}${bounds.join("")}${side("index", BASE)}${side("payout", FLOOR)}</svg>\n`;
}
