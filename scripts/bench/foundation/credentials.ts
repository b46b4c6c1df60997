// Credentials beside EAS: one attestation is what one credential is, made and revoked in the same run.
import { encodeAbiParameters, encodeFunctionData, type Hex, keccak256, parseEventLogs, toHex, zeroAddress } from "viem";
import { type Bench, deployPeer } from "../harness.ts";

const GRANT = "foundation.credential.grant";
const REVOKE = "foundation.credential.revoke";
const CHECK = "foundation.credential.check";

export const credentialBudgets: Readonly<Record<string, number>> = {
  [GRANT]: 55_000,
  [REVOKE]: 27_000,
  [CHECK]: 3_000,
};

const TECHNICIAN = keccak256(toHex("publica.technician"));
const ATTRIBUTES = 0x0003_0000_0000_0007n;
const BATCH = 50;

/**
 * Grants are first grants into empty slots, by an issuer that has granted before (its own slot is warm in no
 * transaction, but not new either). `check` is the gas of the call itself measured inside a contract: the registry's
 * storage is cold, the account was touched before (see CallMeter).
 */
export async function benchCredentials(bench: Bench): Promise<void> {
  await benchRegistry(bench);
  await benchEas(bench);
}

async function benchRegistry(bench: Bench): Promise<void> {
  const { viem } = bench.connection;
  const [admin, issuer, delegate, subject, other] = await viem.getWalletClients();
  if (!admin || !issuer || !delegate || !subject || !other) throw new Error("the chain has too few accounts");
  const client = await viem.getPublicClient();
  const manager = await viem.deployContract("AccessManager", [admin.account.address]);
  const registry = await viem.deployContract("CredentialRegistry", [manager.address]);
  const meter = await viem.deployContract("CallMeter");
  const now = Number((await client.getBlock()).timestamp);
  const until = now + 365 * 86_400;

  await registry.write.appoint([TECHNICIAN, issuer.account.address, 2]);
  await registry.write.grant([TECHNICIAN, other.account.address, now, until, ATTRIBUTES], { account: issuer.account });

  const grant = await registry.write.grant([TECHNICIAN, subject.account.address, now, until, ATTRIBUTES], {
    account: issuer.account,
  });
  await bench.recordGas(GRANT, grant);

  const call = encodeFunctionData({
    abi: registry.abi,
    functionName: "isValid",
    args: [TECHNICIAN, subject.account.address],
  });
  const [gasSpent, result] = await meter.read.measureInner([registry.address, call]);
  if (BigInt(result) !== 1n) throw new Error("the credential to measure is not valid");
  bench.record({ id: CHECK, value: Number(gasSpent), unit: "gas" });

  const { id } = await registry.read.getCredential([TECHNICIAN, subject.account.address]);
  const revoke = await registry.write.revoke([id, subject.account.address, TECHNICIAN], { account: issuer.account });
  await bench.recordGas(REVOKE, revoke);

  await registry.write.delegate([TECHNICIAN, delegate.account.address, 0], { account: issuer.account });
  await registry.write.grant([TECHNICIAN, delegate.account.address, now, until, ATTRIBUTES], {
    account: delegate.account,
  });
  const delegated = await registry.write.grant([TECHNICIAN, subject.account.address, now, until, ATTRIBUTES], {
    account: delegate.account,
  });
  await bench.recordGas("foundation.credential.grant.delegated", delegated);

  const requests = Array.from({ length: BATCH }, (_, index) => ({
    subject: toHex(0x1000 + index, { size: 20 }),
    from: now,
    until,
    attributes: ATTRIBUTES,
  }));
  const batch = await registry.write.grantBatch([TECHNICIAN, requests], { account: issuer.account });
  await bench.recordGas("foundation.credential.grantBatch.perCredential", batch, BATCH);
}

async function benchEas(bench: Bench): Promise<void> {
  const { viem } = bench.connection;
  const [, issuer, , subject, other] = await viem.getWalletClients();
  if (!issuer || !subject || !other) throw new Error("the chain has too few accounts");
  const client = await viem.getPublicClient();
  const from = "@ethereum-attestation-service/eas-contracts/artifacts/contracts";
  const schemas = await deployPeer(bench, `${from}/SchemaRegistry.sol/SchemaRegistry.json`, []);
  const eas = await deployPeer(bench, `${from}/EAS.sol/EAS.json`, [schemas.address]);
  const now = (await client.getBlock()).timestamp;

  const registered = await issuer.writeContract({
    ...schemas,
    functionName: "register",
    args: ["uint64 attributes", zeroAddress, true],
  });
  const schema = (await client.getTransactionReceipt({ hash: registered })).logs[0]?.topics[1];
  if (schema === undefined) throw new Error("EAS did not register the schema");

  const attest = (recipient: Hex): Promise<Hex> =>
    issuer.writeContract({
      ...eas,
      functionName: "attest",
      args: [
        {
          schema,
          data: {
            recipient,
            expirationTime: now + 365n * 86_400n,
            revocable: true,
            refUID: toHex(0, { size: 32 }),
            data: encodeAbiParameters([{ type: "uint64" }], [ATTRIBUTES]),
            value: 0n,
          },
        },
      ],
    });
  await attest(other.account.address);
  const attested = await attest(subject.account.address);
  await bench.recordGas(GRANT, attested, 1, "EAS attest");

  const { logs } = await client.getTransactionReceipt({ hash: attested });
  const [event] = parseEventLogs({ abi: eas.abi, logs, eventName: "Attested" });
  const uid = (event as { args: { uid: Hex } } | undefined)?.args.uid;
  if (uid === undefined) throw new Error("EAS did not attest");

  const meter = await viem.deployContract("CallMeter");
  const call = encodeFunctionData({ abi: eas.abi, functionName: "getAttestation", args: [uid] });
  const [gasSpent] = await meter.read.measureInner([eas.address, call]);
  bench.record({ id: CHECK, value: Number(gasSpent), unit: "gas", peer: "EAS getAttestation" });

  const revoked = await issuer.writeContract({
    ...eas,
    functionName: "revoke",
    args: [{ schema, data: { uid, value: 0n } }],
  });
  await bench.recordGas(REVOKE, revoked, 1, "EAS revoke");
}
