import { type Address, getAddress, type Hex, type PublicClient } from "viem";
import { recognise } from "./abi.ts";
import { type Connection, connect } from "./chain.ts";
import { type FoundDeployment, findDeployment, nameIn, requireDeployment } from "./deployment.ts";
import type { Io } from "./io.ts";
import type { ChainOptions } from "./options.ts";

/** A chain and what of the suite stands there. */
export interface ChainContext extends Connection {
  readonly found: FoundDeployment | undefined;
  /** The contract's name in the deployment, or what it was recognised as. */
  nameOf(address: Address): string | undefined;
  /** Looks at the code of addresses the deployment does not name, so that `nameOf` knows pools, vaults and other deployments. */
  recognise(addresses: readonly Address[]): Promise<void>;
  /** `0x… (PolicyBook)`, or the address alone. */
  label(address: Address): string;
}

export interface DeployedContext extends ChainContext {
  readonly found: FoundDeployment;
}

function context<T extends FoundDeployment | undefined>(connection: Connection, found: T) {
  const recognised = new Map<Address, string | undefined>();
  const nameOf = (address: Address): string | undefined =>
    nameIn(found?.deployment, address) ?? recognised.get(getAddress(address));
  const codeOf = async (address: Address): Promise<Hex> => (await connection.client.getCode({ address })) ?? "0x";
  const lookAt = async (address: Address): Promise<string | undefined> => {
    const code = await codeOf(address);
    const behind = proxied(code);
    return recognise(behind === undefined ? code : await codeOf(behind));
  };
  const label = (address: Address): string => {
    const name = nameOf(address);
    return name === undefined ? address : `${address} (${name})`;
  };
  return {
    ...connection,
    found,
    nameOf,
    label,
    async recognise(addresses: readonly Address[]) {
      const unknown = new Set(addresses.map((address) => getAddress(address)).filter((address) => !nameOf(address)));
      await Promise.all([...unknown].map(async (address) => recognised.set(address, await lookAt(address))));
    },
  };
}

/** The contract a minimal proxy (EIP-1167, also with arguments behind) hands everything to. */
export function proxied(code: Hex): Address | undefined {
  const [, behind] = /^0x363d3d373d3d3d363d73([0-9a-f]{40})5af43d82803e903d91602b57fd5bf3/.exec(code) ?? [];
  return behind === undefined ? undefined : `0x${behind}`;
}

/** Connects; a deployment is used where there is one. */
export async function chainContext(io: Io, options: ChainOptions): Promise<ChainContext> {
  const connection = await connect(options.rpc);
  return context(connection, findDeployment(io, connection.chainId, options.deployment));
}

/** Connects to a chain with a deployment on it. */
export async function deployedContext(io: Io, options: ChainOptions): Promise<DeployedContext> {
  const connection = await connect(options.rpc);
  return context(connection, requireDeployment(io, connection.chainId, options.deployment));
}

/** Time of the latest block: the chain's idea of now. */
export async function chainNow(client: PublicClient): Promise<number> {
  return Number((await client.getBlock()).timestamp);
}

/** The block from which a contract's events are worth reading. */
export function firstBlock({ found }: DeployedContext, contract: string): bigint {
  return BigInt(found.deployment.contracts[contract]?.block ?? 0);
}

/** The first block at or after `since` (unix seconds) and the contract's deployment, found by the blocks' own times. */
export async function firstBlockSince(context: DeployedContext, contract: string, since: number): Promise<bigint> {
  let low = firstBlock(context, contract);
  let high = await context.client.getBlockNumber({ cacheTime: 0 });
  while (low < high) {
    const middle = low + (high - low) / 2n;
    const { timestamp } = await context.client.getBlock({ blockNumber: middle });
    if (timestamp < BigInt(since)) low = middle + 1n;
    else high = middle;
  }
  return low;
}
