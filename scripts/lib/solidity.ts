// Reading and rewriting Solidity by its syntax tree: the base of the coverage instrumentation and of the mutations.
import { createRequire } from "node:module";

interface Solc {
  compile(input: string, callbacks?: { import(path: string): { contents: string } | { error: string } }): string;
}

const require = createRequire(import.meta.url);

export interface Node {
  readonly id: number;
  readonly nodeType: string;
  /** `start:length:file` in bytes. */
  readonly src: string;
  readonly [field: string]: unknown;
}

export interface SolcMessage {
  readonly severity: "error" | "warning" | "info";
  readonly errorCode?: string;
  readonly formattedMessage: string;
  readonly message: string;
  readonly sourceLocation?: { readonly file: string; readonly start: number; readonly end: number };
}

/** Runs the WebAssembly compiler inside npm's `solc` on a standard JSON input. */
export function compile<T>(
  input: object,
  readImport?: (path: string) => { contents: string } | { error: string },
): T & { readonly errors?: readonly SolcMessage[] } {
  // Loaded when needed: the compiler takes a second to start.
  const solc = require("solc") as Solc;
  return JSON.parse(
    solc.compile(JSON.stringify(input), readImport === undefined ? undefined : { import: readImport }),
  ) as T & {
    readonly errors?: readonly SolcMessage[];
  };
}

/** The syntax tree of one file; imports are not followed, names are not resolved. */
export function parse(content: string): Node {
  const output = compile<{ sources?: Record<string, { ast: Node }> }>(
    {
      language: "Solidity",
      sources: { file: { content } },
      settings: { stopAfter: "parsing", outputSelection: { "*": { "": ["ast"] } } },
    },
    () => ({ contents: "" }),
  );
  const tree = output.sources?.file?.ast;
  if (tree === undefined) throw new Error(output.errors?.[0]?.formattedMessage ?? "the file cannot be parsed");
  return tree;
}

export function isNode(value: unknown): value is Node {
  return typeof value === "object" && value !== null && "nodeType" in value && "src" in value;
}

/** First byte and byte after the last. */
export function range(node: Node): readonly [start: number, end: number] {
  const [start = 0, length = 0] = node.src.split(":").map(Number);
  return [start, start + length];
}

/** Children in the order of the text; the inside of assembly blocks is left out. */
export function children(node: Node): Node[] {
  if (node.nodeType === "InlineAssembly") return [];
  const found = Object.entries(node)
    .filter(([field]) => field !== "documentation" && field !== "symbolAliases")
    .flatMap(([, value]) => (Array.isArray(value) ? value : [value]))
    .filter(isNode)
    .sort((a, b) => range(a)[0] - range(b)[0]);
  const [start, end] = range(node);
  let last = start;
  return found.filter((child) => {
    const [from, to] = range(child);
    if (from < last || to > end || to <= from) return false;
    last = to;
    return true;
  });
}

/** Every node below `node`, itself included, parents first. */
export function* walk(node: Node): Generator<Node> {
  yield node;
  for (const child of children(node)) yield* walk(child);
}

/** A tree with its text. */
export class Source {
  readonly tree: Node;
  readonly #bytes: Buffer;
  readonly #lineStarts: number[] = [0];

  constructor(content: string) {
    this.#bytes = Buffer.from(content);
    this.tree = parse(content);
    for (const [index, byte] of this.#bytes.entries()) if (byte === 10) this.#lineStarts.push(index + 1);
  }

  text(start: number, end: number): string {
    return this.#bytes.subarray(start, end).toString();
  }

  textOf(node: Node): string {
    return this.text(...range(node));
  }

  /** First byte and byte after the last; unlike the compiler's own range, a statement's includes its semicolon. */
  extent(node: Node): readonly [start: number, end: number] {
    const [start, end] = range(node);
    if (!/Statement$|^(Return|Break|Continue)$/.test(node.nodeType)) return [start, end];
    let next = end;
    while (next < this.#bytes.length && /\s/.test(String.fromCharCode(this.#bytes[next] as number))) next += 1;
    return [start, this.#bytes[next] === 59 && this.#bytes[end - 1] !== 125 ? next + 1 : end];
  }

  /** Line of a byte, counted from 1. */
  line(offset: number): number {
    let low = 0;
    let high = this.#lineStarts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#lineStarts[middle] as number) <= offset) low = middle;
      else high = middle - 1;
    }
    return low + 1;
  }

  /** The text with each node replaced by what `transform` makes of it; `inner` is the node with its children replaced. */
  rewrite(transform: (node: Node, inner: string, ancestors: readonly Node[]) => string): string {
    const render = (node: Node, ancestors: readonly Node[]): string => {
      const [start, end] = this.extent(node);
      let text = "";
      let position = start;
      const path = [...ancestors, node];
      for (const child of children(node)) {
        const [from, to] = this.extent(child);
        text += this.text(position, from) + render(child, path);
        position = to;
      }
      return transform(node, text + this.text(position, end), ancestors);
    };
    const [start, end] = range(this.tree);
    return this.text(0, start) + render(this.tree, []) + this.text(end, this.#bytes.length);
  }
}

/** Whether `node` is a call of the built-in `name`. */
export function isCallOf(node: Node, name: string): boolean {
  const called = node.expression as Node | undefined;
  return node.nodeType === "FunctionCall" && called?.nodeType === "Identifier" && called.name === name;
}
