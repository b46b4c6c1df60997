import { expect } from "chai";
import hre from "hardhat";
import { type Hex, keccak256, parseEventLogs, stringToHex, toHex, zeroHash } from "viem";
import { decodeRevert } from "../../packages/sdk/src/foundation/decodeRevert.ts";
import { person } from "../../scripts/lib/wills.ts";

async function rejects(action: Promise<unknown>, code: string): Promise<void> {
  const error = await action.then(
    () => undefined,
    (thrown: unknown) => decodeRevert(thrown),
  );
  expect(error?.code, error?.message ?? "nothing was thrown").to.equal(code);
}

describe("EncryptionKeyRegistry", () => {
  const key = keccak256(stringToHex("suite and public key"));
  const next = keccak256(stringToHex("another"));
  const account = person(1);

  async function setUp() {
    const connection = await hre.network.create();
    const registry = await connection.viem.deployContract("EncryptionKeyRegistry");
    const client = await connection.viem.getPublicClient();
    const chainId = await client.getChainId();
    const now = async (): Promise<bigint> => (await client.getBlock()).timestamp;
    const request = async (
      keyHash: Hex,
      sequence: number,
      deadline: bigint,
      change: { chainId?: number; signer?: ReturnType<typeof person> } = {},
    ) =>
      (change.signer ?? account).signTypedData({
        domain: {
          name: "Publica Encryption Keys",
          version: "1",
          chainId: change.chainId ?? chainId,
          verifyingContract: registry.address,
        },
        types: {
          SetKey: [
            { name: "account", type: "address" },
            { name: "keyHash", type: "bytes32" },
            { name: "sequence", type: "uint32" },
            { name: "deadline", type: "uint256" },
          ],
        },
        primaryType: "SetKey",
        message: { account: account.address, keyHash, sequence, deadline },
      });
    const events = async (hash: Hex) => {
      const { logs } = await client.getTransactionReceipt({ hash });
      return parseEventLogs({ abi: registry.abi, logs });
    };
    return { connection, registry, now, request, events };
  }

  it("an account sets, rotates and withdraws its key", async () => {
    const { registry, now, events } = await setUp();
    const by = { account: account.address };
    expect(await registry.read.isCurrent([account.address, zeroHash])).to.equal(false);
    const [event] = await events(await registry.write.setKey([key], by));
    expect(event?.eventName).to.equal("EncryptionKeySet");
    expect(event?.args).to.deep.equal({ account: account.address, keyHash: key, sequence: 1 });
    expect(await registry.read.isCurrent([account.address, key])).to.equal(true);
    expect(await registry.read.keySince([account.address])).to.equal(Number(await now()));
    await registry.write.setKey([next], by);
    expect(await registry.read.isCurrent([account.address, key])).to.equal(false);
    expect(await registry.read.isCurrent([account.address, next])).to.equal(true);
    await registry.write.setKey([zeroHash], by);
    expect(await registry.read.isCurrent([account.address, next])).to.equal(false);
    expect(await registry.read.isCurrent([account.address, zeroHash])).to.equal(false);
    expect(await registry.read.keySince([account.address])).to.equal(0);
    expect(await registry.read.sequenceOf([account.address])).to.equal(3);
  });

  it("a signed request is relayed once, until its deadline, on its chain, by its signer, for its number", async () => {
    const { connection, registry, now, request } = await setUp();
    const deadline = (await now()) + 100n;
    const relay = async (signature: Hex, keyHash: Hex = key, until = deadline) =>
      registry.write.setKeyBySignature([account.address, keyHash, until, signature]);
    await rejects(relay(await request(key, 0, deadline, { chainId: 1 })), "EncryptionKeySignatureInvalid");
    await rejects(relay(await request(key, 0, deadline, { signer: person(2) })), "EncryptionKeySignatureInvalid");
    await rejects(relay(await request(key, 1, deadline)), "EncryptionKeySignatureInvalid");
    await rejects(relay(await request(key, 0, deadline), next), "EncryptionKeySignatureInvalid");
    const good = await request(key, 0, deadline);
    await relay(good);
    await rejects(relay(good), "EncryptionKeySignatureInvalid");
    const second = await request(next, 1, deadline);
    await connection.networkHelpers.time.setNextBlockTimestamp(deadline + 1n);
    await rejects(relay(second, next), "EncryptionKeyRequestExpired");
    const third = await request(next, 1, deadline + 2n);
    await connection.networkHelpers.time.setNextBlockTimestamp(deadline + 2n);
    await relay(third, next, deadline + 2n);
    expect(await registry.read.isCurrent([account.address, next])).to.equal(true);
  });

  it("a request signed before a direct change is dead; contract accounts sign by ERC-1271", async () => {
    const { connection, registry, now, request } = await setUp();
    const deadline = (await now()) + 1_000n;
    const signature = await request(key, 0, deadline);
    await registry.write.setKey([next], { account: account.address });
    await rejects(
      registry.write.setKeyBySignature([account.address, key, deadline, signature]),
      "EncryptionKeySignatureInvalid",
    );
    const wallet = await connection.viem.deployContract("ContractAccount", [account.address]);
    const client = await connection.viem.getPublicClient();
    const signed = await account.signTypedData({
      domain: {
        name: "Publica Encryption Keys",
        version: "1",
        chainId: await client.getChainId(),
        verifyingContract: registry.address,
      },
      types: {
        SetKey: [
          { name: "account", type: "address" },
          { name: "keyHash", type: "bytes32" },
          { name: "sequence", type: "uint32" },
          { name: "deadline", type: "uint256" },
        ],
      },
      primaryType: "SetKey",
      message: { account: wallet.address, keyHash: key, sequence: 0, deadline },
    });
    await registry.write.setKeyBySignature([wallet.address, key, deadline, signed]);
    expect(await registry.read.isCurrent([wallet.address, key])).to.equal(true);
    expect(await registry.read.isCurrent([wallet.address, toHex(0, { size: 32 })])).to.equal(false);
  });
});
