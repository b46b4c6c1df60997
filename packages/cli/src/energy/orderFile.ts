import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { DAY_SLOTS, NO_STEP, type SignedCurve, type Step } from "@publica/sdk/energy";
import { getAddress, type Hex } from "viem";
import { z } from "zod";
import { CliError } from "../lib/errors.ts";
import { type Io, toJson } from "../lib/io.ts";
import type { Token } from "../lib/tokens.ts";
import { energyOf, slotOf, tickOf } from "./market.ts";

const word = z
  .string()
  .regex(/^0x[0-9a-fA-F]{64}$/)
  .transform((text) => text as Hex);
const whole = (most: number) => z.number().int().nonnegative().max(most);

const schema = z.object({
  chainId: z.number().int().positive(),
  exchange: z
    .string()
    .regex(/^0x[0-9a-fA-F]{40}$/)
    .transform((text) => getAddress(text)),
  account: whole(2 ** 31 - 1),
  nonce: whole(65_535),
  firstSlot: whole(2 ** 32 - 1),
  steps: z
    .array(
      z.object({
        side: z.enum(["bid", "offer"]),
        tick: z.number().int().min(-16_384).max(16_383),
        energyWh: whole(2 ** 31 - 1),
      }),
    )
    .min(1)
    .max(DAY_SLOTS),
  r: word,
  vs: word,
});

/** A signed day as it travels from a home to whoever keeps the book. */
export interface OrderFile extends SignedCurve {
  readonly chainId: number;
  readonly exchange: Hex;
}

/** Signed orders: the files named, and those ending in .json in the folders named. */
export function readOrderFiles(io: Io, paths: readonly string[]): OrderFile[] {
  return paths.flatMap((path) => {
    const full = resolve(io.cwd, path);
    let names: string[];
    try {
      names = statSync(full).isDirectory()
        ? readdirSync(full)
            .filter((name) => name.endsWith(".json"))
            .sort()
            .map((name) => join(full, name))
        : [full];
    } catch {
      throw new CliError(
        `${path} cannot be read`,
        "Name files that publica energy order --out wrote, or their folder.",
      );
    }
    return names.map(readOrderFile);
  });
}

function readOrderFile(file: string): OrderFile {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, "utf8"));
  } catch {
    throw new CliError(`the order ${file} is not JSON`, "Name files that publica energy order --out wrote.");
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new CliError(
    `the order ${file} is wrong at ${issue?.path.join(".") || "the top"}: ${issue?.message ?? "unknown"}`,
    "Ask its account's owner for it again.",
  );
}

export function writeOrderFile(io: Io, file: string, order: OrderFile): void {
  try {
    writeFileSync(resolve(io.cwd, file), `${toJson(order)}\n`, { flag: "wx" });
  } catch (error) {
    const exists = error instanceof Error && "code" in error && error.code === "EEXIST";
    throw new CliError(
      `${file} ${exists ? "exists already" : "cannot be written"}`,
      exists ? "Choose another --out; an order is never overwritten." : "Check the folder.",
    );
  }
}

/** A day from lines of `HH:MM,side,price,kWh`; quarters not named are empty. Lines that begin with # are notes. */
export function readCurve(io: Io, file: string, day: string, token: Token): Step[] {
  let text: string;
  try {
    text = readFileSync(resolve(io.cwd, file), "utf8");
  } catch {
    throw new CliError(`the curve ${file} cannot be read`, "Check its path and permissions.");
  }
  const steps: Step[] = new Array<Step>(DAY_SLOTS).fill(NO_STEP);
  const seen = new Set<number>();
  for (const [number, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === "" || line.startsWith("#") || /^time\b/i.test(line)) continue;
    const [time = "", side = "", price = "", energy = "", ...rest] = line.split(",").map((cell) => cell.trim());
    const where = `line ${number + 1} of ${file}`;
    if (rest.length > 0 || (side !== "bid" && side !== "offer"))
      throw new CliError(`${where} is not "HH:MM,bid or offer,price,kWh"`, "Example: 12:15,offer,0.095,0.8");
    const t = slotOf(day, time) % DAY_SLOTS;
    if (seen.has(t)) throw new CliError(`${where} names ${time} a second time`, "One step a quarter of an hour.");
    seen.add(t);
    steps[t] = { side, tick: tickOf(price, token), energyWh: energyOf(energy) };
  }
  if (seen.size === 0) throw new CliError(`${file} holds no step`, "Write lines such as 12:15,offer,0.095,0.8");
  return steps;
}
