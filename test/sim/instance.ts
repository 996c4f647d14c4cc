/**
 * One incarnation of a replica: the shell around the consensus core, as a Durable Object's would be. A turn
 * is input, step, persist, install the state, then outputs; the output gate holds every output until the
 * transactions written before it are durable. What is read for a reply is read within the turn.
 *
 * It decides nothing about consensus. Where it may fail is drawn here: before the commit, at the commit,
 * and between the commit and the outputs.
 */
import {
  type Effect,
  type Entry,
  type Input,
  latestVoters,
  nextDeadline,
  type Reply,
  type Request,
  type RequestId,
  type Response,
  type State,
  step,
  type Step,
} from "../../src/raft/index.ts";
import { AssertionError, unreachable } from "../../src/std/assert.ts";
import { type Answer, Application } from "./application.ts";
import { sizeOf } from "./entries.ts";
import type { Replica } from "./replica.ts";
import { nameOf, type Observation, type Promise } from "./observation.ts";

/** Distributes over the union: an input before somebody has looked at the clock. */
export type Event = Input extends infer I ? (I extends Input ? Omit<I, "now"> : never) : never;

type SendEffect = Extract<Effect, { kind: "send" }>;

/** Something to be let go when everything before it is durable. */
type Output =
  | { readonly kind: "send"; readonly effect: SendEffect }
  | { readonly kind: "reply"; readonly waiting: Waiting; readonly response: Response }
  | { readonly kind: "observation"; readonly observation: Observation }
  | { readonly kind: "answer"; readonly answer: Answer };

/** Where an inbound request came from. */
interface Waiting {
  readonly body: Request;
  readonly since: number;
  readonly answer: (response: Response) => void;
}

/** The outputs of one turn, and whether a transaction stands before them. */
interface Turn {
  readonly writes: boolean;
  readonly shown: Observation;
  readonly outputs: readonly Output[];
}

export class Instance {
  readonly replica: Replica;
  readonly incarnation: number;
  readonly application: Application;
  state: State;
  /** A superseded instance runs on: it hears answers to its own requests, and can no longer write. */
  isZombie = false;
  #isGone = false;
  #gate: Turn[] = [];
  #flushAt = 0;
  #timerAt = Number.POSITIVE_INFINITY;
  #nextRequest: RequestId = 1;
  readonly #waiting = new Map<RequestId, Waiting>();

  constructor(replica: Replica, incarnation: number, booted: Step) {
    this.replica = replica;
    this.incarnation = incarnation;
    this.application = new Application(replica, this);
    this.state = booted.state;
  }

