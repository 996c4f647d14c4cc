/**
 * `kedge up` (`npm start`): a whole quorum on this machine. Starts the runtime, forms a default cluster the first time,
 * starts a gateway for it, says where everything is, and runs until it is stopped. With `--json` one line of JSON on
 * standard output says the same for programs, and everything else goes to standard error.
 */
import { relative } from "node:path";
import { onShutdown } from "../gateway/shutdown.ts";
import type { FormedCluster } from "../client/cluster-client.ts";
import { formCluster, listClusters, RefusedError } from "../client/cluster-client.ts";
import { PACKAGED_RUNTIME } from "../local/checkout.ts";
import type { Edge } from "../local/edge.ts";
import { assertFree } from "../local/ports.ts";
import { startQuorum, type Quorum } from "../local/quorum.ts";
import type { ScramUser } from "../local/scram-argument.ts";
import { complain } from "./complaint.ts";
import { UsageError } from "./usage-error.ts";

/** How the quorum is run. */
export interface QuorumRun {
  readonly port: number;
  readonly persistTo: string;
  readonly voters: number;
  /** As it was given: the Worker knows which there are. */
  readonly releaseVersion: string | undefined;
  readonly scramUsers: readonly ScramUser[];
  readonly gatewayPort: number;
  /** Whether the port was given, and not left at its default. */
  readonly gatewayMoved: boolean;
  readonly gateway: boolean;
  readonly auth: boolean;
  readonly json: boolean;
}

const CRASHED = "workerd ended by itself";

/** What has to be stopped: the runtime while it starts, the whole quorum once it is up. */
let running: Edge | Quorum | undefined;
/** Settles with the reason to stop, which may come while it is still starting. */
let stop: (how: string) => void;
const stopped = new Promise<string>((settle) => (stop = settle));

/** Runs it until it is asked to stop, and ends the process then. */
export async function runQuorum(options: QuorumRun): Promise<void> {
  onShutdown((how) => stop(how));
  try {
    const say = options.json ? console.error : console.log;
    const rising = bringUp(options, say);
    const how = await Promise.race([rising.then(() => stopped), stopped]);
    say(`${how}: stopping`);
    if (how.startsWith(CRASHED)) process.exitCode = 1;
    void rising.catch(() => undefined);
  } catch (error) {
    complain(error);
  } finally {
    await running?.stop();
  }
  // Nothing that a signal interrupted (a request in flight, a step of starting) may keep the process alive.
  process.exit();
}

async function bringUp(options: QuorumRun, say: (line: string) => void): Promise<void> {
  say(`starting workerd on http://127.0.0.1:${options.port}, state under ${options.persistTo}`);
  const quorum = await startQuorum({
    persistTo: options.persistTo,
    port: options.port,
    onLine: console.error,
    form: (edge) => {
      running = edge;
      return defaultCluster(edge, options, say);
    },
    ...(options.auth ? {} : { auth: "none" }),
    ...(options.gateway ? { gateway: { ports: "named", log: console.error } } : {}),
  });
  running = quorum;
  const { edge, formed: cluster, bootstrapServers } = quorum;
  void edge.exited.then((how) => {
    // Ctrl-C reaches every process of the terminal, and the runtime may be the first to go.
    const asked = ["exit 0", "SIGINT", "SIGTERM", "SIGHUP"].includes(how);
    stop(asked ? how : `${CRASHED} (${how})`);
  });
  say(`cluster ${cluster.cluster_id} is ready: its quorum can commit`);
  if (bootstrapServers !== null) say(`gateway on ${bootstrapServers}`);
  if (options.json) {
    console.log(
      JSON.stringify({
        edge: edge.url,
        cluster_id: cluster.cluster_id,
        controllers: cluster.controllers.map(({ node_id, directory_id, host, port }) => ({
          node_id,
          directory_id,
          host,
          port,
        })),
        ...(bootstrapServers === null ? {} : { bootstrap_servers: bootstrapServers }),
        ...(edge.tokenFile === null ? {} : { token_file: edge.tokenFile }),
      }),
    );
  }
  say("");
  say(`  page         ${edge.url}/#/clusters/${cluster.cluster_id}`);
  say(`  cluster id   ${cluster.cluster_id}`);
  say(`  cluster      ${edge.url}/kafka/v3/clusters/${cluster.cluster_id}`);
  say(`  quorum       ${edge.url}/kafka/v3/clusters/${cluster.cluster_id}/quorum`);
  say(`  metadata log ${edge.url}/kafka/v3/clusters/${cluster.cluster_id}/metadata-log`);
  say(`  health       ${edge.url}/health/ready`);
  if (bootstrapServers !== null) {
    say(`  brokers      controller.quorum.bootstrap.servers=${bootstrapServers}`);
  }
  for (const line of howToAsk(edge, cluster.cluster_id)) say(line);
  say("");
  say("Ctrl-C stops all of it; the state stays.");
}

