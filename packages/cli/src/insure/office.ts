import { addressOf, decoded, type WriteClient } from "@publica/sdk";
import { getPool, type GetPoolReturnType } from "@publica/sdk/insurance";
import { testTokenAbi } from "@publica/sdk/abi";
import type { Address, Hash } from "viem";
import { writeContract } from "viem/actions";
import type { DeployedContext } from "../lib/context.ts";
import type { Step } from "../lib/sending.ts";
import { money, readToken, type Token } from "../lib/tokens.ts";

/** The insurance contracts of a deployment. */
export interface Office {
  readonly context: DeployedContext;
  readonly book: Address;
}

export function officeOf(context: DeployedContext): Office {
  const { deployment } = context.found;
  return { context, book: addressOf(deployment, "PolicyBook") };
}

/** A pool with the currency it works in. */
export interface OpenPool extends GetPoolReturnType {
  readonly address: Address;
  readonly token: Token;
}

/** The pool named, or the deployment's own. */
export async function openPool({ context }: Office, named?: Address): Promise<OpenPool> {
  const address = named ?? addressOf(context.found.deployment, "UnderwritingPool");
  const pool = await getPool(context.client, { pool: address });
  return { ...pool, address, token: await readToken(context.client, pool.asset) };
}

export interface Holdings {
  readonly balance: bigint;
  readonly allowance: bigint;
}

/** What an account has of a token, and what of it a spender may take. */
export async function holdings({ context }: Office, token: Token, owner: Address, spender: Address): Promise<Holdings> {
  const call = { address: token.address, abi: testTokenAbi } as const;
  const [balance, allowance] = await Promise.all([
    context.client.readContract({ ...call, functionName: "balanceOf", args: [owner] }),
    context.client.readContract({ ...call, functionName: "allowance", args: [owner, spender] }),
  ]);
  return { balance, allowance };
}

/** Allows a spender exactly the amount, in the token's own terms. */
export function approval(token: Token, spender: Address, amount: bigint, forWhom: string): Step {
  return {
    what: `approve ${money(amount, token)} for ${forWhom}`,
    send: (client: WriteClient): Promise<Hash> =>
      decoded(() =>
        writeContract(client, {
          address: token.address,
          abi: testTokenAbi,
          functionName: "approve",
          args: [spender, amount],
          account: client.account,
          chain: client.chain ?? null,
        }),
      ),
  };
}
