// Puts the mutants of many files into a scratch copy at once, without those the compiler refuses.
import { existsSync, readFileSync } from "node:fs";
import { readdir, readFile, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { ROOT } from "../lib/run.ts";
import type { Scratch } from "../lib/scratch.ts";
import { compile, parse, type SolcMessage, walk } from "../lib/solidity.ts";
import { type Mutant, mutate } from "./mutations.ts";
import { LIBRARY_SOURCE } from "./switch.ts";

/** Where the library with the switches lies. */
export const LIBRARY = join("contracts", "Mutants.sol");

export interface Target {
  readonly file: string;
  readonly content: string;
  /** Number of the file's first mutant. */
  readonly first: number;
  wanted(mutant: Mutant): boolean;
}

export interface ContractFile {
  readonly text: string;
  /** Files it imports by relative path. */
  readonly imports: readonly string[];
  /** Contracts it defines. */
  readonly contracts: readonly string[];
}

/** The contracts folder, mocks included. */
export async function readContracts(): Promise<Map<string, ContractFile>> {
  const files = new Map<string, ContractFile>();
  for (const entry of await readdir(join(ROOT, "contracts"), { recursive: true })) {
    const file = join("contracts", entry);
    if (!file.endsWith(".sol")) continue;
    const text = await readFile(join(ROOT, file), "utf8");
    const nodes = [...walk(parse(text))];
    const imports = nodes
      .filter(({ nodeType, file: path }) => nodeType === "ImportDirective" && String(path).startsWith("."))
      .map(({ file: path }) => join(dirname(file), String(path)));
    const contracts = nodes.filter(({ nodeType }) => nodeType === "ContractDefinition").map(({ name }) => String(name));
    files.set(file, { text, imports, contracts });
  }
  return files;
}

/** Leaves in the scratch copy only the Solidity files that the tests need, so that little is compiled. */
export async function prune(
  scratch: Scratch,
  tests: { readonly solidity: readonly string[]; readonly mocha: readonly string[] },
  files: ReadonlyMap<string, ContractFile>,
): Promise<void> {
  const texts = new Map<string, string>();
  const read = async (path: string): Promise<void> => {
    if (texts.has(path) || path.startsWith("packages") || !existsSync(join(ROOT, path))) return;
    const text = await readFile(join(ROOT, path), "utf8");
    texts.set(path, text);
    for (const [, imported = ""] of text.matchAll(/(?:from|import) "(\.[^"]+)"/g))
      await read(join(dirname(path), imported));
  };
  for (const test of [...tests.solidity, ...tests.mocha]) await read(test);
  // TypeScript speaks of a contract by its name.
  const words = new Set([...texts.values()].join("\n").replaceAll("__factory", "").match(/\w+/g));
  for (const [file, { contracts }] of files) if (contracts.some((name) => words.has(name))) await read(file);
  for (const base of ["contracts", "test"])
    for (const entry of await readdir(join(scratch.folder, base), { recursive: true }))
      if (entry.endsWith(".sol") && !texts.has(join(base, entry)) && join(base, entry) !== LIBRARY)
        await rm(join(scratch.folder, base, entry));
}

/** `file` and every contract file that is made of it, directly or not. */
export function dependents(file: string, files: ReadonlyMap<string, ContractFile>): Set<string> {
  const found = new Set([file]);
  for (let size = 0; size !== found.size;) {
    size = found.size;
    for (const [other, { imports }] of files) if (imports.some((path) => found.has(path))) found.add(other);
  }
  return found;
}

/**
 * The switches at fault: the one an ill-typed place begins with or follows, all in a constant's value, the last two where the
 * stack is too deep.
 */
function culprits({ sourceLocation, message }: SolcMessage, texts: ReadonlyMap<string, string>): number[] {
  if (sourceLocation === undefined) return [];
  const bytes = Buffer.from(texts.get(sourceLocation.file) ?? "");
  const { start, end } = sourceLocation;
  const marks = (text: string): number[] => [...text.matchAll(/Mutants\.on\((\d+)\)/g)].map(([, id]) => Number(id));
  if (/stack too deep/i.test(message)) return marks(bytes.subarray(0, end).toString()).slice(-2);
  if (/compile-time constant/.test(message)) return marks(bytes.subarray(start, end).toString());
  const own = /^\(*Mutants\.on\((\d+)\)/.exec(bytes.subarray(start, end).toString());
  return own === null ? marks(bytes.subarray(0, start).toString()).slice(-1) : [Number(own[1])];
}

/**
 * Writes the mutated files and the library; returns the mutants that compile. Every contract that
 * a mutated file is part of is compiled for it alone, which tells a function with too many switches for the stack.
 */
export async function embed(
  scratch: Scratch,
  targets: readonly Target[],
  files: ReadonlyMap<string, ContractFile>,
  progress: (text: string) => void,
): Promise<Map<string, readonly Mutant[]>> {
  const refusedIds = new Set<number>();
  const texts = new Map<string, string>([[LIBRARY, LIBRARY_SOURCE]]);
  const mutants = new Map<string, readonly Mutant[]>();
  const render = ({ file, content, first, wanted }: Target): void => {
    const result = mutate(file, content, (mutant) => !refusedIds.has(mutant.id) && wanted(mutant), first);
    texts.set(file, result.text);
    mutants.set(file, result.mutants);
  };
  for (const target of targets) render(target);

  const original = (path: string): string | undefined => {
    const file = join(ROOT, "node_modules", path);
    return files.get(path)?.text ?? (existsSync(file) ? readFileSync(file, "utf8") : undefined);
  };
  const readImport = (path: string): { contents: string } | { error: string } => {
    const contents = texts.get(path) ?? original(path);
    return contents === undefined ? { error: `${path} is not there` } : { contents };
  };

  const users = new Set(targets.flatMap(({ file }) => [...dependents(file, files)]));
  for (const user of users) {
    progress(`compiling the mutants of ${basename(user, ".sol")}`);
    for (;;) {
      const output = compile<object>(
        {
          language: "Solidity",
          sources: { [user]: { content: texts.get(user) ?? original(user) ?? "" } },
          settings: {
            evmVersion: "cancun",
            optimizer: { enabled: true, runs: 200 },
            outputSelection: { [user]: { "*": ["evm.bytecode.object"] } },
          },
        },
        readImport,
      );
      const errors = (output.errors ?? []).filter(({ severity }) => severity === "error");
      if (errors.length === 0) break;
      const before = refusedIds.size;
      for (const error of errors) for (const id of culprits(error, texts)) refusedIds.add(id);
      if (refusedIds.size === before)
        throw new Error(`the mutants of ${user} do not compile:\n${errors[0]?.formattedMessage}`);
      for (const target of targets) render(target);
    }
  }
  for (const [file, text] of texts) await scratch.write(file, text);
  return mutants;
}
