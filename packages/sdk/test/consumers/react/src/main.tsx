// A page as someone with React and wagmi would write it: reads a feed, creates one, hears of it, explains a revert.
import { addresses } from "@publica/sdk/addresses";
import { sensorFeedsAbi, tickBookAbi } from "@publica/sdk/abi";
import { decodeRevert, type FeedDescription, feedIdOf } from "@publica/sdk/foundation";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { createRoot } from "react-dom/client";
import { pad } from "viem";
import {
  createConfig,
  http,
  mock,
  useConnect,
  useConnection,
  useReadContract,
  useSimulateContract,
  useWaitForTransactionReceipt,
  useWatchContractEvent,
  useWriteContract,
  WagmiProvider,
} from "wagmi";
import { hardhat } from "wagmi/chains";

const url: string = import.meta.env.VITE_RPC_URL;
const account: `0x${string}` = import.meta.env.VITE_ACCOUNT;
const chain = { ...hardhat, rpcUrls: { default: { http: [url] } } } as const;
const connector = mock({ accounts: [account] });
const config = createConfig({
  chains: [chain],
  connectors: [connector],
  transports: { 31337: http(url) },
  pollingInterval: 50,
});

const { address } = addresses[31337].contracts.SensorFeeds;
const description: FeedDescription = {
  name: "Water level, wagmi",
  unit: "mm",
  decimals: 0,
  minPlausible: 0n,
  maxPlausible: 10_000n,
  heartbeat: 3_600,
  deviationBps: 0,
  historySize: 2,
};
const feed = feedIdOf(description);

function Page() {
  const [event, setEvent] = useState("");
  const { isConnected } = useConnection();
  const connect = useConnect();
  const read = useReadContract({ abi: sensorFeedsAbi, address, functionName: "tryRead", args: [feed] });
  const write = useWriteContract();
  const receipt = useWaitForTransactionReceipt({ hash: write.data });
  const refused = useReadContract({
    abi: sensorFeedsAbi,
    address,
    functionName: "read",
    args: [feed],
    query: { enabled: receipt.isSuccess, retry: false },
  });
  useWatchContractEvent({
    abi: sensorFeedsAbi,
    address,
    eventName: "FeedCreated",
    args: { feed },
    onLogs: ([log]) => setEvent(log?.args.description?.name ?? ""),
  });
  const { mutate: connectTo } = connect;
  const { mutate: send } = write;
  useEffect(() => {
    if (!isConnected) connectTo({ connector });
    else if (read.data !== undefined) {
      const key = { curve: 0, x: pad(account), y: pad("0x") };
      send({ abi: sensorFeedsAbi, address, functionName: "createFeed", args: [description, [key], 1] });
    }
  }, [isConnected, read.data, connectTo, send]);
  const failure = refused.error === null ? undefined : decodeRevert(refused.error);
  const result = {
    read: read.data?.[1] === false ? "no data" : "data",
    write: receipt.data?.status,
    event,
    revert: failure?.code,
    remedy: failure?.remedy,
    trouble: write.error?.message ?? connect.error?.message,
  };
  return <output>{JSON.stringify(result)}</output>;
}

const market = { abi: tickBookAbi, address: addresses[31337].contracts.TickBook.address } as const;

/** The same for an energy market. */
function Market() {
  const [event, setEvent] = useState("");
  const { isConnected } = useConnection();
  const read = useReadContract({ ...market, functionName: "accountCount" });
  const write = useWriteContract();
  const receipt = useWaitForTransactionReceipt({ hash: write.data });
  const refused = useSimulateContract({
    ...market,
    functionName: "withdraw",
    args: [1, 1n],
    query: { enabled: receipt.isSuccess, retry: false },
  });
  useWatchContractEvent({
    ...market,
    eventName: "AccountRegistered",
    onLogs: ([log]) => setEvent(log?.eventName ?? ""),
  });
  const { mutate: send } = write;
  useEffect(() => {
    if (isConnected) send({ ...market, functionName: "register" });
  }, [isConnected, send]);
  const result = {
    read: typeof read.data,
    write: receipt.data?.status,
    event,
    revert: refused.error === null ? undefined : decodeRevert(refused.error).code,
    trouble: write.error?.message,
  };
  return <aside>{JSON.stringify(result)}</aside>;
}

createRoot(document.getElementById("root") as HTMLElement).render(
  <WagmiProvider config={config}>
    <QueryClientProvider client={new QueryClient()}>
      <Page />
      <Market />
    </QueryClientProvider>
  </WagmiProvider>,
);
