// Stages and packs @publica/sdk (what a front-end, a script or a Solidity project installs) and @publica/node (the operators).
import { cp, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join } from "node:path";
import type { Deployment } from "@publica/sdk";
import { runTypeChain } from "typechain";
import { readArtifacts } from "./abis.ts";
import { mergeAddresses, recordedDeployments } from "./addresses.ts";
import { binary, ROOT, runNode } from "./run.ts";
import { npm } from "./tools.ts";

const SDK = join(ROOT, "packages", "sdk");
const NODE = join(ROOT, "packages", "node");
/** The folder that is packed; its package.json is derived from the repository's. */
export const STAGE = join(SDK, "dist");
/** The same for the node. */
export const NODE_STAGE = join(NODE, "dist");

interface Manifest {
  readonly version: string;
  readonly exports: Record<string, string>;
  readonly peerDependencies?: Record<string, string>;
  readonly devDependencies?: unknown;
  readonly [field: string]: unknown;
}

export interface Packed {
  readonly path: string;
  readonly bytes: number;
  readonly unpackedBytes: number;
  readonly files: number;
}

/** Compiles TypeScript files to JavaScript with declarations; throws with the compiler's words. */
async function compileTypes(project: object, name: string, folder = SDK): Promise<void> {
  // Beside the sources, so that the compiler finds the same node_modules.
  const path = join(folder, `tsconfig.${name}.tsbuildinfo`);
  await writeFile(path, JSON.stringify(project));
  try {
    const { code, output } = await runNode(binary("typescript", "tsc"), ["-p", path], { echo: false });
    if (code !== 0) throw new Error(`the package does not compile:\n${output}`);
  } finally {
    await rm(path, { force: true });
  }
}

