// npm run story -- NAME: one scenario told step by step on a local chain.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "./lib/run.ts";
import { command, UsageError } from "./lib/usage.ts";

const stories = readdirSync(join(ROOT, "scripts", "stories"))
  .filter((file) => file.endsWith(".ts"))
  .map((file) => file.slice(0, -3))
  .sort();

const USAGE = `Usage: npm run story -- NAME [options of the story]

Stories: ${stories.join(", ")}. Each prints what it does, and --help says what it can vary.

Example: npm run story -- ${stories[0] ?? "insurance"}`;

/** What every file in scripts/stories exports. */
interface Story {
  run(args: readonly string[]): Promise<void>;
}

await command(USAGE, async () => {
  const [name, ...args] = process.argv.slice(2);
  if (name === "--help" || name === "-h") console.log(USAGE);
  else if (name === undefined) throw new UsageError("which story?");
  else if (!stories.includes(name)) throw new UsageError(`there is no story ${name}`);
  else await ((await import(`./stories/${name}.ts`)) as Story).run(args);
  return 0;
});
