import { spawn } from "node:child_process";
import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createRandom } from "@publica/sdk/foundation";
import { expect } from "chai";
import { parseNumber, parseTime, splitCsv } from "../src/oracle/csv.ts";
import { sealEnvelope } from "../src/oracle/envelope.ts";
import { type Replay, startReplays } from "../src/oracle/ingest/replay.ts";
import type { Intake } from "../src/oracle/intake.ts";
import { encodeSenml } from "../src/oracle/senml.ts";
import type { VirtualDevice } from "../src/oracle/simulate.ts";
import { silentLogger } from "../src/runtime/index.ts";
import { until } from "./support/feed.ts";
import { temporaryFolder, thrown } from "./support/folder.ts";
import { createIntakeFixture, type IntakeFixture, type Recording } from "./support/intake.ts";

const PLAYER = join(import.meta.dirname, "support", "player.ts");
const KEY = "PUBLICA_REPLAY_KEY";

describe("CSV", () => {
  it("splits cells, also quoted ones, and refuses a quote that stays open", () => {
    expect(splitCsv("a,b c, 1 ,")).to.deep.equal(["a", "b c", "1", ""]);
    expect(splitCsv('"a, b","say ""x""",2\r')).to.deep.equal(["a, b", 'say "x"', "2"]);
    expect(splitCsv("")).to.deep.equal([""]);
    for (const broken of ['"a', 'a"b,c', '"a"b,c']) expect(splitCsv(broken), broken).to.equal(undefined);
  });

  it("reads times in ISO 8601 (UTC unless a zone is given) and unix seconds or milliseconds, and nothing else", () => {
    const time = Date.UTC(2013, 3, 1, 12, 30);
    for (const text of ["2013-04-01T12:30Z", "2013-04-01 12:30", "2013-04-01 12:30:00.000 Z", "2013-04-01T14:30+02:00"])
      expect(parseTime(text), text).to.equal(time);
    expect(parseTime("2013-04-01")).to.equal(Date.UTC(2013, 3, 1));
    expect(parseTime(String(time / 1_000))).to.equal(time);
    expect(parseTime(String(time))).to.equal(time);
    for (const text of ["", "soon", "-5", "01/04/2013", "2013-13-01"])
      expect(parseTime(text), text).to.equal(undefined);
    for (const text of ["", " ", "n/a", "1,5", "Infinity"]) expect(parseNumber(text), text).to.equal(undefined);
    expect(parseNumber(" 1.5 ")).to.equal(1.5);
  });
});

