import { credentialGrantTypedData, credentialType } from "@publica/sdk/foundation";
import { expect } from "chai";
import type { TypedDataDomain } from "ethers";
import { network } from "hardhat";
import { getAddress, hashTypedData } from "viem";
import {
  AccessManager__factory,
  CredentialRegistry__factory,
  ERC1271Wallet__factory,
} from "../../typechain-types/index.js";

const { ethers, networkHelpers } = await network.create();

const TECHNICIAN = ethers.id("publica.technician");
const PHYSICIAN = ethers.id("publica.physician");
const DAY = 86_400;
const ZONE = 0x0003_0000_0000_0007n;

const GRANT_TYPES = {
  CredentialGrant: [
    { name: "credentialType", type: "bytes32" },
    { name: "subject", type: "address" },
    { name: "from", type: "uint40" },
    { name: "until", type: "uint40" },
    { name: "attributes", type: "uint64" },
    { name: "issuer", type: "address" },
    { name: "epoch", type: "uint32" },
    { name: "channel", type: "uint192" },
    { name: "nonce", type: "uint64" },
    { name: "deadline", type: "uint40" },
  ],
};

type Signer = Awaited<ReturnType<typeof ethers.getSigners>>[number];
type Nine = [Signer, Signer, Signer, Signer, Signer, Signer, Signer, Signer, Signer];

/** Two issuers of technicians (one delegating), one of physicians, a relayer and a subject. */
async function fixture() {
  const [admin, council, office, branch, guild, medical, subject, other, relayer] = (await ethers.getSigners()) as Nine;
  const manager = await new AccessManager__factory(admin).deploy(admin.address);
  const registry = await new CredentialRegistry__factory(admin).deploy(await manager.getAddress());
  await registry.appoint(TECHNICIAN, council.address, 2); // authority 1
  await registry.appoint(PHYSICIAN, medical.address, 0); // authority 2
  await registry.connect(council).delegate(TECHNICIAN, office.address, 1); // authority 3
  await registry.connect(office).delegate(TECHNICIAN, branch.address, 0); // authority 4
  await registry.appoint(TECHNICIAN, guild.address, 0); // authority 5
  const now = await networkHelpers.time.latest();
  const [from, until] = [now + DAY, now + 30 * DAY];
  const domain: TypedDataDomain = {
    name: "Publica CredentialRegistry",
    version: "1",
    chainId: (await ethers.provider.getNetwork()).chainId,
    verifyingContract: await registry.getAddress(),
  };
  const message = {
    credentialType: TECHNICIAN,
    subject: subject.address,
    from,
    until,
    attributes: ZONE,
    issuer: council.address,
    epoch: 0,
    channel: 9n,
    nonce: 0,
    deadline: now + DAY,
  };
  return {
    manager,
    registry,
    admin,
    council,
    office,
    branch,
    guild,
    medical,
    subject,
    other,
    relayer,
    now,
    from,
    until,
    domain,
    message,
  };
}

const grantId = (authority: number, number: number): bigint => (BigInt(authority) << 32n) | BigInt(number);

/** The fixture with one credential granted by the office (authority 3). */
async function granted() {
  const context = await fixture();
  const { registry, office, subject, from, until } = context;
  await registry.connect(office).grant(TECHNICIAN, subject.address, from, until, ZONE);
  return { ...context, id: grantId(3, 1) };
}

/** The same signature with s mirrored: mathematically valid, not canonical. */
function malleate(signature: string): string {
  const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
  const { r, s, v } = ethers.Signature.from(signature);
  return ethers.concat([r, ethers.toBeHex(order - BigInt(s), 32), v === 27 ? "0x1c" : "0x1b"]);
}

