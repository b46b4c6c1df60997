// npm run story -- wills: a will sealed, lived with, proven, opened and paid out; then the variant and the attack.
import { parseArgs } from "node:util";
import hre from "hardhat";
import pc from "picocolors";
import { type Hex, parseEther, toHex, zeroAddress } from "viem";
import { PublicaError } from "../../packages/sdk/src/foundation/errors.ts";
import { equalBytes } from "../../packages/sdk/src/foundation/bytes.ts";
import { signWithShare } from "../../packages/sdk/src/foundation/crypto.ts";
import { decodeRevert } from "../../packages/sdk/src/foundation/decodeRevert.ts";
import {
  bequestArgument,
  bequestProof,
  fixedTotals,
  openingCommitment,
  openWill,
  planArgument,
  willDigest,
  willTypedData,
} from "../../packages/sdk/src/wills/index.ts";
import { build } from "../build.ts";
import { table } from "../lib/console.ts";
import * as kit from "../lib/wills.ts";

const USAGE = `Usage: npm run story -- wills [--document TEXT]

One testator, three heirs, five guardians (three needed), two of three executors, on a chain of its own.

Example: npm run story -- wills --document "The house goes to my daughter."`;

let step = 0;
function tell(text: string): void {
  step += 1;
  console.log(`${pc.cyan(String(step).padStart(2))}  ${text}`);
}
const chapter = (title: string): void => console.log(`\n${pc.bold(title)}`);

/** Runs what must fail, and says how it failed; a success ends the story with an error. */
async function refused(what: string, action: () => Promise<unknown>): Promise<void> {
  try {
    await action();
  } catch (error) {
    const { code } = error instanceof PublicaError ? error : decodeRevert(error);
    tell(`${what}: refused (${pc.yellow(code)})`);
    return;
  }
  throw new Error(`${what}: should have been refused`);
}

export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { document: { type: "string" }, help: { type: "boolean", short: "h" } },
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  await build("production");
  const document = new TextEncoder().encode(
    values.document ?? "My house goes to my daughter; the rest is for all three.",
  );
  const wills = await kit.deployWills(await hre.network.create());
  await mainStory(wills, document);
  await lostHeir(wills, document);
  await attack(wills, document);
}

