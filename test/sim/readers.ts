/**
 * Clients that read what is certain to be current, at the replica they believe leads, and remember what all clients
 * knew when they asked. Writers tell them what was acknowledged. Some of what they ask reaches an instance that has
 * been superseded: a platform that routes by name is believed to prevent it, and reads do not lean on that.
 */
import type { ReadOutcome } from "../../durable-objects/replica/pending-reads.ts";
import type { Call } from "../linearizability/recorder.ts";
import type { RegisterOutput } from "../linearizability/register.ts";
import { KEYS, keyName, valueOf, type Unanswered } from "./clients.ts";
import type { IndexedRead, Instance, ShownAge } from "./instance.ts";
import type { Replica } from "./replica.ts";
import { untilQuiet } from "./routine.ts";
import type { World } from "./world.ts";

/** A replica that owes more answers than this is asked nothing more. */
const PENDING_MAX = 20;
/** How long after one read the next one reaches a superseded leader. */
const ASTRAY_MS_MAX = 40;

/** From some moment on, clients know of everything below an offset. */
interface Knowledge {
  readonly at: number;
  readonly end: number;
}

export class Readers {
  readonly #world: World;
  #read = 0;
  readonly #unanswered = new Map<number, Unanswered>();
  /** Rising in both. */
  readonly #known: Knowledge[] = [{ at: Number.NEGATIVE_INFINITY, end: 0 }];
  /** The latest read that was answered with what it must show, by the order in which reads were begun. */
  latestReady = 0;

  constructor(world: World) {
    this.#world = world;
  }

  get unanswered(): Iterable<Unanswered> {
    return this.#unanswered.values();
  }

  /** The number of the latest read that was begun. */
  get latestBegun(): number {
    return this.#read;
  }

  start(): void {
    const { readEveryMs } = this.#world.swarm;
    const { lulls } = this.#world;
    if (readEveryMs > 0)
      untilQuiet(
        this.#world,
        readEveryMs,
        () => this.read(),
        () => lulls.silencesReaders,
      );
  }

  /** Clients know of everything below `end` from now on. */
  learn(end: number): void {
    const latest = this.#known.at(-1);
    if (end > (latest?.end ?? 0)) this.#known.push({ at: this.#world.timeline.now, end });
  }

  /** Reads once, if there is a replica to ask. */
  read(replica = this.#world.likelyLeader()): void {
    replica?.reach();
    if (replica?.instance !== undefined) this.#readAt(replica, replica.instance);
  }

  /** A leader was superseded and runs on: reads go on reaching it for as long as it believes that it leads. */
  haunt(replica: Replica, zombie: Instance): void {
    const { timeline, chance, swarm, tally } = this.#world;
    if (swarm.readEveryMs === 0) return;
    timeline.after(chance.between(0, ASTRAY_MS_MAX), () => {
      if (zombie.isGone || zombie.state.role.kind !== "leader" || this.#world.isQuiet) return;
      tally.count("fault: a read went astray");
      this.#readAt(replica, zombie);
      this.haunt(replica, zombie);
    });
  }

  #readAt(replica: Replica, instance: Instance): void {
    if (instance.pendingCount >= PENDING_MAX) return;
    this.#world.tally.count("reads");
    this.#askAge(replica, instance);
    this.#read += 1;
    const read = this.#read;
    const known = this.#known.at(-1)?.end ?? 0;
    this.#unanswered.set(read, { since: this.#world.timeline.now, replica });
    const { role, election } = instance.state;
    const key = keyName((read % KEYS) + 1);
    const call = this.#world.registers.ask(`read ${read}`, { kind: "read", key });
    instance.readIndex((shown) => {
      this.#unanswered.delete(read);
      const outcome = shown?.outcome ?? null;
      show(key, shown, call);
      // A round has just ended: an age that is counted from its end is told too young now, if ever.
      this.#hearAge(replica, instance, shown?.age ?? null);
      const isReady = outcome?.kind === "ready";
      if (!isReady && role.kind === "leader" && this.#isDeposed(election.epoch))
        this.#world.tally.count("situation: a deposed leader's read never completed");
      this.#hear({ read, replica: replica.name, known }, outcome);
    });
  }

  #hear(
    asked: { readonly read: number; readonly replica: string; readonly known: number },
    outcome: ReadOutcome | null,
  ): void {
    const { tally } = this.#world;
    if (outcome?.kind !== "ready") {
      tally.count(`reads ${outcome === null ? "unknown" : outcome.error.toLowerCase()}`);
      return;
    }
    tally.count("reads ready");
    const end = outcome.readIndex;
    this.latestReady = Math.max(this.latestReady, asked.read);
    this.#world.observe({ kind: "read", ...asked, promise: "linearizable", end });
    this.learn(end);
  }

  /** Whether another leads by now, in a later epoch. */
  #isDeposed(epoch: number): boolean {
    return [...this.#world.replicas.values()].some(
      ({ leads, instance }) => leads && (instance?.state.election.epoch ?? 0) > epoch,
    );
  }

  /**
   * What a replica knows is to be as old at most as it says. A jump back of its clock hides in the time between two
   * events, if that was longer, and what it says is too little from then on.
   */
  #askAge(replica: Replica, instance: Instance): void {
    instance.showAge((shown) => this.#hearAge(replica, instance, shown));
  }

  #hearAge(replica: Replica, instance: Instance, shown: ShownAge | null): void {
    if (shown === null) return;
    const { ageMs, end, at: shownAt } = shown;
    const { timeline, tally } = this.#world;
    const sinceBootMs = timeline.now - instance.bootedAt;
    if (replica.jumps(sinceBootMs).some((byMs) => byMs < 0)) return;
    tally.count("ages told");
    const since = shownAt - replica.trueMs(ageMs);
    const known = this.#known.findLast(({ at }) => at < since)?.end ?? 0;
    const { name } = replica;
    this.#world.observe({
      kind: "read",
      read: this.#read,
      replica: name,
      promise: "age",
      known,
      end,
    });
  }
}

/** Reads the key where the index was given, if that replica has come so far: what it shows goes into the history. */
function show(key: string, shown: IndexedRead | null, call: Call<RegisterOutput>): void {
  if (shown?.outcome.kind !== "ready" || shown.endOffset < shown.outcome.readIndex)
    return call.withoutEffect();
  const { image, endOffset } = shown;
  call.returned({ kind: "value", value: valueOf(image, key) }, { endOffset, records: 0 });
}
