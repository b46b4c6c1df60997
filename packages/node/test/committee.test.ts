import {
  assembleReport,
  type CommitteeSigner,
  committeeSigner,
  type FeedContext,
  type SignedReading,
  signReading,
} from "@publica/sdk/foundation";
import { expect } from "chai";
import { decodeFunctionData, type Hex, keccak256, toHex } from "viem";
import { attestedFeedAbi } from "@publica/sdk/abi";
import { privateKeyToAccount } from "viem/accounts";
import { type AskMember, type Committee, type CommitteeState, createCommittee } from "../src/oracle/committee.ts";
import { type OracleNode, startOracleNode } from "../src/oracle/node.ts";
import type { FeedState } from "../src/oracle/registry.ts";
import { connectMqtt, createFleet, runSimulation } from "../src/oracle/simulate.ts";
import { oracleConfigSchema } from "../src/oracle/config.ts";
import { silentLogger } from "../src/runtime/index.ts";
import { type Anvil, freePort, startAnvil } from "./support/anvil.ts";
import { deployFeed, nodeConfig, OPERATOR_KEYS, sensorIndex, until } from "./support/feed.ts";
import { temporaryFolder } from "./support/folder.ts";

const FEED = keccak256(toHex("feed"));
const ADDRESS = "0x00000000000000000000000000000000000000a1";
const NOW = 1_800_000_000;
const MEMBERS = ["a", "b", "c", "d"].map((name) => committeeSigner(keccak256(toHex(name))));

/** Four members in one process, the first of which leads; `tamper` stands between it and a peer. */
function createMembers(tamper: (peer: number, question: string, body: unknown, answer: unknown) => unknown = pass) {
  const fleet = createFleet(1, ["honest", "honest", "honest", "honest"]);
  const context: FeedContext = { chainId: 31_337, address: ADDRESS, feed: FEED, epoch: 1 };
  const committee: CommitteeState = {
    context: { ...context, epoch: 1 },
    quorum: 3,
    tolerance: 5n,
    keys: MEMBERS.map(({ key }) => key),
  };
  const state = {
    settings: { name: "rain", round: 60 },
    context,
    config: { epoch: 1, quorum: 3 },
    sensors: fleet.map(({ signer }) => signer.key),
    committee,
  } as unknown as FeedState;
  const held = MEMBERS.map((): SignedReading[] => []);
  const nodes: Committee[] = MEMBERS.map((signer, self) =>
    createCommittee(
      {
        signers: new Map([[FEED, signer]]),
        peers: MEMBERS.flatMap((_, i) => (i === self ? [] : [String(i)])),
        ask: ask(self),
        adopt: async () => 0,
        held: () => held[self] ?? [],
        log: silentLogger(),
        now: () => NOW * 1_000,
      },
      (id) => (id === FEED ? state : undefined),
    ),
  );
  function ask(self: number): AskMember {
    return async (peer, question, body) => {
      const answer = await post(Number(peer), question, body);
      return self === 0
        ? tamper(Number(peer), question, body, answer.status === 200 ? answer.body : undefined)
        : answer;
    };
  }
  async function post(node: number, question: string, body: unknown) {
    const handler = nodes[node]?.routes[`POST /v1/committee/${question}`];
    if (handler === undefined) throw new Error(`no ${question}`);
    const url = new URL("http://node");
    return handler({ url, contentType: "application/json", body: Buffer.from(JSON.stringify(body)) });
  }
  const read = async (values: readonly bigint[], round = NOW / 60): Promise<SignedReading[]> =>
    Promise.all(
      values.map((value, i) => {
        const signer = fleet[i]?.signer;
        if (signer === undefined) throw new Error("no device");
        return signReading(context, signer, i, { round, observedAt: round * 60, value });
      }),
    );
  /** What the leader would send: which kind of report, and who is absent or signed one by one. */
  const lead = async (readings: readonly SignedReading[]) => {
    const submission = await nodes[0]?.lead(state, readings);
    if (submission === undefined) return undefined;
    const [, data] = decodeFunctionData({ abi: attestedFeedAbi, data: submission.data }).args as [Hex, Hex];
    const bytes = Buffer.from(data.slice(2), "hex");
    return bytes[25] === 0 ? { together: [...bytes.subarray(110)] } : { oneByOne: (bytes.length - 26) / 65 };
  };
  return { context, state, held, nodes, read, lead, post };
}
const pass = (_peer: number, _question: string, _body: unknown, answer: unknown): unknown => answer;

