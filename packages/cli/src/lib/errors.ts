/** Something is not as the command needs it: one sentence, and what to do. Exit code 1. */
export class CliError extends Error {
  readonly remedy: string;
  constructor(message: string, remedy: string) {
    super(message);
    this.remedy = remedy;
  }
}

/** The command was called wrongly. Exit code 2. */
export class UsageError extends Error {}
