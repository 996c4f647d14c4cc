/** Frames over TCP, as brokers send them: each writer has a connection of its own, with one frame under way. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { FrameCutter } from "../gateway/tcp/frame-cutter.ts";
import { writeFrame } from "../gateway/tcp/frame-writing.ts";
import { closedLoop, type Load } from "./load.ts";
import type { LoadShape } from "./quorum.ts";

const FRAME_BYTES_MAX = 8 * 1_048_576;

/** Sends `frame` to the port of a gateway. */
export async function overTcp(port: number, shape: LoadShape, frame: Uint8Array): Promise<Load> {
  const free = await Promise.all(Array.from({ length: shape.writers }, () => opened(port)));
  const sockets = [...free];
  try {
    return await closedLoop(shape, async () => {
      const socket = free.pop();
      if (socket === undefined) throw new Error("more writers than connections");
      await exchange(socket, frame);
      free.push(socket);
    });
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

async function opened(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  return socket.setNoDelay(true);
}

async function exchange(socket: Socket, frame: Uint8Array): Promise<void> {
  const cutter = new FrameCutter(FRAME_BYTES_MAX);
  writeFrame(socket, frame);
  for (let answered = false; !answered;) {
    const [chunk]: readonly Buffer[] = await once(socket, "data");
    answered = chunk !== undefined && cutter.push(chunk).length > 0;
  }
}
