import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createPublicClient, custom, toHex } from "viem";
import { inRanges } from "../../src/foundation/eventRanges.ts";

const at = (block: bigint) =>
  createPublicClient({ transport: custom({ request: async () => toHex(block) }, { retryCount: 0 }) });

/** An endpoint that gives the events of at most `most` blocks; every thousandth block has one, named by its number. */
function endpoint(most: bigint) {
  const asked: [bigint, bigint][] = [];
  const read = async ({ fromBlock, toBlock }: { fromBlock: bigint; toBlock: bigint }): Promise<bigint[]> => {
    asked.push([fromBlock, toBlock]);
    if (toBlock - fromBlock + 1n > most) throw new Error("block range is too wide");
    const found: bigint[] = [];
    for (let block = fromBlock; block <= toBlock; block += 1n) if (block % 1_000n === 0n) found.push(block);
    return found;
  };
  return { asked, read };
}

describe("events of a long time", () => {
  it("are read at once where the endpoint allows it", async () => {
    const { asked, read } = endpoint(100_000n);
    assert.deepEqual(await inRanges(at(2_500n), 500n, read), [1_000n, 2_000n]);
    assert.deepEqual(asked, [[500n, 2_500n]]);
  });

  it("are read in halves where the range is too wide: each block once, in order", async () => {
    const { asked, read } = endpoint(700n);
    assert.deepEqual(await inRanges(at(10_000n), 1n, read), [
      1_000n,
      2_000n,
      3_000n,
      4_000n,
      5_000n,
      6_000n,
      7_000n,
      8_000n,
      9_000n,
      10_000n,
    ]);
    const pieces = asked.filter(([from, to]) => to - from + 1n <= 700n).sort(([a], [b]) => (a < b ? -1 : 1));
    assert.equal(pieces[0]?.[0], 1n);
    assert.equal(pieces.at(-1)?.[1], 10_000n);
    for (const [index, [from]] of pieces.entries())
      if (index > 0) assert.equal(from, (pieces[index - 1]?.[1] ?? 0n) + 1n);
  });

  it("an endpoint that refuses a few blocks too is taken at its word", async () => {
    await assert.rejects(inRanges(at(10_000n), 0n, endpoint(10n).read), /block range is too wide/);
  });

  it("nothing is asked about blocks that are not there yet", async () => {
    const { asked, read } = endpoint(100n);
    assert.deepEqual(await inRanges(at(7n), 8n, read), []);
    assert.deepEqual(asked, []);
  });

  it("whoever reads events reads them so: no endpoint gives the whole of a chain's life at once", () => {
    const root = fileURLToPath(new URL("../../../..", import.meta.url));
    const files = ["packages/sdk/src", "packages/cli/src", "scripts/lib"].flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true }).map((file) => join(root, folder, String(file))),
    );
    const readers = files.filter((file) => file.endsWith(".ts") && /\b(getContractEvents|getLogs)\(/.test(text(file)));
    assert.ok(readers.length > 5);
    assert.deepEqual(
      readers.filter((file) => !/\binRanges\(/.test(text(file))),
      [],
    );
  });
});

const text = (file: string): string => readFileSync(file, "utf8");