  /** The first turn: what the core wants as soon as it has booted. */
  begin(booted: Step): void {
    this.#conclude(booted);
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  /** Whether everything this instance has written is durable. */
  get isClean(): boolean {
    return this.#gate.length === 0;
  }

  /** The instance is no more: whatever it held back is never let go. */
  end(): void {
    this.#isGone = true;
    this.#gate = [];
  }

  /** One turn. */
  tell(event: Event): void {
    if (this.#isGone) return;
    const input: Input = { ...event, now: this.replica.clock() };
    const { world } = this.replica;
    let result: Step;
    try {
      result = step(this.state, input);
    } catch (error) {
      if (!(error instanceof AssertionError)) throw error;
      world.trace.step(this, input, { state: this.state, effects: [] });
      world.complain("assertions", `replica ${this.replica.name}: ${error.message}`);
      return;
    }
    world.tally.count("steps");
    world.trace.step(this, input, result);
    this.#conclude(result);
  }

  /** A request from a peer or a broker; `answer` carries the response back. */
  receive(body: Request, answer: (response: Response) => void): RequestId {
    const request = this.#nextRequest;
    this.#nextRequest += 1;
    this.#waiting.set(request, { body, answer, since: this.replica.world.timeline.now });
    this.tell({ kind: "request-received", request, body });
    return request;
  }

  /** Answers that need no turn of the core; what was written before them is durable first. */
  say(answers: readonly Answer[]): void {
    if (!this.#isGone)
      this.#pass({ writes: false, shown: this.#shown(), outputs: answers.map(asOutput) });
  }

  /** A request that has waited since before `time`, if there is one. */
  waitingSince(time: number): Request | undefined {
    for (const { body, since } of this.#waiting.values()) if (since < time) return body;
    return undefined;
  }

  /** Whoever sent the request does not wait any more. */
  abandon(request: RequestId): void {
    if (this.#waiting.delete(request)) this.tell({ kind: "request-abandoned", request });
  }

  #conclude(result: Step): void {
    const { replica } = this;
    const { world } = replica;
    const at = result.effects.findIndex((effect) => effect.kind === "persist");
    const persist = result.effects[at];
    if (persist?.kind === "persist") {
      // A superseded instance cannot commit: what it wanted to write and to say is lost with it.
      if (this.isZombie) return this.end();
      if (at > 0)
        this.#pass({
          writes: false,
          shown: this.#shown(),
          outputs: this.#outputs(result.effects.slice(0, at)),
        });
      if (world.chance.happens(world.swarm.crashBeforeCommitRate)) {
        world.tally.count("fault: crash before commit");
        return replica.evict();
      }
      replica.disk.write(persist);
    }
    this.state = result.state;
    if (!this.isZombie && replica.disk.end !== this.state.log.endOffset) {
      world.complain(
        "summaries-are-true",
        `replica ${replica.name} believes its log ends at ${this.state.log.endOffset}, it ends at ${replica.disk.end}`,
      );
    }
    const outputs = this.#outputs(result.effects.slice(at + 1));
    this.#pass({ writes: persist !== undefined, shown: this.#shown(), outputs });
    this.#arm();
  }

  /** Through the gate: at once, or when what was written before is durable. */
  #pass(turn: Turn): void {
    const { world } = this.replica;
    if (!turn.writes && this.#gate.length === 0) return this.#release(turn);
    this.#gate.push(turn);
    if (!turn.writes) return;
    const [least, most] = world.swarm.commitMs;
    const commitAt = world.timeline.now + world.chance.between(least, most);
    this.#flushAt = Math.max(this.#flushAt, commitAt);
    if (this.#gate.length === 1 && this.#flushAt <= world.timeline.now) this.#flush();
    else world.timeline.after(this.#flushAt - world.timeline.now, () => this.#flush());
  }

  /** The oldest transaction becomes durable, or does not. */
  #flush(): void {
    if (this.#isGone) return;
    const { replica } = this;
    const { world } = replica;
    if (world.chance.happens(world.swarm.failedCommitRate)) {
      world.tally.count("fault: failed commit");
      return replica.reset();
    }
    replica.commit();
    if (world.chance.happens(world.swarm.crashAfterCommitRate)) {
      world.tally.count("fault: crash after commit");
      return replica.evict();
    }
    const next = this.#gate.findIndex((turn, index) => index > 0 && turn.writes);
    const released = this.#gate.splice(0, next === -1 ? this.#gate.length : next);
    for (const turn of released) this.#release(turn);
  }

  #release(turn: Turn): void {
    const { world } = this.replica;
    world.observe(turn.shown);
    for (const output of turn.outputs) {
      if (world.isOver) return;
      if (output.kind === "send") this.#send(output.effect);
      else if (output.kind === "reply") this.#reply(output.waiting, output.response);
      else if (output.kind === "observation") world.observe(output.observation);
      else world.clients.hear(output.answer);
    }
  }

  /** Turns effects into outputs: everything that must be read or applied within the turn is. */
  #outputs(effects: readonly Effect[]): Output[] {
    const { world } = this.replica;
    return effects.flatMap((effect): Output[] => {
      switch (effect.kind) {
        case "persist":
          world.complain(
            "effects-in-order",
            "a second persist, or one that is not the first effect",
          );
          return [];
        case "send":
          return [{ kind: "send", effect }];
        case "reply": {
          const waiting = this.#waiting.get(effect.to);
          if (waiting === undefined) {
            world.complain(
              "one-reply-per-request",
              `request ${effect.to} was answered twice, or never asked`,
            );
            return [];
          }
          this.#waiting.delete(effect.to);
          return [{ kind: "reply", waiting, response: this.#resolve(effect.response) }];
        }
        case "commit":
          return this.application.commit(effect.highWatermark).map(asOutput);
        case "append-refused":
          return this.application.refuse(effect).map(asOutput);
        case "replica-distrusted":
          // No disk of a simulated world goes back in time, so whoever is distrusted is wronged.
          world.complain(
            "nobody-is-wronged",
            `replica ${effect.key.id} is said to have gone back from ${effect.acknowledged} to ${effect.fetchOffset}`,
          );
          return [];
        case "role-changed":
          if (effect.role === "leader") world.tally.count("elections");
          return this.application.changeRole(effect).map(asOutput);
        default:
          return unreachable(effect);
      }
    });
  }

  /** Reads the records that a reply to a fetch names. */
  #resolve(reply: Reply): Response {
    if (reply.api !== "fetch") return reply;
    const { records: range } = reply;
    if (range === null) return { ...reply, records: [] };
    let bytes = 0;
    const records: Entry[] = [];
    for (const entry of this.replica.disk.read(range.from, range.upTo, 1 + range.maxBytes / 60)) {
      bytes += sizeOf(entry);
      if (records.length > 0 && bytes > range.maxBytes) break;
      records.push(entry);
    }
    return { ...reply, records };
  }

  #send({ to, correlation, request }: SendEffect): void {
    const { replica } = this;
    this.#promise(promiseOfRequest(request));
    const fail = (): void => this.tell({ kind: "request-failed", to, correlation });
    const answer = (body: Response): void =>
      this.tell({ kind: "response-received", from: to, correlation, body });
    replica.world.call({ from: replica.name, to, body: request, answer, fail });
  }

  #reply({ body, answer }: Waiting, response: Response): void {
    for (const promise of promisesOfResponse(body, response)) this.#promise(promise);
    answer(response);
  }

  #promise(promise: Promise | undefined): void {
    // What a zombie vouches for was durable when it was superseded; its successor may have moved on.
    if (promise === undefined || this.isZombie) return;
    this.replica.world.observe({ kind: "promised", replica: this.replica.name, promise });
  }

