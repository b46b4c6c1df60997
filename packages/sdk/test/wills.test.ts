import assert from "node:assert/strict";
import { type Address, type Hex, hexToBytes, zeroAddress } from "viem";
import { privateKeyToAddress } from "viem/accounts";
import type { PublicaError } from "../src/foundation/errors.ts";
import { generateEncryptionKey, openVault, collect, type EncryptionKey, type Share } from "../src/foundation/crypto.ts";
import { interpolate } from "../src/foundation/threshold/reconstruct.ts";
import {
  type Bequest,
  bequestProof,
  checkManifest,
  checkPlan,
  contentKey,
  fixedTotals,
  formatManifest,
  type Manifest,
  manifestProof,
  manifestRoot,
  openEscrow,
  openGuardianShares,
  openHeirShare,
  openingCommitment,
  openWill,
  parseManifest,
  type Plan,
  sealWill,
  setupHash,
} from "../src/wills/index.ts";

const account = (n: number): Address => privateKeyToAddress(`0x${n.toString(16).padStart(64, "0")}`);
const NOW = 1_800_000_000;
const TEXT = new TextEncoder().encode("I leave everything to my children, in equal parts.");

function bequest(change: Partial<Bequest>): Bequest {
  return {
    kind: "fraction",
    index: 0,
    heir: account(1),
    substitute: zeroAddress,
    asset: zeroAddress,
    amount: 10_000n,
    tokenId: 0n,
    unlockAt: 0,
    streamUntil: 0,
    ...change,
  };
}

const plan: Plan = {
  bequests: [bequest({})],
  executorThreshold: 1,
  feeCapBps: 100,
  debtCapBps: 100,
  administrationDays: 30,
  claimDays: 180,
  substituteDays: 30,
  finalDays: 400,
  residue: account(99),
};

interface Sealed {
  readonly manifest: Manifest;
  readonly file: Uint8Array;
  readonly heirs: readonly Share[];
  readonly releases: readonly Share[];
  readonly escrows: readonly Share[];
  readonly heirKeys: readonly EncryptionKey[];
}

async function seal(count: number, n: number, t: number, escrow: boolean, version = 1): Promise<Sealed> {
  const heirKeys = await Promise.all(Array.from({ length: count }, () => generateEncryptionKey()));
  const guardianKeys = await Promise.all(Array.from({ length: n }, () => generateEncryptionKey()));
  const recipients = (keys: readonly EncryptionKey[], from: number) =>
    keys.map(({ publicKey, suite }, at) => ({ wallet: account(from + at), suite, publicKey }));
  const { manifest, file } = await sealWill({
    context: { chainId: 31_337, registry: account(70), willId: `0x${"ab".repeat(32)}`, version },
    terms: {
      intervalDays: 365,
      quorumWindowDays: 30,
      overdueWindowDays: 180,
      acceptances: count,
      threshold: t,
      registrars: 2,
      escrow,
      refusalCounts: false,
    },
    heirs: recipients(heirKeys, 1),
    guardians: recipients(guardianKeys, 20),
    executors: [account(40)],
    vetoKey: account(50),
    plan,
    document: [TEXT],
    now: NOW,
  });
  const opened = await Promise.all(guardianKeys.map((key, at) => openGuardianShares(manifest, at + 1, key)));
  return {
    manifest,
    file,
    heirKeys,
    heirs: await Promise.all(heirKeys.map((key, at) => openHeirShare(manifest, at + 1, key))),
    releases: opened.map(({ release }) => release),
    escrows: opened.flatMap(({ escrow: share }) => (share === undefined ? [] : [share])),
  };
}

const chosen = <T>(items: readonly T[], mask: number): T[] => items.filter((_, at) => (mask >> at) & 1);
const onChain = (manifest: Manifest) => ({ version: manifest.version, manifestRoot: manifestRoot(manifest) });

