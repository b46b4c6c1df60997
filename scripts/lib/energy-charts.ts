// Two pictures of a market day as SVG, drawn without any library.
import type { Book, Clearing } from "../../packages/sdk/src/energy/index.ts";

const WIDTH = 760;
const HEIGHT = 420;
const [LEFT, RIGHT, TOP, BOTTOM] = [64, WIDTH - 64, 60, HEIGHT - 56];
const DEMAND = "#b03a2e";
const SUPPLY = "#1e8449";
const PRICE = "#6c3483";
const VOLUME = "#2e86c1";

/** An axis from `least` to `most`: where a value lies, and round values to write beside it. */
interface Axis {
  at(value: number): string;
  readonly marks: readonly number[];
}

function axis(least: number, most: number, from: number, to: number): Axis {
  const step = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000].find((size) => (most - least) / size <= 6) ?? 5_000;
  const low = Math.floor(least / step) * step;
  const high = Math.max(Math.ceil(most / step) * step, low + step);
  return {
    at: (value) => (from + ((to - from) * (value - low)) / (high - low)).toFixed(1),
    marks: Array.from({ length: Math.round((high - low) / step) + 1 }, (_, i) => low + i * step),
  };
}

const text = (x: number | string, y: number | string, words: string, rest = ""): string =>
  `<text x="${x}" y="${y}" ${rest}>${words}</text>`;

const vertical = (x: number, words: string): string =>
  `<text transform="translate(${x} ${(TOP + BOTTOM) / 2}) rotate(-90)" text-anchor="middle">${words}</text>`;

const gridded = (y: Axis): string =>
  y.marks
    .map((mark) => {
      const line = `<path d="M${LEFT} ${y.at(mark)}H${RIGHT}" stroke="${mark === 0 ? "#777" : "#e5e7e9"}"/>`;
      return line + text(LEFT - 8, Number(y.at(mark)) + 4, String(mark), 'text-anchor="end"');
    })
    .join("\n");

const legend = (entries: readonly (readonly [colour: string, words: string])[]): string =>
  entries
    .map(([colour, words], i) => {
      const x = LEFT + 150 * i;
      return `<rect x="${x}" y="36" width="18" height="4" fill="${colour}"/>${text(x + 24, 43, words)}`;
    })
    .join("\n");

const frame = (title: string, below: string, body: string): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui, sans-serif" font-size="12" fill="#222">
<rect width="100%" height="100%" fill="#fff"/>
${text(LEFT, 24, title, 'font-size="16" font-weight="600"')}
${text((LEFT + RIGHT) / 2, HEIGHT - 14, below, 'text-anchor="middle"')}
${body}
</svg>
`;

/** Supply and demand of one slot, with the price the chain verified. */
export function supplyDemandChart(book: Book, clearing: Clearing | undefined): string {
  const side = (offers: boolean) =>
    [...book.tick.keys()]
      .filter((i) => (book.isOffer[i] === 1) === offers && (book.energyWh[i] ?? 0) > 0)
      .map((i) => ({ cents: (book.tick[i] ?? 0) / 10, kwh: (book.energyWh[i] ?? 0) / 1_000 }))
      .sort((a, b) => (offers ? a.cents - b.cents : b.cents - a.cents));
  const [bids, offers] = [side(false), side(true)];
  const total = (orders: readonly { kwh: number }[]) => orders.reduce((sum, { kwh }) => sum + kwh, 0);
  const prices = [...bids, ...offers].map(({ cents }) => cents);
  const x = axis(0, Math.max(total(bids), total(offers), 1), LEFT, RIGHT);
  const y = axis(Math.min(...prices, 0), Math.max(...prices, 1), BOTTOM, TOP);
  const stairs = (orders: readonly { cents: number; kwh: number }[], colour: string): string => {
    let run = 0;
    let path = "";
    for (const { cents, kwh } of orders) {
      path += `${path === "" ? "M" : "L"}${x.at(run)} ${y.at(cents)}`;
      run += kwh;
      path += `H${x.at(run)}`;
    }
    return `<path d="${path}" fill="none" stroke="${colour}" stroke-width="2.5"/>`;
  };
  const zone = clearing?.zones[0];
  const [cents, kwh] = [(zone?.tick ?? 0) / 10, (clearing?.volumeWh ?? 0) / 1_000];
  const traded = kwh > 0;
  const cross = traded
    ? `<path d="M${LEFT} ${y.at(cents)}H${x.at(kwh)}V${BOTTOM}" fill="none" stroke="#555" stroke-dasharray="5 4"/>
<circle cx="${x.at(kwh)}" cy="${y.at(cents)}" r="4" fill="#222"/>`
    : "";
  const result = traded
    ? `${cents.toFixed(1)} ct/kWh, ${kwh.toFixed(1)} kWh (${zone?.outcome ?? ""})`
    : "no trade at any price";
  const marks = x.marks.map((mark) => text(x.at(mark), BOTTOM + 18, String(mark), 'text-anchor="middle"')).join("\n");
  const key = legend([
    [DEMAND, "demand"],
    [SUPPLY, "supply"],
    ["#555", result],
  ]);
  const body = [gridded(y), marks, vertical(20, "ct/kWh"), stairs(bids, DEMAND), stairs(offers, SUPPLY), cross, key];
  return frame("Supply and demand at 13:00", "kWh in the quarter of an hour", body.join("\n"));
}

/** Price and volume of every slot of a day. */
export function dayChart(clearings: readonly Clearing[]): string {
  const prices = clearings.filter(({ volumeWh }) => volumeWh > 0).map(({ zones }) => (zones[0]?.tick ?? 0) / 10);
  const volume = axis(0, Math.max(...clearings.map(({ volumeWh }) => volumeWh / 1_000), 1), BOTTOM, TOP);
  const y = axis(Math.min(...prices, 0), Math.max(...prices, 1), BOTTOM, TOP);
  const width = (RIGHT - LEFT) / clearings.length;
  let bars = "";
  let path = "";
  let before = false;
  for (const [t, { zones, volumeWh }] of clearings.entries()) {
    const left = LEFT + t * width;
    const top = Number(volume.at(volumeWh / 1_000));
    if (volumeWh > 0) {
      bars += `<rect x="${left.toFixed(1)}" y="${top.toFixed(1)}" width="${(width - 1).toFixed(1)}" height="${(BOTTOM - top).toFixed(1)}" fill="#aed6f1"/>`;
      // A slot without trade has no price: the line begins anew behind it.
      path += `${before ? "L" : "M"}${left.toFixed(1)} ${y.at((zones[0]?.tick ?? 0) / 10)}h${width.toFixed(1)}`;
    }
    before = volumeWh > 0;
  }
  const line = `<path d="${path}" fill="none" stroke="${PRICE}" stroke-width="2"/>`;
  const hours = [0, 3, 6, 9, 12, 15, 18, 21, 24]
    .map((hour) => text(LEFT + (hour * (RIGHT - LEFT)) / 24, BOTTOM + 18, `${hour}:00`, 'text-anchor="middle"'))
    .join("\n");
  const scale = volume.marks.map((mark) => text(RIGHT + 8, Number(volume.at(mark)) + 4, String(mark))).join("\n");
  const key = legend([
    [PRICE, "price, ct/kWh (left)"],
    [VOLUME, "volume, kWh (right)"],
  ]);
  const body = [gridded(y), bars, hours, scale, vertical(20, "ct/kWh"), vertical(WIDTH - 14, "kWh"), line, key];
  return frame("Price and volume of the day", "UTC", body.join("\n"));
}
