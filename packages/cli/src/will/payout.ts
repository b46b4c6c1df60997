import { decodeRevert } from "@publica/sdk";
import {
  type Bequest,
  beginSettlement,
  claimBequest,
  claimLegacy,
  createVault,
  getDue,
  getEntitled,
  getEstateAsset,
  getEstateTimes,
  getVault,
  openAsset,
} from "@publica/sdk/wills";
import { type Address, formatEther, isAddressEqual, zeroAddress } from "viem";
import { chainNow } from "../lib/context.ts";
import { CliError } from "../lib/errors.ts";
import type { Step } from "../lib/sending.ts";
import { relative, utc } from "../lib/text.ts";
import type { LoadedWill, Office, Prepared } from "./office.ts";
import { step } from "./office.ts";

export interface PayoutOptions {
  /** Tokens beside ETH and those the bequests name. */
  readonly token: readonly Address[];
  /** Where what belongs to the sender goes, when not to the sender. */
  readonly to?: Address | undefined;
}

/** All that anyone may do now so that everybody named gets what is due: the vault, the settlement, the claims. */
export async function planPayout(
  office: Office,
  sender: Address,
  { manifest, will }: LoadedWill,
  options: PayoutOptions,
): Promise<Prepared> {
  const { registry, context } = office;
  const { plan, willId } = manifest;
  if (["sealed", "active", "claimed", "revoked"].includes(will.state))
    throw new CliError(`the will is ${will.state}, not released`, "publica will status tells what comes next.");
  const { client } = context;
  const { factory, vault, exists } = await getVault(client, { registry, willId });
  const assets = assetsOf(plan.bequests, options.token);
  const begin = step(office, sender, "begin the settlement by the will's plan", (from) =>
    beginSettlement(from, { vault, manifest }),
  );
  const opening = (asset: Address): Step =>
    step(office, sender, `open the book of ${nameOf(asset)}`, (from) => openAsset(from, { vault, asset, plan }));
  const prepared = (facts: readonly (readonly [string, string])[], steps: readonly Step[]): Prepared => ({
    plan: { facts: [["will", willId], ["vault", vault], ...facts], data: { willId, vault }, steps },
  });
  const again = ["then", `the administration of ${plan.administrationDays} days; after it, once more`] as const;

  if (!exists) {
    const make = step(office, sender, "make the vault", (from) => createVault(from, { factory, willId }));
    return prepared([again], [make, untried(begin), ...assets.map((asset) => untried(opening(asset)))]);
  }
  const { beganAt, administrationEnd } = await getEstateTimes(client, { vault });
  if (beganAt === 0) return prepared([again], [begin, ...assets.map((asset) => untried(opening(asset)))]);
  const now = await chainNow(client);
  const books = await Promise.all(assets.map((asset) => getEstateAsset(client, { vault, asset })));
  const unopened = assets.filter((_, at) => books[at]?.isOpen === false).map(opening);
  if (now < administrationEnd)
    return prepared(
      [["heirs are paid", `from ${utc(administrationEnd)}, ${relative(administrationEnd, now)}`]],
      unopened,
    );
  // What is due of an asset is known when its book is open.
  if (unopened.length > 0) return prepared([["then", "once more: heirs are paid from the open books"]], unopened);

  const claims: Step[] = [];
  for (const bequest of plan.bequests) {
    const { index } = bequest;
    const entitled = await getEntitled(client, { vault, plan, index });
    const to = options.to !== undefined && isAddressEqual(entitled, sender) ? options.to : entitled;
    if (bequest.kind === "erc721" || bequest.kind === "erc1155") {
      const what = `hand ${nameOf(bequest.asset)} number ${bequest.tokenId} to ${to}`;
      claims.push(step(office, sender, what, (from) => claimLegacy(from, { vault, plan, index, to })));
      continue;
    }
    for (const asset of assets.filter((candidate) => fits(bequest, candidate))) {
      const due = await getDue(client, { vault, plan, index, asset });
      if (due === 0n) continue;
      const what = `pay ${amountOf(due, asset)} to ${to}`;
      claims.push(step(office, sender, what, (from) => claimBequest(from, { vault, plan, index, asset, to })));
    }
  }
  const { payable, refused } = await tried(claims);
  return prepared(refused, payable);
}

/** Each claim stands for itself: one that would fail is named and left out, so that it holds up no other. */
async function tried(claims: readonly Step[]) {
  const payable: Step[] = [];
  const refused: [string, string][] = [];
  for (const claim of claims) {
    try {
      await claim.simulate?.();
      payable.push(claim);
    } catch (error) {
      const { code, message } = decodeRevert(error);
      // Paid before, or not yet unlocked.
      if (code === "EstateTokenAlreadyPaid" || code === "EstateNothingDue") continue;
      refused.push(["not now", `${claim.what}: ${code}, ${message}`]);
    }
  }
  return { payable, refused };
}

const untried = ({ what, send }: Step): Step => ({ what, send });

/** A fraction without an asset is of everything; any other sum is of its own asset. */
const fits = ({ kind, asset }: Bequest, candidate: Address): boolean =>
  isAddressEqual(asset, candidate) || (kind === "fraction" && asset === zeroAddress);

function assetsOf(bequests: readonly Bequest[], tokens: readonly Address[]): Address[] {
  const named = bequests.filter(({ kind }) => kind === "fraction" || kind === "fixed").map(({ asset }) => asset);
  const all = [zeroAddress, ...named, ...tokens];
  return all.filter((asset, at) => all.findIndex((other) => isAddressEqual(other, asset)) === at);
}

const nameOf = (asset: Address): string => (asset === zeroAddress ? "ETH" : `token ${asset}`);
export const amountOf = (amount: bigint, asset: Address): string =>
  asset === zeroAddress ? `${formatEther(amount)} ETH` : `${amount} units of ${asset}`;
