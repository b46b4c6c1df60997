// What the contracts declare, read from the compiler's own syntax trees.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { ROOT } from "../lib/run.ts";
import { contractFiles } from "../lib/scratch.ts";
import { parse, walk } from "../lib/solidity.ts";

interface Declaration {
  readonly kind: "contract" | "error" | "event";
  readonly name: string;
  /** Path from the top folder. */
  readonly file: string;
}

const KINDS: Readonly<Record<string, Declaration["kind"]>> = {
  ContractDefinition: "contract",
  ErrorDefinition: "error",
  EventDefinition: "event",
};

/** Contracts, errors and events declared in contracts/ (mocks left out), in the order of the files. */
async function readDeclarations(): Promise<Declaration[]> {
  const found: Declaration[] = [];
  for (const file of contractFiles())
    for (const node of walk(parse(await readFile(join(ROOT, file), "utf8")))) {
      const kind = KINDS[node.nodeType];
      if (kind !== undefined) found.push({ kind, name: String(node.name), file });
    }
  return found;
}

async function testSources(): Promise<string> {
  const texts: string[] = [];
  for (const base of [
    "test",
    ...(await readdir(join(ROOT, "packages"))).map((name) => join("packages", name, "test")),
  ]) {
    const entries = await readdir(join(ROOT, base), { recursive: true }).catch(() => []);
    for (const entry of entries)
      if (/\.(ts|sol)$/.test(entry)) texts.push(await readFile(join(ROOT, base, entry), "utf8"));
  }
  // A mention in a comment proves nothing.
  return texts.join("\n").replace(/\/\*[\s\S]*?\*\/|(?<![:"'])\/\/.*$/gm, "");
}

/** Errors no test provokes by name, events no test asserts by name, names that stand twice. */
export async function checkDeclarations(): Promise<{ figures: string; problems: string[] }> {
  const declarations = await readDeclarations();
  const tests = await testSources();
  const problems: string[] = [];
  const used = (name: string): boolean =>
    new RegExp(`["'\`]${name}["'\`]|\\b${name}\\.selector\\b|\\bemit [\\w.]*\\b${name}\\(|filters\\.${name}\\b`).test(
      tests,
    );
  const seen = new Map<string, Declaration>();
  let [errors, events] = [0, 0];
  for (const declaration of declarations) {
    const { kind, name, file } = declaration;
    const twin = seen.get(`${kind} ${name}`);
    if (twin !== undefined) problems.push(`${file}: ${kind} ${name} stands in ${twin.file} too`);
    seen.set(`${kind} ${name}`, declaration);
    if (kind === "error") errors += 1;
    if (kind === "event") events += 1;
    if (kind === "error" && !used(name)) problems.push(`${file}: no test provokes error ${name}`);
    if (kind === "event" && !used(name)) problems.push(`${file}: no test asserts event ${name}`);
  }
  return { figures: `${errors} errors, ${events} events, ${seen.size} names`, problems };
}