/** Declarations still name the `.ts` files they came from; consumers have `.js` and `.d.ts`. */
async function pointDeclarationsToJavaScript(folder: string): Promise<void> {
  for (const file of await readdir(folder, { recursive: true })) {
    if (!file.endsWith(".d.ts")) continue;
    const text = await readFile(join(folder, file), "utf8");
    await writeFile(join(folder, file), text.replaceAll(/(["'])(\.{1,2}\/[^"']*)\.ts\1/g, "$1$2.js$1"));
  }
}

/**
 * TypeChain writes each ABI into its factory twice more; the factories refer to the package's one copy instead, which
 * takes a third off what everybody downloads.
 */
async function shareAbis(names: readonly string[]): Promise<void> {
  const abis = "../../js/generated/abi.js";
  const replaceOnce = async (path: string, pattern: RegExp, text: string): Promise<void> => {
    const before = await readFile(path, "utf8");
    const after = before.replace(pattern, text);
    if (after === before) throw new Error(`${path}: TypeChain writes ABIs in another way than expected`);
    await writeFile(path, after);
  };
  for (const name of names) {
    const abi = `${name.charAt(0).toLowerCase()}${name.slice(1)}Abi`;
    const factory = join(STAGE, "ethers", "factories", `${name}__factory`);
    await replaceOnce(`${factory}.js`, /^const _abi = \[\n[\s\S]*?\n\];/m, `import { ${abi} as _abi } from "${abis}";`);
    await replaceOnce(
      `${factory}.d.ts`,
      /^( +)static readonly abi: readonly \[\{\n[\s\S]*?\n\1\}\];/m,
      `$1static readonly abi: typeof import("${abis}").${abi};`,
    );
  }
}

/** TypeChain's classes and factories for ethers 6, as JavaScript. */
async function stageEthers(): Promise<void> {
  const work = join(SDK, "dist.typechain");
  await rm(work, { recursive: true, force: true });
  try {
    const abis = join(work, "abi");
    await mkdir(abis, { recursive: true });
    const artifacts = (await readArtifacts()).filter(({ abi }) => abi.length > 0);
    artifacts.push(
      ...(await readArtifacts({ mocks: true })).filter(({ contractName }) => contractName === "TestToken"),
    );
    const files: string[] = [];
    for (const artifact of artifacts) {
      const path = join(abis, `${artifact.contractName}.json`);
      await writeFile(path, JSON.stringify(artifact));
      files.push(path);
    }
    await runTypeChain({
      cwd: work,
      allFiles: files,
      filesToProcess: files,
      outDir: join(work, "src"),
      target: join(ROOT, "node_modules", "@typechain", "ethers-v6", "dist", "index.js"),
      flags: {
        alwaysGenerateOverloads: false,
        discriminateTypes: false,
        tsNocheck: false,
        environment: undefined,
        node16Modules: true,
      },
    });
    await compileTypes(
      {
        extends: "../../tsconfig.json",
        compilerOptions: {
          lib: ["es2024", "dom"],
          types: [],
          noEmit: false,
          declaration: true,
          allowImportingTsExtensions: false,
          exactOptionalPropertyTypes: false,
          noImplicitOverride: false,
          noUnusedLocals: false,
          noUnusedParameters: false,
          erasableSyntaxOnly: false,
          rootDir: "dist.typechain/src",
          outDir: "dist/ethers",
        },
        include: ["dist.typechain/src"],
      },
      "ethers",
    );
    await shareAbis(artifacts.map(({ contractName }) => contractName));
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** `./src/x/index.ts` of the repository as the pair of files a consumer gets. */
function published(source: string): { types: string; default: string } {
  const base = source.replace(/^\.\/src\//, "./js/").replace(/\.ts$/, "");
  return { types: `${base}.d.ts`, default: `${base}.js` };
}

/**
 * Compiles the SDK into {@link STAGE}: JavaScript with declarations, TypeChain bindings, Solidity sources, and the
 * addresses of the recorded deployments together with `deployments`. Expects a production build.
 */
export async function stagePackage(deployments: readonly Deployment[] = []): Promise<void> {
  await rm(STAGE, { recursive: true, force: true });
  await compileTypes(
    {
      extends: "./tsconfig.json",
      compilerOptions: { rootDir: "src", outDir: "dist/js", sourceMap: false },
      include: ["src"],
    },
    "js",
  );
  await pointDeclarationsToJavaScript(join(STAGE, "js"));
  const addresses = mergeAddresses([...(await recordedDeployments()), ...deployments]);
  const list = JSON.stringify(addresses, null, 2);
  await writeFile(join(STAGE, "js", "generated", "addresses.js"), `export const addresses = ${list};\n`);
  await writeFile(
    join(STAGE, "js", "generated", "addresses.d.ts"),
    `export declare const addresses: ${list.replaceAll(/^(\s*)"/gm, '$1readonly "')};\n`,
  );
  await writeFile(join(STAGE, "addresses.json"), `${list}\n`);
  await stageEthers();
  await cp(join(ROOT, "contracts"), join(STAGE, "contracts"), {
    recursive: true,
    filter: (path) => !path.startsWith(join(ROOT, "contracts", "mocks")),
  });
  await cp(join(ROOT, "LICENSE"), join(STAGE, "LICENSE"));
  await cp(join(SDK, "README.md"), join(STAGE, "README.md"));
  if (existsSync(join(ROOT, "docs", "errors.md"))) await cp(join(ROOT, "docs", "errors.md"), join(STAGE, "errors.md"));

  const manifest = JSON.parse(await readFile(join(SDK, "package.json"), "utf8")) as Manifest;
  const root = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")) as {
    devDependencies: Record<string, string>;
  };
  const exact = (name: string): string => `^${root.devDependencies[name]}`;
  const { devDependencies: _, ...kept } = manifest;
  const staged = {
    ...kept,
    exports: {
      ...Object.fromEntries(
        Object.entries(manifest.exports)
          .filter(([, source]) => existsSync(join(SDK, source)))
          .map(([name, source]) => [name, published(source)]),
      ),
      "./ethers": { types: "./ethers/index.d.ts", default: "./ethers/index.js" },
      "./addresses.json": "./addresses.json",
      "./contracts/*": "./contracts/*",
      "./package.json": "./package.json",
    },
    peerDependencies: {
      ...manifest.peerDependencies,
      "@openzeppelin/contracts": exact("@openzeppelin/contracts"),
      ethers: exact("ethers"),
      solady: exact("solady"),
    },
    // Each kind of consumer needs one of them; nobody needs all.
    peerDependenciesMeta: {
      "@openzeppelin/contracts": { optional: true },
      ethers: { optional: true },
      solady: { optional: true },
    },
    files: ["js", "ethers", "contracts", "addresses.json", "errors.md"],
  };
  await writeFile(join(STAGE, "package.json"), `${JSON.stringify(staged, null, 2)}\n`);
}

/**
 * Compiles the node into {@link NODE_STAGE}: JavaScript, which Node runs also below node_modules, where it refuses
 * TypeScript. Expects a staged SDK, against whose declarations it is compiled.
 */
export async function stageNode(): Promise<void> {
  await rm(NODE_STAGE, { recursive: true, force: true });
  const { exports } = JSON.parse(await readFile(join(STAGE, "package.json"), "utf8")) as {
    exports: Record<string, string | { types: string }>;
  };
  const paths = Object.entries(exports).flatMap(([name, target]) =>
    typeof target === "string" ? [] : [[join("@publica/sdk", name), [join(STAGE, target.types)]]],
  );
  await compileTypes(
    {
      extends: "../../tsconfig.json",
      compilerOptions: {
        types: ["node"],
        noEmit: false,
        declaration: true,
        rewriteRelativeImportExtensions: true,
        rootDir: "src",
        outDir: "dist/js",
        paths: Object.fromEntries(paths),
      },
      include: ["src"],
    },
    "js",
    NODE,
  );
  await pointDeclarationsToJavaScript(join(NODE_STAGE, "js"));
  await cp(join(NODE, "bin"), join(NODE_STAGE, "bin"), { recursive: true });
  await cp(join(NODE, "README.md"), join(NODE_STAGE, "README.md"));
  await cp(join(ROOT, "LICENSE"), join(NODE_STAGE, "LICENSE"));
  const { devDependencies: _, ...manifest } = JSON.parse(
    await readFile(join(NODE, "package.json"), "utf8"),
  ) as Manifest;
  const staged = {
    ...manifest,
    exports: {
      ...Object.fromEntries(Object.entries(manifest.exports).map(([name, source]) => [name, published(source)])),
      "./package.json": "./package.json",
    },
    files: ["js", "bin"],
  };
  await writeFile(join(NODE_STAGE, "package.json"), `${JSON.stringify(staged, null, 2)}\n`);
}

/** Packs a staged package (the SDK unless told otherwise) into `folder`. */
export async function packStaged(folder: string, stage = STAGE): Promise<Packed> {
  await mkdir(folder, { recursive: true });
  const printed = await npm(["pack", "--json", "--ignore-scripts", "--pack-destination", folder], stage);
  const parsed = JSON.parse(printed) as Record<string, PackEntry> | PackEntry[];
  const [entry] = Array.isArray(parsed) ? parsed : Object.values(parsed);
  if (entry === undefined) throw new Error("npm pack printed no file");
  return {
    path: join(folder, basename(entry.filename)),
    bytes: entry.size,
    unpackedBytes: entry.unpackedSize,
    files: entry.entryCount,
  };
}

interface PackEntry {
  readonly filename: string;
  readonly size: number;
  readonly unpackedSize: number;
  readonly entryCount: number;
}

/** The version of an npm package as this repository locks it. */
export function lockedVersion(name: string): string {
  const require = createRequire(import.meta.url);
  return (require(join(ROOT, "node_modules", name, "package.json")) as { version: string }).version;
}
