import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import type { Hex } from "viem";
import { recoverAddress } from "viem";
import {
  applyRefresh,
  committedAddress,
  corruptedShares,
  type Deal,
  deal,
  dealRefresh,
  ORDER,
  reconstruct,
  refreshCommitments,
  type Share,
  shareAddress,
  shareDeliveryDigest,
  shareFingerprint,
  signWithShare,
  isFalseDelivery,
  verifyShare,
} from "../src/foundation/threshold/index.ts";
import { interpolate } from "../src/foundation/threshold/reconstruct.ts";

const scalar = fc.bigInt({ min: 1n, max: ORDER - 1n });
const shape = fc
  .integer({ min: 1, max: 6 })
  .chain((threshold) =>
    fc.record({ threshold: fc.constant(threshold), holders: fc.integer({ min: threshold, max: 7 }) }),
  );

function subsets<T>(items: readonly T[], size: number): T[][] {
  if (size === 0) return [[]];
  return items.flatMap((item, at) => subsets(items.slice(at + 1), size - 1).map((rest) => [item, ...rest]));
}

describe("threshold sharing", () => {
  it("any threshold of shares give the same secret, in any order", () => {
    fc.assert(
      fc.property(scalar, shape, (secret, { threshold, holders }) => {
        const { shares, commitments } = deal({ secret, threshold, holders });
        for (const chosen of subsets(shares, threshold).slice(0, 12))
          assert.equal(reconstruct([...chosen].reverse(), commitments), secret);
      }),
      { numRuns: 12 },
    );
  });

  it("invariant 7: any N of N+1 shares reconstruct the same K_H; any N−1 do not, for every N up to 4", () => {
    for (let n = 2; n <= 4; n += 1) {
      const secret = 0x1234567890abcdefn * BigInt(n);
      const { shares, commitments } = deal({ secret, threshold: n, holders: n + 1 });
      for (const chosen of subsets(shares, n)) assert.equal(reconstruct(chosen, commitments), secret);
      for (const chosen of subsets(shares, n - 1)) {
        assert.throws(() => reconstruct(chosen, commitments), { code: "SdkShareMissing" });
        assert.notEqual(interpolate(chosen), secret);
      }
    }
  });

  it("fewer shares than the threshold are consistent with every secret", () => {
    const { shares } = deal({ secret: 7n, threshold: 3, holders: 4 });
    fc.assert(
      fc.property(scalar, (other) => {
        // Two shares and any secret whatever fix one polynomial of degree 2: the two shares say nothing.
        const points = [{ index: 0, scalar: other }, ...shares.slice(0, 2)];
        const third = lagrangeAt(points, 3);
        assert.equal(interpolate([...shares.slice(0, 2), { index: 3, scalar: third }]), other);
      }),
      { numRuns: 20 },
    );
  });

  it("invariant 7: a corrupted share is detected every time and named", () => {
    const { shares, commitments } = deal({ secret: 99n, threshold: 3, holders: 5 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4 }), scalar, (at, wrong) => {
        const share = shares[at] as Share;
        fc.pre(wrong !== share.scalar);
        const bad = { ...share, scalar: wrong };
        assert.equal(verifyShare(bad, commitments), false);
        const all = shares.map((other) => (other.index === bad.index ? bad : other));
        assert.deepEqual(corruptedShares(all, commitments), [bad.index]);
        assert.throws(() => reconstruct(all, commitments), { code: "SdkShareCorrupted", values: [bad.index] });
      }),
      { numRuns: 40 },
    );
  });

  it("a share under another index, out of range or repeated is refused", () => {
    const { shares, commitments } = deal({ secret: 5n, threshold: 2, holders: 3 });
    const [first, second] = shares as [Share, Share];
    assert.equal(verifyShare({ index: 2, scalar: first.scalar }, commitments), false);
    for (const bad of [0n, ORDER, -1n]) assert.equal(verifyShare({ index: 1, scalar: bad }, commitments), false);
    for (const index of [0, 1.5, -1]) assert.equal(verifyShare({ ...first, index }, commitments), false);
    assert.equal(verifyShare(first, []), false);
    assert.throws(() => reconstruct([first, first], commitments), { code: "SdkShareRepeated", values: [1] });
    assert.throws(() => reconstruct([first], commitments), { code: "SdkShareMissing", values: [1, 2] });
    assert.throws(() => reconstruct([first, second], ["0x02ff", commitments[1] as Hex]), {
      code: "SdkCommitmentMalformed",
    });
  });

  it("an impossible deal is refused", () => {
    for (const [secret, threshold, holders] of [
      [0n, 1, 1],
      [ORDER, 1, 1],
      [1n, 0, 1],
      [1n, 3, 2],
      [1n, 1.5, 2],
      [1n, 2, 256],
    ] as const)
      assert.throws(() => deal({ secret, threshold, holders }), { code: "SdkDealImpossible" });
  });

  it("a refresh keeps the secret and the first commitment, and makes old shares useless with new ones", () => {
    const secret = 123456789n;
    const old = deal({ secret, threshold: 3, holders: 5 });
    const refresh = dealRefresh({ threshold: 3, holders: 5 });
    const commitments = refreshCommitments(old.commitments, refresh.commitments);
    const shares = old.shares.map((share, at) => applyRefresh(share, refresh.deltas[at] as Share, commitments));
    assert.equal(commitments[0], old.commitments[0]);
    assert.equal(reconstruct(shares.slice(1, 4), commitments), secret);
    const mixed = [old.shares[0], shares[1], shares[2]] as Share[];
    assert.notEqual(interpolate(mixed), secret);
    assert.throws(() => reconstruct(mixed, commitments), { code: "SdkShareCorrupted", values: [1] });
  });

  it("a false refresh is refused and names the share", () => {
    const old = deal({ secret: 3n, threshold: 2, holders: 2 });
    const refresh = dealRefresh({ threshold: 2, holders: 2 });
    const commitments = refreshCommitments(old.commitments, refresh.commitments);
    const [share, other] = old.shares as [Share, Share];
    const [delta] = refresh.deltas as [Share];
    const wrong = { index: 1, scalar: delta.scalar + 1n };
    assert.throws(() => applyRefresh(share, wrong, commitments), { code: "SdkRefreshRejected", values: [1] });
    assert.throws(() => applyRefresh(other, delta, commitments), { code: "SdkRefreshRejected", values: [2] });
    assert.throws(() => dealRefresh({ threshold: 1, holders: 2 }), { code: "SdkRefreshImpossible" });
    assert.throws(() => refreshCommitments(old.commitments, []), { code: "SdkRefreshMismatch" });
  });

  it("a share signs as the account its commitments give", async () => {
    const { shares, commitments } = deal({ secret: 77n, threshold: 2, holders: 3 });
    const digest: Hex = `0x${"5a".repeat(32)}`;
    for (const share of shares) {
      const { r, vs } = signWithShare(share.scalar, digest);
      const word = BigInt(vs);
      const s = word & ((1n << 255n) - 1n);
      assert.ok(s <= ORDER / 2n, "low s");
      const signature: Hex = `0x${r.slice(2)}${s.toString(16).padStart(64, "0")}${word >> 255n === 1n ? "1c" : "1b"}`;
      assert.equal(await recoverAddress({ hash: digest, signature }), shareAddress(share.scalar));
      assert.equal(committedAddress(commitments, share.index), shareAddress(share.scalar));
    }
    assert.throws(() => shareAddress(0n), { code: "SdkShareOutOfRange" });
    assert.notEqual(shareFingerprint(1n), shareFingerprint(2n));
  });

  it("a false delivery contradicts the commitments, and its digest binds everything", () => {
    const { shares, commitments } = deal({ secret: 77n, threshold: 2, holders: 3 });
    const [share] = shares as [Share];
    assert.equal(isFalseDelivery(share, commitments), false);
    assert.equal(isFalseDelivery({ ...share, scalar: share.scalar + 1n }, commitments), true);
    const contract: Hex = `0x${"11".repeat(20)}`;
    const context = { chainId: 1, verifyingContract: contract, id: `0x${"22".repeat(32)}` as Hex, version: 1 };
    const delivery = { index: 1, to: contract, share: share.scalar };
    const digest = shareDeliveryDigest(context, delivery, "Test");
    for (const other of [
      shareDeliveryDigest({ ...context, chainId: 2 }, delivery, "Test"),
      shareDeliveryDigest({ ...context, version: 2 }, delivery, "Test"),
      shareDeliveryDigest({ ...context, id: `0x${"23".repeat(32)}` }, delivery, "Test"),
      shareDeliveryDigest(context, { ...delivery, index: 2 }, "Test"),
      shareDeliveryDigest(context, delivery, "Other"),
    ])
      assert.notEqual(other, digest);
  });

  it("agrees with the committed vectors, which an independent Python script checks", () => {
    const { deals } = JSON.parse(readFileSync("test/vectors/threshold.json", "utf8")) as { deals: Vector[] };
    assert.ok(deals.length >= 8);
    for (const vector of deals) {
      const shares = vector.shares.map(({ index, scalar: value }) => ({ index, scalar: BigInt(value) }));
      assert.deepEqual(
        shares.map((share) => shareAddress(share.scalar)),
        vector.shares.map(({ address }) => address),
      );
      assert.deepEqual(corruptedShares(shares, vector.commitments), []);
      assert.equal(reconstruct(shares.slice(-vector.threshold), vector.commitments), BigInt(vector.secret));
    }
  });
});

interface Vector {
  secret: Hex;
  threshold: number;
  commitments: Deal["commitments"];
  shares: { index: number; scalar: Hex; address: Hex }[];
}

function lagrangeAt(points: readonly Share[], x: number): bigint {
  let value = 0n;
  const modulo = (a: bigint): bigint => ((a % ORDER) + ORDER) % ORDER;
  const inverse = (a: bigint): bigint => {
    let [result, base, exponent] = [1n, modulo(a), ORDER - 2n];
    for (; exponent > 0n; exponent >>= 1n) {
      if (exponent & 1n) result = modulo(result * base);
      base = modulo(base * base);
    }
    return result;
  };
  for (const { index, scalar: y } of points) {
    let term = y;
    for (const { index: other } of points)
      if (other !== index) term = modulo(term * BigInt(x - other) * inverse(BigInt(index - other)));
    value = modulo(value + term);
  }
  return value;
}
