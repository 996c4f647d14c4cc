/**
 * The committed log as the world knows it, replayed a second time beside every controller: into an image that theirs
 * are compared with, and, in worlds with metadata, into what checkers must see of every partition. It reads the bytes
 * that were shown as committed, operation by operation, so that no state between two operations of one batch is missed.
 */
import type { StoredBatch } from "../../durable-objects/replica/stored-batch.ts";
import {
  allPartitions,
  applyRecords,
  brokerById,
  emptyImage,
  imageToRecords,
  type MetadataImage,
  type Partition,
} from "../../src/metadata/index.ts";
import { encodeMetadataRecord, type MetadataRecord, type Uuid } from "../../src/protocol/index.ts";
import type { PersistEffect } from "../../src/raft/index.ts";
import { assert } from "../../src/std/assert.ts";
import { fingerprintOfBytes, metadataOf } from "./entries.ts";
import { type Observation, REPLAY } from "./observation.ts";
import type { Replica } from "./replica.ts";
import type { World } from "./world.ts";
import { DEFAULT_CONTROLLER_CONFIG } from "../metadata/default-config.ts";
import { rightsFault } from "../metadata/rights.ts";
import { WholeReplicas } from "../metadata/whole-replicas.ts";
import { TokenEnds } from "./metadata/token-ends.ts";

const SESSION_MS = DEFAULT_CONTROLLER_CONFIG.brokerSessionTimeoutMs;

/** One operation that wrote records, and where. */
export interface Written {
  readonly epoch: number;
  readonly baseOffset: number;
  readonly count: number;
  /** The broker whose AlterPartition it was. */
  readonly proposer?: number;
}

/** When a controller of an epoch last heard from a broker that did not ask to be fenced. */
interface Contact {
  readonly epoch: number;
  readonly nextOffset: number;
  readonly at: number;
}

export class History {
  readonly #world: World;
  #image: MetadataImage = emptyImage;
  #end = 0;
  /** What was ever durable anywhere and is not replayed yet, by place: a replica may have cut it since. */
  readonly #stored = new Map<string, StoredBatch>();
  /** The image at the end of each batch. */
  readonly #images = new Map<number, MetadataImage>();
  readonly #proposals = new Map<string, Written>();
  readonly #contacts = new Map<number, Contact[]>();
  readonly #whole = new WholeReplicas();
  /** How delegation tokens end. */
  readonly tokens = new TokenEnds();
  /** Incarnations whose brokers may have lost the ends of their logs before. */
  readonly #killed = new Set<Uuid>();

  constructor(world: World) {
    this.#world = world;
    this.#whole.onTurn = (turn) => world.tally.count(`situation: a leader ${turn}`);
  }

  /** A broker was killed, and goes on as another incarnation. */
  killed(incarnationId: Uuid): void {
    this.#killed.add(incarnationId);
  }

  /** An ISR was proposed. Kept beside the log, which does not say who did it. */
  proposed(written: Written): void {
    this.#proposals.set(`${written.epoch}:${written.baseOffset}`, written);
  }

