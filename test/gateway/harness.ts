/** Edges, gateways and clients for one test, all of which end with it. */
import type { ConnectionOptions } from "node:tls";
import { afterEach } from "vitest";
import { NO_CREDENTIALS, type EdgeCredentials } from "../../gateway/edge/credentials.ts";
import { Readiness } from "../../gateway/edge/readiness.ts";
import { Tunnel, type Transport } from "../../gateway/edge/tunnel.ts";
import { limitedLog } from "../../gateway/limited-log.ts";
import { startGateway, type Gateway, type GatewayLimits } from "../../gateway/gateway.ts";
import { sentencesTo } from "../../gateway/log.ts";
import { GatewayMetrics } from "../../gateway/metrics.ts";
import { startStatusPage } from "../../gateway/status-page.ts";
import type { Listener } from "../../gateway/tcp/admission.ts";
import { Client } from "./client.ts";
import { startEcho, type EchoEdge } from "./edge.ts";

export const CLUSTER_ID = "abcdefghijklmnopqrstuv";

const closing: (() => Promise<unknown> | void)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

/** Called when the test is over, the last first. */
export const atEnd = (close: () => Promise<unknown> | void): void => void closing.push(close);

export async function edge(...args: Parameters<typeof startEcho>): Promise<EchoEdge> {
  const started = await startEcho(...args);
  atEnd(() => started.close().catch(() => undefined));
  return started;
}

export async function gateway(...args: Parameters<typeof openGateway>): Promise<Opened> {
  const opened = await openGateway(...args);
  atEnd(() => opened.stop());
  return opened;
}

export async function client(port: number | undefined): Promise<Client> {
  const connected = await Client.connect(port);
  atEnd(() => connected.close());
  return connected;
}

export async function tlsClient(
  port: number | undefined,
  options: ConnectionOptions,
): Promise<Client> {
  const connected = await Client.connectTls(port, options);
  atEnd(() => connected.close());
  return connected;
}

export interface Opened extends Gateway {
  /** The port of each controller, in the order given. */
  readonly ports: readonly number[];
  readonly httpPort: number;
  readonly lines: readonly string[];
  readonly metrics: GatewayMetrics;
  readonly tunnel: Tunnel;
  /** Text of a page, and its status. */
  readonly page: (path: string) => Promise<{ readonly status: number; readonly text: string }>;
}

export interface OpenOptions {
  readonly nodeIds?: readonly number[];
  readonly limits?: Partial<GatewayLimits>;
  readonly listener?: Listener;
  readonly credentials?: Partial<EdgeCredentials>;
  /** By HTTP unless said: what most tests are about is the same either way. */
  readonly transport?: Transport;
  readonly heartbeatBatchMs?: number;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** By which the tunnel measures pauses. */
  readonly clock?: () => number;
}

/** A gateway with its status page, as the command line puts them together. */
export async function openGateway(url: string, options: OpenOptions = {}): Promise<Opened> {
  const { nodeIds = [3000], limits = {}, listener, credentials, env, transport = "http" } = options;
  const lines: string[] = [];
  const log = limitedLog(sentencesTo((line) => void lines.push(line)));
  const metrics = new GatewayMetrics();
  const { frameBytesMax } = limits;
  const tunnel = new Tunnel({
    edge: url,
    clusterId: CLUSTER_ID,
    metrics,
    transport,
    log,
    credentials: { ...NO_CREDENTIALS, ...credentials },
    ...(env === undefined ? {} : { env }),
    ...(options.clock === undefined ? {} : { clock: options.clock }),
    ...(frameBytesMax === undefined ? {} : { answerBytesMax: 4 * frameBytesMax }),
  });
  const readiness = new Readiness(tunnel, metrics);
  readiness.serves(nodeIds);
  const started = await startGateway({
    tunnel,
    metrics,
    controllers: nodeIds.map((nodeId) => ({ nodeId, host: "127.0.0.1", port: 0 })),
    ...(listener === undefined ? {} : { listener }),
    limits,
    ...(options.heartbeatBatchMs === undefined
      ? {}
      : { observe: { heartbeatBatchMs: options.heartbeatBatchMs } }),
    log,
  });
  const statusPage = await startStatusPage(
    { host: "127.0.0.1", port: 0 },
    {
      version: "0.0.0",
      isStopping: () => false,
      isEdgeOpen: () => tunnel.isOpen,
      problem: () => readiness.problem(),
      metrics: started.renderMetrics,
      state: () => readiness.state,
    },
  );
  return {
    ...started,
    stop: async () => {
      await Promise.all([started.stop(), statusPage.close()]);
    },
    ports: started.bootstrapServers.split(",").map((each) => Number(each.split(":")[1])),
    httpPort: statusPage.port,
    lines,
    metrics,
    tunnel,
    page: async (path) => {
      const response = await fetch(`http://127.0.0.1:${statusPage.port}${path}`);
      return { status: response.status, text: await response.text() };
    },
  };
}
