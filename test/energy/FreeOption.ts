import { network } from "hardhat";
import { bookRoot, buildSettlement, type SignedCurve, signCurve } from "../../packages/sdk/src/energy/index.ts";
import { deployMarket, keyOf, nextDay, settleTime } from "../../scripts/lib/energy-market.ts";
import { bid, offer, refuses } from "./helpers.ts";

const { viem, networkHelpers } = await network.create();

/** A committed book whose gate has closed: the buyer's record was flawed then, so it was out of the book. */
async function closed(key: number, nonce: number) {
  const market = await deployMarket(viem, { operator: "board" });
  const firstSlot = await nextDay(market.client);
  const buyer = await market.open(keyOf(0), 10n ** 9n);
  const seller = await market.open(keyOf(1), 10n ** 9n);
  const curve = (account: number, steps: SignedCurve["steps"], of = 0) => ({ account, nonce: of, firstSlot, steps });
  const curves = [
    await signCurve(keyOf(key), market.domain, curve(buyer, [bid(5, 9)], nonce)),
    await signCurve(keyOf(1), market.domain, curve(seller, [offer(5, 4)])),
  ];
  await market.board.write.commit([firstSlot, bookRoot(curves)]);
  await networkHelpers.time.increaseTo(settleTime(firstSlot, 1));
  const owner = { account: keyOf(0).address };
  await networkHelpers.setBalance(owner.account, 10n ** 18n);
  await networkHelpers.impersonateAccount(owner.account);
  const built = buildSettlement({ firstSlot, count: 1, curves });
  const settle = () => market.exchange.write.settle([firstSlot, built.prices, built.orders, built.posted]);
  return { ...market, firstSlot, buyer, owner, settle };
}

describe("what an owner does to nonces and session keys after the gate changes no closed book", () => {
  it("a session key given after the gate signs nothing in a closed book", async () => {
    const { accounts, firstSlot, buyer, owner, settle } = await closed(7, 0);
    await refuses(settle(), "EnergyBadSignature", [0]);
    await accounts.write.setSessionKey([buyer, keyOf(7).address, firstSlot * 900 + 10 ** 6], owner);
    await refuses(settle(), "EnergyBadSignature", [0]);
  });

  it("a nonce raised after the gate makes no order of a closed book valid", async () => {
    const { accounts, buyer, owner, settle } = await closed(0, 1);
    await refuses(settle(), "EnergyStaleNonce", [0]);
    await accounts.write.raiseNonce([buyer], owner);
    await refuses(settle(), "EnergyStaleNonce", [0]);
  });
});
