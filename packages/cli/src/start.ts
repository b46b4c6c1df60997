// What bin/publica.cjs loads: the command with this process around it.
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { main } from "./main.ts";

/** Asks on the terminal; what is typed is not shown. */
async function askSecret(question: string): Promise<string> {
  process.stderr.write(question);
  const silence = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: silence, terminal: true });
  // Ctrl-C and Ctrl-D end the question, and with it the command.
  const answer = await new Promise<string>((resolve) => {
    terminal.once("close", () => resolve(""));
    terminal.question("").then(resolve, () => resolve(""));
  });
  terminal.close();
  process.stderr.write("\n");
  return answer;
}

/** Asks on the terminal, in the open; Ctrl-C and Ctrl-D answer nothing. */
async function ask(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr, terminal: true });
  const answer = await new Promise<string>((resolve) => {
    terminal.once("close", () => resolve(""));
    terminal.question(question).then(resolve, () => resolve(""));
  });
  terminal.close();
  return answer;
}

// Whoever reads only the first lines (publica … | head) closes the pipe; that is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  throw error;
});

void main(process.argv.slice(2), {
  stdout: (text) => process.stdout.write(text),
  stderr: (text) => process.stderr.write(text),
  env: process.env,
  cwd: process.cwd(),
  askSecret: process.stdin.isTTY ? askSecret : undefined,
  ask: process.stdin.isTTY ? ask : undefined,
}).then((code) => {
  process.exitCode = code;
});
