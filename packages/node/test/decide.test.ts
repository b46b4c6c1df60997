import { expect } from "chai";
import type { FeedState } from "../src/oracle/registry.ts";
import { rankInRound, reasonToPost } from "../src/oracle/rounds.ts";
import { encodeSenml, parseSenml } from "../src/oracle/senml.ts";
import { convertUnit, fromScaled, toScaled } from "../src/oracle/units.ts";
import { FEED } from "./support/intake.ts";

const bytes = (text: string) => Buffer.from(text);

describe("decisions", () => {
  const state = (extra: { deviationBps?: number; triggers?: number[]; heartbeat?: number } = {}): FeedState =>
    ({
      settings: { round: 10, triggers: extra.triggers ?? [] },
      config: { deviationBps: extra.deviationBps ?? 1_000, heartbeat: extra.heartbeat ?? 3_600, decimals: 1 },
    }) as unknown as FeedState;
  const latest = (value: bigint) => ({ value, observedAt: 1_000, updatedAt: 1_001, round: 100, flags: 0 });

  it("posts the first value, and nothing while nothing changes", () => {
    expect(reasonToPost(state(), undefined, 5n, 1_010, 0)).to.equal("first");
    expect(reasonToPost(state(), latest(100n), 100n, 1_010, 0)).to.equal(undefined);
  });

  it("posts from the declared deviation on, not below it, in both directions and around zero", () => {
    for (const [value, expected] of [
      [109n, undefined],
      [110n, "deviation"],
      [91n, undefined],
      [90n, "deviation"],
    ] as const)
      expect(reasonToPost(state(), latest(100n), value, 1_010, 0), String(value)).to.equal(expected);
    expect(reasonToPost(state(), latest(-100n), -110n, 1_010, 0)).to.equal("deviation");
    expect(reasonToPost(state(), latest(0n), 1n, 1_010, 0)).to.equal("deviation");
    expect(reasonToPost(state(), latest(0n), 0n, 1_010, 0)).to.equal(undefined);
    expect(reasonToPost(state({ deviationBps: 0 }), latest(100n), 101n, 1_010, 0)).to.equal("deviation");
  });

  it("posts at once when a trigger is reached or left, exactly at its value", () => {
    const rule = state({ triggers: [10.5], deviationBps: 10_000 });
    expect(reasonToPost(rule, latest(104n), 105n, 1_010, 0)).to.equal("trigger");
    expect(reasonToPost(rule, latest(105n), 106n, 1_010, 0)).to.equal(undefined);
    expect(reasonToPost(rule, latest(105n), 104n, 1_010, 0)).to.equal("trigger");
  });

  it("posts three rounds and everyone's turns before the heartbeat lapses, never earlier than at half of it", () => {
    const at = (observedAt: number, fallback: number, heartbeat = 3_600) =>
      reasonToPost(state({ heartbeat }), latest(100n), 100n, observedAt, fallback);
    expect(at(1_000 + 3_600 - 31, 0)).to.equal(undefined);
    expect(at(1_000 + 3_600 - 30, 0)).to.equal("heartbeat");
    expect(at(1_000 + 3_600 - 60, 30)).to.equal("heartbeat");
    expect(at(1_000 + 11, 0, 24)).to.equal(undefined);
    expect(at(1_000 + 12, 0, 24)).to.equal("heartbeat");
  });

  it("gives each node of a round its own place, the same in every node's eyes, and shares the work", () => {
    const nodes = [1, 2, 3].map((n) => `0x${String(n).repeat(40)}` as const);
    const firsts = new Map<string, number>();
    for (let round = 0; round < 300; round++) {
      const ranks = nodes.map((me) =>
        rankInRound(
          FEED,
          round,
          me,
          nodes.filter((other) => other !== me),
        ),
      );
      expect([...ranks].sort()).to.deep.equal([0, 1, 2]);
      const first = nodes[ranks.indexOf(0)] as string;
      firsts.set(first, (firsts.get(first) ?? 0) + 1);
    }
    for (const node of nodes) expect(firsts.get(node)).to.be.within(60, 140);
  });
});

