import { stripVTControlCharacters } from "node:util";
import type { Io } from "../src/lib/io.ts";
import { main } from "../src/main.ts";

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command line in this process and collects what it says, without colours. */
export async function publica(args: readonly string[], around: Partial<Io> = {}): Promise<Finished> {
  let stdout = "";
  let stderr = "";
  const code = await main(args, {
    env: {},
    cwd: process.cwd(),
    askSecret: undefined,
    ...around,
    stdout: (text) => {
      stdout += stripVTControlCharacters(text);
    },
    stderr: (text) => {
      stderr += stripVTControlCharacters(text);
    },
  });
  return { code, stdout, stderr };
}
