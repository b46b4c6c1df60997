// What residents may say and judge by themselves; what becomes of an order by it is in WorkOrders.ts.
import { expect } from "chai";
import hre from "hardhat";
import { type Address, encodeAbiParameters, type Hex, keccak256, pad, parseEventLogs, toHex, zeroAddress } from "viem";
import {
  chainTime,
  CREDENTIAL,
  deployCommunity,
  installDevice,
  travelTo,
  wallet,
} from "../../scripts/lib/community.ts";
import { emitted, refused } from "../utils/community.ts";

const connection = await hre.network.create();
const BOND = 10n ** 16n;
const TRIES = 24;
const NOBODY: readonly Address[] = [zeroAddress, zeroAddress, zeroAddress];

const lower = (accounts: readonly Address[]): Address[] => accounts.map((account) => account.toLowerCase() as Address);
const reference = (index: number): Hex => pad(toHex(index));

async function fixture() {
  const community = await deployCommunity(connection);
  await installDevice(community, { index: 1 });
  const home = community.parties.owner.address;
  const residents = [10, 11, 12, 13, 14].map((index) => wallet(community, index).account.address);
  for (const account of residents) {
    await community.credentials.write.set([CREDENTIAL.resident(home), account, true]);
    await community.forum.write.enrol([home], { account });
  }
  return { community, home, residents: residents as [Address, Address, Address, Address, Address] };
}

/** The number of the resident whom try `i` of a draw names. */
function tried(randao: bigint, id: Hex, i: number, residents: number): number {
  const types = [{ type: "uint256" }, { type: "bytes32" }, { type: "uint256" }] as const;
  return Number(BigInt(keccak256(encodeAbiParameters(types, [randao, id, BigInt(i)]))) % BigInt(residents));
}

/** The panel as anyone can compute it: at most three, each once, of those who may judge. */
function drawn(randao: bigint, id: Hex, roll: readonly Address[], mayJudge: readonly Address[]): Address[] {
  const panel: Address[] = [];
  for (let i = 0; i < TRIES && panel.length < 3; i++) {
    const candidate = roll[tried(randao, id, i, roll.length)] as Address;
    if (mayJudge.includes(candidate) && !panel.includes(candidate)) panel.push(candidate);
  }
  return [...panel, ...NOBODY.slice(panel.length)];
}

