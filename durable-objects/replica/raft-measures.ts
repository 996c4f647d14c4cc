/**
 * What a replica measures of itself, from the steps of its core alone: Kafka's `raft-metrics`, and of
 * `raft-channel-metrics` what its calls of other controllers carry. It decides nothing, and is gone with its
 * incarnation.
 */
import { highWatermark, type Input, type State, type Step } from "../../src/raft/index.ts";
import { Windowed } from "./windowed.ts";

/** Of calls to other controllers; bytes are of frames, without the headers of HTTP. */
export interface ChannelTraffic {
  requests: number;
  responses: number;
  bytesOut: number;
  bytesIn: number;
}

/** Appends that are not committed: of more than these the oldest are not measured. */
const PENDING_MAX = 1_000;

export class RaftMeasures {
  readonly traffic: ChannelTraffic = { requests: 0, responses: 0, bytesOut: 0, bytesIn: 0 };
  readonly commitLatencyMs: Windowed;
  readonly electionLatencyMs: Windowed;
  readonly appended: Windowed;
  readonly fetched: Windowed;
  /** How many leaders this incarnation has seen. */
  leadersSeen = 0;
  /** How often it fell asleep. */
  sleeps = 0;
  /** What ended its last sleep: an input, or the API of a request. */
  wokenBy: string | null = null;
  #last: State | null = null;
  #electionSinceMs: number | null = null;
  #pending: { readonly endOffset: number; readonly atMs: number }[] = [];

  constructor(nowMs: number) {
    this.commitLatencyMs = new Windowed(nowMs);
    this.electionLatencyMs = new Windowed(nowMs);
    this.appended = new Windowed(nowMs);
    this.fetched = new Windowed(nowMs);
  }

  /** Shown every step of the core. */
  watch(input: Input | null, { state }: Step): void {
    const last = this.#last;
    this.#last = state;
    if (input === null || last === null) return;
    this.#countRecords(last, state, input.now);
    this.#timeElection(last, state, input.now);
    this.#noteSleep(last, state, input);
    if (state.role.kind !== "leader") this.#pending = [];
    const committed = highWatermark(state) ?? -1;
    while ((this.#pending[0]?.endOffset ?? Number.POSITIVE_INFINITY) <= committed) {
      const done = this.#pending.shift();
      if (done !== undefined) this.commitLatencyMs.record(input.now - done.atMs, input.now);
    }
  }

  #noteSleep(last: State, state: State, input: Input): void {
    if (last.asleep === null && state.asleep !== null) this.sleeps += 1;
    if (last.asleep !== null && state.asleep === null)
      this.wokenBy = input.kind === "request-received" ? input.body.api : input.kind;
  }

  #countRecords(last: State, state: State, nowMs: number): void {
    const { endOffset } = state.log;
    const added = endOffset - last.log.endOffset;
    if (added <= 0) return;
    if (state.role.kind !== "leader") return this.fetched.record(added, nowMs);
    this.appended.record(added, nowMs);
    if (this.#pending.length < PENDING_MAX) this.#pending.push({ endOffset, atMs: nowMs });
  }

  #timeElection(last: State, { role, election }: State, nowMs: number): void {
    const isElecting = role.kind === "prospective" || role.kind === "candidate";
    if (isElecting) this.#electionSinceMs ??= nowMs;
    const leads = role.kind === "leader" || role.kind === "follower";
    if (leads && this.#electionSinceMs !== null) {
      this.electionLatencyMs.record(nowMs - this.#electionSinceMs, nowMs);
      this.#electionSinceMs = null;
    }
    const isNew = election.epoch !== last.election.epoch || last.election.leaderId === null;
    if (election.leaderId !== null && isNew) this.leadersSeen += 1;
  }
}
