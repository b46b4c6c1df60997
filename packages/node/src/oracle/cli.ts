#!/usr/bin/env node
// publica-node: the oracle node's command.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline/promises";
import { randomBytes } from "node:crypto";
import { parseArgs } from "node:util";
import { PublicaError, readFeedConfig, readFeedSensors } from "@publica/sdk/foundation";
import { bytesToHex, createPublicClient, getAddress, type Hex, http } from "viem";
import { loadConfig } from "../runtime/config.ts";
import { openDatabase } from "../runtime/database.ts";
import { encryptKeystore, localSigner } from "../runtime/keys.ts";
import { createLogger } from "../runtime/log.ts";
import { problem, reasonOf } from "../runtime/problem.ts";
import { checkNode } from "./check.ts";
import { oracleConfigSchema } from "./config.ts";
import { deviceIdOf } from "./envelope.ts";
import { ingestLines } from "./ingest/lines.ts";
import { type NodeStatus, startOracleNode } from "./node.ts";
import {
  BEHAVIOURS,
  type Behaviour,
  connectHttp,
  connectMqtt,
  createFleet,
  readCsvColumn,
  runSimulation,
  type VirtualDevice,
} from "./simulate.ts";
import { fromScaled } from "./units.ts";

const USAGE = `Usage: publica-node COMMAND [options]

  init      make a configuration and a key
  check     look at everything a node needs: endpoints, clock, money, file, registration, recordings, peers
  run       take messages in and report, until stopped
  status    what a running node is doing
  export    what is stored, as JSON lines
  simulate  virtual devices that send to a node

publica-node COMMAND --help tells a command's options. The configuration is node.yaml unless --config says otherwise.

Example: publica-node init && publica-node check && publica-node run`;

const USAGES: Readonly<Record<string, string>> = {
  init: `Usage: publica-node init [--config FILE] [--rpc URL]... [--chain ID] [--sensor-feeds ADDRESS] [--feed ID]

Asks what is not given (on a terminal; otherwise takes the defaults), and writes a configuration, a new key and the key's
password. Overwrites nothing.

Example: publica-node init --rpc https://one.example --rpc https://two.example --chain 1`,
  check: `Usage: publica-node check [--config FILE] [--json]

Looks at everything a node needs and changes nothing. Exit code 1 when something is missing.

Example: publica-node check --config node.yaml`,
  run: `Usage: publica-node run [--config FILE] [--stdin] [--replay FILE]... [--speed N]

Runs until Ctrl-C or SIGTERM. --stdin also takes envelopes from the standard input, one a line.
--replay takes a recording in: what \`export --what messages\` wrote, a CSV with the columns at and message, or envelopes,
one a line. --speed 60 plays it 60 times as fast as it was taken, 0 (the default) at once. A recording goes on where it
ended. A CSV of bare values needs a key that answers for it: \`replay\` in the configuration, see the README.

Example: publica-node run --config node.yaml --replay messages.jsonl --speed 60`,
  status: `Usage: publica-node status [--config FILE | --url URL] [--json]

Asks a running node. Exit code 1 when it is not ready or does not answer.

Example: publica-node status --url http://127.0.0.1:8080`,
  export: `Usage: publica-node export [--config FILE] [--what messages|readings|quarantine|reports]

Prints what is stored as JSON lines, also while the node runs; readings unless told otherwise.

Example: publica-node export --what quarantine | head`,
  simulate: `Usage: publica-node simulate --sensor-feeds ADDRESS --feed ID (--mqtt URL | --http URL)... [--rpc URL]
         [--devices N] [--behaviours LIST] [--seed N] [--round SECONDS] [--rounds N]
         [--measurement NAME] [--unit UNIT] [--value N] [--noise N] [--csv FILE --column NAME] [--keys]

Runs devices that sign and send one message a round each; the same seed makes the same devices.
Behaviours, dealt out in turn: ${BEHAVIOURS.join(", ")}.
--csv takes the true value of each round from a column. --keys prints the devices' public keys, for registering them, and
ends.

Example: publica-node simulate --keys --devices 7
         publica-node simulate --sensor-feeds 0x… --feed 0x… --mqtt mqtt://127.0.0.1:1883 --behaviours honest,honest,liar`,
};

class UsageError extends Error {}

const print = (text: string): void => void process.stdout.write(`${text}\n`);

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

