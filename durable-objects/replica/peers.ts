/**
 * The other controllers of the quorum, reached by `fetch` with Kafka frames as the body: the same bytes that a
 * JVM controller would send over TCP. A call ends in exactly one of two ways, a response frame or a failure;
 * when and whether to call again is the consensus core's business.
 */
import { controllerName, type ClusterEntry } from "../cluster-entry.ts";
import { isLocationHint } from "../location-hints.ts";

/** A platform call can hang for minutes; past this the core treats the peer as unreachable. */
const CALL_TIMEOUT_MS = 5_000;

export class Peers {
  readonly #namespace: DurableObjectNamespace;
  readonly #cluster: ClusterEntry;
  /** How this node names itself in the header of its frames. */
  readonly clientId: string;

  constructor(namespace: DurableObjectNamespace, cluster: ClusterEntry, nodeId: number) {
    this.clientId = `controller-${nodeId}`;
    this.#namespace = namespace;
    this.#cluster = cluster;
  }

  /**
   * Sends one request frame to a voter and resolves with its response frame. Rejects when the peer is gone,
   * refuses, or is too slow; whether it acted is then unknown, and every request of the quorum tolerates that.
   */
  async call(nodeId: number, frame: Uint8Array): Promise<Uint8Array> {
    const response = await this.#stub(nodeId).fetch("https://controller/peer-frames", {
      method: "POST",
      body: frame,
      signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
    });
    const body = await response.arrayBuffer();
    if (!response.ok) throw new Error(`controller ${nodeId} answered ${response.status}`);
    return new Uint8Array(body);
  }

  // A fresh stub for every call: one that has met a reset object stays broken for ever.
  #stub(nodeId: number): DurableObjectStub {
    const hint = this.#cluster.controllers.find(({ node_id }) => node_id === nodeId)?.location_hint;
    const id = this.#namespace.idFromName(controllerName(this.#cluster.cluster_id, nodeId));
    return this.#namespace.get(id, isLocationHint(hint) ? { locationHint: hint } : undefined);
  }
}
