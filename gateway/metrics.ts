/** What the gateway counts about itself, and how Prometheus reads it. It knows nothing of Kafka's own metrics. */
export class GatewayMetrics {
  connectionsOpen = 0;
  connectionsAccepted = 0;
  connectionsRefused = 0;
  framesInFlight = 0;
  framesAnswered = 0;
  framesFailed = 0;
  bytesReceived = 0;
  bytesSent = 0;
  secondsTotal = 0;

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

  /** The text format of Prometheus, version 0.0.4. */
  render({
    bytesHeld,
    isEdgeOpen,
  }: {
    readonly bytesHeld: number;
    readonly isEdgeOpen: boolean;
  }): string {
    return [
      line("connections_open", "gauge", "Kafka connections that are open.", this.connectionsOpen),
      line(
        "connections_accepted_total",
        "counter",
        "Kafka connections ever accepted.",
        this.connectionsAccepted,
      ),
      line(
        "connections_refused_total",
        "counter",
        "Connections that the gateway closed of its own accord.",
        this.connectionsRefused,
      ),
      line("frames_in_flight", "gauge", "Frames that wait for the edge.", this.framesInFlight),
      line(
        "held_bytes",
        "gauge",
        "Bytes of incomplete and waiting frames, and of answers not yet taken.",
        bytesHeld,
      ),
      line("edge_reachable", "gauge", "0 while the edge cannot be reached.", isEdgeOpen ? 1 : 0),
      line("frames_answered_total", "counter", "Frames answered.", this.framesAnswered),
      line(
        "frames_failed_total",
        "counter",
        "Frames that got no answer from the edge.",
        this.framesFailed,
      ),
      line("received_bytes_total", "counter", "Bytes of the frames answered.", this.bytesReceived),
      line("sent_bytes_total", "counter", "Bytes of the answers.", this.bytesSent),
      line(
        "frame_seconds_total",
        "counter",
        "Seconds that answered frames spent at the edge.",
        this.secondsTotal,
      ),
    ].join("");
  }
}

function line(name: string, type: string, help: string, value: number): string {
  const metric = `kedge_gateway_${name}`;
  return `# HELP ${metric} ${help}\n# TYPE ${metric} ${type}\n${metric} ${value}\n`;
}
