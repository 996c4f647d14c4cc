/**
 * Controllers that reach each other in Node: a time that they share, and calls that travel as Kafka's frames, a request
 * there and its response back, each after a while.
 */
import { decodeResponse, encodeRequest } from "../../durable-objects/replica/peer-wire.ts";
import type { Ports, SendEffect } from "../../durable-objects/replica/ports.ts";
import {
  addRaftVoterRequest,
  addRaftVoterResponse,
  beginQuorumEpochRequest,
  beginQuorumEpochResponse,
  endQuorumEpochRequest,
  endQuorumEpochResponse,
  fetchRequest,
  fetchResponse,
  fetchSnapshotRequest,
  fetchSnapshotResponse,
  removeRaftVoterRequest,
  removeRaftVoterResponse,
  updateRaftVoterRequest,
  updateRaftVoterResponse,
  voteRequest,
  voteResponse,
  type ReplyBytes,
} from "../../durable-objects/replica/quorum-wire.ts";
import type { Answered } from "../../durable-objects/replica/replica.ts";
import {
  AddRaftVoter,
  BeginQuorumEpoch,
  decodeRequestFrame,
  EndQuorumEpoch,
  Fetch,
  FetchSnapshot,
  RemoveRaftVoter,
  responseFrame,
  UpdateRaftVoter,
  Vote,
} from "../../src/protocol/index.ts";
import type { ApiName, Reply, Request } from "../../src/raft/index.ts";

const LATENCY_MS = 5;

/** More events than any test needs. One that waits for what never happens ends here, and not never. */
const EVENTS_MAX = 100_000;

/** Time that all share, and what is to happen when. */
export class Time {
  nowMs = 1_000_000;
  #events = 0;
  #timers: { readonly atMs: number; readonly run: () => void }[] = [];

  set(delayMs: number, run: () => void): () => void {
    const timer = { atMs: this.nowMs + delayMs, run };
    this.#timers.push(timer);
    return () => (this.#timers = this.#timers.filter((other) => other !== timer));
  }

  pass(ms: number): void {
    const untilMs = this.nowMs + ms;
    while (this.step(untilMs)) continue;
    this.nowMs = untilMs;
  }

  /** Runs what comes next; false when nothing does by then. Throws when nothing ever will: nobody is to wait for it. */
  step(untilMs = Number.POSITIVE_INFINITY): boolean {
    const [next] = this.#timers.toSorted((left, right) => left.atMs - right.atMs);
    if (next === undefined && untilMs === Number.POSITIVE_INFINITY)
      throw new Error("nothing is to come any more");
    if (next === undefined || next.atMs > untilMs) return false;
    this.#timers = this.#timers.filter((other) => other !== next);
    this.nowMs = Math.max(this.nowMs, next.atMs);
    this.#events += 1;
    if (this.#events > EVENTS_MAX) throw new Error("it never comes to an end");
    next.run();
    return true;
  }
}

/** A controller or its replica, as a peer reaches it. */
export interface Reachable extends ReplyBytes {
  ask(body: Request, answered: Answered): () => void;
}

export interface Call {
  readonly signal: AbortSignal;
  readonly ended: Parameters<Ports["peers"]["ask"]>[2];
}

/**
 * A call as it travels. `reach` answers who is there when it arrives; for null it ends as if the object had been reset.
 * `onAnswer` may change the bytes of the answer on their way.
 */
export function carry(
  time: Time,
  reach: () => Reachable | null,
  { request, correlation }: SendEffect,
  call: Call & { readonly onAnswer?: (api: ApiName, frame: Uint8Array) => Uint8Array },
): void {
  const frame = encodeRequest(request, { clientId: "peer", correlationId: correlation });
  const later = (run: () => void): void => {
    time.set(LATENCY_MS, () => {
      if (!call.signal.aborted) run();
    });
  };
  later(() => {
    const receiver = reach();
    if (receiver === null) return call.ended({ kind: "failed", failure: "reset" });
    const asked = decodeRequestFrame(frame);
    receiver.ask(requestOf(asked), (reply) => {
      if (reply === null) return later(() => call.ended({ kind: "failed", failure: "reset" }));
      const sent = encodeReply(reply, receiver, asked);
      const answer = call.onAnswer?.(request.api, sent) ?? sent;
      later(() => {
        const answered = decodeResponse(request.api, answer);
        if (answered === null) throw new Error("an answer about nothing");
        call.ended({ kind: "answered", body: answered });
      });
    });
  });
}

function requestOf(asked: ReturnType<typeof decodeRequestFrame>): Request {
  switch (asked.name) {
    case "Fetch":
      return certain(fetchRequest(asked.body, asked.apiVersion));
    case "FetchSnapshot":
      return certain(fetchSnapshotRequest(asked.body));
    case "Vote":
      return certain(voteRequest(asked.body));
    case "BeginQuorumEpoch":
      return certain(beginQuorumEpochRequest(asked.body));
    case "EndQuorumEpoch":
      return certain(endQuorumEpochRequest(asked.body));
    case "AddRaftVoter":
      return addRaftVoterRequest(asked.body);
    case "RemoveRaftVoter":
      return removeRaftVoterRequest(asked.body);
    case "UpdateRaftVoter":
      return updateRaftVoterRequest(asked.body);
    default:
      throw new Error(`nobody asks ${asked.name} here`);
  }
}

function certain(request: Request | null): Request {
  if (request === null) throw new Error("a request about nothing");
  return request;
}

function encodeReply(
  reply: Reply,
  stored: ReplyBytes,
  to: { readonly apiVersion: number; readonly correlationId: number },
): Uint8Array {
  switch (reply.api) {
    case "fetch":
      return responseFrame(Fetch, to, fetchResponse(reply, stored, to.apiVersion));
    case "fetch-snapshot":
      return responseFrame(FetchSnapshot, to, fetchSnapshotResponse(reply, stored, to.apiVersion));
    case "vote":
      return responseFrame(Vote, to, voteResponse(reply, stored, to.apiVersion));
    case "begin-quorum-epoch":
      return responseFrame(
        BeginQuorumEpoch,
        to,
        beginQuorumEpochResponse(reply, stored, to.apiVersion),
      );
    case "end-quorum-epoch":
      return responseFrame(
        EndQuorumEpoch,
        to,
        endQuorumEpochResponse(reply, stored, to.apiVersion),
      );
    case "add-raft-voter":
      return responseFrame(AddRaftVoter, to, addRaftVoterResponse(reply));
    case "remove-raft-voter":
      return responseFrame(RemoveRaftVoter, to, removeRaftVoterResponse(reply));
    case "update-raft-voter":
      return responseFrame(UpdateRaftVoter, to, updateRaftVoterResponse(reply));
  }
}