describe("units", () => {
  it("converts within a quantity and refuses across", () => {
    expect(convertUnit(32, "F", "Cel")).to.be.closeTo(0, 1e-9);
    expect(convertUnit(0, "K", "Cel")).to.equal(-273.15);
    expect(convertUnit(1, "kWh", "J")).to.equal(3.6e6);
    expect(convertUnit(1, "mm", "Cel")).to.equal(undefined);
    expect(convertUnit(1, "furlong", "m")).to.equal(undefined);
    expect(convertUnit(1, "furlong", "furlong")).to.equal(1);
  });

  it("scales without binary dust, half away from zero, and back", () => {
    expect(toScaled(1.005, 2)).to.equal(101n);
    expect(toScaled(0.1 + 0.2, 1)).to.equal(3n);
    expect(toScaled(-0.05, 1)).to.equal(-1n);
    expect(toScaled(12, 0)).to.equal(12n);
    expect([fromScaled(123n, 1), fromScaled(-5n, 2), fromScaled(7n, 0)]).to.deep.equal(["12.3", "-0.05", "7"]);
  });
});

describe("SenML", () => {
  const NOW = 1_800_000_000;

  it("reads RFC 8428's examples: base values, base time, relative times", () => {
    const pack = parseSenml(
      bytes(
        '[{"bn":"urn:dev:ow:10e2073a0108006:","bt":1.276020076001e+09,"bu":"A","bver":5,"n":"voltage","u":"V","v":120.1},{"n":"current","t":-5,"v":1.2},{"n":"current","v":1.7}]',
      ),
      NOW,
    );
    expect(pack.map(({ name, unit, time, value }) => [name, unit, time, value])).to.deep.equal([
      ["urn:dev:ow:10e2073a0108006:voltage", "V", 1276020076.001, 120.1],
      ["urn:dev:ow:10e2073a0108006:current", "A", 1276020071.001, 1.2],
      ["urn:dev:ow:10e2073a0108006:current", "A", 1276020076.001, 1.7],
    ]);
    expect(parseSenml(bytes('[{"n":"a","t":-60,"v":1}]'), NOW)[0]?.time).to.equal(NOW - 60);
    expect(parseSenml(bytes('[{"bn":"a","bv":20,"v":1.5}]'), NOW)[0]?.value).to.equal(21.5);
  });

  it("CBOR and JSON say the same", () => {
    const entries = [
      { bn: "urn:dev:x:", bt: NOW, bu: "mm", n: "rain", v: 1.5 },
      { n: "note", vs: "wet" },
      { n: "door", vb: true },
      { n: "blob", vd: Uint8Array.of(1, 2, 250) },
    ];
    const [json, cbor] = (["json", "cbor"] as const).map((format) =>
      parseSenml(encodeSenml(entries, format), NOW).map((record) => ({
        ...record,
        value: record.value instanceof Uint8Array ? [...record.value] : record.value,
      })),
    );
    expect(cbor).to.deep.equal(json);
    expect(json?.length).to.equal(4);
  });

  const broken: Record<string, string> = {
    "no list": '{"n":"a","v":1}',
    "an empty list": "[]",
    "no value": '[{"n":"a"}]',
    "two values": '[{"n":"a","v":1,"vs":"x"}]',
    "a bad name": '[{"n":"a b","v":1}]',
    "no name": '[{"v":1}]',
    "a number that is none": '[{"n":"a","v":"1"}]',
    "a field that must be understood": '[{"n":"a","v":1,"new_":2}]',
    "a later version": '[{"bver":11,"n":"a","v":1}]',
    "text that is no JSON": "[{",
  };
  for (const [what, text] of Object.entries(broken)) {
    it(`refuses ${what}`, () => {
      expect(() => parseSenml(bytes(text), NOW))
        .to.throw(Error)
        .with.property("name", "SenmlError");
    });
  }
});
