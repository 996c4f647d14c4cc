/**
 * What the gateway measures of itself, for Prometheus. It knows nothing of Kafka's own metrics.
 *
 * What only grows or stands is a number here, which whoever counts changes and `/metrics` reads. What has labels, and
 * how long frames took, is kept by `prom-client`.
 */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from "prom-client";
import { apiByKey } from "../src/protocol/index.ts";

/**
 * Why the gateway closed a connection: over a bound of its own (`bound`), no TLS handshake (`tls`), not authenticated
 * (`authentication`), bytes that are no frames (`frame`), a frame that the edge did not serve (`edge`).
 */
export type RefusalReason = "bound" | "tls" | "authentication" | "frame" | "edge";
const REFUSAL_REASONS = ["bound", "tls", "authentication", "frame", "edge"] as const;

/** What became of a controller's port: it was opened, or closed, or could not be opened. */
export type PortChange = "opened" | "closed" | "failed";
const PORT_CHANGES = ["opened", "closed", "failed"] as const;

/** What is counted elsewhere. */
export interface Gauges {
  readonly portsOpen: number;
  readonly bytesHeld: number;
  readonly handshakesOpen: number;
  readonly isEdgeOpen: boolean;
}

export interface AnsweredFrame {
  readonly nodeId: number;
  readonly frame: Uint8Array;
  readonly seconds: number;
  readonly bytesOut: number;
}

const PREFIX = "kedge_gateway_";

/** From a heartbeat beside the quorum to a fetch that is parked; nothing waits longer than 35 s. */
const BUCKETS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 35];

/** Clients may send any key: those that are no API of a controller are one. */
const UNKNOWN_API = "unknown";

export class GatewayMetrics {
  connectionsOpen = 0;
  connectionsAccepted = 0;
  authenticationsSucceeded = 0;
  authenticationsFailed = 0;
  framesInFlight = 0;
  framesAnswered = 0;
  /** By HTTP, but for upgrades. */
  edgeRequests = 0;
  requestsHeldBack = 0;
  linksOpen = 0;
  linksLost = 0;
  linksRefused = 0;
  framesLinked = 0;
  readonly linkMessages = { sent: 0, received: 0, bytesSent: 0, bytesReceived: 0 };
  fetchesObserved = 0;
  fetchesParked = 0;
  pushesTaken = 0;
  /** Where the log ends that is held here, and when it was pushed last; null before that. */
  logHeld: { readonly offset: number; readonly at: Date } | null = null;
  /** Where the log ends that brokers were shown here. */
  logShownOffset = 0;
  standstills = 0;
  bytesReceived = 0;
  bytesSent = 0;
  #framesFailed = 0;
  #answeredAt: Date | null = null;
  #failedAt = Number.NEGATIVE_INFINITY;
  #gauges: Gauges = { portsOpen: 0, bytesHeld: 0, handshakesOpen: 0, isEdgeOpen: true };
  readonly #registry = new Registry();
  readonly #refused: Counter<"reason">;
  readonly #portChanges: Counter<"change">;
  readonly #edgeRefusals: Counter<"status">;
  readonly #frameSeconds: Histogram<"api" | "controller">;
  /** The APIs that the histogram has of each controller. */
  readonly #measured = new Map<number, Set<string>>();