async function mainStory(wills: kit.Wills, document: Uint8Array): Promise<void> {
  const { registry, connection } = wills;
  const { viem } = connection;
  const [wallet] = await viem.getWalletClients();
  const by = (account: { address: Hex }) => ({ account: account.address });
  const [daughter, son, niece] = kit.heirs as unknown as [
    (typeof kit.heirs)[0],
    (typeof kit.heirs)[0],
    (typeof kit.heirs)[0],
  ];
  const token = await viem.deployContract("TestToken", ["Savings", "SAVE", 18]);
  const deed = await viem.deployContract("TestNft");

  chapter("Sealed while alive");
  let estate = await kit.sealEstate(wills, { document });
  await registry.write.create(kit.createArguments(estate), by(kit.testator));
  tell(`the testator seals ${document.length} bytes into ${estate.file.length}, and the chain keeps one root`);
  await kit.acceptAll(wills, estate);
  tell("three heirs accept, each with wallet and share: the will is active");
  const vault = await kit.createVault(wills, estate);
  await wallet?.sendTransaction({ to: vault.address, value: parseEther("10") });
  await token.write.mint([vault.address, parseEther("3000")]);
  await deed.write.mint([vault.address, 1n]);
  tell(`the vault ${vault.address} holds 10 ETH, 3,000 SAVE and the deed of the house`);
  await kit.at(wills, (await kit.now(wills)) + 200 * kit.DAY);
  await registry.write.heartbeat([estate.id], by(kit.testator));
  tell("200 days later: a heartbeat");

  chapter("A false claim");
  await kit.claimDeath(wills, estate, 1);
  tell("registrars are deceived and certify a death; the 30-day window opens");
  await refused("the heirs try to release at once", () => registry.write.finalise([estate.id], by(daughter)));
  await registry.write.veto([estate.id], by(kit.testator));
  tell("the testator vetoes: the will is active again");

  chapter("A codicil");
  const old = estate;
  estate = await kit.sealEstate(wills, {
    version: 2,
    document,
    bequests: [
      { heir: daughter.address, amount: 4_000n },
      { heir: son.address, amount: 3_000n },
      { heir: niece.address, amount: 2_000n },
      { heir: kit.charity.address, amount: 1_000n },
      { kind: "erc721", heir: daughter.address, asset: deed.address, tokenId: 1n },
    ],
  });
  const [, terms, root, manifest, durable] = kit.createArguments(estate, true);
  await registry.write.supersede([estate.id, terms, root, manifest, durable], by(kit.testator));
  await kit.acceptAll(wills, estate);
  tell("version 2: the deed for the daughter, a tenth for charity; the heirs accept anew");

  chapter("Opened together");
  await kit.claimDeath(wills, estate, 2);
  tell("three registrars certify the death");
  const [, windowEnd] = await registry.read.clockOf([estate.id]);
  await kit.at(wills, windowEnd);
  await registry.write.finalise([estate.id], by(kit.relayer));
  tell("30 days without a veto: released");
  await refused("a guardian's share of version 1", () => kit.publish(wills, old, 1));
  for (const guardian of [1, 3, 5]) await kit.publish(wills, estate, guardian);
  tell("guardians 1, 3 and 5 publish their shares; each is checked on chain");
  const opened = await openWill({
    manifest: estate.manifest,
    file: [estate.file],
    heirShares: estate.heirShares,
    guardianShares: [0, 2, 4].map((at) => (estate.guardianShares[at] as (typeof estate.guardianShares)[0]).release),
  });
  if (!equalBytes(opened, document)) throw new Error("the opened will is not the sealed one");
  tell(`the three heirs combine their shares: ${pc.green("byte for byte")} “${new TextDecoder().decode(opened)}”`);
  const commitment = openingCommitment(opened, toHex(crypto.getRandomValues(new Uint8Array(32))));
  const typed = kit.message(estate, "Opened", { commitment });
  const signatures = await Promise.all([daughter, son, niece].map((heir) => kit.sign(heir, typed)));
  const proof = kit.manifestProof(estate.manifest, "heirs");
  await registry.write.open([estate.id, commitment, kit.heirList(estate.manifest), signatures, proof], by(daughter));

  chapter("Released by several hands");
  const { plan, executors } = estate.manifest;
  await vault.write.beginSettlement([planArgument(plan, executors), kit.manifestProof(estate.manifest, "plan")]);
  for (const asset of [zeroAddress, token.address]) await vault.write.openAsset([asset, fixedTotals(plan)]);
  const deadline = BigInt((await kit.now(wills)) + kit.DAY);
  const undertaker = kit.person(60).address;
  const payment = {
    fee: false,
    asset: zeroAddress,
    to: undertaker,
    amount: parseEther("1"),
    invoice: toHex(1, { size: 32 }),
    deadline,
  };
  const pay = async (indices: number[]) => {
    const number = await vault.read.paymentNumber([zeroAddress]);
    const signed = await kit.executorSignatures(estate, vault.address, "Payment", { ...payment, number }, indices);
    return vault.write.release([payment, executors, indices, signed]);
  };
  await refused("one executor alone pays the undertaker", () => pay([0]));
  await pay([0, 2]);
  tell("two of three executors pay the undertaker 1 ETH");
  const assents = await kit.executorSignatures(estate, vault.address, "Assent", { deadline }, [0, 1]);
  const claims = plan.bequests.flatMap((bequest) => {
    const leaf = bequestProof(plan, bequest.index);
    if (bequest.kind === "erc721")
      return [
        kit.encodeFunctionData({
          abi: vault.abi,
          functionName: "claimToken",
          args: [bequestArgument(bequest), bequest.heir, leaf],
        }),
      ];
    return [zeroAddress, token.address].map((asset) =>
      kit.encodeFunctionData({
        abi: vault.abi,
        functionName: "claim",
        args: [bequestArgument(bequest), asset, bequest.heir, leaf],
      }),
    );
  });
  const end = kit.encodeFunctionData({
    abi: vault.abi,
    functionName: "assent",
    args: [deadline, executors, [0, 1], assents],
  });
  await vault.write.multicall([[end, ...claims]]);
  tell("two executors assent, and in the same transaction ETH, SAVE and the deed go to the heirs");
  const rows = await Promise.all(
    plan.bequests
      .slice(0, 4)
      .map(async ({ index, amount, heir }) => [
        ["daughter", "son", "niece", "charity"][index] as string,
        `${Number(amount) / 100} %`,
        `${Number(await vault.read.paidOf([zeroAddress, index])) / 1e18} ETH`,
        `${Number(await token.read.balanceOf([heir])) / 1e18} SAVE`,
        (await deed.read.ownerOf([1n])).toLowerCase() === heir.toLowerCase() ? "the deed" : "",
      ]),
  );
  console.log(table(["heir", "part", "paid", "", ""], rows, [1, 2, 3]));
}

