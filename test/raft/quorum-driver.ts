/**
 * A quorum in one thread for scripts and tests: real cores, storage that always succeeds, a network that
 * delivers after a fixed time or not at all, and a clock that moves only when told. It finds no bugs by
 * chance, that is the simulator's work; it makes one course of events exact and readable.
 */
import { AssertionError } from "../../src/std/assert.ts";
import type {
  ApiName,
  Effect,
  Entry,
  Input,
  PersistEffect,
  RaftConfig,
  Reply,
  Request,
  RequestFailure,
  SnapshotId,
  State,
} from "../../src/raft/index.ts";
import {
  DEFAULT_TIMEOUTS,
  INCARNATION_COUNT,
  boot,
  clockAt,
  describeEffect,
  describeEntry,
  describeRequest,
  describeResponse,
  nextDeadline,
  step,
  timeAt,
  votersAt,
} from "../../src/raft/index.ts";
import { NodeDisk, voterOf } from "./node-disk.ts";
import { snapshotFile, votersInFile } from "./snapshot-file.ts";

/** One way, in milliseconds. */
const LATENCY_MS = 5;
/** Where every run begins; not 0, so that a forgotten clock shows. */
export const START_MS = 100_000;

export const CLUSTER_ID = "cluster";

export const configOf = (id: number, voters: readonly number[]): RaftConfig => ({
  clusterId: CLUSTER_ID,
  local: voterOf(id),
  bootstrapVoters: voters.map(voterOf),
  bootstrapServers: voters,
  ...DEFAULT_TIMEOUTS,
});

/** A batch of the application. */
export const dataEntry = (baseOffset: number, lastOffset: number, epoch: number): Entry => ({
  baseOffset,
  lastOffset,
  epoch,
  control: [],
  payload: new Uint8Array([epoch]),
});

export interface Node {
  config: RaftConfig;
  readonly disk: NodeDisk;
  /** Null while it is down. */
  state: State | null;
  frozen: boolean;
  incarnation: number;
  /** When its timer runs out, in true time, and for what time of its own it was set. */
  timer: { readonly at: number; readonly dueAt: number };
  /** How its clock stands to the true time. */
  clockAheadMs: number;
  /** How calls to it end, if they fail: those of one replica, or (null) of all. */
  fails: { readonly failure: RequestFailure; readonly from: number | null } | null;
  /** How long it reads a fetched snapshot back; the one that it reads now. */
  verifyMs: number;
  verifying: SnapshotId | null;
  /** Whether its application has batches before a change of the voters. */
  isBusy: boolean;
}

const NO_TIMER: Node["timer"] = { at: Number.POSITIVE_INFINITY, dueAt: Number.POSITIVE_INFINITY };

interface Delivery {
  readonly at: number;
  readonly sequence: number;
  readonly to: number;
  /** The incarnation that was meant; a later one hears nothing of it. Null for requests. */
  readonly incarnation: number | null;
  /** Null for what has come to nothing meanwhile. */
  readonly input: (now: number) => Input | null;
}

/** Who waits for a reply: a peer's incarnation, or the script. */
type Origin =
  | {
      readonly kind: "peer";
      readonly from: number;
      readonly correlation: number;
      readonly incarnation: number;
    }
  | { readonly kind: "client"; readonly name: string };

/** What a run may tell of; see `Quorum.trace`. */
export type Topic =
  | "voters"
  | "roles"
  | "votes"
  | "epochs"
  | "fetches"
  | "snapshots"
  | "storage"
  | "commits";

export class Quorum {
  now = START_MS;
  readonly nodes = new Map<number, Node>();
  readonly lines: string[] = [];
  readonly cut = new Set<string>();
  trace: ReadonlySet<Topic> = new Set(["roles", "votes", "commits"]);
  readonly #seed: number;
  #queue: Delivery[] = [];
  readonly #frozen: Delivery[] = [];
  #sequence = 0;
  #requests = 0;
  #reads = 0;
  /** The latest request of a client, and whom it asked. */
  #asked: readonly [number, number] = [0, 0];
  readonly #origins = new Map<number, Origin>();

  constructor(seed: number) {
    this.#seed = seed;
  }

  add(id: number, config: RaftConfig): Node {
    const node: Node = {
      config,
      disk: new NodeDisk(),
      state: null,
      frozen: false,
      incarnation: 0,
      timer: NO_TIMER,
      clockAheadMs: 0,
      fails: null,
      verifyMs: 20,
      verifying: null,
      isBusy: false,
    };
    this.nodes.set(id, node);
    return node;
  }

  node(id: number): Node {
    const node = this.nodes.get(id);
    if (node === undefined) throw new Error(`there is no replica ${id}`);
    return node;
  }

