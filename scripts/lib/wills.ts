// People, keys and contracts of one estate on an in-process chain: for the tests, the benches and the story of wills.
import type hre from "hardhat";
import {
  type Address,
  encodeFunctionData,
  type Hex,
  keccak256,
  parseSignature,
  signatureToCompactSignature,
  stringToHex,
  zeroAddress,
  zeroHash,
} from "viem";
import { type HDAccount, mnemonicToAccount } from "viem/accounts";
import {
  type EncryptionKey,
  generateEncryptionKey,
  type RandomBytes,
  type Share,
  signWithShare,
} from "../../packages/sdk/src/foundation/crypto.ts";
import {
  acceptanceTypedData,
  type Bequest,
  compactManifest,
  type Manifest,
  manifestProof,
  manifestRoot,
  openGuardianShares,
  openHeirShare,
  type Plan,
  sealWill,
  type WillContext,
  willDigest,
  type WillMessage,
  type WillTypedData,
  willIdOf,
  willTypedData,
} from "../../packages/sdk/src/wills/index.ts";

export type Connection = Awaited<ReturnType<typeof hre.network.create>>;

/** The development chain's own accounts: they can send (the first twenty are funded) and sign. */
export const person = (index: number): HDAccount =>
  mnemonicToAccount("test test test test test test test test test test test junk", { addressIndex: index });

export const REGISTRAR = keccak256(stringToHex("publica.registrar"));
export const CLAIM_BOND = 10n ** 17n;
export const DAY = 86_400;

export const testator = person(0);
export const heirs = Array.from({ length: 9 }, (_, at) => person(1 + at));
export const guardians = Array.from({ length: 5 }, (_, at) => person(10 + at));
export const executors = [person(15), person(16), person(17)] as const;
export const vetoKey = person(18);
export const relayer = person(19);
export const charity = person(40);
/** In ascending order of their addresses, as the registry asks. */
export const registrars = [person(30), person(31), person(32)].sort((a, b) =>
  a.address.toLowerCase() < b.address.toLowerCase() ? -1 : 1,
);

/** Signs any message of ours. */
export function sign(account: HDAccount, typedData: WillTypedData): Promise<Hex> {
  return account.signTypedData(typedData as Parameters<HDAccount["signTypedData"]>[0]);
}

/** The registry with everything around it, on a fresh chain. */
export async function deployWills(connection: Connection) {
  const credentials = await connection.viem.deployContract("MockCredentials");
  for (const registrar of registrars) await credentials.write.set([REGISTRAR, registrar.address, true]);
  const registry = await connection.viem.deployContract("WillRegistry", [credentials.address, CLAIM_BOND]);
  const loss = await connection.viem.deployContract("HeirLoss", [registry.address]);
  const evidence = await connection.viem.deployContract("WillEvidence", [registry.address]);
  const factory = await connection.viem.getContractAt("EstateVaultFactory", await registry.read.VAULTS());
  return { connection, credentials, registry, loss, evidence, factory };
}

export type Wills = Awaited<ReturnType<typeof deployWills>>;

export interface EstateOptions {
  readonly heirs?: number;
  readonly threshold?: number;
  readonly guardians?: number;
  readonly escrow?: boolean;
  readonly refusalCounts?: boolean;
  readonly acceptances?: number;
  readonly number?: bigint;
  readonly version?: number;
  readonly executorThreshold?: number;
  readonly bequests?: readonly Partial<Bequest>[];
  readonly plan?: Partial<Plan>;
  readonly testator?: Address;
  readonly document?: Uint8Array;
  /** For figures that must come out the same every time. */
  readonly random?: RandomBytes;
}

export const willId = willIdOf;

