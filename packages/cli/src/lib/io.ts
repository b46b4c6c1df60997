/** What a command needs of the process around it; tests pass their own. */
export interface Io {
  stdout(text: string): void;
  stderr(text: string): void;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** Asks for a secret without showing it; undefined where nobody is there to answer. */
  readonly askSecret: ((question: string) => Promise<string>) | undefined;
  /** Asks for a word in the open; undefined likewise. */
  readonly ask?: ((question: string) => Promise<string>) | undefined;
}

/** What a command found out: for programs, and for people. */
export interface Report {
  /** Printed by --json; bigint values become decimal strings. */
  readonly data: unknown;
  readonly text: string;
  /** Exit code: 1 when what was asked about is not as it should be, 3 when somebody must act in time. */
  readonly exitCode?: 0 | 1 | 3;
}

/** Prints a report as JSON or as text and sets the exit code. */
export function present(io: Io, json: boolean | undefined, report: Report): void {
  io.stdout(`${json ? toJson(report.data) : report.text}\n`);
  if (report.exitCode !== undefined && report.exitCode !== 0) throw new Finished(report.exitCode);
}

/** Ends a command that has said everything already. */
export class Finished extends Error {
  readonly exitCode: number;
  constructor(exitCode: number) {
    super("finished");
    this.exitCode = exitCode;
  }
}

/** JSON with decimal strings for bigint values. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) => (typeof item === "bigint" ? String(item) : item), 2);
}