  /** Starts a replica from its storage. */
  boot(id: number): void {
    const node = this.node(id);
    node.incarnation += 1;
    node.timer = NO_TIMER;
    const seed = this.#seed * 1_000 + id * 10 + node.incarnation;
    node.verifying = null;
    const now = this.now + node.clockAheadMs;
    const incarnation = node.incarnation * INCARNATION_COUNT;
    const booted = boot(node.disk.image(), node.config, { now, seed, incarnation });
    this.#perform(id, booted.state, booted.effects);
  }

  crash(id: number): void {
    this.node(id).state = null;
  }

  /** Crashes a replica as the platform resets an object: whoever waits for its answer learns it at once. */
  kill(id: number): void {
    this.crash(id);
    for (const [from, { state }] of this.nodes) {
      const correlation = state?.connections.get(id)?.inFlight?.correlation;
      if (correlation === undefined) continue;
      this.take(from, {
        kind: "request-failed",
        now: this.now,
        to: id,
        correlation,
        failure: "reset",
      });
    }
  }

  /** Hands an input to a replica now. One whose invariants fail is down from then on. */
  take(id: number, input: Input): void {
    const { state, clockAheadMs } = this.node(id);
    if (state === null) return;
    try {
      const next = step(state, { ...input, now: input.now + clockAheadMs });
      this.#perform(id, next.state, next.effects);
    } catch (error) {
      if (!(error instanceof AssertionError)) throw error;
      this.crash(id);
      this.lines.push(`${id} trips: ${error.message}`);
    }
  }

  /** A replica has made a snapshot of its log below `endOffset`. */
  makeSnapshot(id: number, endOffset: number, size: number): void {
    const node = this.node(id);
    if (node.state === null) throw new Error(`replica ${id} is down`);
    const voters = votersAt(node.state.voters, endOffset).map(({ key }) => key.id);
    const bytes = snapshotFile(id, voters, size);
    const snapshot = {
      endOffset,
      epoch: node.disk.epochBefore(endOffset),
      size,
      timestampMs: this.now,
    };
    node.disk.making = bytes;
    this.take(id, { kind: "snapshot-made", now: this.now, snapshot });
  }

  freeze(id: number): void {
    this.node(id).frozen = true;
  }

  /** Whatever reached a frozen replica reaches it now, in order. */
  thaw(id: number): void {
    this.node(id).frozen = false;
    for (const delivery of this.#frozen.splice(0)) this.#enqueue({ ...delivery, at: this.now });
  }

  /** The client of the latest `ask` or `read` hangs up. */
  abandon(): void {
    const [request, id] = this.#asked;
    this.#origins.delete(request);
    this.take(id, { kind: "request-abandoned", now: this.now, request });
  }

  /** Asks a replica as a client called `name`; the reply is told under that name. */
  ask(id: number, name: string, body: Request): void {
    const request = this.#requests++;
    this.#origins.set(request, { kind: "client", name });
    this.#asked = [request, id];
    this.lines.push(`${name} → ${id} ${describeRequest(body)}`);
    this.take(id, { kind: "request-received", now: this.now, request, body });
  }

  /** A client reads at a replica. The reads of a run are counted, and told by their number. */
  read(id: number): void {
    const request = this.#requests++;
    this.#reads += 1;
    this.#origins.set(request, { kind: "client", name: `read ${this.#reads}` });
    this.#asked = [request, id];
    this.lines.push(`read ${this.#reads} → ${id}`);
    this.take(id, { kind: "read", now: this.now, request });
  }

  /** Lets time pass. */
  pass(ms: number): void {
    const end = this.now + ms;
    for (let events = 0; ; events += 1) {
      if (events > 200_000) throw new Error("the quorum spins");
      const at = this.#nextEvent();
      if (at > end) break;
      this.now = Math.max(this.now, at);
      this.#runOne();
    }
    this.now = end;
  }

  #nextEvent(): number {
    let at = this.#queue[0]?.at ?? Number.POSITIVE_INFINITY;
    for (const node of this.nodes.values()) at = Math.min(at, dueAt(node));
    return at;
  }

