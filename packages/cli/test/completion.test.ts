import { spawnSync } from "node:child_process";
import { expect } from "chai";
import { publica } from "./harness.ts";

/** What bash offers for a command line whose last word is being typed. */
async function offered(line: string): Promise<string[]> {
  const { stdout } = await publica(["completion", "bash"]);
  const words = line.split(" ");
  const script = `${stdout}
COMP_WORDS=(${words.map((word) => `'${word}'`).join(" ")})
COMP_CWORD=${words.length - 1}
_publica
printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { status, stdout: replies, stderr } = spawnSync("bash", ["-c", script], { encoding: "utf8" });
  expect(status, stderr).to.equal(0);
  return replies.split("\n").filter((reply) => reply !== "");
}

const present = (shell: string): boolean => spawnSync(shell, ["--version"]).error === undefined;

/** The same of zsh, with stand-ins for its completion system. */
async function offeredByZsh(line: string): Promise<string[]> {
  const { stdout } = await publica(["completion", "zsh"]);
  const words = line.split(" ");
  const script = `compdef() { }
_describe() { print -rl -- "\${(@P)2}" }
compadd() { shift; print -rl -- "$@" }
_files() { print -r -- FILES }
${stdout}
words=(${words.map((word) => `'${word}'`).join(" ")}); CURRENT=${words.length}
_publica`;
  const { status, stdout: replies, stderr } = spawnSync("zsh", ["-f", "-c", script], { encoding: "utf8" });
  expect(status, stderr).to.equal(0);
  // zsh itself filters by what is typed.
  return replies.split("\n").flatMap((reply) => (reply === "" ? [] : reply.split(":").slice(0, 1)));
}

async function offeredByFish(line: string): Promise<string[]> {
  const { stdout } = await publica(["completion", "fish"]);
  const args = ["--no-config", "-c", `${stdout}\ncomplete -C '${line}'`];
  const { status, stdout: replies, stderr } = spawnSync("fish", args, { encoding: "utf8" });
  expect(status, stderr).to.equal(0);
  expect(stderr).to.equal("");
  return replies
    .split("\n")
    .flatMap((reply) => reply.split("\t").slice(0, 1))
    .filter((reply) => reply !== "");
}

describe("completion", () => {
  const cases: [line: string, offers: string[]][] = [
    ["publica ins", ["inspect", "insure"]],
    ["publica inspect ", ["tx", "address", "feed", "credential", "--help"]],
    ["publica inspect feed --r", ["--rounds", "--rpc"]],
    ["publica inspect feed --rpc http://x --ro", ["--rounds"]],
    ["publica completion ", ["bash", "zsh", "fish", "--json", "--help"]],
    ["publica insure backtest --kind daysA", ["daysAbove"]],
    ["publica insure backtest --csv package.j", ["package.json"]],
    ["publica will accept --relay package.j", ["package.json"]],
    ["publica energy settle --orders package.j", ["package.json"]],
  ];
  for (const [line, offers] of cases) {
    it(`offers ${offers.join(", ")} after "${line}"`, async function () {
      if (!present("bash")) this.skip();
      expect(await offered(line)).to.deep.equal(offers);
    });

    it(`offers them in fish and zsh too after "${line}", where they are installed`, async function () {
      if (!present("fish") && !present("zsh")) this.skip();
      // fish offers options only once a dash is typed.
      const byFish = offers.filter((one) => !one.startsWith("--") || line.includes(" --"));
      if (present("fish")) expect(await offeredByFish(line)).to.include.members(byFish);
      const byZsh = offers[0] === "package.json" ? ["FILES"] : offers;
      if (present("zsh")) expect(await offeredByZsh(line)).to.include.members(byZsh);
    });
  }

  for (const shell of ["zsh", "fish"]) {
    it(`knows every command in ${shell} too`, async () => {
      const { code, stdout } = await publica(["completion", shell]);
      expect(code).to.equal(0);
      for (const word of ["inspect", "credential", "doctor", "backtest", "rounds", "daysAbove", "bash"])
        expect(stdout).to.contain(word);
      if (present(shell)) expect(spawnSync(shell, ["-n", "-c", stdout], { encoding: "utf8" }).stderr).to.equal("");
    });
  }

  it("never tells fish to offer files and no files, which it refuses", async () => {
    const { stdout } = await publica(["completion", "fish"]);
    const files = stdout.split("\n").filter((line) => / -F\b/.test(line));
    expect(files.length).to.be.greaterThan(20);
    expect(files.filter((line) => / -f /.test(line))).to.deep.equal([]);
  });

  it("gives the script as JSON when asked", async () => {
    const { stdout } = await publica(["completion", "fish", "--json"]);
    expect(JSON.parse(stdout)).to.include({ shell: "fish" });
  });
});
