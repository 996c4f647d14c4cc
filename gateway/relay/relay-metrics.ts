/** What a gateway counts that carries the frames of an observer, and how Prometheus reads it. */

export class RelayMetrics {
  isOpen = false;
  opened = 0;
  lost = 0;
  framesCarried = 0;
  framesFailed = 0;
  bytesCarried = 0;
  /** When an answer was brought last, by the monotonic clock; null before. */
  answeredAt: number | null = null;

  render(connectionsOpen: number, nowMs: number): string {
    const age = this.answeredAt === null ? Number.NaN : (nowMs - this.answeredAt) / 1_000;
    const rows: readonly (readonly [string, "gauge" | "counter", string, number])[] = [
      ["open", "gauge", "Whether the observer is connected.", this.isOpen ? 1 : 0],
      ["opened_total", "counter", "Relays that were opened.", this.opened],
      ["lost_total", "counter", "Relays that ended.", this.lost],
      ["frames_total", "counter", "Frames that a controller has answered.", this.framesCarried],
      ["failures_total", "counter", "Frames that none has answered.", this.framesFailed],
      ["bytes_total", "counter", "Bytes of frames and their answers.", this.bytesCarried],
      ["connections_open", "gauge", "Connections to controllers.", connectionsOpen],
      ["answer_age_seconds", "gauge", "Since a controller answered last.", age],
    ];
    return rows
      .map(([name, type, help, value]) => {
        const full = `kedge_relay_${name}`;
        return `# HELP ${full} ${help}\n# TYPE ${full} ${type}\n${full} ${value}\n`;
      })
      .join("");
  }
}
