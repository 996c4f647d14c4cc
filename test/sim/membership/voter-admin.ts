/**
 * An operator who changes the voter set, wherever it finds a leader and by what a leader says of the voters: it adds,
 * removes and replaces, now in the mood to grow the quorum and now to shrink it. It asks for nonsense, too, and knows
 * nothing of the other operator.
 */
import type { ErrorName, Voter, VoterChangeRequest } from "../../../src/raft/index.ts";
import { directoryOf } from "../directories.ts";
import type { Replica } from "../replica.ts";
import type { World } from "../world.ts";

/** How long it stays in one mood, at most. */
const MOOD_MS_MAX = 20_000;
const RETRIES_MAX = 4;
/** A directory that no storage of any node has. */
const NO_ONES_GENERATION = 200;

type Mood = "grow" | "shrink" | "replace" | "any";
type Then = (error: ErrorName) => void;

const NOTHING_MORE: Then = () => undefined;

export class VoterAdmin {
  readonly #world: World;
  readonly #name: string;
  #mood: Mood = "any";
  #moodUntil = 0;

  constructor(world: World, number: number) {
    this.#world = world;
    this.#name = `admin-${number}`;
  }

  start(): void {
    const { timeline, chance, swarm } = this.#world;
    const everyMs = swarm.turnover?.changeEveryMs ?? 0;
    timeline.after(chance.between(0, 2 * everyMs), () => {
      if (this.#world.isHealed) return;
      this.#act();
      this.start();
    });
  }

  #act(): void {
    const { timeline, chance } = this.#world;
    if (timeline.now >= this.#moodUntil) {
      this.#mood = chance.pick(["grow", "shrink", "replace", "any"]) ?? "any";
      this.#moodUntil = timeline.now + chance.between(1_000, MOOD_MS_MAX);
    }
    if (chance.happens(0.15)) return this.#askNonsense();
    switch (this.#mood) {
      case "grow":
        return this.#add(this.#stranger());
      case "shrink":
        return this.#remove(this.#member());
      case "replace":
        return this.#replace();
      case "any":
        return chance.happens(0.5) ? this.#add(this.#stranger()) : this.#remove(this.#member());
    }
  }

  /** A new one first, so that there is never one less; its predecessor when it is in. */
  #replace(): void {
    const former = this.#member();
    this.#add(this.#stranger(), (error) => {
      if (error === "NONE") this.#remove(former);
    });
  }

  #askNonsense(): void {
    const { chance } = this.#world;
    const [member, stranger] = [this.#member(), this.#stranger()];
    const wish = chance.pick(["twice", "no one's", "other directory", "unlisted", "nobody"]);
    if (wish === "twice") this.#add(member);
    else if (wish === "no one's") this.#add(stranger && withoutStorage(stranger));
    else if (wish === "other directory") this.#remove(member && withoutStorage(member));
    else if (wish === "unlisted") this.#remove(stranger);
    else this.#remove(member && { ...member, key: { ...member.key, id: 99 } });
  }

  /** Somebody who is listed: often the leader, more often one whose storage is lost. */
  #member(): Voter | undefined {
    const { chance, membership } = this.#world;
    const leader = this.#leader();
    const names = leader === undefined ? [] : membership.votersOf(leader);
    const members = names.flatMap((name) => this.#world.replicaNamed(name) ?? []);
    const lost = members.filter(({ isLostForGood }) => isLostForGood);
    if (lost.length > 0 && chance.happens(0.6)) return chance.pick(lost)?.config.local;
    if (leader !== undefined && chance.happens(0.4)) return leader.config.local;
    return chance.pick(members)?.config.local;
  }

  /** Somebody who is not, whatever state it is in: a spare node, one that was removed, one with a fresh storage. */
  #stranger(): Voter | undefined {
    const { chance, membership, replicas } = this.#world;
    const leader = this.#leader();
    const names = leader === undefined ? [] : membership.votersOf(leader);
    const strangers = [...replicas.values()].filter(({ name }) => !names.includes(name));
    const present = strangers.filter(({ absence }) => absence === null);
    return chance.pick(chance.happens(0.8) ? present : strangers)?.config.local;
  }

  #leader(): Replica | undefined {
    const { chance, replicas } = this.#world;
    return chance.pick([...replicas.values()].filter(({ leads }) => leads));
  }

  #add(voter: Voter | undefined, then = NOTHING_MORE): void {
    if (voter === undefined) return;
    const { cluster, chance } = this.#world;
    const ackWhenCommitted = chance.happens(0.8);
    const { key, endpoints } = voter;
    const clusterId = cluster.cluster_id;
    this.#ask({ api: "add-raft-voter", clusterId, voter: key, endpoints, ackWhenCommitted }, then);
  }

  #remove(voter: Voter | undefined): void {
    if (voter === undefined) return;
    const clusterId = this.#world.cluster.cluster_id;
    this.#ask({ api: "remove-raft-voter", clusterId, voter: voter.key }, NOTHING_MORE);
  }

  /** Asks, and asks again where a moment may make the difference. */
  #ask(body: VoterChangeRequest, then: Then, retries = RETRIES_MAX): void {
    const { chance, tally, timeline } = this.#world;
    const to = this.#world.likelyLeader();
    if (to === undefined) return;
    const again = (): void => {
      if (retries === 0 || this.#world.isHealed || !chance.happens(0.7)) return;
      timeline.after(chance.between(50, 2_000), () => this.#ask(body, then, retries - 1));
    };
    this.#world.call({
      from: this.#name,
      to: to.id,
      body,
      answer: ({ error }) => {
        tally.count(`${body.api}: ${error}`);
        if (error === "REQUEST_TIMED_OUT" || error === "NOT_LEADER_OR_FOLLOWER") again();
        else then(error);
      },
      fail: again,
    });
  }
}

/** The same node with a directory that nobody has. */
const withoutStorage = (voter: Voter): Voter => ({
  ...voter,
  key: { ...voter.key, directoryId: directoryOf(voter.key.id, NO_ONES_GENERATION) },
});
