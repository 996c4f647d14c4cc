/**
 * Breadth first through all worlds of a model: every world once, and the shortest way to each. So the first violation
 * that is found is one of the shortest that there are.
 */
import { FingerprintSet } from "./fingerprint.ts";
import type { Bounds, Model } from "./model.ts";
import { Course, type Successor } from "./course.ts";
import type { Move } from "./move.ts";
import { opening } from "./opening.ts";
import { type Situation, SITUATIONS } from "./situations.ts";
import { type World, printOf } from "./world.ts";

export interface Limits {
  /** Different worlds. */
  readonly states: number;
  readonly milliseconds: number;
}

export interface Exploration {
  readonly bounds: Bounds;
  /** Different worlds, up to the names of replicas. */
  readonly states: number;
  /** Moves that were made from them, those that lead to a world that was known included. */
  readonly transitions: number;
  /** Moves to the worlds that are furthest away. */
  readonly depth: number;
  /** Worlds that were found and not looked at. */
  readonly frontier: number;
  /** Moves that led beyond the model's last epoch. */
  readonly cut: number;
  /** Why it came to its end. */
  readonly end: "exhausted" | "states" | "time" | "violation";
  /** How often moves of each kind were made. */
  readonly moves: ReadonlyMap<string, number>;
  readonly situations: ReadonlyMap<Situation, number>;
  /** Different replicas that the worlds are made of. */
  readonly replicas: number;
  readonly violation: Violation | null;
}

export interface Violation {
  readonly sentence: string;
  /** From the first world to the last move. */
  readonly way: readonly Successor[];
}

/** How a world was reached first. */
class Ways {
  #from = new Uint32Array(1 << 16);
  #choice = new Uint16Array(1 << 16);
  #size = 0;

  add(from: number, choice: number): number {
    if (this.#size === this.#from.length) this.#grow();
    this.#from[this.#size] = from;
    this.#choice[this.#size] = choice;
    this.#size += 1;
    return this.#size - 1;
  }

  /** The choices that lead to `at`, after which of the first worlds. */
  to(at: number): readonly number[] {
    const choices: number[] = [];
    let here = at;
    for (; this.#from[here] !== here; here = this.#from[here] ?? here) {
      choices.push(this.#choice[here] ?? 0);
    }
    return [this.#choice[here] ?? 0, ...choices.toReversed()];
  }

  #grow(): void {
    const [from, choice] = [this.#from, this.#choice];
    this.#from = new Uint32Array(2 * from.length);
    this.#choice = new Uint16Array(2 * from.length);
    this.#from.set(from);
    this.#choice.set(choice);
  }
}

interface Found {
  readonly world: World;
  readonly at: number;
}

export class Search {
  readonly #course: Course;
  readonly #limits: Limits;
  readonly #seen = new FingerprintSet();
  readonly #ways = new Ways();
  readonly #first: readonly World[];
  readonly #moves = new Map<string, number>();
  readonly #situations = new Map<Situation, number>(SITUATIONS.map((name) => [name, 0]));
  #transitions = 0;
  #cut = 0;
  #depth = 0;

  constructor(model: Model, bounds: Bounds, limits: Limits) {
    this.#course = new Course(model, bounds);
    this.#limits = limits;
    this.#first = opening(this.#course);
  }

  /** `progress` is called after each depth. */
  run(progress?: (so: Exploration) => void): Exploration {
    const startedAt = performance.now();
    let level: Found[] = [];
    for (const [choice, world] of this.#first.entries()) {
      if (this.#seen.add(...printOf(world))) {
        level.push({ world, at: this.#ways.add(this.#seen.size - 1, choice) });
      }
    }
    for (;;) {
      const next: Found[] = [];
      for (const [done, found] of level.entries()) {
        const left = level.length - done + next.length;
        if (this.#seen.size >= this.#limits.states) return this.#report("states", left);
        const passed = performance.now() - startedAt;
        if (passed > this.#limits.milliseconds) return this.#report("time", left);
        const violation = this.#expand(found, next);
        if (violation !== null) return this.#report("violation", left, violation);
      }
      if (next.length === 0) return this.#report("exhausted", 0);
      this.#depth += 1;
      level = next;
      progress?.(this.#report("time", level.length));
    }
  }

  #expand({ world, at }: Found, next: Found[]): Violation | null {
    for (const [choice, successor] of this.#course.successors(world).entries()) {
      this.#count(successor);
      if (successor.violation !== null) {
        const way = [...this.#wayTo(at), successor];
        return { sentence: successor.violation, way };
      }
      if (successor.world === null) this.#cut += 1;
      else if (this.#seen.add(...printOf(successor.world))) {
        next.push({ world: successor.world, at: this.#ways.add(at, choice) });
      }
    }
    return null;
  }

  #count({ move, situations }: Successor): void {
    this.#transitions += 1;
    const name = kindOf(move);
    this.#moves.set(name, (this.#moves.get(name) ?? 0) + 1);
    for (const met of situations) this.#situations.set(met, (this.#situations.get(met) ?? 0) + 1);
  }

  /** Goes the same way again: choices are in places that depend on the world alone. */
  #wayTo(at: number): readonly Successor[] {
    const [start = 0, ...choices] = this.#ways.to(at);
    let world = this.#first[start];
    const way: Successor[] = [];
    for (const choice of choices) {
      const taken = world === undefined ? undefined : this.#course.successors(world)[choice];
      if (taken === undefined || taken.world === null) throw new Error("the way is not there");
      way.push(taken);
      world = taken.world;
    }
    return way;
  }

  #report(
    end: Exploration["end"],
    frontier: number,
    violation: Violation | null = null,
  ): Exploration {
    return {
      bounds: this.#course.bounds,
      states: this.#seen.size,
      transitions: this.#transitions,
      depth: this.#depth,
      frontier,
      cut: this.#cut,
      end,
      moves: this.#moves,
      situations: this.#situations,
      replicas: this.#course.replicas.size,
      violation,
    };
  }
}

/** What it should have met and did not, a sentence each. */
export function missedBy({ bounds, states, situations }: Exploration): readonly string[] {
  const { demands } = bounds;
  const missed = demands.situations.filter((name) => (situations.get(name) ?? 0) === 0);
  return [
    ...missed.map((name) => `never met: ${name}`),
    ...(states < demands.states ? [`only ${states} states, of ${demands.states} at least`] : []),
  ];
}

/** As it is counted. */
function kindOf(move: Move): string {
  if (move.kind === "loss") return "message lost";
  const { event, isCutShort, isCopied } = move;
  if (isCutShort) return "crash in the middle of an event";
  if (isCopied) return "message delivered twice";
  switch (event.kind) {
    case "boot":
      return "crash";
    case "timer":
      return `timer of ${event.timer}`;
    case "give-up":
      return "answer not awaited any more";
    case "delivery":
      return `${event.exchange.stage.kind} delivered`;
    case "command":
      return event.name;
  }
}
