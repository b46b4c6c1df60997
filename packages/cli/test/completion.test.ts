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

describe("completion", () => {
  const cases: [line: string, offers: string[]][] = [
    ["publica ins", ["inspect", "insure"]],
    ["publica inspect ", ["tx", "address", "feed", "credential", "--help"]],
    ["publica inspect feed --r", ["--rounds", "--rpc"]],
    ["publica inspect feed --rpc http://x --ro", ["--rounds"]],
    ["publica completion ", ["bash", "zsh", "fish", "--json", "--help"]],
    ["publica insure backtest --kind daysA", ["daysAbove"]],
    ["publica insure backtest --csv package.j", ["package.json"]],
  ];
  for (const [line, offers] of cases) {
    it(`offers ${offers.join(", ")} after "${line}"`, async function () {
      if (spawnSync("bash", ["--version"]).error !== undefined) this.skip();
      expect(await offered(line)).to.deep.equal(offers);
    });
  }

  for (const shell of ["zsh", "fish"]) {
    it(`knows every command in ${shell} too`, async () => {
      const { code, stdout } = await publica(["completion", shell]);
      expect(code).to.equal(0);
      for (const word of ["inspect", "credential", "doctor", "backtest", "rounds", "daysAbove", "bash"])
        expect(stdout).to.contain(word);
      const present = spawnSync(shell, ["--version"]).error === undefined;
      if (present) expect(spawnSync(shell, ["-n"], { input: stdout, encoding: "utf8" }).stderr).to.equal("");
    });
  }

  it("gives the script as JSON when asked", async () => {
    const { stdout } = await publica(["completion", "fish", "--json"]);
    expect(JSON.parse(stdout)).to.include({ shell: "fish" });
  });
});
