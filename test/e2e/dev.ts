import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { addressOf, parseDeployment, tryReadFeed } from "@publica/sdk";
import { expect } from "chai";
import { createPublicClient, http } from "viem";
import { runScript } from "../utils/process.ts";

const ROOT = join(fileURLToPath(new URL(".", import.meta.url)), "..", "..");

describe("npm run dev", function () {
  // Only a limit against hanging, far above what a busy machine needs.
  this.timeout(1_200_000);

  it("keeps a chain, an oracle node and a fed feed until Ctrl-C, then closes all and exits with 0", async () => {
    const child = spawn(process.execPath, [join(ROOT, "scripts", "dev.ts"), "--every", "1"], {
      cwd: ROOT,
      env: { ...process.env, NO_COLOR: "1", FORCE_COLOR: "0" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    child.stderr.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
    const closed = new Promise<number | null>((resolve) => child.on("close", resolve));
    await new Promise<void>((resolve, reject) => {
      child.stdout.on("data", (chunk: Buffer) => {
        output += chunk.toString();
        if (output.includes("Ctrl-C stops everything")) resolve();
      });
      child.on("close", () => reject(new Error(output)));
    });

    try {
      const url = /at (http:\/\/127\.0\.0\.1:\d+)/.exec(output)?.[1];
      const feed = /live feed (0x[0-9a-f]{64})/.exec(output)?.[1] as `0x${string}`;
      const client = createPublicClient({ transport: http(url) });
      const deployment = parseDeployment(
        readFileSync(join(ROOT, "deploy", "deployments", "dev", "addresses.json"), "utf8"),
      );
      const address = addressOf(deployment, "SensorFeeds");
      const latest = async (): Promise<number> => (await tryReadFeed(client, { address, feed })).round?.round ?? 0;
      const seen = await latest();
      for (let i = 0; i < 3_000 && (await latest()) <= seen + 1; i++)
        await new Promise((resolve) => setTimeout(resolve, 200));
      expect(await latest()).to.be.greaterThan(seen + 1);

      child.kill("SIGINT");
      expect(await closed, output).to.equal(0);
      expect(output).to.contain("stopped: node and chain are closed");
      const answer = await fetch(url ?? "", { method: "POST", body: "{}" }).then(
        () => "still there",
        () => "gone",
      );
      expect(answer).to.equal("gone");
    } finally {
      child.kill("SIGKILL");
    }
  });

  it("answers a wrong flag with its usage and exit code 2", async () => {
    for (const args of [["--every", "0"], ["--every", "soon"], ["--nope"]]) {
      const { code, stderr } = await runScript("dev.ts", args);
      expect(code).to.equal(2);
      expect(stderr).to.contain("Usage: npm run dev");
    }
  });
});