  /**
   * A replica leads that epoch from now on. It may have done so before and lost it whole, before anything of it was
   * durable: what was proposed to it then is in no log.
   */
  elected(epoch: number): void {
    for (const place of this.#proposals.keys())
      if (place.startsWith(`${epoch}:`)) this.#proposals.delete(place);
  }

  /** A broker was heard; null when it asked to be fenced, which ends what it could be wronged of. */
  heard(brokerId: number, contact: Omit<Contact, "at"> | null): void {
    const known = contact === null ? [] : (this.#contacts.get(brokerId) ?? []).slice(-3);
    const at = this.#world.timeline.now;
    this.#contacts.set(brokerId, contact === null ? [] : [...known, { ...contact, at }]);
  }

  /**
   * A leader has appended. Seen from within, a machine that stood still is a clock that jumped; within a session of
   * true time after one that ended all sessions, no broker can have been silent for a whole one.
   */
  appended(leader: Replica, { append }: PersistEffect): void {
    if (!this.#world.swarm.hasMetadata) return;
    for (const { payload, baseOffset, epoch } of append) {
      for (const [index, record] of (payload === null ? [] : metadataOf(payload)).entries()) {
        this.#swept(leader, record);
        if (record.type !== "BROKER_REGISTRATION_CHANGE_RECORD") continue;
        const { brokerId, fenced } = record.data;
        if (fenced === 1) this.#fenced(leader, { brokerId, offset: baseOffset + index, epoch });
      }
    }
  }

  #swept(leader: Replica, record: MetadataRecord): void {
    const { tally } = this.#world;
    const fault = this.tokens.appended(record, leader.clock(), () =>
      tally.count("situation: a token was swept"),
    );
    if (fault !== null) this.#world.complain("living-tokens-are-kept", fault);
  }

  #fenced(
    leader: Replica,
    at: { readonly brokerId: number; readonly offset: number; readonly epoch: number },
  ): void {
    const { tally, timeline } = this.#world;
    tally.count("fencings");
    const [jumpMs = 0, ...others] = leader.jumps(SESSION_MS);
    if (jumpMs < 2 * SESSION_MS || others.length > 0) return;
    tally.count("situation: a broker was fenced after a standstill");
    const contact = this.#contacts
      .get(at.brokerId)
      ?.findLast(({ epoch, nextOffset }) => epoch === at.epoch && nextOffset <= at.offset);
    if (contact === undefined || timeline.now - contact.at > 0.85 * SESSION_MS) return;
    this.#world.complain(
      "standstills-fence-nobody",
      `replica ${leader.name} stood still for ${jumpMs} ms and then fenced broker ${at.brokerId} for it`,
    );
  }

