import { decode, encode } from "cbor2";

/** One resolved SenML record (RFC 8428): base fields folded in, time absolute. */
export interface SenmlRecord {
  readonly name: string;
  readonly unit: string | undefined;
  /** Unix seconds, with a fraction. */
  readonly time: number;
  readonly value: number | string | boolean | Uint8Array;
}

/** A record to be written; what is undefined is left out. */
export interface SenmlEntry {
  readonly n?: string;
  readonly u?: string;
  readonly v?: number;
  readonly vs?: string;
  readonly vb?: boolean;
  readonly vd?: Uint8Array;
  readonly t?: number;
  readonly bn?: string;
  readonly bt?: number;
  readonly bu?: string;
  readonly bv?: number;
}

/** A pack that breaks RFC 8428, and where. */
export class SenmlError extends Error {
  override readonly name = "SenmlError";
}

/** CBOR labels of RFC 8428 §6. */
const LABELS: Readonly<Record<string, string>> = {
  "-1": "bver",
  "-2": "bn",
  "-3": "bt",
  "-4": "bu",
  "-5": "bv",
  "-6": "bs",
  "0": "n",
  "1": "u",
  "2": "v",
  "3": "vs",
  "4": "vb",
  "5": "s",
  "6": "t",
  "7": "ut",
  "8": "vd",
};
const NUMBERS = new Map(Object.entries(LABELS).map(([number, name]) => [name, Number(number)]));
/** Times below this are relative to now (§4.5.3). */
const RELATIVE = 2 ** 28;
const NAME = /^[A-Za-z0-9][A-Za-z0-9\-:./_]*$/;
const MAX_RECORDS = 1_000;

type Fields = Record<string, unknown>;

/** Reads a pack in JSON or CBOR, whichever it is. `now` (unix seconds) resolves relative times. */
export function parseSenml(bytes: Uint8Array, now: number): SenmlRecord[] {
  // '[' cannot begin a CBOR array, and no CBOR array begins like JSON text.
  const json = bytes[0] === 0x5b;
  const pack: unknown = json ? parseJson(bytes) : parseCbor(bytes);
  if (!Array.isArray(pack) || pack.length === 0) throw new SenmlError("the pack is not a list of records");
  if (pack.length > MAX_RECORDS) throw new SenmlError(`the pack has more than ${MAX_RECORDS} records`);
  let base: Fields = {};
  const records: SenmlRecord[] = [];
  for (const [index, item] of pack.entries()) {
    const fields = json ? asFields(item, index) : relabel(item, index);
    for (const key of Object.keys(fields)) {
      if (key.endsWith("_")) throw new SenmlError(`record ${index}: ${key} must be understood, and is not`);
      if (/^b[nutvs]$|^bver$/.test(key)) base = { ...base, [key]: fields[key] };
    }
    if (number(base.bver ?? 10, index, "bver") > 10) throw new SenmlError(`record ${index}: version above 10`);
    const record = resolve(fields, base, index, now);
    if (record !== undefined) records.push(record);
  }
  if (records.length === 0) throw new SenmlError("the pack holds no value");
  return records;
}

function resolve(fields: Fields, base: Fields, index: number, now: number): SenmlRecord | undefined {
  const { v, vs, vb, vd } = fields;
  const given = [v, vs, vb, vd].filter((value) => value !== undefined).length;
  if (given > 1) throw new SenmlError(`record ${index}: more than one value`);
  if (given === 0 && fields.s === undefined && base.bv === undefined) return undefined;
  const name = `${text(base.bn ?? "", index, "bn")}${text(fields.n ?? "", index, "n")}`;
  if (!NAME.test(name)) throw new SenmlError(`record ${index}: "${name}" is not a name`);
  const unit = fields.u ?? base.bu;
  const stated = number(base.bt ?? 0, index, "bt") + number(fields.t ?? 0, index, "t");
  return {
    name,
    unit: unit === undefined ? undefined : text(unit, index, "u"),
    time: stated < RELATIVE ? now + stated : stated,
    value: readValue(fields, base, index),
  };
}

function readValue({ v, vs, vb, vd, s }: Fields, base: Fields, index: number): SenmlRecord["value"] {
  if (vs !== undefined) return text(vs, index, "vs");
  if (vb !== undefined) {
    if (typeof vb !== "boolean") throw new SenmlError(`record ${index}: vb is not true or false`);
    return vb;
  }
  if (vd !== undefined) {
    if (vd instanceof Uint8Array) return vd;
    return Uint8Array.from(Buffer.from(text(vd, index, "vd"), "base64url"));
  }
  return number(v ?? s ?? 0, index, "v") + number(base.bv ?? 0, index, "bv");
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    throw new SenmlError("the pack is not JSON");
  }
}

function parseCbor(bytes: Uint8Array): unknown {
  try {
    return decode(bytes, { rejectDuplicateKeys: true });
  } catch {
    throw new SenmlError("the pack is not CBOR");
  }
}

function asFields(item: unknown, index: number): Fields {
  if (typeof item !== "object" || item === null || Array.isArray(item))
    throw new SenmlError(`record ${index} is not a map`);
  return item as Fields;
}

function relabel(item: unknown, index: number): Fields {
  if (typeof item !== "object" || item === null || Array.isArray(item))
    throw new SenmlError(`record ${index} is not a map`);
  const entries: [unknown, unknown][] = item instanceof Map ? [...item.entries()] : Object.entries(item);
  return Object.fromEntries(entries.map(([key, value]) => [LABELS[String(key)] ?? String(key), value]));
}

function number(value: unknown, index: number, field: string): number {
  const result = typeof value === "bigint" ? Number(value) : value;
  if (typeof result !== "number" || !Number.isFinite(result))
    throw new SenmlError(`record ${index}: ${field} is not a number`);
  return result;
}

function text(value: unknown, index: number, field: string): string {
  if (typeof value !== "string") throw new SenmlError(`record ${index}: ${field} is not text`);
  return value;
}

/** Writes a pack. */
export function encodeSenml(entries: readonly SenmlEntry[], format: "json" | "cbor"): Uint8Array {
  if (format === "cbor") {
    return encode(
      entries.map(
        (entry) =>
          new Map<unknown, unknown>(
            Object.entries(entry).map(([key, value]: [string, unknown]) => [
              NUMBERS.get(key) ?? key,
              // A Buffer would be serialised as the object it is.
              value instanceof Uint8Array ? Uint8Array.from(value) : value,
            ]),
          ),
      ),
    );
  }
  const readable = entries.map(({ vd, ...rest }) =>
    vd === undefined ? rest : { ...rest, vd: Buffer.from(vd).toString("base64url") },
  );
  return Buffer.from(JSON.stringify(readable));
}