describe("committee lane", function () {
  this.timeout(1_800_000);

  it("all sign together; whoever is away is absent; too few sign nothing", async () => {
    const all = createMembers();
    const readings = await all.read([100n, 101n, 102n, 103n]);
    expect(await all.lead(readings)).to.deep.equal({ together: [] });
    const without = (...away: number[]) =>
      createMembers((peer, _, __, answer) => (away.includes(peer) ? undefined : answer));
    expect(await without(2).lead(readings)).to.deep.equal({ together: [2] });
    expect(await without(2, 3).lead(readings)).to.equal(undefined);
  });

  it("a member that gives a wrong part, or none, is left out, and named by its own part only", async () => {
    for (const part of [`0x${"11".repeat(32)}`, undefined, "nonsense", `0x${"ff".repeat(32)}`]) {
      const members = createMembers((peer, question, _, answer) =>
        peer === 3 && question === "part" ? part && { part } : answer,
      );
      expect(await members.lead(await members.read([100n, 101n, 102n]))).to.deep.equal({ together: [3] });
    }
  });

  it("when the two rounds fail, the same value goes with one signature of each", async () => {
    const failing = createMembers((_, question, __, answer) => (question === "part" ? undefined : answer));
    const readings = await failing.read([100n, 101n, 102n]);
    expect(await failing.lead(readings)).to.deep.equal({ oneByOne: 3 });
    const forged = createMembers((peer, question, _, answer) =>
      question === "part"
        ? undefined
        : question === "endorsement" && peer > 1
          ? { index: peer, signature: `0x${"22".repeat(64)}` }
          : answer,
    );
    expect(await forged.lead(readings)).to.equal(undefined);
  });

  it("a member claims only its own place", async () => {
    const members = createMembers((peer, question, _, answer) =>
      question === "nonce" && peer === 3 ? { ...(answer as object), index: 0 } : answer,
    );
    expect(await members.lead(await members.read([100n, 101n, 102n]))).to.deep.equal({ together: [3] });
  });

  it("signs nothing it cannot stand behind", async () => {
    const { read, post, held, context, nodes, state } = createMembers();
    const ask = async (report: Hex, change: object = {}) =>
      post(1, "endorsement", { feed: FEED, epoch: 1, report, ...change });
    const reasonOf = async (report: Hex, change: object = {}) => {
      const { status, body } = await ask(report, change);
      return `${status} ${(body as { error?: string }).error ?? ""}`;
    };
    const pack = (readings: readonly SignedReading[]) => assembleReport(context, readings.length, readings).data;
    const good = pack(await read([100n, 101n, 102n]));
    expect((await ask(good)).status).to.equal(200);
    expect(await reasonOf(good, { epoch: 2 })).to.contain("409 the committee's epoch is 1");
    expect(await reasonOf(good, { feed: keccak256("0x01") })).to.contain("404");
    expect(await reasonOf("0x00")).to.contain("409");
    expect(await reasonOf(pack(await read([100n, 101n])))).to.contain("too few devices");
    expect(await reasonOf(pack(await read([100n, 101n, 102n], NOW / 60 + 2)))).to.contain("not of this time");
    const [first, second, third] = (await read([100n, 101n, 102n])) as [SignedReading, SignedReading, SignedReading];
    expect(await reasonOf(pack([first, second, { ...third, value: 99n }]))).to.contain("device 2 did not sign");
    const other = assembleReport({ ...context, epoch: 2 }, 3, [first, second, third]).data;
    expect(await reasonOf(other)).to.contain("the devices' epoch is 1");
    held[1] = (await read([90n, 90n, 102n, 90n])).slice();
    expect(await reasonOf(good)).to.contain("this node holds 90");
    held[1] = (await read([96n, 96n, 102n, 96n])).slice();
    expect((await ask(good)).status, "exactly the tolerance").to.equal(200);
    expect(await nodes[0]?.lead({ ...state, context: { ...context, feed: keccak256("0x02") } }, [first])).to.equal(
      undefined,
    );
  });

  it("a nonce signs one value once", async () => {
    const { read, post, context } = createMembers();
    const readings = await read([100n, 101n, 102n]);
    const request = { feed: FEED, epoch: 1, report: assembleReport(context, 3, readings).data };
    const { body } = await post(1, "nonce", request);
    const nonces = [
      body,
      ...[2, 3].map((index) => ({
        index,
        ...(MEMBERS[index] as CommitteeSigner).createNonce().commitment,
      })),
    ];
    const another = { ...request, report: assembleReport(context, 3, await read([200n, 201n, 202n])).data };
    expect((await post(1, "part", { ...another, nonces })).status, "another value").to.equal(409);
    expect((await post(1, "part", { ...request, nonces: nonces.slice(1) })).status, "not in it").to.equal(409);
    expect((await post(1, "part", { ...request, nonces })).status).to.equal(200);
    expect((await post(1, "part", { ...request, nonces })).status, "again").to.equal(409);
    for (let n = 0; n < 256; n++) expect((await post(2, "nonce", request)).status).to.equal(200);
    expect((await post(2, "nonce", request)).status, "a flood").to.equal(409);
  });

  it("the configuration says what a member needs", () => {
    const bare = {
      chain: { id: 1, rpc: ["http://127.0.0.1:1"], sensorFeeds: ADDRESS },
      key: { environment: "X" },
      feeds: [
        { id: FEED, name: "r", measurement: "r", unit: "mm", round: 1, committee: { key: { environment: "X" } } },
      ],
    };
    const issues = oracleConfigSchema.safeParse(bare).error?.issues.map(({ message }) => message);
    expect(issues).to.deep.equal([
      "give the contract's address in chain.attestedFeed",
      "name the other members' nodes in peers",
    ]);
  });

  it("three nodes attest together on a chain, and two go on when the third dies", async () => {
    const anvil: Anvil = await startAnvil(["--block-time", "0.2"]);
    const folder = temporaryFolder();
    const nodes: OracleNode[] = [];
    const halt = new AbortController();
    try {
      const fleet = createFleet(8, ["honest", "honest", "honest", "liar"]);
      const keys = fleet.map(({ signer }) => signer.key);
      const fixture = await deployFeed(anvil, keys, 3, { heartbeat: 20 });
      const members = OPERATOR_KEYS.map((key) => committeeSigner(key));
      const committee = await fixture.serve(members, 2);
      const accounts = OPERATOR_KEYS.map((key) => privateKeyToAccount(key).address);
      const ports = [await freePort(), await freePort(), await freePort()];
      for (const [index, port] of ports.entries()) {
        const name = `PUBLICA_COMMITTEE_KEY_${index}`;
        process.env[name] = OPERATOR_KEYS[index];
        const config = nodeConfig(fixture, [anvil.url], folder.path(`node${index}.db`), {
          key: name,
          chain: { attestedFeed: committee.address },
          http: { port },
          peers: accounts
            .map((account, i) => ({ account, url: `http://127.0.0.1:${ports[i]}` }))
            .filter((_, i) => i !== index),
          feed: { committee: { key: { environment: name } }, round: 2, grace: 0.5 },
        });
        nodes.push(await startOracleNode(config, { log: silentLogger() }));
      }
      for (const node of nodes) await until("the feed", () => (node.status().ready ? true : undefined));
      const links = await Promise.all(nodes.map((node) => connectMqtt(node.mqttUrl as string, fleet)));
      const run = runSimulation({
        ...{ measurement: "rain", unit: "mm", decimals: 1, roundSeconds: 2, noise: 0.1, seed: 7 },
        context: fixture.context,
        fleet,
        sensorOf: sensorIndex(fleet),
        truth: (n) => 10 + 5 * (n % 2),
        links,
        signal: halt.signal,
      });
      const first = await until("the committee's report", () => committee.latest());
      expect(Number(first.value)).to.be.within(98, 153);
      expect(await fixture.latest(), "the device lane stays empty").to.equal(undefined);
      // A member that is slow is left out of a round; sooner or later all three are in time.
      await until("a report of all three", async () =>
        (await committee.signers()).find((signers) => signers === 0b111n),
      );
      await nodes[2]?.stop();
      const pair = await until("a report of the two", async () =>
        (await committee.signers()).find((signers) => signers === 0b011n),
      );
      expect(pair).to.equal(0b011n);
      halt.abort();
      await run;
      for (const link of links) await link.close();
    } finally {
      halt.abort();
      for (const node of nodes) await node.stop();
      await anvil.close();
      folder.remove();
    }
  });
});
