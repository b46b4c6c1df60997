import { expect } from "chai";
import hre from "hardhat";
import { concat, type Hex, keccak256, pad, parseEventLogs, slice, stringToHex, toHex, zeroHash } from "viem";
import { evaluateCommitments, signWithShare } from "../../packages/sdk/src/foundation/crypto.ts";
import { decodeRevert } from "../../packages/sdk/src/foundation/decodeRevert.ts";
import {
  affinePoints,
  commitmentsHash,
  type Manifest,
  willDigest,
  willTypedData,
} from "../../packages/sdk/src/wills/index.ts";
import * as kit from "../../scripts/lib/wills.ts";

async function rejects(action: Promise<unknown>, code: string): Promise<void> {
  const error = await action.then(
    () => undefined,
    (thrown: unknown) => decodeRevert(thrown),
  );
  expect(error?.code, error?.message ?? "nothing was thrown").to.equal(code);
}

describe("WillEvidence", () => {
  let wills: kit.Wills;
  let estate: kit.Estate;
  const witness = kit.person(45);
  const proofOf = (name: Parameters<typeof kit.manifestProof>[1], manifest: Manifest = estate.manifest) =>
    kit.manifestProof(manifest, name);

  async function event(hash: Hex, name: string): Promise<{ eventName: string; args: Record<string, unknown> }> {
    const client = await wills.connection.viem.getPublicClient();
    const { logs } = await client.getTransactionReceipt({ hash });
    const { abi } = await hre.artifacts.readArtifact("WillEvidence");
    const [first] = parseEventLogs({ abi: abi as never, logs }) as unknown as {
      eventName: string;
      args: Record<string, unknown>;
    }[];
    expect(first?.eventName).to.equal(name);
    return first as NonNullable<typeof first>;
  }

  beforeEach(async () => {
    wills = await kit.deployWills(await hre.network.create());
    estate = await kit.sealEstate(wills);
    await wills.registry.write.create(kit.createArguments(estate), { account: kit.testator.address });
  });

  const typed = (
    type: "Witness" | "Health" | "ShareDelivery",
    message: Record<string, unknown>,
    chainId = estate.context.chainId,
  ) => willTypedData(chainId, wills.evidence.address, type, message);

  it("witnesses and notary sign ciphertext hash and share commitments", async () => {
    const { manifest } = estate;
    const statement = {
      manifestRoot: kit.manifestRoot(manifest),
      ciphertextHash: manifest.ciphertextHash,
      heirCommitmentsHash: commitmentsHash(manifest.heirCommitments),
      guardianCommitmentsHash: commitmentsHash(manifest.guardianCommitments),
      roleHash: keccak256(stringToHex("notary")),
    };
    const record = async (change: Partial<typeof statement> = {}, version = 1, chainId?: number) => {
      const changed = { ...statement, ...change };
      const signature = await kit.sign(witness, typed("Witness", { willId: estate.id, version, ...changed }, chainId));
      return wills.evidence.write.recordWitness([
        estate.id,
        changed,
        witness.address,
        signature,
        proofOf("commitments:heirs"),
        proofOf("commitments:guardians"),
      ]);
    };
    expect((await event(await record(), "WillWitnessed")).args).to.deep.equal({
      id: estate.id,
      version: 1,
      witness: witness.address,
      roleHash: statement.roleHash,
    });
    for (const change of [
      { manifestRoot: `0x${"01".repeat(29)}` as Hex },
      { ciphertextHash: zeroHash },
      { heirCommitmentsHash: zeroHash },
      { guardianCommitmentsHash: zeroHash },
    ])
      await rejects(record(change), "EvidenceNotInManifest");
    await rejects(record({}, 2), "EvidenceSignatureInvalid");
    await rejects(record({}, 1, 1), "EvidenceSignatureInvalid");
  });

  it("a statement is of a file only where the manifest has the file's hash beside the commitments", async () => {
    const [heirCommitmentsHash, guardianCommitmentsHash, ciphertextHash] = ["C", "D", "file"].map((text) =>
      keccak256(stringToHex(text)),
    ) as [Hex, Hex, Hex];
    const leaf = (polynomial: number, hash: Hex): Hex => keccak256(concat([pad("0x06"), pad(toHex(polynomial)), hash]));
    const pair = (a: Hex, b: Hex): Hex => keccak256(concat(a < b ? [a, b] : [b, a]));
    const [ofHeirs, ofGuardians] = [leaf(0, heirCommitmentsHash), leaf(1, guardianCommitmentsHash)];
    const [, terms, , bytes] = kit.createArguments(estate);
    const record = async (number: bigint, root: Hex, heirProof: Hex[], guardianProof: Hex[]) => {
      const id = kit.willId(kit.testator.address, number);
      const manifestRoot = slice(root, 0, 29);
      await wills.registry.write.create([number, terms, manifestRoot, bytes, false], { account: kit.testator.address });
      const hashes = { ciphertextHash, heirCommitmentsHash, guardianCommitmentsHash, roleHash: zeroHash };
      const statement = { manifestRoot, ...hashes };
      const signature = await kit.sign(witness, typed("Witness", { willId: id, version: 1, ...statement }));
      const { address } = witness;
      return wills.evidence.write.recordWitness([id, statement, address, signature, heirProof, guardianProof]);
    };
    await rejects(record(1n, pair(ofHeirs, ofGuardians), [ofGuardians], [ofHeirs]), "EvidenceNotInManifest");
    const rest = pair(ofHeirs, ciphertextHash);
    await event(await record(2n, pair(ofGuardians, rest), [ciphertextHash, ofGuardians], [rest]), "WillWitnessed");
  });

  it("shares prove once a year that they are still there", async () => {
    const checkedAt = await kit.now(wills);
    const health = (role: number, index: number, scalar: bigint, time = checkedAt) => {
      const data = typed("Health", { willId: estate.id, version: 1, role, index, checkedAt: time });
      return signWithShare(scalar, willDigest(data));
    };
    const heir = async (index: number, scalar = estate.heirShares[index - 1]?.scalar as bigint, time = checkedAt) => {
      const { r, vs } = health(1, index, scalar, time);
      return wills.evidence.write.recordHeirHealth([
        estate.id,
        index,
        time,
        r,
        vs,
        kit.heirList(estate.manifest),
        proofOf("heirs"),
      ]);
    };
    const guardian = async (index: number, role = 2) => {
      const { r, vs } = health(role, index, estate.guardianShares[index - 1]?.release.scalar as bigint);
      return wills.evidence.write.recordGuardianHealth([
        estate.id,
        index,
        checkedAt,
        r,
        vs,
        proofOf(`guardianShare:${index}`),
      ]);
    };
    expect((await event(await heir(2), "HeirShareHealthy")).args).to.deep.equal({
      id: estate.id,
      version: 1,
      heir: 2,
      checkedAt,
    });
    expect((await event(await guardian(4), "GuardianShareHealthy")).args).to.deep.equal({
      id: estate.id,
      version: 1,
      guardian: 4,
      checkedAt,
    });
    await rejects(heir(2, 5n), "EvidenceSignatureInvalid");
    await rejects(heir(0, 5n), "EvidenceIndexInvalid");
    await rejects(heir(4, 5n), "EvidenceIndexInvalid");
    await rejects(guardian(4, 1), "EvidenceNotInManifest");
    await heir(3);
    await rejects(heir(2, undefined, checkedAt + 100_000), "EvidenceTimeWrong");
    const next = (await kit.now(wills)) + 10;
    await kit.at(wills, next - 1);
    await rejects(heir(2, undefined, next), "EvidenceTimeWrong");
    await kit.at(wills, next);
    await heir(2, undefined, next);
    await kit.at(wills, checkedAt + kit.DAY);
    await heir(2);
    await kit.at(wills, checkedAt + kit.DAY + 1);
    await rejects(heir(2), "EvidenceTimeWrong");
  });

  it("a share that is not on the committed polynomial is proven on chain; a right one cannot be accused", async () => {
    const { manifest } = estate;
    const wrong = kit.person(46).address;
    const faulty: Manifest = {
      ...manifest,
      heirs: manifest.heirs.map((heir, at) => (at === 0 ? heir : { ...heir, share: wrong })),
      guardians: manifest.guardians.map((guardian, at) => (at === 2 ? { ...guardian, share: wrong } : guardian)),
    };
    const [, terms, , bytes] = kit.createArguments(estate);
    await wills.registry.write.supersede([estate.id, terms, kit.manifestRoot(faulty), bytes, false], {
      account: kit.testator.address,
    });
    const dispute = (role: "heirs" | "guardians", index: number, hintIndex = index) => {
      const commitments = role === "heirs" ? manifest.heirCommitments : manifest.guardianCommitments;
      const { x, y } = evaluateCommitments(commitments, hintIndex || 1).toAffine();
      return {
        index,
        commitments: affinePoints(commitments),
        commitmentsProof: proofOf(`commitments:${role}`, faulty),
        hint: { x, y },
      };
    };
    const heir = (index: number, hintIndex?: number) =>
      wills.evidence.write.disputeHeirShare([
        estate.id,
        kit.heirList(faulty),
        proofOf("heirs", faulty),
        dispute("heirs", index, hintIndex),
      ]);
    const guardian = (index: number) =>
      wills.evidence.write.disputeGuardianShare([
        estate.id,
        faulty.guardians[index - 1]?.share as Hex,
        proofOf(`guardianShare:${index}`, faulty),
        dispute("guardians", index),
      ]);
    expect((await event(await heir(2), "WillShareOffPolynomial")).args).to.deep.equal({
      id: estate.id,
      version: 2,
      polynomial: 0,
      index: 2,
    });
    expect((await event(await heir(3), "WillShareOffPolynomial")).args).to.deep.include({ polynomial: 0, index: 3 });
    expect((await event(await guardian(3), "WillShareOffPolynomial")).args).to.deep.equal({
      id: estate.id,
      version: 2,
      polynomial: 1,
      index: 3,
    });
    await rejects(heir(1), "EvidenceShareCorrect");
    await rejects(guardian(1), "EvidenceShareCorrect");
    await rejects(heir(2, 3), "EvidenceHintWrong");
    // A share that the manifest does not name accuses nobody.
    const [first, ...rest] = kit.heirList(faulty);
    const forged = [{ ...first, share: wrong } as NonNullable<typeof first>, ...rest];
    await rejects(
      wills.evidence.write.disputeHeirShare([estate.id, forged, proofOf("heirs", faulty), dispute("heirs", 1)]),
      "EvidenceNotInManifest",
    );
    const leaf = proofOf("guardianShare:1", faulty);
    await rejects(
      wills.evidence.write.disputeGuardianShare([estate.id, wrong, leaf, dispute("guardians", 1)]),
      "EvidenceNotInManifest",
    );
    await rejects(heir(0), "EvidenceIndexInvalid");
    await rejects(heir(4), "EvidenceIndexInvalid");
  });

  it("an heir who hands over a false share is convicted by the signed delivery", async () => {
    const deliver = async (share: bigint, index = 1, signer = kit.heirs[0]) => {
      const delivery = { index, to: kit.heirs[1]?.address as Hex, share };
      const data = typed("ShareDelivery", { id: estate.id, version: 1, ...delivery });
      const signature = await kit.sign(signer as never, data);
      return wills.evidence.write.proveFalseDelivery([
        estate.id,
        delivery,
        signature,
        kit.heirList(estate.manifest),
        proofOf("heirs"),
      ]);
    };
    const right = estate.heirShares[0]?.scalar as bigint;
    expect((await event(await deliver(right + 1n), "FalseShareDelivered")).args).to.deep.equal({
      id: estate.id,
      version: 1,
      index: 1,
      from: kit.heirs[0]?.address,
    });
    const [, , last] = kit.heirs;
    const by = (await event(await deliver(right, 3, last), "FalseShareDelivered")).args;
    expect(by).to.deep.include({ index: 3, from: last?.address });
    await rejects(deliver(right), "EvidenceShareCorrect");
    await rejects(deliver(right + 1n, 1, kit.heirs[1]), "EvidenceSignatureInvalid");
    await rejects(deliver(right + 1n, 0), "EvidenceIndexInvalid");
    await rejects(deliver(right + 1n, 4), "EvidenceIndexInvalid");
  });
});
