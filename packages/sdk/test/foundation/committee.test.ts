import { secp256k1 } from "@noble/curves/secp256k1.js";
import { expect } from "chai";
import fc from "fast-check";
import { concat, getAddress, type Hex, keccak256, slice, toHex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import {
  aggregateKey,
  combinePartials,
  committeeMember,
  type CommitteeSigner,
  committeeSigner,
  createCosigningSession,
  sumOfKeys,
  verifyPartial,
  verifySchnorr,
} from "../../src/foundation/index.ts";

const { Point } = secp256k1;
const { ORDER } = Point.Fn;
const secret = (name: string): Hex => keccak256(toHex(name));
const at = <T>(list: readonly T[], index: number): T => {
  const item = list[index];
  if (item === undefined) throw new Error(`nothing at ${index}`);
  return item;
};

describe("committee signatures", function () {
  this.timeout(300_000);

  const members = ["p", "q", "r"].map((name) => committeeSigner(secret(name)));
  const keys = members.map(({ key }) => key);
  const digest = secret("what is signed");
  const commit = () => members.map((member) => member.createNonce());
  const commitments = (nonces: ReturnType<typeof commit>) =>
    new Map(nonces.map(({ commitment }, i) => [i, commitment] as const));

  it("the sum of parts is a signature of the sum of keys, for any subset (against @noble/curves)", () => {
    for (const absent of [[], [0], [1, 2]]) {
      const nonces = commit();
      const given = commitments(nonces);
      for (const index of absent) given.delete(index);
      const session = createCosigningSession(keys, digest, given);
      const parts = new Map([...given.keys()].map((i) => [i, at(members, i).cosign(session, at(nonces, i))] as const));
      const signature = combinePartials(session, parts);
      const expected = [...given.keys()].reduce((sum, i) => sum.add(Point.fromAffine(at(keys, i))), Point.ZERO);
      expect(Point.fromAffine(session.key).equals(expected)).to.equal(true);
      expect(verifySchnorr(session.key, digest, signature)).to.equal(true);
      expect(verifySchnorr(session.key, secret("another"), signature)).to.equal(false);
    }
  });

  it("names who gave a wrong part", () => {
    const nonces = commit();
    const session = createCosigningSession(keys, digest, commitments(nonces));
    const parts = new Map(members.map((member, i) => [i, member.cosign(session, at(nonces, i))] as const));
    parts.set(1, ((parts.get(1) ?? 0n) + 1n) % ORDER);
    expect(verifyPartial(session, 0, parts.get(0) ?? 0n)).to.equal(true);
    expect(verifyPartial(session, 1, parts.get(1) ?? 0n)).to.equal(false);
    expect(verifyPartial(session, 7, 1n)).to.equal(false);
    expect(() => combinePartials(session, parts)).to.throw("members 1");
    parts.delete(1);
    expect(() => combinePartials(session, parts)).to.throw("members 1");
  });

  it("a nonce signs once, and only in a session that holds it", () => {
    const nonces = commit();
    const session = createCosigningSession(keys, digest, commitments(nonces));
    const [member] = members as [CommitteeSigner];
    expect(() => member.cosign(session, member.createNonce())).to.throw("does not hold");
    expect(() => committeeSigner(secret("outsider")).cosign(session, at(nonces, 0))).to.throw("does not hold");
    member.cosign(session, at(nonces, 0));
    expect(() => member.cosign(session, at(nonces, 0))).to.throw("has signed already");
  });

  it("nonces that cancel, and absent members that are none, are refused", () => {
    const [first] = commit();
    if (first === undefined) throw new Error("no nonce");
    const negate = (point: Hex): Hex => concat([point.startsWith("0x02") ? "0x03" : "0x02", slice(point, 1)]);
    const { commitment } = first;
    const opposite = { first: negate(commitment.first), second: negate(commitment.second) };
    const given = new Map([
      [0, commitment],
      [1, opposite],
    ]);
    expect(() => createCosigningSession(keys.slice(0, 2), digest, given)).to.throw("cancel");
    expect(() => aggregateKey(keys, [3])).to.throw("Member 3");
    expect(() => aggregateKey(keys, [1, 0])).to.throw("Member 0");
    expect(() => aggregateKey([at(keys, 0), undefined], [1])).to.throw("Member 1");
  });

  it("the same generator output under two keys gives two nonces, and the account is the key's", () => {
    const zeros = (length: number): Uint8Array => new Uint8Array(length);
    const [p, q] = members as [CommitteeSigner, CommitteeSigner];
    expect(p.createNonce(zeros).commitment).to.not.deep.equal(q.createNonce(zeros).commitment);
    expect(getAddress(p.member)).to.equal(privateKeyToAccount(secret("p")).address);
    expect(committeeMember(p.key)).to.equal(p.member);
  });

  it("sums of keys agree with @noble/curves, in any order, with doubles, opposites and infinity on the way", () => {
    const scalar = fc.oneof(
      fc.bigInt({ min: 1n, max: 6n }),
      fc.bigInt({ min: ORDER - 6n, max: ORDER - 1n }),
      fc.bigInt({ min: 1n, max: ORDER - 1n }),
    );
    fc.assert(
      fc.property(
        fc.array(scalar, { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 0, max: 63 }),
        (scalars, mask) => {
          const list = scalars.map((k) => Point.BASE.multiply(k).toAffine());
          const absent = scalars.flatMap((_, i) => ((mask >> i) & 1 ? [i] : []));
          const rest = scalars.reduce((sum, k, i) => (absent.includes(i) ? sum : sum + k), 0n) % ORDER;
          if (rest === 0n) {
            expect(() => aggregateKey(list, absent)).to.throw("add up to nothing");
            return;
          }
          const { x, y } = Point.BASE.multiply(rest).toAffine();
          expect(aggregateKey(list, absent)).to.include({ x, y });
          if (absent.length === 0) expect(sumOfKeys(list)).to.deep.equal({ x, y });
        },
      ),
      { numRuns: 60 },
    );
  });
});
