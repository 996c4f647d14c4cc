/**
 * A program as one file: what `npm run build` writes, and what tests start. It runs on every Node that kedge runs on,
 * with nothing beside it that is loaded; the licences of what it has taken in stand at its end.
 */
import { chmod, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { build } from "esbuild";
import { ROOT } from "./checkout.ts";

export interface Program {
  /** The file's name: CommonJS, as some of its packages are; the ending says so where no package does. */
  readonly name: string;
  /** A path from the root. */
  readonly entryPoint: string;
  /** Constants that are put in, as source. */
  readonly define: Readonly<Record<string, string>>;
  /** What stands at its head, besides the words that make it executable. */
  readonly banner: string;
  /** Packages that stay beside it. */
  readonly external: readonly string[];
}

/** The gateway alone: no package stands beside it. */
export const GATEWAY: Program = {
  name: "kedge-gateway.cjs",
  entryPoint: "gateway/main.ts",
  // It is the program, on a Node too that cannot say so; and it has no package beside it.
  define: { "import.meta.main": "true", "import.meta.url": '"file:///"' },
  banner: "",
  external: [],
};

/** The command, in its package. The runtime is a binary for each system, so that stays a package. */
export const KEDGE: Program = {
  name: "kedge.cjs",
  entryPoint: "command/main.ts",
  define: {
    KEDGE_PACKAGED: "true",
    "import.meta.main": "false",
    "import.meta.url": "kedgeUrl",
    "import.meta.dirname": "__dirname",
  },
  banner: 'const kedgeUrl = require("node:url").pathToFileURL(__filename).href;',
  external: ["workerd"],
};

/** Writes the program, executable, to `file`; resolves with its size in bytes. */
export async function bundleProgram(
  { entryPoint, define, banner, external }: Program,
  file: string,
): Promise<number> {
  const { version }: { readonly version: string } = JSON.parse(
    await readFile(join(ROOT, "package.json"), "utf8"),
  );
  const { outputFiles, metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: [entryPoint],
    bundle: true,
    write: false,
    metafile: true,
    platform: "node",
    target: "node20",
    format: "cjs",
    banner: { js: `#!/usr/bin/env node\n${banner}`.trimEnd() },
    external: [...external],
    legalComments: "none",
    minifySyntax: true,
    logLevel: "error",
    define: {
      ...define,
      KEDGE_VERSION: JSON.stringify(version),
      // What `ws` would take for speed if it were there.
      "process.env.WS_NO_BUFFER_UTIL": '"1"',
      "process.env.WS_NO_UTF_8_VALIDATE": '"1"',
    },
  });
  const code = outputFiles[0]?.text ?? "";
  const text = `${code}\n${await licences(Object.keys(metafile.inputs))}`;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
  await chmod(file, 0o755);
  return Buffer.byteLength(text);
}

/** One comment with every licence that a package among `inputs` comes with, and whose it is. */
async function licences(inputs: readonly string[]): Promise<string> {
  const packages = new Set(
    inputs.flatMap((input) => /^node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0] ?? []),
  );
  const holders = new Map<string, string[]>();
  for (const folder of ["", ...[...packages].toSorted()]) {
    const { name, version, license }: Manifest = JSON.parse(
      await readFile(join(ROOT, folder, "package.json"), "utf8"),
    );
    const text = (await licenceIn(join(ROOT, folder))) ?? license;
    holders.set(text, [...(holders.get(text) ?? []), `${name} ${version}`]);
  }
  const parts = [...holders].map(([text, names]) => `${names.join(", ")}:\n\n${text.trim()}`);
  const comment = parts.join("\n\n---\n\n").replaceAll("*/", "* /");
  return `/*\n${comment}\n*/\n`;
}

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
}

async function licenceIn(folder: string): Promise<string | null> {
  const file = (await readdir(folder)).find((name) => /^licen[cs]e(\.|$)/i.test(name));
  return file === undefined ? null : await readFile(join(folder, file), "utf8");
}
