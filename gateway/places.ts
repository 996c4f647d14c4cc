/**
 * Where the ports of controllers are. A controller keeps its place for as long as it is there; what it leaves is free
 * for the next one.
 */
import type { Controller } from "./edge/controller-list.ts";
import type { HostAndPort } from "./listen.ts";

export interface Places {
  of(controller: Pick<Controller, "nodeId" | "port">): HostAndPort;
  leave(nodeId: number): void;
}

/** On loopback, each at the port that the cluster tells its brokers. */
export const OWN_PORTS: Places = {
  of: ({ port }) => ({ host: "127.0.0.1", port }),
  leave: () => undefined,
};

/** So many ports from the first on are its places: nodes that come get the ports after those that were. */
export const PLACES = 100;

/**
 * Ports from the first on. A controller whose own port is among them has that one, so that brokers find it where they
 * are told, also after a restart; any other has the first that is free. Port 0 stands for any free ones.
 */
export class PortsFrom implements Places {
  readonly #first: HostAndPort;
  readonly #taken = new Map<number, number>();

  constructor(first: HostAndPort) {
    this.#first = first;
  }

  of({ nodeId, port: own }: Pick<Controller, "nodeId" | "port">): HostAndPort {
    const { host, port: first } = this.#first;
    if (first === 0) return { host, port: 0 };
    const port = this.#taken.get(nodeId) ?? this.#choose(own);
    this.#taken.set(nodeId, port);
    return { host, port };
  }

  leave(nodeId: number): void {
    this.#taken.delete(nodeId);
  }

  #choose(own: number): number {
    const { port: first } = this.#first;
    const taken = new Set(this.#taken.values());
    if (own >= first && own < first + PLACES && !taken.has(own)) return own;
    let port = first;
    while (taken.has(port)) port += 1;
    return port;
  }
}

/** What an operator should know of a place that is another than the cluster names; null when all is well. */
export function remarkOn(
  place: HostAndPort,
  { nodeId, port }: Pick<Controller, "nodeId" | "port">,
): string | null {
  if (place.port === 0 || place.port === port) return null;
  return `brokers are told to find controller ${nodeId} on port ${port}: is there a proxy in between?`;
}