async function run(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      config: { type: "string", default: "node.yaml" },
      stdin: { type: "boolean", default: false },
      replay: { type: "string", multiple: true, default: [] },
      speed: { type: "string", default: "0" },
    },
  });
  const speed = numberOption("speed", values.speed);
  if (speed < 0) throw new UsageError("--speed is 0 or more");
  const loaded = loadConfig(values.config, oracleConfigSchema);
  const config = { ...loaded, replay: [...loaded.replay, ...values.replay.map((file) => ({ file, speed }))] };
  const log = createLogger(config.log);
  const node = await startOracleNode(config, { log });
  const stopping = new Promise<string>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => resolve(signal));
  });
  if (values.stdin) void ingestLines(process.stdin, node.intake, "stdin", log);
  log.info({ signal: await stopping }, "stopping");
  await node.stop();
  return 0;
}

const TEMPLATE = (answers: {
  rpc: readonly string[];
  chain: string;
  sensorFeeds: string;
  feed: string;
  key: string;
}) => `# The oracle node's configuration. Every setting: packages/node/README.md
chain:
  id: ${answers.chain}
  rpc: # two or more, of different providers
${answers.rpc.map((url) => `    - ${url}`).join("\n")}
  sensorFeeds: "${answers.sensorFeeds}"
  finality: 64 # blocks
  fees:
    maxFeeGwei: 100 # never offered more than this
    dayBudgetEther: 0.1 # never spent more than this in 24 hours
key:
  keystore: ${answers.key}
  passwordFile: ${answers.key}.password
database: data/node.db
http:
  port: 8080
mqtt:
  embedded:
    port: 1883
feeds:
  - id: "${answers.feed}"
    name: rain
    measurement: rain # last part of the SenML name
    unit: mm
    round: 10m
    triggers: []
    limits:
      min: 0
      max: 500
`;

async function init(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      config: { type: "string", default: "node.yaml" },
      rpc: { type: "string", multiple: true },
      chain: { type: "string" },
      "sensor-feeds": { type: "string" },
      feed: { type: "string" },
    },
  });
  if (existsSync(values.config))
    throw problem(
      "NodeConfigExists",
      `${values.config} is there already`,
      "Move it away, or name another with --config.",
    );
  const terminal = process.stdin.isTTY ? createInterface({ input: process.stdin, output: process.stderr }) : undefined;
  const ask = async (question: string, given: string | undefined, fallback: string): Promise<string> => {
    if (given !== undefined || terminal === undefined) return given ?? fallback;
    return (await terminal.question(`${question} [${fallback}]: `)) || fallback;
  };
  const rpc = values.rpc ?? (await ask("JSON-RPC endpoints, by commas", undefined, "http://127.0.0.1:8545")).split(",");
  const chain = await ask("Chain id", values.chain, "31337");
  const sensorFeeds = await ask("Address of SensorFeeds", values["sensor-feeds"], `0x${"0".repeat(40)}`);
  const feed = await ask("Id of the feed", values.feed, `0x${"0".repeat(64)}`);
  terminal?.close();
  const key = join(dirname(values.config), "node-key.json");
  if (existsSync(key))
    throw problem("NodeKeyExists", `${key} is there already`, "Move it away, or choose another folder.");
  const privateKey = bytesToHex(randomBytes(32));
  const password = randomBytes(24).toString("base64url");
  mkdirSync(dirname(values.config), { recursive: true });
  writeFileSync(key, encryptKeystore(privateKey, password), { mode: 0o600, flag: "wx" });
  writeFileSync(`${key}.password`, `${password}\n`, { mode: 0o600, flag: "wx" });
  const text = TEMPLATE({ rpc: rpc.map((url) => url.trim()), chain, sensorFeeds, feed, key });
  writeFileSync(values.config, text, { flag: "wx" });
  loadConfig(values.config, oracleConfigSchema);
  if (/^0x0+$/.test(sensorFeeds) || /^0x0+$/.test(feed))
    print(`Fill in chain.sensorFeeds and feeds.0.id in ${values.config}: they were not given.`);
  print(`${values.config} and ${key} are made. Send funds to ${localSigner(privateKey).address}, then run`);
  print(`  publica-node check --config ${values.config}`);
  return 0;
}

async function check(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: { config: { type: "string", default: "node.yaml" }, json: { type: "boolean", default: false } },
  });
  const findings = await checkNode(loadConfig(values.config, oracleConfigSchema));
  if (values.json) print(JSON.stringify(findings));
  else print(table(findings.map(({ what, fine, detail }) => [fine ? "✔" : "✖", what, detail])));
  return findings.every(({ fine }) => fine) ? 0 : 1;
}

