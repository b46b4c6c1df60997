// A script as someone with viem would write it: a read, a write, an event, and a revert that explains itself.
import { addresses } from "@publica/sdk/addresses";
import {
  estateVaultFactoryAbi,
  sensorFeedsAbi,
  tickBookAbi,
  underwritingPoolAbi,
  workOrdersAbi,
} from "@publica/sdk/abi";
import { foundCrew, getCommunityView, openOrder } from "@publica/sdk/community";
import { getAccount, openTickAccount, withdrawFromTickBook } from "@publica/sdk/energy";
import { getPool, requestWithdrawal, setPoolCap } from "@publica/sdk/insurance";
import { createVault, getVault, sendHeartbeat } from "@publica/sdk/wills";
import {
  createFeed,
  type FeedDescription,
  feedIdOf,
  PublicaError,
  readFeed,
  tryReadFeed,
} from "@publica/sdk/foundation";
import { type Abi, createPublicClient, createWalletClient, defineChain, type Hash, http, pad } from "viem";
import { privateKeyToAccount } from "viem/accounts";

const url = process.argv[2] ?? "";
const account = privateKeyToAccount(process.argv[3] as `0x${string}`);
const { contracts } = addresses[31337];
const { SensorFeeds } = contracts;
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

interface Tour {
  readonly read: () => Promise<unknown>;
  readonly write: () => Promise<Hash>;
  readonly event: { readonly address: `0x${string}`; readonly abi: Abi; readonly eventName: string };
  readonly refused: () => Promise<unknown>;
}

/** A read, a write, the event it makes, and a call that must be refused. */
async function take({ read, write, event, refused }: Tour) {
  const known = (await read()) !== undefined;
  const told = new Promise<string>((resolve, reject) => {
    const stop = reader.watchContractEvent({
      ...event,
      onLogs: () => {
        stop();
        resolve(event.eventName);
      },
      onError: reject,
    });
  });
  const receipt = await reader.waitForTransactionReceipt({ hash: await write() });
  const error = await refused().then(
    () => undefined,
    (thrown: unknown) => (thrown instanceof PublicaError ? thrown : undefined),
  );
  return {
    read: known,
    write: receipt.status,
    event: await told,
    revert: error?.code,
    explained: (error?.remedy ?? "") !== "",
  };
}

const pool = contracts.UnderwritingPool.address;
const orders = contracts.WorkOrders.address;
const book = contracts.TickBook.address;
const registry = contracts.WillRegistry.address;
const willId = pad(account.address, { dir: "right", size: 32 });
const { factory } = await getVault(reader, { registry, willId });
const day = 86_400;
const terms = {
  response: day,
  arrival: day,
  restore: day,
  holdMax: day,
  verifySpan: day,
  verifyCount: 2,
  verifyWindow: day,
  confirmWindow: day,
  warranty: day,
};
const scenarios = {
  insurance: await take({
    read: () => getPool(reader, { pool }),
    write: () => setPoolCap(writer, { pool, capUnits: 9n }),
    event: { address: pool, abi: underwritingPoolAbi, eventName: "PoolCapChanged" },
    refused: () => requestWithdrawal(writer, { pool, shares: 0n }),
  }),
  energy: await take({
    read: () => getAccount(reader, { accounts: contracts.EnergyAccounts.address, account: 1 }),
    write: () => openTickAccount(writer, { book }),
    event: { address: book, abi: tickBookAbi, eventName: "AccountRegistered" },
    refused: () => withdrawFromTickBook(writer, { book, account: 1, amountMicro: 1n }),
  }),
  wills: await take({
    read: () => getVault(reader, { registry, willId }),
    write: () => createVault(writer, { factory, willId }),
    event: { address: factory, abi: estateVaultFactoryAbi, eventName: "EstateVaultCreated" },
    refused: () => sendHeartbeat(writer, { registry, willId }),
  }),
  community: await take({
    read: () => getCommunityView(reader, { orders, service: contracts.ServiceContract.address }),
    write: () =>
      foundCrew(writer, { orders, lead: account.address, backup: pad("0x01", { size: 20 }), shiftLength: day, terms }),
    event: { address: orders, abi: workOrdersAbi, eventName: "CrewFounded" },
    refused: () => openOrder(writer, { orders, device: 1, kind: "limits" }),
  }),
};
console.log(
  JSON.stringify({
    scenarios,
    read: before.round === undefined ? "no data" : "data",
    write: status,
    event: await heard,
    revert: refusal?.code,
    remedy: refusal?.remedy,
    recorded: hash.length === 66 && block > 0,
  }),
);
