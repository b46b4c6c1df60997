// The ways in which a contract is broken. All mutants of a file are compiled into it at once, each behind a switch
// `Mutants.on(id)`, so that one compilation serves them all.
import { dirname, join, relative } from "node:path";
import { isCallOf, type Node, range, Source } from "../lib/solidity.ts";

export interface Mutant {
  /** Number of the switch; the same text gives the same number. Zero is no mutant. */
  readonly id: number;
  readonly file: string;
  readonly line: number;
  /** What was done, such as `< → <=`. */
  readonly mutation: string;
  /** The original text of the place, on one line. */
  readonly code: string;
}

const SWAPS: Readonly<Record<string, readonly string[]>> = {
  "<": ["<=", ">"],
  "<=": ["<", ">="],
  ">": [">=", "<"],
  ">=": [">", "<="],
  "==": ["!="],
  "!=": ["=="],
  "+": ["-"],
  "-": ["+"],
  "*": ["/"],
  "/": ["*"],
  "%": ["/"],
  "&": ["|"],
  "|": ["&"],
  "^": ["|"],
  "<<": [">>"],
  ">>": ["<<"],
  "&&": ["||"],
  "||": ["&&"],
};

/** Loosest first, as the language's reference orders them. */
const PRECEDENCE = [
  ["||"],
  ["&&"],
  ["==", "!="],
  ["<", ">", "<=", ">="],
  ["|"],
  ["^"],
  ["&"],
  ["<<", ">>"],
  ["+", "-"],
];

const binds = (operator: string): number => {
  const level = PRECEDENCE.findIndex((level) => level.includes(operator));
  return level < 0 ? PRECEDENCE.length : level;
};

const ASSIGNMENTS: Readonly<Record<string, string>> = {
  "+=": "-=",
  "-=": "+=",
  "*=": "/=",
  "/=": "*=",
  "|=": "&=",
  "&=": "|=",
};

const oneLine = (text: string): string => text.replace(/\s+/g, " ").trim();

/** Statements whose loss still compiles as a rule: calls, assignments, events, deletions, reverts. */
function isDroppable(node: Node): boolean {
  if (node.nodeType === "EmitStatement" || node.nodeType === "RevertStatement") return true;
  return node.nodeType === "ExpressionStatement";
}

/** Compile-time values stay as they are: constants, array lengths, and what is evaluated where no call can stand. */
function isFixed(ancestors: readonly Node[]): boolean {
  return ancestors.some(
    (node) =>
      (node.nodeType === "VariableDeclaration" && node.stateVariable === true) ||
      node.nodeType === "ArrayTypeName" ||
      node.nodeType === "InheritanceSpecifier",
  );
}

function functionHead(source: Source, definition: Node | undefined): string {
  return definition === undefined ? "" : (source.textOf(definition).split("{")[0] ?? "");
}

