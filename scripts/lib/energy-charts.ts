// Two pictures of a market day as SVG, drawn without any library.
import type { Book, Clearing } from "../../packages/sdk/src/energy/index.ts";

const WIDTH = 720;
const HEIGHT = 400;
const MARGIN = 52;

const frame = (title: string, body: string, x: string, y: string): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui, sans-serif" font-size="12">
<rect width="100%" height="100%" fill="#fff"/>
<text x="${WIDTH / 2}" y="22" text-anchor="middle" font-size="15">${title}</text>
<path d="M${MARGIN} ${MARGIN / 2 + 8}V${HEIGHT - MARGIN}H${WIDTH - 12}" fill="none" stroke="#444"/>
<text x="${WIDTH / 2}" y="${HEIGHT - 14}" text-anchor="middle">${x}</text>
<text transform="translate(16 ${HEIGHT / 2}) rotate(-90)" text-anchor="middle">${y}</text>
${body}
</svg>
`;

const scale = (value: number, most: number, from: number, to: number): number => from + ((to - from) * value) / most;

/** Supply and demand of one slot, with the price the chain verified. */
export function supplyDemandChart(book: Book, clearing: Clearing | undefined): string {
  const side = (offers: boolean) =>
    [...book.tick.keys()]
      .filter((i) => (book.isOffer[i] === 1) === offers && (book.energyWh[i] ?? 0) > 0)
      .map((i) => ({ tick: book.tick[i] ?? 0, energy: book.energyWh[i] ?? 0 }))
      .sort((a, b) => (offers ? a.tick - b.tick : b.tick - a.tick));
  const [bids, offers] = [side(false), side(true)];
  const total = (orders: readonly { energy: number }[]) => orders.reduce((sum, { energy }) => sum + energy, 0);
  const energy = Math.max(total(bids), total(offers), 1);
  const top = Math.max(...[...bids, ...offers].map(({ tick }) => tick), 1);
  const x = (value: number) => scale(value, energy, MARGIN, WIDTH - 16).toFixed(1);
  const y = (value: number) => scale(value, top * 1.05, HEIGHT - MARGIN, MARGIN).toFixed(1);
  const stairs = (orders: readonly { tick: number; energy: number }[], colour: string): string => {
    let run = 0;
    let path = "";
    for (const order of orders) {
      path += `${path === "" ? "M" : "L"}${x(run)} ${y(order.tick)}`;
      run += order.energy;
      path += `H${x(run)}`;
    }
    return `<path d="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`;
  };
  const zone = clearing?.zones[0];
  const price = zone?.tick ?? 0;
  const volume = clearing?.volumeWh ?? 0;
  const cross = `<path d="M${MARGIN} ${y(price)}H${x(volume)}V${HEIGHT - MARGIN}" fill="none" stroke="#888" stroke-dasharray="5 4"/>
<text x="${MARGIN + 6}" y="${Number(y(price)) - 6}">${(price / 10).toFixed(1)} ct/kWh, ${(volume / 1000).toFixed(1)} kWh (${zone?.outcome ?? "NoTrade"})</text>`;
  const legend = `<text x="${WIDTH - 130}" y="44" fill="#c0392b">demand</text><text x="${WIDTH - 70}" y="44" fill="#1e8449">supply</text>`;
  const body = stairs(bids, "#c0392b") + stairs(offers, "#1e8449") + cross + legend;
  return frame("Supply and demand at 13:00", body, "Wh in the quarter of an hour", "µ per Wh");
}

/** Price and volume of every slot of a day. */
export function dayChart(clearings: readonly Clearing[]): string {
  const most = Math.max(...clearings.map(({ volumeWh }) => volumeWh), 1);
  const top = Math.max(...clearings.map(({ zones }) => zones[0]?.tick ?? 0), 1);
  const width = (WIDTH - 16 - MARGIN) / clearings.length;
  let bars = "";
  let path = "";
  for (const [t, { zones, volumeWh }] of clearings.entries()) {
    const left = MARGIN + t * width;
    const height = scale(volumeWh, most, 0, HEIGHT - 2 * MARGIN);
    bars += `<rect x="${left.toFixed(1)}" y="${(HEIGHT - MARGIN - height).toFixed(1)}" width="${(width - 1).toFixed(1)}" height="${height.toFixed(1)}" fill="#aed6f1"/>`;
    if (volumeWh === 0) continue;
    const y = scale(zones[0]?.tick ?? 0, top * 1.05, HEIGHT - MARGIN, MARGIN);
    path += `${path === "" ? "M" : "L"}${(left + width / 2).toFixed(1)} ${y.toFixed(1)}`;
  }
  const line = `<path d="${path}" fill="none" stroke="#884ea0" stroke-width="2"/>`;
  const legend = `<text x="${WIDTH - 200}" y="44" fill="#2e86c1">volume (most ${(most / 1000).toFixed(1)} kWh)</text><text x="${WIDTH - 250}" y="44" fill="#884ea0">price</text>`;
  return frame("One day", bars + line + legend, "quarters of an hour, 00:00 to 24:00 UTC", `µ per Wh, up to ${top}`);
}
