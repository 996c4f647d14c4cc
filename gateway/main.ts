/**
 * The gateway's process:
 *
 *     kedge-gateway --edge http://127.0.0.1:8787 --cluster <id> --listen 127.0.0.1:9093
 *     npm run gateway -- …, in a checkout
 *
 * It asks the edge for the cluster's controllers (waiting for an edge that cannot be reached yet), listens on one port
 * for each, and follows them as they come and go. Everything it says goes to standard error. SIGHUP makes it read its
 * files again; connections that are open stay.
 */
import { startClusterGateway } from "./cluster-gateway.ts";
import { readCommand, type Command } from "./command-line.ts";
import { Readiness } from "./edge/readiness.ts";
import { Tunnel } from "./edge/tunnel.ts";
import type { Gateway } from "./gateway.ts";
import { isLoopback } from "./edge/loopback.ts";
import { limitedLog } from "./limited-log.ts";
import { addressText } from "./listen.ts";
import { logTo, textOf, type Log } from "./log.ts";
import { GatewayMetrics } from "./metrics.ts";
import { usage } from "./options.ts";
import { OWN_PORTS, PortsFrom } from "./places.ts";
import { ServedPosition } from "./observer/served-position.ts";
import { observe as observeQuorum } from "./observing.ts";
import { onShutdown } from "./shutdown.ts";
import { startStatusPage } from "./status-page.ts";
import { version } from "./version.ts";

/** Until the options are read, as they are by default. */
let log: Log = logTo(write, { level: "info", format: "text" });
let hasCommand = false;

async function main(args: readonly string[]): Promise<void> {
  const command = readCommand(args, process.env);
  if (typeof command === "string") {
    process.stdout.write(`${command === "help" ? usage() : version()}\n`);
    return;
  }
  log = limitedLog(logTo(write, { ...command.log, clusterId: command.clusterId }));
  hasCommand = true;
  sayUnknown(command.unknown);
  if (command.kind === "observe") await observeQuorum(command, log);
  else await serve(command);
}

async function serve(command: Command): Promise<void> {
  const { edge, clusterId, credentials, http, transport, observe } = command;
  const served = new ServedPosition(observe?.state ?? null, clusterId, log);
  const metrics = new GatewayMetrics();
  metrics.addProcess(version());
  const tunnel = new Tunnel({
    edge,
    clusterId,
    metrics,
    credentials,
    env: process.env,
    transport,
    log,
  });
  const readiness = new Readiness(tunnel, metrics);
  let gateway: Gateway | undefined;
  let isStopping = false;
  onShutdown(
    (how) => {
      if (isStopping) return;
      isStopping = true;
      log(`${how}: stopping`, { event: "stopping" });
      void Promise.resolve(gateway?.stop()).then(() => process.exit(0));
    },
    ["SIGINT", "SIGTERM"],
  );
  process.on("SIGHUP", () => reload(command, tunnel));
  const nothingYet = { portsOpen: 0, bytesHeld: 0, handshakesOpen: 0 };
  const page = await startStatusPage(http, {
    version: version(),
    isStopping: () => isStopping,
    isEdgeOpen: () => tunnel.isOpen,
    problem: () => readiness.problem(),
    metrics: () =>
      gateway?.renderMetrics() ?? metrics.render({ ...nothingYet, isEdgeOpen: tunnel.isOpen }),
    state: () => readiness.state,
  });
  const pages = `http://${addressText({ ...http, port: page.port })}`;
  log(`/livez, /readyz and /metrics on ${pages}`, { event: "started" });
  gateway = await startClusterGateway({
    tunnel,
    metrics,
    log,
    listener: command.listener,
    observe: observe === null ? null : { served, heartbeatBatchMs: observe.heartbeatBatchMs },
    maxAgeMs: command.maxAgeMs,
    places: command.listen === null ? OWN_PORTS : new PortsFrom(command.listen),
    waits: (reason) => {
      readiness.startsWith(reason);
      log(`${edge}: ${reason}; waiting for it`, { level: "warn", event: "edge-away" });
    },
    serves: (nodeIds) => readiness.serves(nodeIds),
  });
  log(
    `the controllers of ${clusterId} are reached at ${gateway.bootstrapServers} (${command.listener.protocol})`,
    { event: "started" },
  );
  sayWhoSpeaks(command);
}

/** Their values may be secrets of others. */
function sayUnknown(names: readonly string[]): void {
  if (names.length === 0) return;
  const are = names.length === 1 ? "is no option" : "are no options";
  log(`${names.join(", ")} ${are} of a gateway; --help has them all`, {
    level: "warn",
    event: "option-unknown",
  });
}

/** What an operator should know of whom the edge will take this gateway's clients for. */
function sayWhoSpeaks({ listener, listen, credentials }: Command): void {
  const host = listen?.host ?? "127.0.0.1";
  if (listener.protocol === "PLAINTEXT" && !isLoopback(host))
    log(`PLAINTEXT on ${host}: whoever reaches it acts in this gateway's name`, {
      level: "warn",
      event: "open-to-network",
    });
  if (listener.protocol === "SSL" && credentials.token === null)
    log("without a token of the gateway, the edge is not told what clients' certificates say", {
      level: "warn",
      event: "principals-unsaid",
    });
}

function reload({ renewListener, readCredentials }: Command, tunnel: Tunnel): void {
  if (renewListener !== null) renew("the listener's certificates", renewListener);
  renew("what the edge is shown", () => tunnel.renew(readCredentials()));
}

/** What cannot be read stays as it was. */
function renew(what: string, act: () => void): void {
  try {
    act();
    log(`SIGHUP: ${what}: read again`, { event: "files-read" });
  } catch (error) {
    const about = { level: "error", event: "files-unreadable" } as const;
    log(`SIGHUP: ${what}: as before, since ${textOf(error)}`, about);
  }
}

function write(line: string): void {
  process.stderr.write(line);
}

/** Runs a gateway in this process until a signal ends it; says on standard error what it cannot do, and exits then. */
export function runGateway(args: readonly string[]): void {
  // Whoever read the log has gone; brokers have not.
  process.stderr.on("error", () => undefined);
  main(args).catch((error: unknown) => {
    log(textOf(error), { level: "error", event: "failed" });
    if (!hasCommand) write("--help shows the options\n");
    process.exit(1);
  });
}

if (import.meta.main) runGateway(process.argv.slice(2));
