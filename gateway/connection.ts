/**
 * One client's TCP connection. Frames are sent on one after the other and answered in the order in which they
 * came, as Kafka's own server does it; a client may send ahead, up to a bound, and is then not read from until
 * it has taken its answers.
 *
 * Whatever cannot be served (garbage, a frame too large, an edge that is gone) ends the connection: that is the
 * one signal that every Kafka client understands.
 */
import type { Socket } from "node:net";
import { FrameCutter, FrameSizeError, sizePrefix } from "./frame-cutter.ts";
import type { GatewayMetrics } from "./metrics.ts";
import type { Tunnel } from "./tunnel.ts";

export interface ConnectionLimits {
  readonly frameBytesMax: number;
  /** Frames that a client may have sent ahead of their answers. */
  readonly framesAheadMax: number;
  /** A client that neither sends a frame nor takes its answers for this long is let go. */
  readonly idleMs: number;
}

export interface ConnectionParts {
  readonly nodeId: number;
  readonly tunnel: Tunnel;
  readonly metrics: GatewayMetrics;
  readonly limits: ConnectionLimits;
  readonly log: (line: string) => void;
}

/** Serves `socket` until it closes. Never throws; resolves when the connection is gone. */
export async function serve(socket: Socket, parts: ConnectionParts): Promise<void> {
  const { limits, metrics, tunnel, nodeId } = parts;
  const cutter = new FrameCutter(limits.frameBytesMax);
  const waiting: Uint8Array[] = [];
  const gone = new AbortController();
  let isBusy = false;

  const end = (reason: string | null): void => {
    if (reason !== null && !gone.signal.aborted) {
      metrics.connectionsRefused += 1;
      parts.log(`controller ${nodeId}: ${reason}; connection closed`);
    }
    gone.abort();
    socket.destroy();
  };

  const work = async (): Promise<void> => {
    if (isBusy) return;
    isBusy = true;
    try {
      for (let frame = waiting.shift(); frame !== undefined; frame = waiting.shift()) {
        const answer = await sendOne(frame, { tunnel, metrics, nodeId, signal: gone.signal });
        await write(socket, answer);
        if (waiting.length < limits.framesAheadMax && cutter.held <= limits.frameBytesMax)
          socket.resume();
      }
    } catch (error) {
      end(error instanceof Error ? error.message : String(error));
    } finally {
      isBusy = false;
    }
  };

  socket.setNoDelay(true);
  socket.setTimeout(limits.idleMs, () => end(null));
  socket.on("data", (chunk) => {
    try {
      waiting.push(...cutter.push(chunk));
    } catch (error) {
      if (!(error instanceof FrameSizeError)) throw error;
      end(error.message);
      return;
    }
    if (waiting.length >= limits.framesAheadMax) socket.pause();
    void work();
  });
  socket.on("error", () => end(null));
  await new Promise<void>((resolve) => {
    socket.once("close", () => {
      gone.abort();
      resolve();
    });
  });
}

async function sendOne(
  frame: Uint8Array,
  {
    tunnel,
    metrics,
    nodeId,
    signal,
  }: Pick<ConnectionParts, "tunnel" | "metrics" | "nodeId"> & { readonly signal: AbortSignal },
): Promise<Uint8Array> {
  if (!tunnel.isOpen) throw new Error("the edge cannot be reached");
  metrics.framesInFlight += 1;
  metrics.bytesInFlight += frame.byteLength;
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
    metrics.bytesInFlight -= frame.byteLength;
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
