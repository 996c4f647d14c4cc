/**
 * What a runtime on this machine is told, in the words of `workerd serve`: one bundle, its compatibility date, one
 * namespace per Durable Object class, the bindings. It reads and writes nothing.
 */

/** The bundle, beside the configuration. */
export const WORKER_NAME = "worker.js";
/** What the configuration is made of, beside the bundle. */
export const DESCRIPTION_NAME = "worker.json";

/** What `wrangler.toml` says of the Worker. */
export interface WorkerDescription {
  readonly name: string;
  readonly compatibilityDate: string;
  readonly compatibilityFlags: readonly string[];
  readonly bindings: readonly { readonly name: string; readonly class_name: string }[];
  readonly vars: Readonly<Record<string, unknown>>;
}

/** What one run of it has for itself. */
export interface RunDescription {
  /** A folder: the objects' state. */
  readonly objects: string;
  /** Zero lets the system choose. */
  readonly port: number;
  /** `tokens`, or `none`: nobody is asked who they are. */
  readonly auth: string;
  /** Loopback servers as `host:port`, by the name of the binding through which the Worker calls them. */
  readonly externals: Readonly<Record<string, string>>;
}

/** What the Worker finds in the environment of the runtime; null where it is not there. */
const SECRETS = ["KEDGE_KEY", "DELEGATION_TOKEN_SECRET_KEY"] as const;

/** Loopback only. Secrets come from the environment of the runtime, and stand in no file but their own. */
export function runtimeConfig(worker: WorkerDescription, run: RunDescription): string {
  const { name, compatibilityDate, compatibilityFlags, bindings } = worker;
  const { objects, port, auth, externals } = run;
  const vars = { ...worker.vars, KEDGE_LOOPBACK: "true", KEDGE_AUTH: auth };
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
    ...Object.keys(externals).map(
      (server) => `(name = ${text(server)}, service = ${text(server)})`,
    ),
  ];
  const services = [
    `(name = "main", worker = .main)`,
    `(name = "objects", disk = (path = ${text(objects)}, writable = true))`,
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
