/**
 * Situations that a run must have met, or it has proved nothing: each is counted where it is seen, and a run of enough
 * seeds in which one of them never came up fails. What is seen in a single step of the core is seen here.
 */
import type { Input, State, Step } from "../../src/raft/index.ts";
import type { Tally } from "./faults.ts";
import { VoterSituations } from "./membership/voter-situations.ts";
import type { Replica } from "./replica.ts";
import { SleepSituations } from "./sleep-situations.ts";

/** What a run of 40 seeds has met, or it has proved nothing. Of fewer seeds nothing is demanded. */
const COMMON: readonly string[] = [
  "elections",
  "truncations",
  "writes committed",
  "fetches of brokers",
  "fault: pause",
  "fault: overload",
  "fault: disk full",
  "fault: timer late",
  "fault: clock far back",
  "situation: an answer came after its call was given up",
  "situation: a backlog came in a burst",
  "situation: a leader learned of a later epoch",
  "situation: a leader gave up without a majority",
  "situation: a candidate was restarted in its epoch",
  "situation: a candidate met the leader of its epoch",
  "situation: a prospective voter was refused by a majority",
  "situation: a leader was elected in its first epoch as one",
  "situation: a write was lost with its leader",
  "ages told",
  "reads ready",
  "reads not_leader_or_follower",
  "reads request_timed_out",
  "situation: a read ended with its leader",
  "situation: a read was not confirmed in time",
  "situation: a deposed leader's read never completed",
  "stale reads",
  "situation: a read was out of date",
  "situation: a snapshot was made",
  "situation: a log was cut",
  "situation: a replica booted from a snapshot",
  "situation: a range of a snapshot was sent",
  "situation: a snapshot was installed",
  "fault: wiped",
  "situation: a voter was added",
  "situation: a voter was removed",
  "situation: a leader removed itself",
  "situation: the removal of a leader was committed by another",
  "situation: a quorum of one grew",
  "situation: a quorum shrank to one",
  "situation: a node joined by itself",
  "situation: a node was refused first and joined then",
  "situation: a wiped node joined again with another directory",
  "situation: a change was refused while another was under way",
  "situation: a change that took too long was committed",
];

/** What only more seeds meet for certain. */
const RARE: readonly string[] = [
  "fault: a read went astray",
  "fault: alarm doubled",
  "fault: alarm dropped",
  "fault: alarm late",
  "situation: an alarm brought an object back",
  "fault: rolled back",
  "rollbacks noticed",
  "fault: storage copied",
  "situation: a copied storage was refused",
  "situation: a broker was fenced after a standstill",
  "fault: range changed",
  "fault: chunk changed",
  "snapshots fetched by brokers",
  "snapshots refused by brokers",
  "situation: a log was cut above the end of another",
  "situation: a download was given up",
  "situation: a snapshot was gone that was asked for",
  "situation: a snapshot was refused",
  "situation: the epoch changed while fetching a snapshot",
  "situation: the epoch changed while verifying a snapshot",
  "fault: away",
  "fault: broker emptied",
  "fault: cut and crash",
  "fault: cut lost",
  "fault: install and crash",
  "fault: install lost",
  "fault: moved",
  "fault: snapshot named without need",
  "situation: a snapshot was named that the log held already",
  "fault: snapshot made and crash",
  "fault: snapshot made lost",
  "situation: a leader stated the voters anew",
  "situation: a snapshot was installed from another build",
  "situation: two diverging answers in a row",
  "situation: a voter set was taken back by a truncation",
  "situation: a quorum grew to seven or more",
  "situation: a token was swept",
  "situation: a change was throttled",
  "situation: a leader came out of the eligible",
  "situation: a leader was asked back",
  "situation: a core served while a dead node led before",
  "situation: a core served while a deaf node led before",
  "situation: a core served while a hung node led before",
  "situation: a core served while a mute node led before",
  "situation: a core served while a paused node led before",
];

/** What a tenth of the seeds of a long run have met, each: one seed that does it all the time proves little. */
const OFTEN: readonly string[] = [
  "truncations",
  "snapshots fetched by brokers",
  "situation: a log was cut",
  "situation: a log was cut above the end of another",
  "situation: a range of a snapshot was sent",
  "situation: a replica booted from a snapshot",
  "situation: a snapshot was installed",
  "situation: a snapshot was made",
  "situation: a snapshot was refused",
  "situation: a voter was added",
  "situation: a voter was removed",
  "situation: a node joined by itself",
];

/** The names of the situations that a run of so many seeds should have met, or so often, and did not. */
export function missedOf(run: {
  readonly seeds: number;
  readonly counts: Readonly<Record<string, number>>;
  /** In how many seeds each was met. */
  readonly seedsWith: Readonly<Record<string, number>>;
}): readonly string[] {
  const { seeds, counts, seedsWith } = run;
  const demanded = [...(seeds >= 40 ? COMMON : []), ...(seeds >= 400 ? RARE : [])];
  const often = seeds >= 400 ? OFTEN : [];
  return [
    ...demanded.filter((name) => (counts[name] ?? 0) === 0),
    ...often.filter((name) => (seedsWith[name] ?? 0) < seeds / 10),
  ];
}

