import { expect } from "chai";
import { createPublicClient, custom, type Hex, toHex } from "viem";
import { requireFinal } from "../src/will/dying.ts";

const REGISTRY = "0x00000000000000000000000000000000000000a1";
const WILL: Hex = `0x${"11".repeat(32)}`;
const [CLAIMED, RELEASED, OPENED, EXECUTED] = [3, 4, 5, 6] as const;

/** A chain on whose finalised block the will is in `state`; undefined: the registry is not there yet. */
function chain(state: number | undefined, asked: unknown[] = []) {
  return createPublicClient({
    transport: custom({
      async request({ method, params }: { method: string; params: unknown[] }) {
        asked.push([method, params[1]]);
        return state === undefined ? "0x" : toHex(state, { size: 32 });
      },
    }),
  });
}

async function refusal(action: Promise<void>): Promise<string> {
  try {
    await action;
  } catch (error) {
    return (error as Error).message;
  }
  return "nothing was refused";
}

describe("publica will publish: only what is final", () => {
  it("a release that is not final yet is refused, whatever the latest block says", async () => {
    for (const latest of ["released", "opened"] as const)
      for (const final of [CLAIMED, undefined])
        expect(await refusal(requireFinal(chain(final), REGISTRY, WILL, latest))).to.match(
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
    expect(await refusal(requireFinal(chain(EXECUTED, asked), REGISTRY, WILL, "active"))).to.match(
      /the will is active, not released/,
    );
    expect(asked).to.deep.equal([]);
  });
});
