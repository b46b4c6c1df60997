import assert from "node:assert/strict";
import { type Address, concat, createClient, custom, encodeFunctionData, type Hex, parseAbi } from "viem";
import { readCalls } from "../../src/foundation/readCalls.ts";

const abi = parseAbi(["function put(uint256 key, bytes value)", "function get(uint256 key) view returns (bytes)"]);
const HERE: Address = `0x${"11".repeat(20)}`;
const WALLET: Address = `0x${"22".repeat(20)}`;
const hash: Hex = `0x${"33".repeat(32)}`;
const put = (key: bigint, value: Hex = "0xabcdef"): Hex =>
  encodeFunctionData({ abi, functionName: "put", args: [key, value] });

/** An endpoint that knows one transaction and, if given one, its trace. */
const endpoint = (transaction: { to: Address | null; input: Hex }, trace?: object) =>
  createClient({
    transport: custom({
      request: async ({ method, params }) => {
        if (method === "eth_getTransactionByHash") return { hash, ...transaction };
        assert.equal(method, "debug_traceTransaction");
        assert.deepEqual(params, [hash, { tracer: "callTracer" }]);
        if (trace === undefined) throw new Error("the method does not exist");
        return trace;
      },
    }),
  });

const keysOf = async (client: ReturnType<typeof endpoint>) =>
  (await readCalls(client, { address: HERE, abi, hash })).map(({ functionName, args }) => [functionName, args?.[0]]);

describe("calls of a contract in a transaction", () => {
  it("are the transaction itself where it went there", async () => {
    assert.deepEqual(await keysOf(endpoint({ to: HERE, input: put(1n) })), [["put", 1n]]);
    assert.deepEqual(await keysOf(endpoint({ to: HERE, input: "0x12345678" })), []);
  });

  it("are what a trace shows of other contracts' calls: none that failed, none in another's name", async () => {
    const frame = (type: string, to: Address, input: Hex, more: object = {}) => ({ type, to, input, ...more });
    const trace = frame("CALL", WALLET, "0x", {
      calls: [
        frame("CALL", HERE, put(1n)),
        frame("CALL", WALLET, put(2n), { calls: [frame("CALL", HERE, put(3n))] }),
        frame("CALL", WALLET, "0x", { error: "execution reverted", calls: [frame("CALL", HERE, put(4n))] }),
        frame("CALL", HERE, put(5n), { error: "out of gas" }),
        frame("DELEGATECALL", HERE, put(6n)),
        frame("STATICCALL", HERE, put(7n)),
        frame("CALL", HERE.toUpperCase().replace("X", "x") as Address, put(8n)),
      ],
    });
    assert.deepEqual(await keysOf(endpoint({ to: WALLET, input: put(9n) }, trace)), [
      ["put", 1n],
      ["put", 3n],
      ["put", 8n],
    ]);
  });

  it("are looked for in the input where the endpoint gives no traces", async () => {
    const get = encodeFunctionData({ abi, functionName: "get", args: [5n] });
    const input = concat(["0x8d80ff0a00", put(1n), "0x0000", get, put(2n), put(3n).slice(0, 40) as Hex]);
    for (const trace of [undefined, { gas: 21_000, failed: false, structLogs: [] }])
      for (const to of [WALLET, null])
        assert.deepEqual(await keysOf(endpoint({ to, input }, trace)), [
          ["put", 1n],
          ["put", 2n],
        ]);
  });
});
