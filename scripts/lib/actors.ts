import { type Address, createWalletClient, custom, formatEther, type Hex, parseGwei } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { getBalance, getGasPrice, sendTransaction, waitForTransactionReceipt } from "viem/actions";
import { ChainProblem, type Connection } from "./chain.ts";
import type { Actor } from "./rain.ts";

/** Enough gas for everything one actor of a story does, the bot's season of reports included. */
const GAS_PER_ACTOR = 8_000_000n;
const GAS_OF_BOT = 25_000_000n;

export interface Actors {
  /** The account of the network's configuration. */
  readonly operator: Actor;
  /** Makes an account with a key of its own and enough funds for its part. */
  fund(name: string): Promise<Actor>;
  /** Sends what the actors have left back to the operator. */
  close(): Promise<void>;
}

/** The cast of a story: the operator, and accounts it funds. */
export async function createActors(connection: Connection): Promise<Actors> {
  const { viem } = connection;
  const client = await viem.getPublicClient();
  const [wallet] = await viem.getWalletClients();
  if (wallet === undefined) throw new ChainProblem(`network ${connection.networkName} has no account to send from`);
  const operator: Actor = { name: "Operator", client: wallet, address: wallet.account.address };
  const cast: Actor[] = [];

  return {
    operator,
    async fund(name) {
      const account = privateKeyToAccount(generatePrivateKey());
      const price = (await getGasPrice(client)) * 2n + parseGwei("0.01");
      const value = price * (name === "Bot" ? GAS_OF_BOT : GAS_PER_ACTOR);
      const balance = await getBalance(client, { address: operator.address });
      if (balance <= value) {
        throw new ChainProblem(
          `${operator.address} has ${formatEther(balance)} ether, ${name} needs ${formatEther(value)}. Send it more, then run again.`,
        );
      }
      await mined(
        await sendTransaction(wallet, { account: wallet.account, chain: wallet.chain, to: account.address, value }),
      );
      const actor: Actor = {
        name,
        address: account.address,
        client: createWalletClient({ account, chain: wallet.chain, transport: custom(connection.provider) }),
      };
      cast.push(actor);
      return actor;
    },
    async close() {
      for (const actor of cast) {
        const gas = 21_000n;
        const gasPrice = ((await getGasPrice(client)) * 12n) / 10n;
        const value = (await getBalance(client, { address: actor.address })) - gas * gasPrice;
        if (value > 0n) await giveBack(actor, operator.address, value, gas, gasPrice);
      }
    },
  };

  async function mined(hash: Hex): Promise<void> {
    await waitForTransactionReceipt(client, { hash, pollingInterval: 20 });
  }

  async function giveBack(actor: Actor, to: Address, value: bigint, gas: bigint, gasPrice: bigint): Promise<void> {
    const { client: from } = actor;
    await mined(
      await sendTransaction(from, { account: from.account, chain: from.chain ?? null, to, value, gas, gasPrice }),
    );
  }
}