async function status(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      config: { type: "string", default: "node.yaml" },
      url: { type: "string" },
      json: { type: "boolean", default: false },
    },
  });
  let url = values.url;
  if (url === undefined) {
    const { host, port } = loadConfig(values.config, oracleConfigSchema).http;
    url = `http://${host}:${port}`;
  }
  let state: NodeStatus;
  try {
    state = (await (
      await fetch(new URL("/v1/status", url), { signal: AbortSignal.timeout(5_000) })
    ).json()) as NodeStatus;
  } catch (error) {
    throw problem(
      "NodeNotRunning",
      `no node answers at ${url} (${reasonOf(error)})`,
      "Start it with `publica-node run`.",
    );
  }
  if (values.json) {
    print(JSON.stringify(state));
    return state.ready ? 0 : 1;
  }
  const list = (record: Readonly<Record<string, number>>): string =>
    Object.entries(record)
      .filter(([, n]) => n > 0)
      .map(([name, n]) => `${name} ${n}`)
      .join(", ") || "none";
  print(state.ready ? "ready" : `not ready: ${state.reasons.join("; ")}`);
  print(
    table([
      ["account", state.account],
      ["head", state.head ?? "unknown"],
      ["messages", list(state.messages)],
      ["set aside", list(state.refused)],
      ["journal", list(state.journal)],
      ...state.replays.map(({ file, lines, ended, error }) => [
        `recording ${file}`,
        `${lines} lines, ${error ?? (ended ? "ended" : "playing")}`,
      ]),
      ["reorganisations", String(state.reorgs)],
      ["alerts", list(state.alerts)],
    ]),
  );
  print("");
  const age = (observedAt: number | undefined): string =>
    observedAt === undefined ? "" : `${Math.round(Date.now() / 1_000 - observedAt)} s`;
  print(
    table([
      ["feed", "round", "value", "age", "quorum", "gathering"],
      ...state.feeds.map((feed) => [
        feed.name,
        String(feed.round ?? ""),
        feed.value === undefined ? "" : fromScaled(BigInt(feed.value), feed.decimals),
        age(feed.observedAt),
        `${feed.quorum} of ${feed.sensors}`,
        feed.pendingRound === undefined ? "" : `round ${feed.pendingRound}: ${feed.attestations}`,
      ]),
    ]),
  );
  return state.ready ? 0 : 1;
}

const EXPORTS: Readonly<Record<string, string>> = {
  messages: "SELECT received_at AS at, source, device, seq, bytes AS message FROM message ORDER BY rowid",
  readings: "SELECT feed, device, observed_at AS observedAt, seq, value FROM reading ORDER BY feed, observed_at",
  quarantine: "SELECT received_at AS at, source, device, reason, detail, bytes AS message FROM quarantine ORDER BY id",
  reports:
    "SELECT key, state, nonce, mined_hash AS hash, block_number AS block, success, cost, note FROM tx ORDER BY id",
};

function exportRows(args: string[]): number {
  const { values } = parseArgs({
    args,
    options: { config: { type: "string", default: "node.yaml" }, what: { type: "string", default: "readings" } },
  });
  const query = EXPORTS[values.what];
  if (query === undefined)
    throw new UsageError(`cannot export ${values.what}; there are ${Object.keys(EXPORTS).join(", ")}`);
  const database = openDatabase(loadConfig(values.config, oracleConfigSchema).database, [], { readOnly: true });
  for (const row of database.sql.prepare(query).iterate()) {
    print(
      JSON.stringify(row, (_, value: unknown) =>
        value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value,
      ),
    );
  }
  database.close();
  return 0;
}

function numberOption(name: string, value: string): number {
  const number = Number(value);
  if (value.trim() === "" || !Number.isFinite(number)) throw new UsageError(`--${name} ${value} is not a number`);
  return number;
}

