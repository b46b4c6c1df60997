import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type IndexTerms, packEvent, type Season } from "@publica/sdk/insurance";
import { ROOT } from "../run.ts";

/** A product of the story: terms and the seasons they are applied to, the insured one last. */
export interface StoryProduct {
  readonly name: string;
  readonly buyer: string;
  readonly index: IndexTerms;
  readonly seasons: readonly Season[];
  readonly unit: string;
  readonly scale: number;
  /** Values go to the feed one by one; otherwise a packed season is attested. */
  readonly rounds?: boolean;
}

const data = (file: string): string => readFileSync(join(ROOT, "node_modules", "vega-datasets", "data", file), "utf8");

type WeatherColumn = "precipitation" | "temp_max" | "temp_min" | "wind";

/** One season a year of a column of NOAA's weather, in tenths of its unit. */
function weather(location: string, column: WeatherColumn, from: string, to: string): Season[] {
  const [header = "", ...lines] = data("weather.csv").trim().split(/\r?\n/);
  const columns = header.split(",");
  const at = (name: string): number => {
    const index = columns.indexOf(name);
    if (index < 0) throw new Error(`weather.csv has no column ${name}`);
    return index;
  };
  const seasons = new Map<string, bigint[]>();
  for (const line of lines) {
    const cells = line.split(",");
    const date = cells[at("date")] ?? "";
    const [year = "", day] = [date.slice(0, 4), date.slice(5)];
    if (cells[at("location")] !== location || day < from || day > to) continue;
    const values = seasons.get(year) ?? [];
    values.push(BigInt(Math.round(Number(cells[at(column)]) * 10)));
    seasons.set(year, values);
  }
  return [...seasons].map(([label, values]) => ({ label, values }));
}

const WEEK_MS = 7 * 86_400_000;
const FLIGHTS_A_WEEK = 120;

/** The first flights of each full week of the sample: their delays in minutes. */
function flights(): Season[] {
  const sample = JSON.parse(data("flights-2k.json")) as { date: string; delay: number }[];
  const first = Date.parse("2001-01-01T00:00:00Z");
  const weeks = new Map<number, bigint[]>();
  for (const { date, delay } of sample) {
    const week = Math.floor((Date.parse(`${date.slice(0, 10).replaceAll("/", "-")}T00:00:00Z`) - first) / WEEK_MS);
    const values = weeks.get(week) ?? [];
    if (values.length < FLIGHTS_A_WEEK) values.push(BigInt(delay));
    weeks.set(week, values);
  }
  return [...weeks]
    .filter(([, values]) => values.length === FLIGHTS_A_WEEK)
    .sort(([a], [b]) => a - b)
    .map(([week, values]) => ({ label: `w${week + 1}`, values }));
}

interface Quakes {
  readonly features: readonly {
    readonly properties: { readonly mag: number; readonly time: number };
    readonly geometry: { readonly coordinates: readonly [number, number, number] };
  }[];
}

const BLOCK_MS = 8 * 3_600_000;

/** Near Hualien, one value every eight hours: the strongest event within the area, or of the world when there was none. */
function earthquakes(area: NonNullable<IndexTerms["area"]>): Season[] {
  const { features } = JSON.parse(data("earthquakes.json")) as Quakes;
  const near = ([longitude, latitude]: readonly [number, number, number]): boolean =>
    Math.hypot(latitude - area.latitude, longitude - area.longitude) < 1;
  const blocks = new Map<number, Quakes["features"][number]>();
  const weight = (quake: Quakes["features"][number]): number =>
    quake.properties.mag + (near(quake.geometry.coordinates) ? 100 : 0);
  for (const quake of features) {
    const block = Math.floor(quake.properties.time / BLOCK_MS);
    const known = blocks.get(block);
    if (known === undefined || weight(quake) > weight(known)) blocks.set(block, quake);
  }
  const days = new Map<string, bigint[]>();
  for (const [block, { properties, geometry }] of [...blocks].sort(([a], [b]) => a - b)) {
    const day = new Date(block * BLOCK_MS).toISOString().slice(5, 10);
    const [longitude, latitude] = geometry.coordinates;
    const values = days.get(day) ?? [];
    values.push(packEvent({ magnitude: Math.max(0, properties.mag), latitude, longitude }));
    days.set(day, values);
  }
  return [...days]
    .filter(([day, values]) => values.length === 3 && day <= "02-06")
    .map(([label, values]) => ({ label, values }));
}

/** Five products on real measurements. */
export function storyProducts(): StoryProduct[] {
  const hualien = { latitude: 24, longitude: 121.6, radiusKm: 60 };
  return [
    {
      name: "Seattle dry summer",
      buyer: "orchard",
      index: { kind: "sum", attachment: 900n, exit: 400n },
      seasons: weather("Seattle", "precipitation", "06-01", "08-31"),
      unit: "mm",
      scale: 10,
    },
    {
      name: "Seattle heat days",
      buyer: "care home",
      index: { kind: "daysAbove", threshold: 300n, attachment: 8n, exit: 20n },
      seasons: weather("Seattle", "temp_max", "06-01", "08-31"),
      unit: "days above 30 °C",
      scale: 1,
    },
    {
      name: "New York frost spell",
      buyer: "road crew",
      index: { kind: "runBelow", threshold: 0n, attachment: 12n, exit: 30n },
      seasons: weather("New York", "temp_min", "01-01", "03-15"),
      unit: "nights below 0 °C in a row",
      scale: 1,
    },
    {
      name: "Late flights",
      buyer: "travel club",
      index: {
        kind: "daysAbove",
        threshold: 60n,
        attachment: 0n,
        exit: 0n,
        tiers: [
          { bound: 8n, bps: 2_500 },
          { bound: 11n, bps: 5_000 },
          { bound: 14n, bps: 10_000 },
        ],
      },
      seasons: flights(),
      unit: "flights over an hour late",
      scale: 1,
    },
    {
      name: "Hualien earthquake",
      buyer: "school",
      index: {
        kind: "magnitude",
        attachment: 0n,
        exit: 0n,
        area: hualien,
        tiers: [
          { bound: 550n, bps: 5_000 },
          { bound: 620n, bps: 10_000 },
        ],
      },
      seasons: earthquakes(hualien),
      unit: "magnitude",
      scale: 100,
      rounds: true,
    },
  ];
}