export class Situations {
  readonly #tally: Tally;
  readonly #before = new Map<string, State>();
  readonly #diverged = new Set<string>();
  readonly #ledBefore = new Set<string>();
  readonly #voters = new VoterSituations((what) => this.#saw(what));
  readonly #sleep = new SleepSituations((what) => this.#saw(what));

  constructor(tally: Tally) {
    this.#tally = tally;
  }

  /** Looks at a step that a replica has taken. */
  step(replica: Replica, input: Input | null, { state, effects }: Step): void {
    const { name } = replica;
    const before = this.#before.get(name);
    this.#before.set(name, state);
    if (input === null) return this.#boot(state);
    const [first] = effects;
    if (before !== undefined) {
      const taken = { input, before, step: { state, effects } };
      this.#snapshots(replica, taken);
      this.#voters.step(replica, taken);
      this.#sleep.step(input, before, taken.step);
    }
    if (first?.kind === "persist" && first.truncateTo !== null) this.#tally.count("truncations");
    for (const effect of effects) {
      if (effect.kind !== "read-refused" || input.kind === "read") continue;
      if (effect.error === "NOT_LEADER_OR_FOLLOWER") this.#saw("a read ended with its leader");
      else this.#saw("a read was not confirmed in time");
    }
    if (input.kind === "response-received" && input.body.api === "fetch") {
      const isDiverging = input.body.diverging !== null && first?.kind === "persist";
      if (isDiverging && this.#diverged.has(name)) this.#saw("two diverging answers in a row");
      if (isDiverging) this.#diverged.add(name);
      else this.#diverged.delete(name);
    }
    if (before !== undefined && before.role !== state.role)
      this.#roleChanged({ name, input, before, after: state });
  }

  #boot(state: State): void {
    if (state.log.startOffset > 0) this.#saw("a replica booted from a snapshot");
    if (state.role.kind === "candidate") this.#saw("a candidate was restarted in its epoch");
    this.#sleep.booted(state);
  }

  #snapshots(
    replica: Replica,
    {
      input,
      before,
      step: { state, effects },
    }: { readonly input: Input; readonly before: State; readonly step: Step },
  ): void {
    const { world, name } = replica;
    const [first] = effects;
    if (first?.kind === "persist") {
      if (first.snapshot !== null) this.#saw("a snapshot was made");
      if (first.install !== null) this.#installed(replica, before);
      if (first.logStart !== null) this.#saw("a log was cut");
      const isStated = first.append.some(({ control }) =>
        control.some(({ kind }) => kind === "kraft-voters"),
      );
      if (isStated && state.role.kind === "leader" && before.log.endOffset > 0)
        this.#saw("a leader stated the voters anew");
      const start = first.logStart ?? 0;
      const isCutUnder = [...world.replicas.values()].some(
        (other) => other.name !== name && !other.isLostForGood && other.disk.end < start,
      );
      if (isCutUnder) this.#saw("a log was cut above the end of another");
    }
    for (const effect of effects) {
      if (effect.kind === "snapshot-abandoned") this.#saw("a download was given up");
      if (effect.kind !== "reply" || effect.response.api !== "fetch-snapshot") continue;
      if (effect.response.bytes !== null) this.#saw("a range of a snapshot was sent");
      if (effect.response.error === "SNAPSHOT_NOT_FOUND")
        this.#saw("a snapshot was gone that was asked for");
    }
    const isRefused = effects.some(({ kind }) => kind === "snapshot-abandoned");
    if (input.kind === "snapshot-refused" && isRefused) this.#saw("a snapshot was refused");
    const installing = before.role.kind === "follower" ? before.role.installing : null;
    if (installing !== null && state.election.epoch > before.election.epoch)
      this.#saw(`the epoch changed while ${installing.phase} a snapshot`);
  }

  #installed({ world, isOtherBuild }: Replica, { role }: State): void {
    this.#saw("a snapshot was installed");
    const leader = role.kind === "follower" ? world.replicas.get(role.leaderId) : undefined;
    if (leader !== undefined && leader.isOtherBuild !== isOtherBuild)
      this.#saw("a snapshot was installed from another build");
  }

  #roleChanged(change: {
    readonly name: string;
    readonly input: Input;
    readonly before: State;
    readonly after: State;
  }): void {
    const { name, input, before, after } = change;
    const [from, to] = [before.role.kind, after.role.kind];
    if (from === to) return;
    const isLater = after.election.epoch > before.election.epoch;
    if (from === "leader" && isLater) this.#saw("a leader learned of a later epoch");
    if (from === "leader" && to === "resigned" && input.kind === "time-passed")
      this.#saw("a leader gave up without a majority");
    if (from === "candidate" && to === "follower" && !isLater)
      this.#saw("a candidate met the leader of its epoch");
    if (from === "prospective" && to !== "candidate" && input.kind === "response-received")
      this.#saw("a prospective voter was refused by a majority");
    if (to !== "leader") return;
    if (!this.#ledBefore.has(name)) this.#saw("a leader was elected in its first epoch as one");
    this.#ledBefore.add(name);
  }

  #saw(what: string): void {
    this.#tally.count(`situation: ${what}`);
  }
}
