/** Writing a Kafka frame behind its size, in one system call. */
import type { Socket } from "node:net";
import { sized, sizePrefix } from "./frame-cutter.ts";

/** Up to here one copy costs less than a second buffer in the system call. */
const COPIED_BYTES_MAX = 4_096;

/** False when the other side is to take what it has first. */
export function writeFrame(socket: Socket, frame: Uint8Array): boolean {
  if (frame.byteLength <= COPIED_BYTES_MAX) return socket.write(sized(frame));
  socket.cork();
  socket.write(sizePrefix(frame));
  const hasRoom = socket.write(frame);
  socket.uncork();
  return hasRoom;
}
