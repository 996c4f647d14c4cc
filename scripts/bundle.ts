/**
 * `npm run bundle`: what a deployment would upload, built by `wrangler deploy --dry-run` for every environment and held
 * against a budget. Nothing is uploaded.
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { run } from "./commands.ts";

/**
 * Far below the platform's bound of 3 MiB; what it guards is the start of an isolate, which compiles all of it.
 */
const GZIPPED_BYTES_MAX = 230 * 1024;
const ENVIRONMENTS = ["", "staging"] as const;

async function fits(environment: string): Promise<boolean> {
  const folder = await mkdtemp(join(tmpdir(), "kedge-bundle-"));
  try {
    const args = ["deploy", "--dry-run", `--env=${environment}`, "--outdir", folder];
    if ((await run("wrangler", args)) !== 0) return false;
    const bundle = await readFile(join(folder, "index.js"));
    const bytes = gzipSync(bundle).byteLength;
    console.log(
      `bundle of ${environment === "" ? "production" : environment}: ${kib(bundle.byteLength)}, ` +
        `${kib(bytes)} gzipped; at most ${kib(GZIPPED_BYTES_MAX)}`,
    );
    return bytes <= GZIPPED_BYTES_MAX;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const kib = (size: number): string => `${(size / 1024).toFixed(1)} KiB`;

const results: boolean[] = [];
// One after the other: each bundler takes 200 MB.
for (const environment of ENVIRONMENTS) results.push(await fits(environment));
process.exitCode = results.every(Boolean) ? 0 : 1;
