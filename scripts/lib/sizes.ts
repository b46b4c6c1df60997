// What the SDK costs a page: bundles as a front-end would build them, minified and compressed.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { ROOT } from "./run.ts";
import { toolSet } from "./tools.ts";

interface Output {
  readonly entryPoint?: string;
  readonly imports: readonly { readonly path: string; readonly kind: string }[];
}

interface Esbuild {
  build(options: object): Promise<{
    readonly outputFiles: readonly { readonly path: string; readonly contents: Uint8Array }[];
    readonly metafile: { readonly outputs: Readonly<Record<string, Output>> };
  }>;
}

/** Bytes a page loads at once for `source`, minified and gzipped; chunks that are imported later do not count. */
export async function bundleBytes(source: string): Promise<number> {
  const tools = await toolSet("quality");
  const esbuild = createRequire(join(tools, "package.json"))("esbuild") as Esbuild;
  const folder = await mkdtemp(join(tmpdir(), "publica-bundle-"));
  try {
    await writeFile(join(folder, "entry.ts"), source);
    const { outputFiles, metafile } = await esbuild.build({
      absWorkingDir: folder,
      entryPoints: ["entry.ts"],
      bundle: true,
      write: false,
      minify: true,
      format: "esm",
      splitting: true,
      metafile: true,
      outdir: "out",
      platform: "browser",
      target: "es2022",
      nodePaths: [join(ROOT, "node_modules")],
      logLevel: "silent",
    });
    const loaded = new Set<string>();
    const load = (path: string): void => {
      if (loaded.has(path)) return;
      loaded.add(path);
      for (const { path: next, kind } of metafile.outputs[path]?.imports ?? [])
        if (kind === "import-statement") load(next);
    };
    for (const [path, { entryPoint }] of Object.entries(metafile.outputs)) if (entryPoint === "entry.ts") load(path);
    let bytes = 0;
    for (const { path, contents } of outputFiles)
      if ([...loaded].some((name) => path === join(folder, name))) bytes += gzipSync(contents, { level: 9 }).length;
    return bytes;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
