import { fileURLToPath } from "node:url";
// What wills cost: sealing, living, dying, being paid, and the cryptography around it.
import { concat, type Hex, keccak256, parseEther, toHex, zeroAddress } from "viem";
import { deal, ORDER, reconstruct, verifyShare } from "../../packages/sdk/src/foundation/crypto.ts";
import { signWithShare } from "../../packages/sdk/src/foundation/threshold/index.ts";
import {
  bequestArgument,
  bequestProof,
  fixedTotals,
  planArgument,
  willDigest,
  willTypedData,
} from "../../packages/sdk/src/wills/index.ts";
import { runNode } from "../lib/run.ts";
import * as kit from "../lib/wills.ts";
import { type Area, type Bench, deployPeer } from "./harness.ts";

const SAFE = "Safe 1.5.0";
const SAFE_ARTIFACTS = "@safe-global/safe-smart-account/build/artifacts/contracts";

/** Bytes that are the same in every run, and with them the zeros in the calldata, which are cheaper. Never for real wills. */
let drawn = 0;
function fixedRandom(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += 32) {
    drawn += 1;
    bytes.set(keccak256(toHex(drawn), "bytes").subarray(0, Math.min(32, length - at)), at);
  }
  return bytes;
}

const sealEstate = (wills: kit.Wills, options: kit.EstateOptions): ReturnType<typeof kit.sealEstate> =>
  kit.sealEstate(wills, { ...options, random: fixedRandom });

async function benchCreate(bench: Bench, wills: kit.Wills): Promise<void> {
  for (const count of [3, 5, 9]) {
    const estate = await sealEstate(wills, { heirs: count, number: BigInt(count) });
    const hash = await wills.registry.write.create(kit.createArguments(estate), { account: kit.testator.address });
    await bench.recordGas(`wills.create.n${count}`, hash);
    const durable = await sealEstate(wills, { heirs: count, number: BigInt(100 + count) });
    const stored = await wills.registry.write.create(kit.createArguments(durable, true), {
      account: kit.testator.address,
    });
    await bench.recordGas(`wills.create.n${count}.durable`, stored);
    if (count === 9) await bench.recordGas("wills.accept.batched9.each", await kit.acceptAll(wills, estate), 9);
  }
}

async function benchHeartbeats(bench: Bench, wills: kit.Wills): Promise<void> {
  const { registry } = wills;
  const estate = await sealEstate(wills, { number: 20n });
  await kit.activate(wills, estate);
  await kit.at(wills, (await kit.now(wills)) + kit.DAY);
  await bench.recordGas(
    "wills.heartbeat",
    await registry.write.heartbeat([estate.id], { account: kit.testator.address }),
  );

  // Fifty wills of ten testators; every beat is its own will's.
  const beats: { id: Hex; beatAt: number; signature: Hex }[] = [];
  const beatAt = (await kit.now(wills)) + 2 * kit.DAY;
  for (let n = 0; n < 50; n += 1) {
    const owner = kit.person(n % 10);
    const id = kit.willId(owner.address, BigInt(200 + n));
    const [, terms, root] = kit.createArguments(estate);
    await registry.write.create([BigInt(200 + n), terms, root, "0x", false], { account: owner.address });
    const data = willTypedData(estate.context.chainId, registry.address, "Beat", { willId: id, beatAt });
    beats.push({ id, beatAt, signature: await kit.sign(owner, data) });
  }
  await kit.at(wills, beatAt + 1);
  const hash = await registry.write.heartbeats([beats], { account: kit.relayer.address });
  await bench.recordGas("wills.heartbeat.batched50.each", hash, 50);
}

