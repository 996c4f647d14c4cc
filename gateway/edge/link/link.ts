/**
 * One WebSocket to one controller, shared by the connections of many clients. Each is a stream with one request at
 * most; what is ready in one turn of the event loop leaves in one message.
 *
 * A request is sent once. It fails when the link ends before its answer, and when the controller says `hello` from
 * another incarnation: its memory was lost, and with it the answer. Streams without a request go on.
 */
import type { WebSocket } from "ws";
import {
  controllerGreetingIn,
  FROM_CONTROLLER,
  FROM_GATEWAY,
  LinkError,
  readFromController,
  TAKEN_BYTES,
  writeMessages,
  type ControllerGreeting,
  type FromController,
  type FromGateway,
  type Position,
  type Push,
} from "../../../src/link/index.ts";
import type { GatewayMetrics } from "../../metrics.ts";
import type { FollowableLink } from "./link-watch.ts";
import { Pulse } from "./pulse.ts";

/** As long as by HTTP: longer than any fetch is parked and any write waits for its commit. */
const ANSWER_MS = 35_000;
/** A link that nobody uses is given back after this. */
const IDLE_MS = 60_000;
/** No garbage collection and no busy machine makes a message so late. */
const LATE_MS = 1_000;
const CLOSE = { done: 1000, malformed: 1002 } as const;

/** The request got no answer, and may have been executed. */
export class NoLinkAnswerError extends Error {
  override readonly name = "NoLinkAnswerError";
}

export interface LinkParts {
  readonly clusterId: string;
  readonly nodeId: number;
  readonly metrics: GatewayMetrics;
  /** The controller has said hello: requests may go. */
  readonly opened: () => void;
  /** The controller has sent a message. */
  readonly heard: () => void;
  /** Throws `LinkError` for what it cannot be right to push. */
  readonly pushed: (push: Push) => void;
  /** It takes no further request, or the controller's memory began anew. */
  readonly unsettled: () => void;
  /** Called once, whichever side has ended it. */
  readonly closed: (reason: string) => void;
}

interface Waiting {
  readonly correlation: number;
  readonly answered: (frame: Uint8Array) => void;
  readonly failed: (error: Error) => void;
}

interface Stream {
  readonly principal: string | null;
  waiting: Waiting | null;
}

export class Link implements FollowableLink {
  readonly #socket: WebSocket;
  readonly #parts: LinkParts;
  readonly #pulse: Pulse;
  readonly #streams = new Map<number, Stream>();
  #greeting: ControllerGreeting | null = null;
  #outgoing: FromGateway[] = [];
  #isArmed = false;
  /** Of what waits for others to leave with, and when it leaves without them. */
  #company: NodeJS.Timeout | undefined;
  #companyUntil = Number.POSITIVE_INFINITY;
  /** When the earliest of it was to leave. */
  #dueAt = Number.POSITIVE_INFINITY;
  #generation = 0;
  #isLeaving = false;
  #isOver = false;
  /** Why this side ends it, where it does. */
  #reason: string | null = null;
  #nextStream = 1;
  #nextCorrelation = 1;
  #unanswered = 0;
  /** Bytes of answers since the controller was told so last. */
  #taken = 0;
  #idle: NodeJS.Timeout | undefined;

