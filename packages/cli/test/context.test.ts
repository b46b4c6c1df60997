import { expect } from "chai";
import { type DeployedContext, firstBlockSince } from "../src/lib/context.ts";

/** A chain of blocks with these times, on which the contract was deployed in block `deployed`. */
function chain(times: readonly number[], deployed: number): DeployedContext {
  const client = {
    getBlockNumber: async () => BigInt(times.length - 1),
    getBlock: async ({ blockNumber }: { blockNumber: bigint }) => ({
      timestamp: BigInt(times[Number(blockNumber)] ?? 0),
    }),
  };
  const found = { deployment: { contracts: { Clock: { block: deployed } } } };
  return { client, found } as unknown as DeployedContext;
}

describe("the first block since a time", () => {
  it("is the first at or after it, from the deployment on; the newest when none is", async () => {
    const times = [0, 10, 20, 20, 35, 36, 50];
    for (const deployed of [0, 2, 4])
      for (let since = 0; since <= 60; since += 1) {
        const first = times.findIndex((time, block) => block >= deployed && time >= since);
        const expected = first < 0 ? times.length - 1 : first;
        expect(await firstBlockSince(chain(times, deployed), "Clock", since), `${deployed}, ${since}`).to.equal(
          BigInt(expected),
        );
      }
  });
});
