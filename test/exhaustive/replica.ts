/**
 * One replica of the real core, and what it does when something happens to it. Both are values: a replica that is met
 * again is the same object, and remembers what it did.
 */
import {
  type Effect,
  INCARNATION_COUNT,
  type Input,
  type RaftConfig,
  type OutgoingRequest,
  type Response,
  type State,
  type Step,
  boot,
  step,
} from "../../src/raft/index.ts";
import { AssertionError, assert, unreachable } from "../../src/std/assert.ts";
import { configOf } from "../raft/quorum-driver.ts";
import type { Exchange } from "./exchange.ts";
import { type Identified, Identities } from "./identities.ts";
import type { Model } from "./model.ts";
import { RELABELINGS, SLOTS_MAX, nodeId, requestId, textOf } from "./relabeling.ts";
import {
  AWAITED,
  FAILURE,
  FORGOTTEN,
  MOMENT,
  type Timer,
  aboutToGiveUp,
  aboutToRunOut,
  atRest,
} from "./rest.ts";
import { Storage, type Stored, bootImage, withRecords } from "./stored.ts";

/** What can happen to one replica. */
export type Event =
  | { readonly kind: "boot" }
  | { readonly kind: "timer"; readonly timer: Timer }
  /** It gives up waiting for the answer of a peer, which may yet come. */
  | { readonly kind: "give-up"; readonly peer: number }
  /** A request reaches it and is given this slot, or it hears how an exchange has ended. */
  | { readonly kind: "delivery"; readonly exchange: Exchange; readonly slot: number }
  /** The application or an operator wants something; `key` tells it from every other wish. */
  | {
      readonly kind: "command";
      readonly name: string;
      readonly key: string;
      readonly input: Input;
    };

export interface Replica extends Identified {
  readonly node: number;
  /** At rest. */
  readonly state: State;
  readonly stored: Stored;
  /** What it did before, by event. */
  readonly deeds: Map<string | number, readonly Deed[]>;
}

/** What a replica has done in one step. */
export interface Deed {
  /** Null where not even a boot came to an end. */
  readonly replica: Replica | null;
  /** What it asked others. */
  readonly sends: readonly { readonly to: number; readonly request: OutgoingRequest }[];
  /** What it answered, by the name of the request. */
  readonly replies: readonly { readonly to: number; readonly response: Response }[];
  /** The peers of whom it does not await an answer any more that it awaited before. */
  readonly forgets: readonly number[];
  /** Whether it took an answer that changed nothing but whom it asks and what it awaits. */
  readonly isQuiet: boolean;
  /** A step that its own checks have ended. Nothing of it exists then, and the replica is what it was. */
  readonly violation: string | null;
  /** As the core asked for them. */
  readonly effects: readonly Effect[];
}

/** States of the generator that choose differently among two peers, be it with the first word drawn or the second. */
const CHANCES: readonly number[] = [0, 1, 2, 3];

export class Replicas {
  readonly #configs: readonly RaftConfig[];
  readonly #storage = new Storage();
  readonly #known = new Identities<Omit<Replica, keyof Identified>>(
    ({ node, state, stored }, names) =>
      `replica ${[nodeId(node), state, stored].map((part) => textOf(part, names)).join(" ")}`,
  );

  /** The first `voters` of the model's nodes form the quorum; the others were told of none. */
  constructor({ nodes, voters, maySleep }: Pick<Model, "nodes" | "voters" | "maySleep">) {
    const ids = Array.from({ length: voters }, (_, at) => nodeId(at));
    this.#configs = Array.from({ length: nodes }, (_, at) => {
      const told = configOf(nodeId(at), ids);
      const config = maySleep === true ? { ...told, maySleep } : told;
      return at < voters ? config : { ...config, bootstrapVoters: [] };
    });
  }

  /** How many different replicas have come up. */
  get size(): number {
    return this.#known.size;
  }

  /** What each node may do at its first boot, with nothing stored. */
  first(): readonly (readonly Deed[])[] {
    return this.#configs.map((_, node) => this.#boots(node, this.#storage.none));
  }

  /** What the replica may do now: more than one thing where chance decides whom it asks, nothing where it cannot be. */
  after(replica: Replica, event: Event): readonly Deed[] {
    const key = keyOf(event);
    const known = replica.deeds.get(key);
    if (known !== undefined) return known;
    const deeds =
      event.kind === "boot"
        ? this.#boots(replica.node, replica.stored)
        : this.#steps(replica, event);
    replica.deeds.set(key, deeds);
    return deeds;
  }

  #boots(node: number, before: Stored): readonly Deed[] {
    const config = this.#configs[node];
    assert(config !== undefined, `there is no node ${node}`);
    const stored = this.#storage.booted(before);
    const incarnation = stored.boots * INCARNATION_COUNT;
    return eachChance((seed) => boot(bootImage(stored), config, { now: 0, seed, incarnation })).map(
      (outcome) => this.#deed({ node, state: null, stored }, outcome),
    );
  }

  #steps(replica: Replica, event: Exclude<Event, { kind: "boot" }>): readonly Deed[] {
    const ready = readied(replica.state, event);
    if (ready === null) return [];
    const input = inputOf(event);
    const isAnswer = event.kind === "delivery" && event.exchange.stage.kind !== "asked";
    return eachChance((word) => step({ ...ready, random: { word } }, input)).map((outcome) => {
      const deed = this.#deed(replica, outcome, replica);
      return { ...deed, isQuiet: isAnswer && isQuiet(replica, deed) };
    });
  }

  #deed(
    before: { readonly node: number; readonly state: State | null; readonly stored: Stored },
    outcome: Step | AssertionError,
    unchanged?: Replica,
  ): Deed {
    if (outcome instanceof AssertionError) {
      return { ...NOTHING_DONE, replica: unchanged ?? null, violation: outcome.message };
    }
    const { state, effects } = outcome;
    const [first] = effects;
    const stored =
      first?.kind === "persist" ? this.#storage.write(before.stored, first) : before.stored;
    const isLate = effects.slice(1).some(({ kind }) => kind === "persist");
    const { node } = before;
    const replica = this.#known.of({ node, state: atRest(state), stored, deeds: new Map() });
    return {
      replica,
      isQuiet: false,
      sends: effects.flatMap((effect) => (effect.kind === "send" ? [effect] : [])),
      replies: effects.flatMap((effect) =>
        effect.kind === "reply"
          ? [{ to: effect.to, response: withRecords(effect.response, stored.log) }]
          : [],
      ),
      forgets: before.state === null ? [] : forgotten(before.state, state),
      violation: isLate ? "a step stores after it has said something" : null,
      effects,
    };
  }
}

