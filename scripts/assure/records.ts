// What is recorded of each deployable contract and compared: interface, storage layout, size, and gas of the benches.
import { existsSync, readFileSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Interface } from "ethers";
import { readArtifacts } from "../lib/abis.ts";
import { ROOT } from "../lib/run.ts";
import { contractFiles } from "../lib/scratch.ts";
import { compile } from "../lib/solidity.ts";

const CONTRACTS = join(ROOT, "test", "assurance", "contracts");
const GAS = join(ROOT, "test", "assurance", "gas");
/** EIP-170. */
const CODE_LIMIT = 24_576;

interface StorageLayout {
  readonly storage: readonly { label: string; slot: string; offset: number; type: string }[];
  readonly types: Readonly<
    Record<
      string,
      {
        label: string;
        numberOfBytes: string;
        members?: readonly { label: string; slot: string; offset: number; type: string }[];
      }
    >
  > | null;
}

interface ContractRecord {
  readonly bytes: number;
  readonly storage: readonly string[];
  readonly abi: readonly string[];
}

/** The layout of every contract, from an analysis without code generation. */
function storageLayouts(sources: Readonly<Record<string, { content: string }>>): Map<string, StorageLayout> {
  const output = compile<{ contracts?: Record<string, Record<string, { storageLayout?: StorageLayout }>> }>(
    {
      language: "Solidity",
      sources,
      settings: { evmVersion: "cancun", outputSelection: { "*": { "*": ["storageLayout"] } } },
    },
    readImport,
  );
  const broken = output.errors?.find(({ severity }) => severity === "error");
  if (broken !== undefined) throw new Error(broken.formattedMessage);
  const layouts = new Map<string, StorageLayout>();
  for (const [file, contracts] of Object.entries(output.contracts ?? {}))
    for (const [name, { storageLayout }] of Object.entries(contracts))
      if (storageLayout !== undefined && file.startsWith("contracts/")) layouts.set(name, storageLayout);
  return layouts;
}

function readImport(path: string): { contents: string } | { error: string } {
  const file = [join(ROOT, path), join(ROOT, "node_modules", path)].find((candidate) => existsSync(candidate));
  return file === undefined ? { error: `${path} is not there` } : { contents: readFileSync(file, "utf8") };
}

/** Slots as people read them: `0+0  mapping(FeedId => struct SensorFeeds.Feed)  _feeds`, structs spelled out below. */
function describe(layout: StorageLayout): string[] {
  const types = layout.types ?? {};
  const lines = layout.storage.map(
    ({ slot, offset, type, label }) => `${slot}+${offset} ${types[type]?.label ?? type} ${label}`,
  );
  for (const { label, members } of Object.values(types)) {
    if (members === undefined) continue;
    for (const member of members)
      lines.push(
        `${label}: ${member.slot}+${member.offset} ${types[member.type]?.label ?? member.type} ${member.label}`,
      );
  }
  return lines;
}

/** One record a deployable contract, from the production build. */
export async function readContractRecords(): Promise<Map<string, ContractRecord>> {
  const sources: Record<string, { content: string }> = {};
  for (const file of contractFiles())
    sources[file.replaceAll("\\", "/")] = { content: await readFile(join(ROOT, file), "utf8") };
  const layouts = storageLayouts(sources);
  const records = new Map<string, ContractRecord>();
  for (const { contractName, sourceName, abi, deployedBytecode } of await readArtifacts()) {
    const bytes = (deployedBytecode.length - 2) / 2;
    if (bytes === 0 || !sourceName.startsWith("contracts/")) continue;
    const layout = layouts.get(contractName);
    // Internal libraries compile to a stub nobody deploys.
    if (abi.every((item) => item.type === "error" || item.type === "event")) continue;
    records.set(contractName, {
      bytes,
      storage: layout === undefined ? [] : describe(layout),
      abi: new Interface(JSON.stringify(abi)).format().sort(),
    });
  }
  return records;
}

/** Compares with test/assurance/contracts, or writes it. */
export async function checkContractRecords(update: boolean): Promise<{ figures: string; problems: string[] }> {
  const records = await readContractRecords();
  const problems: string[] = [];
  if (update) await rm(CONTRACTS, { recursive: true, force: true });
  await mkdir(CONTRACTS, { recursive: true });
  for (const [name, record] of records) {
    if (record.bytes > CODE_LIMIT) problems.push(`${name} has ${record.bytes} bytes, more than EIP-170 allows`);
    const path = join(CONTRACTS, `${name}.json`);
    const text = `${JSON.stringify(record, null, 2)}\n`;
    if (update) await writeFile(path, text);
    else {
      const before = existsSync(path) ? (JSON.parse(await readFile(path, "utf8")) as ContractRecord) : undefined;
      if (before === undefined) problems.push(`${name} has no record`);
      else
        for (const field of ["bytes", "storage", "abi"] as const)
          if (JSON.stringify(before[field]) !== JSON.stringify(record[field]))
            problems.push(`${name}: ${field} differs from its record${difference(before[field], record[field])}`);
    }
  }
  for (const file of await readdir(CONTRACTS))
    if (!records.has(file.replace(/\.json$/, ""))) problems.push(`${file} records a contract that is gone`);
  const largest = [...records].sort(([, a], [, b]) => b.bytes - a.bytes)[0];
  const figures = `${records.size} contracts, largest ${largest?.[0] ?? "none"} ${largest?.[1].bytes ?? 0} B`;
  return { figures, problems };
}

function difference(before: number | readonly string[], after: number | readonly string[]): string {
  if (typeof before === "number" || typeof after === "number") return `: ${String(before)} → ${String(after)}`;
  const gone = before.filter((line) => !after.includes(line)).slice(0, 2);
  const added = after.filter((line) => !before.includes(line)).slice(0, 2);
  return [...gone.map((line) => `\n    - ${line}`), ...added.map((line) => `\n    + ${line}`)].join("");
}

interface BenchRow {
  readonly id: string;
  readonly value: number;
  readonly unit: string;
  readonly peer?: string;
}

/** Compares the gas of each measured operation with test/assurance/gas, exactly, or writes it. */
export async function checkGas(
  rows: readonly BenchRow[],
  update: boolean,
): Promise<{ figures: string; problems: string[] }> {
  const areas = new Map<string, Record<string, number>>();
  for (const { id, value, unit, peer } of rows) {
    if (unit !== "gas" || peer !== undefined) continue;
    const area = id.split(".")[0] ?? id;
    areas.set(area, { ...areas.get(area), [id]: value });
  }
  const problems: string[] = [];
  let count = 0;
  if (update) await rm(GAS, { recursive: true, force: true });
  await mkdir(GAS, { recursive: true });
  for (const [area, measured] of areas) {
    const path = join(GAS, `${area}.json`);
    const sorted = Object.fromEntries(Object.entries(measured).sort(([a], [b]) => (a < b ? -1 : 1)));
    count += Object.keys(sorted).length;
    if (update) {
      await writeFile(path, `${JSON.stringify(sorted, null, 2)}\n`);
      continue;
    }
    const before = existsSync(path) ? (JSON.parse(await readFile(path, "utf8")) as Record<string, number>) : {};
    for (const id of new Set([...Object.keys(before), ...Object.keys(sorted)]))
      if (before[id] !== sorted[id])
        problems.push(`${id}: ${before[id] ?? "unrecorded"} → ${sorted[id] ?? "gone"} gas`);
  }
  return { figures: `${count} operations`, problems };
}
