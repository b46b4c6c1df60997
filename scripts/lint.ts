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

await command(USAGE, async () => {
  const { values } = parseArgs({ options: { fix: { type: "boolean" }, help: { type: "boolean", short: "h" } } });
  if (values.help) {
    console.log(USAGE);
    return 0;
  }
  const steps: [string, string, string[]][] = [
    ["prettier", binary("prettier", "prettier"), [values.fix ? "--write" : "--check", "--log-level", "warn", "."]],
    [
      "biome",
      binary("@biomejs/biome", "biome"),
      ["lint", ...(values.fix ? ["--write"] : []), "--error-on-warnings", "."],
    ],
  ];
  if (!values.fix) {
    steps.push(["solhint", binary("solhint", "solhint"), ["--max-warnings", "0", "contracts/**/*.sol"]]);
    steps.push(["typescript", binary("typescript", "tsc"), ["-p", "tsconfig.json"]]);
    // The types of the contracts come from a build.
    if (!existsSync(join(ROOT, "artifacts/artifacts.d.ts"))) await build("production");
  }
  const rows: string[][] = [];
  let broken = 0;
  for (const [name, script, args] of steps) {
    const started = Date.now();
    const { code } = await runNode(script, args);
    if (code !== 0) broken += 1;
    rows.push([
      name,
      `${((Date.now() - started) / 1000).toFixed(1)} s`,
      code === 0 ? pc.green("clean") : pc.red("see above"),
    ]);
  }
  console.log(table(["check", "time", "verdict"], rows, [1]));
  return broken === 0 ? 0 : 1;
});
