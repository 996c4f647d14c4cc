/**
 * Everything that may follow on a world, each in a fixed place, so that a way through worlds is a list of numbers. And
 * what need not be followed, since something else that is followed shows the same.
 */
import type { Request } from "../../src/raft/index.ts";
import { type Exchange, Exchanges } from "./exchange.ts";
import { Ghosts } from "./ghost.ts";
import { judge } from "./laws.ts";
import type { Bounds, Model } from "./model.ts";
import {
  FREE,
  type Happening,
  type Move,
  NO_SLOT,
  deliveryOf,
  happening,
  orCutShort,
} from "./move.ts";
import { indexOf } from "./relabeling.ts";
import { type Deed, type Event, type Replica, Replicas } from "./replica.ts";
import { TIMERS } from "./rest.ts";
import { endOf } from "./stored.ts";
import { type Situation, situationsIn } from "./situations.ts";
import { type Cost, Purse, Traffic, type World } from "./world.ts";

export interface Successor {
  readonly move: Move;
  /** Null where a law or the model's last epoch ends it. */
  readonly world: World | null;
  readonly violation: string | null;
  readonly situations: readonly Situation[];
  /** What the replica has done; of one that was cut short the boot comes last. */
  readonly deeds: readonly Deed[];
}

const BOOT: Event = { kind: "boot" };

/** The course of a model: which worlds there are at first, and which may follow on each. */
export class Course {
  readonly model: Model;
  readonly bounds: Bounds;
  readonly replicas: Replicas;
  readonly #exchanges = new Exchanges();
  readonly #ghosts = new Ghosts();
  readonly #purse = new Purse();

  constructor(model: Model, bounds: Bounds) {
    this.model = model;
    this.bounds = bounds;
    this.replicas = new Replicas(model);
  }

  /** The worlds after the first boots. */
  booted(): readonly World[] {
    const nobody: readonly (readonly Deed[])[] = [[]];
    const ways = this.replicas
      .first()
      .reduce((all, deeds) => all.flatMap((way) => deeds.map((deed) => [...way, deed])), nobody);
    return ways.map((way) => this.#booted(way));
  }

  #booted(deeds: readonly Deed[]): World {
    const empty = {
      replicas: [],
      exchanges: [],
      ghost: this.#ghosts.none,
      spent: this.#purse.empty,
    };
    const traffic = new Traffic(empty, this.#exchanges);
    for (const [node, deed] of deeds.entries()) traffic.perform(node, deed);
    const replicas = deeds.flatMap(({ replica }) => (replica === null ? [] : [replica]));
    return { ...empty, replicas, exchanges: traffic.all };
  }

  /** The same world with everything that the model allows before it. */
  afresh = (world: World): World => ({ ...world, spent: this.#purse.empty });

  /** All that may follow, in an order that depends on the world alone. */
  successors(world: World): readonly Successor[] {
    for (const exchange of world.exchanges) {
      const move = deliveryOf(exchange, world);
      if (move !== null && this.#isQuiet(world, move)) return this.outcomes(world, move);
    }
    return this.moves(world).flatMap((move) => this.outcomes(world, move));
  }

  /**
   * Whether this is an answer that only makes way for the next request: the replica becomes no other by it. Then it is
   * followed alone, for whatever else may come first comes after it as well. What a late answer would forbid is a
   * request that now is under way; that one may be as late.
   */
  #isQuiet(world: World, move: Happening): boolean {
    if (move.event.kind !== "delivery") return false;
    const { exchange } = move.event;
    if (exchange.stage.kind === "asked") return this.#isInVain(world, move, exchange.stage.request);
    return this.replicas
      .after(replicaAt(world, move.node), move.event)
      .every(({ isQuiet }) => isQuiet);
  }

  /**
   * Whether this is a fetch that cannot be served now, nor ever in its epoch, and whose answer is no news. It is
   * refused at once, for it can be sent again when its answer would be news; so pauses must be free.
   */
  #isInVain(world: World, move: Happening, request: Request): boolean {
    if (move.event.kind !== "delivery" || request.api !== "fetch") return false;
    if (this.#allowed("timer of pause") !== Number.POSITIVE_INFINITY) return false;
    const { exchange } = move.event;
    const receiver = replicaAt(world, move.node);
    const { role, election } = receiver.state;
    if (request.epoch !== election.epoch) return false;
    if (role.kind === "leader" || role.kind === "candidate") return false;
    return this.replicas.after(receiver, move.event).every(({ replica, replies }) => {
      const [reply] = replies;
      if (replica !== receiver || reply === undefined) return false;
      if (!exchange.isAwaited) return true;
      const answered = this.#exchanges.of(exchange, { kind: "answered", response: reply.response });
      const event: Event = { kind: "delivery", exchange: answered, slot: NO_SLOT };
      return this.#isQuiet(world, happening(indexOf(exchange.requester), event, FREE));
    });
  }

  moves(world: World): readonly Move[] {
    return this.allMoves(world).filter(({ costs }) =>
      costs.every((cost) => this.#canAfford(world, costs, cost)),
    );
  }

  /** Whatever it costs. */
  allMoves(world: World): readonly Move[] {
    const moves: Move[] = [];
    for (const exchange of world.exchanges) this.#movesOf(exchange, world, moves);
    for (const replica of world.replicas) this.#movesAt(replica, world, moves);
    return moves;
  }

  #canAfford({ spent }: World, costs: readonly Cost[], cost: Cost): boolean {
    const wanted = costs.filter((one) => one === cost).length;
    return (spent[cost] ?? 0) + wanted <= this.#allowed(cost);
  }

  #allowed(cost: Cost): number {
    return this.bounds.allowed[cost] ?? 0;
  }

  /** What may become of a request. */
  #movesOf(exchange: Exchange, world: World, moves: Move[]): void {
    const { stage, requester, responder, isAwaited } = exchange;
    const says = stage.kind === "asked" || stage.kind === "answered";
    const delivery = deliveryOf(exchange, world);
    if (delivery !== null) moves.push(...orCutShort(delivery));
    if (delivery !== null && says && isAwaited) {
      moves.push({ ...delivery, costs: ["copy"], isCopied: true });
      moves.push({ kind: "loss", exchange, costs: ["loss"] });
    }
    // An answer that is given up is one that is lost.
    if (isAwaited && (stage.kind === "asked" || stage.kind === "waiting")) {
      const event: Event = { kind: "give-up", peer: responder };
      moves.push(happening(indexOf(requester), event, ["loss"]));
    }
  }

  /** What a replica may do by itself, or be asked to. */
  #movesAt(replica: Replica, { spent, ghost }: World, moves: Move[]): void {
    const { node } = replica;
    for (const timer of TIMERS) {
      moves.push(...orCutShort(happening(node, { kind: "timer", timer }, [`timer of ${timer}`])));
    }
    for (const { name, inputs } of this.model.commands) {
      const cost: Cost = `command ${name}`;
      const before = spent[cost] ?? 0;
      const committed = endOf(ghost.committed);
      for (const [at, input] of inputs(replica, before, committed).entries()) {
        const key = `${name} ${before} ${committed} ${at}`;
        const event: Event = { kind: "command", name, key, input };
        moves.push(...orCutShort(happening(node, event, [cost])));
      }
    }
    moves.push(happening(node, BOOT, ["crash"]));
  }

