import { expect } from "chai";
import hre from "hardhat";
import { type Hex, parseEventLogs, zeroAddress } from "viem";
import { decodeRevert } from "../../packages/sdk/src/foundation/decodeRevert.ts";
import * as kit from "../../scripts/lib/wills.ts";

async function rejects(action: Promise<unknown>, code: string): Promise<void> {
  const error = await action.then(
    () => undefined,
    (thrown: unknown) => decodeRevert(thrown),
  );
  expect(error?.code, error?.message ?? "nothing was thrown").to.equal(code);
}

describe("WillObituaries (ERC-7878)", () => {
  let wills: kit.Wills;
  let estate: kit.Estate;
  const by = (account: { address: Hex }) => ({ account: account.address });
  const deploy = () => wills.connection.viem.deployContract("WillObituaries", [wills.registry.address]);
  let obituaries: Awaited<ReturnType<typeof deploy>>;

  async function events(hash: Hex): Promise<{ eventName: string; args: Record<string, unknown> }[]> {
    const client = await wills.connection.viem.getPublicClient();
    const { logs } = await client.getTransactionReceipt({ hash });
    const { abi } = await hre.artifacts.readArtifact("WillObituaries");
    return parseEventLogs({ abi: abi as never, logs }) as never;
  }

  beforeEach(async () => {
    wills = await kit.deployWills(await hre.network.create());
    obituaries = await deploy();
    estate = await kit.sealEstate(wills);
  });

  it("says which standard it speaks", async () => {
    const { abi } = await hre.artifacts.readArtifact("IERC7878");
    const { toFunctionSelector } = await import("viem");
    const id = (abi as { type: string }[])
      .filter(({ type }) => type === "function")
      .reduce((sum, item) => sum ^ BigInt(toFunctionSelector(item as never)), 0n);
    const interfaceId: Hex = `0x${id.toString(16).padStart(8, "0")}`;
    expect(await obituaries.read.supportsInterface([interfaceId])).to.equal(true);
    expect(await obituaries.read.supportsInterface(["0x01ffc9a7"])).to.equal(true);
    expect(await obituaries.read.supportsInterface(["0xffffffff"])).to.equal(false);
  });

  for (const escrow of [true, false])
    it(`reads executors and window from a durable manifest ${escrow ? "with" : "without"} escrow; without one, the window only`, async () => {
      const owner = kit.testator.address;
      expect(await obituaries.read.getWill([owner])).to.deep.equal([[], 0n]);
      estate = await kit.sealEstate(wills, { escrow });
      await wills.registry.write.create(kit.createArguments(estate), by(kit.testator));
      expect(await obituaries.read.getWill([owner])).to.deep.equal([[], BigInt(30 * kit.DAY)]);
      const [, terms, root, manifest] = kit.createArguments(estate);
      await wills.registry.write.supersede([estate.id, terms, root, manifest, true], by(kit.testator));
      const [executors, moratorium] = await obituaries.read.getWill([owner]);
      expect(executors).to.deep.equal(estate.manifest.executors);
      expect(moratorium).to.equal(BigInt(30 * kit.DAY));
    });

  it("a durable manifest of another form gives no executors", async () => {
    const [number, terms, root] = kit.createArguments(estate);
    for (const [at, manifest] of (["0x1234", kit.compactManifest(estate.manifest).concat("00")] as Hex[]).entries()) {
      if (at === 0) await wills.registry.write.create([number, terms, root, manifest, true], by(kit.testator));
      else await wills.registry.write.supersede([estate.id, terms, root, manifest, true], by(kit.testator));
      expect((await obituaries.read.getWill([kit.testator.address]))[0]).to.deep.equal([]);
    }
  });

  it("mirrors a claim, its veto and the release, and decides none of them", async () => {
    const owner = kit.testator.address;
    const vault = await wills.factory.read.vaultOf([estate.id]);
    await kit.activate(wills, estate);
    await rejects(obituaries.read.setWill([[], 0n], by(kit.testator)), "ObituaryWillElsewhere");
    await rejects(obituaries.write.announceObit([owner, vault]), "ObituaryNotClaimed");
    await rejects(obituaries.write.cancelObit([owner]), "ObituaryNotAnnounced");
    expect(await obituaries.read.getObit([owner])).to.deep.equal([zeroAddress, 0n]);
    await rejects(obituaries.write.bequeath([owner]), "WillStateWrong");

    await kit.claimDeath(wills, estate, 1);
    const thief = kit.relayer.address;
    await rejects(obituaries.write.announceObit([owner, thief]), "ObituaryInheritorWrong");
    const [started] = await events(await obituaries.write.announceObit([owner, vault], by(kit.relayer)));
    expect(started).to.deep.include({ eventName: "ObituaryStarted", args: { owner, inheritor: vault } });
    await rejects(obituaries.write.announceObit([owner, vault]), "ObituaryAlreadyAnnounced");
    const [inheritor, left] = await obituaries.read.getObit([owner]);
    expect(inheritor).to.equal(vault);
    expect(left > 29n * BigInt(kit.DAY) && left <= 30n * BigInt(kit.DAY)).to.equal(true);
    await rejects(obituaries.write.cancelObit([owner], by(kit.testator)), "ObituaryStands");
    await rejects(obituaries.write.bequeath([owner]), "WillWindowOpen");

    await wills.registry.write.veto([estate.id], by(kit.testator));
    expect(await obituaries.read.getObit([owner])).to.deep.equal([zeroAddress, 0n]);
    const [cancelled] = await events(await obituaries.write.cancelObit([owner], by(kit.relayer)));
    expect(cancelled?.eventName).to.equal("ObituaryCancelled");
    expect(cancelled?.args).to.deep.equal({ owner, cancelledBy: kit.relayer.address });
    await rejects(obituaries.write.cancelObit([owner]), "ObituaryNotAnnounced");

    await kit.claimDeath(wills, estate, 2);
    await obituaries.write.announceObit([owner, vault]);
    // A claim that was announced, vetoed and made anew is another one: the old announcement can go.
    await wills.registry.write.veto([estate.id], by(kit.testator));
    await kit.claimDeath(wills, estate, 3);
    await obituaries.write.cancelObit([owner]);
    const [, windowEnd] = await wills.registry.read.clockOf([estate.id]);
    await kit.at(wills, windowEnd + 5);
    await obituaries.write.bequeath([owner]);
    expect(await wills.registry.read.stateOf([estate.id])).to.equal(4);
    const client = await wills.connection.viem.getPublicClient();
    expect(await client.getCode({ address: vault })).not.to.equal(undefined);
    expect((await obituaries.read.getObit([owner]))[1] <= 0n).to.equal(true);
  });

  it("bequeaths into a vault that stands already", async () => {
    await kit.activate(wills, estate);
    await kit.createVault(wills, estate);
    await kit.claimDeath(wills, estate);
    const [, windowEnd] = await wills.registry.read.clockOf([estate.id]);
    await kit.at(wills, windowEnd);
    await obituaries.write.bequeath([kit.testator.address]);
    expect(await wills.registry.read.stateOf([estate.id])).to.equal(4);
  });
});
