import { expect } from "chai";
import {
  amend,
  figuresOf,
  fingerprint,
  isStale,
  surveyFile,
  unexplained,
  type Verdict,
} from "../../scripts/mutate/verdicts.ts";
import { type Node, parse, walk } from "../../scripts/lib/solidity.ts";
import { mutate } from "../../scripts/mutate/mutations.ts";
import { runScript } from "../utils/process.ts";

const FILE = "contracts/foundation/Scale.sol";
const SCALE = `// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

contract Scale {
    error ScaleTooHeavy(uint256 weight);

    /// @notice Weighs.
    function weigh(uint256 weight) external pure returns (uint256) {
        if (weight > 100) revert ScaleTooHeavy(weight);
        return weight * 2;
    }
}
`;

describe("mutation verdicts", () => {
  const surveyed = surveyFile(FILE, SCALE, new Map());
  const [first, second] = surveyed.mutants;
  const verdict: Verdict = {
    hash: surveyed.hash,
    mutants: 10,
    stillborn: 1,
    alive: [
      { id: 1, mutation: "> → >=", code: "weight > 100" },
      { id: 3, mutation: "* → /", code: "weight * 2" },
    ],
  };
  const recordOf = (file: string) => new Map([[file, verdict]]);

  it("numbers the mutants of a file from one", () => {
    expect(first).to.deep.include({ id: 1, line: 9, mutation: "> → >=", code: "weight > 100" });
    expect(second).to.deep.include({ id: 2, line: 9, mutation: "> → <", code: "weight > 100" });
  });

  it("leave an else with its own if", () => {
    const { text } = mutate(
      FILE,
      SCALE.replace("return weight", "if (weight == 0) weight = 1; else weight += 2; return weight"),
      () => true,
    );
    const branches = [...walk(parse(text))].filter(
      ({ nodeType, falseBody }) => nodeType === "IfStatement" && falseBody,
    );
    // That of the contract, and the one between += and its mutant.
    expect(branches.map(({ condition }) => (condition as Node).nodeType)).to.deep.equal([
      "TupleExpression",
      "FunctionCall",
    ]);
  });

  it("keep the operands of a chain together under a tighter operator, and leave the others bare", () => {
    const chained = "return weight == 1 || weight == 2 || weight * 3 + 1 > weight | 4 | 8 ? 1 : 0";
    const { text } = mutate(FILE, SCALE.replace("return weight * 2", chained), () => true);
    for (const mutant of [
      "((weight == 1 || weight == 2) && weight * 3 + 1 > weight | 4 | 8)",
      "((weight | 4) & 8)",
      "(weight * 3 - 1)",
      "(weight / 3)",
    ])
      expect(text).to.include(`? ${mutant} :`);
  });

  it("hold as long as the code is the same, however it is commented and broken into lines", () => {
    const other = SCALE.replace("/// @notice Weighs.", "/* Weighs\n * and doubles. */").replace(
      "weigh(uint256 weight)",
      "weigh(\n        uint256 weight // grams\n    )",
    );
    expect(isStale(surveyFile(FILE, other, recordOf(FILE)))).to.equal(false);
  });

  it("hold no more once the code differs", () => {
    for (const [before, after] of [
      ["> 100", "> 101"],
      ["weight * 2", "weight * 2 + 0"],
      ["external", "public"],
    ] as const)
      expect(isStale(surveyFile(FILE, SCALE.replace(before, after), recordOf(FILE))), after).to.equal(true);
  });

  it("hold for their own file only", () => {
    expect(isStale(surveyFile(FILE, SCALE, recordOf("contracts/foundation/Other.sol")))).to.equal(true);
  });

  it("are not needed of a file without mutants", () => {
    const library = `pragma solidity ^0.8.28; library Empty { uint256 internal constant ONE = 3 - 2; }`;
    expect(isStale(surveyFile(FILE, library, new Map()))).to.equal(false);
  });

  it("tell a comment from a text that looks like one", () => {
    expect(fingerprint(`a = "x // y";`)).not.to.equal(fingerprint(`a = "x // z";`));
    expect(fingerprint(`a = "/*" ; b = "*/";`)).not.to.equal(fingerprint(`a = "/*" ; c = "*/";`));
    expect(fingerprint(`a = 'it"s'; // one`)).to.equal(fingerprint(`a = 'it"s';`));
    expect(fingerprint("a b")).not.to.equal(fingerprint("ab"));
  });

  it("leave explained survivors out of the score, and only those", () => {
    expect(figuresOf(FILE, verdict, [])).to.deep.equal({ killed: 8, explained: 0, score: 80 });
    const entry = { file: FILE, code: "weight * 2", mutation: "* → /", reason: "for the test" };
    expect(figuresOf(FILE, verdict, [entry])).to.deep.equal({ killed: 8, explained: 1, score: (100 * 8) / 9 });
    expect(unexplained(FILE, verdict, [entry]).map(({ id }) => id)).to.deep.equal([1]);
    for (const wrong of [
      { ...entry, file: "contracts/foundation/Other.sol" },
      { ...entry, code: "weight * 3" },
      { ...entry, mutation: "* → +" },
    ])
      expect(unexplained(FILE, verdict, [wrong])).to.deep.equal(verdict.alive);
  });

  it("of a file in which nothing compiles count as whole", () => {
    expect(figuresOf(FILE, { ...verdict, mutants: 0, alive: [] }, []).score).to.equal(100);
  });

  it("lose of their survivors only those that were judged again and died", () => {
    const ids = (judged: number[], alive: number[]) =>
      amend(verdict, new Set(judged), new Set(alive)).alive.map(({ id }) => id);
    expect(ids([1, 3], [])).to.deep.equal([]);
    expect(ids([1, 3], [3])).to.deep.equal([3]);
    expect(ids([1], [])).to.deep.equal([3]);
    expect(ids([], [])).to.deep.equal([1, 3]);
  });
});

describe("npm run mutate", () => {
  const cases: readonly (readonly [what: string, args: readonly string[], message: string])[] = [
    ["nothing to judge", [], "which contract?"],
    ["two ways of choosing", ["--all", "--stale"], "exclude each other"],
    ["a record of parts of files", ["--since", "HEAD", "--update"], "leave out --update"],
    ["no time", ["--all", "--minutes", "0"], "--minutes takes"],
    ["no workers", ["--all", "--jobs", "0.5"], "--jobs takes"],
    ["a contract that does not exist", ["NoSuchContract"], "there is no contract NoSuchContract"],
  ];
  for (const [what, args, message] of cases)
    it(`refuses ${what} and says what it takes`, async () => {
      const { code, stderr } = await runScript("mutate.ts", args);
      expect(stderr).to.contain(message).and.to.contain("Usage: npm run mutate");
      expect(code).to.equal(2);
    });
});