  constructor() {
    const registers = [this.#registry];
    for (const [name, help, read] of STANDING) {
      const gauge: Gauge = new Gauge({
        name: PREFIX + name,
        help,
        registers,
        collect: () => gauge.set(read(this, this.#gauges)),
      });
    }
    for (const [name, help, read] of GROWING) {
      const counter: Counter = new Counter({
        name: PREFIX + name,
        help,
        registers,
        collect: () => {
          counter.reset();
          counter.inc(read(this));
        },
      });
    }
    const family = <L extends string>(name: string, help: string, label: L): Counter<L> =>
      new Counter({ name: PREFIX + name, help, labelNames: [label], registers });
    this.#refused = family(
      "connections_refused_total",
      "Connections that the gateway closed of its own accord.",
      "reason",
    );
    for (const reason of REFUSAL_REASONS) this.#refused.inc({ reason }, 0);
    this.#portChanges = family(
      "port_changes_total",
      "Ports opened and closed as controllers come and go, and attempts to open one that failed.",
      "change",
    );
    for (const change of PORT_CHANGES) this.#portChanges.inc({ change }, 0);
    this.#edgeRefusals = family(
      "edge_refusals_total",
      "Answers of the edge other than 200.",
      "status",
    );
    this.#frameSeconds = new Histogram({
      name: `${PREFIX}frame_seconds`,
      help: "How long answered frames took from the gateway to their controller and back.",
      labelNames: ["api", "controller"],
      buckets: BUCKETS,
      registers,
    });
  }

  /** Adds what is of the process and of the build. Once in a process: it watches the garbage collector. */
  addProcess(version: string): void {
    collectDefaultMetrics({ register: this.#registry });
    new Gauge({
      name: `${PREFIX}build_info`,
      help: "1, with the version of this gateway.",
      labelNames: ["version"],
      registers: [this.#registry],
    }).set({ version }, 1);
  }

  answered({ nodeId, frame, seconds, bytesOut }: AnsweredFrame): void {
    this.framesAnswered += 1;
    this.bytesReceived += frame.byteLength;
    this.bytesSent += bytesOut;
    this.#answeredAt = new Date();
    const api = apiOf(frame);
    this.#frameSeconds.observe({ api, controller: nodeId }, seconds);
    const measured = this.#measured.get(nodeId);
    if (measured === undefined) this.#measured.set(nodeId, new Set([api]));
    else measured.add(api);
  }

  /** A frame got no answer from the edge. */
  failed(): void {
    this.#framesFailed += 1;
    this.#failedAt = performance.now();
  }

  /** The controller has no port and no connections any more: what was measured of it would stay for ever. */
  forget(nodeId: number): void {
    for (const api of this.#measured.get(nodeId) ?? [])
      this.#frameSeconds.remove({ api, controller: nodeId });
    this.#measured.delete(nodeId);
  }

  get framesFailed(): number {
    return this.#framesFailed;
  }

  /** When a client's frame was answered last; null before the first. */
  get answeredAt(): Date | null {
    return this.#answeredAt;
  }

  /** How long ago a client's frame got no answer; infinite when that never was. */
  get failedAgoMs(): number {
    return performance.now() - this.#failedAt;
  }

  refused(reason: RefusalReason): void {
    this.#refused.inc({ reason });
  }

  portChanged(change: PortChange): void {
    this.#portChanges.inc({ change });
  }

  refusedByEdge(status: number): void {
    this.#edgeRefusals.inc({ status });
  }

  /** The text format of Prometheus, version 0.0.4. */
  async render(gauges: Gauges): Promise<string> {
    this.#gauges = gauges;
    return await this.#registry.metrics();
  }
}

type Row<Read> = readonly [name: string, help: string, read: Read];

const STANDING: readonly Row<(metrics: GatewayMetrics, gauges: Gauges) => number>[] = [
  ["ports_open", "Controllers whose ports are open.", (_, { portsOpen }) => portsOpen],
  ["connections_open", "Kafka connections that are open.", (metrics) => metrics.connectionsOpen],
  [
    "handshakes_open",
    "Connections not yet authenticated.",
    (_, { handshakesOpen }) => handshakesOpen,
  ],
  ["frames_in_flight", "Frames that wait for the edge.", (metrics) => metrics.framesInFlight],
  [
    "held_bytes",
    "Bytes of incomplete and waiting frames, and of answers not yet taken.",
    (_, { bytesHeld }) => bytesHeld,
  ],
  [
    "edge_reachable",
    "0 while the edge cannot be reached.",
    (_, { isEdgeOpen }) => (isEdgeOpen ? 1 : 0),
  ],
  ["links_open", "WebSockets to controllers that are open.", (metrics) => metrics.linksOpen],
  [
    "fetches_parked",
    "Fetches of brokers that wait here for a push.",
    (metrics) => metrics.fetchesParked,
  ],
  [
    "log_held_offset",
    "Where the log ends that controllers have pushed.",
    ({ logHeld }) => logHeld?.offset ?? 0,
  ],
  [
    "log_pushed_timestamp_seconds",
    "When a controller pushed last; 0 before the first.",
    ({ logHeld }) => (logHeld?.at.getTime() ?? 0) / 1_000,
  ],
  [
    "log_shown_offset",
    "Where the log ends that brokers were shown from here; with a file of state also before this process began.",
    ({ logShownOffset }) => logShownOffset,
  ],
  [
    "last_answer_timestamp_seconds",
    "When a client's frame was answered last; 0 before the first.",
    (metrics) => (metrics.answeredAt?.getTime() ?? 0) / 1_000,
  ],
];

const GROWING: readonly Row<(metrics: GatewayMetrics) => number>[] = [
  [
    "connections_accepted_total",
    "Connections ever accepted.",
    (metrics) => metrics.connectionsAccepted,
  ],
  [
    "authentications_succeeded_total",
    "TLS handshakes and SASL exchanges that ended well.",
    (metrics) => metrics.authenticationsSucceeded,
  ],
  [
    "authentications_failed_total",
    "TLS handshakes and SASL exchanges that did not.",
    (metrics) => metrics.authenticationsFailed,
  ],
  ["frames_answered_total", "Frames answered.", (metrics) => metrics.framesAnswered],
  [
    "frames_failed_total",
    "Frames that got no answer from the edge.",
    (metrics) => metrics.framesFailed,
  ],
  [
    "edge_requests_total",
    "Requests sent to the edge by HTTP, without those for links.",
    (metrics) => metrics.edgeRequests,
  ],
  [
    "requests_held_back_total",
    "Requests not sent to the edge because of what had just failed there.",
    (metrics) => metrics.requestsHeldBack,
  ],
  ["links_lost_total", "Links that were open and ended.", (metrics) => metrics.linksLost],
  [
    "links_refused_total",
    "Upgrades that the edge answered with something else; frames go by HTTP then.",
    (metrics) => metrics.linksRefused,
  ],
  ["frames_linked_total", "Frames answered over a link.", (metrics) => metrics.framesLinked],
  [
    "link_messages_sent_total",
    "Messages sent over links; each is an event of its controller.",
    (metrics) => metrics.linkMessages.sent,
  ],
  [
    "link_messages_received_total",
    "Messages received over links.",
    (metrics) => metrics.linkMessages.received,
  ],
  [
    "link_sent_bytes_total",
    "Bytes of the messages sent over links.",
    (metrics) => metrics.linkMessages.bytesSent,
  ],
  [
    "link_received_bytes_total",
    "Bytes of the messages received over links.",
    (metrics) => metrics.linkMessages.bytesReceived,
  ],
  [
    "fetches_observed_total",
    "Fetches of brokers that were answered here, from what controllers pushed.",
    (metrics) => metrics.fetchesObserved,
  ],
  ["pushes_total", "Pushes of controllers that were taken.", (metrics) => metrics.pushesTaken],
  [
    "standstills_total",
    "How often this process stood still, and closed every connection.",
    (metrics) => metrics.standstills,
  ],
  ["received_bytes_total", "Bytes of the frames answered.", (metrics) => metrics.bytesReceived],
  ["sent_bytes_total", "Bytes of the answers.", (metrics) => metrics.bytesSent],
];

/** A frame begins with its API's key. */
function apiOf(frame: Uint8Array): string {
  if (frame.byteLength < 2) return UNKNOWN_API;
  const key = new DataView(frame.buffer, frame.byteOffset).getInt16(0);
  return apiByKey(key)?.name ?? UNKNOWN_API;
}