async function benchDeath(bench: Bench, wills: kit.Wills): Promise<void> {
  const { registry } = wills;
  const estate = await sealEstate(wills, { number: 300n });
  await kit.activate(wills, estate);

  const leak = kit.message(estate, "Leak", { guardian: 5, reporter: kit.relayer.address });
  const { r, vs } = signWithShare(estate.guardianShares[4]?.release.scalar as bigint, willDigest(leak));
  const leakProof = kit.manifestProof(estate.manifest, "guardianShare:5");
  await bench.recordGas(
    "wills.proveLeak",
    await registry.write.proveLeak([estate.id, 5, r, vs, leakProof], { account: kit.relayer.address }),
  );
  // The first claim writes to a slot that is in use since the will was sealed.
  await bench.recordGas("wills.claimDeath.quorum3", await kit.claimDeath(wills, estate));
  await bench.recordGas("wills.veto", await registry.write.veto([estate.id], { account: kit.testator.address }));
  await kit.claimDeath(wills, estate, 2);
  const [, windowEnd] = await registry.read.clockOf([estate.id]);
  await kit.at(wills, windowEnd);
  await bench.recordGas("wills.finalise", await registry.write.finalise([estate.id], { account: kit.relayer.address }));
  // The longest proof of the five; the first publication and later ones cost the same.
  await bench.recordGas("wills.publishShare", await kit.publish(wills, estate, 2));
}

async function benchEstate(bench: Bench, wills: kit.Wills): Promise<void> {
  const [wallet] = await wills.connection.viem.getWalletClients();
  const estate = await sealEstate(wills, { number: 400n });
  const vault = await kit.createVault(wills, estate);
  await wallet?.sendTransaction({ to: vault.address, value: parseEther("10") });
  await kit.activate(wills, estate);
  await kit.release(wills, estate);
  const { plan, executors } = estate.manifest;
  await bench.recordGas(
    "wills.beginSettlement",
    await vault.write.beginSettlement([planArgument(plan, executors), kit.manifestProof(estate.manifest, "plan")]),
  );
  await bench.recordGas("wills.openAsset", await vault.write.openAsset([zeroAddress, fixedTotals(plan)]));

  const to = kit.heirs[0]?.address as Hex;
  for (const measured of [false, true]) {
    const payment = {
      fee: false,
      asset: zeroAddress,
      to,
      amount: parseEther("0.1"),
      invoice: toHex(7, { size: 32 }),
      deadline: BigInt((await kit.now(wills)) + kit.DAY),
    };
    const number = await vault.read.paymentNumber([zeroAddress]);
    const signatures = await kit.executorSignatures(estate, vault.address, "Payment", { ...payment, number }, [0, 1]);
    const hash = await vault.write.release([payment, executors, [0, 1], signatures], { account: kit.relayer.address });
    // Safe's nonce is in use too by the time its second transaction is measured.
    if (measured) await bench.recordGas("wills.executorRelease.2of3", hash);
  }
  await benchSafe(bench, to);

  const [, administrationEnd] = await vault.read.timesOf();
  await kit.at(wills, administrationEnd);
  // Every one of the four fractions is claimed; the figure is the mean. All receivers exist: making an account is not ours.
  await wallet?.sendTransaction({ to: kit.charity.address, value: 1n });
  let total = 0;
  const claimants = [...kit.heirs.slice(0, 3), kit.relayer];
  for (const [index, account] of claimants.entries()) {
    const bequest = plan.bequests[index] as (typeof plan.bequests)[number];
    const hash = await vault.write.claim(
      [bequestArgument(bequest), zeroAddress, bequest.heir, bequestProof(plan, index)],
      {
        account: account.address,
      },
    );
    const gas = await bench.gasUsed(hash);
    total += gas;
  }
  bench.record({ id: "wills.claimEth", value: Math.round(total / claimants.length), unit: "gas", n: claimants.length });
}