describe("wills: who can open, for every coalition of N ≤ 4 heirs and n ≤ 5 guardians", () => {
  /** Everything a coalition can do before release: all it holds, and everything public. */
  async function opens(sealed: Sealed, heirs: readonly Share[], guardians: readonly number[]): Promise<boolean> {
    const { manifest, file, releases, escrows } = sealed;
    const pick = (shares: readonly Share[]): Share[] => shares.filter(({ index }) => guardians.includes(index));
    const heirShares = [...heirs];
    if (manifest.terms.escrow && guardians.length > 0) {
      try {
        const key = interpolate(pick(escrows));
        heirShares.push(openEscrow(manifest, manifest.escrow.blob, key, manifest.terms.heirs + 1));
      } catch (error) {
        assert.equal((error as PublicaError).code, "SdkEscrowRefused");
      }
    }
    if (heirShares.length === 0 || guardians.length === 0) return false;
    const key = contentKey(manifest, interpolate(heirShares), interpolate(pick(releases)));
    try {
      const aad = hexToBytes(setupHash(manifest));
      assert.deepEqual(await collect(openVault({ contentKey: key, file: [file], aad })), TEXT);
      return true;
    } catch (error) {
      assert.equal((error as PublicaError).code, "SdkVaultWrongKey");
      return false;
    }
  }

  for (let count = 1; count <= 4; count += 1) {
    for (const escrow of count === 1 ? [false] : [false, true]) {
      it(`N = ${count}${escrow ? " with" : " without"} escrow: opens exactly when |G| ≥ t and (|H| = N${escrow ? " or |H| ≥ N−1" : ""})`, async () => {
        for (let n = 1; n <= 5; n += 1) {
          for (let t = 1; t <= n; t += 1) {
            const sealed = await seal(count, n, t, escrow);
            for (let heirs = 0; heirs < 2 ** count; heirs += 1) {
              for (let guardians = 0; guardians < 2 ** n; guardians += 1) {
                const h = chosen(sealed.heirs, heirs);
                const g = chosen(sealed.releases, guardians).map(({ index }) => index);
                const expected = g.length >= t && (h.length === count || (escrow && h.length >= count - 1));
                assert.equal(await opens(sealed, h, g), expected, `n=${n} t=${t} H=${h.length} G=${g.join()}`);
              }
            }
          }
        }
      }).timeout(300_000);
    }
  }

  it("after release: N heirs open, or N−1 with the escrow freed; the published K_R alone opens nothing", async () => {
    const sealed = await seal(3, 5, 3, true);
    const { manifest, file, heirs, releases, escrows } = sealed;
    const guardianShares = releases.slice(2);
    const all = { manifest, file: [file], heirShares: heirs, guardianShares };
    assert.deepEqual(await openWill(all), TEXT);
    for (let lost = 0; lost < 3; lost += 1) {
      const present = heirs.filter((_, at) => at !== lost);
      await assert.rejects(openWill({ ...all, heirShares: present }), {
        code: "SdkShareMissing",
        values: ["heir", 2, 3],
      });
      assert.deepEqual(await openWill({ ...all, heirShares: present, escrowShares: escrows.slice(0, 3) }), TEXT);
    }
    await assert.rejects(openWill({ ...all, heirShares: heirs.slice(0, 1), escrowShares: escrows }), {
      code: "SdkShareMissing",
    });
    await assert.rejects(openWill({ ...all, heirShares: [], guardianShares: releases }), { code: "SdkShareMissing" });
  });

  it("an old version stays sealed: its shares and its file do not fit another version", async () => {
    const first = await seal(2, 3, 2, true, 1);
    const second = await seal(2, 3, 2, true, 2);
    const mixed = {
      manifest: second.manifest,
      file: [first.file],
      heirShares: second.heirs,
      guardianShares: second.releases,
    };
    await assert.rejects(openWill(mixed), { code: "SdkVaultWrongKey" });
    await assert.rejects(openWill({ ...mixed, file: [second.file], guardianShares: first.releases }), {
      code: "SdkShareCorrupted",
      values: ["guardian", 1, 2, 3],
    });
    // Even the right K_H and K_R of one version give another key under another version, will, chain or registry.
    const { manifest } = first;
    const key = contentKey(manifest, 1n, 2n);
    for (const change of [
      { version: 9 },
      { chainId: 1 },
      { willId: `0x${"cd".repeat(32)}` as Hex },
      { registry: account(71) },
    ])
      assert.notDeepEqual(contentKey({ ...manifest, ...change }, 1n, 2n), key);
  });
});