describe("CredentialRegistry", () => {
  describe("authorities", () => {
    it("are appointed at the root by the AccessManager only", async () => {
      const { registry, other } = await networkHelpers.loadFixture(fixture);
      await expect(registry.connect(other).appoint(TECHNICIAN, other.address, 0))
        .to.be.revertedWithCustomError(registry, "AccessManagedUnauthorized")
        .withArgs(other.address);
      await expect(registry.connect(other).dismiss(TECHNICIAN, other.address))
        .to.be.revertedWithCustomError(registry, "AccessManagedUnauthorized")
        .withArgs(other.address);
      await expect(registry.appoint(TECHNICIAN, other.address, 4))
        .to.emit(registry, "CredentialIssuerAppointed")
        .withArgs(TECHNICIAN, other.address, 6n, 4n);
      expect(await registry.authorityOf(TECHNICIAN, other.address)).to.deep.equal([6n, 0n, 4n, true]);
      expect(await registry.holderOf(6n)).to.equal(other.address);
    });

    it("are delegated below the caller, each level with less depth", async () => {
      const { registry, council, office, branch, other } = await networkHelpers.loadFixture(fixture);
      await expect(registry.connect(council).delegate(TECHNICIAN, other.address, 1))
        .to.emit(registry, "CredentialAuthorityDelegated")
        .withArgs(TECHNICIAN, other.address, 6n, 1n, 1n);
      await expect(registry.connect(office).delegate(TECHNICIAN, ethers.Wallet.createRandom().address, 1))
        .to.be.revertedWithCustomError(registry, "CredentialDelegationTooDeep")
        .withArgs(1n, 0n);
      await expect(registry.connect(branch).delegate(TECHNICIAN, ethers.Wallet.createRandom().address, 0))
        .to.be.revertedWithCustomError(registry, "CredentialDelegationTooDeep")
        .withArgs(0n, 0n);
      await expect(registry.appoint(TECHNICIAN, ethers.Wallet.createRandom().address, 5))
        .to.be.revertedWithCustomError(registry, "CredentialDelegationTooDeep")
        .withArgs(5n, 4n);
    });

    it("are refused to the zero address and to who holds one already", async () => {
      const { registry, council, office } = await networkHelpers.loadFixture(fixture);
      await expect(registry.appoint(TECHNICIAN, ethers.ZeroAddress, 0)).to.be.revertedWithCustomError(
        registry,
        "CredentialAccountZero",
      );
      await expect(registry.connect(council).delegate(TECHNICIAN, ethers.ZeroAddress, 0)).to.be.revertedWithCustomError(
        registry,
        "CredentialAccountZero",
      );
      for (const attempt of [
        registry.appoint(TECHNICIAN, office.address, 0),
        registry.connect(council).delegate(TECHNICIAN, office.address, 0),
      ])
        await expect(attempt)
          .to.be.revertedWithCustomError(registry, "CredentialAuthorityStanding")
          .withArgs(TECHNICIAN, office.address);
    });

    it("an issuer cannot grant outside its type", async () => {
      const { registry, council, office, medical, other, subject, from, until } =
        await networkHelpers.loadFixture(fixture);
      for (const [signer, type] of [
        [council, PHYSICIAN],
        [office, PHYSICIAN],
        [medical, TECHNICIAN],
        [other, TECHNICIAN],
      ] as const) {
        const refusal = [type, signer.address];
        const mine = registry.connect(signer);
        await expect(mine.grant(type, subject.address, from, until, 0n))
          .to.be.revertedWithCustomError(registry, "CredentialIssuerUnauthorized")
          .withArgs(...refusal);
        await expect(mine.grantBatch(type, [{ subject: subject.address, from, until, attributes: 0n }]))
          .to.be.revertedWithCustomError(registry, "CredentialIssuerUnauthorized")
          .withArgs(...refusal);
        await expect(mine.delegate(type, subject.address, 0))
          .to.be.revertedWithCustomError(registry, "CredentialIssuerUnauthorized")
          .withArgs(...refusal);
        await expect(mine.withdraw(type, council.address))
          .to.be.revertedWithCustomError(registry, "CredentialIssuerUnauthorized")
          .withArgs(...refusal);
      }
    });

    it("end by the hand of any above or their own, not by others", async () => {
      const { registry, council, office, branch, guild, other } = await networkHelpers.loadFixture(fixture);
      for (const [signer, holder] of [
        [branch, office],
        [office, council],
        [guild, branch],
        [guild, council],
      ] as const)
        await expect(registry.connect(signer).withdraw(TECHNICIAN, holder.address))
          .to.be.revertedWithCustomError(registry, "CredentialAuthorityOutOfReach")
          .withArgs(TECHNICIAN, holder.address);
      await expect(registry.connect(council).withdraw(TECHNICIAN, branch.address))
        .to.emit(registry, "CredentialAuthorityEnded")
        .withArgs(TECHNICIAN, branch.address, 4n, council.address)
        .and.to.emit(registry, "CredentialEpochAdvanced")
        .withArgs(TECHNICIAN, branch.address, 1n);
      expect(await registry.authorityOf(TECHNICIAN, branch.address)).to.deep.equal([0n, 0n, 0n, false]);
      await registry.connect(office).withdraw(TECHNICIAN, office.address);
      expect(await registry.authorityOf(TECHNICIAN, office.address)).to.deep.equal([0n, 0n, 0n, false]);
      for (const attempt of [
        registry.connect(council).withdraw(TECHNICIAN, other.address),
        registry.dismiss(TECHNICIAN, other.address),
      ])
        await expect(attempt)
          .to.be.revertedWithCustomError(registry, "CredentialAuthorityUnknown")
          .withArgs(TECHNICIAN, other.address);
    });

    it("when one ends, all below it stop at once and can be seated anew", async () => {
      const { registry, council, office, branch, subject, from, until } = await networkHelpers.loadFixture(fixture);
      await expect(registry.dismiss(TECHNICIAN, council.address)).to.emit(registry, "CredentialAuthorityEnded");
      for (const signer of [council, office, branch])
        await expect(registry.connect(signer).grant(TECHNICIAN, subject.address, from, until, 0n))
          .to.be.revertedWithCustomError(registry, "CredentialIssuerUnauthorized")
          .withArgs(TECHNICIAN, signer.address);
      // Appointed again, the council is a new authority: those below the old one stay down until seated.
      await registry.appoint(TECHNICIAN, council.address, 2);
      expect((await registry.authorityOf(TECHNICIAN, office.address)).standing).to.equal(false);
      await expect(registry.connect(council).delegate(TECHNICIAN, office.address, 0))
        .to.emit(registry, "CredentialAuthorityEnded")
        .withArgs(TECHNICIAN, office.address, 3n, council.address);
      expect(await registry.authorityOf(TECHNICIAN, office.address)).to.deep.equal([7n, 6n, 0n, true]);
      expect((await registry.authorityOf(TECHNICIAN, branch.address)).standing).to.equal(false);
      await registry.connect(office).grant(TECHNICIAN, subject.address, from, until, 0n);
      expect((await registry.getCredential(TECHNICIAN, subject.address)).id).to.equal(grantId(7, 1));
    });

    it("what an ended authority had granted stands, decided by those above and by the roots", async () => {
      const { registry, council, office, guild, subject, from, id } = await networkHelpers.loadFixture(granted);
      await registry.connect(council).withdraw(TECHNICIAN, office.address);
      await networkHelpers.time.increaseTo(from);
      expect(await registry.isValid(TECHNICIAN, subject.address)).to.equal(true);
      await expect(registry.connect(office).revoke(id, subject.address, TECHNICIAN))
        .to.be.revertedWithCustomError(registry, "CredentialIssuerUnauthorized")
        .withArgs(TECHNICIAN, office.address);
      await registry.connect(council).suspend(id, subject.address, TECHNICIAN);
      await registry.dismiss(TECHNICIAN, council.address);
      await expect(registry.connect(council).revoke(id, subject.address, TECHNICIAN)).to.be.revertedWithCustomError(
        registry,
        "CredentialIssuerUnauthorized",
      );
      await registry.connect(guild).restore(id, subject.address, TECHNICIAN);
      expect(await registry.isValid(TECHNICIAN, subject.address)).to.equal(true);
      await registry.connect(guild).revoke(id, subject.address, TECHNICIAN);
      expect(await registry.isValid(TECHNICIAN, subject.address)).to.equal(false);
    });

    it("a dismissed issuer cannot revoke what it granted, also when appointed again", async () => {
      const { registry, guild, subject, from, until } = await networkHelpers.loadFixture(fixture);
      await registry.connect(guild).grant(TECHNICIAN, subject.address, from, until, ZONE);
      await registry.dismiss(TECHNICIAN, guild.address);
      await expect(
        registry.connect(guild).revoke(grantId(5, 1), subject.address, TECHNICIAN),
      ).to.be.revertedWithCustomError(registry, "CredentialIssuerUnauthorized");
    });
  });

  describe("grants", () => {
    it("fill one slot and are numbered", async () => {
      const { registry, office, subject, other, from, until } = await networkHelpers.loadFixture(fixture);
      await expect(registry.connect(office).grant(TECHNICIAN, subject.address, from, until, ZONE))
        .to.emit(registry, "CredentialGranted")
        .withArgs(TECHNICIAN, subject.address, grantId(3, 1), office.address, from, until, ZONE);
      expect(await registry.getCredential(TECHNICIAN, subject.address)).to.deep.equal([
        ZONE,
        from,
        until,
        grantId(3, 1),
        3n,
        false,
      ]);
      await registry.connect(office).grant(TECHNICIAN, other.address, from, until, ZONE);
      expect((await registry.getCredential(TECHNICIAN, other.address)).id).to.equal(grantId(3, 2));
    });

    it("are valid exactly in [from, until)", async () => {
      const { registry, subject, from, until } = await networkHelpers.loadFixture(granted);
      for (const [time, valid] of [
        [from - 1, false],
        [from, true],
        [from + 1, true],
        [until - 1, true],
        [until, false],
        [until + 1, false],
      ] as const) {
        await networkHelpers.time.increaseTo(time);
        expect(await registry.isValid(TECHNICIAN, subject.address), `at ${time - from}`).to.equal(valid);
        expect(await registry.attributesOf(TECHNICIAN, subject.address)).to.deep.equal([valid, valid ? ZONE : 0n]);
      }
      expect(await registry.isValid(PHYSICIAN, subject.address)).to.equal(false);
    });

    it("need a subject and a validity that is neither empty nor over", async () => {
      const { registry, council, subject, from, until } = await networkHelpers.loadFixture(fixture);
      const mine = registry.connect(council);
      await expect(mine.grant(TECHNICIAN, ethers.ZeroAddress, from, until, 0n)).to.be.revertedWithCustomError(
        registry,
        "CredentialAccountZero",
      );
      await expect(mine.grant(TECHNICIAN, subject.address, from, from, 0n))
        .to.be.revertedWithCustomError(registry, "CredentialValidityInvalid")
        .withArgs(from, from);
      await mine.grant(TECHNICIAN, subject.address, from, from + 1, 0n);
      await networkHelpers.time.setNextBlockTimestamp(until);
      await expect(mine.grant(TECHNICIAN, subject.address, from, until, 0n))
        .to.be.revertedWithCustomError(registry, "CredentialValidityInvalid")
        .withArgs(from, until);
      await networkHelpers.time.setNextBlockTimestamp(until + 1);
      await mine.grant(TECHNICIAN, subject.address, from, until + 2, 0n);
      expect(await registry.isValid(TECHNICIAN, subject.address)).to.equal(true);
    });

    it("replace a current one only from its keeper, above it or a root, and one that is over from any", async () => {
      const { registry, council, office, branch, guild, subject, until } = await networkHelpers.loadFixture(granted);
      const renew = (signer: typeof council) =>
        registry.connect(signer).grant(TECHNICIAN, subject.address, until, until + DAY, 1n);
      await expect(renew(branch))
        .to.be.revertedWithCustomError(registry, "CredentialOutOfReach")
        .withArgs(TECHNICIAN, subject.address, 3n);
      for (const signer of [office, council]) await renew(signer);
      await expect(renew(office)).to.be.revertedWithCustomError(registry, "CredentialOutOfReach");
      await renew(guild);
      await networkHelpers.time.setNextBlockTimestamp(until + DAY - 1);
      await expect(
        registry.connect(branch).grant(TECHNICIAN, subject.address, until, until + 2 * DAY, 2n),
      ).to.be.revertedWithCustomError(registry, "CredentialOutOfReach");
      await networkHelpers.time.setNextBlockTimestamp(until + DAY);
      await registry.connect(branch).grant(TECHNICIAN, subject.address, until, until + 2 * DAY, 2n);
      expect(await registry.attributesOf(TECHNICIAN, subject.address)).to.deep.equal([true, 2n]);
    });

    it("come in batches, all or none", async () => {
      const { registry, council, subject, other, from, until } = await networkHelpers.loadFixture(fixture);
      const requests = [subject, other].map(({ address }, index) => ({
        subject: address,
        from,
        until,
        attributes: BigInt(index),
      }));
      await expect(
        registry
          .connect(council)
          .grantBatch(TECHNICIAN, [...requests, { subject: other.address, from, until: from, attributes: 0n }]),
      )
        .to.be.revertedWithCustomError(registry, "CredentialValidityInvalid")
        .withArgs(from, from);
      await expect(registry.connect(council).grantBatch(TECHNICIAN, requests))
        .to.emit(registry, "CredentialGranted")
        .withArgs(TECHNICIAN, subject.address, grantId(1, 1), council.address, from, until, 0n)
        .and.to.emit(registry, "CredentialGranted")
        .withArgs(TECHNICIAN, other.address, grantId(1, 2), council.address, from, until, 1n);
      await registry.connect(council).grant(TECHNICIAN, other.address, from, until, 5n);
      expect((await registry.getCredential(TECHNICIAN, other.address)).id).to.equal(grantId(1, 3));
    });
  });

  describe("suspension and revocation", () => {
    it("a credential is never valid while suspended and comes back as it was", async () => {
      const { registry, office, subject, from, until, id } = await networkHelpers.loadFixture(granted);
      await networkHelpers.time.increaseTo(from);
      await expect(registry.connect(office).suspend(id, subject.address, TECHNICIAN))
        .to.emit(registry, "CredentialSuspended")
        .withArgs(TECHNICIAN, subject.address, id, office.address, 3n);
      expect(await registry.isValid(TECHNICIAN, subject.address)).to.equal(false);
      expect(await registry.attributesOf(TECHNICIAN, subject.address)).to.deep.equal([false, 0n]);
      await expect(registry.connect(office).suspend(id, subject.address, TECHNICIAN))
        .to.be.revertedWithCustomError(registry, "CredentialIsSuspended")
        .withArgs(TECHNICIAN, subject.address);
      await expect(registry.connect(office).restore(id, subject.address, TECHNICIAN))
        .to.emit(registry, "CredentialRestored")
        .withArgs(TECHNICIAN, subject.address, id, office.address);
      expect(await registry.getCredential(TECHNICIAN, subject.address)).to.deep.equal([
        ZONE,
        from,
        until,
        id,
        3n,
        false,
      ]);
      await expect(registry.connect(office).restore(id, subject.address, TECHNICIAN))
        .to.be.revertedWithCustomError(registry, "CredentialNotSuspended")
        .withArgs(TECHNICIAN, subject.address);
    });

    it("what a higher authority suspends, no lower one restores, renews or revokes", async () => {
      const { registry, council, office, subject, until, id } = await networkHelpers.loadFixture(granted);
      await registry.connect(council).suspend(id, subject.address, TECHNICIAN);
      const lower = registry.connect(office);
      for (const attempt of [
        lower.restore(id, subject.address, TECHNICIAN),
        lower.revoke(id, subject.address, TECHNICIAN),
        lower.suspend(id, subject.address, TECHNICIAN),
      ])
        await expect(attempt)
          .to.be.revertedWithCustomError(registry, "CredentialOutOfReach")
          .withArgs(TECHNICIAN, subject.address, 1n);
      await networkHelpers.time.increaseTo(until + DAY);
      for (const signer of [office, council])
        await expect(registry.connect(signer).grant(TECHNICIAN, subject.address, until, until + 9 * DAY, 0n))
          .to.be.revertedWithCustomError(registry, "CredentialIsSuspended")
          .withArgs(TECHNICIAN, subject.address);
      await registry.connect(council).restore(id, subject.address, TECHNICIAN);
      await lower.grant(TECHNICIAN, subject.address, until, until + 9 * DAY, 0n);
    });

    it("empties the slot for exactly the grant that is named", async () => {
      const { registry, office, council, subject, from, until, id } = await networkHelpers.loadFixture(granted);
      await registry.connect(office).grant(TECHNICIAN, subject.address, from, until, 1n);
      for (const signer of [office, council])
        await expect(registry.connect(signer).revoke(id, subject.address, TECHNICIAN))
          .to.be.revertedWithCustomError(registry, "CredentialUnknown")
          .withArgs(TECHNICIAN, subject.address, id);
      await expect(registry.connect(office).revoke(grantId(3, 2), subject.address, TECHNICIAN))
        .to.emit(registry, "CredentialRevoked")
        .withArgs(TECHNICIAN, subject.address, grantId(3, 2))
        .and.to.emit(registry, "CredentialRevokedBy")
        .withArgs(grantId(3, 2), office.address);
      expect(await registry.getCredential(TECHNICIAN, subject.address)).to.deep.equal([0n, 0n, 0n, 0n, 0n, false]);
      for (const name of ["revoke", "suspend", "restore"] as const)
        for (const missing of [grantId(3, 2), 0n])
          await expect(registry.connect(office)[name](missing, subject.address, TECHNICIAN))
            .to.be.revertedWithCustomError(registry, "CredentialUnknown")
            .withArgs(TECHNICIAN, subject.address, missing);
    });

    it("by the issuer itself is told by the id alone, by others with their name", async () => {
      const { registry, council, guild, branch, subject, from, until } = await networkHelpers.loadFixture(fixture);
      await registry.connect(council).grant(TECHNICIAN, subject.address, from, until, 0n);
      await expect(registry.connect(branch).revoke(grantId(1, 1), subject.address, TECHNICIAN))
        .to.be.revertedWithCustomError(registry, "CredentialOutOfReach")
        .withArgs(TECHNICIAN, subject.address, 1n);
      await expect(registry.connect(council).revoke(grantId(1, 1), subject.address, TECHNICIAN))
        .to.emit(registry, "CredentialRevoked")
        .withArgs(TECHNICIAN, subject.address, grantId(1, 1))
        .and.not.to.emit(registry, "CredentialRevokedBy");
      await registry.connect(council).grant(TECHNICIAN, subject.address, from, until, 0n);
      await registry.connect(guild).suspend(grantId(1, 2), subject.address, TECHNICIAN);
      await expect(registry.connect(council).revoke(grantId(1, 2), subject.address, TECHNICIAN))
        .to.emit(registry, "CredentialRevokedBy")
        .withArgs(grantId(1, 2), council.address);
    });
  });

  describe("signed grants", () => {
    it("are relayed by anyone, once", async () => {
      const { registry, council, relayer, subject, from, until, domain, message } =
        await networkHelpers.loadFixture(fixture);
      expect(await registry.grantDigest(message)).to.equal(
        ethers.TypedDataEncoder.hash(domain, GRANT_TYPES, message),
        "the digest is EIP-712's",
      );
      const signature = await council.signTypedData(domain, GRANT_TYPES, message);
      await expect(registry.connect(relayer).grantBySignature(message, signature))
        .to.emit(registry, "CredentialGrantRelayed")
        .withArgs(council.address, 9n, 0n, relayer.address)
        .and.to.emit(registry, "CredentialGranted")
        .withArgs(TECHNICIAN, subject.address, grantId(1, 1), council.address, from, until, ZONE);
      expect(await registry.nextNonce(council.address, 9n)).to.equal(1n);
      expect(await registry.nextNonce(council.address, 8n)).to.equal(0n);
      await registry.connect(council).grant(TECHNICIAN, relayer.address, from, until, ZONE);
      expect((await registry.getCredential(TECHNICIAN, relayer.address)).id).to.equal(grantId(1, 2));
    });

    it("have the digest the SDK's typed data have", async () => {
      const { registry, council, subject, domain, message } = await networkHelpers.loadFixture(fixture);
      const typedData = credentialGrantTypedData(
        { address: getAddress(await registry.getAddress()), chainId: Number(domain.chainId) },
        {
          ...message,
          credentialType: credentialType("publica.technician"),
          subject: getAddress(subject.address),
          issuer: getAddress(council.address),
          nonce: 0n,
        },
      );
      expect(await registry.grantDigest(message)).to.equal(hashTypedData(typedData));
    });

    it("that were revoked are never replayed", async () => {
      const { registry, council, relayer, subject, domain, message } = await networkHelpers.loadFixture(fixture);
      const signature = await council.signTypedData(domain, GRANT_TYPES, message);
      await registry.connect(relayer).grantBySignature(message, signature);
      await registry.connect(council).revoke(grantId(1, 1), subject.address, TECHNICIAN);
      for (const form of [signature, malleate(signature), compact(signature)])
        await expect(registry.connect(relayer).grantBySignature(message, form))
          .to.be.revertedWithCustomError(registry, "CredentialNonceInvalid")
          .withArgs(council.address, 9n, 1n);
    });

    it("do not lift a suspension", async () => {
      const { registry, council, relayer, subject, domain, message } = await networkHelpers.loadFixture(fixture);
      const renewal = { ...message, nonce: 1 };
      await registry.grantBySignature(message, await council.signTypedData(domain, GRANT_TYPES, message));
      const signature = await council.signTypedData(domain, GRANT_TYPES, renewal);
      await registry.connect(council).suspend(grantId(1, 1), subject.address, TECHNICIAN);
      await expect(registry.connect(relayer).grantBySignature(renewal, signature)).to.be.revertedWithCustomError(
        registry,
        "CredentialIsSuspended",
      );
    });

    it("work on no other chain and no other contract", async () => {
      const { registry, council, domain, message } = await networkHelpers.loadFixture(fixture);
      for (const wrong of [
        { ...domain, chainId: 1n },
        { ...domain, verifyingContract: council.address },
        { ...domain, name: "Publica" },
        { ...domain, version: "2" },
      ])
        await expect(registry.grantBySignature(message, await council.signTypedData(wrong, GRANT_TYPES, message)))
          .to.be.revertedWithCustomError(registry, "CredentialSignatureInvalid")
          .withArgs(council.address);
    });

    it("say exactly what was signed", async () => {
      const { registry, council, guild, other, domain, message } = await networkHelpers.loadFixture(fixture);
      const signature = await council.signTypedData(domain, GRANT_TYPES, message);
      for (const change of [
        { subject: other.address },
        { from: message.from - 1 },
        { until: message.until + 1 },
        { attributes: ZONE + 1n },
        { issuer: guild.address },
        { channel: 10n },
        { deadline: message.deadline + 1 },
      ])
        await expect(registry.grantBySignature({ ...message, ...change }, signature)).to.be.revertedWithCustomError(
          registry,
          "CredentialSignatureInvalid",
        );
    });

    it("carry the next nonce of their channel", async () => {
      const { registry, council, domain, message } = await networkHelpers.loadFixture(fixture);
      const early = { ...message, nonce: 1 };
      await expect(registry.grantBySignature(early, await council.signTypedData(domain, GRANT_TYPES, early)))
        .to.be.revertedWithCustomError(registry, "CredentialNonceInvalid")
        .withArgs(council.address, 9n, 0n);
      const elsewhere = { ...message, channel: 10n };
      for (const one of [elsewhere, message, early])
        await registry.grantBySignature(one, await council.signTypedData(domain, GRANT_TYPES, one));
      expect((await registry.getCredential(TECHNICIAN, message.subject)).id).to.equal(grantId(1, 3));
    });

    it("are good until their deadline, that second included", async () => {
      const { registry, council, domain, message } = await networkHelpers.loadFixture(fixture);
      const next = { ...message, nonce: 1 };
      await networkHelpers.time.setNextBlockTimestamp(message.deadline);
      await registry.grantBySignature(message, await council.signTypedData(domain, GRANT_TYPES, message));
      await networkHelpers.time.setNextBlockTimestamp(message.deadline + 1);
      await expect(registry.grantBySignature(next, await council.signTypedData(domain, GRANT_TYPES, next)))
        .to.be.revertedWithCustomError(registry, "CredentialSignatureExpired")
        .withArgs(message.deadline);
    });

    it("in malleated, truncated or empty form are rejected", async () => {
      const { registry, council, domain, message } = await networkHelpers.loadFixture(fixture);
      const signature = await council.signTypedData(domain, GRANT_TYPES, message);
      for (const wrong of [malleate(signature), compact(signature), signature.slice(0, -2), "0x"])
        await expect(registry.grantBySignature(message, wrong))
          .to.be.revertedWithCustomError(registry, "CredentialSignatureInvalid")
          .withArgs(council.address);
    });

    it("by an account without authority over the type are refused", async () => {
      const { registry, medical, domain, message } = await networkHelpers.loadFixture(fixture);
      const foreign = { ...message, issuer: medical.address };
      await expect(registry.grantBySignature(foreign, await medical.signTypedData(domain, GRANT_TYPES, foreign)))
        .to.be.revertedWithCustomError(registry, "CredentialIssuerUnauthorized")
        .withArgs(TECHNICIAN, medical.address);
    });

    it("are cancelled all at once by moving to the next epoch", async () => {
      const { registry, council, domain, message } = await networkHelpers.loadFixture(fixture);
      const signature = await council.signTypedData(domain, GRANT_TYPES, message);
      await expect(registry.connect(council).cancelSignedGrants(TECHNICIAN))
        .to.emit(registry, "CredentialEpochAdvanced")
        .withArgs(TECHNICIAN, council.address, 1n);
      expect(await registry.signingEpochOf(TECHNICIAN, council.address)).to.equal(1n);
      await expect(registry.grantBySignature(message, signature))
        .to.be.revertedWithCustomError(registry, "CredentialEpochInvalid")
        .withArgs(council.address, 1n);
      await expect(registry.grantBySignature({ ...message, epoch: 1 }, signature)).to.be.revertedWithCustomError(
        registry,
        "CredentialSignatureInvalid",
      );
      const renewed = { ...message, epoch: 1 };
      await registry.grantBySignature(renewed, await council.signTypedData(domain, GRANT_TYPES, renewed));
    });

    it("end with the authority, also when it is appointed again", async () => {
      const { registry, council, domain, message } = await networkHelpers.loadFixture(fixture);
      const signature = await council.signTypedData(domain, GRANT_TYPES, message);
      await registry.dismiss(TECHNICIAN, council.address);
      await expect(registry.grantBySignature(message, signature)).to.be.revertedWithCustomError(
        registry,
        "CredentialIssuerUnauthorized",
      );
      await registry.appoint(TECHNICIAN, council.address, 0);
      await expect(registry.grantBySignature(message, signature))
        .to.be.revertedWithCustomError(registry, "CredentialEpochInvalid")
        .withArgs(council.address, 1n);
    });

    it("are accepted from a contract account (ERC-1271) as long as it agrees", async () => {
      const { registry, subject, other, relayer, domain, message } = await networkHelpers.loadFixture(fixture);
      const wallet = await new ERC1271Wallet__factory(other).deploy(other.address);
      const issuer = await wallet.getAddress();
      await registry.appoint(TECHNICIAN, issuer, 0);
      const signed = { ...message, issuer };
      const signature = await other.signTypedData(domain, GRANT_TYPES, signed);
      await wallet.connect(other).setLocked(true);
      for (const wrong of [signature, await relayer.signTypedData(domain, GRANT_TYPES, signed)])
        await expect(registry.connect(relayer).grantBySignature(signed, wrong))
          .to.be.revertedWithCustomError(registry, "CredentialSignatureInvalid")
          .withArgs(issuer);
      await wallet.connect(other).setLocked(false);
      await expect(
        registry.connect(relayer).grantBySignature(signed, await relayer.signTypedData(domain, GRANT_TYPES, signed)),
      ).to.be.revertedWithCustomError(registry, "CredentialSignatureInvalid");
      await registry.connect(relayer).grantBySignature(signed, signature);
      expect((await registry.getCredential(TECHNICIAN, subject.address)).keeper).to.equal(6n);
    });
  });
});

/** The 64-byte form of EIP-2098, which accounts do not use here: one signature, one form. */
function compact(signature: string): string {
  return ethers.Signature.from(signature).compactSerialized;
}
