/**
 * The other controllers of the quorum, reached by `fetch` with Kafka frames as the body: the same bytes that a JVM
 * controller would send over TCP. A call ends in exactly one of two ways, an answer or the kind of failure that it was;
 * when and whether to call again, and for how long to wait, is the consensus core's business.
 *
 * A peer is addressed by its object's name, which follows from the cluster's id and the peer's: voters that joined
 * later are reached as the first ones are.
 */
import { DecodeError } from "../../src/protocol/index.ts";
import type { ApiName, Response } from "../../src/raft/index.ts";
import { controllerName, type ClusterEntry } from "../cluster-entry.ts";
import { ROUTES, STATUS, urlOf } from "../contract.ts";
import { objectsOf } from "../jurisdictions.ts";
import { isLocationHint } from "../location-hints.ts";
import type { OperatorLog } from "../operator-log.ts";
import { CallFailed, failureOf } from "./call-failure.ts";
import { CallQueue } from "./call-queue.ts";
import { decodeResponse, encodeRequest } from "./peer-wire.ts";
import type { ChannelTraffic } from "./raft-measures.ts";
import type { CallOutcome, Peers, SendEffect } from "./ports.ts";

const PEER_FRAMES = urlOf("peerFrames");

export class ObjectPeers implements Peers {
  readonly #namespace: DurableObjectNamespace;
  readonly #cluster: ClusterEntry;
  /** How this node names itself in the header of its frames. */
  readonly #clientId: string;
  readonly #operatorLog: Pick<OperatorLog, "error">;
  readonly #traffic: ChannelTraffic;
  readonly #queue = new CallQueue();
  /** What was said last of an answer that could not be read. */
  #said: string | null = null;

  constructor(
    namespace: DurableObjectNamespace,
    of: { readonly cluster: ClusterEntry; readonly nodeId: number },
    operatorLog: Pick<OperatorLog, "error">,
    traffic: ChannelTraffic = { requests: 0, responses: 0, bytesOut: 0, bytesIn: 0 },
  ) {
    this.#traffic = traffic;
    this.#namespace = objectsOf(namespace, of.cluster);
    this.#cluster = of.cluster;
    this.#clientId = `controller-${of.nodeId}`;
    this.#operatorLog = operatorLog;
  }

  ask(send: SendEffect, signal: AbortSignal, ended: (outcome: CallOutcome) => void): void {
    this.#answerTo(send, signal).then(
      (body) => ended({ kind: "answered", body }),
      (cause: unknown) => {
        const failure = cause instanceof CallFailed ? cause.failure : "reset";
        if (cause instanceof CallFailed && failure === "unreadable") this.#report(cause.message);
        ended({ kind: "failed", failure });
      },
    );
  }

  // The core asks again, and would be answered the same: said once.
  #report(reason: string): void {
    if (reason !== this.#said) this.#operatorLog.error("answer-unreadable", reason);
    this.#said = reason;
  }

  async #answerTo(
    { to, correlation, request }: SendEffect,
    signal: AbortSignal,
  ): Promise<Response> {
    const frame = encodeRequest(request, { clientId: this.#clientId, correlationId: correlation });
    const answer = await this.#queue.run(request.api, signal, () => this.#call(to, frame, signal));
    const response = read(request.api, to, answer);
    if (response === null) {
      throw new CallFailed("unreadable", `controller ${to} answered for another partition`);
    }
    return response;
  }

  /** Sends one request frame to a peer and resolves with its response frame. */
  async #call(nodeId: number, body: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    try {
      const { method } = ROUTES.peerFrames;
      this.#traffic.requests += 1;
      this.#traffic.bytesOut += body.byteLength;
      const response = await this.#stub(nodeId).fetch(PEER_FRAMES, { method, body, signal });
      const answer = new Uint8Array(await response.arrayBuffer());
      this.#traffic.responses += 1;
      this.#traffic.bytesIn += answer.byteLength;
      if (response.ok) return answer;
      // The node itself says that it takes no part. Any other status is a fault in how the two understand each other.
      throw new CallFailed(
        response.status === STATUS.noPart ? "refused" : "unreadable",
        `controller ${nodeId} answered ${response.status}`,
      );
    } catch (cause) {
      if (cause instanceof CallFailed) throw cause;
      throw new CallFailed(failureOf(cause), `controller ${nodeId} did not answer`, { cause });
    }
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

function read(api: ApiName, from: number, frame: Uint8Array): Response | null {
  try {
    return decodeResponse(api, frame);
  } catch (cause) {
    if (!(cause instanceof DecodeError)) throw cause;
    const reason = `what controller ${from} answered cannot be read: ${cause.message}`;
    throw new CallFailed("unreadable", reason, { cause });
  }
}
