import { expect } from "chai";
import { type Abi, type Hash, type Hex, parseEventLogs } from "viem";
import { decodeRevert } from "@publica/sdk";
import type { Community } from "../../scripts/lib/community.ts";

/** The call must revert with this custom error; returns its values. */
export async function refused(action: Promise<unknown>, name: string): Promise<readonly unknown[]> {
  try {
    await action;
  } catch (error) {
    const decoded = decodeRevert(error);
    expect(decoded.code, decoded.message).to.equal(name);
    expect(decoded.remedy).to.not.equal("See the documentation of the contract.");
    return decoded.values;
  }
  throw new Error(`expected ${name}, but nothing was refused`);
}

/** The transaction must emit this event; returns its arguments. */
export async function emitted(
  community: Community,
  hash: Hash,
  contract: { readonly abi: Abi; readonly address: `0x${string}` },
  name: string,
): Promise<Record<string, unknown>> {
  const { logs } = await community.client.getTransactionReceipt({ hash });
  const own = logs.filter((log) => log.address.toLowerCase() === contract.address.toLowerCase());
  const found = parseEventLogs({ abi: contract.abi, logs: own, eventName: name })[0];
  expect(found, `event ${name}`).to.not.equal(undefined);
  return (found as unknown as { args: Record<string, unknown> }).args;
}

/** The call must fail, by an error of a token or of a library. */
export async function rejected(action: Promise<unknown>): Promise<void> {
  const outcome = await action.then(
    () => "went through",
    () => "failed",
  );
  expect(outcome).to.equal("failed");
}

/** Nominates the order, again and again from the same moment, until the lot falls as wanted. */
export async function lotFalls(community: Community, key: readonly [number, number], wanted: boolean): Promise<Hex> {
  const { forum, orders, test } = community;
  for (let extra = 1; extra < 200; extra++) {
    const snapshot = await test.snapshot();
    await test.mine({ blocks: extra });
    const { id } = await emitted(community, await orders.write.nominate([...key]), forum, "RepairNominated");
    await test.mine({ blocks: 3 });
    const [known, chosen] = await forum.read.lotOf([id as Hex]);
    expect(known).to.equal(true);
    if (chosen === wanted) return id as Hex;
    await test.revert({ id: snapshot });
  }
  throw new Error("the lot never fell as wanted");
}
