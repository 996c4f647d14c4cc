/**
 * The gateway's command line:
 *
 *     npm run gateway -- --edge http://127.0.0.1:8787 --cluster <id> --listen 127.0.0.1:9093
 *
 * It asks the edge for the cluster's controllers (waiting for an edge that cannot be reached yet) and listens on
 * consecutive ports, one for each, in the order of their ids. Everything it says goes to standard error.
 */
import { setTimeout } from "node:timers/promises";
import { parseArgs } from "node:util";
import { startGateway, type Gateway, type GatewayOptions } from "./gateway.ts";
import { onShutdown } from "./shutdown.ts";

/** Between two attempts to reach an edge that is not up yet. */
const RETRY_MS = 1_000;

const USAGE = `usage: npm run gateway -- --cluster <id> [--edge URL] [--listen HOST:PORT] [--http HOST:PORT] [--token TOKEN]

  --edge     the Worker; http://127.0.0.1:8787 unless said
  --cluster  the cluster's id, 22 characters
  --listen   where the first controller is reached, the others on the ports after it; unless said, 127.0.0.1 and
             the ports that the cluster names to its brokers
  --http     where /healthz and /metrics are served; 127.0.0.1:9190 unless said
  --token    a bearer token for the edge`;

/** Reads the command line. Throws a sentence that says what is wrong with it. */
function parseCommand(args: readonly string[]) {
  const { values } = parseArgs({
    args: [...args],
    options: {
      edge: { type: "string", default: "http://127.0.0.1:8787" },
      cluster: { type: "string" },
      listen: { type: "string" },
      http: { type: "string", default: "127.0.0.1:9190" },
      token: { type: "string" },
    },
  });
  if (values.cluster === undefined) throw new Error("--cluster is missing");
  return {
    ...values,
    cluster: values.cluster,
    listen: values.listen === undefined ? null : hostAndPort(values.listen),
    http: hostAndPort(values.http),
  };
}

function hostAndPort(text: string): { readonly host: string; readonly port: number } {
  const match = /^(.+):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (match?.[1] === undefined || port > 65_535) throw new Error(`${text} is not HOST:PORT`);
  return { host: match[1], port };
}

/** A controller as the edge lists it; `port` is where brokers are told to find it. */
interface Controller {
  readonly node_id: number;
  readonly port: number;
}

/** The cluster's controllers, by rising id. Waits for an edge that cannot be reached. */
async function findControllers(
  edge: string,
  clusterId: string,
  token: string | undefined,
): Promise<readonly Controller[]> {
  const url = new URL(`/kafka/v3/clusters/${clusterId}`, edge);
  for (let attempt = 0; ; attempt += 1) {
    const response = await fetch(url, {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(10_000),
    }).catch(() => null);
    if (response?.ok === true) {
      const cluster: { readonly controllers: readonly Controller[] } = JSON.parse(
        await response.text(),
      );
      return cluster.controllers.toSorted((left, right) => left.node_id - right.node_id);
    }
    if (response !== null && response.status < 500)
      throw new Error(`the edge answered ${response.status}: ${await response.text()}`);
    if (attempt === 0) log(`${edge} does not answer yet; waiting for it`);
    await setTimeout(RETRY_MS);
  }
}

async function main(): Promise<void> {
  const command = parseCommand(process.argv.slice(2));
  const { edge, cluster: clusterId, listen, http, token } = command;
  let gateway: Gateway | undefined;
  onShutdown((how) => {
    log(`${how}: stopping`);
    void Promise.resolve(gateway?.stop()).then(() => process.exit(0));
  });
  const controllers = await findControllers(edge, clusterId, token);
  const options: GatewayOptions = {
    edge,
    clusterId,
    http,
    log,
    ...(token === undefined ? {} : { token }),
    controllers: controllers.map(({ node_id: nodeId, port }, index) => ({
      nodeId,
      host: listen?.host ?? "127.0.0.1",
      port: listen === null ? port : listen.port + index,
    })),
  };
  gateway = await startGateway(options);
  for (const [index, { node_id: nodeId, port }] of controllers.entries()) {
    if (options.controllers[index]?.port !== port)
      log(
        `brokers are told to find controller ${nodeId} on port ${port}: is there a proxy in between?`,
      );
  }
  const ids = controllers.map((controller) => controller.node_id).join(", ");
  log(`controllers ${ids} of ${clusterId} are reached at ${gateway.bootstrapServers}`);
  log(`/healthz and /metrics on http://${http.host}:${gateway.httpPort ?? http.port}`);
}

function log(line: string): void {
  process.stderr.write(`${line}\n`);
}

if (import.meta.main) {
  main().catch((error: unknown) => {
    log(error instanceof Error ? error.message : String(error));
    log(USAGE);
    process.exit(1);
  });
}
