// A community on an in-process chain: the contracts, the people and the devices that tests, benches and the story share.
import type hre from "hardhat";
import { type Address, encodeAbiParameters, type Hash, type Hex, keccak256, stringToHex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { type ServiceTerms, serviceTermsHash } from "../../packages/sdk/src/community/agreement.ts";
import {
  type DeviceCurve,
  deviceKey,
  type Reading,
  type RegisterDomain,
  type SignedReading,
  signReading,
} from "../../packages/sdk/src/community/device.ts";
import {
  type DeviceProfile,
  equipmentDigest,
  equipmentDomain,
  type EquipmentType,
  type Installation,
  proveKey,
  signEquipment,
} from "../../packages/sdk/src/community/typedData.ts";

export type Connection = Awaited<ReturnType<typeof hre.network.create>>;

/** Private key number `index` of a family; deterministic, for local chains only. */
export const keyOf = (family: string, index: number): Hex => keccak256(stringToHex(`${family}/${index}`));

export const CREDENTIAL = {
  installer: keccak256(stringToHex("publica.installer")),
  manufacturer: keccak256(stringToHex("publica.manufacturer")),
  technician: keccak256(stringToHex("publica.technician")),
  resident: (community: Address): Hex =>
    keccak256(encodeAbiParameters([{ type: "string" }, { type: "address" }], ["publica.resident", community])),
} as const;

export const TERMS = {
  response: 1_800,
  arrival: 7_200,
  restore: 14_400,
  holdMax: 259_200,
  verifySpan: 600,
  verifyCount: 3,
  verifyWindow: 7_200,
  confirmWindow: 172_800,
  warranty: 1_209_600,
} as const;

export const PROFILE: DeviceProfile = {
  low: -500,
  high: 1_000,
  band: 50,
  holdOff: 0,
  runLength: 0,
  heartbeatGap: 86_400,
  crew: 1,
  partner: 0,
  firmware: "0x0000000000000000",
  critical: false,
  p256: false,
};

export const FIRMWARE = keccak256(stringToHex("lift controller 4.2.1"));
export const MODEL = keccak256(stringToHex("Lift controller LC-4"));

/** A device the local chain plays: its key and its own counter. */
export interface PlayedDevice {
  readonly id: number;
  readonly curve: DeviceCurve;
  privateKey: Hex;
  firmware: Hex;
  counter: number;
}

export type Community = Awaited<ReturnType<typeof deployCommunity>>;

/** Deploys everything; account 0 owns the devices, 1 installs, 2 manufactures, 3 is the principal, 4 leads, 5 backs up. */
export async function deployCommunity(connection: Connection) {
  const { viem } = connection;
  const credentials = await viem.deployContract("MockCredentials");
  const register = await viem.deployContract("EquipmentRegister", [credentials.address]);
  const sweeps = await viem.deployContract("GatewaySweeps", [register.address, 10n ** 18n]);
  const forum = await viem.deployContract("ResidentForum", [credentials.address, register.address, 3, 10n ** 16n]);
  const service = await viem.deployContract("ServiceContract", [register.address]);
  const orders = await viem.deployContract("WorkOrders", [
    register.address,
    forum.address,
    service.address,
    credentials.address,
  ]);
  const client = await viem.getPublicClient();
  const chainId = await client.getChainId();
  const wallets = await viem.getWalletClients();
  const party = (family: string) => privateKeyToAccount(keyOf(family, 0));
  const parties = {
    owner: party("owner"),
    installer: party("installer"),
    manufacturer: party("manufacturer"),
  };
  await credentials.write.set([CREDENTIAL.installer, parties.installer.address, true]);
  await credentials.write.set([CREDENTIAL.manufacturer, parties.manufacturer.address, true]);
  const test = await viem.getTestClient();
  await test.setBalance({ address: parties.owner.address, value: 10n ** 24n });
  const domain: RegisterDomain = { chainId, register: register.address };
  return {
    connection,
    client,
    test,
    wallets,
    credentials,
    register,
    sweeps,
    forum,
    service,
    orders,
    parties,
    domain,
    typedDomain: equipmentDomain(chainId, register.address),
  };
}

export const wallet = (community: Community, index: number) => {
  const found = community.wallets[index];
  if (found === undefined) throw new Error(`the chain has no account ${index}`);
  return found;
};

export async function chainTime(community: Community): Promise<number> {
  return Number((await community.client.getBlock()).timestamp);
}

/** Moves the chain's clock; the next block carries exactly this time. */
export async function travelTo(community: Community, timestamp: number): Promise<void> {
  await community.test.setNextBlockTimestamp({ timestamp: BigInt(timestamp) });
  await community.test.mine({ blocks: 1 });
}

type PartyName = "owner" | "installer" | "manufacturer";

/** Signatures of the named parties over one message. */
export async function approve(
  community: Community,
  by: readonly PartyName[],
  type: EquipmentType,
  message: Record<string, unknown>,
  deadline: number,
) {
  const sign = async (name: PartyName): Promise<Hex> =>
    by.includes(name) ? signEquipment(community.parties[name], community.typedDomain, type, message) : "0x";
  return {
    deadline,
    owner: await sign("owner"),
    installer: await sign("installer"),
    manufacturer: await sign("manufacturer"),
  };
}

export interface InstallOptions {
  readonly index: number;
  readonly curve?: DeviceCurve;
  readonly profile?: Partial<DeviceProfile>;
  readonly by?: readonly PartyName[];
  readonly deadline?: number;
}

/** The arguments of `install`. */
export async function installArguments(community: Community, options: InstallOptions) {
  const curve = options.curve ?? "secp256k1";
  const privateKey = keyOf(curve, options.index);
  const { owner, installer, manufacturer } = community.parties;
  const installation: Installation = {
    key: deviceKey(curve, privateKey),
    model: MODEL,
    firmware: FIRMWARE,
    profile: { ...PROFILE, ...options.profile },
    parties: { owner: owner.address, installer: installer.address, manufacturer: manufacturer.address },
    deadline: options.deadline ?? 2 ** 40 - 1,
  };
  const message = installation as unknown as Record<string, unknown>;
  const proof = proveKey({ curve, privateKey }, equipmentDigest(community.typedDomain, "Installation", message));
  const certificate = await signEquipment(manufacturer, community.typedDomain, "FactoryCertificate", {
    ...installation.key,
    model: MODEL,
    firmware: FIRMWARE,
  });
  const approvals = await approve(
    community,
    options.by ?? ["owner", "installer"],
    "Installation",
    message,
    installation.deadline,
  );
  return [installation, proof.a, proof.b, certificate, approvals] as const;
}

export async function installDevice(community: Community, options: InstallOptions): Promise<PlayedDevice> {
  await community.register.write.install(await installArguments(community, options));
  const id = await community.register.read.deviceCount();
  const curve = options.curve ?? "secp256k1";
  return { id, curve, privateKey: keyOf(curve, options.index), firmware: FIRMWARE, counter: 0 };
}

/** The device's next reading. */
export function next(community: Community, device: PlayedDevice, observedAt: number, value: number): SignedReading {
  device.counter += 1;
  return signed(community, device, { device: device.id, counter: device.counter, observedAt, value });
}

export function signed(community: Community, device: PlayedDevice, reading: Reading): SignedReading {
  return signReading(community.domain, reading, device.firmware, device);
}

/** `count` consecutive good readings, the last at `until`, spanning `span` seconds. */
export function goodRun(
  community: Community,
  device: PlayedDevice,
  until: number,
  span: number = TERMS.verifySpan,
  count: number = TERMS.verifyCount,
): SignedReading[] {
  return Array.from({ length: count }, (_, i) =>
    next(community, device, until - span + Math.ceil((span * i) / (count - 1)), 200),
  );
}

/** A crew of technicians (accounts from `first` on), all on duty in the running period. */
export async function foundCrew(community: Community, members = 3, first = 6): Promise<number> {
  const { orders, credentials } = community;
  const principal = wallet(community, 3).account;
  await orders.write.foundCrew(
    [wallet(community, 4).account.address, wallet(community, 5).account.address, 28_800, TERMS],
    {
      account: principal,
    },
  );
  const crew = await orders.read.crewCount();
  for (let i = 0; i < members; i++) {
    const { account } = wallet(community, first + i);
    await credentials.write.set([CREDENTIAL.technician, account.address, true]);
    await orders.write.addMember([crew, account.address], { account: principal });
    await orders.write.setAvailability([crew, i, 0, 0xffff], { account });
  }
  // Whoever claims a repair is licensed, from the lead to the backup.
  for (const index of [3, 4, 5])
    await credentials.write.set([CREDENTIAL.technician, wallet(community, index).account.address, true]);
  return crew;
}

/** Ends in a hash that gives the name of whoever holds a seat of the standard crew. */
export function seatAccount(community: Community, seat: number) {
  const index = seat === 252 ? 4 : seat === 253 ? 3 : seat === 254 ? 5 : 6 + seat;
  return wallet(community, index).account;
}

export const ETH_TERMS = {
  token: "0x0000000000000000000000000000000000000000" as Address,
  fee: 10n ** 17n,
  callOutFee: 10n ** 16n,
  retainer: 10n ** 17n,
  redoPenalty: 2n * 10n ** 17n,
  penaltyCap: 10n ** 18n,
  responseRate: 10n ** 14n,
  arrivalRate: 10n ** 14n,
  restoreRate: 10n ** 14n,
  downtimeRate: 10n ** 13n,
  availabilityBp: 9_900,
  notice: 2_592_000,
} as const satisfies ServiceTerms;

export const termsHash = serviceTermsHash;

/** Offers, accepts, funds and bonds an agreement in ETH for a crew. */
export async function agree(community: Community, crew: number, terms: ServiceTerms = ETH_TERMS): Promise<void> {
  const { service, orders, parties } = community;
  const key = [orders.address, crew] as const;
  await service.write.offer([...key, parties.owner.address, terms], { account: wallet(community, 3).account });
  await service.write.accept([...key, termsHash(terms)], { account: parties.owner });
  if (terms.token === ETH_TERMS.token) {
    await service.write.fund([...key, 0n], { value: 10n ** 19n });
    await service.write.postBond([...key, 0n], { value: 10n ** 19n });
  }
}

export async function cover(community: Community, crew: number, device: number): Promise<void> {
  await community.service.write.cover([community.orders.address, crew, device], { account: community.parties.owner });
}

export const receipt = (community: Community, hash: Hash) => community.client.getTransactionReceipt({ hash });