async function lostHeir(wills: kit.Wills, document: Uint8Array): Promise<void> {
  chapter("The variant: one heir is lost");
  const estate = await kit.sealEstate(wills, { number: 1n, document });
  await kit.activate(wills, estate);
  await kit.release(wills, estate);
  for (const guardian of [1, 2, 3]) await kit.publish(wills, estate, guardian);
  const { manifest, file, heirShares, guardianShares } = estate;
  const present = heirShares.slice(0, 2);
  const release = guardianShares.slice(0, 3).map((share) => share.release);
  const opening = { manifest, file: [file], heirShares: present, guardianShares: release };
  await refused("two heirs and the guardians' published shares", () => openWill(opening));
  await wills.loss.write.propose([estate.id, 3, manifest.executors, 2, kit.manifestProof(manifest, "executors")], {
    account: kit.executors[0].address,
  });
  const proposedAt = await kit.now(wills);
  tell("an executor proposes to treat heir 3 as lost; the heir has 60 days to object");
  const data = willTypedData(estate.context.chainId, wills.loss.address, "HeirLost", {
    willId: estate.id,
    version: 1,
    heir: 3,
    proposedAt,
  });
  const votes = await Promise.all(
    [2, 4, 5].map(async (guardian) => ({
      guardian,
      signature: await kit.sign(kit.guardians[guardian - 1] as (typeof kit.guardians)[0], data),
    })),
  );
  await kit.at(wills, proposedAt + 60 * kit.DAY);
  const wallets = manifest.guardians.map(({ wallet }) => wallet);
  await wills.loss.write.confirm([estate.id, wallets, votes, kit.manifestProof(manifest, "guardians")]);
  tell("three guardians confirm");
  const accounts = manifest.guardians.map(({ escrowShare }) => escrowShare);
  const escrowShares = [2, 4, 5].map((guardian) => {
    const share = guardianShares[guardian - 1]?.escrow;
    if (share === undefined) throw new Error("the will has no escrowed share");
    return share;
  });
  for (const { index, scalar } of escrowShares)
    await wills.loss.write.publishEscrowShare([
      estate.id,
      index,
      scalar,
      accounts,
      kit.manifestProof(manifest, "escrowShares"),
    ]);
  tell("guardians 2, 4 and 5 publish their shares of the escrow key");
  if (!equalBytes(await openWill({ ...opening, escrowShares }), document)) throw new Error("the will opened wrongly");
  tell(`two heirs and the escrowed share open the will, ${pc.green("byte for byte")}`);
}

async function attack(wills: kit.Wills, document: Uint8Array): Promise<void> {
  chapter("The attack: all heirs and two of five guardians, before release");
  const estate = await kit.sealEstate(wills, { number: 2n, document });
  await kit.activate(wills, estate);
  const { manifest, file, heirShares, guardianShares } = estate;
  const two = guardianShares.slice(0, 2).map((share) => share.release);
  await refused("they combine all they have", () =>
    openWill({ manifest, file: [file], heirShares, guardianShares: two }),
  );
  await refused("they finalise without a claim", () => wills.registry.write.finalise([estate.id]));
  await refused("a guardian publishes early", () => kit.publish(wills, estate, 1));
  const leak = kit.message(estate, "Leak", { guardian: 1, reporter: kit.relayer.address });
  const { r, vs } = signWithShare((two[0] as (typeof two)[0]).scalar, willDigest(leak));
  const proof = kit.manifestProof(manifest, "guardianShare:1");
  await refused("a thief copies the finder's leak proof", () =>
    wills.registry.write.proveLeak([estate.id, 1, r, vs, proof], { account: kit.heirs[0]?.address as Hex }),
  );
  await wills.registry.write.proveLeak([estate.id, 1, r, vs, proof], { account: kit.relayer.address });
  tell("an honest finder proves that guardian 1 leaked, without showing the share; the testator deals anew");
  console.log(`\n${pc.green("✔")} sealed while alive, opened together, released by several hands`);
}
