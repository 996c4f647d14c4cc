/**
 * One incarnation of a replica: the real turn loop of a controller around the real core, and in place of the
 * Durable Object what the simulator needs of one. The output gate holds every output until the transactions
 * written before it are durable. What is read for a reply is read within the turn.
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
  type PersistEffect,
  type Reply,
  type Request,
  type RequestId,
  type Response,
  type State,
} from "../../src/raft/index.ts";
import { InputLoop } from "../../durable-objects/replica/input-loop.ts";
import { unreachable } from "../../src/std/assert.ts";
import { type Answer, Application } from "./application.ts";
import { sizeOf } from "./entries.ts";
import type { Replica } from "./replica.ts";
import { nameOf, type Observation, type Promise } from "./observation.ts";

/** Distributes over the union: an input that has not been given its time yet. */
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

/** Thrown where a real storage would throw: the step is not durable and nothing of it may happen. */
class Cut extends Error {}

/** Outputs, and how many transactions stand before them. The platform makes those durable together. */
interface Gated {
  readonly writes: number;
  readonly shown: Observation;
  readonly outputs: readonly Output[];
}

export class Instance {
  readonly replica: Replica;
  readonly incarnation: number;
  readonly application: Application;
  /** A superseded instance runs on: it hears answers to its own requests, and can no longer write. */
  isZombie = false;
  readonly #loop: InputLoop;
  /** What the turn under way has done so far. */
  #done: readonly Effect[] = [];
  #outputs: readonly Output[] = [];
  #writes = 0;
  #isGone = false;
  #gate: Gated[] = [];
  #flushAt = 0;
  #timerAt = Number.POSITIVE_INFINITY;
  #nextRequest: RequestId = 1;
  readonly #waiting = new Map<RequestId, Waiting>();

  constructor(
    replica: Replica,
    incarnation: number,
    boot: ConstructorParameters<typeof InputLoop>[0],
  ) {
    this.replica = replica;
    this.incarnation = incarnation;
    this.application = new Application(replica, this);
    this.#loop = new InputLoop(boot, {
      persist: (effect, state) => this.#persist(effect, state),
      perform: (effect) => this.#perform(effect),
      fail: (cause) => this.#fail(cause),
    });
  }

  get state(): State {
    return this.#loop.state;
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

  /** One turn. The first one also does what the core wanted as soon as it had booted. */
  tell(event: Event): void {
    if (this.#isGone) return;
    const { world } = this.replica;
    const input: Input = { ...event, now: this.replica.clock() };
    this.#loop.take(input);
    world.tally.count("steps");
    world.trace.step(this, input, { state: this.state, effects: this.#done });
    this.#done = [];
    if (this.#isGone) return;
    this.#passOn();
    this.#arm();
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
      this.#pass({ writes: 0, shown: this.#shown(), outputs: answers.map(asOutput) });
  }

  /** A request that has waited since before `time`, if there is one. */
  waitingSince(time: number): Request | undefined {
    for (const { body, since } of this.#waiting.values()) if (since < time) return body;
    return undefined;
  }

  /** The sender of the request has hung up. */
  abandon(request: RequestId): void {
    if (this.#waiting.delete(request)) this.tell({ kind: "request-abandoned", request });
  }

  #persist(effect: PersistEffect, state: State): void {
    const { replica } = this;
    const { world } = replica;
    // A superseded instance cannot commit: what it wanted to write and to say is lost with it.
    if (this.isZombie) throw new Cut();
    if (this.#outputs.length > 0) {
      // Messages of earlier steps leave first: they do not wait for a write that came after them.
      this.#passOn();
    }
    if (world.chance.happens(world.swarm.crashBeforeCommitRate)) {
      world.tally.count("fault: crash before commit");
      throw new Cut();
    }
    if (effect.truncateTo !== null) world.tally.count("truncations");
    replica.disk.write(effect);
    this.#writes += 1;
    this.#done = [...this.#done, effect];
    if (replica.disk.end !== state.log.endOffset) {
      world.complain(
        "summaries-are-true",
        `replica ${replica.name} believes its log ends at ${state.log.endOffset}, it ends at ${replica.disk.end}`,
      );
    }
  }

  #perform(effect: Exclude<Effect, PersistEffect>): void {
    this.#done = [...this.#done, effect];
    this.#outputs = [...this.#outputs, ...this.#outputsOf(effect)];
  }

  /** The turn came to nothing. After a cut another incarnation takes over; anything else is a defect. */
  #fail(cause: unknown): void {
    const { world, name } = this.replica;
    this.end();
    if (!(cause instanceof Cut)) world.complain("assertions", `replica ${name}: ${String(cause)}`);
    else if (!this.isZombie) this.replica.evict();
  }

  /** Hands what was done so far to the gate. */
  #passOn(): void {
    const gated = { writes: this.#writes, shown: this.#shown(), outputs: this.#outputs };
    this.#writes = 0;
    this.#outputs = [];
    this.#pass(gated);
  }

  /** Through the gate: at once, or when what was written before is durable. */
  #pass(turn: Gated): void {
    const { world } = this.replica;
    if (turn.writes === 0 && this.#gate.length === 0) return this.#release(turn);
    this.#gate.push(turn);
    if (turn.writes === 0) return;
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
    replica.commit(this.#gate[0]?.writes ?? 0);
    if (world.chance.happens(world.swarm.crashAfterCommitRate)) {
      world.tally.count("fault: crash after commit");
      return replica.evict();
    }
    const next = this.#gate.findIndex((turn, index) => index > 0 && turn.writes > 0);
    const released = this.#gate.splice(0, next === -1 ? this.#gate.length : next);
    for (const turn of released) this.#release(turn);
  }

  #release(turn: Gated): void {
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

  /** Turns an effect into outputs: everything that must be read or applied within the turn is. */
  #outputsOf(effect: Exclude<Effect, PersistEffect>): readonly Output[] {
    const { world } = this.replica;
    switch (effect.kind) {
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
        // No disk of a simulated world goes back in time, so a replica that is distrusted is wronged.
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
