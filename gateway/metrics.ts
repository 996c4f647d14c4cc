/** What the gateway counts about itself, and how Prometheus reads it. It knows nothing of Kafka's own metrics. */

/**
 * Why the gateway closed a connection: over a bound of its own (`bound`), no TLS handshake (`tls`), not authenticated
 * (`authentication`), bytes that are no frames (`frame`), a frame that the edge did not serve (`edge`).
 */
export type RefusalReason = "bound" | "tls" | "authentication" | "frame" | "edge";

/** What became of a controller's port: it was opened, or closed, or could not be opened. */
export type PortChange = "opened" | "closed" | "failed";

/** What is counted elsewhere. */
export interface Gauges {
  readonly portsOpen: number;
  readonly bytesHeld: number;
  readonly handshakesOpen: number;
  readonly isEdgeOpen: boolean;
}

export class GatewayMetrics {
  connectionsOpen = 0;
  connectionsAccepted = 0;
  authenticationsSucceeded = 0;
  authenticationsFailed = 0;
  framesInFlight = 0;
  framesAnswered = 0;
  framesFailed = 0;
  requestsHeldBack = 0;
  linksOpen = 0;
  linksLost = 0;
  linksRefused = 0;
  framesLinked = 0;
  readonly linkMessages = { sent: 0, received: 0, bytesSent: 0, bytesReceived: 0 };
  fetchesObserved = 0;
  fetchesParked = 0;
  pushesTaken = 0;
  standstills = 0;
  bytesReceived = 0;
  bytesSent = 0;
  secondsTotal = 0;
  readonly #refused: Record<RefusalReason, number> = {
    bound: 0,
    tls: 0,
    authentication: 0,
    frame: 0,
    edge: 0,
  };
  readonly #portChanges: Record<PortChange, number> = { opened: 0, closed: 0, failed: 0 };
  /** By HTTP status. */
  readonly #edgeRefusals = new Map<number, number>();

  answered(frame: {
    readonly seconds: number;
    readonly bytesIn: number;
    readonly bytesOut: number;
  }): void {
    this.framesAnswered += 1;
    this.secondsTotal += frame.seconds;
    this.bytesReceived += frame.bytesIn;
    this.bytesSent += frame.bytesOut;
  }

  refused(reason: RefusalReason): void {
    this.#refused[reason] += 1;
  }

  portChanged(change: PortChange): void {
    this.#portChanges[change] += 1;
  }

  refusedByEdge(status: number): void {
    this.#edgeRefusals.set(status, (this.#edgeRefusals.get(status) ?? 0) + 1);
  }

  /** The text format of Prometheus, version 0.0.4. */
  render({ portsOpen, bytesHeld, handshakesOpen, isEdgeOpen }: Gauges): string {
    return [
      gauge("ports_open", "Controllers whose ports are open.", portsOpen),
      family(
        "port_changes_total",
        "Ports opened and closed as controllers come and go, and attempts to open one that failed.",
        Object.entries(this.#portChanges).map(([change, count]) => [`{change="${change}"}`, count]),
      ),
      gauge("connections_open", "Kafka connections that are open.", this.connectionsOpen),
      counter("connections_accepted_total", "Connections ever accepted.", this.connectionsAccepted),
      family(
        "connections_refused_total",
        "Connections that the gateway closed of its own accord.",
        Object.entries(this.#refused).map(([reason, count]) => [`{reason="${reason}"}`, count]),
      ),
      gauge("handshakes_open", "Connections not yet authenticated.", handshakesOpen),
      counter(
        "authentications_succeeded_total",
        "TLS handshakes and SASL exchanges that ended well.",
        this.authenticationsSucceeded,
      ),
      counter(
        "authentications_failed_total",
        "TLS handshakes and SASL exchanges that did not.",
        this.authenticationsFailed,
      ),
      gauge("frames_in_flight", "Frames that wait for the edge.", this.framesInFlight),
      gauge(
        "held_bytes",
        "Bytes of incomplete and waiting frames, and of answers not yet taken.",
        bytesHeld,
      ),
      gauge("edge_reachable", "0 while the edge cannot be reached.", isEdgeOpen ? 1 : 0),
      counter("frames_answered_total", "Frames answered.", this.framesAnswered),
      counter("frames_failed_total", "Frames that got no answer from the edge.", this.framesFailed),
      counter(
        "requests_held_back_total",
        "Requests not sent to the edge because of what had just failed there.",
        this.requestsHeldBack,
      ),
      family(
        "edge_refusals_total",
        "Answers of the edge other than 200.",
        [...this.#edgeRefusals].map(([status, count]) => [`{status="${status}"}`, count]),
      ),
      gauge("links_open", "WebSockets to controllers that are open.", this.linksOpen),
      counter("links_lost_total", "Links that were open and ended.", this.linksLost),
      counter(
        "links_refused_total",
        "Upgrades that the edge answered with something else; frames go by HTTP then.",
        this.linksRefused,
      ),
      counter("frames_linked_total", "Frames answered over a link.", this.framesLinked),
      this.#observing(),
      counter("received_bytes_total", "Bytes of the frames answered.", this.bytesReceived),
      counter("sent_bytes_total", "Bytes of the answers.", this.bytesSent),
      counter(
        "frame_seconds_total",
        "Seconds that answered frames spent at the edge.",
        this.secondsTotal,
      ),
    ].join("");
  }

  /** What goes over links, and what is answered from what controllers push. */
  #observing(): string {
    return [
      family("link_messages_total", "Messages over links; one that is sent is an event there.", [
        ['{direction="sent"}', this.linkMessages.sent],
        ['{direction="received"}', this.linkMessages.received],
      ]),
      family("link_bytes_total", "Bytes of these messages.", [
        ['{direction="sent"}', this.linkMessages.bytesSent],
        ['{direction="received"}', this.linkMessages.bytesReceived],
      ]),
      counter(
        "fetches_observed_total",
        "Fetches of the log that were answered here, from what controllers pushed.",
        this.fetchesObserved,
      ),
      gauge("fetches_parked", "Fetches that wait here for a push.", this.fetchesParked),
      counter("pushes_total", "Pushes of controllers that were taken.", this.pushesTaken),
      counter(
        "standstills_total",
        "How often this process stood still, and closed every connection.",
        this.standstills,
      ),
    ].join("");
  }
}

const gauge = (name: string, help: string, value: number): string =>
  metric({ name, type: "gauge", help }, [["", value]]);

const counter = (name: string, help: string, value: number): string =>
  metric({ name, type: "counter", help }, [["", value]]);

/** A counter with one line for each set of labels. */
const family = (
  name: string,
  help: string,
  values: readonly (readonly [string, number])[],
): string => metric({ name, type: "counter", help }, values);

function metric(
  { name, type, help }: { readonly name: string; readonly type: string; readonly help: string },
  values: readonly (readonly [string, number])[],
): string {
  const full = `kedge_gateway_${name}`;
  const lines = values.map(([labels, value]) => `${full}${labels} ${value}\n`);
  return `# HELP ${full} ${help}\n# TYPE ${full} ${type}\n${lines.join("")}`;
}