/** A will sealed by the SDK, with every share already taken out of its envelope. */
export async function sealEstate(wills: Wills, options: EstateOptions = {}) {
  const count = options.heirs ?? 3;
  const chosen = heirs.slice(0, count);
  const chosenGuardians = guardians.slice(0, options.guardians ?? 5);
  const keys = await Promise.all(chosen.map(() => generateEncryptionKey()));
  const guardianKeys = await Promise.all(chosenGuardians.map(() => generateEncryptionKey()));
  const client = await wills.connection.viem.getPublicClient();
  const now = Number((await client.getBlock()).timestamp);
  const context: WillContext = {
    chainId: await client.getChainId(),
    registry: wills.registry.address,
    willId: willId(options.testator ?? testator.address, options.number ?? 0n),
    version: options.version ?? 1,
  };
  const blank: Bequest = {
    kind: "fraction",
    index: 0,
    heir: zeroAddress,
    substitute: zeroAddress,
    asset: zeroAddress,
    amount: 0n,
    tokenId: 0n,
    unlockAt: 0,
    streamUntil: 0,
  };
  const even = 9_000n / BigInt(count);
  const bequests: readonly Partial<Bequest>[] = options.bequests ?? [
    ...chosen.map(({ address }) => ({ heir: address, amount: even })),
    { heir: charity.address, amount: 10_000n - even * BigInt(count) },
  ];
  const recipient = (account: HDAccount, key: EncryptionKey | undefined) => ({
    wallet: account.address,
    suite: "x25519" as const,
    publicKey: (key as EncryptionKey).publicKey,
  });
  const document = options.document ?? new TextEncoder().encode("I leave my house to my children.");
  const { manifest, file } = await sealWill({
    context,
    terms: {
      intervalDays: 365,
      quorumWindowDays: 30,
      overdueWindowDays: 180,
      acceptances: options.acceptances ?? count,
      threshold: options.threshold ?? Math.min(3, chosenGuardians.length),
      registrars: 3,
      escrow: options.escrow ?? count > 1,
      refusalCounts: options.refusalCounts ?? false,
    },
    heirs: chosen.map((account, at) => recipient(account, keys[at])),
    guardians: chosenGuardians.map((account, at) => recipient(account, guardianKeys[at])),
    executors: executors.map(({ address }) => address),
    vetoKey: vetoKey.address,
    plan: {
      bequests: bequests.map((bequest, index) => ({ ...blank, index, ...bequest })),
      executorThreshold: options.executorThreshold ?? 2,
      feeCapBps: 200,
      debtCapBps: 3_000,
      administrationDays: 60,
      claimDays: 365,
      substituteDays: 180,
      finalDays: 3_650,
      residue: charity.address,
      ...options.plan,
    },
    document: [document],
    now,
    ...(options.random === undefined ? {} : { random: options.random }),
  });
  const heirShares = await Promise.all(keys.map((key, at) => openHeirShare(manifest, at + 1, key)));
  const guardianShares = await Promise.all(guardianKeys.map((key, at) => openGuardianShares(manifest, at + 1, key)));
  return { manifest, file, document, context, id: context.willId, keys, guardianKeys, heirShares, guardianShares };
}

export type Estate = Awaited<ReturnType<typeof sealEstate>>;

/** The list of heirs as the contracts take it. */
export const heirList = (manifest: Manifest): { wallet: Address; share: Address }[] =>
  manifest.heirs.map(({ wallet, share }) => ({ wallet, share }));

/** The arguments of `create`. */
export function createArguments(estate: Estate, durable = false, manifest: Hex = compactManifest(estate.manifest)) {
  const number = BigInt(`0x${estate.id.slice(42)}`);
  return [number, estate.manifest.terms, manifestRoot(estate.manifest), manifest, durable] as const;
}

/** Leaves an heir out of a batch of acceptances. */
export const NO_ACCEPTANCE = { walletR: zeroHash, walletVs: zeroHash, shareR: zeroHash, shareVs: zeroHash } as const;

/** A signature of 65 bytes in the form of EIP-2098. */
export function compactSignature(signature: Hex): { r: Hex; vs: Hex } {
  const { r, yParityAndS } = signatureToCompactSignature(parseSignature(signature));
  return { r, vs: yParityAndS };
}