const TOKEN_COMMAND = PACKAGED_RUNTIME === null ? "npm run -s token --" : "npx kedge token";

/** What lets in, and how it is used. Tokens are not printed: a terminal keeps what it shows. */
function howToAsk({ url, tokenFile, headerFile }: Edge, clusterId: string): readonly string[] {
  if (tokenFile === null || headerFile === null) {
    return [
      "",
      "WARNING: --no-auth: whoever reaches this port, a program or a page of any user here, may everything.",
    ];
  }
  return [
    `  token        ${here(tokenFile)}, an admin's; what the page asks for`,
    "",
    `  curl -H @${here(headerFile)} ${url}/kafka/v3/clusters/${clusterId}`,
    `  ${TOKEN_COMMAND} --help    makes tokens for less than everything`,
  ];
}

/** As it is shortest called from where the command was started. */
function here(file: string): string {
  const below = relative(process.cwd(), file);
  return below.startsWith("..") ? file : below;
}

/** The first cluster of the directory; formed when there is none. */
async function defaultCluster(
  edge: Edge,
  options: QuorumRun,
  say: (line: string) => void,
): Promise<FormedCluster> {
  const [existing] = await listClusters(edge);
  if (existing === undefined) {
    const ports = Array.from({ length: options.voters }, (_, at) => options.gatewayPort + at);
    if (options.gateway) for (const port of ports) await freeForGateway(port);
    say(`forming a cluster of ${options.voters} controllers`);
    return await formCluster(edge, {
      controllers: ports.map((port) => ({ port })),
      ...(options.releaseVersion === undefined ? {} : { release_version: options.releaseVersion }),
      scram_users: options.scramUsers,
    });
  }
  say(`found cluster ${existing.cluster_id} of ${existing.controllers.length} controllers`);
  // The log names the ports to brokers, so a gateway on other ports would lead them nowhere.
  const first = existing.controllers[0]?.port;
  if (options.gateway && options.gatewayMoved && first !== options.gatewayPort) {
    throw new UsageError(
      `the cluster in ${options.persistTo} was formed with the gateway on port ${first}; ` +
        "leave --gateway-port out, or use another --persist-to",
    );
  }
  if (options.gateway) for (const { port } of existing.controllers) await freeForGateway(port);
  try {
    // Forming again finishes what a kill may have cut short, and changes nothing that is done.
    return await formCluster(edge, formationOf(existing));
  } catch (error) {
    // Voters come and go in a cluster that is formed alone.
    if (isAnotherNow(error)) return existing;
    throw error;
  }
}

/** No request asks for such a cluster: the number of its voters is no such one, or they are not those it began with. */
function isAnotherNow(error: unknown): boolean {
  return error instanceof RefusedError && [40_002, 40_901].includes(error.refusal.error_code);
}

function formationOf(existing: FormedCluster): Readonly<Record<string, unknown>> {
  return {
    cluster_id: existing.cluster_id,
    metadata_version: existing.metadata_version,
    features: existing.features,
    settings: existing.settings,
    controllers: existing.controllers.map(({ node_id, host, port, location_hint }) => ({
      node_id,
      host,
      port,
      location_hint,
    })),
  };
}

async function freeForGateway(port: number): Promise<void> {
  try {
    await assertFree(port);
  } catch (error) {
    throw new UsageError(
      `port ${port} of 127.0.0.1, which the gateway needs, is in use; ` +
        "--gateway-port N moves the gateway of a new cluster, --no-gateway leaves it out",
      { cause: error },
    );
  }
}
