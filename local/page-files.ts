/**
 * The files of a deployment: the document of the interface, and the page as a browser loads it. That is those of
 * `page/` and `client/` under the addresses that they have in the tree, so that every import in them is the address of
 * what it imports. Of a TypeScript file the types are left out; its name stays, and nothing is bundled.
 * `docs/design/page.md` says why.
 */
import { copyFile, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { transform } from "esbuild";
import { ROOT } from "./checkout.ts";

/** The page may import the client, and nothing else of this tree. */
const FOLDERS = ["page", "client"] as const;
const ENTRY = "index.html";
const DOCUMENT = "openapi.json";

/**
 * Writes all of it into `folder`: `index.html`, `page/…`, `client/…`, `openapi.json`. Who serves the folder meanwhile
 * finds every file.
 */
export async function writePage(folder: string): Promise<void> {
  for (const name of FOLDERS) {
    const from = join(ROOT, name);
    const to = join(folder, name);
    await mkdir(to, { recursive: true });
    const files = await readdir(from);
    await Promise.all(files.map((file) => writeFileOf(join(from, file), join(to, file))));
    const gone = (await readdir(to)).filter((file) => !files.includes(file));
    await Promise.all(gone.map((file) => rm(join(to, file))));
  }
  await copyFile(join(ROOT, "page", ENTRY), join(folder, ENTRY));
  const document: unknown = JSON.parse(await readFile(join(ROOT, "worker", DOCUMENT), "utf8"));
  await writeFile(join(folder, DOCUMENT), JSON.stringify(document));
}

async function writeFileOf(from: string, to: string): Promise<void> {
  if (from.endsWith(".ts")) await writeFile(to, await withoutTypes(from));
  else if (/\.(css|svg)$/.test(from)) await copyFile(from, to);
}

async function withoutTypes(file: string): Promise<string> {
  const { code } = await transform(await readFile(file, "utf8"), {
    loader: "ts",
    target: "es2022",
    sourcefile: file.slice(ROOT.length),
    // An import of types alone is not to be asked for.
    tsconfigRaw: { compilerOptions: { verbatimModuleSyntax: true } },
  });
  return code;
}