  /** What a move may lead to. */
  outcomes(world: World, move: Move): readonly Successor[] {
    const counted = move.costs.filter((cost) => this.#allowed(cost) !== Number.POSITIVE_INFINITY);
    const spent = counted.reduce((left, cost) => this.#purse.with(left, cost), world.spent);
    const paid = { ...world, spent };
    if (move.kind === "loss") {
      const traffic = new Traffic(paid, this.#exchanges);
      traffic.lose(move.exchange);
      const lost = { ...paid, exchanges: traffic.all };
      return [{ move, world: lost, violation: null, situations: [], deeds: [] }];
    }
    const replica = replicaAt(world, move.node);
    return this.replicas
      .after(replica, move.event)
      .flatMap((deed) => this.#play(paid, { move, event: move.event }, deed));
  }

  /**
   * Whether a request that nobody awaits comes too late for ever: it is of an epoch that its receiver has left behind,
   * and that one, asked here and now, does nothing about it. Epochs never fall, so it never will. A pre-vote in the
   * receiver's own epoch asks for an opinion and for nothing else.
   */
  #isDead(exchange: Exchange, replicas: readonly Replica[]): boolean {
    const { stage, isAwaited, responder } = exchange;
    if (isAwaited || stage.kind !== "asked") return false;
    const receiver = replicas[indexOf(responder)];
    const { request } = stage;
    const isPast = "epoch" in request && request.epoch < (receiver?.state.election.epoch ?? 0);
    const isOpinion =
      request.api === "vote" && request.preVote && request.epoch === receiver?.state.election.epoch;
    if (receiver === undefined || (!isPast && !isOpinion)) return false;
    return this.replicas
      .after(receiver, { kind: "delivery", exchange, slot: NO_SLOT })
      .every(({ replica, sends }) => replica === receiver && sends.length === 0);
  }

  #play(
    world: World,
    { move, event }: { readonly move: Happening; readonly event: Event },
    deed: Deed,
  ): readonly Successor[] {
    const ended = { move, world: null, violation: null, situations: [], deeds: [deed] };
    const before = replicaAt(world, move.node);
    const { replica: after, violation } = deed;
    if (violation !== null || after === null) return [{ ...ended, violation }];
    const isCutShort = move.isCutShort && event !== BOOT;
    if (isCutShort && after.stored === before.stored) return [];
    if (isOwn(event) && after === before && isSilent(deed)) return [];
    if (after.state.election.epoch > this.bounds.epochsMax) return [ended];
    const traffic = new Traffic(world, this.#exchanges);
    if (event.kind === "delivery") traffic.deliver(event.exchange, event.slot);
    if (event.kind === "delivery" && move.isCopied) traffic.keepCopy(event.exchange);
    if (event === BOOT) traffic.crash(move.node);
    const complaint = isCutShort ? null : traffic.perform(move.node, deed);
    if (complaint !== null) return [{ ...ended, violation: complaint }];
    const replicas = world.replicas.with(move.node, after);
    const effects = isCutShort ? [] : deed.effects;
    const change = { before, after, replicas, effects };
    const ghost = judge(change, world.ghost, this.#ghosts);
    if (typeof ghost === "string") return [{ ...ended, violation: ghost }];
    const exchanges = traffic.all.filter((exchange) => !this.#isDead(exchange, replicas));
    const next: World = { ...world, replicas, exchanges, ghost };
    if (!isCutShort) {
      const situations = situationsIn(change, { from: world.ghost, to: ghost });
      return [{ ...ended, world: next, situations }];
    }
    return this.replicas
      .after(after, BOOT)
      .flatMap((boot) => this.#play(next, { move, event: BOOT }, boot))
      .map((successor) => ({ ...successor, deeds: [deed, ...successor.deeds] }));
  }
}

/** What no message of the others brings. */
const isOwn = ({ kind }: Event): boolean => kind === "timer" || kind === "command";

/** Whether nobody hears of it. */
const isSilent = ({ sends, replies }: Deed): boolean => sends.length + replies.length === 0;

function replicaAt({ replicas }: World, node: number): Replica {
  const replica = replicas[node];
  if (replica === undefined) throw new Error(`there is no node ${node}`);
  return replica;
}
