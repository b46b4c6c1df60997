// What `publica inspect tx` makes of everything that happened on a chain: a test of a scenario ends with it.
import { expect } from "chai";
import { createPublicClient, type Hash, http } from "viem";
import { publica } from "../../packages/cli/test/harness.ts";

interface Inspected {
  readonly contract?: string;
  readonly input: string;
  readonly call?: { readonly contract: string; readonly name: string; readonly certain: boolean };
  readonly events: readonly { readonly contract?: string; readonly name?: string }[];
}

/** Inspects each transaction of the chain; all calls to contracts and all events must be told by name. Returns the names. */
export async function inspectedNames(url: string, deployment: string): Promise<Set<string>> {
  const client = createPublicClient({ transport: http(url) });
  const hashes: Hash[] = [];
  for (let number = await client.getBlockNumber(); number > 0n; number--)
    hashes.push(...(await client.getBlock({ blockNumber: number })).transactions);
  const names = new Set<string>();
  for (const hash of hashes) {
    const { code, stdout, stderr } = await publica(
      ["inspect", "tx", hash, "--json", "--rpc", url, "--deployment", deployment],
      {},
    );
    expect(code, stderr).to.equal(0);
    const { contract, input, call, events } = JSON.parse(stdout) as Inspected;
    if (contract !== undefined && input !== "0x") {
      expect(call, `the call of ${contract} in ${hash}`).to.include({ contract, certain: true });
      names.add(`${contract}.${call?.name}`);
    }
    for (const event of events) {
      expect(event.name, `an event in ${hash}`).to.be.a("string");
      names.add(`${event.contract}.${event.name}`);
    }
  }
  return names;
}
