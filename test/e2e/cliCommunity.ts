import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import hre from "hardhat";
import type { JsonRpcServer } from "hardhat/types/network";
import { type Address, formatEther, type Hex, zeroHash } from "viem";
import { publica as run } from "../../packages/cli/test/harness.ts";
import { toJson } from "../../packages/cli/src/lib/io.ts";
import { connectLocal } from "../../scripts/lib/chain.ts";
import {
  agree,
  chainTime,
  type Community,
  cover,
  CREDENTIAL,
  deployCommunity,
  foundCrew,
  goodRun,
  installDevice,
  next,
  type PlayedDevice,
  seatAccount,
  TERMS,
  travelTo,
  wallet,
} from "../../scripts/lib/community.ts";
import { lotFalls } from "../utils/community.ts";
import { inspectedNames } from "../utils/inspected.ts";

const EVIDENCE = `0x${"e1".repeat(32)}`;

describe("publica community", () => {
  let server: JsonRpcServer;
  let community: Community;
  let folder: string;
  let url: string;
  let common: string[];
  let device: PlayedDevice;

  const publica = (args: readonly string[]) => run(["community", ...args, ...common], { cwd: folder });

  async function json<T>(args: readonly string[]): Promise<T> {
    const { code, stdout, stderr } = await publica([...args, "--json"]);
    expect(code, stdout + stderr).to.equal(0);
    return JSON.parse(stdout) as T;
  }

  async function refused(args: readonly string[], says: RegExp): Promise<void> {
    const { code, stdout, stderr } = await publica(args);
    expect(stderr).to.match(says);
    expect(code).to.equal(1);
    expect(stdout).to.equal("");
    expect(stderr.trim().split("\n"), stderr).to.have.length(2);
  }

  const from = (address: Address): string[] => ["--rpc-account", address];
  const anyone = () => from(wallet(community, 15).account.address);

  interface Sent {
    readonly dryRun: boolean;
    readonly order?: { readonly state: string; readonly number: number };
    readonly transactions: readonly { readonly what: string }[];
  }

  async function assignee(kind = 0): Promise<string[]> {
    const { seat } = await community.orders.read.orderOf([device.id, kind]);
    return from(seatAccount(community, seat).address);
  }

  before(async () => {
    server = await hre.network.createServer("default", "127.0.0.1");
    url = `http://127.0.0.1:${(await server.listen()).port}`;
    community = await deployCommunity(await connectLocal(url));
    folder = mkdtempSync(join(tmpdir(), "publica-community-"));
    const contracts = Object.fromEntries(
      Object.entries({
        EquipmentRegister: community.register,
        GatewaySweeps: community.sweeps,
        ResidentForum: community.forum,
        ServiceContract: community.service,
        WorkOrders: community.orders,
      }).map(([name, { address }]) => [name, { address, codeHash: zeroHash, block: 0 }]),
    );
    const chainId = await community.client.getChainId();
    writeFileSync(join(folder, "addresses.json"), JSON.stringify({ chainId, network: "localhost", contracts }));
    common = ["--rpc", url, "--deployment", "addresses.json"];
  });

  after(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });

  it("says that nothing is there yet", async () => {
    const { code, stdout } = await publica(["status"]);
    expect(code).to.equal(0);
    expect(stdout).to.match(/Devices\n {2}none yet/);
    expect(stdout).to.match(/Crews\n {2}no agreement yet/);
    await refused(["status", "--device", "1"], /there is no device 1\n→ None is installed yet/);
    expect((await publica(["kpis"])).stdout).to.contain("none yet");
  });

  it("shows a block to anyone: devices, one device, no order yet", async () => {
    const crew = await foundCrew(community);
    expect((await publica(["status"])).stdout).to.contain("no agreement yet");
    await agree(community, crew);
    device = await installDevice(community, { index: 1 });
    await cover(community, crew, device.id);
    await installDevice(community, { index: 2, curve: "p256", profile: { critical: true, partner: 1, holdOff: 90 } });
    await installDevice(community, { index: 3, profile: { crew: 0, heartbeatGap: 0, runLength: 3 } });
    for (const index of [10, 11, 12, 13, 14]) {
      const { account } = wallet(community, index);
      const home = community.parties.owner.address;
      await community.credentials.write.set([CREDENTIAL.resident(home), account.address, true]);
      await community.forum.write.enrol([home], { account });
    }
    const { stdout } = await publica(["status"]);
    expect(stdout).to.match(/│ {3}1 │ normal │ never/);
    expect(stdout).to.contain("with 1");
    expect(stdout).to.contain("0.1 ETH a repair, 0.01 ETH a call-out");
    const one = (await publica(["status", "--device", "2"])).stdout;
    expect(one).to.match(/critical +yes, with device 1/);
    expect(one).to.match(/fault after +1 minute outside/);
    expect(one).to.match(/P-256/);
    expect((await publica(["status", "--device", "3"])).stdout).to.match(/outside, or 3 readings[\s\S]*none promised/);
    expect((await publica(["status", "--device", "1"])).stdout).to.match(/availability +100.00 %/);
    await refused(["status", "--device", "4"], /Devices are numbered from 1 to 3/);
    await refused(["status", "--device", "1", "--fault", "silence"], /never had an order for silence/);
    const all = await json<{ devices: { status: string }[]; agreements: { symbol: string }[] }>(["status"]);
    expect(all.devices).to.have.length(3);
    expect(all.agreements[0]?.symbol).to.equal("ETH");
  });

  it("opens what is known to be broken: shows it first, sends with --yes", async () => {
    await refused(["open", "--device", "1", ...anyone()], /OrderWithoutFault/);
    await community.register.write.record([next(community, device, await chainTime(community), 1_400)]);
    const dry = await publica(["open", "--device", "1", ...anyone()]);
    expect(dry.stdout).to.match(
      /1\. open an order for limits of device 1 {2}would succeed now[\s\S]*Add --yes to send/,
    );
    expect((await community.orders.read.orderOf([1, 0])).number).to.equal(0);
    const sent = await json<Sent>(["open", "--device", "1", ...anyone(), "--yes"]);
    expect(sent.order).to.deep.include({ state: "assigned", number: 1 });
  });

  it("takes the steps of the one the order waits for, and of nobody else", async () => {
    await refused(["accept", "--device", "1", ...anyone()], /waits for 0x\w+ \(level 1, seat \d\), not for 0x/);
    const by = await assignee();
    for (const [step, state] of [
      ["accept", "accepted"],
      ["arrive", "onSite"],
      ["start", "working"],
      ["hold", "onHold"],
      ["resume", "working"],
    ] as const) {
      const dry = await json<Sent>([step, "--device", "1", ...by]);
      expect(dry.dryRun).to.equal(true);
      const sent = await json<Sent>([step, "--device", "1", ...by, "--yes"]);
      expect(sent.order?.state, step).to.equal(state);
    }
    const status = (await publica(["status"])).stdout;
    expect(status).to.contain("limits: at work");
    expect(status).to.match(/level 1, seat \d/);
    await refused(["decline", "--device", "1", ...by], /OrderWrongState/);
    await refused(["escalate", "--device", "1", ...anyone()], /OrderNotDue/);
  });

  it("claims the repair with a code and proves it with the device's readings from a file", async () => {
    const by = await assignee();
    const claim = ["claim", "--device", "1", "--code", "1.2.3", "--evidence", EVIDENCE];
    const dry = await publica([...claim, ...by]);
    expect(dry.stdout).to.match(/proof +3 good readings over 10 minutes, within 2 hours/);
    expect((await json<Sent>([...claim, ...by, "--yes"])).order?.state).to.equal("verifying");
    const end = (await chainTime(community)) + TERMS.verifySpan + 1;
    await travelTo(community, end);
    const good = goodRun(community, device, end);
    writeFileSync(join(folder, "good.json"), toJson(good));
    writeFileSync(join(folder, "two.json"), toJson(good.slice(0, 2)));
    writeFileSync(join(folder, "text.json"), "good");
    writeFileSync(join(folder, "other.json"), '[{ "reading": "x" }]');
    const prove = (file: string, ...more: string[]) => [
      "prove",
      "--device",
      "1",
      "--readings",
      file,
      ...anyone(),
      ...more,
    ];
    await refused(prove("none.json"), /cannot be read/);
    await refused(prove("text.json"), /is not JSON/);
    await refused(prove("other.json"), /no signed readings \(0\.reading/);
    await refused(prove("two.json"), /OrderUnproven/);
    const tried = await publica(prove("good.json", "--partner-readings", "two.json"));
    expect(tried.stdout).to.match(/readings +3, and 2 of the partner/);
    expect((await json<Sent>(prove("good.json", "--yes"))).order?.state).to.equal("restored");
  });

  it("lets residents confirm, the lot decide, and anyone settle; the order's life can be read by all", async () => {
    await refused(["confirm", "--device", "1", ...anyone()], /ForumNotResident/);
    for (const [i, index] of [10, 11, 12].entries()) {
      const { account } = wallet(community, index);
      const sent = await json<{ count: number; agreed: boolean }>([
        "confirm",
        "--device",
        "1",
        ...from(account.address),
        "--yes",
      ]);
      expect(sent).to.deep.include({ count: i + 1, agreed: i === 2 });
    }
    await refused(["settle", "--device", "1", ...anyone()], /OrderNotDue/);
    expect((await publica(["nominate", "--device", "1", ...anyone()])).stdout).to.contain("would succeed now");
    await lotFalls(community, [1, 0], false);
    expect((await publica(["status", "--device", "1", "--fault", "limits"])).stdout).to.contain("the lot passed it by");
    await refused(["inspect", "--device", "1", ...anyone()], /ForumNotChosen/);
    expect((await json<Sent>(["settle", "--device", "1", ...anyone(), "--yes"])).order?.state).to.equal("closed");
    const { stdout } = await publica(["status", "--device", "1", "--fault", "limits"]);
    for (const words of ["opened", "work began", "code 1.2.3", "proven by the device", "repaired: fee 0.1 ETH"])
      expect(stdout).to.contain(words);
  });

  it("draws what is due to the contractor", async () => {
    const principal = from(wallet(community, 3).account.address);
    // The fee, less what downtime beyond the promise costs.
    const { contractorDue } = await community.service.read.agreementOf([community.orders.address, 1]);
    expect(contractorDue > 9n * 10n ** 16n && contractorDue <= 10n ** 17n).to.equal(true);
    const dry = (await publica(["collect", "--crew", "1", ...principal])).stdout;
    expect(dry).to.match(new RegExp(`due +${formatEther(contractorDue)} ETH to the contractor`));
    const sent = await json<{ amount: string }>(["collect", "--crew", "1", ...principal, "--yes"]);
    expect(sent.amount).to.equal(String(contractorDue));
    await refused(["collect", "--crew", "1", ...principal], /ServiceNothingDue/);
    await refused(["collect", "--crew", "9", ...principal], /crew 9 has no agreement/);
  });

  it("takes a dispute to its end: bond, panel, votes, verdict, bond back", async () => {
    await community.orders.write.report([next(community, device, await chainTime(community), 1_400)]);
    const by = await assignee();
    await json(["arrive", "--device", "1", ...by, "--yes"]);
    await json(["claim", "--device", "1", "--code", "1.2.3", "--evidence", EVIDENCE, ...by, "--yes"]);
    const end = (await chainTime(community)) + TERMS.verifySpan + 1;
    await travelTo(community, end);
    await community.orders.write.proveRepair([1, 0, goodRun(community, device, end), []]);
    const plaintiff = from(wallet(community, 10).account.address);
    const key = ["--device", "1"];
    const dry = await publica(["dispute", ...key, ...plaintiff]);
    expect(dry.stdout).to.match(/dispute order 2 of device 1 \(limits\) with 0.01 ETH {2}would succeed now/);
    expect((await json<Sent>(["dispute", ...key, ...plaintiff, "--yes"])).order?.state).to.equal("disputed");
    expect((await publica(["status", ...key, "--fault", "limits"])).stdout).to.contain("panel to be drawn from block");
    await refused(["rule", ...key, ...anyone()], /OrderUndecided/);
    await community.test.mine({ blocks: 2 });
    await json(["draw", ...key, ...anyone(), "--yes"]);
    const order = await json<{ dispute: { id: Hex; panel: Address[] } }>(["status", ...key, "--fault", "limits"]);
    expect((await publica(["status", ...key, "--fault", "limits"])).stdout).to.contain(
      `panel ${order.dispute.panel[0]}`,
    );
    const [first, second, third] = order.dispute.panel as [Address, Address, Address];
    await json(["uphold", ...key, ...from(first), "--yes"]);
    await json(["reject", ...key, ...from(second), "--yes"]);
    await json(["uphold", ...key, ...from(third), "--yes"]);
    await refused(["uphold", ...key, ...from(third)], /ForumNoVote/);
    expect((await publica(["status", ...key, "--fault", "limits"])).stdout).to.contain("upheld: 2 for, 1 against");
    await publica(["pay", ...key, ...anyone(), "--yes"]);
    const ruled = await json<Sent>(["rule", ...key, ...anyone(), "--yes"]);
    expect(ruled.order).to.deep.include({ state: "assigned", number: 3 });
    expect((await publica(["status", "--device", "1"])).stdout).to.contain("assigned, redo");
  });

  it("takes residents' reports until enough agree", async () => {
    const report = (index: number) => ["report", "--device", "3", ...from(wallet(community, index).account.address)];
    expect((await publica(report(10))).stdout).to.match(/needed +3 residents within a day/);
    for (const index of [10, 11]) await json([...report(index), "--yes"]);
    const last = await publica([...report(12), "--yes"]);
    expect(last.stdout).to.contain("3 said so: enough, publica community open --fault reported opens the order");
  });

  it("rebuilds the figures from events alone, as the contract has them", async () => {
    const { stdout } = await publica(["kpis"]);
    expect(stdout).to.match(/MTTR/);
    expect(stdout).to.match(/0.1 ETH/);
    const { devices } = await json<{ devices: Record<string, unknown>[] }>(["kpis"]);
    const record = await community.service.read.recordOf([community.orders.address, 1, 1]);
    for (const field of ["repairs", "redos", "falseAlarms", "downSeconds", "repairSeconds"] as const)
      expect(devices[0]?.[field], field).to.equal(Number(record[field]));
  });

  it("all that happened above is told by name by inspect tx", async () => {
    const names = await inspectedNames(url, join(folder, "addresses.json"));
    expect([...names]).to.include.members([
      "EquipmentRegister.DeviceInstalled",
      "WorkOrders.open",
      "WorkOrders.settle",
      "ResidentForum.payBond",
      "ServiceContract.draw",
    ]);
  });
});
