/**
 * Server-sent events (WHATWG HTML, 9.2) to one reader, who may be slow: no more is written than he takes, and one who
 * takes nothing for a while is let go.
 */

/** Of what is written and not taken yet. The platform's own buffers come on top. */
const AHEAD_BYTES_MAX = 16_384;
/** So long a reader may take nothing while something is there for him. */
const SLOW_MS = 30_000;

export interface ServerSentEvent {
  /** Without one it is a `message`. */
  readonly event?: string;
  /** What the reader sends as `Last-Event-ID` when he comes back. */
  readonly id?: string | undefined;
  /** One line. */
  readonly data: string;
}

/** The events, as they go over the wire. */
export const eventText = ({ event, id, data }: ServerSentEvent): string =>
  `${id === undefined ? "" : `id: ${id}\n`}${event === undefined ? "" : `event: ${event}\n`}data: ${data}\n\n`;

/** A line that is no event and tells a reader, and what lies between, that the stream is alive. */
export const commentText = (comment: string, id?: string): string =>
  `: ${comment}\n${id === undefined ? "" : `id: ${id}\n`}\n`;

export class EventStream {
  readonly response: Response;
  /** Aborted when the reader is gone, or let go. */
  readonly signal: AbortSignal;
  readonly #gone = new AbortController();
  readonly #encoder = new TextEncoder();
  #sink: ReadableStreamDefaultController<Uint8Array> | undefined;
  #taken: () => void = () => undefined;

  constructor() {
    this.signal = this.#gone.signal;
    const body = new ReadableStream<Uint8Array>(
      {
        start: (sink) => {
          this.#sink = sink;
        },
        pull: () => this.#taken(),
        cancel: () => this.drop(),
      },
      { highWaterMark: AHEAD_BYTES_MAX, size: (chunk) => chunk?.byteLength ?? 0 },
    );
    this.response = new Response(body, {
      headers: { "Content-Type": "text/event-stream", "Cache-Control": "no-store" },
    });
  }

  /** Whether what is written would wait for the reader. */
  get isBehind(): boolean {
    return (this.#sink?.desiredSize ?? 0) <= 0;
  }

  /** Writes, and waits until the reader has taken enough of it. False when he takes nothing, or is gone. */
  async write(text: string): Promise<boolean> {
    this.#enqueue(text);
    const untilMs = Date.now() + SLOW_MS;
    while (this.isBehind && !this.signal.aborted) {
      const leftMs = untilMs - Date.now();
      if (leftMs <= 0) return false;
      await this.#nextPull(leftMs);
    }
    return !this.signal.aborted;
  }

  /** Writes what the reader can do without: nothing while he is behind. */
  mark(text: string): void {
    if (!this.isBehind) this.#enqueue(text);
  }

  /** The reader is gone. */
  drop(): void {
    this.#leave();
  }

  /** Ends the stream. What is written and not taken may be taken yet, `last` too. */
  end(last: string): void {
    if (this.signal.aborted) return;
    this.#enqueue(last);
    this.#sink?.close();
    this.#leave();
  }

  #enqueue(text: string): void {
    if (!this.signal.aborted) this.#sink?.enqueue(this.#encoder.encode(text));
  }

  #leave(): void {
    this.#sink = undefined;
    this.#gone.abort();
    this.#taken();
  }

  async #nextPull(maxMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#taken = resolve;
    const timer = setTimeout(resolve, maxMs);
    await promise;
    clearTimeout(timer);
  }
}