describe("recordings", function () {
  // Only a limit against hanging, far above what a busy machine needs.
  this.timeout(600_000);
  let folder: ReturnType<typeof temporaryFolder>;
  let fixture: IntakeFixture;
  let halt: AbortController;
  let playing: Replay[];

  beforeEach(() => {
    folder = temporaryFolder();
    fixture = createIntakeFixture(folder.path("node.db"));
    process.env[KEY] = device().key.privateKey;
    halt = new AbortController();
    playing = [];
  });
  afterEach(async () => {
    halt.abort();
    await Promise.all(playing.map(({ done }) => done));
    fixture.close();
    folder.remove();
    delete process.env[KEY];
  });

  const device = (index = 0): VirtualDevice => fixture.fleet[index] as VirtualDevice;
  const play = (recordings: readonly Recording[], intake: Intake = fixture.intake, window = 64): Replay[] => {
    const { store } = fixture;
    playing = startReplays(recordings, { intake, store, log: silentLogger(), signal: halt.signal, window });
    return playing;
  };
  const playOut = async (recording: Recording): Promise<Replay> => {
    const [replay] = play([recording]);
    await replay?.done;
    return replay as Replay;
  };
  const rows = (file: string, extra: Partial<NonNullable<Recording["rows"]>> = {}, speed = 0): Recording => ({
    file,
    speed,
    rows: {
      key: { environment: KEY },
      curve: "p256",
      time: "time",
      value: "rain",
      measurement: "rain",
      restamp: false,
      ...extra,
    },
  });
  const all = (query: string): Record<string, unknown>[] =>
    fixture.database.sql.prepare(query).all() as Record<string, unknown>[];
  const count = (table: string): number => Number(all(`SELECT count(*) AS n FROM ${table}`)[0]?.n);
  const envelope = (v: number, sequence: number, index = 0): Uint8Array =>
    sealEnvelope(
      device(index).key,
      sequence,
      encodeSenml([{ n: "rain", u: "mm", t: Date.now() / 1_000, v }], device(index).format),
      device(index).format,
    );
  const recorded = (bytes: Uint8Array, at = Date.now()): string =>
    JSON.stringify({ at, message: Buffer.from(bytes).toString("base64") });

  it("plays messages from JSON lines, bare envelopes and a CSV, and sets every bad line aside with its reason", async () => {
    const file = folder.path("messages.jsonl");
    const bad = ["{", '{"at":1,"message":"aGVsbG8="}', "null"];
    writeFileSync(
      file,
      [
        recorded(envelope(1, 1)),
        bad[0],
        "",
        recorded(envelope(2, 1, 2)),
        bad[1],
        Buffer.from(envelope(3, 2)),
        bad[2],
      ].join("\n"),
    );
    const replay = await playOut({ file, speed: 0 });
    expect(replay).to.include({ lines: 7, ended: true });
    expect(count("message")).to.equal(3);
    expect(
      all("SELECT reason, bytes FROM quarantine ORDER BY id").map(({ reason, bytes }) => [
        reason,
        String(Buffer.from(bytes as Uint8Array)),
      ]),
    ).to.deep.equal([
      ["malformed", "{"],
      ["malformed", "hello"],
      ["malformed", "null"],
    ]);
    const csv = folder.path("messages.csv");
    const base64 = Buffer.from(envelope(4, 3)).toString("base64");
    writeFileSync(csv, `site,at,message\r\nx,2026-01-01T00:00:00Z,${base64}\r\ny,soon\r\n`);
    await playOut({ file: csv, speed: 0 });
    expect(count("message")).to.equal(4);
    expect(all("SELECT detail FROM quarantine ORDER BY id DESC LIMIT 1")[0]?.detail).to.equal(
      "line 3: not a row of this file",
    );
  });

  it("turns a CSV's bare values into a device's messages: units, limits and quarantine hold as for any other", async () => {
    const file = folder.path("rain.csv");
    const start = Date.now() - 3_600_000;
    const at = (n: number): string => new Date(start + n * 60_000).toISOString();
    writeFileSync(
      file,
      ["time,rain", `${at(0)},0.15`, `${at(1)},wet`, `soon,1`, `"${at(2)}","0.2"`, `${at(3)}`, `1990-01-01,5`, ""].join(
        "\n",
      ),
    );
    await playOut(rows(file, { unit: "cm" }));
    expect(all("SELECT observed_at, seq, value FROM reading ORDER BY seq").map((row) => ({ ...row }))).to.deep.equal([
      { observed_at: start, seq: 1, value: 1.5 },
      { observed_at: start + 120_000, seq: 2, value: 2 },
    ]);
    expect(
      all("SELECT reason, detail FROM quarantine ORDER BY id").map(({ reason, detail }) => `${reason}: ${detail}`),
    ).to.satisfy(
      (seen: string[]) =>
        seen.length === 4 &&
        seen[0] === 'malformed: line 3: "wet" is not a number' &&
        seen[1] === 'malformed: line 4: "soon" is not a time' &&
        seen[2] === "malformed: line 6: not a row of this file" &&
        /^too-old: observed \d+ s ago$/.test(seen[3] ?? ""),
    );
    const row = fixture.store.device(device().key.id);
    expect([row?.first_seq, row?.last_seq, row?.messages], "no number is skipped").to.deep.equal([1, 3, 3]);
  });

  it("goes on where it ended: twice is once, what was appended is taken, another file of the name begins anew", async () => {
    const file = folder.path("rain.csv");
    const line = (n: number): string => `${new Date(Date.now() - 60_000 * (100 - n)).toISOString()},${n}\n`;
    writeFileSync(file, `time,rain\n${line(1)}bad\n${line(2)}`);
    await playOut(rows(file));
    await playOut(rows(file));
    expect([count("message"), count("quarantine")]).to.deep.equal([2, 1]);
    appendFileSync(file, line(3));
    expect((await playOut(rows(file))).lines).to.equal(5);
    expect([count("message"), count("quarantine")]).to.deep.equal([3, 1]);
    writeFileSync(file, `time,rain\n${line(7)}`);
    await playOut(rows(file));
    expect(all("SELECT seq, value FROM reading ORDER BY seq").map(({ seq, value }) => [seq, value])).to.deep.equal([
      [1, 1],
      [2, 2],
      [3, 3],
      [4, 7],
    ]);
  });

  it("plays N times as fast as it was taken, and restamps what is from another year", async () => {
    const file = folder.path("old.csv");
    writeFileSync(file, `time,rain\n2013-04-01 00:00,1\n2013-04-01 00:10,2\n2013-04-01 00:20,3\n`);
    const started = Date.now();
    await playOut(rows(file, { restamp: true }, 2_400));
    const times = all("SELECT observed_at AS at FROM reading ORDER BY seq").map(({ at }) => Number(at));
    expect(times.length).to.equal(3);
    // Twenty minutes at 2,400 times the speed are half a second; a timer may be a millisecond early.
    expect((times[2] ?? 0) - started).to.be.at.least(498);
    expect((times[1] ?? 0) - started).to.be.at.least(248);
    expect(count("quarantine")).to.equal(0);
  });

  it("stops at once, also while it waits for a line's time", async () => {
    const file = folder.path("slow.csv");
    writeFileSync(file, `time,rain\n2013-04-01,1\n2014-04-01,2\n`);
    const [replay] = play([rows(file, { restamp: true }, 1)]);
    await until("the first line", () => (replay?.lines === 2 ? true : undefined));
    halt.abort();
    await replay?.done;
    expect(replay?.ended).to.equal(false);
    expect(count("message")).to.equal(1);
  });

  it("reads on only when the line before is on disk, and waits while the disk is full", async () => {
    const file = folder.path("messages.jsonl");
    const lines = Array.from({ length: 5 }, (_, n) => recorded(envelope(n, n + 1)));
    writeFileSync(file, lines.join("\n"));
    const held: (() => void)[] = [];
    const asked: number[] = [];
    const slow: Intake = {
      ...fixture.intake,
      offerAll: async (messages) => {
        asked.push(messages.length);
        await new Promise<void>((resolve) => held.push(resolve));
        if (held.length === 1) throw new Error("disk full");
        return fixture.intake.offerAll(messages);
      },
    };
    const [replay] = play([{ file, speed: 0 }], slow, 2);
    for (let offered = 1; offered <= 4; offered++) {
      await until("the next offer", () => (held.length === offered ? true : undefined));
      await new Promise((resolve) => setTimeout(resolve, 20));
      expect(held.length, "no more before it is answered").to.equal(offered);
      // The first was refused and came again.
      expect(fixture.store.replay(file)?.lines ?? 0).to.equal(Math.max(0, 2 * (offered - 2)));
      held[offered - 1]?.();
    }
    await replay?.done;
    expect(asked).to.deep.equal([2, 2, 2, 1]);
    expect(count("message")).to.equal(5);
  });

  it("takes nothing before the chain's devices are known, and everything afterwards", async () => {
    const file = folder.path("messages.jsonl");
    writeFileSync(file, recorded(envelope(1, 1)));
    let known = false;
    const { createIntake } = await import("../src/oracle/intake.ts");
    const { database, store, registry } = fixture;
    const clock = { maxAhead: 30, maxAge: 86_400 };
    const intake = createIntake({ database, store, registry, clock, log: silentLogger(), known: () => known });
    const refused = await intake
      .offer({ source: "test", bytes: envelope(1, 9) })
      .catch((error: { code: string }) => error);
    expect(refused).to.have.property("code", "NodeFeedsUnknown");
    const [replay] = play([{ file, speed: 0 }], intake);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect([count("message"), count("quarantine"), replay?.lines]).to.deep.equal([0, 0, 0]);
    known = true;
    await replay?.done;
    expect(count("message")).to.equal(1);
  });

  it("says what cannot be played, without stopping anything", async () => {
    const file = folder.path("rain.csv");
    writeFileSync(file, "day,rain\n2013-04-01,1\n");
    expect((await playOut(rows(file))).error).to.contain('no column "time"');
    expect((await playOut({ file: folder.path("nowhere.jsonl"), speed: 0 })).error).to.contain("ENOENT");
    expect((await playOut({ file: folder.path("."), speed: 0 })).error).to.contain("EISDIR");
    expect(thrown(() => play([rows(file), rows("other.csv")])).code).to.equal("NodeConfigInvalid");
    expect(thrown(() => play([rows(file, { key: { remote: "http://x", address: "0x" } })])).code).to.equal(
      "NodeConfigInvalid",
    );
    expect([count("message"), count("quarantine")]).to.deep.equal([0, 0]);
  });

  it("kill -9 while it plays: every row is there once, good ones as readings, bad ones in quarantine", async () => {
    const LINES = 4_000;
    const KILLS = 8;
    const file = folder.path("long.csv");
    const start = Date.now() - 86_400_000;
    const good = (n: number): boolean => n % 7 !== 3;
    const line = (n: number): string => `${start + n * 1_000},${good(n) ? n / 10 : "broken"}`;
    writeFileSync(file, `time,rain\n${Array.from({ length: LINES }, (_, n) => line(n)).join("\n")}\n`);
    const path = folder.path("killed.db");
    const random = createRandom(3);
    /** Plays until the end, or until so many lines more are done and a moment has passed; tells whether it was killed. */
    const run = (more: number): Promise<boolean> =>
      new Promise((resolve, reject) => {
        const child = spawn(
          process.execPath,
          ["--disable-warning=ExperimentalWarning", PLAYER, path, JSON.stringify(rows(file))],
          { stdio: ["ignore", "pipe", "inherit"] },
        );
        let first: number | undefined;
        child.stdout.on("data", (chunk: Buffer) => {
          const lines = Number(chunk.toString().trim().split("\n").at(-1));
          if (lines > 0) first ??= lines;
          if (first !== undefined && lines >= first + more)
            setTimeout(() => child.kill("SIGKILL"), Math.floor(random() * 10));
        });
        child.once("exit", (code, signal) => {
          if (signal === "SIGKILL") resolve(true);
          else if (code === 0) resolve(false);
          else reject(new Error(`the player ended with ${code}`));
        });
      });
    let kills = 0;
    for (let round = 0; round < KILLS; round++) if (await run(Math.floor(random() * (LINES / KILLS / 2)))) kills += 1;
    expect(await run(Number.POSITIVE_INFINITY)).to.equal(false);
    expect(kills, "the test is worth something only if it was killed").to.be.greaterThan(KILLS / 2);
    fixture.close();
    fixture = createIntakeFixture(path);
    const expected = Array.from({ length: LINES }, (_, n) => n).filter(good);
    expect(all("SELECT value FROM reading ORDER BY observed_at").map(({ value }) => value)).to.deep.equal(
      expected.map((n) => n / 10),
    );
    expect(count("message")).to.equal(expected.length);
    expect(count("quarantine")).to.equal(LINES - expected.length);
    const row = fixture.store.device(device().key.id);
    expect(row?.last_seq, "no number is skipped or used twice").to.equal(expected.length);
  });
});