describe("ResidentForum", () => {
  const fresh = () => connection.networkHelpers.loadFixture(fixture);

  /** Opens a dispute of account 15, which plays the court. */
  async function opened(index = 1) {
    const world = await fresh();
    const { community, home, residents } = world;
    const account = wallet(community, 15).account;
    await community.forum.write.openDispute([reference(index), home, residents[0]], { account, value: BOND });
    return { ...world, id: await community.forum.read.disputeId([account.address, reference(index)]) };
  }

  it("counts as residents who are on the roll and still hold the credential: both, not either", async () => {
    const { community, home, residents } = await fresh();
    const { credentials, forum } = community;
    const newcomer = wallet(community, 15).account.address;
    await credentials.write.set([CREDENTIAL.resident(home), newcomer, true]);
    await credentials.write.set([CREDENTIAL.resident(home), residents[0], false]);
    for (const account of [newcomer, residents[0]]) {
      expect(await forum.read.isResident([home, account])).to.equal(false);
      await refused(forum.write.say([1, 0], { account }), "ForumNotResident");
    }
    expect(await forum.read.isResident([home, residents[1]])).to.equal(true);
    // The roll of one community is not that of another, nor is its credential.
    expect(await forum.read.isResident([community.parties.installer.address, residents[1]])).to.equal(false);
  });

  it("says that residents agreed when enough have said so, not before, and begins a new round then", async () => {
    const { community, residents } = await fresh();
    const { client, forum } = community;
    for (const [i, account] of residents.slice(0, 3).entries()) {
      const hash = await forum.write.say([1, 0], { account });
      const { logs } = await client.getTransactionReceipt({ hash });
      const names = parseEventLogs({ abi: forum.abi, logs }).map(({ eventName }) => eventName);
      expect(names).to.deep.equal(i < 2 ? ["ResidentSaid"] : ["ResidentSaid", "ResidentsAgreed"]);
    }
    const agreedAt = await chainTime(community);
    const hash = await forum.write.say([1, 0], { account: residents[0] });
    expect((await emitted(community, hash, forum, "ResidentSaid")).count).to.equal(1);
    expect(await forum.read.agreedAt([1, 0])).to.equal(agreedAt);
    expect(await forum.read.agreedAt([1, 1])).to.equal(0);
  });

  it("draws the panel that anyone can compute: no plaintiff, nobody twice, nobody who has moved out", async () => {
    const { community, home, residents } = await fresh();
    const { client, credentials, forum, test } = community;
    const court = { account: wallet(community, 15).account };
    const [plaintiff, gone, ...others] = residents;
    await credentials.write.set([CREDENTIAL.resident(home), gone, false]);
    for (let index = 1; index <= 8; index++) {
      await forum.write.openDispute([reference(index), home, plaintiff], { ...court, value: BOND });
      const id = await forum.read.disputeId([court.account.address, reference(index)]);
      await test.mine({ blocks: 2 });
      const hash = await forum.write.drawPanel([id]);
      const { blockNumber } = await client.getTransactionReceipt({ hash });
      const { mixHash } = await client.getBlock({ blockNumber });
      const { panel } = await forum.read.disputeOf([id]);
      expect(lower(panel)).to.deep.equal(drawn(BigInt(mixHash), id, residents, others));
    }
  });

  it("looks 24 times for members and no more, however few may judge", async () => {
    const { community, home, residents, id } = await opened();
    const { credentials, forum, test } = community;
    const only = residents.indexOf(residents[4]);
    for (const account of residents.slice(1, 4))
      await credentials.write.set([CREDENTIAL.resident(home), account, false]);
    // The number of a block by which the only one who may judge is named at try 24, but not before.
    const firstAt = (randao: bigint, limit: number): number => {
      for (let i = 0; i < limit; i++) if (tried(randao, id, i, residents.length) === only) return i;
      return limit;
    };
    for (const found of [TRIES - 1, TRIES]) {
      let randao = 1n;
      while (firstAt(randao, TRIES + 1) !== found || tried(randao, id, found, residents.length) !== only) randao++;
      const snapshot = await test.snapshot();
      await test.mine({ blocks: 2 });
      await connection.networkHelpers.setPrevRandao(randao);
      await forum.write.drawPanel([id]);
      const { panel } = await forum.read.disputeOf([id]);
      expect(lower(panel)).to.deep.equal(found < TRIES ? [residents[only], zeroAddress, zeroAddress] : NOBODY);
      await test.revert({ id: snapshot });
    }
  });

  it("lets the third member decide where two are split, and nobody after that change it", async () => {
    for (const uphold of [true, false]) {
      const { community, id } = await opened();
      const { forum, test } = community;
      await test.mine({ blocks: 2 });
      await forum.write.drawPanel([id]);
      const { panel } = await forum.read.disputeOf([id]);
      const [first, second, third] = panel as readonly [Address, Address, Address];
      await forum.write.vote([id, true], { account: first });
      await forum.write.vote([id, false], { account: second });
      expect(await forum.read.verdictOf([id])).to.deep.equal([false, false]);
      await forum.write.vote([id, uphold], { account: third });
      expect(await forum.read.verdictOf([id])).to.deep.equal([true, uphold]);
      for (const account of panel) await refused(forum.write.vote([id, !uphold], { account }), "ForumNoVote");
    }
  });

  it("knows nothing of disputes that nobody opened, and pays nothing for them", async () => {
    const { community, home } = await fresh();
    const { client, forum, test } = community;
    const court = { account: wallet(community, 15).account };
    await test.setBalance({ address: forum.address, value: BOND });
    // A repair that the first block's hash would choose, had anyone nominated it.
    const { hash: genesis } = await client.getBlock({ blockNumber: 0n });
    const types = [{ type: "bytes32" }, { type: "bytes32" }] as const;
    const idOf = (index: number): Hex =>
      keccak256(
        encodeAbiParameters([{ type: "address" }, { type: "bytes32" }], [court.account.address, reference(index)]),
      );
    let index = 1;
    while (BigInt(keccak256(encodeAbiParameters(types, [genesis, idOf(index)]))) % 8n !== 0n) index++;
    const id = idOf(index);
    expect(await forum.read.verdictOf([id])).to.deep.equal([false, false]);
    expect(await forum.read.lotOf([id])).to.deep.equal([false, false]);
    await refused(forum.write.openInspection([reference(index), home], court), "ForumNotChosen");
    await refused(forum.write.drawPanel([id]), "ForumDrawNotReady");
    await refused(forum.write.vote([id, true]), "ForumNoVote");
    await refused(forum.write.payBond([id]), "ForumBondNotDue");
    expect(await client.getBalance({ address: forum.address })).to.equal(BOND);
  });

  it("takes exactly the bond, once for each reference of a court; another court's is another dispute", async () => {
    const { community, home, residents, id } = await opened();
    const { forum } = community;
    const [court, another] = [wallet(community, 15).account, wallet(community, 9).account];
    const open = (account: typeof court, index: number, value: bigint) =>
      forum.write.openDispute([reference(index), home, residents[0]], { account, value });
    await refused(open(court, 1, BOND), "ForumDisputeRefused");
    for (const value of [0n, BOND - 1n, BOND + 1n]) await refused(open(court, 2, value), "ForumDisputeRefused");
    await open(another, 1, BOND);
    expect(await forum.read.disputeId([another.address, reference(1)])).to.not.equal(id);
    expect(await community.client.getBalance({ address: forum.address })).to.equal(2n * BOND);
  });

  it("keeps a bond due whose recipient refuses it, until it is taken, and pays it once", async () => {
    const { community, residents } = await fresh();
    const { client, credentials, forum, test } = community;
    // A contract that takes no ETH, as the community of a dispute that nobody decides.
    const home = credentials.address;
    await forum.write.openDispute([reference(1), home, residents[0]], { value: BOND });
    const id = await forum.read.disputeId([wallet(community, 0).account.address, reference(1)]);
    const { voteUntil } = await forum.read.disputeOf([id]);
    expect(voteUntil).to.equal((await chainTime(community)) + 5 * 86_400);
    await refused(forum.write.payBond([id]), "ForumBondNotDue");
    await travelTo(community, voteUntil);
    await refused(forum.write.payBond([id]), "ForumPaymentFailed");
    expect(await client.getBalance({ address: forum.address })).to.equal(BOND);
    await connection.networkHelpers.setCode(home, "0x");
    const hash = await forum.write.payBond([id]);
    const paid = await emitted(community, hash, forum, "DisputeBondPaid");
    expect([String(paid.to).toLowerCase(), paid.amount]).to.deep.equal([home.toLowerCase(), BOND]);
    expect(await client.getBalance({ address: home })).to.equal(BOND);
    await test.setBalance({ address: forum.address, value: BOND });
    await refused(forum.write.payBond([id]), "ForumBondNotDue");
  });
});
