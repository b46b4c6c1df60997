import { expect } from "chai";
import hre from "hardhat";
import { type Hex, keccak256, parseEther, parseEventLogs, stringToHex, zeroAddress, zeroHash } from "viem";
import { decodeRevert } from "../../packages/sdk/src/foundation/decodeRevert.ts";
import { bequestArgument, bequestProof, fixedTotals, planArgument } from "../../packages/sdk/src/wills/index.ts";
import * as kit from "../../scripts/lib/wills.ts";

const ETH = zeroAddress;
const INVOICE = keccak256(stringToHex("salted hash of the invoice"));

async function rejects(action: Promise<unknown>, code: string): Promise<readonly unknown[]> {
  const error = await action.then(
    () => undefined,
    (thrown: unknown) => decodeRevert(thrown),
  );
  expect(error?.code, error?.message ?? "nothing was thrown").to.equal(code);
  return error?.values ?? [];
}

describe("EstateVault", () => {
  let wills: kit.Wills;
  let estate: kit.Estate;
  let vault: kit.Vault;
  const by = (account: { address: Hex } | undefined) => ({ account: account?.address as Hex });
  const heir = (index: number) => kit.heirs[index - 1] as (typeof kit.heirs)[0];

  async function events(hash: Hex): Promise<{ eventName: string; args: Record<string, unknown> }[]> {
    const client = await wills.connection.viem.getPublicClient();
    const { logs } = await client.getTransactionReceipt({ hash });
    const { abi } = await hre.artifacts.readArtifact("EstateVault");
    return parseEventLogs({ abi: abi as never, logs }) as never;
  }

  async function setUp(options: kit.EstateOptions = {}, fund = parseEther("10")): Promise<void> {
    const connection = await hre.network.create();
    wills = await kit.deployWills(connection);
    estate = await kit.sealEstate(wills, options);
    vault = await kit.createVault(wills, estate);
    const [wallet] = await connection.viem.getWalletClients();
    if (fund > 0n) await wallet?.sendTransaction({ to: vault.address, value: fund });
    await kit.activate(wills, estate);
  }

  const begin = () =>
    vault.write.beginSettlement([
      planArgument(estate.manifest.plan, estate.manifest.executors),
      kit.manifestProof(estate.manifest, "plan"),
    ]);
  const openAsset = (asset: Hex) => vault.write.openAsset([asset, fixedTotals(estate.manifest.plan)]);

  /** Releases the will and ends the administration. */
  async function settle(...assets: Hex[]): Promise<void> {
    await kit.release(wills, estate);
    await begin();
    for (const asset of assets) await openAsset(asset);
    const [, administrationEnd] = await vault.read.timesOf();
    await kit.at(wills, administrationEnd);
    await wills.connection.networkHelpers.mine();
  }

  /** All heirs commit to what they opened. */
  async function openByHeirs(): Promise<void> {
    const commitment = keccak256(stringToHex("salted"));
    const data = kit.message(estate, "Opened", { commitment });
    const signatures = await Promise.all([1, 2, 3].map((index) => kit.sign(heir(index), data)));
    const [list, leaf] = [kit.heirList(estate.manifest), kit.manifestProof(estate.manifest, "heirs")];
    await wills.registry.write.open([estate.id, commitment, list, signatures, leaf]);
  }

  const bequest = (index: number) => {
    const found = estate.manifest.plan.bequests.find((candidate) => candidate.index === index);
    return bequestArgument(found as NonNullable<typeof found>);
  };
  const proof = (index: number) => bequestProof(estate.manifest.plan, index);
  const claim = (index: number, account: { address: Hex }, asset: Hex = ETH, to: Hex = account.address) =>
    vault.write.claim([bequest(index), asset, to, proof(index)], by(account));
  const claimToken = (index: number, account: { address: Hex }, to: Hex = account.address) =>
    vault.write.claimToken([bequest(index), to, proof(index)], by(account));
  const balance = async (address: Hex) => (await wills.connection.viem.getPublicClient()).getBalance({ address });

  const payment = async (change: Record<string, unknown> = {}) => ({
    fee: false,
    asset: ETH as Hex,
    to: kit.person(50).address as Hex,
    amount: parseEther("1"),
    invoice: INVOICE as Hex,
    deadline: BigInt((await kit.now(wills)) + 3_600),
    ...change,
  });
  const pay = async (
    what: Awaited<ReturnType<typeof payment>>,
    indices: readonly number[] = [0, 2],
    number?: number,
    list: readonly Hex[] = estate.manifest.executors,
  ) => {
    const signed = { ...what, number: number ?? (await vault.read.paymentNumber([what.asset])) };
    const signatures = await kit.executorSignatures(estate, vault.address, "Payment", signed, indices);
    return vault.write.release([what, list, [...indices], signatures]);
  };
  const assent = async (indices: readonly number[] = [0, 1]) => {
    const deadline = BigInt((await kit.now(wills)) + 3_600);
    const fields = { deadline };
    const signatures = await kit.executorSignatures(estate, vault.address, "Assent", fields, indices);
    return vault.write.assent([deadline, estate.manifest.executors, [...indices], signatures]);
  };

  describe("while the testator lives", () => {
    beforeEach(() => setUp());

    it("the vault stands where it was announced, and belongs to its will", async () => {
      expect(await vault.read.will()).to.equal(estate.id);
      const { abi } = await hre.artifacts.readArtifact("EstateVaultFactory");
      const other = kit.willId(kit.testator.address, 8n);
      const hash = await wills.factory.write.createVault([other]);
      const client = await wills.connection.viem.getPublicClient();
      const { logs } = await client.getTransactionReceipt({ hash });
      const [event] = parseEventLogs({ abi: abi as never, logs }) as unknown as { args: Record<string, unknown> }[];
      expect(event?.args).to.deep.equal({ id: other, vault: await wills.factory.read.vaultOf([other]) });
    });

    it("the testator moves ETH, tokens and NFTs freely, and each act is a sign of life", async () => {
      const token = await wills.connection.viem.deployContract("TestToken", ["T", "T", 18]);
      const nft = await wills.connection.viem.deployContract("TestNft");
      const multi = await wills.connection.viem.deployContract("TestMulti");
      await token.write.mint([vault.address, 100n]);
      await nft.write.mint([vault.address, 7n]);
      await multi.write.mint([heir(1).address, 3n, 9n]);
      await multi.write.safeTransferFrom([heir(1).address, vault.address, 3n, 9n, "0x"], by(heir(1)));
      const to = kit.person(50).address;
      const client = await wills.connection.viem.getPublicClient();
      const acts = [
        () => vault.write.withdraw([ETH, to, 5n], by(kit.testator)),
        () => vault.write.withdraw([token.address, to, 40n], by(kit.testator)),
        () => vault.write.withdrawNft([nft.address, to, 7n], by(kit.testator)),
        () => vault.write.withdrawMulti([multi.address, to, 3n, 4n], by(kit.testator)),
      ];
      for (const act of acts) {
        const hash = await act();
        const [event] = await events(hash);
        expect(event?.eventName).to.equal("EstateWithdrawn");
        const { logs } = await client.getTransactionReceipt({ hash });
        const [beat] = parseEventLogs({ abi: wills.registry.abi, logs, eventName: "WillHeartbeat" });
        expect(beat?.args).to.deep.equal({ id: estate.id, beatAt: await kit.now(wills) });
        expect((await wills.registry.read.clockOf([estate.id]))[0]).to.equal(await kit.now(wills));
      }
      expect(await balance(to)).to.equal(5n);
      expect(await token.read.balanceOf([to])).to.equal(40n);
      expect((await nft.read.ownerOf([7n])).toLowerCase()).to.equal(to.toLowerCase());
      expect(await multi.read.balanceOf([to, 3n])).to.equal(4n);
    });

    it("invariant 4: an act does not move the last sign of life back behind a signed one that ran ahead", async () => {
      const beatAt = (await kit.now(wills)) + 250;
      const data = kit.message(estate, "Beat", { beatAt });
      await wills.registry.write.heartbeats([
        [{ id: estate.id, beatAt, signature: await kit.sign(kit.testator, data) }],
      ]);
      await vault.write.withdraw([ETH, heir(1).address, 1n], by(kit.testator));
      expect((await wills.registry.read.clockOf([estate.id]))[0]).to.equal(beatAt);
      // Two acts of one second are one sign of life.
      await kit.at(wills, beatAt + 1);
      const args = [ETH, heir(1).address, 1n] as const;
      const act = kit.encodeFunctionData({ abi: vault.abi, functionName: "withdraw", args });
      const hash = await vault.write.multicall([[act, act]], by(kit.testator));
      const client = await wills.connection.viem.getPublicClient();
      const { logs } = await client.getTransactionReceipt({ hash });
      expect(parseEventLogs({ abi: wills.registry.abi, logs, eventName: "WillHeartbeat" })).to.have.length(1);
    });

    it("an act during a claim is the veto", async () => {
      await kit.claimDeath(wills, estate);
      await vault.write.withdraw([ETH, heir(1).address, 1n], by(kit.testator));
      expect(await wills.registry.read.stateOf([estate.id])).to.equal(2);
    });

    it("the vault of a will that does not exist, or was revoked, is still the testator's", async () => {
      await wills.registry.write.revoke([estate.id], by(kit.testator));
      await vault.write.withdraw([ETH, heir(1).address, 1n], by(kit.testator));
    });

    it("nobody else moves anything", async () => {
      const stranger = by(heir(1));
      await rejects(vault.write.withdraw([ETH, heir(1).address, 1n], stranger), "EstateNotTestator");
      await rejects(vault.write.withdrawNft([ETH, heir(1).address, 1n], stranger), "EstateNotTestator");
      await rejects(vault.write.withdrawMulti([ETH, heir(1).address, 1n, 1n], stranger), "EstateNotTestator");
      await rejects(begin(), "EstateNotReleased");
      await rejects(openAsset(ETH), "EstateSettlementNotBegun");
      await rejects(claim(0, heir(1)), "EstateSettlementNotBegun");
      await rejects(vault.write.sweep([ETH]), "EstateSettlementNotBegun");
      await kit.claimDeath(wills, estate);
      await rejects(begin(), "EstateNotReleased");
    });

    it("a receiver that refuses ETH is told", async () => {
      const refusing = await wills.connection.viem.deployContract("ContractAccount", [kit.testator.address]);
      await refusing.write.setRefusing([true]);
      await rejects(vault.write.withdraw([ETH, refusing.address, 1n], by(kit.testator)), "EstateTransferFailed");
    });
  });

  describe("settlement", () => {
    it("begins by the plan of the released version only, once; then the testator's key moves nothing", async () => {
      await setUp();
      await kit.release(wills, estate);
      const plan = planArgument(estate.manifest.plan, estate.manifest.executors);
      await rejects(
        vault.write.beginSettlement([
          { ...plan, residue: heir(1).address },
          kit.manifestProof(estate.manifest, "plan"),
        ]),
        "EstatePlanWrong",
      );
      const [event] = await events(await begin());
      expect(event).to.deep.include({ eventName: "EstateSettlementBegun" });
      await rejects(begin(), "EstateSettlementRunning");
      await rejects(vault.write.withdraw([ETH, heir(1).address, 1n], by(kit.testator)), "EstateClosed");
      await rejects(claim(0, heir(1)), "EstateInAdministration");
    });

    it("a careless plan does not lock an estate: numbers outside the limits are taken as the limits", async () => {
      await setUp();
      const [, terms, , bytes] = kit.createArguments(estate);
      const plan = {
        ...estate.manifest.plan,
        administrationDays: 60_000,
        claimDays: 0,
        substituteDays: 0,
        finalDays: 0,
        feeCapBps: 9_999,
        debtCapBps: 60_000,
      };
      const manifest = { ...estate.manifest, plan, version: 2 };
      await wills.registry.write.supersede(
        [estate.id, terms, kit.manifestRoot(manifest), bytes, false],
        by(kit.testator),
      );
      estate = { ...estate, manifest, context: { ...estate.context, version: 2 } };
      await kit.acceptAll(wills, estate);
      await kit.release(wills, estate);
      await begin();
      const [beganAt, administrationEnd, finalAt] = await vault.read.timesOf();
      expect(administrationEnd - beganAt).to.equal(730 * kit.DAY);
      expect(finalAt - beganAt).to.equal((730 + 180 + 30) * kit.DAY);
      await openAsset(ETH);
      expect(await vault.read.assetOf([ETH])).to.deep.equal([true, 0n, 0n, parseEther("1"), parseEther("10")]);
    });

    it("invariant 5: pays fractions, whoever comes first and whenever ETH arrives; what is paid never exceeds what came in", async () => {
      await setUp();
      await settle(ETH);
      await rejects(claim(0, heir(2)), "EstateNotEntitled");
      const before = await balance(kit.charity.address);
      const [event] = await events(await claim(3, heir(1), ETH, kit.charity.address));
      expect(event?.eventName).to.equal("EstateBequestPaid");
      expect(event?.args).to.deep.include({ index: 3, to: kit.charity.address, amount: parseEther("1") });
      expect((await balance(kit.charity.address)) - before).to.equal(parseEther("1"));
      expect(await vault.read.dueOf([bequest(0), ETH])).to.equal(parseEther("3"));
      await claim(0, heir(1));
      await rejects(claim(0, heir(1)), "EstateNothingDue");
      const [wallet] = await wills.connection.viem.getWalletClients();
      await wallet?.sendTransaction({ to: vault.address, value: 1_001n });
      await claim(0, heir(1));
      await claim(1, heir(2));
      await claim(2, heir(3));
      await claim(3, kit.charity, ETH, kit.charity.address).catch(() => claim(3, heir(1), ETH, kit.charity.address));
      const left = await balance(vault.address);
      expect(left < 4n, `${left} wei of dust`).to.equal(true);
      const paid = (await Promise.all([0, 1, 2, 3].map((index) => vault.read.paidOf([ETH, index])))).reduce(
        (a, b) => a + b,
      );
      expect((await vault.read.assetOf([ETH]))[1]).to.equal(paid);
      expect(paid + left).to.equal(parseEther("10") + 1_001n);
    });

    it("refuses bequests that are not in the plan, assets that are not open, other assets and kinds", async () => {
      await setUp({
        bequests: [
          { heir: heir(1).address, amount: 10_000n },
          { kind: "fixed", heir: heir(2).address, asset: kit.person(60).address, amount: 5n },
          { kind: "erc721", heir: heir(3).address, asset: kit.person(61).address, tokenId: 1n },
        ],
      });
      await settle();
      await rejects(claim(0, heir(1)), "EstateAssetNotOpen");
      await rejects(vault.write.openAsset([ETH, []]), "EstateTableWrong");
      const [event] = await events(await openAsset(ETH));
      expect(event?.eventName).to.equal("EstateAssetOpened");
      expect(event?.args).to.deep.include({ asset: ETH, fixedTotal: 0n });
      await rejects(openAsset(ETH), "EstateAssetOpen");
      await rejects(
        vault.write.claim([{ ...bequest(0), amount: 9_999n }, ETH, heir(1).address, proof(0)], by(heir(1))),
        "EstateBequestUnknown",
      );
      await rejects(claim(1, heir(2), ETH), "EstateBequestKindWrong");
      await rejects(claim(2, heir(3), ETH), "EstateBequestKindWrong");
      await rejects(claim(2, heir(3), bequest(2).asset), "EstateBequestKindWrong");
      await rejects(claimToken(0, heir(1)), "EstateBequestKindWrong");
    });

    it("a bequest of one asset is paid in no other, and no bequest is taken for another with a like number", async () => {
      await setUp();
      const token = await wills.connection.viem.deployContract("TestToken", ["T", "T", 18]);
      const nft = await wills.connection.viem.deployContract("TestNft");
      estate = await kit.sealEstate(wills, {
        number: 1n,
        bequests: [
          { heir: heir(1).address, asset: token.address, amount: 10_000n },
          { kind: "fixed", heir: heir(2).address, amount: 5n },
          { kind: "erc721", heir: heir(3).address, asset: nft.address, tokenId: 1n },
          { kind: "erc721", index: 258, heir: heir(3).address, asset: nft.address, tokenId: 2n },
        ],
      });
      vault = await kit.createVault(wills, estate);
      await kit.activate(wills, estate);
      const [wallet] = await wills.connection.viem.getWalletClients();
      await wallet?.sendTransaction({ to: vault.address, value: 100n });
      await token.write.mint([vault.address, 70n]);
      for (const tokenId of [1n, 2n]) await nft.write.mint([vault.address, tokenId]);
      await settle(ETH, token.address);
      await rejects(claim(0, heir(1), ETH), "EstateBequestKindWrong");
      await rejects(claim(1, heir(2), token.address), "EstateBequestKindWrong");
      await claim(0, heir(1), token.address);
      expect(await token.read.balanceOf([heir(1).address])).to.equal(70n);
      await claim(1, heir(2));
      expect(await vault.read.paidOf([ETH, 1])).to.equal(5n);
      for (const [index, tokenId] of [
        [2, 1n],
        [258, 2n],
      ] as const) {
        await claimToken(index, heir(3));
        expect(await nft.read.ownerOf([tokenId])).to.equal(heir(3).address);
      }
    });

    it("a fixed sum of nothing is nothing due, and holds up no fraction", async () => {
      await setUp({
        bequests: [
          { kind: "fixed", heir: heir(1).address, amount: 0n },
          { heir: heir(2).address, amount: 10_000n },
        ],
      });
      await settle(ETH);
      await rejects(claim(0, heir(1)), "EstateNothingDue");
      await claim(1, heir(2));
      expect(await balance(vault.address)).to.equal(0n);
    });

    it("fixed sums come before fractions, and abate together when the estate is short", async () => {
      for (const [fund, fixed, rest] of [
        [10n, 2n, 4n],
        [3n, 1n, 0n],
      ] as const) {
        await setUp(
          {
            bequests: [
              { heir: heir(1).address, amount: 5_000n },
              { heir: heir(2).address, amount: 5_000n },
              { kind: "fixed", heir: heir(3).address, amount: parseEther(`${fund === 10n ? 2 : 4}`) },
              { kind: "fixed", heir: kit.charity.address, amount: fund === 10n ? 0n : parseEther("8") },
            ],
          },
          parseEther(`${fund}`),
        );
        await settle(ETH);
        const [event] = await events(await claim(2, heir(3)));
        expect(event?.args.amount).to.equal(parseEther(`${fixed}`));
        expect(await vault.read.dueOf([bequest(0), ETH])).to.equal(parseEther(`${rest}`));
      }
    });

    it("the heir, then the substitute, then the residue: one second before, at and after each limit", async () => {
      await setUp({
        bequests: [
          { heir: heir(1).address, substitute: heir(2).address, amount: 5_000n },
          { heir: heir(3).address, amount: 5_000n },
        ],
      });
      await settle(ETH);
      const [, administrationEnd, finalAt] = await vault.read.timesOf();
      const heirUntil = administrationEnd + 365 * kit.DAY;
      const entitled = async (index: number, timestamp: number) => {
        await kit.at(wills, timestamp);
        await wills.connection.networkHelpers.mine();
        return (await vault.read.entitledTo([bequest(index)])).toLowerCase();
      };
      expect(await entitled(0, heirUntil - 1)).to.equal(heir(1).address.toLowerCase());
      expect(await entitled(0, heirUntil)).to.equal(heir(2).address.toLowerCase());
      expect(await vault.read.entitledTo([bequest(1)])).to.equal(kit.charity.address);
      await rejects(claim(0, heir(1)), "EstateNotEntitled");
      await kit.at(wills, heirUntil + 180 * kit.DAY - 1);
      await claim(0, heir(2));
      expect(await entitled(0, heirUntil + 180 * kit.DAY)).to.equal(kit.charity.address.toLowerCase());
      await kit.at(wills, finalAt - 1);
      await rejects(vault.write.sweep([ETH]), "EstateNotFinal");
      await rejects(vault.write.close(), "EstateNotFinal");
      await kit.at(wills, finalAt);
      const [event] = await events(await vault.write.sweep([ETH]));
      expect(event).to.deep.include({
        eventName: "EstateResidueSwept",
        args: { asset: ETH, tokenId: 0n, amount: parseEther("5") },
      });
    });

    it("closing the estate makes a will Lapsed that nobody opened, and Executed one that was", async () => {
      for (const opened of [false, true]) {
        await setUp();
        await kit.release(wills, estate);
        // A will that was opened first begins its settlement all the same.
        if (opened) await openByHeirs();
        await begin();
        await openAsset(ETH);
        await kit.at(wills, (await vault.read.timesOf())[2]);
        const hash = await vault.write.close();
        const { abi } = await hre.artifacts.readArtifact("WillRegistry");
        const client = await wills.connection.viem.getPublicClient();
        const { logs } = await client.getTransactionReceipt({ hash });
        const [event] = parseEventLogs({ abi: abi as never, logs }) as unknown as {
          eventName: string;
          args: unknown;
        }[];
        expect(event).to.deep.include({ eventName: "WillSettled", args: { id: estate.id, state: opened ? 6 : 7 } });
        expect(await wills.registry.read.stateOf([estate.id])).to.equal(opened ? 6 : 7);
        await rejects(vault.write.close(), "WillStateWrong");
        // No stuck funds: heirs who come after the end are still paid while the residue has not swept.
        await vault.write.sweep([ETH]);
        expect(await balance(vault.address)).to.equal(0n);
      }
    });

    it("an heir renounces in favour of the substitute, or of the residue", async () => {
      await setUp({
        bequests: [
          { heir: heir(1).address, substitute: heir(2).address, amount: 5_000n },
          { heir: heir(3).address, amount: 5_000n },
        ],
      });
      await rejects(vault.write.renounce([bequest(0), proof(0)], by(heir(1))), "EstateSettlementNotBegun");
      await settle(ETH);
      await rejects(vault.write.renounce([bequest(0), proof(0)], by(heir(2))), "EstateNotEntitled");
      const forged = { ...bequest(0), heir: heir(2).address };
      await rejects(vault.write.renounce([forged, proof(0)], by(heir(2))), "EstateBequestUnknown");
      const [event] = await events(await vault.write.renounce([bequest(0), proof(0)], by(heir(1))));
      expect(event?.eventName).to.equal("EstateBequestRenounced");
      expect(event?.args).to.deep.equal({ index: 0, heir: heir(1).address });
      await claim(0, heir(2));
      expect(await vault.read.entitledTo([bequest(1)]), "nobody renounces for another").to.equal(heir(3).address);
      await vault.write.renounce([bequest(1), proof(1)], by(heir(3)));
      expect(await vault.read.entitledTo([bequest(1)])).to.equal(kit.charity.address);
    });

    it("a plan without residue never lapses", async () => {
      await setUp({
        plan: { residue: zeroAddress },
        bequests: [{ heir: heir(1).address, substitute: heir(2).address, amount: 10_000n }],
      });
      await settle(ETH);
      const [, , finalAt] = await vault.read.timesOf();
      await kit.at(wills, finalAt);
      await rejects(vault.write.sweep([ETH]), "EstateWithoutResidue");
      await claim(0, heir(1));
    });

    it("without residue, what is renounced is the substitute's for ever, and the heir's own where there is none", async () => {
      await setUp({
        plan: { residue: zeroAddress },
        bequests: [
          { heir: heir(1).address, substitute: heir(2).address, amount: 5_000n },
          { heir: heir(3).address, amount: 5_000n },
        ],
      });
      await settle(ETH);
      await vault.write.renounce([bequest(0), proof(0)], by(heir(1)));
      await vault.write.renounce([bequest(1), proof(1)], by(heir(3)));
      await kit.at(wills, (await vault.read.timesOf())[2]);
      await claim(0, heir(2));
      await claim(1, heir(3));
      expect(await balance(vault.address)).to.equal(0n);
    });

    it("a minor is paid from the unlock time, evenly until the stream ends", async () => {
      const connection = await hre.network.create();
      const time = await connection.networkHelpers.time.latest();
      const unlockAt = time + 1_000 * kit.DAY;
      const streamUntil = unlockAt + 100 * kit.DAY;
      await setUp(
        {
          bequests: [
            { heir: heir(1).address, amount: 5_000n, unlockAt, streamUntil },
            { heir: heir(2).address, amount: 5_000n, unlockAt },
          ],
        },
        parseEther("20"),
      );
      await settle(ETH);
      await kit.at(wills, unlockAt - 1);
      await rejects(claim(1, heir(2)), "EstateNothingDue");
      await kit.at(wills, unlockAt);
      await rejects(claim(0, heir(1)), "EstateNothingDue");
      expect((await events(await claim(1, heir(2))))[0]?.args.amount, "without a stream, all at once").to.equal(
        parseEther("10"),
      );
      await kit.at(wills, unlockAt + 25 * kit.DAY);
      expect((await events(await claim(0, heir(1))))[0]?.args.amount).to.equal(parseEther("2.5"));
      await kit.at(wills, streamUntil + 1);
      expect((await events(await claim(0, heir(1))))[0]?.args.amount).to.equal(parseEther("7.5"));
    });

    it("specific legacies: an NFT and an amount of a multi-token, once each", async () => {
      await setUp();
      const unlockAt = (await kit.now(wills)) + 300 * kit.DAY;
      const nft = await wills.connection.viem.deployContract("TestNft");
      const multi = await wills.connection.viem.deployContract("TestMulti");
      const plan = {
        bequests: [
          { heir: heir(1).address, amount: 10_000n },
          { kind: "erc721" as const, heir: heir(2).address, asset: nft.address, tokenId: 5n },
          { kind: "erc1155" as const, heir: heir(3).address, asset: multi.address, tokenId: 6n, amount: 10n },
          { kind: "erc721" as const, heir: heir(2).address, asset: nft.address, tokenId: 8n, unlockAt },
        ],
        plan: { finalDays: 30_000 },
      };
      estate = await kit.sealEstate(wills, { ...plan, number: 1n });
      vault = await kit.createVault(wills, estate);
      await kit.activate(wills, estate);
      await nft.write.mint([vault.address, 5n]);
      await nft.write.mint([vault.address, 8n]);
      await nft.write.mint([vault.address, 9n]);
      await multi.write.mint([heir(1).address, 6n, 12n]);
      await multi.write.safeTransferFrom([heir(1).address, vault.address, 6n, 12n, "0x"], by(heir(1)));
      await settle();
      await rejects(claimToken(1, heir(1)), "EstateNotEntitled");
      const [handed] = await events(await claimToken(1, heir(2)));
      expect(handed?.eventName).to.equal("EstateTokenPaid");
      expect(handed?.args).to.deep.include({ index: 1, to: heir(2).address, tokenId: 5n, amount: 1n });
      await rejects(claimToken(1, heir(2)), "EstateTokenAlreadyPaid");
      await kit.at(wills, unlockAt - 1);
      await rejects(claimToken(3, heir(2)), "EstateNothingDue");
      await kit.at(wills, unlockAt);
      await claimToken(3, heir(2));
      // Anyone may have it sent to the heir.
      const [many] = await events(await claimToken(2, heir(1), heir(3).address));
      expect(many?.eventName).to.equal("EstateTokenPaid");
      expect(many?.args).to.deep.include({ index: 2, to: heir(3).address, tokenId: 6n, amount: 10n });
      expect(await multi.read.balanceOf([heir(3).address, 6n])).to.equal(10n);
      const [, , finalAt] = await vault.read.timesOf();
      await kit.at(wills, finalAt);
      for (const [asset, tokenId, units, amount] of [
        [nft.address, 9n, 0n, 1n],
        [multi.address, 6n, 2n, 2n],
      ] as const) {
        const [swept] = await events(await vault.write.sweepToken([asset, tokenId, units]));
        expect(swept?.eventName).to.equal("EstateResidueSwept");
        expect(swept?.args).to.deep.include({ tokenId, amount });
      }
      expect(await nft.read.ownerOf([9n])).to.equal(kit.charity.address);
      expect(await multi.read.balanceOf([kit.charity.address, 6n])).to.equal(2n);
    });
  });

  describe("executors", () => {
    beforeEach(async () => {
      await setUp();
      await kit.release(wills, estate);
      await begin();
    });

    it("k of n release a debt in one transaction, each number once", async () => {
      const what = await payment();
      await rejects(pay(what), "EstateAssetNotOpen");
      await openAsset(ETH);
      const [event] = await events(await pay(what));
      expect(event?.eventName).to.equal("EstatePaymentReleased");
      expect(event?.args).to.deep.equal({ asset: ETH, to: what.to, amount: what.amount, fee: false, invoice: INVOICE });
      expect(await balance(what.to)).to.equal(parseEther("1"));
      expect(await vault.read.paymentNumber([what.asset])).to.equal(1);
      await rejects(pay(what, [0, 2], 0), "EstateSignatureInvalid");
    });

    it("refuses too few, unordered, repeated and false signatures, other lists and late payments", async () => {
      await openAsset(ETH);
      const what = await payment();
      await rejects(pay(what, [1]), "EstateQuorumMissing");
      await rejects(pay(what, [2, 0]), "EstateSignersUnordered");
      await rejects(pay(what, [1, 1]), "EstateSignersUnordered");
      await rejects(pay(what, [0, 1], undefined, [...estate.manifest.executors].reverse()), "EstateExecutorsWrong");
      const signatures = await kit.executorSignatures(estate, vault.address, "Payment", { ...what, number: 0 }, [0, 1]);
      const send = (list: readonly number[], given: readonly Hex[], change = {}) =>
        vault.write.release([{ ...what, ...change }, estate.manifest.executors, [...list], [...given]]);
      await rejects(send([0, 3], signatures), "EstateSignersUnordered");
      await rejects(send([0, 1], signatures.slice(1)), "EstateQuorumMissing");
      await rejects(send([0, 2], signatures), "EstateSignatureInvalid");
      await rejects(send([0, 1], signatures, { amount: 2n }), "EstateSignatureInvalid");
      await rejects(send([0, 1], signatures, { to: heir(1).address }), "EstateSignatureInvalid");
      await kit.at(wills, what.deadline);
      await send([0, 1], signatures);
      await kit.at(wills, what.deadline + 1n);
      await rejects(send([0, 1], signatures), "EstatePaymentExpired");
      const other = await kit.executorSignatures(estate, heir(1).address, "Payment", { ...what, number: 1 }, [0, 1]);
      const fresh = await payment({ deadline: what.deadline + 100n });
      await rejects(send([0, 1], other, { deadline: fresh.deadline }), "EstateSignatureInvalid");
    });

    it("fees and debts stay under their caps", async () => {
      await openAsset(ETH);
      const [, , , feeLeft, debtLeft] = await vault.read.assetOf([ETH]);
      expect([feeLeft, debtLeft]).to.deep.equal([parseEther("0.2"), parseEther("3")]);
      await rejects(pay(await payment({ fee: true, amount: feeLeft + 1n })), "EstateAboveCap");
      await pay(await payment({ fee: true, amount: feeLeft }));
      await rejects(pay(await payment({ fee: true, amount: 1n })), "EstateAboveCap");
      await rejects(pay(await payment({ amount: debtLeft + 1n })), "EstateAboveCap");
      await pay(await payment({ amount: debtLeft }));
      await rejects(pay(await payment({ amount: 1n })), "EstateAboveCap");
      expect((await vault.read.assetOf([ETH])).slice(3)).to.deep.equal([0n, 0n]);
    });

    it("the administration: payments one second before its end, not at it; assent ends it early", async () => {
      await openAsset(ETH);
      const [, end] = await vault.read.timesOf();
      const deadline = BigInt(end + 10);
      await kit.at(wills, end - 1);
      await pay(await payment({ deadline }));
      await kit.at(wills, end);
      await rejects(pay(await payment({ deadline })), "EstateAdministrationOver");
      await claim(0, heir(1));
    });

    it("k executors assent: heirs are paid at once, and the executors' say is over", async () => {
      await openAsset(ETH);
      await rejects(claim(0, heir(1)), "EstateInAdministration");
      await rejects(assent([2]), "EstateQuorumMissing");
      const [event] = await events(await assent());
      expect(event?.eventName).to.equal("EstateAssented");
      await claim(0, heir(1));
      await rejects(assent(), "EstateAdministrationOver");
    });

    it("a will without executors has no payments", async () => {
      await setUp({ executorThreshold: 0 });
      await kit.release(wills, estate);
      await begin();
      await openAsset(ETH);
      await rejects(pay(await payment()), "EstateExecutorsWrong");
    });
  });

  describe("hostile heirs and tokens", () => {
    async function withToken(name: "FeeToken" | "BlocklistToken" | "SilentToken" | "ReentrantToken" | "RebasingToken") {
      await setUp();
      const token = await wills.connection.viem.deployContract(name as "FeeToken");
      await token.write.mint([vault.address, 1_000_000n]);
      await settle(ETH, token.address);
      return token;
    }

    it("a heir that refuses ETH holds up nobody, and may name another receiver", async () => {
      await setUp();
      const account = await wills.connection.viem.deployContract("ContractAccount", [heir(1).address]);
      estate = await kit.sealEstate(wills, {
        number: 1n,
        bequests: [
          { heir: account.address, amount: 5_000n },
          { heir: heir(2).address, amount: 5_000n },
        ],
      });
      vault = await kit.createVault(wills, estate);
      await kit.activate(wills, estate);
      const [wallet] = await wills.connection.viem.getWalletClients();
      await wallet?.sendTransaction({ to: vault.address, value: 100n });
      await account.write.setRefusing([true]);
      await settle(ETH);
      await rejects(claim(0, heir(3), ETH, account.address), "EstateTransferFailed");
      await claim(1, heir(2));
      const data = kit.encodeFunctionData({
        abi: vault.abi,
        functionName: "claim",
        args: [bequest(0), ETH, heir(3).address, proof(0)],
      });
      await account.write.execute([vault.address, data]);
      expect(await vault.read.paidOf([ETH, 0])).to.equal(50n);
    });

    it("invariant 10: re-entry from a receiver of ETH, or from a token, gets nothing", async () => {
      await setUp();
      const account = await wills.connection.viem.deployContract("ContractAccount", [heir(1).address]);
      await settle(ETH);
      const data = kit.encodeFunctionData({
        abi: vault.abi,
        functionName: "claim",
        args: [bequest(1), ETH, heir(2).address, proof(1)],
      });
      await account.write.arm([vault.address, data]);
      await claim(0, heir(1), ETH, account.address);
      expect(await account.read.reentered()).to.equal(false);
      const token = await wills.connection.viem.deployContract("ReentrantToken");
      await token.write.mint([vault.address, 1_000n]);
      await openAsset(token.address);
      await token.write.arm([vault.address, data]);
      await claim(0, heir(1), token.address);
      expect(await token.read.lastSucceeded()).to.equal(false);
      expect(await vault.read.paidOf([ETH, 1])).to.equal(0n);
    });

    it("invariant 10: a token that takes a fee: everyone's share of what left the vault is right", async () => {
      const token = await withToken("FeeToken");
      for (const index of [0, 1, 2]) await claim(index, heir(index + 1), token.address);
      expect(await vault.read.paidOf([token.address, 2])).to.equal(300_000n);
      expect(await token.read.balanceOf([heir(3).address])).to.equal(297_000n);
    });

    it("invariant 10: a token that blocks one heir or pauses holds up only itself", async () => {
      const token = (await withToken("BlocklistToken")) as unknown as Awaited<
        ReturnType<typeof wills.connection.viem.deployContract<"BlocklistToken">>
      >;
      await token.write.setBlocked([heir(1).address, true]);
      await rejects(claim(0, heir(1), token.address), "SdkUnknownRevert");
      await claim(1, heir(2), token.address);
      await claim(0, heir(1), token.address, kit.person(51).address);
      await token.write.setPaused([true]);
      await rejects(claim(2, heir(3), token.address), "SdkUnknownRevert");
      await claim(2, heir(3), ETH);
      await token.write.setPaused([false]);
      await claim(2, heir(3), token.address);
    });

    it("invariant 10: a token that answers false pays nobody and books nothing", async () => {
      const token = (await withToken("SilentToken")) as unknown as Awaited<
        ReturnType<typeof wills.connection.viem.deployContract<"SilentToken">>
      >;
      await token.write.setFailing([true]);
      await claim(0, heir(1), token.address).then(
        () => expect.fail("was paid"),
        () => undefined,
      );
      expect(await vault.read.paidOf([token.address, 0])).to.equal(0n);
      await token.write.setFailing([false]);
      await claim(0, heir(1), token.address);
    });

    it("invariant 10: a token that shrinks by itself: nothing reverts for ever, and nobody is paid more than there is", async () => {
      const token = (await withToken("RebasingToken")) as unknown as Awaited<
        ReturnType<typeof wills.connection.viem.deployContract<"RebasingToken">>
      >;
      await claim(0, heir(1), token.address);
      await token.write.rebase([10n]);
      await rejects(claim(0, heir(1), token.address), "EstateNothingDue");
      await claim(1, heir(2), token.address);
      // The documented limit: who comes first after a loss is paid first; the rest waits for what is still to come.
      await rejects(claim(2, heir(3), token.address), "EstateNothingDue");
      await token.write.rebase([100n]);
      await token.write.mint([vault.address, 500_000n]);
      await claim(2, heir(3), token.address);
    });
  });

  it("whoever makes a vault, it is announced with its will", async () => {
    await setUp();
    const other = kit.willId(kit.testator.address, 77n);
    const hash = await wills.factory.write.createVault([other], by(kit.relayer));
    const client = await wills.connection.viem.getPublicClient();
    const { logs } = await client.getTransactionReceipt({ hash });
    const [made] = parseEventLogs({ abi: wills.factory.abi, logs, eventName: "EstateVaultCreated" });
    expect(made?.args).to.deep.equal({ id: other, vault: await wills.factory.read.vaultOf([other]) });
  });

  it("several calls go in one transaction", async () => {
    await setUp();
    await settle(ETH);
    const encode = (index: number, account: { address: Hex }) =>
      kit.encodeFunctionData({
        abi: vault.abi,
        functionName: "claim",
        args: [bequest(index), ETH, account.address, proof(index)],
      });
    await vault.write.multicall([[encode(0, heir(1)), encode(1, heir(2))]]);
    expect(await vault.read.paidOf([ETH, 1])).to.equal(parseEther("3"));
    void zeroHash;
  });
});
