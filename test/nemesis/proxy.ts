/**
 * The network between the processes: a loopback port for each link, from one of them to another, whose bytes pass here
 * and can be held or delayed. A way is what passes from one process to another, the requests that it makes and the
 * answers that it gives, so holding one way is a partition in one direction. It keeps TCP's promises: what is held
 * arrives later, whole and in order, or the connection breaks.
 */
import { connect, createServer, type Server, type Socket } from "node:net";

/** So many bytes wait in one direction of one connection; the sender waits with the rest. */
const WAITING_MAX = 1024 * 1024;

/** Sees what comes out of a connection, and may keep it from passing: it has then answered and ended it. */
export interface Door {
  admits(near: Socket, bytes: Buffer): boolean;
}

/** What passes from one process to another. */
export class Way {
  /** How many pieces have waited here because of a fault. */
  held = 0;
  delayed = 0;
  /** Of faults that overlap, each holds it for itself. */
  #holds = 0;
  #delayMs = 0;
  readonly #pipes = new Set<Pipe>();

  get isHeld(): boolean {
    return this.#holds > 0;
  }

  get delayMs(): number {
    return this.#delayMs;
  }

  /** Nothing passes from now on, until each `hold` has its `release`. */
  hold(): void {
    this.#holds += 1;
  }

  /** What was held goes on late; with `breaks`, its connections break in its place. */
  release(breaks: boolean): void {
    this.#holds -= 1;
    for (const pipe of this.#pipes) {
      if (breaks && pipe.waits) pipe.break();
      else pipe.pump();
    }
  }

  /** What comes from now on takes so much longer, or less; what is under way does not come sooner. */
  slow(ms: number): void {
    this.#delayMs += ms;
  }

  /** Takes what one end of a connection sends to the other, until the other is closed. */
  carry(from: Socket, to: Socket, door: Door | null = null): void {
    this.#pipes.add(new Pipe(from, to, { way: this, door }));
  }

  leave(pipe: Pipe): void {
    this.#pipes.delete(pipe);
  }
}

interface Piece {
  readonly dueMs: number;
  /** Null for the end of the connection. */
  readonly bytes: Buffer | null;
}

/** One direction of one connection. */
class Pipe {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #way: Way;
  readonly #waiting: Piece[] = [];
  #bytes = 0;
  #lastDueMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    from: Socket,
    to: Socket,
    { way, door }: { readonly way: Way; readonly door: Door | null },
  ) {
    this.#from = from;
    this.#to = to;
    this.#way = way;
    from.on("data", (bytes: Buffer) => {
      if (door?.admits(from, bytes) !== false) this.#take(bytes);
    });
    from.on("close", () => this.#take(null));
    to.on("close", () => this.#leave());
  }

  get waits(): boolean {
    return this.#waiting.length > 0;
  }

  break(): void {
    this.#from.destroy();
    this.#to.destroy();
    this.#leave();
  }

  /** Hands on what is due. */
  pump(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    while (!this.#way.isHeld) {
      const [next] = this.#waiting;
      if (next === undefined) return;
      const restMs = next.dueMs - performance.now();
      if (restMs > 0) {
        this.#timer = setTimeout(() => this.pump(), restMs);
        return;
      }
      this.#waiting.shift();
      if (next.bytes === null) {
        this.#to.end();
        return;
      }
      this.#bytes -= next.bytes.length;
      if (!this.#to.destroyed) this.#to.write(next.bytes);
      if (this.#bytes < WAITING_MAX) this.#from.resume();
    }
  }

  #take(bytes: Buffer | null): void {
    if (this.#way.isHeld) this.#way.held += 1;
    else if (this.#way.delayMs > 0) this.#way.delayed += 1;
    this.#lastDueMs = Math.max(this.#lastDueMs, performance.now() + this.#way.delayMs);
    this.#waiting.push({ dueMs: this.#lastDueMs, bytes });
    this.#bytes += bytes?.length ?? 0;
    if (this.#bytes >= WAITING_MAX) this.#from.pause();
    if (this.#timer === undefined) this.pump();
  }

  #leave(): void {
    clearTimeout(this.#timer);
    this.#way.leave(this);
    this.#waiting.length = 0;
    // What is still sent has nowhere to go.
    this.#from.resume();
  }
}

export class FaultProxy {
  readonly #ways = new Map<string, Way>();
  readonly #servers: Server[] = [];
  readonly #sockets = new Set<Socket>();

  /** What passes from the process of one name to that of another. */
  way(from: string, to: string): Way {
    const name = `${from} > ${to}`;
    const way = this.#ways.get(name) ?? new Way();
    this.#ways.set(name, way);
    return way;
  }

  /** Opens a loopback port on which `from` reaches `to`, which listens where `portOf` says: null while it is down. */
  async open(
    from: string,
    to: string,
    portOf: () => number | null,
    door: Door | null = null,
  ): Promise<number> {
    const server = createServer((near) => {
      const port = portOf();
      if (port === null) {
        near.destroy();
        return;
      }
      const far = connect({ host: "127.0.0.1", port });
      for (const socket of [near, far]) this.#keep(socket);
      this.way(from, to).carry(near, far, door);
      this.way(to, from).carry(far, near);
    });
    this.#servers.push(server);
    await new Promise<void>((settle, fail) => {
      server.once("error", fail);
      server.listen({ host: "127.0.0.1", port: 0 }, settle);
    });
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("the proxy has no port");
    return address.port;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(this.#servers.map((server) => new Promise((settle) => server.close(settle))));
  }

  #keep(socket: Socket): void {
    socket.setNoDelay(true);
    this.#sockets.add(socket);
    // Its close follows, and is what is handed on.
    socket.on("error", () => undefined);
    socket.on("close", () => this.#sockets.delete(socket));
  }
}
