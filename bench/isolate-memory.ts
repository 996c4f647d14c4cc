/**
 * What the isolate of a runtime holds in memory, as its inspector says (the Chrome DevTools protocol): the JavaScript
 * heap and, beside it, the bytes of array buffers. Neither SQLite's cache nor the runtime itself is in it.
 */
import type { Edge } from "../local/edge.ts";

interface Usage {
  readonly usedSize: number;
  readonly backingStorageSize: number;
}

/**
 * In MB. `peak` has what is not collected yet; it is looked at between events, so what one event needs is not in it.
 */
export interface Held {
  readonly live: number;
  readonly peak: number;
}

const LOOK_MS = 50;

export class IsolateMemory {
  readonly #socket: WebSocket;
  readonly #url: string;
  readonly #answers = new Map<number, (result: unknown) => void>();
  #nextCall = 1;
  #peak = 0;
  #isWatched = true;

  private constructor(socket: WebSocket, url: string) {
    this.#socket = socket;
    this.#url = url;
    socket.addEventListener("message", ({ data }) => {
      const { id, result }: { readonly id?: number; readonly result?: unknown } = JSON.parse(
        String(data),
      );
      if (id === undefined) return;
      this.#answers.get(id)?.(result);
      this.#answers.delete(id);
    });
  }

  /** Watches the one isolate of a runtime that was started with its inspector, until it is closed. */
  static async of({ inspectorPort: port, url }: Edge): Promise<IsolateMemory> {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/main`);
    await new Promise<void>((opened, failed) => {
      socket.addEventListener("open", () => opened());
      socket.addEventListener("error", () => failed(new Error(`no inspector on ${port}`)));
    });
    const memory = new IsolateMemory(socket, url);
    void memory.#watch();
    return memory;
  }

  /** The most since it was asked last; then garbage is collected, and what is left is what lives. */
  async held(): Promise<Held> {
    await this.#look();
    const peak = this.#peak;
    await this.#collectGarbage();
    this.#peak = 0;
    const live = await this.#look();
    return { live: megabytes(live), peak: megabytes(peak) };
  }

  close(): void {
    this.#isWatched = false;
    this.#socket.close();
  }

  // It is a task of the isolate, which runs none while nothing arrives.
  async #collectGarbage(): Promise<void> {
    const collected = this.#call("HeapProfiler.collectGarbage").then(() => true);
    const arrived = async (): Promise<boolean> => {
      await (await fetch(`${this.#url}/health/live`)).text();
      return false;
    };
    while (!(await Promise.race([collected, arrived()])));
  }

  async #watch(): Promise<void> {
    while (this.#isWatched) {
      await this.#look();
      await new Promise((settle) => setTimeout(settle, LOOK_MS));
    }
  }

  async #look(): Promise<number> {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as the protocol defines it
    const usage = (await this.#call("Runtime.getHeapUsage")) as Usage;
    const bytes = usage.usedSize + usage.backingStorageSize;
    this.#peak = Math.max(this.#peak, bytes);
    return bytes;
  }

  #call(method: string): Promise<unknown> {
    const id = this.#nextCall;
    this.#nextCall += 1;
    return new Promise((answered) => {
      this.#answers.set(id, answered);
      this.#socket.send(JSON.stringify({ id, method }));
    });
  }
}

const megabytes = (bytes: number): number => Math.round(bytes / 1e6);
