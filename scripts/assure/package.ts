// The TypeScript side of the ladder: dead code, the published package, what it weighs.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packStaged, STAGE, stagePackage } from "../lib/package.ts";
import { ROOT, runNode } from "../lib/run.ts";
import { area } from "../bench/sdk.ts";
import type { Bench, Row } from "../bench/harness.ts";
import { toolSet } from "../lib/tools.ts";

/** Runs knip, publint and are-the-types-wrong, and compares the bundle sizes with their budgets. */
export async function checkPackage(): Promise<{ figures: string; problems: string[] }> {
  const tools = await toolSet("quality");
  const folder = await mkdtemp(join(tmpdir(), "publica-quality-"));
  const problems: string[] = [];
  const check = async (name: string, path: string, args: readonly string[]): Promise<void> => {
    const { code, output } = await runNode(join(tools, path), args, { echo: false, env: { NO_COLOR: "1" } });
    if (code !== 0) problems.push(`${name}:`, ...output.trim().split("\n").slice(-40));
  };
  try {
    await check("knip", join("knip", "bin", "knip.js"), ["--config", join(ROOT, "scripts", "assure", "knip.json")]);
    await stagePackage();
    const packed = await packStaged(folder);
    await check("publint", join("publint", "src", "cli.js"), ["run", STAGE, "--strict"]);
    await check("are-the-types-wrong", join("@arethetypeswrong", "cli", "dist", "index.js"), [
      packed.path,
      "--profile",
      "esm-only",
      "--no-color",
      "--exclude-entrypoints",
      "./contracts/*",
      "./addresses.json",
    ]);
    const rows: Row[] = [];
    // The sizes need no chain.
    const meter: Pick<Bench, "record"> = { record: (row) => void rows.push(row) };
    await area.run(meter as Bench);
    for (const { id, value, peer } of rows) {
      const budget = area.budgets[id];
      if (peer === undefined && budget !== undefined && value > budget)
        problems.push(`${id}: ${value} bytes, more than ${budget}`);
    }
    const one = rows.find(({ id, peer }) => id === "sdk.bundle.oneRead" && peer === undefined)?.value ?? 0;
    return { figures: `one read ${one} B gzip, packed ${packed.bytes} B, ${packed.files} files`, problems };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
