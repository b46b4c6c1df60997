import { expect } from "chai";
import { createPublicClient, custom, encodeAbiParameters, type Hex, toHex } from "viem";
import { requireFinal, requireFinalLoss } from "../src/will/finality.ts";

const REGISTRY = "0x00000000000000000000000000000000000000a1";
const HEIR_LOSS = "0x00000000000000000000000000000000000000a2";
const WILL: Hex = `0x${"11".repeat(32)}`;
const [CLAIMED, RELEASED, OPENED, EXECUTED] = [3, 4, 5, 6] as const;

/** A chain that answers a call by the block it is asked about; "0x": the contract is not there yet. */
function answering(answer: (block: unknown) => Hex, asked: unknown[] = []) {
  return createPublicClient({
    transport: custom(
      {
        async request({ method, params }: { method: string; params: unknown[] }) {
          asked.push([method, params[1]]);
          return answer(params[1]);
        },
      },
      { retryCount: 0 },
    ),
  });
}

/** A chain on whose finalised block the will is in `state`; undefined: the registry is not there yet. */
const chain = (state: number | undefined, asked: unknown[] = []) =>
  answering(() => (state === undefined ? "0x" : toHex(state, { size: 32 })), asked);

const lossOf = (isConfirmed: boolean): Hex =>
  encodeAbiParameters(
    [{ type: "uint8" }, { type: "uint40" }, { type: "bool" }, { type: "uint16" }],
    [3, 1_900_000_000, isConfirmed, 0],
  );

async function refusal(action: Promise<void>): Promise<{ message: string; remedy: string }> {
  try {
    await action;
  } catch (error) {
    return error as Error & { remedy: string };
  }
  return { message: "nothing was refused", remedy: "" };
}

describe("publica will publish: only what is final", () => {
  it("a release that is not final yet is refused, whatever the latest block says", async () => {
    for (const latest of ["released", "opened"] as const)
      for (const final of [CLAIMED, undefined])
        expect((await refusal(requireFinal(chain(final), REGISTRY, WILL, latest))).message).to.match(
          /the release is not final yet/,
        );
  });

  it("a final release passes, and it is the finalised block that was asked", async () => {
    const asked: unknown[] = [];
    await requireFinal(chain(RELEASED, asked), REGISTRY, WILL, "released");
    await requireFinal(chain(RELEASED), REGISTRY, WILL, "opened");
    await requireFinal(chain(OPENED), REGISTRY, WILL, "opened");
    expect(asked).to.deep.equal([["eth_call", "finalized"]]);
  });

  it("a will that is not released now is refused before the chain is asked", async () => {
    const asked: unknown[] = [];
    expect((await refusal(requireFinal(chain(EXECUTED, asked), REGISTRY, WILL, "active"))).message).to.match(
      /the will is active, not released/,
    );
    expect(asked).to.deep.equal([]);
  });

  it("an endpoint that knows no final block is said to be at fault, not the release", async () => {
    for (const [code, words] of [
      [-32_602, "invalid block tag finalized"],
      [-39_001, "finalized block not found"],
      [-32_603, "connection refused"],
    ] as const) {
      const client = answering(() => {
        throw Object.assign(new Error(words), { code });
      });
      const { message, remedy } = await refusal(requireFinal(client, REGISTRY, WILL, "released"));
      expect(message).to.match(/^the endpoint does not say what is final \(.+\)$/);
      expect(message).to.contain(words);
      expect(remedy).to.match(/Nothing was shown\. Name with --rpc an endpoint that knows the block tag finalized/);
    }
  });

  it("a share of the escrow key waits until the heir's loss is final", async () => {
    const only = (block: string) => answering((asked) => lossOf(asked === block));
    expect((await refusal(requireFinalLoss(only("never"), HEIR_LOSS, WILL))).message).to.match(
      /no heir's loss is confirmed/,
    );
    expect((await refusal(requireFinalLoss(only("latest"), HEIR_LOSS, WILL))).message).to.match(
      /the heir's loss is not final yet/,
    );
    const young = answering((block) => (block === "finalized" ? "0x" : lossOf(true)));
    expect((await refusal(requireFinalLoss(young, HEIR_LOSS, WILL))).message).to.match(
      /the heir's loss is not final yet/,
    );
    await requireFinalLoss(
      answering(() => lossOf(true)),
      HEIR_LOSS,
      WILL,
    );
  });
});