  #shown(): Observation {
    const { state } = this;
    return {
      kind: "shown",
      replica: this.replica.name,
      incarnation: this.incarnation,
      role: state.role.kind,
      epoch: state.election.epoch,
      leader: state.election.leaderId,
      highWatermark: state.role.kind === "leader" ? state.role.highWatermark : state.committed,
      voters: latestVoters(state.voters).map((voter) => nameOf(voter.key.id)),
    };
  }

  /** One timer event at most is under way; one that comes too early looks again. */
  #arm(): void {
    if (this.#isGone) return;
    const { timeline } = this.replica.world;
    const deadline = nextDeadline(this.state);
    if (deadline === Number.POSITIVE_INFINITY) return;
    const at = timeline.now + Math.max(1, deadline - this.replica.clock());
    if (at >= this.#timerAt) return;
    this.#timerAt = at;
    timeline.after(at - timeline.now, () => {
      if (this.#timerAt !== at) return;
      this.#timerAt = Number.POSITIVE_INFINITY;
      const due = nextDeadline(this.state);
      if (due <= this.replica.clock()) this.tell({ kind: "time-passed" });
      else this.#arm();
    });
  }
}

const asOutput = (made: Answer | Observation): Output =>
  made.kind === "answer"
    ? { kind: "answer", answer: made }
    : { kind: "observation", observation: made };

function promiseOfRequest(request: Request): Promise | undefined {
  switch (request.api) {
    case "vote":
      return request.preVote ? undefined : { kind: "candidacy", epoch: request.epoch };
    case "begin-quorum-epoch":
      return { kind: "leadership", epoch: request.epoch };
    case "end-quorum-epoch":
      return undefined;
    case "fetch":
      return { kind: "log", endOffset: request.fetchOffset, lastEpoch: request.lastFetchedEpoch };
    default:
      return unreachable(request);
  }
}

function promisesOfResponse(request: Request, response: Response): readonly Promise[] {
  if (request.api === "vote" && response.api === "vote") {
    if (!response.granted || request.preVote) return [];
    return [{ kind: "vote", epoch: response.epoch, candidate: nameOf(request.candidate.id) }];
  }
  if (response.api !== "fetch" || response.error !== "NONE") return [];
  const last = response.records.at(-1);
  const leadership: Promise = { kind: "leadership", epoch: response.epoch };
  if (last === undefined) return [leadership];
  return [leadership, { kind: "log", endOffset: last.lastOffset + 1, lastEpoch: last.epoch }];
}
