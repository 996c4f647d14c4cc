/**
 * The process of a gateway that observes: it finds the observer of the cluster (waiting for an edge that cannot be
 * reached yet), and carries that one's frames to the quorum for as long as it runs.
 */
import { EdgeClient } from "./edge/edge-client.ts";
import { findControllers } from "./edge/find-controllers.ts";
import { Tunnel } from "./edge/tunnel.ts";
import { addressText } from "./listen.ts";
import { textOf, type Log } from "./log.ts";
import { GatewayMetrics } from "./metrics.ts";
import { onShutdown } from "./shutdown.ts";
import { startStatusPage } from "./status-page.ts";
import type { ObserveCommand } from "./observe-command-line.ts";
import { ObservedQuorum } from "./relay/observed-quorum.ts";
import { RelayMetrics } from "./relay/relay-metrics.ts";
import { Relay } from "./relay/relay.ts";
import { version } from "./version.ts";

/** Nothing that comes over HTTP is long: the observer's messages are bounded by the relay's own words. */
const ANSWER_BYTES_MAX = 4 * 1_048_576;

/** Returns once the observer is known; the process goes on until a signal ends it. Rejects with a sentence. */
export async function observe(command: ObserveCommand, log: Log): Promise<void> {
  const { edge, clusterId, credentials, servers, http } = command;
  const { env } = process;
  const client = new EdgeClient({ edge, credentials, env, answerBytesMax: ANSWER_BYTES_MAX });
  // It asks for the list alone.
  const tunnel = new Tunnel({
    edge,
    clusterId,
    metrics: new GatewayMetrics(),
    credentials,
    env,
    transport: "http",
  });
  const metrics = new RelayMetrics();
  const quorum = new ObservedQuorum(servers);
  let relay: Relay | null = null;
  let waiting = "the observer is not known yet";
  let isStopping = false;
  onShutdown(
    (how) => {
      isStopping = true;
      log(`${how}: stopping`, { event: "stopping" });
      relay?.stop();
      process.exit(0);
    },
    ["SIGINT", "SIGTERM"],
  );
  process.on("SIGHUP", () => {
    try {
      const renewed = command.readCredentials();
      client.renew(renewed);
      tunnel.renew(renewed);
      relay?.renew();
      log("SIGHUP: what the edge is shown: read again", { event: "files-read" });
    } catch (error) {
      log(`SIGHUP: what the edge is shown: as before, since ${textOf(error)}`, {
        level: "error",
        event: "files-unreadable",
      });
    }
  });
  const page = await startStatusPage(http, {
    version: version(),
    isStopping: () => isStopping,
    isEdgeOpen: () => metrics.isOpen,
    problem: () => Promise.resolve(relay === null ? waiting : relay.problem()),
    metrics: () => Promise.resolve(metrics.render(quorum.connectionsOpen, performance.now())),
    state: () => [],
  });
  log(`/livez, /readyz and /metrics on http://${addressText({ ...http, port: page.port })}`, {
    event: "started",
  });
  const [observer] = await findControllers(tunnel, (reason) => {
    waiting = reason;
    log(`${edge}: ${reason}; waiting for it`, { level: "warn", event: "edge-away" });
  });
  if (observer === undefined) throw new Error(`cluster ${clusterId} has no controller`);
  const { nodeId } = observer;
  relay = new Relay({ client, clusterId, nodeId, quorum, metrics, log });
  log(`observing ${servers.map(addressText).join(",")} for ${clusterId}`, { event: "started" });
}
