// A script as someone with viem would write it: a read, a write, an event, and a revert that explains itself.
import { addresses } from "@publica/sdk/addresses";
import { sensorFeedsAbi } from "@publica/sdk/abi";
import {
  createFeed,
  type FeedDescription,
  feedIdOf,
  PublicaError,
  readFeed,
  tryReadFeed,
} from "@publica/sdk/foundation";
import { createPublicClient, createWalletClient, defineChain, http, pad } from "viem";
import { privateKeyToAccount } from "viem/accounts";

const url = process.argv[2] ?? "";
const account = privateKeyToAccount(process.argv[3] as `0x${string}`);
const { SensorFeeds } = addresses[31337].contracts;
const address: `0x${string}` = SensorFeeds.address;
const hash: `0x${string}` = SensorFeeds.codeHash;
const block: number = SensorFeeds.block;
const chain = defineChain({
  id: 31337,
  name: "local",
  nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
  rpcUrls: { default: { http: [url] } },
});
const reader = createPublicClient({ chain, transport: http(), pollingInterval: 50 });
const writer = createWalletClient({ account, chain, transport: http() });

const description: FeedDescription = {
  name: "Water level, viem",
  unit: "mm",
  decimals: 0,
  minPlausible: 0n,
  maxPlausible: 10_000n,
  heartbeat: 3_600,
  deviationBps: 0,
  historySize: 2,
};
const feed = feedIdOf(description);

const heard = new Promise<string>((resolve, reject) => {
  const stop = reader.watchContractEvent({
    address,
    abi: sensorFeedsAbi,
    eventName: "FeedCreated",
    args: { feed },
    onLogs: ([log]) => {
      stop();
      resolve(log?.args.description?.name ?? "");
    },
    onError: reject,
  });
});
const before = await tryReadFeed(reader, { address, feed });
const transaction = await createFeed(writer, {
  address,
  description,
  keys: [{ curve: 0, x: pad(account.address), y: pad("0x") }],
  quorum: 1,
});
const { status } = await reader.waitForTransactionReceipt({ hash: transaction });
let refusal: PublicaError | undefined;
try {
  await readFeed(reader, { address, feed });
} catch (error) {
  if (error instanceof PublicaError) refusal = error;
}
console.log(
  JSON.stringify({
    read: before.round === undefined ? "no data" : "data",
    write: status,
    event: await heard,
    revert: refusal?.code,
    remedy: refusal?.remedy,
    recorded: hash.length === 66 && block > 0,
  }),
);
