import { expect } from "chai";
import hre from "hardhat";
import { type Hex, parseEventLogs, zeroHash } from "viem";
import { ORDER, signWithShare } from "../../packages/sdk/src/foundation/crypto.ts";
import { decodeRevert } from "../../packages/sdk/src/foundation/decodeRevert.ts";
import { openWill, willDigest, willTypedData } from "../../packages/sdk/src/wills/index.ts";
import * as kit from "../../scripts/lib/wills.ts";

async function rejects(action: Promise<unknown>, code: string): Promise<void> {
  const error = await action.then(
    () => undefined,
    (thrown: unknown) => decodeRevert(thrown),
  );
  expect(error?.code, error?.message ?? "nothing was thrown").to.equal(code);
}

describe("HeirLoss", () => {
  let wills: kit.Wills;
  let estate: kit.Estate;
  const by = (account: { address: Hex } | undefined) => ({ account: account?.address as Hex });
  const proofOf = (name: Parameters<typeof kit.manifestProof>[1]) => kit.manifestProof(estate.manifest, name);

  async function event(hash: Hex, name: string): Promise<{ eventName: string; args: Record<string, unknown> }> {
    const client = await wills.connection.viem.getPublicClient();
    const { logs } = await client.getTransactionReceipt({ hash });
    const { abi } = await hre.artifacts.readArtifact("HeirLoss");
    const [first] = parseEventLogs({ abi: abi as never, logs }) as unknown as {
      eventName: string;
      args: Record<string, unknown>;
    }[];
    expect(first?.eventName).to.equal(name);
    return first as NonNullable<typeof first>;
  }

  async function setUp(options: kit.EstateOptions = {}): Promise<void> {
    wills = await kit.deployWills(await hre.network.create());
    estate = await kit.sealEstate(wills, options);
    await kit.activate(wills, estate);
  }

  const propose = (heir = 2, account: { address: Hex } = kit.executors[0], list = estate.manifest.executors) =>
    wills.loss.write.propose([estate.id, heir, list, 2, proofOf("executors")], by(account));
  const data = (type: "HeirLost" | "Objection", heir: number, proposedAt: number, change: { willId?: Hex } = {}) =>
    willTypedData(estate.context.chainId, wills.loss.address, type, {
      willId: estate.id,
      version: 1,
      heir,
      proposedAt,
      ...change,
    });
  const votes = async (proposedAt: number, indices = [1, 3, 5], heir = 2) =>
    Promise.all(
      indices.map(async (index) => ({
        guardian: index,
        signature: await kit.sign(kit.guardians[index - 1] as never, data("HeirLost", heir, proposedAt)),
      })),
    );
  const confirm = (
    list: Awaited<ReturnType<typeof votes>>,
    wallets = estate.manifest.guardians.map(({ wallet }) => wallet),
  ) => wills.loss.write.confirm([estate.id, wallets, list, proofOf("guardians")]);
  const object = async (
    heir: number,
    proposedAt: number,
    scalar = estate.heirShares[heir - 1]?.scalar as bigint,
    id = estate.id,
  ) => {
    const { r, vs } = signWithShare(scalar, willDigest(data("Objection", heir, proposedAt, { willId: id })));
    return wills.loss.write.objectAsHeir([estate.id, kit.heirList(estate.manifest), r, vs, proofOf("heirs")]);
  };
  const publishEscrow = (
    index: number,
    share = estate.guardianShares[index - 1]?.escrow?.scalar as bigint,
    accounts = estate.manifest.guardians.map(({ escrowShare }) => escrowShare),
  ) => wills.loss.write.publishEscrowShare([estate.id, index, share, accounts, proofOf("escrowShares")]);

  it("one lost heir does not lose the will: proposal, delay, guardians' quorum, escrow shares, opening", async () => {
    await setUp();
    await rejects(propose(), "HeirLossImpossible");
    await kit.release(wills, estate);
    for (const index of [1, 2, 3]) await kit.publish(wills, estate, index);
    await rejects(publishEscrow(1), "HeirLossNotConfirmed");
    const proposed = await event(await propose(), "HeirLossProposed");
    const proposedAt = await kit.now(wills);
    const confirmAt = proposedAt + 60 * kit.DAY;
    expect(proposed.args).to.deep.equal({
      id: estate.id,
      version: 1,
      heir: 2,
      executor: kit.executors[0].address,
      confirmAt,
    });
    await rejects(propose(3), "HeirLossPending");
    const list = await votes(proposedAt);
    await kit.at(wills, confirmAt - 1);
    await rejects(confirm(list), "HeirLossTooEarly");
    await kit.at(wills, confirmAt);
    await rejects(confirm(list.slice(1)), "HeirLossQuorumMissing");
    await rejects(confirm([list[1], list[0], list[2]] as never), "HeirLossVoteInvalid");
    await rejects(confirm([list[0], list[0], list[2]] as never), "HeirLossVoteInvalid");
    await rejects(confirm(await votes(proposedAt + 1)), "HeirLossVoteInvalid");
    await rejects(
      confirm(list, estate.manifest.guardians.map(({ wallet }) => wallet).reverse()),
      "HeirLossNotInManifest",
    );
    expect((await event(await confirm(list), "HeirLossConfirmed")).args).to.deep.equal({
      id: estate.id,
      version: 1,
      heir: 2,
    });
    await rejects(confirm(list), "HeirLossPending");
    await rejects(object(2, proposedAt), "HeirLossObjectionRefused");

    const [first] = await Promise.all([estate.guardianShares[0]?.escrow?.scalar as bigint]);
    for (const wrong of [first + 1n, 0n, ORDER]) await rejects(publishEscrow(1, wrong), "EscrowShareWrong");
    const others = estate.manifest.guardians.map(({ escrowShare }) => escrowShare).reverse();
    await rejects(publishEscrow(5, first, others), "HeirLossNotInManifest");
    await rejects(publishEscrow(0, first), "HeirLossIndexInvalid");
    await rejects(publishEscrow(6, first), "HeirLossIndexInvalid");
    for (const guardian of [1, 4, 5]) {
      const published = await event(await publishEscrow(guardian), "EscrowSharePublished");
      expect(published.args).to.deep.include({ id: estate.id, version: 1, guardian });
    }
    await rejects(publishEscrow(4), "EscrowShareAlreadyPublished");
    expect(await wills.loss.read.lossOf([estate.id])).to.deep.equal([2, confirmAt, true, 0b11001]);

    const { manifest, file, heirShares, guardianShares } = estate;
    const release = guardianShares.slice(0, 3).map((one) => one.release);
    const escrowShares = [0, 3, 4].map(
      (at) => guardianShares[at]?.escrow as NonNullable<(typeof guardianShares)[0]["escrow"]>,
    );
    const two = heirShares.filter(({ index }) => index !== 2);
    expect(
      await openWill({ manifest, file: [file], heirShares: two, guardianShares: release, escrowShares }),
    ).to.deep.equal(estate.document);
  });

  it("an heir who is there objects, by wallet or by a signature of its share; nobody else can", async () => {
    await setUp();
    await kit.release(wills, estate);
    await rejects(object(2, 0), "HeirLossNotProposed");
    await rejects(confirm([]), "HeirLossNotProposed");
    await propose();
    let proposedAt = await kit.now(wills);
    await rejects(object(2, proposedAt, estate.heirShares[0]?.scalar), "HeirLossCallerNotNamed");
    await rejects(object(2, proposedAt, undefined, zeroHash), "HeirLossCallerNotNamed");
    await rejects(object(2, proposedAt + 1), "HeirLossCallerNotNamed");
    expect((await event(await object(2, proposedAt), "HeirLossObjected")).args).to.deep.equal({
      id: estate.id,
      version: 1,
      heir: 2,
      confirmAt: 0,
    });
    await propose();
    proposedAt = await kit.now(wills);
    await kit.at(wills, proposedAt + 60 * kit.DAY - 1);
    const heirs = kit.heirList(estate.manifest);
    await wills.loss.write.objectAsHeir([estate.id, heirs, zeroHash, zeroHash, proofOf("heirs")], by(kit.heirs[1]));
    await propose();
    proposedAt = await kit.now(wills);
    await kit.at(wills, proposedAt + 60 * kit.DAY);
    await rejects(object(2, proposedAt), "HeirLossObjectionRefused");
    await rejects(
      wills.loss.write.objectAsHeir([estate.id, heirs.slice(1), zeroHash, zeroHash, proofOf("heirs")]),
      "HeirLossNotInManifest",
    );
  });

  it("refusal is not loss, unless the testator chose so: then an objection puts it off once", async () => {
    await setUp({ refusalCounts: true });
    await kit.release(wills, estate);
    await propose();
    const proposedAt = await kit.now(wills);
    const confirmAt = proposedAt + 120 * kit.DAY;
    expect((await event(await object(2, proposedAt), "HeirLossObjected")).args.confirmAt).to.equal(confirmAt);
    await rejects(object(2, proposedAt), "HeirLossObjectionRefused");
    const list = await votes(proposedAt);
    await kit.at(wills, confirmAt - 1);
    await rejects(confirm(list), "HeirLossTooEarly");
    await kit.at(wills, confirmAt);
    await confirm(list);
  });

  it("only named executors propose, about heirs there are; a guardian whose share leaked has no vote", async () => {
    await setUp();
    const leak = kit.message(estate, "Leak", { guardian: 3, reporter: kit.relayer.address });
    const { r, vs } = signWithShare(estate.guardianShares[2]?.release.scalar as bigint, willDigest(leak));
    await wills.registry.write.proveLeak([estate.id, 3, r, vs, proofOf("guardianShare:3")], by(kit.relayer));
    await kit.release(wills, estate);
    await rejects(propose(2, kit.relayer), "HeirLossCallerNotNamed");
    await rejects(propose(2, kit.relayer, [kit.relayer.address]), "HeirLossNotInManifest");
    await rejects(propose(0), "HeirLossIndexInvalid");
    await rejects(propose(4), "HeirLossIndexInvalid");
    await propose();
    const proposedAt = await kit.now(wills);
    await kit.at(wills, proposedAt + 60 * kit.DAY);
    await rejects(confirm(await votes(proposedAt)), "HeirLossVoteInvalid");
    await confirm(await votes(proposedAt, [1, 2, 5]));
  });

  it("a will sealed without an escrowed share has no such procedure", async () => {
    await setUp({ escrow: false });
    await kit.release(wills, estate);
    await rejects(propose(), "HeirLossImpossible");
  });
});
