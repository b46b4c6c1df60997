// npm run lint (checks) and npm run format (fixes): one table of verdicts.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import pc from "picocolors";
import { build } from "./build.ts";
import { table } from "./lib/console.ts";
import { binary, ROOT, runNode } from "./lib/run.ts";
import { command } from "./lib/usage.ts";

const USAGE = `Usage: npm run lint            check formatting, Solidity rules, TypeScript rules and types
       npm run format          fix what can be fixed

Example: npm run format`;

/** What it is called, what is run, with which arguments. */
type Step = [name: string, script: string, args: string[]];

await command(USAGE, async () => {
  const { values } = parseArgs({ options: { fix: { type: "boolean" }, help: { type: "boolean", short: "h" } } });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const steps: Step[] = [
    ["prettier", binary("prettier", "prettier"), [values.fix ? "--write" : "--check", "--log-level", "warn", "."]],
    [
      "biome",
      binary("@biomejs/biome", "biome"),
      ["lint", ...(values.fix ? ["--write"] : []), "--error-on-warnings", "."],
    ],
  ];
  // The types take as long as the rest, so each has a core.
  const lanes = [steps];
  if (!values.fix) {
    steps.push(["solhint", binary("solhint", "solhint"), ["--max-warnings", "0", "contracts/**/*.sol"]]);
    lanes.push([["typescript", binary("typescript", "tsc"), ["-p", "tsconfig.json"]]]);
    // The types of the contracts come from a build.
    if (!existsSync(join(ROOT, "typechain-types"))) await build("production");
  }
  let broken = 0;
  const rows = await Promise.all(
    lanes.map(async (lane) => {
      const verdicts: string[][] = [];
      for (const [name, script, args] of lane) {
        const started = Date.now();
        const { code, output } = await runNode(script, args, { echo: false });
        process.stdout.write(output);
        if (code !== 0) broken += 1;
        const time = `${((Date.now() - started) / 1000).toFixed(1)} s`;
        verdicts.push([name, time, code === 0 ? pc.green("clean") : pc.red("see above")]);
      }
      return verdicts;
    }),
  );
  console.log(table(["check", "time", "verdict"], rows.flat(), [1]));
  return broken === 0 ? 0 : 1;
});
