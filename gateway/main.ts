/**
 * The gateway's command line:
 *
 *     npm run gateway -- --edge http://127.0.0.1:8787 --cluster <id> --listen 127.0.0.1:9093
 *
 * It asks the edge for the cluster's controllers (waiting for an edge that cannot be reached yet) and listens on
 * consecutive ports, one for each, in the order of their ids. Everything it says goes to standard error. SIGHUP makes
 * it read its files again; connections that are open stay.
 */
import { readCommand, USAGE, type Command } from "./command-line.ts";
import { findControllers } from "./edge/find-controllers.ts";
import { Readiness } from "./edge/readiness.ts";
import { Tunnel, type Controller } from "./edge/tunnel.ts";
import { startGateway, type Gateway } from "./gateway.ts";
import { isLoopback } from "./edge/loopback.ts";
import { limitedLog } from "./limited-log.ts";
import { addressText } from "./listen.ts";
import { GatewayMetrics } from "./metrics.ts";
import { onShutdown } from "./shutdown.ts";
import { startStatusPage } from "./status-page.ts";

async function main(): Promise<void> {
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
  const controllers = await findControllers(tunnel, (reason) => {
    readiness.startsWith(reason);
    log(`${edge}: ${reason}; waiting for it`);
  });
  gateway = await startGateway({
    tunnel,
    metrics,
    log,
    listener: command.listener,
    controllers: controllers.map((controller, index) => placeOf(controller, index, command)),
  });
  readiness.serves(controllers.map(({ nodeId }) => nodeId));
  sayWhere(controllers, gateway, command);
  sayWhoSpeaks(command);
}

function placeOf({ nodeId, port }: Controller, index: number, { listen }: Command) {
  if (listen === null) return { nodeId, host: "127.0.0.1", port };
  return { nodeId, host: listen.host, port: listen.port + index };
}

function sayWhere(controllers: readonly Controller[], gateway: Gateway, command: Command): void {
  for (const [index, controller] of controllers.entries()) {
    const { nodeId, port } = controller;
    if (placeOf(controller, index, command).port !== port)
      log(
        `brokers are told to find controller ${nodeId} on port ${port}: is there a proxy in between?`,
      );
  }
  const ids = controllers.map(({ nodeId }) => nodeId).join(", ");
  log(
    `controllers ${ids} of ${command.clusterId} are reached at ${gateway.bootstrapServers} (${command.listener.protocol})`,
  );
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
    log(USAGE);
    process.exit(1);
  });
}
