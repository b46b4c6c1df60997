import { heirLossAbi, willRegistryAbi } from "@publica/sdk/abi";
import { type Address, BaseError, ContractFunctionZeroDataError, type Hex, type PublicClient } from "viem";
import { requestFailure } from "../lib/chain.ts";
import { CliError } from "../lib/errors.ts";
import type { LoadedWill } from "./office.ts";

const [RELEASED, OPENED] = [4, 5];

/**
 * Refuses unless the will is released in the newest final block too: a chain that reorganises could undo the release, but
 * not what was shown because of it.
 */
export async function requireFinal(
  client: PublicClient,
  registry: Address,
  willId: Hex,
  latest: LoadedWill["will"]["state"],
): Promise<void> {
  if (latest !== "released" && latest !== "opened")
    throw new CliError(`the will is ${latest}, not released`, "publica will status tells what comes next.");
  const call = { address: registry, abi: willRegistryAbi, functionName: "stateOf", args: [willId] } as const;
  const state = await whenFinal(() => client.readContract({ ...call, blockTag: "finalized" }));
  if (state !== RELEASED && state !== OPENED) throw notFinal("the release");
}

/** The same for the confirmed loss of an heir, before a share of the escrow key is shown. */
export async function requireFinalLoss(client: PublicClient, heirLoss: Address, willId: Hex): Promise<void> {
  const call = { address: heirLoss, abi: heirLossAbi, functionName: "lossOf", args: [willId] } as const;
  const { confirmed: isConfirmed } = named(await client.readContract(call));
  if (!isConfirmed)
    throw new CliError("no heir's loss is confirmed", "An executor proposes it, guardians vote: publica will lost.");
  const final = await whenFinal(() => client.readContract({ ...call, blockTag: "finalized" }));
  if (final === undefined || !named(final).confirmed) throw notFinal("the heir's loss");
}

const named = ([heir, confirmAt, confirmed]: readonly [number, number, boolean, number]) => ({
  heir,
  confirmAt,
  confirmed,
});

function notFinal(what: string): CliError {
  return new CliError(`${what} is not final yet`, "Wait until its block is finalised, then try again.");
}

/** What the newest final block says; undefined when the contract was not there yet. */
async function whenFinal<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof BaseError && error.walk((cause) => cause instanceof ContractFunctionZeroDataError) !== null)
      return undefined;
    throw new CliError(
      `the endpoint does not say what is final (${requestFailure(error)})`,
      "Nothing was shown. Name with --rpc an endpoint that knows the block tag finalized, such as your own node.",
    );
  }
}
