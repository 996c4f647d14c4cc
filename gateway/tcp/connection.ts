/**
 * One client's TCP connection. Frames are sent on one after the other and answered in the order in which they came, as
 * Kafka's own server does it; a client may send ahead, up to a bound; beyond it the gateway stops reading until the
 * client has taken its answers.
 *
 * What cannot be served (garbage, a frame too large, an edge that is gone) ends the connection: that is the one signal
 * that every Kafka client understands.
 */
import type { Socket } from "node:net";
import { FrameCutter, FrameSizeError, SIZE_BYTES, sizePrefix } from "./frame-cutter.ts";
import type { GatewayMetrics } from "../metrics.ts";
import type { Tunnel } from "../edge/tunnel.ts";

export interface ConnectionLimits {
  readonly frameBytesMax: number;
  /** Frames that a client may have sent ahead of their answers. */
  readonly framesAheadMax: number;
  /** Bytes that one client may have sent ahead of their answers before the gateway stops reading from it. */
  readonly bytesAheadMax: number;
  /** A client that neither sends a frame nor takes its answers for this long is disconnected. */
  readonly idleMs: number;
}

/** Room for bytes, shared by every connection of the gateway: what has arrived, and what is not taken yet. */
export class Room {
  readonly #bytesMax: number;
  #held = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get held(): number {
    return this.#held;
  }

  /** False, and nothing is taken, when that many bytes do not fit. */
  take(bytes: number): boolean {
    if (this.#held + bytes > this.#bytesMax) return false;
    this.#held += bytes;
    return true;
  }

  release(bytes: number): void {
    this.#held -= bytes;
  }
}

export interface ConnectionParts {
  readonly nodeId: number;
  readonly tunnel: Tunnel;
  readonly metrics: GatewayMetrics;
  readonly limits: ConnectionLimits;
  readonly room: Room;
  readonly log: (line: string) => void;
}

/** Serves `socket` until it closes. Never throws; resolves when the connection is gone. */
export async function serve(socket: Socket, parts: ConnectionParts): Promise<void> {
  const connection = new Connection(socket, parts);
  socket.setNoDelay(true);
  socket.setTimeout(parts.limits.idleMs, () => connection.end(null));
  socket.on("data", (chunk) => connection.arrived(chunk));
  socket.on("error", () => connection.end(null));
  await new Promise<void>((resolve) => {
    socket.once("close", resolve);
  });
  connection.end(null);
}

class Connection {
  readonly #socket: Socket;
  readonly #parts: ConnectionParts;
  readonly #cutter: FrameCutter;
  readonly #gone = new AbortController();
  readonly #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  /** What this connection occupies of the shared room. */
  #held = 0;
  #isBusy = false;

  constructor(socket: Socket, parts: ConnectionParts) {
    this.#socket = socket;
    this.#parts = parts;
    this.#cutter = new FrameCutter(parts.limits.frameBytesMax);
  }

  /** Closes, and says why when it is the gateway that gives up. Requests under way to the edge are dropped. */
  end(reason: string | null): void {
    if (this.#gone.signal.aborted) return;
    if (reason !== null) {
      this.#parts.metrics.connectionsRefused += 1;
      this.#parts.log(`controller ${this.#parts.nodeId}: ${reason}; connection closed`);
    }
    this.#gone.abort();
    this.#waiting.length = 0;
    this.#parts.room.release(this.#held);
    this.#held = 0;
    this.#socket.destroy();
  }

  arrived(chunk: Uint8Array): void {
    if (this.#gone.signal.aborted) return;
    if (!this.#hold(chunk.byteLength)) {
      this.end("the gateway holds as many bytes as it may");
      return;
    }
    try {
      for (const frame of this.#cutter.push(chunk)) {
        this.#waiting.push(frame);
        this.#waitingBytes += frame.byteLength;
      }
    } catch (error) {
      if (!(error instanceof FrameSizeError)) throw error;
      this.end(error.message);
      return;
    }
    if (this.#isFarAhead()) this.#socket.pause();
    void this.#answerAll();
  }

  #isFarAhead(): boolean {
    const { framesAheadMax, bytesAheadMax } = this.#parts.limits;
    return this.#waiting.length >= framesAheadMax || this.#waitingBytes >= bytesAheadMax;
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
        const answer = await sendOne(frame, this.#parts, this.#gone.signal);
        this.#release(frame.byteLength + SIZE_BYTES);
        if (!this.#hold(answer.byteLength))
          throw new Error("the gateway holds as many bytes as it may");
        await write(this.#socket, answer);
        this.#release(answer.byteLength);
      }
    } catch (error) {
      this.end(error instanceof Error ? error.message : String(error));
    } finally {
      this.#isBusy = false;
    }
  }

  #next(): Uint8Array | undefined {
    const frame = this.#waiting.shift();
    this.#waitingBytes -= frame?.byteLength ?? 0;
    if (!this.#isFarAhead()) this.#socket.resume();
    return frame;
  }
}

async function sendOne(
  frame: Uint8Array,
  { tunnel, metrics, nodeId }: ConnectionParts,
  signal: AbortSignal,
): Promise<Uint8Array> {
  if (!tunnel.isOpen) throw new Error("the edge cannot be reached");
  metrics.framesInFlight += 1;
  const begun = performance.now();
  try {
    const answer = await tunnel.send(nodeId, frame, signal);
    metrics.answered({
      seconds: (performance.now() - begun) / 1_000,
      bytesIn: frame.byteLength,
      bytesOut: answer.byteLength,
    });
    return answer;
  } catch (error) {
    metrics.framesFailed += 1;
    throw error;
  } finally {
    metrics.framesInFlight -= 1;
  }
}

/** Writes an answer and waits until the client has room for the next. */
async function write(socket: Socket, answer: Uint8Array): Promise<void> {
  socket.cork();
  socket.write(sizePrefix(answer));
  const hasRoom = socket.write(answer);
  socket.uncork();
  if (hasRoom || socket.destroyed) return;
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
