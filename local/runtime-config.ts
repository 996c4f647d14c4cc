/**
 * What `wrangler.toml` says, in the words of `workerd serve`: one bundle, its compatibility date, one namespace per
 * Durable Object class, the bindings. `wrangler.toml` stays the single source: a class or a binding added there exists
 * locally too. Kinds of bindings that this product does not use are refused, not silently dropped.
 *
 * It runs as a process of its own (`node local/runtime-config.ts FOLDER PORT CONFIG AUTH EXTERNALS`): wrangler and
 * esbuild take 200 MB, which the process that stays beside the runtime should not hold.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import { unstable_readConfig } from "wrangler";
import { ROOT } from "./checkout.ts";
import { writePage } from "./page-files.ts";

interface Places {
  /** Holds `runtime/` (bundle and configuration, rewritten at every start) and `objects/` (the state). */
  readonly persistTo: string;
  /** Zero lets the system choose. */
  readonly port: number;
  /** The `wrangler.toml` to follow, as a path from the checkout's root. */
  readonly config: string;
  /** `tokens`, or `none`: nobody is asked who they are. */
  readonly auth: string;
  /** Loopback servers as `host:port`, by the name of the binding through which the Worker calls them. */
  readonly externals: Readonly<Record<string, string>>;
}

/**
 * Kinds of bindings that this product has no use for; one that appears needs a line in `describeRuntime`. `ratelimits`
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

/** Bundles the Worker and writes its configuration: `runtime/worker.js` and `runtime/workerd.capnp`. */
async function writeRuntimeFiles({
  persistTo,
  port,
  config,
  auth,
  externals,
}: Places): Promise<void> {
  const settings = unstable_readConfig({ config: join(ROOT, config) }, { hideWarnings: true });
  const { main, compatibility_date: compatibilityDate } = settings;
  if (main === undefined || compatibilityDate === undefined) {
    throw new Error("wrangler.toml must name `main` and `compatibility_date`");
  }
  for (const kind of UNSUPPORTED) {
    if (settings[kind].length > 0)
      throw new Error(`local runs do not support ${kind} of wrangler.toml`);
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
  const pageBinding = settings.assets?.binding;
  const pageFolder = join(folder, "page");
  if (pageBinding !== undefined) await writePage(pageFolder);
  await writeFile(
    join(folder, "workerd.capnp"),
    describeRuntime({
      name: settings.name ?? "worker",
      compatibilityDate,
      compatibilityFlags: settings.compatibility_flags,
      bindings: settings.durable_objects.bindings,
      vars: { ...settings.vars, KEDGE_LOOPBACK: "true", KEDGE_AUTH: auth },
      externals,
      objects,
      page: pageBinding === undefined ? null : { binding: pageBinding, folder: pageFolder },
      port,
    }),
  );
}

interface Description {
  readonly name: string;
  readonly compatibilityDate: string;
  readonly compatibilityFlags: readonly string[];
  readonly bindings: readonly { readonly name: string; readonly class_name: string }[];
  readonly vars: Readonly<Record<string, unknown>>;
  readonly externals: Places["externals"];
  readonly objects: string;
  /** `[assets]`: the page's files, and the name under which the Worker asks for them; null where there are none. */
  readonly page: { readonly binding: string; readonly folder: string } | null;
  readonly port: number;
}

/** What the Worker finds in the environment of the runtime; null where it is not there. */
const SECRETS = ["KEDGE_KEY", "DELEGATION_TOKEN_SECRET_KEY"] as const;

/** Loopback only. Secrets come from the environment of the runtime, and stand in no file but their own. */
function describeRuntime({
  name,
  compatibilityDate,
  compatibilityFlags,
  bindings,
  vars,
  externals,
  objects,
  page,
  port,
}: Description): string {
  const classes = [...new Set(bindings.map((binding) => binding.class_name))];
  // The key names the folder of a class's files, so it may never change: it is the class's name.
  const namespaces = classes.map(
    (className) =>
      `(className = ${text(className)}, uniqueKey = ${text(`${name}-${className}`)}, enableSql = true)`,
  );
  const bound = [
    ...SECRETS.map((secret) => `(name = ${text(secret)}, fromEnvironment = ${text(secret)})`),
    ...bindings.map(
      (binding) =>
        `(name = ${text(binding.name)}, durableObjectNamespace = ${text(binding.class_name)})`,
    ),
    ...Object.entries(vars).map(
      ([key, value]) => `(name = ${text(key)}, json = ${text(JSON.stringify(value))})`,
    ),
    ...(page === null ? [] : [`(name = ${text(page.binding)}, service = "page")`]),
    ...Object.keys(externals).map(
      (server) => `(name = ${text(server)}, service = ${text(server)})`,
    ),
  ];
  const services = [
    `(name = "main", worker = .main)`,
    `(name = "objects", disk = (path = ${text(objects)}, writable = true))`,
    ...(page === null ? [] : [`(name = "page", disk = (path = ${text(page.folder)}))`]),
    ...Object.entries(externals).map(
      ([server, address]) =>
        `(name = ${text(server)}, external = (address = ${text(address)}, http = ()))`,
    ),
  ];
  return `using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [
    ${services.join(",\n    ")},
  ],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);

const main :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = ${text(compatibilityDate)},
  compatibilityFlags = [${compatibilityFlags.map(text).join(", ")}],
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

const [folder = ".kedge", port = "0", config = "wrangler.toml", auth = "tokens", servers = "{}"] =
  process.argv.slice(2);
const externals: Places["externals"] = JSON.parse(servers);
await writeRuntimeFiles({ persistTo: folder, port: Number(port), config, auth, externals });
