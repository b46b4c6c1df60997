import { policyBookAbi, testTokenAbi, underwritingPoolAbi } from "@publica/sdk/abi";
import { expect } from "chai";
import {
  type AbiParameter,
  encodeAbiParameters,
  encodeErrorResult,
  encodeEventTopics,
  encodeFunctionData,
  type Hex,
  pad,
  parseAbi,
} from "viem";
import { decodeCall, decodeLog, embeddedCalls, plain, shown, suite } from "../src/lib/abi.ts";
import { explainRevert } from "../src/lib/revert.ts";

const ALICE = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
const BOB = "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC";

describe("decoding", () => {
  it("knows every contract of the suite by its name", () => {
    expect(suite).to.include.keys(
      "PolicyBook",
      "UnderwritingPool",
      "SensorFeeds",
      "CredentialRegistry",
      "AccessManager",
    );
  });

  it("decodes a call with its structs by field", () => {
    const quote = { series: 3n, buyer: ALICE, sumInsured: 5n, premium: 2n, sequence: 0, validUntil: 9 } as const;
    const data = encodeFunctionData({ abi: policyBookAbi, functionName: "buy", args: [quote, BOB, "0x1234"] });
    const call = decodeCall(data, "PolicyBook");
    expect(call).to.include({ contract: "PolicyBook", certain: true, name: "buy" });
    expect(call?.args).to.deep.equal([
      {
        name: "quote",
        type: "tuple",
        value: { series: "3", buyer: ALICE, sumInsured: "5", premium: "2", sequence: "0", validUntil: "9" },
      },
      { name: "key", type: "address", value: BOB },
      { name: "signature", type: "bytes", value: "0x1234" },
    ]);
  });

  it("guesses the contract of an unknown address by the selector, and says that it is a guess", () => {
    const data = encodeFunctionData({ abi: policyBookAbi, functionName: "setQuoteKey", args: [ALICE, 5n] });
    expect(decodeCall(data)).to.include({ contract: "PolicyBook", certain: false, name: "setQuoteKey" });
  });

  it("leaves alone what is not of the suite, or only looks so", () => {
    expect(decodeCall("0xdeadbeef")).to.equal(undefined);
    const data = encodeFunctionData({ abi: underwritingPoolAbi, functionName: "requestWithdrawal", args: [7n] });
    expect(decodeCall(data.slice(0, 40) as Hex, "UnderwritingPool")).to.equal(undefined);
    expect(decodeLog({ address: ALICE, topics: [], data: "0x" })).to.equal(undefined);
    expect(decodeLog({ address: ALICE, topics: [pad("0x01")], data: "0x" })).to.equal(undefined);
  });

  it("finds the calls that any contract's call data carries, and names them by the address before", () => {
    const set = encodeFunctionData({ abi: policyBookAbi, functionName: "setQuoteKey", args: [ALICE, 5n] });
    const safe = parseAbi([
      "function execTransaction(address to, uint256 value, bytes data, uint8 operation, bytes signatures)",
    ]);
    const data = encodeFunctionData({ abi: safe, args: [BOB, 36n, set, 0, `0x${"ab".repeat(65)}`] });
    expect(decodeCall(data)).to.equal(undefined);
    const guessed = embeddedCalls(data.slice(10));
    expect(guessed).to.have.length(1);
    expect(guessed[0]).to.include({ contract: "PolicyBook", certain: false, name: "setQuoteKey" });
    const nameOf = (address: string) => (address === BOB.toLowerCase() ? "PolicyBook" : undefined);
    expect(embeddedCalls(data.slice(10), undefined, nameOf)[0]).to.include({ contract: "PolicyBook", certain: true });
    expect(embeddedCalls("")).to.deep.equal([]);
    expect(embeddedCalls(`${"0".repeat(62)}24`)).to.deep.equal([]);
  });

  it("tells the Transfer of an ERC-20 from that of an ERC-721", () => {
    const [topic] = encodeEventTopics({ abi: testTokenAbi, eventName: "Transfer" });
    const amount = encodeAbiParameters([{ type: "uint256" }], [5n]);
    const fungible = decodeLog({ address: BOB, topics: [topic as Hex, pad(ALICE), pad(BOB)], data: amount });
    expect(fungible?.args.map(({ value }) => value)).to.deep.equal([ALICE, BOB, "5"]);
    const token = decodeLog({ address: BOB, topics: [topic as Hex, pad(ALICE), pad(BOB), pad("0x05")], data: "0x" });
    expect(token?.contract).to.equal("PolicyBook");
    expect(token?.args.map(({ value }) => value)).to.deep.equal([ALICE, BOB, "5"]);
  });

  it("names several return values, lists and truths", () => {
    const pair = {
      type: "tuple",
      components: [
        { name: "head", type: "uint256" },
        { name: "open", type: "bool" },
      ],
    } as const;
    expect(plain([1n, true], pair)).to.deep.equal({ head: "1", open: true });
    expect(plain([{ head: 1n, open: false }], { ...pair, type: "tuple[]" })).to.deep.equal([
      { head: "1", open: false },
    ]);
    expect(shown([{ a: "1", b: true }, "2"])).to.equal("[{ a: 1, b: true }, 2]");
  });
});