async function simulate(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      rpc: { type: "string", default: "http://127.0.0.1:8545" },
      "sensor-feeds": { type: "string" },
      feed: { type: "string" },
      mqtt: { type: "string", multiple: true, default: [] },
      http: { type: "string", multiple: true, default: [] },
      devices: { type: "string", default: "7" },
      behaviours: { type: "string", default: "honest" },
      seed: { type: "string", default: "1" },
      round: { type: "string", default: "10" },
      measurement: { type: "string", default: "rain" },
      unit: { type: "string", default: "mm" },
      value: { type: "string", default: "10" },
      noise: { type: "string", default: "0.1" },
      csv: { type: "string" },
      column: { type: "string" },
      rounds: { type: "string" },
      keys: { type: "boolean", default: false },
    },
  });
  const kinds = values.behaviours.split(",").map((name) => name.trim()) as Behaviour[];
  const wrong = kinds.find((kind) => !BEHAVIOURS.includes(kind));
  if (wrong !== undefined) throw new UsageError(`there is no behaviour ${wrong}`);
  const seed = numberOption("seed", values.seed);
  const devices = numberOption("devices", values.devices);
  // Numbers go on from the clock, so that a second run does not use the first one's again.
  const fleet = createFleet(
    seed,
    Array.from({ length: devices }, (_, index) => kinds[index % kinds.length] as Behaviour),
    Date.now(),
  );
  if (values.keys) {
    for (const { key, signer, behaviour } of fleet) print(JSON.stringify({ device: key.id, behaviour, ...signer.key }));
    return 0;
  }
  if (values["sensor-feeds"] === undefined || values.feed === undefined)
    throw new UsageError("--sensor-feeds and --feed say what the devices sign for");
  if (values.mqtt.length + values.http.length === 0) throw new UsageError("--mqtt or --http says where to send");
  if (values.csv !== undefined && values.column === undefined) throw new UsageError("--column names the CSV's column");

  const address = getAddress(values["sensor-feeds"]);
  const feed = values.feed as Hex;
  const client = createPublicClient({ transport: http(values.rpc) });
  const [config, { inForce }, chainId] = await Promise.all([
    readFeedConfig(client, { address, feed }),
    readFeedSensors(client, { address, feed }),
    client.getChainId(),
  ]);
  const indexOf = new Map(
    inForce.flatMap((key, index) => (key === undefined ? [] : [[deviceIdOf(key), index] as const])),
  );
  const registered = fleet.filter(({ key }) => indexOf.has(key.id));
  if (registered.length === 0)
    throw problem(
      "NodeDevicesUnknown",
      "none of these devices is a sensor of the feed",
      "Register the keys `--keys` prints.",
    );
  const series = values.csv === undefined ? undefined : readCsvColumn(values.csv, values.column ?? "");
  const rounds = values.rounds === undefined ? Number.POSITIVE_INFINITY : numberOption("rounds", values.rounds);
  const steady = numberOption("value", values.value);
  const halt = new AbortController();
  process.once("SIGINT", () => halt.abort());
  process.once("SIGTERM", () => halt.abort());
  const links = await Promise.all([
    ...values.mqtt.map((url) => connectMqtt(url, registered)),
    ...values.http.map((url) => connectHttp(url)),
  ]);
  const delivered = await runSimulation({
    context: { chainId, address, feed, epoch: config.epoch },
    measurement: values.measurement,
    unit: values.unit,
    decimals: config.decimals,
    roundSeconds: numberOption("round", values.round),
    fleet: registered,
    sensorOf: (device: VirtualDevice) => indexOf.get(device.key.id) ?? 0,
    truth: (n) => (n >= rounds ? undefined : series === undefined ? steady : series[n]),
    noise: numberOption("noise", values.noise),
    links,
    seed,
    signal: halt.signal,
    onRound: (round, truth, messages, failed) =>
      print(
        `round ${round}: ${messages} messages, truth ${truth} ${values.unit}${failed > 0 ? `, ${failed} not acknowledged` : ""}`,
      ),
  });
  for (const link of links) await link.close();
  print(`${delivered} messages delivered`);
  return 0;
}

const COMMANDS: Readonly<Record<string, (args: string[]) => Promise<number> | number>> = {
  run,
  init,
  check,
  status,
  export: exportRows,
  simulate,
};

async function main(): Promise<number> {
  const [name, ...args] = process.argv.slice(2);
  const usage = (name === undefined ? undefined : USAGES[name]) ?? USAGE;
  if (name === undefined || [name, ...args].some((word) => word === "--help" || word === "-h")) {
    print(usage);
    return name === undefined ? 2 : 0;
  }
  try {
    const command = COMMANDS[name];
    if (command === undefined) throw new UsageError(`there is no command ${name}`);
    return await command(args);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (error instanceof UsageError || code.startsWith("ERR_PARSE_ARGS_")) {
      process.stderr.write(`error ${reasonOf(error)}\n\n${usage}\n`);
      return 2;
    }
    if (error instanceof PublicaError) {
      process.stderr.write(`error ${error.message}\n${error.remedy}\n`);
      return 1;
    }
    throw error;
  }
}

process.exit(await main());
