import { type Address, createWalletClient, type Hex, http, numberToHex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { foundry } from "viem/chains";
import { type Anvil, receiptOf, RICH_KEY } from "./anvil.ts";

/**
 * The smallest contract that can tell how often something arrived: `call(id)` logs the id the first time and reverts
 * every further time, as a feed does with a round it has already.
 *
 *   id := calldata[0]; if (sload(id) != 0) revert; sstore(id, 1); log1(id)
 */
const RUNTIME = "5f35805460115760018155" + "5f5fa1000000" + "5b5f5ffd";
const INIT: Hex = `0x60158060095f395ff3${RUNTIME}`;

export const idOf = (number: number): Hex => numberToHex(number, { size: 32 });

export async function deployLedger(anvil: Anvil, key: Hex = RICH_KEY): Promise<Address> {
  const wallet = createWalletClient({
    account: privateKeyToAccount(key),
    chain: foundry,
    transport: http(anvil.url, { timeout: 120_000 }),
  });
  const hash = await wallet.sendTransaction({ data: INIT });
  await anvil.rpc("anvil_mine", "0x1");
  return (await receiptOf<{ contractAddress: Address }>(anvil, hash)).contractAddress;
}

/** The ids that arrived, in order. */
export async function arrived(anvil: Anvil, ledger: Address): Promise<Hex[]> {
  const logs = await anvil.rpc<{ topics: [Hex] }[]>("eth_getLogs", { address: ledger, fromBlock: "0x0" });
  return logs.map(({ topics }) => topics[0]);
}