/** One heir's acceptance: the wallet's and the share's signature over the same digest. */
export async function acceptance(
  estate: Estate,
  index: number,
  share: Share | undefined = estate.heirShares[index - 1],
) {
  const account = heirs[index - 1] as HDAccount;
  const data = acceptanceTypedData(estate.context, manifestRoot(estate.manifest), index, account.address);
  const wallet = compactSignature(await sign(account, data));
  const { r, vs } = signWithShare((share as Share).scalar, willDigest(data));
  return { walletR: wallet.r, walletVs: wallet.vs, shareR: r, shareVs: vs };
}

/** A message for the registry of this estate. */
export function message(estate: Estate, primaryType: WillMessage, fields: Record<string, unknown>): WillTypedData {
  return willTypedData(estate.context.chainId, estate.context.registry, primaryType, {
    willId: estate.id,
    version: estate.context.version,
    ...fields,
  });
}

/** Seals the will on chain and lets every heir accept. */
export async function activate(wills: Wills, estate: Estate): Promise<void> {
  await wills.registry.write.create(createArguments(estate), { account: testator.address });
  await acceptAll(wills, estate);
}

/** Lets every heir accept, in one transaction. */
export async function acceptAll(wills: Wills, estate: Estate): Promise<Hex> {
  const acceptances = await Promise.all(estate.manifest.heirs.map((_, at) => acceptance(estate, at + 1)));
  const proof = manifestProof(estate.manifest, "heirs");
  return wills.registry.write.accept([estate.id, heirList(estate.manifest), acceptances, [], proof], {
    account: relayer.address,
  });
}

/** The registrars' signed certificate. */
export async function certificate(estate: Estate, claim: number, evidenceHash: Hex, timeOfDeath: number) {
  const data = message(estate, "Death", { claim, evidenceHash, timeOfDeath });
  return Promise.all(
    registrars.map(async (account) => ({ signer: account.address, signature: await sign(account, data) })),
  );
}

/** Moves the chain's clock so that the next block is exactly at `timestamp`. */
export async function at(wills: Wills, timestamp: number | bigint): Promise<void> {
  await wills.connection.networkHelpers.time.setNextBlockTimestamp(BigInt(timestamp));
}

/** The chain's time. */
export const now = (wills: Wills): Promise<number> => wills.connection.networkHelpers.time.latest();

/** Claims the death on the registrars' word. */
export async function claimDeath(wills: Wills, estate: Estate, claim = 1): Promise<Hex> {
  const evidenceHash = keccak256(stringToHex("salted hash of the certificate"));
  const timeOfDeath = await now(wills);
  const signatures = await certificate(estate, claim, evidenceHash, timeOfDeath);
  return wills.registry.write.claimDeath([estate.id, evidenceHash, timeOfDeath, signatures], {
    account: relayer.address,
  });
}

/** Claims, waits for the window's end and finalises. */
export async function release(wills: Wills, estate: Estate): Promise<void> {
  await claimDeath(wills, estate);
  const [, windowEnd] = await wills.registry.read.clockOf([estate.id]);
  await at(wills, windowEnd);
  await wills.registry.write.finalise([estate.id], { account: relayer.address });
}

/** Publishes guardian `index`'s share. */
export function publish(wills: Wills, estate: Estate, index: number): Promise<Hex> {
  const share = estate.guardianShares[index - 1]?.release.scalar as bigint;
  const proof = manifestProof(estate.manifest, `guardianShare:${index}`);
  return wills.registry.write.publishShare([estate.id, index, share, proof], { account: relayer.address });
}

/** Makes the will's vault. */
export async function createVault(wills: Wills, estate: Estate) {
  await wills.factory.write.createVault([estate.id]);
  return wills.connection.viem.getContractAt("EstateVault", await wills.factory.read.vaultOf([estate.id]));
}

export type Vault = Awaited<ReturnType<typeof createVault>>;

/** k executors' signatures over a message of the vault. */
export async function executorSignatures(
  estate: Estate,
  vault: Address,
  primaryType: "Payment" | "Assent",
  fields: Record<string, unknown>,
  indices: readonly number[],
): Promise<Hex[]> {
  const data = willTypedData(estate.context.chainId, vault, primaryType, fields);
  return Promise.all(indices.map((index) => sign(executors[index] as HDAccount, data)));
}

export { compactManifest, encodeFunctionData, manifestProof, manifestRoot };
