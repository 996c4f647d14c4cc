/**
 * One client's TCP connection. Frames are sent on one after the other and answered in the order in which they came, as
 * Kafka's own server does it; a client may send ahead, up to a bound; beyond it the gateway stops reading until the
 * client has taken its answers.
 *
 * Where the listener wants SASL, the client first says who it is, within bounds of their own; after that its frames are
 * not looked into. What cannot be served (garbage, a frame too large, an edge that is gone) ends the connection: that
 * is the one signal that every Kafka client understands.
 */
import type { Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import type { Identity } from "../edge/identity.ts";
import type { FrameStream } from "../edge/link/frame-stream.ts";
import { EdgeError, type Tunnel } from "../edge/tunnel.ts";
import { textOf, type Log } from "../log.ts";
import type { GatewayMetrics, RefusalReason } from "../metrics.ts";
import { ObservedStream } from "../observer/observed-stream.ts";
import type { Observer } from "../observer/observer.ts";
import { SaslServer, unexpectedSasl, type SaslAnswer, type SaslEdge } from "../sasl/sasl-server.ts";
import { FrameCutter, FrameSizeError, SIZE_BYTES } from "./frame-cutter.ts";
import { writeFrame } from "./frame-writing.ts";
import type { Room } from "./room.ts";
import type { Standstill } from "./standstill.ts";

export interface ConnectionLimits {
  readonly frameBytesMax: number;
  /** Frames that a client may have sent ahead of their answers. */
  readonly framesAheadMax: number;
  /** Bytes that one client may have sent ahead of their answers before the gateway stops reading from it. */
  readonly bytesAheadMax: number;
  /** A client that neither sends a frame nor takes its answers for this long is disconnected. */
  readonly idleMs: number;
  /** Bytes of one frame before the client is authenticated. */
  readonly saslBytesMax: number;
  /** How long SASL may take, and how long TLS may take before it. */
  readonly handshakeMs: number;
  /** Kafka's `connection.failed.authentication.delay.ms`: who has failed waits that long for the answer. */
  readonly failedAuthenticationDelayMs: number;
}

export interface ConnectionParts {
  /** What to call the connection in the log. */
  readonly name: string;
  /** The client's address and port. */
  readonly from: string;
  readonly nodeId: number;
  /** Who speaks, or with whose help a client that has to say so by SASL is judged. */
  readonly peer: { readonly identity: Identity } | { readonly sasl: SaslEdge };
  /** Called once, when the client is authenticated or gone. */
  readonly handshakeOver: () => void;
  /** Aborted when the controller is no voter any more: then the connection ends once what is on its way is answered. */
  readonly leaving: AbortSignal;
  readonly tunnel: Tunnel;
  /** What answers fetches of the log here; null where the controllers answer all. */
  readonly observer: Observer | null;
  readonly standstill: Standstill;
  readonly metrics: GatewayMetrics;
  readonly limits: ConnectionLimits;
  readonly room: Room;
  readonly log: Log;
}

/** Serves `socket` until it closes. Never throws; resolves when the connection is gone. */
export async function serve(socket: Socket, parts: ConnectionParts): Promise<void> {
  const connection = new Connection(socket, parts);
  socket.setNoDelay(true);
  socket.setTimeout(parts.limits.idleMs, () => connection.end(null));
  socket.on("data", (chunk) => connection.arrived(chunk));
  socket.on("error", () => connection.end(null));
  const finish = (): void => connection.finish();
  if (parts.leaving.aborted) finish();
  parts.leaving.addEventListener("abort", finish);
  await new Promise<void>((resolve) => {
    socket.once("close", resolve);
  });
  parts.leaving.removeEventListener("abort", finish);
  connection.end(null);
}

/** Why the gateway gives a connection up. */
export interface Refusal {
  readonly reason: RefusalReason;
  readonly sentence: string;
  /** The client has been answered, and is to have that answer. */
  readonly isAnswered?: true;
}

const HOLDS_ENOUGH: Refusal = {
  reason: "bound",
  sentence: "the gateway holds as many bytes as it may",
};

/** Says that the gateway closes a connection. */
export function sayRefused(
  { name, nodeId, from, log }: Pick<ConnectionParts, "name" | "nodeId" | "from" | "log">,
  { reason, sentence }: Refusal,
): void {
  const about = { level: "warn", event: "connection-refused", nodeId, peer: from, reason } as const;
  log(`${name}: ${sentence}; connection closed`, about);
}

/** How long a client has for its last answer. */
const LINGER_MS = 1_000;

class Connection {
  readonly #socket: Socket;
  readonly #parts: ConnectionParts;
  readonly #cutter: FrameCutter;
  readonly #gone = new AbortController();
  readonly #waiting: Uint8Array[] = [];
  /** Who speaks, or the exchange that is to say it. */
  #peer: Identity | SaslServer;
  /** What carries its frames, from the first one on. */
  #stream: FrameStream | null = null;
  #overdue: NodeJS.Timeout | undefined;
  #waitingBytes = 0;
  /** What this connection occupies of the shared room. */
  #held = 0;
  #isBusy = false;
  /** No further frame is sent to the edge. */
  #isFinishing = false;

  constructor(socket: Socket, parts: ConnectionParts) {
    const { peer, limits, handshakeOver } = parts;
    this.#socket = socket;
    this.#parts = parts;
    if ("identity" in peer) {
      this.#peer = peer.identity;
      this.#cutter = new FrameCutter(limits.frameBytesMax);
      handshakeOver();
      return;
    }
    this.#peer = new SaslServer(peer.sasl);
    this.#cutter = new FrameCutter(limits.saslBytesMax);
    const sentence = `not authenticated within ${limits.handshakeMs} ms`;
    this.#overdue = setTimeout(() => this.#fail(sentence), limits.handshakeMs);
  }

  /** Closes, and says why when it is the gateway that gives up. Requests under way to the edge are dropped. */
  end(refusal: Refusal | null): void {
    if (this.#gone.signal.aborted) return;
    if (refusal !== null) {
      const { metrics } = this.#parts;
      metrics.refused(refusal.reason);
      sayRefused(this.#parts, refusal);
    }
    this.#letGo();
    if (refusal?.isAnswered === true) this.#linger();
    else this.#socket.destroy();
  }

  /** Closes once the frame that is at the edge is answered. Those that wait behind it were never sent. */
  finish(): void {
    this.#isFinishing = true;
    if (this.#isBusy || this.#gone.signal.aborted) return;
    this.#letGo();
    this.#linger();
  }

  #letGo(): void {
    if (this.#peer instanceof SaslServer) this.#parts.handshakeOver();
    clearTimeout(this.#overdue);
    this.#gone.abort();
    this.#stream?.end();
    this.#waiting.length = 0;
    this.#parts.room.release(this.#held);
    this.#held = 0;
  }

  /**
   * The client is to have what was written. Reading on: unread bytes would make the closing a reset, which overtakes
   * it.
   */
  #linger(): void {
    this.#socket.resume();
    this.#socket.end();
    setTimeout(() => this.#socket.destroy(), LINGER_MS).unref();
  }

  arrived(chunk: Uint8Array): void {
    if (this.#gone.signal.aborted) return;
    // It may be as old as that.
    if (this.#parts.standstill.isOver()) return this.end(null);
    if (!this.#hold(chunk.byteLength)) {
      this.end(HOLDS_ENOUGH);
      return;
    }
    try {
      for (const frame of this.#cutter.push(chunk)) {
        this.#waiting.push(frame);
        this.#waitingBytes += frame.byteLength;
      }
    } catch (error) {
      if (!(error instanceof FrameSizeError)) throw error;
      this.end({ reason: "frame", sentence: error.message });
      return;
    }
    if (this.#isFarAhead()) this.#socket.pause();
    void this.#answerAll();
  }

  #isFarAhead(): boolean {
    const { framesAheadMax, bytesAheadMax } = this.#parts.limits;
    const framesMax = this.#peer instanceof SaslServer ? 1 : framesAheadMax;
    return this.#waiting.length >= framesMax || this.#waitingBytes >= bytesAheadMax;
  }

  #hold(bytes: number): boolean {
    if (!this.#parts.room.take(bytes)) return false;
    this.#held += bytes;
    return true;
  }

  #release(bytes: number): void {
    // `end` has released everything.
    if (this.#gone.signal.aborted) return;
    this.#parts.room.release(bytes);
    this.#held -= bytes;
  }

  async #answerAll(): Promise<void> {
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      for (let frame = this.#next(); frame !== undefined; frame = this.#next()) {
        const { frame: answer, failure } = await this.#answer(frame);
        this.#release(frame.byteLength + SIZE_BYTES);
        if (answer !== null) await this.#send(answer);
        if (failure !== null) this.#fail(failure, answer !== null);
      }
    } catch (error) {
      const sentence = textOf(error);
      this.end({ reason: error instanceof EdgeError ? "edge" : "frame", sentence });
    } finally {
      this.#isBusy = false;
      if (this.#isFinishing) this.finish();
    }
  }

  #next(): Uint8Array | undefined {
    if (this.#isFinishing) return undefined;
    const frame = this.#waiting.shift();
    this.#waitingBytes -= frame?.byteLength ?? 0;
    if (!this.#isFarAhead()) this.#socket.resume();
    return frame;
  }

  async #answer(frame: Uint8Array): Promise<SaslAnswer> {
    if (this.#peer instanceof SaslServer) return await this.#authenticate(frame, this.#peer);
    const answer = unexpectedSasl(frame) ?? (await this.#forward(frame, this.#peer));
    return { frame: answer, failure: null };
  }

  async #authenticate(frame: Uint8Array, sasl: SaslServer): Promise<SaslAnswer> {
    const { limits, metrics, handshakeOver } = this.#parts;
    const answer = await sasl.answer(frame, this.#gone.signal);
    if (sasl.token !== null && !this.#gone.signal.aborted) {
      this.#peer = { by: "token", token: sasl.token };
      this.#cutter.accept(limits.frameBytesMax);
      clearTimeout(this.#overdue);
      metrics.authenticationsSucceeded += 1;
      handshakeOver();
    }
    if (answer.failure !== null) await pause(limits.failedAuthenticationDelayMs);
    return answer;
  }

  #fail(sentence: string, isAnswered = false): void {
    if (this.#gone.signal.aborted) return;
    this.#parts.metrics.authenticationsFailed += 1;
    this.end({ reason: "authentication", sentence, ...(isAnswered ? { isAnswered } : {}) });
  }

  async #forward(frame: Uint8Array, identity: Identity): Promise<Uint8Array> {
    const { metrics, nodeId } = this.#parts;
    metrics.framesInFlight += 1;
    const begun = performance.now();
    try {
      this.#stream ??= this.#streamOf(identity);
      const answer = await this.#stream.send(frame, this.#gone.signal);
      metrics.answered({
        nodeId,
        frame,
        seconds: (performance.now() - begun) / 1_000,
        bytesOut: answer.byteLength,
      });
      return answer;
    } catch (error) {
      metrics.failed();
      throw error;
    } finally {
      metrics.framesInFlight -= 1;
    }
  }

  #streamOf(identity: Identity): FrameStream {
    const { tunnel, nodeId, observer } = this.#parts;
    const frames = observer === null ? null : tunnel.linkedStream(nodeId, identity);
    if (observer === null || frames === null) return tunnel.stream(nodeId, identity);
    return new ObservedStream({ observer, clusterId: tunnel.clusterId, nodeId, frames });
  }

  /** Writes an answer and waits until the client has room for the next. */
  async #send(answer: Uint8Array): Promise<void> {
    if (!this.#hold(answer.byteLength)) {
      this.end(HOLDS_ENOUGH);
      return;
    }
    await write(this.#socket, answer);
    this.#release(answer.byteLength);
  }
}

/** Writes an answer and waits until the client has room for the next. */
async function write(socket: Socket, answer: Uint8Array): Promise<void> {
  if (writeFrame(socket, answer) || socket.destroyed) return;
  await new Promise<void>((resolve) => {
    const done = (): void => {
      socket.off("drain", done);
      socket.off("close", done);
      resolve();
    };
    socket.on("drain", done);
    socket.on("close", done);
  });
}