  /** `socket` may still be opening. */
  constructor(socket: WebSocket, parts: LinkParts) {
    this.#socket = socket;
    this.#parts = parts;
    this.#pulse = new Pulse(socket);
    socket.on("message", (data, isBinary) => this.#arrived(data, isBinary));
    socket.on("error", (error) => this.#end(error.message));
    socket.on("close", (code, reason) =>
      this.#end(reason.byteLength === 0 ? `it was closed (${code})` : reason.toString()),
    );
  }

  /** Whether a further request may go over it now. */
  get hasRoom(): boolean {
    if (!this.isOpen || this.#greeting === null) return false;
    const { requests_max: requestsMax, streams_max: streamsMax } = this.#greeting;
    return this.#unanswered < requestsMax && this.#streams.size < streamsMax;
  }

  get isOpen(): boolean {
    return this.#greeting !== null && !this.#isLeaving && !this.#isOver;
  }

  get generation(): number {
    return this.#generation;
  }

  get fetchBytesMax(): number | null {
    return this.#greeting?.fetch_bytes_max ?? null;
  }

  position(stream: number, position: Position, waitMs = 0): void {
    if (this.isOpen && this.has(stream)) this.#say({ kind: "position", stream, position }, waitMs);
  }

  /** Begins a stream; its id. */
  begin(principal: string | null): number {
    clearTimeout(this.#idle);
    const stream = this.#nextStream;
    this.#nextStream += 1;
    this.#streams.set(stream, { principal, waiting: null });
    // It leaves with the first request, which may wait.
    this.#outgoing.push({ kind: "begin", stream, principal });
    return stream;
  }

  /** False for a stream that has ended here, on whichever side's account. */
  has(stream: number): boolean {
    return !this.#isOver && this.#streams.has(stream);
  }

  end(stream: number): void {
    const found = this.#streams.get(stream);
    if (found === undefined || this.#isOver) return;
    this.#forget(stream);
    // What has not left yet is nobody's request any more.
    this.#outgoing = this.#outgoing.filter(
      (each) => each.kind !== "request" || each.stream !== stream,
    );
    this.#say({ kind: "end", stream });
    found.waiting?.failed(new NoLinkAnswerError("the client is gone"));
  }

  /**
   * Sends the one request of a stream that has begun, with what else leaves within `waitMs`. Rejects with
   * `NoLinkAnswerError`, also when the signal ends it.
   */
  request(
    stream: number,
    frame: Uint8Array,
    { signal, waitMs = 0 }: { readonly signal: AbortSignal; readonly waitMs?: number },
  ): Promise<Uint8Array> {
    const found = this.#streams.get(stream);
    if (found === undefined || found.waiting !== null)
      return Promise.reject(new Error(`stream ${stream} takes no request now`));
    const correlation = this.#nextCorrelation;
    this.#nextCorrelation = (correlation % 0xffff_ffff) + 1;
    this.#unanswered += 1;
    return new Promise((resolve, reject) => {
      const gone = (): void => this.end(stream);
      const late = setTimeout(() => {
        reject(new NoLinkAnswerError(`no answer within ${ANSWER_MS} ms`));
        this.end(stream);
      }, ANSWER_MS);
      const settle = (): void => {
        this.#unanswered -= 1;
        found.waiting = null;
        clearTimeout(late);
        signal.removeEventListener("abort", gone);
        this.#leaveWhenDone();
      };
      found.waiting = {
        correlation,
        answered: (answer) => {
          settle();
          resolve(answer);
        },
        failed: (error) => {
          settle();
          reject(error);
        },
      };
      signal.addEventListener("abort", gone, { once: true });
      this.#say({ kind: "request", stream, correlation, frame }, waitMs);
    });
  }

  /** Takes no further request, and closes when what is under way is answered. */
  leave(): void {
    if (!this.#isLeaving) {
      this.#isLeaving = true;
      this.#parts.unsettled();
    }
    this.#leaveWhenDone();
  }

  /** Ends it at once, and says nothing more: not what waits to leave, and not what the socket holds. */
  drop(reason: string): void {
    if (this.#isOver) return;
    this.#outgoing = [];
    this.#reason ??= reason;
    this.#socket.terminate();
    this.#end(reason);
  }

  /** Ends it at once. */
  close(reason: string): void {
    this.#closeWith(CLOSE.done, reason);
  }

  #leaveWhenDone(): void {
    if (this.#isLeaving && this.#unanswered === 0) this.close("it is not used any more");
  }

  #closeWith(code: number, reason: string): void {
    if (this.#isOver) return;
    this.#reason ??= reason;
    this.#flush();
    this.#socket.close(code, reason.slice(0, 40));
    this.#end(reason);
  }

  #end(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#pulse.stop();
    clearTimeout(this.#idle);
    clearTimeout(this.#company);
    const why = this.#reason ?? reason;
    for (const { waiting } of this.#streams.values())
      waiting?.failed(
        new NoLinkAnswerError(`the link to controller ${this.#parts.nodeId} ended: ${why}`),
      );
    this.#streams.clear();
    this.#parts.closed(why);
  }

  #arrived(data: unknown, isBinary: boolean): void {
    this.#pulse.beat();
    if (this.#isOver) return;
    try {
      if (!isBinary || !(data instanceof Uint8Array))
        throw new LinkError("a link speaks in binary messages, and this is text");
      const { linkMessages } = this.#parts.metrics;
      linkMessages.received += 1;
      linkMessages.bytesReceived += data.byteLength;
      const envelopes = readFromController(data, FROM_CONTROLLER);
      this.#parts.heard();
      for (const envelope of envelopes) this.#take(envelope);
    } catch (error) {
      if (!(error instanceof LinkError)) throw error;
      this.#closeWith(CLOSE.malformed, error.message);
    }
  }

  #take(envelope: FromController): void {
    switch (envelope.kind) {
      case "hello":
        return this.#greeted(envelope.greeting);
      case "response": {
        this.#countTaken(envelope.frame.byteLength);
        const { waiting } = this.#streams.get(envelope.stream) ?? {};
        // Of a client that has gone meanwhile.
        if (waiting?.correlation === envelope.correlation) waiting.answered(envelope.frame);
        return undefined;
      }
      case "refusal": {
        const { waiting } = this.#streams.get(envelope.stream) ?? {};
        if (waiting?.correlation !== envelope.correlation) return undefined;
        this.#forget(envelope.stream);
        waiting.failed(new NoLinkAnswerError(envelope.sentence));
        return undefined;
      }
      case "goaway":
        this.#reason = envelope.sentence;
        return this.leave();
      case "push":
        return this.#parts.pushed(envelope.push);
    }
  }

  #greeted(text: string): void {
    const greeting = controllerGreetingIn(text);
    const { clusterId, nodeId } = this.#parts;
    if (greeting === null) throw new LinkError("a hello does not say who speaks");
    if (greeting.cluster_id !== clusterId || greeting.node_id !== nodeId)
      throw new LinkError("a hello is from another controller");
    const before = this.#greeting;
    this.#greeting = greeting;
    this.#say({ kind: "hello", greeting: JSON.stringify({ incarnation: greeting.incarnation }) });
    if (before === null) return this.#parts.opened();
    if (before.incarnation !== greeting.incarnation) this.#beginAnew();
  }

  /** The controller knows of none of the streams any more. */
  #beginAnew(): void {
    this.#generation += 1;
    this.#parts.unsettled();
    for (const [stream, { principal, waiting }] of this.#streams) {
      if (waiting === null) {
        this.#say({ kind: "begin", stream, principal });
        continue;
      }
      this.#forget(stream);
      const { nodeId } = this.#parts;
      waiting.failed(new NoLinkAnswerError(`controller ${nodeId} has lost its memory`));
    }
  }

  #forget(stream: number): void {
    this.#streams.delete(stream);
    // The controller may have ended it too, and would hear of one that has not begun.
    this.#outgoing = this.#outgoing.filter(
      (each) => each.kind !== "position" || each.stream !== stream,
    );
    if (this.#streams.size > 0) return;
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.leave(), IDLE_MS).unref();
  }

  #countTaken(bytes: number): void {
    this.#taken += bytes;
    if (this.#taken < TAKEN_BYTES) return;
    this.#say({ kind: "taken", bytes: this.#taken });
    this.#taken = 0;
  }

  #say(envelope: FromGateway, waitMs = 0): void {
    this.#outgoing.push(envelope);
    this.#dueAt = Math.min(this.#dueAt, performance.now() + waitMs);
    if (this.#isArmed) return;
    if (waitMs > 0) return this.#await(waitMs);
    this.#isArmed = true;
    setImmediate(() => this.#flush());
  }

  #await(waitMs: number): void {
    const until = performance.now() + waitMs;
    if (until >= this.#companyUntil) return;
    clearTimeout(this.#company);
    this.#companyUntil = until;
    this.#company = setTimeout(() => this.#flush(), waitMs);
  }

  #flush(): void {
    this.#isArmed = false;
    clearTimeout(this.#company);
    this.#companyUntil = Number.POSITIVE_INFINITY;
    const lateMs = performance.now() - this.#dueAt;
    this.#dueAt = Number.POSITIVE_INFINITY;
    if (this.#isOver || this.#outgoing.length === 0) return;
    // A timer that was due may have its turn before the one that notices a standstill (LK-3).
    if (lateMs > LATE_MS) return this.drop("the gateway stood still");
    const envelopes = this.#outgoing;
    this.#outgoing = [];
    const { linkMessages } = this.#parts.metrics;
    for (const message of writeMessages(envelopes, FROM_GATEWAY)) {
      this.#socket.send(message);
      linkMessages.sent += 1;
      linkMessages.bytesSent += message.byteLength;
    }
  }
}
