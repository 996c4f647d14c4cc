/**
 * The controllers of the quorum that is observed, as a gateway reaches them: a connection to each address that the
 * observer names, and one to a server that the gateway was told, which is the next of them after each that failed.
 */
import type { Address } from "../../src/link/index.ts";
import type { HostAndPort } from "../listen.ts";
import { addressText } from "../listen.ts";
import { ControllerConnection } from "./controller-connection.ts";

/** More controllers than a quorum has, those that were replaced included. */
const CONNECTIONS_MAX = 16;

const ANY = "any";

export class ObservedQuorum {
  readonly #servers: readonly HostAndPort[];
  readonly #connections = new Map<string, ControllerConnection>();
  #next = 0;

  /** `servers` is not empty. */
  constructor(servers: readonly HostAndPort[]) {
    this.#servers = servers;
  }

  get connectionsOpen(): number {
    return this.#connections.size;
  }

  /** Resolves with what that controller, or any server, answers. Rejects with a sentence; the signal ends it. */
  async ask(to: Address | null, frame: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    const connection = this.#connectionTo(to);
    const drop = (): void => connection.close("the observer waits no longer");
    signal.addEventListener("abort", drop, { once: true });
    try {
      return await connection.ask(frame);
    } catch (error) {
      if (to === null) this.#next += 1;
      throw error;
    } finally {
      signal.removeEventListener("abort", drop);
    }
  }

  close(): void {
    for (const connection of this.#connections.values()) connection.close("the gateway stops");
  }

  #connectionTo(to: Address | null): ControllerConnection {
    const key = to === null ? ANY : addressText(to);
    const known = this.#connections.get(key);
    if (known !== undefined) {
      // Kafka handles the frames of a connection one after the other: a new one would wait for the old one's answer.
      if (!known.isBusy) return known;
      known.close("the observer asks anew");
    }
    if (this.#connections.size >= CONNECTIONS_MAX) this.#closeOne();
    const at = to ?? this.#servers[this.#next % this.#servers.length];
    if (at === undefined) throw new Error("no server is known");
    const connection: ControllerConnection = new ControllerConnection(at, () => {
      if (this.#connections.get(key) === connection) this.#connections.delete(key);
    });
    this.#connections.set(key, connection);
    return connection;
  }

  /** The oldest that nobody waits for, or just the oldest. */
  #closeOne(): void {
    const all = [...this.#connections.values()];
    (all.find(({ isBusy }) => !isBusy) ?? all[0])?.close("there are too many connections");
  }
}