  /** A batch has become durable somewhere. */
  stored(batch: StoredBatch): void {
    if (batch.baseOffset >= this.#end) this.#stored.set(placeOf(batch), batch);
  }

  /** Replays what has been shown as committed, which must be a continuation of what was committed before it. */
  follow(): void {
    const { committed } = this.#world.bench.ghost;
    if (this.#end >= committed.end) return;
    for (const entry of committed.from(this.#end)) {
      const batch = this.#stored.get(placeOf(entry));
      assert(batch !== undefined, `nobody has ever stored ${placeOf(entry)}`);
      try {
        this.#replay(batch);
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        const place = `the committed batch at ${placeOf(entry)}`;
        return this.#world.complain("committed-replays", `${place} does not follow: ${reason}`);
      }
    }
    for (const [place, { baseOffset }] of this.#stored)
      if (baseOffset < this.#end) this.#stored.delete(place);
  }

  /** Shows the replay up to `endOffset`, if it has come so far and a batch ends there. */
  show(endOffset: number): void {
    const image = this.#images.get(endOffset);
    if (image === undefined) return;
    const digest = digestOf(image);
    this.#world.observe({ kind: "applied", replica: REPLAY, endOffset, digest });
  }

  /** The digest of a replica's image, at the offsets at which images are compared: writing one down is costly. */
  digestAt(replica: string, endOffset: number, image: MetadataImage): Observation | undefined {
    const every = this.#world.swarm.hasMetadata ? 8 : 64;
    if ((Math.imul(endOffset, 0x9e3779b1) >>> 8) % every !== 0) return undefined;
    return { kind: "applied", replica, endOffset, digest: digestOf(image) };
  }

  #replay(batch: StoredBatch): void {
    const end = batch.lastOffset + 1;
    if (!batch.control) {
      const { epoch, baseOffset } = batch;
      const records = metadataOf(batch.bytes);
      let from = 0;
      for (let index = 0; index < records.length; index += 1) {
        const proposal = this.#proposals.get(`${epoch}:${baseOffset + index}`);
        if (proposal === undefined) continue;
        this.#apply(batch, { from, to: index });
        from = index + proposal.count;
        this.#apply(batch, { from: index, to: from, proposer: proposal.proposer });
      }
      this.#apply(batch, { from, to: records.length });
    }
    this.#end = end;
    this.#images.set(end, this.#image);
    const applied = this.digestAt(REPLAY, end, this.#image);
    if (applied !== undefined) this.#world.observe(applied);
  }

  #apply(
    { epoch, baseOffset, bytes }: StoredBatch,
    part: { readonly from: number; readonly to: number; readonly proposer?: number | undefined },
  ): void {
    if (part.to <= part.from) return;
    const records = metadataOf(bytes).slice(part.from, part.to);
    const endOffset = baseOffset + part.to;
    const before = this.#image;
    this.#image = applyRecords(before, records, { endOffset, epoch, timestampMs: 0 });
    if (!this.#world.swarm.hasMetadata) return;
    this.#judge(records, endOffset, part.proposer !== undefined);
    const fault = rightsFault(before, this.#image);
    if (fault !== null) this.#world.complain("rights-are-sound", `${fault}, at ${endOffset}`);
    const at = { endOffset, proposer: part.proposer, mayBeEmpty: this.#world.swarm.hasElr };
    for (const shown of partitionsShown(this.#image, before, at)) this.#world.observe(shown);
  }

  /** No leader lacks what was committed, unless it is told to recover (KIP-966). */
  #judge(records: readonly MetadataRecord[], endOffset: number, isProposal: boolean): void {
    const lostItsTail = ({ incarnationId }: { readonly incarnationId: Uuid }): boolean =>
      this.#killed.has(incarnationId);
    for (const record of records) {
      const fault = this.#whole.take(record, { lostItsTail, isProposal });
      if (fault !== null) this.#world.complain("leaders-are-whole", `${fault}, at ${endOffset}`);
      const returned = this.tokens.committed(record);
      if (returned !== null) this.#world.complain("ended-tokens-stay-ended", returned);
    }
  }
}

const placeOf = ({ baseOffset, epoch }: Pick<StoredBatch, "baseOffset" | "epoch">): string =>
  `${baseOffset}@${epoch}`;

/** One number for all that an image says. */
export function digestOf(image: MetadataImage): number {
  let digest = 0;
  for (const record of imageToRecords(image)) {
    digest = Math.imul(digest, 31) + fingerprintOfBytes(encodeMetadataRecord(record));
  }
  return digest >>> 0;
}

const keyOf = (topicId: Uuid, partitionId: number): string => `${topicId}-${partitionId}`;

/** Every partition as it is now, and which ISRs were changed at whose proposal. */
function partitionsShown(
  image: MetadataImage,
  before: MetadataImage,
  at: {
    readonly endOffset: number;
    readonly proposer: number | undefined;
    readonly mayBeEmpty: boolean;
  },
): readonly Observation[] {
  const known = new Map<string, Partition>();
  for (const { topicId, partitionId, partition } of allPartitions(before.topics)) {
    known.set(keyOf(topicId, partitionId), partition);
  }
  const isFenced = (id: number): boolean => brokerById(image.cluster, id)?.fenced !== false;
  // One batch may hold several operations: a broker that was fenced within it may have come in sync before that.
  const wasFenced = (id: number): boolean => brokerById(before.cluster, id)?.fenced !== false;
  const { endOffset, proposer, mayBeEmpty } = at;
  const shown: Observation[] = [];
  for (const { topicId, partitionId, partition } of allPartitions(image.topics)) {
    const key = keyOf(topicId, partitionId);
    const { leader, isr, replicas, leaderEpoch, partitionEpoch } = partition;
    const { eligibleLeaderReplicas: elr, lastKnownElr } = partition;
    const old = known.get(key);
    // One batch may hold several changes: the last of an ISR stays in it when it is fenced, and may have come just
    // before.
    const changes = partitionEpoch - (old?.partitionEpoch ?? -1);
    const isLast = leader === -1 && isr.length === 1 && changes > 1;
    const fencedNewcomers = isLast
      ? []
      : isr.filter((id) => isFenced(id) && wasFenced(id) && old?.isr.includes(id) !== true);
    const leaderIsFenced = leader >= 0 && isFenced(leader);
    const epochs = { leaderEpoch, partitionEpoch };
    shown.push({
      kind: "partition",
      endOffset,
      key,
      leader,
      isr,
      replicas,
      leaderIsFenced,
      fencedNewcomers,
      elr,
      lastKnownElr,
      mayBeEmpty,
      ...epochs,
    });
    if (proposer === undefined || old === undefined || old.isr.join() === isr.join()) continue;
    shown.push({ kind: "isr-changed", endOffset, key, proposer, leader: old.leader });
  }
  return shown;
}
