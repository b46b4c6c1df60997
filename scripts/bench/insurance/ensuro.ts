import { join } from "node:path";
import { type Abi, type Address, encodeFunctionData, type Hash, keccak256, parseEventLogs, toHex } from "viem";
import { toolSet } from "../../lib/tools.ts";
import { type Bench, deployPeer } from "../harness.ts";

const WAD = 10n ** 18n;
const EURO = 1_000_000n;
const MONTH = 30 * 86_400;
const KIND = { eToken: 1, riskModule: 2, premiumsAccount: 3 } as const;

interface Peer {
  readonly address: Address;
  readonly abi: Abi;
}

/**
 * Ensuro as it is published: a pool, one token of capital, one premiums account and the risk module whose operator prices and
 * resolves. Measured is what a policy of the same size costs there: sale, payout, and an investor's next deposit.
 */
export async function benchEnsuro(bench: Bench): Promise<void> {
  const { viem } = bench.connection;
  const [wallet, holder] = await viem.getWalletClients();
  if (wallet === undefined || holder === undefined) throw new Error("the chain has no funded accounts");
  const client = await viem.getPublicClient();
  const me = wallet.account.address;
  const artifacts = join(await toolSet("ensuro"), "@ensuro", "core", "build", "contracts");

  const call = async ({ address, abi }: Peer, functionName: string, args: readonly unknown[]): Promise<Hash> => {
    const hash = await wallet.writeContract({ address, abi, functionName, args });
    await bench.gasUsed(hash);
    return hash;
  };
  /** An upgradeable contract stands behind a proxy, as Ensuro deploys it. */
  const deploy = async (name: string, args: readonly unknown[], initial: readonly unknown[]): Promise<Peer> => {
    const { address, abi } = await deployPeer(bench, join(artifacts, `${name}.sol`, `${name}.json`), args);
    const data = encodeFunctionData({ abi, functionName: "initialize", args: initial });
    const proxy = await deployPeer(bench, "@openzeppelin/contracts/build/contracts/ERC1967Proxy.json", [address, data]);
    return { address: proxy.address, abi };
  };

  const money = await viem.deployContract("TestToken", ["Euro", "EUR", 6]);
  const access = await deploy("AccessManager", [], []);
  const pool = await deploy("PolicyPool", [access.address, money.address], ["Ensuro", "EPOL", me]);
  for (const role of ["LEVEL1_ROLE", "LEVEL2_ROLE"]) await call(access, "grantRole", [keccak256(toHex(role)), me]);
  const capital = await deploy("EToken", [pool.address], ["Capital", "eEUR", WAD, WAD / 20n]);
  await call(pool, "addComponent", [capital.address, KIND.eToken]);
  const none = "0x0000000000000000000000000000000000000000";
  const premiums = await deploy("PremiumsAccount", [pool.address, none, capital.address], []);
  await call(pool, "addComponent", [premiums.address, KIND.premiumsAccount]);
  const module = await deploy(
    "TrustfulRiskModule",
    [pool.address, premiums.address],
    ["Rain", WAD, 0n, (4n * WAD) / 100n, 10_000n * EURO, 1_000_000n * EURO, me],
  );
  await call(pool, "addComponent", [module.address, KIND.riskModule]);
  for (const role of ["PRICER_ROLE", "RESOLVER_ROLE"])
    await call(access, "grantComponentRole", [module.address, keccak256(toHex(role)), me]);

  for (const { account } of [wallet, holder]) {
    await money.write.mint([account.address, 1_000_000n * EURO]);
    await money.write.approve([pool.address, 2n ** 256n - 1n], { account });
  }
  await call(pool, "deposit", [capital.address, 500_000n * EURO]);
  await bench.recordGas(
    "insurance.deposit.next",
    await call(pool, "deposit", [capital.address, EURO]),
    1,
    "Ensuro deposit",
  );

  const buy = async (internalId: bigint): Promise<Hash> => {
    const expiration = Number((await client.getBlock()).timestamp) + MONTH;
    const terms = [1_000n * EURO, 40n * EURO, (3n * WAD) / 100n, expiration, me, internalId];
    return call(module, "newPolicy", terms);
  };
  const resolve = async (bought: Hash): Promise<Hash> => {
    const { logs } = await client.getTransactionReceipt({ hash: bought });
    const [sold] = parseEventLogs({ abi: pool.abi, logs, eventName: "NewPolicy" }) as unknown as [
      { args: { policy: unknown } },
    ];
    return call(module, "resolvePolicy", [sold.args.policy, 1_000n * EURO]);
  };
  const first = await buy(1n);
  await bench.recordGas("insurance.buy.first", first, 1, "Ensuro newPolicy, the first");
  const second = await buy(2n);
  await bench.recordGas("insurance.buy.repeat", second, 1, "Ensuro newPolicy");
  await resolve(first);
  await bench.recordGas("insurance.triggerAndPay.1", await resolve(second), 1, "Ensuro resolvePolicy");
}
