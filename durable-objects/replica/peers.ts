/**
 * The other controllers of the quorum, reached by `fetch` with Kafka frames as the body: the same bytes that a
 * JVM controller would send over TCP. A call ends in exactly one of two ways, an answer or none; when and whether to
 * call again is the consensus core's business.
 *
 * A peer is addressed by its object's name, which follows from the cluster's id and the peer's: voters that joined
 * later are reached as the first ones are.
 */
import type { Response } from "../../src/raft/index.ts";
import { controllerName, type ClusterEntry } from "../cluster-entry.ts";
import { ROUTES, urlOf } from "../contract.ts";
import { isLocationHint } from "../location-hints.ts";
import { decodeResponse, encodeRequest } from "./peer-wire.ts";
import { patienceMs } from "./patience.ts";
import type { Peers, SendEffect } from "./ports.ts";

export class ObjectPeers implements Peers {
  readonly #namespace: DurableObjectNamespace;
  readonly #cluster: ClusterEntry;
  /** How this node names itself in the header of its frames. */
  readonly #clientId: string;

  constructor(namespace: DurableObjectNamespace, cluster: ClusterEntry, nodeId: number) {
    this.#namespace = namespace;
    this.#cluster = cluster;
    this.#clientId = `controller-${nodeId}`;
  }

  ask(send: SendEffect, ended: (answer: Response | null) => void): void {
    this.#answerTo(send).then(ended, () => ended(null));
  }

  async #answerTo(send: SendEffect): Promise<Response> {
    const { to, correlation, request } = send;
    const frame = encodeRequest(request, { clientId: this.#clientId, correlationId: correlation });
    const response = decodeResponse(request.api, await this.#call(send, frame));
    if (response === null)
      throw new Error(`controller ${to} answered ${request.api} for another partition`);
    return response;
  }

  /** Sends one request frame to a peer and resolves with its response frame. */
  async #call(send: SendEffect, frame: Uint8Array): Promise<Uint8Array> {
    const response = await this.#stub(send.to).fetch(urlOf("peerFrames"), {
      method: ROUTES.peerFrames.method,
      body: frame,
      signal: AbortSignal.timeout(patienceMs(send, Date.now())),
    });
    const body = await response.arrayBuffer();
    if (!response.ok) throw new Error(`controller ${send.to} answered ${response.status}`);
    return new Uint8Array(body);
  }

  // A fresh stub for every call: one that has met a reset object stays broken for ever.
  #stub(nodeId: number): DurableObjectStub {
    const id = this.#namespace.idFromName(controllerName(this.#cluster.cluster_id, nodeId));
    const hint = this.#hintFor(nodeId);
    return this.#namespace.get(id, isLocationHint(hint) ? { locationHint: hint } : undefined);
  }

  // A hint counts when an object is first used. While a quorum forms, that may be a peer's call.
  #hintFor(nodeId: number): string | undefined {
    return this.#cluster.initial_voters.find(({ node_id }) => node_id === nodeId)?.location_hint;
  }
}