/** The text of `file` with every mutant that `keep` accepts behind its switch; numbers begin at `first`. */
export function mutate(
  file: string,
  content: string,
  keep: (mutant: Mutant) => boolean,
  first = 1,
): { text: string; mutants: Mutant[] } {
  const source = new Source(content);
  const mutants: Mutant[] = [];
  /** Switchable twins of AccessManaged's `restricted`, for the contract being read. */
  const modifiers: string[] = [];
  let next = first;
  /** Registers a mutant; undefined when it is not wanted. */
  const add = (node: Node, mutation: string, code = source.textOf(node)): number | undefined => {
    const mutant: Mutant = { id: next++, file, line: source.line(range(node)[0]), mutation, code: oneLine(code) };
    if (!keep(mutant)) return undefined;
    mutants.push(mutant);
    return mutant.id;
  };
  const text = source.rewrite((node, inner, ancestors) => {
    if (isFixed(ancestors)) return inner;
    const parent = ancestors.at(-1);
    const choose = (alternatives: readonly [mutation: string, text: string][]): string =>
      alternatives.reduce((rest, [mutation, alternative]) => {
        const id = add(node, mutation);
        return id === undefined ? rest : `(Mutants.on(${id}) ? (${alternative}) : ${rest})`;
      }, inner);

    if (node.nodeType === "BinaryOperation") {
      const operator = String(node.operator);
      /** An operand stays one under another operator: `a || b || c` becomes `(a || b) && c`. */
      const operand = (side: Node, other: string): string => {
        const text = source.textOf(side);
        const loose = side.nodeType === "BinaryOperation" && binds(String(side.operator)) < binds(other);
        return loose ? `(${text})` : text;
      };
      // Of two literals the compiler makes a constant of unlimited precision, which a switch would take away.
      if ([node.leftExpression, node.rightExpression].every((side) => (side as Node).nodeType === "Literal"))
        return inner;
      const [left, right] = [node.leftExpression as Node, node.rightExpression as Node];
      return choose(
        (SWAPS[operator] ?? []).map((other) => [
          `${operator} → ${other}`,
          `${operand(left, other)} ${other} ${operand(right, other)}`,
        ]),
      );
    }
    if (node.nodeType === "UnaryOperation" && node.operator === "!")
      return choose([["! dropped", source.textOf(node.subExpression as Node)]]);
    if (parent?.nodeType === "IfStatement" && parent.condition === node && node.nodeType !== "BinaryOperation")
      return choose([
        ["condition → true", "true"],
        ["condition → false", "false"],
      ]);
    if (isCallOf(node, "require")) return inner;
    if (parent?.nodeType === "Return" && node.nodeType === "Literal" && node.kind === "bool")
      return choose([["returned value flipped", node.value === "true" ? "false" : "true"]]);
    if (parent?.nodeType === "Return" && node.nodeType === "Literal" && node.kind === "number")
      return choose([["returned number + 1", `${source.textOf(node)} + 1`]]);
    if (node.nodeType === "ModifierInvocation" && source.textOf(node) === "restricted") {
      const id = add(node, "access control dropped", functionHead(source, parent));
      if (id === undefined) return inner;
      modifiers.push(
        `modifier mutant${id}() { if (!Mutants.on(${id})) { _checkCanCall(_msgSender(), _msgData()); } _; }`,
      );
      return `mutant${id}`;
    }
    if (node.nodeType === "ContractDefinition" && modifiers.length > 0) {
      const added = modifiers.splice(0).join(" ");
      return `${inner.slice(0, -1)}${added} }`;
    }

    const inBlock = parent !== undefined && /^(Unchecked)?Block$/.test(parent.nodeType);
    const isBody = parent !== undefined && (parent.trueBody === node || parent.falseBody === node);
    if ((inBlock || isBody) && isDroppable(node)) {
      let statement = inner;
      const expression = node.expression as Node | undefined;
      const swapped = expression?.nodeType === "Assignment" ? ASSIGNMENTS[String(expression.operator)] : undefined;
      if (expression !== undefined && swapped !== undefined) {
        const id = add(node, `${String(expression.operator)} → ${swapped}`);
        const [left, right] = [expression.leftHandSide, expression.rightHandSide].map((side) =>
          source.textOf(side as Node),
        );
        if (id !== undefined)
          statement = `if (Mutants.on(${id})) { ${left} ${swapped} ${right}; } else { ${statement} }`;
      }
      const id = add(node, "statement dropped");
      const guarded = id === undefined ? statement : `if (!Mutants.on(${id})) { ${statement} }`;
      // Without braces an `else` after it would belong to the switch.
      return isBody ? `{ ${guarded} }` : guarded;
    }
    return inner;
  });

  if (mutants.length === 0) return { text: content, mutants };
  const path = relative(dirname(file), join("contracts", "Mutants.sol")).replaceAll("\\", "/");
  const from = path.startsWith(".") ? path : `./${path}`;
  return {
    text: text.replace(/pragma solidity [^;]+;/, (pragma) => `${pragma} import {Mutants} from "${from}";`),
    mutants,
  };
}