describe("wills: bad input is named and originals are untouched", () => {
  let sealed: Sealed;
  before(async () => {
    sealed = await seal(3, 5, 3, true);
  });
  const opening = () => ({
    manifest: sealed.manifest,
    file: [sealed.file],
    heirShares: sealed.heirs,
    guardianShares: sealed.releases,
  });

  it("truncated, altered and foreign ciphertext", async () => {
    const { file } = sealed;
    const copy = Uint8Array.from(file);
    await assert.rejects(openWill({ ...opening(), file: [file.subarray(0, 50)] }), { code: "SdkVaultTruncated" });
    const altered = Uint8Array.from(file);
    altered[500] = (altered[500] as number) ^ 1;
    await assert.rejects(openWill({ ...opening(), file: [altered] }), { code: "SdkVaultAltered", values: [0] });
    await assert.rejects(openWill({ ...opening(), file: [TEXT] }), { code: "SdkVaultTruncated" });
    const other: Manifest = { ...sealed.manifest, ciphertextHash: `0x${"00".repeat(32)}` };
    await assert.rejects(openWill({ ...opening(), manifest: other }), { code: "SdkVaultOther" });
    assert.deepEqual(file, copy);
  });

  it("a truncated or altered manifest, and one of another version", () => {
    const text = formatManifest(sealed.manifest);
    assert.deepEqual(parseManifest(text), sealed.manifest);
    assert.throws(() => parseManifest(text.slice(0, -20)), { code: "SdkManifestUnreadable" });
    assert.throws(() => parseManifest(text.replace('"version": 1', '"version": 0')), {
      code: "SdkManifestUnreadable",
      values: ["version"],
    });
    checkManifest(sealed.manifest, onChain(sealed.manifest));
    assert.throws(() => checkManifest(sealed.manifest, { ...onChain(sealed.manifest), version: 2 }), {
      code: "SdkManifestVersion",
    });
    const changes: Partial<Manifest>[] = [
      { ciphertextHash: `0x${"11".repeat(32)}` },
      { executors: [account(41)] },
      { plan: { ...plan, residue: account(98) } },
      { terms: { ...sealed.manifest.terms, quorumWindowDays: 31 } },
      { vetoKey: { ...sealed.manifest.vetoKey, key: account(51) } },
      { heirs: [...sealed.manifest.heirs].reverse() },
      { guardians: [...sealed.manifest.guardians].reverse() },
      { heirCommitments: [...sealed.manifest.heirCommitments].reverse() },
      { guardianCommitments: [...sealed.manifest.guardianCommitments].reverse() },
      { escrowCommitments: [...sealed.manifest.escrowCommitments].reverse() },
      { escrow: { ...sealed.manifest.escrow, blob: "0x00" } },
    ];
    for (const change of changes)
      assert.throws(() => checkManifest({ ...sealed.manifest, ...change }, onChain(sealed.manifest)), {
        code: "SdkManifestAltered",
      });
  });

  it("a dealer's manifest whose accounts are off the polynomials is refused before acceptance, and names who", () => {
    const { manifest } = sealed;
    const share = account(77);
    const cases: [Partial<Manifest>, string][] = [
      [{ heirs: manifest.heirs.map((heir, at) => (at === 1 ? { ...heir, share } : heir)) }, "heir 2"],
      [{ guardians: manifest.guardians.map((one, at) => (at === 4 ? { ...one, share } : one)) }, "guardian 5"],
      [
        { guardians: manifest.guardians.map((one, at) => (at === 0 ? { ...one, escrowShare: share } : one)) },
        "guardian 1 (escrow)",
      ],
      [{ escrow: { ...manifest.escrow, share } }, "the escrow"],
      [{ guardianCommitments: manifest.guardianCommitments.slice(1) }, "somebody: the lists do not fit the terms"],
    ];
    for (const [change, who] of cases) {
      const faulty = { ...manifest, ...change };
      assert.throws(() => checkManifest(faulty, onChain(faulty)), { code: "SdkManifestDealFaulty", values: [who] });
    }
  });

  it("the wrong heir's key, a swapped envelope, an unknown index", async () => {
    const { manifest, heirKeys } = sealed;
    const key = heirKeys[0] as EncryptionKey;
    await assert.rejects(openHeirShare(manifest, 2, key), { code: "SdkEnvelopeRefused" });
    const [first, second, third] = manifest.heirs;
    const swapped = { ...manifest, heirs: [{ ...first, envelope: second?.envelope }, second, third] } as Manifest;
    await assert.rejects(openHeirShare(swapped, 1, key), { code: "SdkEnvelopeRefused" });
    await assert.rejects(openHeirShare({ ...manifest, version: 2 }, 1, key), { code: "SdkEnvelopeRefused" });
    await assert.rejects(openHeirShare(manifest, 4, key), { code: "SdkHolderUnknown" });
  });

  it("too few, corrupted and repeated shares, by kind and index", async () => {
    const [first, second, third] = sealed.heirs as [Share, Share, Share];
    const bad = { index: 2, scalar: second.scalar + 1n };
    await assert.rejects(openWill({ ...opening(), heirShares: [first, bad, third] }), {
      code: "SdkShareCorrupted",
      values: ["heir", 2],
    });
    await assert.rejects(openWill({ ...opening(), heirShares: [first, first, third] }), {
      code: "SdkShareRepeated",
      values: ["heir", 1],
    });
    await assert.rejects(openWill({ ...opening(), guardianShares: sealed.releases.slice(0, 2) }), {
      code: "SdkShareMissing",
      values: ["guardian", 2, 3],
    });
  });

  it("nothing secret is in the manifest", () => {
    const text = formatManifest(sealed.manifest).toLowerCase();
    for (const { scalar } of [...sealed.heirs, ...sealed.releases, ...sealed.escrows])
      assert.ok(!text.includes(scalar.toString(16)) && !text.includes(scalar.toString()));
    assert.ok(!text.includes("children"));
  });

  it("impossible terms and plans are refused before anything is sealed", async () => {
    await assert.rejects(seal(1, 3, 2, true), { code: "SdkTermsInvalid" });
    await assert.rejects(seal(17, 3, 2, true), { code: "SdkTermsInvalid", message: /^Wrong terms at heirs: / });
    const wrong: Partial<Plan>[] = [
      { bequests: [bequest({}), bequest({})] },
      { bequests: [bequest({ amount: 9_999n })] },
      { executorThreshold: 2 },
      { finalDays: 239 },
      { bequests: [bequest({ unlockAt: NOW + 10, streamUntil: NOW + 10 })] },
      { bequests: [bequest({}), bequest({ index: 1, asset: account(60), amount: 1n })] },
      { bequests: [bequest({ kind: "fixed", amount: 7n })], residue: zeroAddress },
      { bequests: [bequest({ heir: zeroAddress })] },
      { bequests: [bequest({ asset: account(60) })], residue: zeroAddress },
    ];
    for (const change of wrong)
      assert.throws(() => checkPlan({ ...plan, ...change }, 1, NOW), { code: "SdkPlanInvalid" });
    checkPlan(plan, 1, NOW);
    checkPlan({ ...plan, bequests: [bequest({ kind: "fixed", amount: 7n })], residue: account(61) }, 1, NOW);
    assert.throws(() => bequestProof(plan, 5), { code: "SdkBequestUnknown" });
    assert.throws(() => manifestProof(sealed.manifest, "guardianShare:6"), { code: "SdkManifestLeafMissing" });
    const fixed = [3n, 4n].map((amount, index) => bequest({ kind: "fixed", index, amount, asset: account(60) }));
    assert.deepEqual(fixedTotals({ ...plan, bequests: fixed }), [{ asset: account(60), total: 7n }]);
  });

  it("the opening commitment is salted", () => {
    assert.notEqual(openingCommitment(TEXT, `0x${"01".repeat(32)}`), openingCommitment(TEXT, `0x${"02".repeat(32)}`));
  });
});
