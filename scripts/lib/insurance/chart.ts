import type { BurnRow } from "@publica/sdk/insurance";

const WIDTH = 640;
const HEIGHT = 300;
const LEFT = 70;
const RIGHT = 20;
const TOP = 54;
const BOTTOM = 54;

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

/** The index of each season as a bar with what it paid, and the bounds of the terms as lines. */
export function indexChart({ title, unit, scale, rows, lines }: ChartParameters): string {
  const values = [...rows.map(({ index }) => Number(index)), ...lines.map(({ at }) => Number(at)), 0];
  const [low, high] = [Math.min(...values), Math.max(...values, 1)];
  const y = (value: number): number => TOP + ((high - value) / (high - low)) * (HEIGHT - TOP - BOTTOM);
  const step = (WIDTH - LEFT - RIGHT) / rows.length;
  const width = Math.min(60, step * 0.6);
  const bars = rows.map(({ label, index, payoutBps }, i) => {
    const x = LEFT + step * (i + 0.5);
    const [top, bottom] = [y(Math.max(Number(index), 0)), y(Math.min(Number(index), 0))];
    const insured = i === rows.length - 1;
    return [
      `<rect x="${(x - width / 2).toFixed(1)}" y="${top.toFixed(1)}" width="${width.toFixed(1)}" height="${Math.max(1, bottom - top).toFixed(1)}" rx="3" fill="${insured ? "#1f7a5c" : "#a9d5c5"}"/>`,
      `<text x="${x.toFixed(1)}" y="${HEIGHT - 32}" text-anchor="middle" font-weight="${insured ? "bold" : "normal"}">${escaped(label)}</text>`,
      `<text x="${x.toFixed(1)}" y="${HEIGHT - 14}" text-anchor="middle" fill="${payoutBps > 0n ? "#b3431e" : "#888"}">${(Number(payoutBps) / 100).toFixed(0)} %</text>`,
    ].join("");
  });
  const bounds = lines.map(({ name, at }) => {
    const level = y(Number(at)).toFixed(1);
    return `<path d="M${LEFT} ${level}H${WIDTH - RIGHT}" stroke="#b3431e" stroke-dasharray="5 4"/><text x="${LEFT - 6}" y="${level}" text-anchor="end" dominant-baseline="middle" fill="#b3431e">${Number(at) / scale}</text><text x="${WIDTH - RIGHT}" y="${(Number(level) - 5).toFixed(1)}" text-anchor="end" fill="#b3431e">${escaped(name)}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" role="img" aria-label="${escaped(title)}"><rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/><text x="${LEFT}" y="24" font-size="16" font-weight="bold">${escaped(title)}</text><text x="${LEFT}" y="42" fill="#666">index in ${escaped(unit)}; below each season the share of the sum insured it pays</text>${bars.join("")}${bounds.join("")}</svg>\n`;
}