/** Some value of the type; different for different `seed`s where the type has room. */
function sample(parameter: AbiParameter, seed = 1): unknown {
  const list = /^(.*)\[(\d*)\]$/.exec(parameter.type);
  if (list !== null) {
    const inner = { ...parameter, type: list[1] ?? "" } as AbiParameter;
    return Array.from({ length: list[2] ? Number(list[2]) : 2 }, (_, index) => sample(inner, seed + index));
  }
  if ("components" in parameter)
    return Object.fromEntries(
      parameter.components.map((field, index) => [field.name ?? index, sample(field, seed + index)]),
    );
  const bytes = /^bytes(\d*)$/.exec(parameter.type);
  if (bytes !== null) return pad(`0x0${seed % 10}`, { size: bytes[1] ? Number(bytes[1]) : 5 });
  const bits = /^u?int(\d+)$/.exec(parameter.type);
  if (bits !== null) return Number(bits[1]) > 48 ? BigInt(seed) : seed;
  if (parameter.type === "address") return ALICE;
  return parameter.type === "bool" ? true : "words";
}

describe("the whole suite", () => {
  it("has every call decoded, at a known address and at one nobody recorded", () => {
    let count = 0;
    for (const [contract, abi] of Object.entries(suite))
      for (const item of abi) {
        if (item.type !== "function") continue;
        const args = item.inputs.map((input, index) => sample(input, index + 1));
        const data = encodeFunctionData({ abi: [item], functionName: item.name, args });
        const known = decodeCall(data, contract);
        expect(known, `${contract}.${item.name}`).to.include({ contract, certain: true, name: item.name });
        expect(known?.args.map(({ value }) => shown(value))).to.deep.equal(
          item.inputs.map((input, index) => shown(plain(args[index], input))),
        );
        const guessed = decodeCall(data)?.args.map(({ value }) => value);
        expect(guessed, `${contract}.${item.name} guessed`).to.deep.equal(known?.args.map(({ value }) => value));
        count += 1;
      }
    expect(count).to.be.greaterThan(300);
  });

  it("has every event decoded, also where a contract passes on what its library emits", () => {
    let count = 0;
    for (const [contract, abi] of Object.entries(suite))
      for (const item of abi) {
        if (item.type !== "event") continue;
        const args = item.inputs.map((input, index) => sample(input, index + 1));
        const named = Object.fromEntries(item.inputs.map((input, index) => [input.name, args[index]]));
        const topics = encodeEventTopics({ abi: [item], eventName: item.name, args: named }) as Hex[];
        const plainInputs = item.inputs.filter(({ indexed }) => !indexed);
        const data = encodeAbiParameters(
          plainInputs,
          plainInputs.map(({ name }) => named[name ?? ""]),
        );
        for (const place of [contract, undefined, "TestToken"]) {
          const found = decodeLog({ address: BOB, topics, data }, place);
          expect(found?.name, `${contract}.${item.name}`).to.equal(item.name);
          expect(found?.args).to.have.length(item.inputs.length);
        }
        count += 1;
      }
    expect(count).to.be.greaterThan(150);
  });

  it("has every error explained, each with what to do about it", () => {
    let count = 0;
    for (const [contract, abi] of Object.entries(suite))
      for (const item of abi) {
        if (item.type !== "error") continue;
        const args = item.inputs.map((input, index) => sample(input, index + 1));
        const found = explainRevert(encodeErrorResult({ abi: [item], errorName: item.name, args }));
        expect(found.code, `${contract}.${item.name}`).to.equal(item.name);
        expect(found.message.length, item.name).to.be.greaterThan(5);
        expect(found.remedy?.length ?? 0, item.name).to.be.greaterThan(5);
        count += 1;
      }
    expect(count).to.be.greaterThan(250);
  });
});

describe("explaining a revert", () => {
  it("gives a custom error's reason, values and remedy from the contract's own documentation", () => {
    const data = encodeErrorResult({ abi: policyBookAbi, errorName: "PolicyQuoteSequence", args: [1n, 0n] });
    expect(explainRevert(data)).to.deep.equal({
      code: "PolicyQuoteSequence",
      message: "The quote was used, or is not the next one. (expected = 1, given = 0)",
      remedy: "Ask for a quote with the sequence `purchasesOf(buyer)`.",
      values: ["1", "0"],
      data,
    });
  });

  it("reads Solidity's own errors", () => {
    const abi = parseAbi(["error Error(string)", "error Panic(uint256)"]);
    const words = encodeErrorResult({ abi, errorName: "Error", args: ["no luck"] });
    expect(explainRevert(words)).to.include({ code: "Error", message: "no luck" });
    const panic = encodeErrorResult({ abi, errorName: "Panic", args: [17n] });
    expect(explainRevert(panic).message).to.equal("Panic 17: an integer overflowed or underflowed.");
    const strange = encodeErrorResult({ abi, errorName: "Panic", args: [99n] });
    expect(explainRevert(strange).message).to.equal("Panic 99: unknown code.");
  });

  it("shows foreign and empty data as they are", () => {
    expect(explainRevert("0xdeadbeef")).to.include({ code: "SdkUnknownRevert", data: "0xdeadbeef" });
    expect(explainRevert("0x")).to.include({ code: "SdkRevert", data: "0x" });
  });
});
