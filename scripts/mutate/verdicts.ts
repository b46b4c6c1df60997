// What was judged and when it counts no more: test/assurance/mutation.json, beside the explained survivors.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../lib/run.ts";
import { contractFiles } from "../lib/scratch.ts";
import { type Mutant, mutate } from "./mutations.ts";

/** Percent of its mutants that the tests of a file must kill. */
export const REQUIRED = 90;
export const SURVIVORS = join("test", "assurance", "survivors.json");
export const VERDICTS = join("test", "assurance", "mutation.json");

/** A mutant no test can kill or that is not worth one. `code` is the original text of the place. */
interface Explained {
  readonly file: string;
  readonly code: string;
  readonly mutation: string;
  readonly reason: string;
}

/** What the tests made of the mutants of one file. */
export interface Verdict {
  /** `fingerprint` of the text that was judged. */
  readonly hash: string;
  /** Those that compile. */
  readonly mutants: number;
  readonly stillborn: number;
  readonly alive: readonly Pick<Mutant, "id" | "mutation" | "code">[];
}

interface Figures {
  readonly killed: number;
  readonly explained: number;
  /** Percent; explained survivors are left out of the count. */
  readonly score: number;
}

/**
 * A digest of the words of a mutated source: comments and line breaks do not change it, a change of the contract or of
 * what the mutator does to it does.
 */
export function fingerprint(mutated: string): string {
  const words = mutated.match(/\/\/[^\n]*|\/\*[\s\S]*?\*\/|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|[\w$]+|[^\s\w$]/g);
  const code = (words ?? []).filter((word) => !word.startsWith("//") && !word.startsWith("/*"));
  return createHash("sha256").update(code.join(" ")).digest("hex");
}

export const isExplained = (
  file: string,
  { code, mutation }: Pick<Mutant, "mutation" | "code">,
  explained: readonly Explained[],
): boolean => explained.some((entry) => entry.file === file && entry.code === code && entry.mutation === mutation);

/** Survivors of `verdict` that nobody has explained. */
export function unexplained(file: string, { alive }: Verdict, explained: readonly Explained[]): Verdict["alive"] {
  return alive.filter((mutant) => !isExplained(file, mutant, explained));
}

export function figuresOf(file: string, verdict: Verdict, explained: readonly Explained[]): Figures {
  const killed = verdict.mutants - verdict.alive.length;
  const open = unexplained(file, verdict, explained).length;
  const score = killed + open === 0 ? 100 : (100 * killed) / (killed + open);
  return { killed, explained: verdict.alive.length - open, score };
}

/** `before`, in which only the mutants of `judged` were judged again: of these, those in `alive` are left. */
export function amend(before: Verdict, judged: ReadonlySet<number>, alive: ReadonlySet<number>): Verdict {
  return { ...before, alive: before.alive.filter(({ id }) => !judged.has(id) || alive.has(id)) };
}

/** A contract file as it is now, with the verdict that still speaks of it. */
export interface Surveyed {
  readonly file: string;
  readonly content: string;
  readonly hash: string;
  /** All of them, numbered from 1. */
  readonly mutants: readonly Mutant[];
  readonly verdict: Verdict | undefined;
}

/** `verdicts` by path from the top folder; one of another text than `content` does not count. */
export function surveyFile(file: string, content: string, verdicts: ReadonlyMap<string, Verdict>): Surveyed {
  const { text, mutants } = mutate(file, content, () => true);
  const hash = fingerprint(text);
  const recorded = verdicts.get(file);
  return { file, content, hash, mutants, verdict: recorded?.hash === hash ? recorded : undefined };
}

/** No verdict speaks of it as it is. What has no mutants needs none. */
export const isStale = ({ mutants, verdict }: Surveyed): boolean => mutants.length > 0 && verdict === undefined;

/** Files that can be mutated. */
export const mutableFiles = (): string[] => contractFiles().filter((file) => !/[\\/]interfaces[\\/]/.test(file));

export function survey(files: readonly string[] = mutableFiles()): Surveyed[] {
  const verdicts = readVerdicts();
  return files.map((file) => surveyFile(file, readFileSync(join(ROOT, file), "utf8"), verdicts));
}

function readRecord<T>(path: string, empty: T): T {
  return existsSync(join(ROOT, path)) ? (JSON.parse(readFileSync(join(ROOT, path), "utf8")) as T) : empty;
}

export const readExplained = (): Explained[] => readRecord<Explained[]>(SURVIVORS, []);

export function readVerdicts(): Map<string, Verdict> {
  return new Map(Object.entries(readRecord<Record<string, Verdict>>(VERDICTS, {})));
}

/** Writes `verdicts` with their figures, of files that still exist. Not asynchronous: an interruption finds a whole record. */
export function writeVerdicts(verdicts: ReadonlyMap<string, Verdict>): void {
  const explained = readExplained();
  const record = Object.fromEntries(
    [...verdicts]
      .filter(([file]) => existsSync(join(ROOT, file)))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([file, verdict]) => {
        const { hash, mutants, stillborn, alive } = verdict;
        const { killed, explained: excused, score } = figuresOf(file, verdict, explained);
        return [
          file,
          { hash, mutants, killed, explained: excused, stillborn, score: Math.round(score * 10) / 10, alive },
        ];
      }),
  );
  writeFileSync(join(ROOT, VERDICTS), `${JSON.stringify(record, null, 2)}\n`);
}

/** One line for people: how many files have a verdict that still speaks of them. */
export function freshness(files: readonly Surveyed[]): string {
  const mutated = files.filter(({ mutants }) => mutants.length > 0);
  const stale = mutated.filter(isStale).length;
  return `${mutated.length - stale} mutation verdicts fresh, ${stale} stale`;
}
