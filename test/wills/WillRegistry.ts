import { expect } from "chai";
import hre from "hardhat";
import { type Hex, keccak256, parseEventLogs, slice, stringToHex, toHex, zeroHash } from "viem";
import { decodeRevert } from "../../packages/sdk/src/foundation/decodeRevert.ts";
import { ORDER, signWithShare } from "../../packages/sdk/src/foundation/crypto.ts";
import { willDigest, willTypedData } from "../../packages/sdk/src/wills/index.ts";
import * as kit from "../../scripts/lib/wills.ts";

const STATE = { None: 0, Sealed: 1, Active: 2, Claimed: 3, Released: 4, Opened: 5, Executed: 6, Lapsed: 7, Revoked: 8 };
const EVIDENCE = keccak256(stringToHex("salted hash of the certificate"));

async function rejects(action: Promise<unknown>, code: string): Promise<readonly unknown[]> {
  const error = await action.then(
    () => undefined,
    (thrown: unknown) => decodeRevert(thrown),
  );
  expect(error?.code, error?.message ?? "nothing was thrown").to.equal(code);
  return error?.values ?? [];
}

describe("WillRegistry", () => {
  let wills: kit.Wills;
  let estate: kit.Estate;
  const by = (account: { address: Hex }) => ({ account: account.address });
  const registry = () => wills.registry;
  const state = () => registry().read.stateOf([estate.id]);
  const proofOf = (name: Parameters<typeof kit.manifestProof>[1]) => kit.manifestProof(estate.manifest, name);

  /** The names of the registry's events in a transaction, with their arguments. */
  async function events(hash: Hex): Promise<{ eventName: string; args: Record<string, unknown> }[]> {
    const client = await wills.connection.viem.getPublicClient();
    const { logs } = await client.getTransactionReceipt({ hash });
    const { abi } = await hre.artifacts.readArtifact("WillRegistry");
    return parseEventLogs({ abi: abi as never, logs }) as never;
  }

  beforeEach(async () => {
    const connection = await hre.network.create();
    wills = await kit.deployWills(connection);
    estate = await kit.sealEstate(wills);
  });

  describe("sealing", () => {
    it("seals a will whose id begins with the testator", async () => {
      const hash = await registry().write.create(kit.createArguments(estate), by(kit.testator));
      const [event, ...others] = await events(hash);
      expect(event?.eventName).to.equal("WillSealed");
      expect(others, "the manifest is not stored unasked").to.deep.equal([]);
      expect(event?.args).to.deep.include({
        id: estate.id,
        version: 1,
        manifestRoot: kit.manifestRoot(estate.manifest),
      });
      expect(await state()).to.equal(STATE.Sealed);
      expect(await registry().read.versionOf([estate.id])).to.deep.equal([1, kit.manifestRoot(estate.manifest)]);
      expect(await registry().read.termsOf([estate.id])).to.deep.equal(estate.manifest.terms);
      expect(await registry().read.sealOf([estate.id])).to.deep.equal([
        kit.manifestRoot(estate.manifest),
        STATE.Sealed,
      ]);
    });

    it("refuses a second will under the number, also after revocation", async () => {
      await registry().write.create(kit.createArguments(estate), by(kit.testator));
      await rejects(registry().write.create(kit.createArguments(estate), by(kit.testator)), "WillExists");
      await registry().write.revoke([estate.id], by(kit.testator));
      await rejects(registry().write.create(kit.createArguments(estate), by(kit.testator)), "WillExists");
    });

    it("refuses terms outside the limits, at each limit, and a missing root", async () => {
      const [number, terms, root, manifest] = kit.createArguments(estate);
      const wrong = [
        { intervalDays: 29 },
        { intervalDays: 36_501 },
        { quorumWindowDays: 29 },
        { quorumWindowDays: 36_501 },
        { overdueWindowDays: 179 },
        { overdueWindowDays: 36_501 },
        { heirs: 0 },
        { heirs: 17 },
        { acceptances: 0 },
        { acceptances: 4 },
        { guardians: 0 },
        { guardians: 17 },
        { threshold: 0 },
        { threshold: 6 },
        { registrars: 1 },
        { registrars: 9 },
        { heirs: 1, acceptances: 1 },
        { escrow: false, refusalCounts: true },
      ];
      for (const change of wrong)
        await rejects(
          registry().write.create([number, { ...terms, ...change }, root, manifest, false], by(kit.testator)),
          "WillTermsInvalid",
        );
      await rejects(
        registry().write.create([number, terms, toHex(0, { size: 29 }), manifest, false], by(kit.testator)),
        "WillRootMissing",
      );
      const one = { acceptances: 1, guardians: 1, threshold: 1 };
      const shortest = { intervalDays: 30, quorumWindowDays: 30, overdueWindowDays: 180 };
      const least = { ...terms, ...one, ...shortest, registrars: 2 };
      await registry().write.create([number, least, root, manifest, false], by(kit.testator));
      const all = { heirs: 16, acceptances: 16, guardians: 16, threshold: 16, registrars: 8 };
      const longest = { intervalDays: 36_500, quorumWindowDays: 36_500, overdueWindowDays: 36_500 };
      const most = { ...terms, ...all, ...longest };
      await registry().write.create([number + 1n, most, root, manifest, false], by(kit.testator));
    });

    it("N = 1 forbids escrow", async () => {
      const [number, terms, root, manifest] = kit.createArguments(estate);
      const single = { ...terms, heirs: 1, acceptances: 1 };
      await rejects(
        registry().write.create([number, single, root, manifest, false], by(kit.testator)),
        "WillTermsInvalid",
      );
      await registry().write.create([number, { ...single, escrow: false }, root, manifest, false], by(kit.testator));
    });

    it("keeps a durable manifest in the chain's state, found without any event", async () => {
      const [number, terms, root, manifest] = kit.createArguments(estate);
      expect(await registry().read.manifestOf([estate.id, 1])).to.equal("0x0000000000000000000000000000000000000000");
      const hash = await registry().write.create([number, terms, root, manifest, true], by(kit.testator));
      const pointer = await registry().read.manifestOf([estate.id, 1]);
      expect((await events(hash)).map(({ eventName }) => eventName)).to.deep.equal([
        "WillSealed",
        "WillManifestStored",
      ]);
      const client = await wills.connection.viem.getPublicClient();
      expect(slice((await client.getCode({ address: pointer })) ?? "0x", 1)).to.equal(manifest.toLowerCase());
    });
  });

  describe("acceptance", () => {
    beforeEach(() => registry().write.create(kit.createArguments(estate), by(kit.testator)));

    const accept = async (...indices: number[]) => {
      const empty = kit.NO_ACCEPTANCE;
      const list = await Promise.all([1, 2, 3].map((i) => (indices.includes(i) ? kit.acceptance(estate, i) : empty)));
      return [estate.id, kit.heirList(estate.manifest), list, [], proofOf("heirs")] as const;
    };

    it("becomes Active when all who must have accepted have", async () => {
      expect((await events(await registry().write.accept(await accept(1, 2)))).map((e) => e.eventName)).to.deep.equal([
        "WillAccepted",
      ]);
      expect(await state()).to.equal(STATE.Sealed);
      const names = (await events(await registry().write.accept(await accept(3)))).map((e) => e.eventName);
      expect(names).to.deep.equal(["WillAccepted", "WillActivated"]);
      expect(await state()).to.equal(STATE.Active);
      expect((await registry().read.progressOf([estate.id]))[0]).to.equal(0b111);
      await rejects(registry().write.accept(await accept(3)), "WillNothingToAccept");
    });

    it("a dealer who gave a bad share is found: the will does not become Active", async () => {
      const [id, list, , , proof] = await accept();
      const share = estate.heirShares[0] as { index: number; scalar: bigint };
      const bad = await kit.acceptance(estate, 1, { index: 1, scalar: share.scalar + 1n });
      const [, second, third] = (await accept(2, 3))[2];
      await rejects(
        registry().write.accept([id, list, [bad, second, third] as never, [], proof]),
        "WillShareSignatureInvalid",
      );
      expect(await state()).to.equal(STATE.Sealed);
    });

    it("signatures by another wallet, for another index, will, version, root, contract or chain, and malleated ones, fail", async () => {
      const [id, list, good, , proof] = await accept(1);
      const [first, second, third] = good as [(typeof good)[0], (typeof good)[0], (typeof good)[0]];
      const tries = async (
        change: Partial<typeof estate.context>,
        root = kit.manifestRoot(estate.manifest),
        index = 1,
      ) => {
        const context = { ...estate.context, ...change };
        const data = willTypedData(context.chainId, context.registry, "Acceptance", {
          willId: context.willId,
          version: context.version,
          manifestRoot: root,
          index,
          wallet: kit.heirs[0]?.address,
        });
        const { r, vs } = signWithShare(estate.heirShares[0]?.scalar as bigint, willDigest(data));
        const wallet = await kit.sign(kit.heirs[0] as never, data);
        const compact = kit.compactSignature(wallet);
        const signed = { walletR: compact.r, walletVs: compact.vs, shareR: r, shareVs: vs };
        // Both signatures are wrong in the same way; then only the share's.
        await rejects(registry().write.accept([id, list, [signed, second, third], [], proof]), "WillSignatureInvalid");
        const long = { ...signed, walletR: zeroHash, walletVs: zeroHash };
        await rejects(
          registry().write.accept([id, list, [long, second, third], [wallet], proof]),
          "WillSignatureInvalid",
        );
        const onlyShare = { ...signed, walletR: first.walletR, walletVs: first.walletVs };
        await rejects(
          registry().write.accept([id, list, [onlyShare, second, third], [], proof]),
          "WillShareSignatureInvalid",
        );
      };
      await tries({ chainId: 1 });
      await tries({ registry: kit.relayer.address });
      await tries({ willId: kit.willId(kit.testator.address, 1n) });
      await tries({ version: 2 });
      await tries({}, slice(keccak256("0x"), 0, 29));
      await tries({}, undefined, 2);

      // The twin with a high s: it does not fit beside the parity in EIP-2098's form, so it is also tried in 65 bytes.
      const split = (vs: Hex) => ({ s: BigInt(vs) & ((1n << 255n) - 1n), parity: BigInt(vs) >> 255n });
      const twin = (vs: Hex): Hex => {
        const { s, parity } = split(vs);
        return toHex((ORDER - s) | ((parity ^ 1n) << 255n), { size: 32 });
      };
      await rejects(
        registry().write.accept([id, list, [{ ...first, walletVs: twin(first.walletVs) }, second, third], [], proof]),
        "WillSignatureInvalid",
      );
      const { s, parity } = split(first.walletVs);
      const malleated: Hex = `${first.walletR}${toHex(ORDER - s, { size: 32 }).slice(2)}${parity === 0n ? "1c" : "1b"}`;
      const long = { ...first, walletR: zeroHash, walletVs: zeroHash };
      await rejects(
        registry().write.accept([id, list, [long, second, third], [malleated], proof]),
        "WillSignatureInvalid",
      );
      await rejects(
        registry().write.accept([id, list, [{ ...first, shareVs: twin(first.shareVs) }, second, third], [], proof]),
        "WillShareSignatureInvalid",
      );
      // No signature at all where the wallet's should be, and fewer than there are contracts.
      await rejects(registry().write.accept([id, list, [long, second, third], [], proof]), "WillSignatureInvalid");
    });

    it("refuses lists that are not the manifest's", async () => {
      const [id, list, acceptances, , proof] = await accept(1);
      await rejects(registry().write.accept([id, list, acceptances.slice(1), [], proof]), "WillListLengthWrong");
      await rejects(
        registry().write.accept([id, list.slice(1), acceptances.slice(1), [], proof]),
        "WillListLengthWrong",
      );
      await rejects(registry().write.accept([id, [...list].reverse(), acceptances, [], proof]), "WillNotInManifest");
      const none = kit.willId(kit.testator.address, 9n);
      await rejects(registry().write.accept([none, list, acceptances, [], proof]), "WillStateWrong");
    });

    it("heirs may be ERC-1271 accounts", async () => {
      const account = await wills.connection.viem.deployContract("ContractAccount", [kit.heirs[0]?.address as Hex]);
      // Signed by its owner, checked through the account; the list names the account.
      const list = kit
        .heirList(estate.manifest)
        .map((heir, i) => (i === 0 ? { ...heir, wallet: account.address } : heir));
      const manifest = {
        ...estate.manifest,
        heirs: estate.manifest.heirs.map((heir, i) => (i === 0 ? { ...heir, wallet: account.address } : heir)),
      };
      const [, terms, , bytes] = kit.createArguments(estate);
      const root = kit.manifestRoot(manifest);
      await registry().write.create([7n, terms, root, bytes, false], by(kit.testator));
      const id = kit.willId(kit.testator.address, 7n);
      const data = willTypedData(estate.context.chainId, registry().address, "Acceptance", {
        willId: id,
        version: 1,
        manifestRoot: root,
        index: 1,
        wallet: account.address,
      });
      const { r, vs } = signWithShare(estate.heirShares[0]?.scalar as bigint, willDigest(data));
      const signature = await kit.sign(kit.heirs[0] as never, data);
      const signed = { ...kit.NO_ACCEPTANCE, shareR: r, shareVs: vs };
      const empty = kit.NO_ACCEPTANCE;
      // Whoever gives a key's signature is not asked as a contract as well: it is one or the other.
      const both = { ...signed, walletR: r, walletVs: vs };
      const proof = kit.manifestProof(manifest, "heirs");
      await rejects(
        registry().write.accept([id, list, [both, empty, empty], [signature], proof]),
        "WillSignatureInvalid",
      );
      await registry().write.accept([id, list, [signed, empty, empty], [signature], proof]);
      expect((await registry().read.progressOf([id]))[0]).to.equal(1);
    });

    it("a dealer who names nobody's wallet or share lets nobody accept: a failed recovery is no signature", async () => {
      const zero = `0x${"00".repeat(20)}` as const;
      const broken = toHex(2n ** 256n - 1n);
      for (const [number, change] of [
        [8n, { share: zero }],
        [9n, { wallet: zero }],
      ] as const) {
        const heirs = estate.manifest.heirs.map((heir, at) => (at === 0 ? { ...heir, ...change } : heir));
        const manifest = { ...estate.manifest, heirs };
        const [, terms, , bytes] = kit.createArguments(estate);
        const root = kit.manifestRoot(manifest);
        await registry().write.create([number, terms, root, bytes, false], by(kit.testator));
        const id = kit.willId(kit.testator.address, number);
        const wallet = heirs[0]?.wallet as Hex;
        const message = { willId: id, version: 1, manifestRoot: root, index: 1, wallet };
        const data = willTypedData(estate.context.chainId, registry().address, "Acceptance", message);
        const own = kit.compactSignature(await kit.sign(kit.heirs[0] as never, data));
        const { r, vs } = signWithShare(estate.heirShares[0]?.scalar as bigint, willDigest(data));
        const isShare = "share" in change;
        const half = isShare
          ? { walletR: own.r, walletVs: own.vs, shareR: broken, shareVs: vs }
          : { walletR: broken, walletVs: own.vs, shareR: r, shareVs: vs };
        await rejects(
          registry().write.accept([
            id,
            kit.heirList(manifest),
            [half, kit.NO_ACCEPTANCE, kit.NO_ACCEPTANCE],
            [],
            kit.manifestProof(manifest, "heirs"),
          ]),
          isShare ? "WillShareSignatureInvalid" : "WillSignatureInvalid",
        );
      }
    });
  });

  describe("versions", () => {
    it("invariant 2: versions only go up, and acceptances of one never count for the next", async () => {
      await kit.activate(wills, estate);
      const next = await kit.sealEstate(wills, { version: 2 });
      const [, terms, root, manifest] = kit.createArguments(next);
      const hash = await registry().write.supersede([estate.id, terms, root, manifest, true], by(kit.testator));
      const [sealed, stored] = await events(hash);
      expect(sealed?.args).to.deep.include({ version: 2, manifestRoot: root });
      expect(stored?.args).to.deep.equal({
        id: estate.id,
        version: 2,
        pointer: await registry().read.manifestOf([estate.id, 2]),
      });
      expect(await state()).to.equal(STATE.Sealed);
      expect((await registry().read.progressOf([estate.id]))[0]).to.equal(0);
      // Acceptances of version 1, replayed.
      const old = await Promise.all([1, 2, 3].map((i) => kit.acceptance(estate, i)));
      await rejects(
        registry().write.accept([
          estate.id,
          kit.heirList(next.manifest),
          old,
          [],
          kit.manifestProof(next.manifest, "heirs"),
        ]),
        "WillSignatureInvalid",
      );
      await rejects(
        registry().write.accept([estate.id, kit.heirList(estate.manifest), old, [], proofOf("heirs")]),
        "WillNotInManifest",
      );
      await kit.acceptAll(wills, next);
      expect(await state()).to.equal(STATE.Active);
      await kit.release(wills, next);
      expect((await registry().read.versionOf([estate.id]))[0]).to.equal(2);
      // An old guardian share is worthless now.
      await rejects(kit.publish(wills, estate, 1), "WillNotInManifest");
      await kit.publish(wills, next, 1);
    });

    it("only the testator supersedes and revokes, and not during a claim", async () => {
      await kit.activate(wills, estate);
      const [, terms, root, manifest] = kit.createArguments(estate);
      await rejects(
        registry().write.supersede([estate.id, terms, root, manifest, false], by(kit.relayer)),
        "WillNotTestator",
      );
      await rejects(registry().write.revoke([estate.id], by(kit.relayer)), "WillNotTestator");
      await kit.claimDeath(wills, estate);
      await rejects(
        registry().write.supersede([estate.id, terms, root, manifest, false], by(kit.testator)),
        "WillStateWrong",
      );
      await rejects(registry().write.revoke([estate.id], by(kit.testator)), "WillStateWrong");
    });

    it("a revoked will is over", async () => {
      await kit.activate(wills, estate);
      expect((await events(await registry().write.revoke([estate.id], by(kit.testator))))[0]?.eventName).to.equal(
        "WillRevoked",
      );
      expect(await state()).to.equal(STATE.Revoked);
      await rejects(kit.claimDeath(wills, estate), "WillStateWrong");
      await rejects(registry().write.heartbeat([estate.id], by(kit.testator)), "WillStateWrong");
      await rejects(registry().write.finalise([estate.id]), "WillStateWrong");
    });
  });

  describe("heartbeats", () => {
    beforeEach(() => kit.activate(wills, estate));

    const beat = async (beatAt: number, id = estate.id, signer = kit.testator, chainId = estate.context.chainId) => ({
      id,
      beatAt,
      signature: await kit.sign(signer, willTypedData(chainId, registry().address, "Beat", { willId: id, beatAt })),
    });

    it("a direct beat is now; only the testator gives it", async () => {
      const time = (await kit.now(wills)) + 10;
      await kit.at(wills, time);
      const [event] = await events(await registry().write.heartbeat([estate.id], by(kit.testator)));
      expect(event).to.deep.include({ eventName: "WillHeartbeat", args: { id: estate.id, beatAt: time } });
      expect((await registry().read.clockOf([estate.id]))[0]).to.equal(time);
      await rejects(registry().write.heartbeat([estate.id], by(kit.relayer)), "WillNotTestator");
    });

    it("invariant 4: strictly increases; a relayed beat is not replayed, not from another chain or will, not over 300 s ahead", async () => {
      const time = await kit.now(wills);
      // Posted in the third block from here: 300 seconds ahead.
      const good = await beat(time + 303);
      const names = async (...list: Awaited<ReturnType<typeof beat>>[]) => {
        await kit.at(wills, (await kit.now(wills)) + 1);
        return (await events(await registry().write.heartbeats([list]))).map(({ eventName }) => eventName);
      };
      expect(await names(await beat(time + 302))).to.deep.equal(["WillHeartbeatSkipped"]);
      expect(
        await names(
          { ...good, id: kit.willId(kit.testator.address, 3n) },
          await beat(time + 299, estate.id, kit.relayer),
          await beat(time + 299, estate.id, kit.testator, 1),
          await beat(1),
        ),
      ).to.deep.equal(Array(4).fill("WillHeartbeatSkipped"));
      expect(await names(good, good)).to.deep.equal(["WillHeartbeat", "WillHeartbeatSkipped"]);
      expect((await registry().read.clockOf([estate.id]))[0]).to.equal(time + 303);
      // A direct beat before that moment would move the clock back.
      await rejects(registry().write.heartbeat([estate.id], by(kit.testator)), "WillBeatNotLater");
      // Nor does a codicil move it back.
      const [, terms, root, manifest] = kit.createArguments(estate);
      const codicil = await registry().write.supersede([estate.id, terms, root, manifest, false], by(kit.testator));
      expect((await events(codicil)).map(({ eventName }) => eventName)).to.deep.equal(["WillSealed"]);
      expect((await registry().read.clockOf([estate.id]))[0]).to.equal(time + 303);
      // A beat in the second of the last one says nothing new.
      await kit.at(wills, time + 303);
      await rejects(registry().write.heartbeat([estate.id], by(kit.testator)), "WillBeatNotLater");
    });

    it("a relayed beat signed before a claim is no veto", async () => {
      const signed = await beat((await kit.now(wills)) + 5);
      await kit.claimDeath(wills, estate);
      await kit.at(wills, (await kit.now(wills)) + 10);
      const [event] = await events(await registry().write.heartbeats([[signed]]));
      expect(event?.eventName).to.equal("WillHeartbeatSkipped");
      expect(await state()).to.equal(STATE.Claimed);
    });

    it("a testator may be an ERC-1271 account", async () => {
      const account = await wills.connection.viem.deployContract("ContractAccount", [kit.testator.address]);
      const [, terms, root, manifest] = kit.createArguments(estate);
      const data = kit.encodeFunctionData({
        abi: registry().abi,
        functionName: "create",
        args: [0n, terms, root, manifest, false],
      });
      await account.write.execute([registry().address, data]);
      const id = kit.willId(account.address, 0n);
      await kit.at(wills, (await kit.now(wills)) + 10);
      const [event] = await events(await registry().write.heartbeats([[await beat((await kit.now(wills)) + 5, id)]]));
      expect(event?.eventName).to.equal("WillHeartbeat");
    });
  });

  describe("claims", () => {
    beforeEach(() => kit.activate(wills, estate));

    it("registrars prove a death", async () => {
      const hash = await kit.claimDeath(wills, estate);
      const time = await kit.now(wills);
      expect((await events(hash))[0]).to.deep.include({ eventName: "WillDeathClaimed" });
      expect((await registry().read.clockOf([estate.id]))[1]).to.equal(time + 30 * kit.DAY);
      expect(await state()).to.equal(STATE.Claimed);
      await rejects(kit.claimDeath(wills, estate, 2), "WillStateWrong");
    });

    it("refuses too few, unordered, repeated, uncredentialed registrars, bad signatures and a death to come", async () => {
      const time = await kit.now(wills);
      const signed = await kit.certificate(estate, 1, EVIDENCE, time);
      const [a, b, c] = signed as [(typeof signed)[0], (typeof signed)[0], (typeof signed)[0]];
      const claim = (list: typeof signed, death = time, evidence = EVIDENCE) =>
        registry().write.claimDeath([estate.id, evidence, death, list]);
      await rejects(claim([a, b]), "WillQuorumMissing");
      await rejects(claim([b, a, c]), "WillSignersUnordered");
      await rejects(claim([a, b, b]), "WillSignersUnordered");
      await rejects(claim(signed, time + 1_000), "WillDeathInFuture");
      await rejects(claim(signed, time - 1), "WillSignatureInvalid");
      await rejects(claim(signed, time, keccak256("0x01")), "WillSignatureInvalid");
      await rejects(claim(await kit.certificate(estate, 2, EVIDENCE, time)), "WillSignatureInvalid");
      await wills.credentials.write.set([kit.REGISTRAR, b.signer, false]);
      await rejects(claim(signed), "WillRegistrarInvalid");
    });

    it("a death of this very second is proven, one of the next second is still to come", async () => {
      const death = (await kit.now(wills)) + 10;
      const signed = await kit.certificate(estate, 1, EVIDENCE, death);
      const claim = () => registry().write.claimDeath([estate.id, EVIDENCE, death, signed]);
      await kit.at(wills, death - 1);
      await rejects(claim(), "WillDeathInFuture");
      await kit.at(wills, death);
      await claim();
      expect(await state()).to.equal(STATE.Claimed);
    });

    it("a certificate of a vetoed claim is not replayed", async () => {
      const time = await kit.now(wills);
      const signed = await kit.certificate(estate, 1, EVIDENCE, time);
      await registry().write.claimDeath([estate.id, EVIDENCE, time, signed]);
      await registry().write.veto([estate.id], by(kit.testator));
      await rejects(registry().write.claimDeath([estate.id, EVIDENCE, time, signed]), "WillSignatureInvalid");
      await kit.claimDeath(wills, estate, 2);
    });

    const overdue = (account: { address: Hex } = kit.executors[0], value = kit.CLAIM_BOND) =>
      registry().write.claimOverdue(
        [estate.id, estate.manifest.executors, estate.manifest.plan.executorThreshold, proofOf("executors")],
        { ...by(account), value },
      );

    it("an executor claims an overdue heartbeat with a bond: one second before, at and after the interval", async () => {
      const [lastBeat] = await registry().read.clockOf([estate.id]);
      const due = lastBeat + 365 * kit.DAY;
      await kit.at(wills, due - 1);
      await rejects(overdue(), "WillNotOverdue");
      await kit.at(wills, due);
      const [event] = await events(await overdue());
      expect(event?.eventName).to.equal("WillOverdueClaimed");
      expect(event?.args).to.deep.include({ bond: kit.CLAIM_BOND, windowEnd: due + 180 * kit.DAY, claim: 1 });
      expect(await state()).to.equal(STATE.Claimed);
      // While a claim is pending nobody begins another, which would move its window and take the first one's bond.
      await rejects(overdue(kit.executors[1]), "WillStateWrong");
    });

    it("refuses a wrong bond, a stranger and a list that is not the manifest's", async () => {
      await kit.at(wills, (await kit.now(wills)) + 400 * kit.DAY);
      await rejects(overdue(kit.executors[0], kit.CLAIM_BOND - 1n), "WillBondWrong");
      await rejects(overdue(kit.relayer), "WillCallerNotNamed");
      await rejects(
        registry().write.claimOverdue([estate.id, [kit.relayer.address], 1, proofOf("executors")], {
          ...by(kit.relayer),
          value: kit.CLAIM_BOND,
        }),
        "WillNotInManifest",
      );
    });

    it("a false claim without evidence costs the claimant the bond, which the testator gets", async () => {
      await kit.at(wills, (await kit.now(wills)) + 400 * kit.DAY);
      await overdue();
      const hash = await registry().write.veto([estate.id], by(kit.testator));
      expect((await events(hash)).map((e) => e.eventName)).to.deep.equal(["WillVetoed", "WillBondCredited"]);
      expect(await registry().read.creditOf([kit.testator.address])).to.equal(kit.CLAIM_BOND);
      await rejects(registry().write.withdrawBond([kit.relayer.address], by(kit.relayer)), "WillNothingToWithdraw");
      const refusing = await wills.connection.viem.deployContract("ContractAccount", [kit.testator.address]);
      await refusing.write.setRefusing([true]);
      await rejects(registry().write.withdrawBond([refusing.address], by(kit.testator)), "WillTransferFailed");
      const paid = await events(await registry().write.withdrawBond([kit.relayer.address], by(kit.testator)));
      expect(paid[0]?.eventName).to.equal("WillBondWithdrawn");
      expect(paid[0]?.args).to.deep.equal({ to: kit.relayer.address, amount: kit.CLAIM_BOND });
      await rejects(registry().write.withdrawBond([kit.relayer.address], by(kit.testator)), "WillNothingToWithdraw");
      // The next claim has no bond of its own, and its veto credits none.
      await kit.claimDeath(wills, estate, 2);
      const next = await registry().write.veto([estate.id], by(kit.testator));
      expect((await events(next)).map((e) => e.eventName)).to.deep.equal(["WillVetoed"]);
    });

    it("an overdue claim that nobody vetoes returns the bond", async () => {
      await kit.at(wills, (await kit.now(wills)) + 400 * kit.DAY);
      await overdue();
      const [, windowEnd] = await registry().read.clockOf([estate.id]);
      await kit.at(wills, windowEnd);
      await registry().write.finalise([estate.id]);
      expect(await registry().read.creditOf([kit.executors[0].address])).to.equal(kit.CLAIM_BOND);
    });

    it("money does not wait for acceptances: a sealed will can be claimed when overdue, not by registrars", async () => {
      const other = await kit.sealEstate(wills, { number: 1n });
      await registry().write.create(kit.createArguments(other), by(kit.testator));
      await rejects(kit.claimDeath(wills, other), "WillStateWrong");
      estate = other;
      await kit.at(wills, (await kit.now(wills)) + 400 * kit.DAY);
      await overdue();
      expect(await state()).to.equal(STATE.Claimed);
      await registry().write.veto([estate.id], by(kit.testator));
      expect(await state()).to.equal(STATE.Sealed);
    });
  });

  describe("veto", () => {
    beforeEach(async () => {
      await kit.activate(wills, estate);
      await kit.claimDeath(wills, estate);
    });

    const vetoByKey = (account: { address: Hex } = kit.vetoKey) =>
      registry().write.vetoByKey([estate.id, estate.manifest.vetoKey.salt, proofOf("vetoKey")], by(account));

    it("invariant 3: a living testator with the key can always return to Active: directly, by a beat, by signature, by the veto key", async () => {
      const data = kit.message(estate, "Veto", { claim: 3 });
      const ways: [number, () => Promise<Hex>][] = [
        [1, () => registry().write.veto([estate.id], by(kit.testator))],
        [2, () => registry().write.heartbeat([estate.id], by(kit.testator))],
        [
          3,
          async () =>
            registry().write.vetoBySignature([estate.id, await kit.sign(kit.testator, data)], by(kit.relayer)),
        ],
        [4, () => vetoByKey()],
      ];
      for (const [claim, way] of ways) {
        if (claim > 1) await kit.claimDeath(wills, estate, claim);
        const [event] = await events(await way());
        expect(event).to.deep.include({ eventName: "WillVetoed" });
        expect(event?.args).to.deep.include({ id: estate.id, claim });
        expect(await state()).to.equal(STATE.Active);
        expect(await registry().read.clockOf([estate.id])).to.deep.equal([await kit.now(wills), 0]);
      }
      await rejects(registry().write.veto([estate.id], by(kit.testator)), "WillStateWrong");
    });

    it("nobody else vetoes: no heir, no executor, no signature of another claim", async () => {
      await rejects(registry().write.veto([estate.id], by(kit.executors[0])), "WillNotTestator");
      await rejects(vetoByKey(kit.heirs[0] as never), "WillNotInManifest");
      const other = await kit.sign(kit.testator, kit.message(estate, "Veto", { claim: 2 }));
      await rejects(registry().write.vetoBySignature([estate.id, other]), "WillSignatureInvalid");
    });

    it("invariant 3: no release one second before its end, release at it, and no veto after release", async () => {
      const [, windowEnd] = await registry().read.clockOf([estate.id]);
      await kit.at(wills, windowEnd - 1);
      await rejects(registry().write.finalise([estate.id]), "WillWindowOpen");
      await kit.at(wills, windowEnd);
      const [event, ...others] = await events(await registry().write.finalise([estate.id]));
      expect(event).to.deep.include({ eventName: "WillReleased", args: { id: estate.id, version: 1 } });
      expect(others, "a claim with evidence has no bond").to.deep.equal([]);
      expect(await state()).to.equal(STATE.Released);
      await rejects(registry().write.finalise([estate.id]), "WillStateWrong");
      await rejects(registry().write.veto([estate.id], by(kit.testator)), "WillStateWrong");
      await rejects(registry().write.heartbeat([estate.id], by(kit.testator)), "WillStateWrong");
      await rejects(vetoByKey(), "WillStateWrong");
    });

    it("a testator who returns late may still veto while nobody has finalised", async () => {
      const [, windowEnd] = await registry().read.clockOf([estate.id]);
      await kit.at(wills, windowEnd + 1);
      await registry().write.veto([estate.id], by(kit.testator));
      expect(await state()).to.equal(STATE.Active);
    });

    const extend = (index: number, account = kit.guardians[index - 1]) =>
      registry().write.extendWindow(
        [estate.id, index, estate.manifest.guardians.map(({ wallet }) => wallet), proofOf("guardians")],
        by(account as never),
      );

    it("guardians only lengthen a window: each once a claim, three in all, and only before its end", async () => {
      const [, windowEnd] = await registry().read.clockOf([estate.id]);
      const [extended] = await events(await extend(1));
      expect(extended?.eventName).to.equal("WillWindowExtended");
      expect(extended?.args).to.deep.equal({
        id: estate.id,
        guardian: 1,
        windowEnd: windowEnd + 30 * kit.DAY,
      });
      await rejects(extend(1), "WillExtensionRefused");
      await rejects(extend(2, kit.guardians[2]), "WillCallerNotNamed");
      await rejects(extend(0, kit.guardians[0]), "WillIndexInvalid");
      await rejects(extend(6, kit.guardians[0]), "WillCallerNotNamed");
      await extend(2);
      await extend(5);
      await rejects(extend(4), "WillExtensionRefused");
      expect((await registry().read.clockOf([estate.id]))[1]).to.equal(windowEnd + 90 * kit.DAY);
      // A new claim starts afresh.
      await registry().write.veto([estate.id], by(kit.testator));
      await rejects(extend(4), "WillStateWrong");
      await kit.claimDeath(wills, estate, 2);
      const [, second] = await registry().read.clockOf([estate.id]);
      await kit.at(wills, second - 1);
      await extend(1);
      await kit.at(wills, second + 30 * kit.DAY);
      await rejects(extend(2), "WillWindowOver");
    });

    it("refuses a list of guardians that is not the manifest's", async () => {
      await rejects(
        registry().write.extendWindow([estate.id, 1, [kit.relayer.address], proofOf("guardians")], by(kit.relayer)),
        "WillNotInManifest",
      );
    });
  });

  describe("shares", () => {
    const leak = async (
      index: number,
      reporter = kit.relayer,
      scalar = estate.guardianShares[index - 1]?.release.scalar,
    ) => {
      const data = kit.message(estate, "Leak", { guardian: index, reporter: reporter.address });
      const { r, vs } = signWithShare(scalar as bigint, willDigest(data));
      return [estate.id, index, r, vs, proofOf(`guardianShare:${index}`)] as const;
    };

    it("invariant 6: published share accepted ⇔ s·G is the committed point; once each, in any order", async () => {
      await kit.activate(wills, estate);
      await rejects(kit.publish(wills, estate, 1), "WillStateWrong");
      await kit.release(wills, estate);
      for (const index of [4, 1, 5]) {
        const scalar = estate.guardianShares[index - 1]?.release.scalar as bigint;
        const proof = proofOf(`guardianShare:${index}`);
        for (const wrong of [
          scalar + 1n,
          ORDER - scalar,
          0n,
          ORDER,
          scalar + ORDER > 2n ** 256n ? ORDER : scalar + ORDER,
        ])
          await rejects(registry().write.publishShare([estate.id, index, wrong, proof]), "WillNotInManifest");
        await rejects(
          registry().write.publishShare([estate.id, index === 2 ? 3 : 2, scalar, proof]),
          "WillNotInManifest",
        );
        const [event] = await events(await kit.publish(wills, estate, index));
        expect(event?.eventName).to.equal("WillSharePublished");
        expect(event?.args).to.deep.equal({ id: estate.id, guardian: index, share: scalar });
        await rejects(kit.publish(wills, estate, index), "WillShareAlreadyPublished");
      }
      await rejects(registry().write.publishShare([estate.id, 0, 1n, []]), "WillIndexInvalid");
      await rejects(registry().write.publishShare([estate.id, 17, 1n, []]), "WillIndexInvalid");
      expect((await registry().read.progressOf([estate.id]))[2]).to.equal(0b11001);
    });

    it("invariant 9: a leak is proven without the share, by its reporter only, disables the guardian and never releases", async () => {
      await kit.activate(wills, estate);
      const [event] = await events(await registry().write.proveLeak(await leak(2), by(kit.relayer)));
      expect(event?.eventName).to.equal("WillLeakProven");
      expect(event?.args).to.deep.equal({ id: estate.id, guardian: 2, reporter: kit.relayer.address });
      expect(JSON.stringify(await leak(2), (_, v: unknown) => String(v))).not.to.include(
        toHex(estate.guardianShares[1]?.release.scalar as bigint).slice(2),
      );
      expect(await state()).to.equal(STATE.Active);
      await rejects(registry().write.proveLeak(await leak(2), by(kit.relayer)), "WillLeakAlreadyProven");
      // Somebody who copies the transaction gets nothing.
      await rejects(registry().write.proveLeak(await leak(3), by(kit.executors[0])), "WillNotInManifest");
      await rejects(registry().write.proveLeak(await leak(3, kit.relayer, 5n), by(kit.relayer)), "WillNotInManifest");
      await rejects(registry().write.proveLeak([estate.id, 0, EVIDENCE, EVIDENCE, []]), "WillIndexInvalid");
      await kit.claimDeath(wills, estate);
      await rejects(
        registry().write.extendWindow(
          [estate.id, 2, estate.manifest.guardians.map(({ wallet }) => wallet), proofOf("guardians")],
          by(kit.guardians[1] as never),
        ),
        "WillGuardianDisabled",
      );
    });

    it("a leak is of no account after release, and its share can still be published", async () => {
      await kit.activate(wills, estate);
      await registry().write.proveLeak(await leak(2), by(kit.relayer));
      await kit.release(wills, estate);
      await rejects(registry().write.proveLeak(await leak(3), by(kit.relayer)), "WillStateWrong");
      await kit.publish(wills, estate, 2);
    });
  });

  describe("opening", () => {
    const commitment = keccak256(stringToHex("salted"));
    const signatures = async (...indices: number[]) => {
      const data = kit.message(estate, "Opened", { commitment });
      return Promise.all(
        [0, 1, 2].map((i) => (indices.includes(i + 1) ? kit.sign(kit.heirs[i] as never, data) : "0x")),
      );
    };
    const open = async (list: Hex[], heirs = kit.heirList(estate.manifest)) =>
      registry().write.open([estate.id, commitment, heirs, list, proofOf("heirs")]);

    it("heirs commit to what they opened: all, or all but one with an escrowed share", async () => {
      await kit.activate(wills, estate);
      await rejects(open(await signatures(1, 2, 3)), "WillStateWrong");
      await kit.release(wills, estate);
      await rejects(open(await signatures(1)), "WillQuorumMissing");
      await rejects(open((await signatures(1, 2)).slice(1)), "WillListLengthWrong");
      await rejects(open(await signatures(1, 2), [...kit.heirList(estate.manifest)].reverse()), "WillNotInManifest");
      const [first, second] = await signatures(1, 2);
      await rejects(open([second as Hex, first as Hex, "0x"]), "WillSignatureInvalid");
      const [event] = await events(await open(await signatures(1, 3)));
      expect(event?.eventName).to.equal("WillOpened");
      expect(event?.args).to.deep.equal({ id: estate.id, version: 1, commitment });
      expect(await state()).to.equal(STATE.Opened);
      await rejects(open(await signatures(1, 3)), "WillStateWrong");
      await kit.publish(wills, estate, 1);
    });

    it("without an escrowed share every heir is needed", async () => {
      estate = await kit.sealEstate(wills, { escrow: false });
      await kit.activate(wills, estate);
      await kit.release(wills, estate);
      await rejects(open(await signatures(1, 2)), "WillQuorumMissing");
      await open(await signatures(1, 2, 3));
    });

    it("only the will's own vault reports heartbeats and settlement", async () => {
      await rejects(registry().write.heartbeatByVault([estate.id]), "WillNotVault");
      await rejects(registry().write.settleByVault([estate.id]), "WillNotVault");
    });
  });
});