const NOTHING_DONE = { sends: [], replies: [], forgets: [], effects: [], isQuiet: false };

/** Whether nothing has changed but whom it asks and what it awaits. */
function isQuiet(before: Replica, { replica, replies }: Deed): boolean {
  if (replica === null || replica.stored !== before.stored || replies.length > 0) return false;
  const [names] = RELABELINGS;
  assert(names !== undefined, "there is a relabeling that changes nothing");
  const textWithout = ({ state }: Replica): string =>
    textOf({ ...state, connections: null }, names);
  return textWithout(before) === textWithout(replica);
}

const keyOf = (event: Event): string | number => {
  switch (event.kind) {
    case "boot":
      return "boot";
    case "timer":
      return event.timer;
    case "give-up":
      return `give up ${event.peer}`;
    case "delivery":
      return event.exchange.id * SLOTS_MAX + event.slot;
    case "command":
      return event.key;
    default:
      return unreachable(event);
  }
};

/** The replica as it is when that comes; null where it cannot come. */
function readied(state: State, event: Event): State | null {
  if (event.kind === "timer") return aboutToRunOut(state, event.timer);
  if (event.kind === "give-up") return aboutToGiveUp(state, event.peer);
  return state;
}

/** As the core is told of it. */
function inputOf(event: Exclude<Event, { kind: "boot" }>): Input {
  if (event.kind === "command") return event.input;
  if (event.kind !== "delivery") return { kind: "time-passed", now: MOMENT };
  const { stage, requester, responder: peer, isAwaited } = event.exchange;
  const correlation = isAwaited ? AWAITED : FORGOTTEN;
  switch (stage.kind) {
    case "asked": {
      const request = requestId(requester, event.slot);
      return { kind: "request-received", now: 0, request, body: stage.request };
    }
    case "answered":
      return { kind: "response-received", now: 0, from: peer, correlation, body: stage.response };
    case "failed":
      return { kind: "request-failed", now: 0, to: peer, correlation, failure: FAILURE };
    case "waiting":
      throw new Error("a request that waits is delivered already");
    default:
      return unreachable(stage);
  }
}

/** Every different outcome of chance. Only whom a fetch goes to while no leader is known is left to it. */
function eachChance(run: (chance: number) => Step): readonly (Step | AssertionError)[] {
  const outcomes = new Map<string, Step | AssertionError>();
  for (const chance of CHANCES) {
    const outcome = attempt(() => run(chance));
    const asked = outcome instanceof AssertionError ? [] : fetchesAbroad(outcome);
    const key = asked.join();
    if (!outcomes.has(key)) outcomes.set(key, outcome);
    if (asked.length === 0) break;
  }
  return [...outcomes.values()];
}

/** Whom a replica asks for records that does not follow it. */
const fetchesAbroad = ({ state, effects }: Step): readonly number[] =>
  effects.flatMap((effect) => {
    if (effect.kind !== "send" || effect.request.api !== "fetch") return [];
    const { role } = state;
    return role.kind === "follower" && role.leaderId === effect.to ? [] : [effect.to];
  });

function attempt(run: () => Step): Step | AssertionError {
  try {
    return run();
  } catch (error) {
    if (error instanceof AssertionError) return error;
    throw error;
  }
}

/** The peers of whom an answer was awaited, and is not any more. What was asked anew has a number of its own. */
function forgotten(before: State, after: State): readonly number[] {
  const peers: number[] = [];
  for (const [peer, { inFlight }] of before.connections) {
    if (inFlight === null) continue;
    if (after.connections.get(peer)?.inFlight?.correlation !== inFlight.correlation)
      peers.push(peer);
  }
  return peers;
}
