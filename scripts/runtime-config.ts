/**
 * What `wrangler.toml` says, in the words of `workerd serve`: one bundle, its compatibility date, one
 * namespace per Durable Object class, the bindings. `wrangler.toml` stays the single truth, so a class or a
 * binding added there is there locally too. Bindings of a kind that this product does not use are refused,
 * not dropped in silence.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { unstable_readConfig } from "wrangler";

/** The root of the checkout. */
export const ROOT = join(import.meta.dirname, "..");

export interface RuntimeFiles {
  /** The configuration to hand to `workerd serve`. */
  readonly config: string;
}

interface Places {
  /** Holds `runtime/` (bundle and configuration, rewritten at every start) and `objects/` (the state). */
  readonly persistTo: string;
  /** Zero lets the system choose. */
  readonly port: number;
}

/** Bundles the Worker and writes its configuration under `persistTo`. */
export async function writeRuntimeFiles({ persistTo, port }: Places): Promise<RuntimeFiles> {
  const settings = unstable_readConfig(
    { config: join(ROOT, "wrangler.toml") },
    { hideWarnings: true },
  );
  const { main, compatibility_date: compatibilityDate } = settings;
  if (main === undefined || compatibilityDate === undefined) {
    throw new Error("wrangler.toml must name `main` and `compatibility_date`");
  }
  const folder = join(persistTo, "runtime");
  const objects = join(persistTo, "objects");
  await mkdir(folder, { recursive: true });
  await mkdir(objects, { recursive: true });
  await build({
    entryPoints: [main],
    outfile: join(folder, "worker.js"),
    bundle: true,
    format: "esm",
    target: "es2024",
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*", "node:*"],
    logLevel: "error",
  });
  const config = join(folder, "workerd.capnp");
  await writeFile(
    config,
    describeRuntime({
      name: settings.name ?? "worker",
      compatibilityDate,
      bindings: settings.durable_objects.bindings,
      vars: settings.vars,
      objects,
      port,
    }),
  );
  return { config };
}

interface Description {
  readonly name: string;
  readonly compatibilityDate: string;
  readonly bindings: readonly { readonly name: string; readonly class_name: string }[];
  readonly vars: Readonly<Record<string, unknown>>;
  readonly objects: string;
  readonly port: number;
}

/** Loopback only: nothing here asks who is calling. */
function describeRuntime({
  name,
  compatibilityDate,
  bindings,
  vars,
  objects,
  port,
}: Description): string {
  const classes = [...new Set(bindings.map((binding) => binding.class_name))];
  // The key names the folder of a class's files, so it may never change: it is the class's name.
  const namespaces = classes.map(
    (className) =>
      `(className = ${text(className)}, uniqueKey = ${text(`${name}-${className}`)}, enableSql = true)`,
  );
  const bound = [
    ...bindings.map(
      (binding) =>
        `(name = ${text(binding.name)}, durableObjectNamespace = ${text(binding.class_name)})`,
    ),
    ...Object.entries(vars).map(
      ([key, value]) => `(name = ${text(key)}, json = ${text(JSON.stringify(value))})`,
    ),
  ];
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    (name = "main", worker = .main),
    (name = "objects", disk = (path = ${text(objects)}, writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);

const main :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = ${text(compatibilityDate)},
  durableObjectNamespaces = [
    ${namespaces.join(",\n    ")}
  ],
  durableObjectStorage = (localDisk = "objects"),
  bindings = [
    ${bound.join(",\n    ")}
  ],
);
`;
}

/** A text literal of the configuration language. */
const text = (value: string): string => JSON.stringify(value);
