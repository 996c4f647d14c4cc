/**
 * The gateway's command line:
 *
 *     npm run gateway -- --edge http://127.0.0.1:8787 --cluster <id> --listen 127.0.0.1:9093
 *
 * It asks the edge for the cluster's controllers (waiting for an edge that cannot be reached yet), listens on one port
 * for each, and follows them as they come and go. Everything it says goes to standard error. SIGHUP makes it read its
 * files again; connections that are open stay.
 */
import { startClusterGateway } from "./cluster-gateway.ts";
import { readCommand, USAGE, type Command } from "./command-line.ts";
import { Readiness } from "./edge/readiness.ts";
import { Tunnel } from "./edge/tunnel.ts";
import type { Gateway } from "./gateway.ts";
import { isLoopback } from "./edge/loopback.ts";
import { limitedLog } from "./limited-log.ts";
import { addressText } from "./listen.ts";
import { GatewayMetrics } from "./metrics.ts";
import { OWN_PORTS, PortsFrom } from "./places.ts";
import { OBSERVE_USAGE, observes, readObserveCommand } from "./observe-command-line.ts";
import { observe } from "./observing.ts";
import { onShutdown } from "./shutdown.ts";
import { startStatusPage } from "./status-page.ts";

async function main(): Promise<void> {
  if (observes(process.argv)) {
    const wanted = readObserveCommand(process.argv.slice(2), process.env);
    if (wanted === null) process.stdout.write(`${OBSERVE_USAGE}\n`);
    else await observe(wanted, log);
    return;
  }
  const command = readCommand(process.argv.slice(2), process.env);
  if (command === null) {
    process.stdout.write(`${USAGE}\n`);
    return;
  }
  const { edge, clusterId, credentials, http, transport } = command;
  const metrics = new GatewayMetrics();
  const tunnel = new Tunnel({
    edge,
    clusterId,
    metrics,
    credentials,
    env: process.env,
    transport,
    log: limitedLog(log),
  });
  const readiness = new Readiness(tunnel);
  let gateway: Gateway | undefined;
  onShutdown(
    (how) => {
      log(`${how}: stopping`);
      void Promise.resolve(gateway?.stop()).then(() => process.exit(0));
    },
    ["SIGINT", "SIGTERM"],
  );
  process.on("SIGHUP", () => reload(command, tunnel));
  const page = await startStatusPage(http, {
    isEdgeOpen: () => tunnel.isOpen,
    problem: () => readiness.problem(),
    metrics: () => gateway?.renderMetrics() ?? "",
    notices: () => tunnel.notices,
  });
  log(`/healthz, /readyz and /metrics on http://${addressText({ ...http, port: page.port })}`);
  gateway = await startClusterGateway({
    tunnel,
    metrics,
    log,
    listener: command.listener,
    places: command.listen === null ? OWN_PORTS : new PortsFrom(command.listen),
    waits: (reason) => {
      readiness.startsWith(reason);
      log(`${edge}: ${reason}; waiting for it`);
    },
    serves: (nodeIds) => readiness.serves(nodeIds),
  });
  log(
    `the controllers of ${clusterId} are reached at ${gateway.bootstrapServers} (${command.listener.protocol})`,
  );
  sayWhoSpeaks(command);
}

/** What an operator should know of whom the edge will take this gateway's clients for. */
function sayWhoSpeaks({ listener, listen, credentials }: Command): void {
  const host = listen?.host ?? "127.0.0.1";
  if (listener.protocol === "PLAINTEXT" && !isLoopback(host))
    log(`PLAINTEXT on ${host}: whoever reaches it acts in this gateway's name`);
  if (listener.protocol === "SSL" && credentials.token === null)
    log("without a token of the gateway, the edge is not told what clients' certificates say");
}

function reload({ renewListener, readCredentials }: Command, tunnel: Tunnel): void {
  if (renewListener !== null) renew("the listener's certificates", renewListener);
  renew("what the edge is shown", () => tunnel.renew(readCredentials()));
}

/** What cannot be read stays as it was. */
function renew(what: string, act: () => void): void {
  try {
    act();
    log(`SIGHUP: ${what}: read again`);
  } catch (error) {
    log(`SIGHUP: ${what}: as before, since ${textOf(error)}`);
  }
}

const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

function log(line: string): void {
  process.stderr.write(`${line}\n`);
}

if (import.meta.main) {
  main().catch((error: unknown) => {
    log(textOf(error));
    log(observes(process.argv) ? OBSERVE_USAGE : USAGE);
    process.exit(1);
  });
}
