// A script as someone with ethers would write it, with TypeChain's classes.
import { addresses } from "@publica/sdk/addresses";
import {
  EstateVaultFactory__factory,
  SensorFeeds__factory,
  TickBook__factory,
  UnderwritingPool__factory,
  WillRegistry__factory,
  WorkOrders__factory,
} from "@publica/sdk/ethers";
import { decodeRevert } from "@publica/sdk/foundation";
import { type ContractTransactionResponse, JsonRpcProvider, Wallet, zeroPadBytes, zeroPadValue } from "ethers";

const provider = new JsonRpcProvider(process.argv[2], undefined, {
  cacheTimeout: -1,
  polling: true,
  pollingInterval: 50,
});
const wallet = new Wallet(process.argv[3] ?? "", provider);
const feeds = SensorFeeds__factory.connect(addresses[31337].contracts.SensorFeeds.address, wallet);

const description = {
  name: "Water level, ethers",
  unit: "mm",
  decimals: 0n,
  minPlausible: 0n,
  maxPlausible: 10_000n,
  heartbeat: 3_600n,
  deviationBps: 0n,
  historySize: 2n,
};
const feed = await feeds.feedIdOf(description);
let hear!: (name: string) => void;
const heard = new Promise<string>((resolve) => {
  hear = resolve;
});
await feeds.on(feeds.getEvent("FeedCreated"), (created, { name }) => {
  if (created === feed) hear(name);
});
// ethers polls, and reports what comes after its first look.
await new Promise((resolve) => setTimeout(resolve, 500));
const [, fresh] = await feeds.tryRead(feed);
const sent = await feeds.createFeed(
  description,
  [{ curve: 0n, x: zeroPadValue(wallet.address, 32), y: zeroPadValue("0x", 32) }],
  1n,
);
const receipt = await sent.wait();
const refusal = await feeds.read(feed).then(
  () => undefined,
  (error: unknown) => decodeRevert(error),
);

/** Makes a transaction, hears its event, and has the next call refused. */
async function take(
  listen: (told: () => void) => Promise<unknown>,
  write: () => Promise<ContractTransactionResponse>,
  refused: () => Promise<unknown>,
) {
  let tell!: () => void;
  const told = new Promise<void>((resolve) => {
    tell = resolve;
  });
  await listen(tell);
  await new Promise((resolve) => setTimeout(resolve, 500));
  const mined = await (await write()).wait();
  await told;
  const { code } = await refused().then(
    () => ({ code: "nothing was refused" }),
    (error: unknown) => decodeRevert(error),
  );
  return { write: mined?.status === 1 ? "success" : "failed", revert: code };
}

const { contracts } = addresses[31337];
const pool = UnderwritingPool__factory.connect(contracts.UnderwritingPool.address, wallet);
const book = TickBook__factory.connect(contracts.TickBook.address, wallet);
const wills = WillRegistry__factory.connect(contracts.WillRegistry.address, wallet);
const vaults = EstateVaultFactory__factory.connect(await wills.VAULTS(), wallet);
const orders = WorkOrders__factory.connect(contracts.WorkOrders.address, wallet);
const willId = zeroPadBytes(`${wallet.address}02`, 32);
const day = 86_400n;
const terms = {
  response: day,
  arrival: day,
  restore: day,
  holdMax: day,
  verifySpan: day,
  verifyCount: 2n,
  verifyWindow: day,
  confirmWindow: day,
  warranty: day,
};
const scenarios = {
  insurance: await take(
    (told) => pool.once(pool.getEvent("PoolCapChanged"), told),
    () => pool.setPoolCap(8n),
    () => pool.requestWithdrawal.staticCall(0n),
  ),
  energy: await take(
    (told) => book.once(book.getEvent("AccountRegistered"), told),
    () => book.register(),
    () => book.withdraw.staticCall(1n, 1n),
  ),
  wills: await take(
    (told) => vaults.once(vaults.getEvent("EstateVaultCreated"), told),
    () => vaults.createVault(willId),
    () => wills.heartbeat.staticCall(willId),
  ),
  community: await take(
    (told) => orders.once(orders.getEvent("CrewFounded"), told),
    () => orders.foundCrew(wallet.address, zeroPadValue("0x01", 20), day, terms),
    () => orders.open.staticCall(1n, 0n),
  ),
};
console.log(
  JSON.stringify({
    scenarios,
    read: fresh ? "data" : "no data",
    write: receipt?.status === 1 ? "success" : "failed",
    event: await heard,
    revert: refusal?.code,
    remedy: refusal?.remedy,
  }),
);
await feeds.removeAllListeners();
provider.destroy();
