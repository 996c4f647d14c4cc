/**
 * The Worker as one file, and what `wrangler.toml` says of how it is run, as data: what a runtime on this machine is
 * made of, whatever its folder and its port. `wrangler.toml` stays the single source: a class or a binding added there
 * exists locally too. Kinds of bindings that this product does not use are refused, not silently dropped.
 *
 * It runs as a process of its own (`node local/runtime-bundle.ts FOLDER CONFIG`): wrangler and esbuild take 200 MB,
 * which the process that stays beside the runtime should not hold. In a package there is neither, and the folder comes
 * with it.
 */
import { createHash } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { unstable_readConfig } from "wrangler";
import { ROOT } from "./checkout.ts";
import { writePage } from "./page-files.ts";
import {
  DESCRIPTION_NAME,
  PAGE_NAME,
  WORKER_NAME,
  type WorkerDescription,
} from "./runtime-config.ts";

/**
 * Kinds of bindings that this product has no use for; one that appears needs a line in `runtimeConfig`. `ratelimits`
 * is not among them and has no line: plain workerd has no such binding, and a local run goes without, as the Worker
 * allows.
 */
const UNSUPPORTED = [
  "kv_namespaces",
  "r2_buckets",
  "d1_databases",
  "services",
  "analytics_engine_datasets",
] as const;

/** Writes the bundle, the page's files and the description into `folder`. `config` is a path from the checkout's root. */
async function bundleRuntime(folder: string, config: string): Promise<void> {
  const settings = unstable_readConfig({ config: join(ROOT, config) }, { hideWarnings: true });
  const { main, compatibility_date: compatibilityDate } = settings;
  if (main === undefined || compatibilityDate === undefined) {
    throw new Error("wrangler.toml must name `main` and `compatibility_date`");
  }
  for (const kind of UNSUPPORTED) {
    if (settings[kind].length > 0)
      throw new Error(`local runs do not support ${kind} of wrangler.toml`);
  }
  await mkdir(folder, { recursive: true });
  const bundle = join(folder, WORKER_NAME);
  await build({
    entryPoints: [main],
    outfile: bundle,
    bundle: true,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*", "node:*"],
    logLevel: "error",
  });
  const buildBinding = settings.version_metadata?.binding;
  const identity =
    buildBinding === undefined ? {} : { [buildBinding]: { id: await digestOf(bundle) } };
  const pageBinding = settings.assets?.binding;
  if (pageBinding !== undefined) await writePage(join(folder, PAGE_NAME));
  const description: WorkerDescription = {
    name: settings.name ?? "worker",
    compatibilityDate,
    compatibilityFlags: settings.compatibility_flags,
    bindings: settings.durable_objects.bindings,
    vars: { ...settings.vars, ...identity },
    ...(pageBinding === undefined ? {} : { pageBinding }),
  };
  await writeFile(join(folder, DESCRIPTION_NAME), JSON.stringify(description, null, 2));
}

/** What the platform would call the version of a deployment: here the same bundle has the same id. */
async function digestOf(bundle: string): Promise<string> {
  return createHash("sha256")
    .update(await readFile(bundle))
    .digest("hex");
}

const [folder = ".kedge/runtime", config = "wrangler.toml"] = process.argv.slice(2);
await bundleRuntime(folder, config);