  #runOne(): void {
    const next = this.#queue[0];
    if (next !== undefined && next.at <= this.now) {
      this.#queue.shift();
      this.#deliver(next);
      return;
    }
    for (const [id, node] of this.nodes) {
      if (dueAt(node) > this.now || node.state === null) continue;
      // As the shell does: a timer that has run out proves that its time has come, whatever the clock says. The clock
      // is read all the same.
      const now = clockAt(node.state, node.timer.dueAt) - node.clockAheadMs;
      node.timer = NO_TIMER;
      if (this.now < now) this.take(id, { kind: "time-passed", now });
      this.take(id, { kind: "time-passed", now: this.now });
      return;
    }
  }

  #deliver({ to, incarnation, input, ...rest }: Delivery): void {
    const node = this.node(to);
    if (node.frozen) {
      this.#frozen.push({ ...rest, to, incarnation, input });
    } else if (incarnation === null || incarnation === node.incarnation) {
      const due = input(this.now);
      if (due !== null) this.take(to, due);
    }
  }

  #enqueue(delivery: Omit<Delivery, "sequence">): void {
    this.#queue.push({ ...delivery, sequence: this.#sequence++ });
    this.#queue.sort((left, right) => left.at - right.at || left.sequence - right.sequence);
  }

  #perform(id: number, state: State, effects: readonly Effect[]): void {
    const node = this.node(id);
    for (const effect of effects) {
      if (effect.kind === "persist") node.disk.store(effect);
    }
    node.state = state;
    const deadline = nextDeadline(state);
    const delay = deadline - timeAt(state, this.now + node.clockAheadMs);
    // What is due when it was before keeps its timer.
    if (deadline !== node.timer.dueAt) node.timer = { at: this.now + delay, dueAt: deadline };
    for (const effect of effects) this.#tell(id, effect);
    for (const effect of effects) {
      if (effect.kind === "send") this.#send(id, effect);
      else if (effect.kind === "reply") this.#answer(id, effect.to, effect.response);
      else if (effect.kind === "verify-snapshot") this.#verify(id, effect.id);
      else if (effect.kind === "snapshot-abandoned") this.#abandonSnapshot(id);
      else if (effect.kind === "voters-to-append") this.#giveVotersTheirPlace(id);
    }
  }

  /** An application that has nothing to append itself lets a change of the voters go at once. */
  #giveVotersTheirPlace(id: number): void {
    const { incarnation } = this.node(id);
    this.#enqueue({
      at: this.now,
      to: id,
      incarnation,
      input: () => (this.node(id).isBusy ? null : this.#votersInput(id)),
    });
  }

  #votersInput(id: number): Input | null {
    const { state } = this.node(id);
    if (state === null) return null;
    const { election, log } = state;
    return {
      kind: "append-voters",
      now: this.now,
      epoch: election.epoch,
      baseOffset: log.endOffset,
    };
  }

  /** The application's batches before a change of the voters have gone, and it has its turn. */
  free(id: number): void {
    this.node(id).isBusy = false;
    const input = this.#votersInput(id);
    if (input !== null) this.take(id, input);
  }

  /** Reads a fetched snapshot back, and says later whether it is sound; unless it is abandoned before. */
  #verify(id: number, snapshotId: SnapshotId): void {
    const node = this.node(id);
    node.verifying = snapshotId;
    this.#enqueue({
      at: this.now + node.verifyMs,
      to: id,
      incarnation: node.incarnation,
      input: (now) => (node.verifying === snapshotId ? verdictOn(node, snapshotId, now) : null),
    });
  }

  #abandonSnapshot(id: number): void {
    const node = this.node(id);
    node.verifying = null;
    node.disk.download = new Uint8Array(0);
  }

  #isCut(from: number, to: number): boolean {
    return this.cut.has(`${from}>${to}`);
  }

  #fate(from: number, to: number): string {
    if (this.#isCut(from, to)) return " (lost)";
    if (this.#isDown(to)) return " (down)";
    const failure = this.#failureOf(from, to);
    return failure === null ? "" : ` (${failure})`;
  }

  #failureOf(from: number, to: number): RequestFailure | null {
    const { fails } = this.node(to);
    if (fails === null) return null;
    return fails.from === null || fails.from === from ? fails.failure : null;
  }

  #isDown(id: number): boolean {
    const node = this.nodes.get(id);
    return node === undefined || node.state === null;
  }

  #send(from: number, effect: Extract<Effect, { kind: "send" }>): void {
    const { to, correlation, request: body } = effect;
    if (this.#isCut(from, to)) return;
    const { incarnation } = this.node(from);
    const failure = this.#isDown(to) ? "reset" : this.#failureOf(from, to);
    if (failure !== null) {
      // There is no listener, and the sender learns it soon, unlike of a lost message.
      this.#enqueue({
        at: this.now + 2 * LATENCY_MS,
        to: from,
        incarnation,
        input: (now) => ({ kind: "request-failed", now, to, correlation, failure }),
      });
      return;
    }
    if (body.api === "api-versions") {
      this.#answerVersions(from, to, { correlation, incarnation });
      return;
    }
    const request = this.#requests++;
    this.#origins.set(request, { kind: "peer", from, correlation, incarnation });
    this.#enqueue({
      at: this.now + LATENCY_MS,
      to,
      incarnation: null,
      input: (now) => ({ kind: "request-received", now, request, body }),
    });
  }

  /** The shell answers an ApiVersions without the core. */
  #answerVersions(
    from: number,
    to: number,
    call: { readonly correlation: number; readonly incarnation: number },
  ): void {
    const { correlation, incarnation } = call;
    const { kraftVersions } = this.node(to).config.local;
    if (this.#isCut(to, from)) return;
    this.#enqueue({
      at: this.now + 2 * LATENCY_MS,
      to: from,
      incarnation,
      input: (now) => ({
        kind: "response-received",
        now,
        from: to,
        correlation,
        body: {
          api: "api-versions",
          error: "NONE",
          epoch: 0,
          leaderId: null,
          leaderEndpoints: [],
          kraftVersions,
        },
      }),
    });
  }

  #answer(from: number, request: number, response: Reply): void {
    const origin = this.#origins.get(request);
    this.#origins.delete(request);
    if (origin === undefined) throw new Error(`request ${request} is answered twice`);
    if (origin.kind === "client" || this.#fate(from, origin.from) !== "") return;
    const { from: to, correlation, incarnation } = origin;
    const body = this.node(from).disk.materialise(response);
    this.#enqueue({
      at: this.now + LATENCY_MS,
      to,
      incarnation,
      input: (now) => ({ kind: "response-received", now, from, correlation, body }),
    });
  }

  /** Of what is stored, the voter sets. */
  #tellVoters(id: number, { append, truncateTo, joined }: PersistEffect): void {
    if (truncateTo !== null) this.lines.push(`${id} truncates to ${truncateTo}`);
    for (const entry of append) {
      if (entry.control.some(({ kind }) => kind === "kraft-voters"))
        this.lines.push(`${id} stores ${describeEntry(entry)}${joined ? ", joined" : ""}`);
    }
  }

  #tell(id: number, effect: Effect): void {
    switch (effect.kind) {
      case "persist":
        if (this.trace.has("storage")) this.lines.push(`${id} ${describeEffect(effect)}`);
        else if (this.trace.has("voters")) this.#tellVoters(id, effect);
        return;
      case "commit":
        if (this.trace.has("commits")) this.lines.push(`${id} ${describeEffect(effect)}`);
        return;
      case "role-changed":
        if (this.trace.has("roles")) this.lines.push(`${id} ${describeEffect(effect)}`);
        return;
      case "send": {
        const lost = this.#fate(id, effect.to);
        if (!this.trace.has(topicOf(effect.request))) return;
        this.lines.push(`${id} ${describeEffect(effect)}${lost}`);
        return;
      }
      case "reply": {
        const origin = this.#origins.get(effect.to);
        const isClient = origin?.kind === "client";
        if (!isClient && !this.trace.has(topicOf(effect.response))) return;
        const name = isClient ? origin.name : `${origin?.from}`;
        const lost = origin?.kind === "peer" ? this.#fate(id, origin.from) : "";
        this.lines.push(`${id} ↩ ${name} ${describeResponse(effect.response)}${lost}`);
        return;
      }
      case "verify-snapshot":
      case "snapshot-abandoned":
      case "snapshot-too-large":
      case "snapshot-installed":
        if (this.trace.has("snapshots")) this.lines.push(`${id} ${describeEffect(effect)}`);
        return;
      case "voters-to-append":
        if (this.trace.has("voters")) this.lines.push(`${id} ${describeEffect(effect)}`);
        return;
      case "read-ready":
        this.lines.push(`${id} ↩ ${this.#namesOf(effect.requests)} up to ${effect.readIndex}`);
        return;
      case "read-refused":
        this.lines.push(`${id} ↩ ${this.#namesOf(effect.requests)} ${effect.error}`);
        return;
      case "append-refused":
      case "replica-distrusted":
      case "answer-doubted":
        this.lines.push(`${id} ${describeEffect(effect)}`);
    }
  }

  /** Reads that end now. */
  #namesOf(requests: readonly number[]): string {
    return requests
      .map((request) => {
        const origin = this.#origins.get(request);
        this.#origins.delete(request);
        if (origin?.kind !== "client") throw new Error(`read ${request} ends twice`);
        return origin.name;
      })
      .join(", ");
  }
}

/** When a replica must be stepped, in true time. */
const dueAt = ({ state, frozen, timer }: Node): number =>
  state === null || frozen ? Number.POSITIVE_INFINITY : timer.at;

function topicOf(body: { readonly api: ApiName }): Topic {
  if (body.api.endsWith("-raft-voter") || body.api === "api-versions") return "voters";
  if (body.api === "vote") return "votes";
  if (body.api === "fetch-snapshot") return "snapshots";
  return body.api === "fetch" ? "fetches" : "epochs";
}

/** What reading a fetched snapshot back has shown. */
function verdictOn({ disk }: Node, id: SnapshotId, now: number): Input {
  const voters = votersInFile(disk.download);
  if (voters === null) return { kind: "snapshot-refused", now, id };
  const snapshot = { ...id, size: disk.download.byteLength, timestampMs: now };
  return { kind: "snapshot-verified", now, snapshot, voters: voters.map(voterOf) };
}
