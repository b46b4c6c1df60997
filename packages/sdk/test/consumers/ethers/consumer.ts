// A script as someone with ethers would write it, with TypeChain's classes.
import { addresses } from "@publica/sdk/addresses";
import { SensorFeeds__factory } from "@publica/sdk/ethers";
import { decodeRevert } from "@publica/sdk/foundation";
import { JsonRpcProvider, Wallet, zeroPadValue } from "ethers";

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
console.log(
  JSON.stringify({
    read: fresh ? "data" : "no data",
    write: receipt?.status === 1 ? "success" : "failed",
    event: await heard,
    revert: refusal?.code,
    remedy: refusal?.remedy,
  }),
);
await feeds.removeAllListeners();
provider.destroy();
