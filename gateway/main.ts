/**
 * The gateway's command line:
 *
 *     npm run gateway -- --edge http://127.0.0.1:8787 --cluster <id> --listen 127.0.0.1:9093
 *
 * It asks the edge for the cluster's controllers and listens on consecutive ports, one for each, in the order of
 * their ids. Everything it says goes to standard error.
 */
import { parseArgs } from "node:util";
import { startGateway, type GatewayOptions } from "./gateway.ts";

export { startGateway, type Gateway, type GatewayLimits, type GatewayOptions } from "./gateway.ts";

const USAGE = `usage: npm run gateway -- --cluster <id> [--edge URL] [--listen HOST:PORT] [--http HOST:PORT] [--token TOKEN]

  --edge     the Worker; http://127.0.0.1:8787 unless said
  --cluster  the cluster's id, 22 characters
  --listen   where the first controller is reached, the others on the ports after it; 127.0.0.1:9093 unless said
  --http     where /healthz and /metrics are served; 127.0.0.1:9190 unless said
  --token    a bearer token for the edge`;

/** Reads the command line; a text that says what is wrong with it otherwise. */
function parseCommand(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      edge: { type: "string", default: "http://127.0.0.1:8787" },
      cluster: { type: "string" },
      listen: { type: "string", default: "127.0.0.1:9093" },
      http: { type: "string", default: "127.0.0.1:9190" },
      token: { type: "string" },
    },
  });
  if (values.cluster === undefined) throw new Error("--cluster is missing");
  return {
    ...values,
    cluster: values.cluster,
    listen: hostAndPort(values.listen),
    http: hostAndPort(values.http),
  };
}

function hostAndPort(text: string): { readonly host: string; readonly port: number } {
  const match = /^(.+):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (match?.[1] === undefined || port > 65_535) throw new Error(`${text} is not HOST:PORT`);
  return { host: match[1], port };
}

/** The ids of the cluster's controllers, rising. */
async function controllerIds(
  edge: string,
  clusterId: string,
  token: string | undefined,
): Promise<readonly number[]> {
  const response = await fetch(new URL(`/kafka/v3/clusters/${clusterId}`, edge), {
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(10_000),
  });
  if (!response.ok)
    throw new Error(`the edge answered ${response.status}: ${await response.text()}`);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the edge's own resource; a wrong one fails at once
  const cluster = (await response.json()) as {
    readonly controllers: readonly { readonly node_id: number }[];
  };
  return cluster.controllers
    .map((controller) => controller.node_id)
    .toSorted((left, right) => left - right);
}

async function main(): Promise<void> {
  const command = parseCommand(process.argv.slice(2));
  const { edge, cluster: clusterId, listen, http, token } = command;
  const ids = await controllerIds(edge, clusterId, token);
  const options: GatewayOptions = {
    edge,
    clusterId,
    http,
    log,
    ...(token === undefined ? {} : { token }),
    controllers: ids.map((nodeId, index) => ({
      nodeId,
      host: listen.host,
      port: listen.port + index,
    })),
  };
  const gateway = await startGateway(options);
  log(`controllers ${ids.join(", ")} of ${clusterId} are reached at ${gateway.bootstrapServers}`);
  log(`/healthz and /metrics on http://${http.host}:${gateway.httpPort ?? http.port}`);
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      log(`${signal}: stopping`);
      void gateway.stop().then(() => process.exit(0));
    });
  }
}

function log(line: string): void {
  process.stderr.write(`${line}\n`);
}

if (import.meta.main) {
  main().catch((error: unknown) => {
    log(error instanceof Error ? error.message : String(error));
    log(USAGE);
    process.exitCode = 1;
  });
}