async function benchSafe(bench: Bench, to: Hex): Promise<void> {
  const { viem } = bench.connection;
  const client = await viem.getPublicClient();
  const [wallet] = await viem.getWalletClients();
  if (wallet === undefined) throw new Error("the chain has no funded account");
  const singleton = await deployPeer(bench, `${SAFE_ARTIFACTS}/Safe.sol/Safe.json`, []);
  const factory = await deployPeer(bench, `${SAFE_ARTIFACTS}/proxies/SafeProxyFactory.sol/SafeProxyFactory.json`, []);
  const owners = kit.executors.map(({ address }) => address);
  const initializer = kit.encodeFunctionData({
    abi: singleton.abi,
    functionName: "setup",
    args: [owners, 2n, zeroAddress, "0x", zeroAddress, zeroAddress, 0n, zeroAddress],
  });
  const create = {
    address: factory.address,
    abi: factory.abi,
    functionName: "createProxyWithNonce",
    args: [singleton.address, initializer, 0n],
  };
  const { result } = await client.simulateContract({ ...create, account: wallet.account });
  const safe = result as Hex;
  await wallet.writeContract(create);
  await wallet.sendTransaction({ to: safe, value: parseEther("1") });
  for (const [nonce, measured] of [
    [0n, false],
    [1n, true],
  ] as const) {
    const value = parseEther("0.1");
    const tail = [to, value, "0x", 0, 0n, 0n, 0n, zeroAddress, zeroAddress] as const;
    const hash = (await client.readContract({
      address: safe,
      abi: singleton.abi,
      functionName: "getTransactionHash",
      args: [...tail, nonce],
    })) as Hex;
    const signers = [kit.executors[0], kit.executors[1]].sort((a, b) =>
      a.address.toLowerCase() < b.address.toLowerCase() ? -1 : 1,
    );
    const signatures = concat(await Promise.all(signers.map((signer) => signer.sign({ hash }))));
    const sent = await wallet.writeContract({
      address: safe,
      abi: singleton.abi,
      functionName: "execTransaction",
      args: [...tail, signatures],
    });
    if (measured) await bench.recordGas("wills.executorRelease.2of3", sent, 1, SAFE);
  }
}

/** Milliseconds of one run: the median of `runs`. */
function milliseconds(runs: number, action: () => void): number {
  const times = Array.from({ length: runs }, () => {
    const started = performance.now();
    action();
    return performance.now() - started;
  }).sort((a, b) => a - b);
  return Math.round((times[times.length >> 1] as number) * 100) / 100;
}

async function benchCryptography(bench: Bench): Promise<void> {
  const secret = ORDER / 3n;
  const split = { secret, threshold: 9, holders: 10 };
  const { shares, commitments } = deal(split);
  const [share] = shares as [(typeof shares)[0]];
  bench.record({ id: "sdk.threshold.deal.n9", value: milliseconds(9, () => deal(split)), unit: "ms" });
  bench.record({
    id: "sdk.threshold.verify.n9",
    value: milliseconds(9, () => verifyShare(share, commitments)),
    unit: "ms",
  });
  const some = shares.slice(0, 9);
  bench.record({
    id: "sdk.threshold.reconstruct.n9",
    value: milliseconds(9, () => reconstruct(some, commitments)),
    unit: "ms",
  });

  for (const [suffix, cipher] of [
    ["", "xchacha20-poly1305"],
    [".aes", "aes-256-gcm"],
  ] as const) {
    const { milliseconds: value, peakMiB } = await seal(cipher, 100);
    const id = `sdk.vault.seal.100MiB${suffix}`;
    bench.record({ id, value, unit: "ms" });
    bench.record({ id: `${id}.peak`, value: peakMiB, unit: "MiB" });
    // What the process takes with next to nothing to seal: the difference is what the hundred cost.
    bench.record({ id: `sdk.vault.seal.1MiB${suffix}.peak`, value: (await seal(cipher, 1)).peakMiB, unit: "MiB" });
  }
}

/** Seals in a process of its own, so that its peak is its own. */
async function seal(cipher: string, mebibytes: number): Promise<{ milliseconds: number; peakMiB: number }> {
  const script = fileURLToPath(new URL("wills/seal.ts", import.meta.url));
  const { code, output } = await runNode(script, [cipher, String(mebibytes)], { echo: false });
  if (code !== 0) throw new Error(output);
  return JSON.parse(output) as { milliseconds: number; peakMiB: number };
}

export const area: Area = {
  name: "wills",
  budgets: {
    "wills.create.n3": 115_000,
    "wills.create.n5": 120_000,
    "wills.create.n9": 130_000,
    "wills.heartbeat": 29_000,
    "wills.heartbeat.batched50.each": 15_000,
    "wills.accept.batched9.each": 15_000,
    "wills.publishShare": 36_000,
    "wills.proveLeak": 62_000,
    "wills.claimDeath.quorum3": 80_000,
    "wills.veto": 36_000,
    "wills.finalise": 33_000,
    "wills.claimEth": 65_000,
  },
  async run(bench) {
    const wills = await kit.deployWills(bench.connection);
    await benchCreate(bench, wills);
    await benchHeartbeats(bench, wills);
    await benchDeath(bench, wills);
    await benchEstate(bench, wills);
    await benchCryptography(bench);
  },
};
