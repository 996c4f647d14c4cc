/**
 * The gateways that follow this node's log over their links. Each is pushed what is committed and who leads, from where
 * its own copy ends; what it lacks is in the log, so nothing is queued here.
 *
 * A socket says nothing about who reads it, so a gateway acknowledges, by its position. What is pushed and not
 * acknowledged is bounded: of each link, and of all of them together, since the runtime holds unsent bytes once a
 * socket. Within that links take turns. A range is read and encoded once, for whoever is at the same place; followers
 * in many different places are served in several events, since each place costs a reading of its own.
 */
import {
  FROM_CONTROLLER,
  PUSH_BYTES,
  writeMessages,
  type CopyEnd,
  type Push,
  type PushedRecords,
} from "../../src/link/index.ts";
import { epochBefore, leaderOf, type State } from "../../src/raft/index.ts";
import type { Controller } from "../controller.ts";
import { leaderEndpoint } from "../replica/quorum-wire.ts";

/** Pushed over one link and not acknowledged, in bytes of batches; or one batch. */
const OFFERED_BYTES_MAX = 1_048_576;
/** The same over all links. */
const ALL_OFFERED_BYTES_MAX = 32 * 1_048_576;
/** Read in one event, in bytes of batches, or one reading more: so many take a few milliseconds. */
const READ_BYTES_MAX = 4 * 1_048_576;
/** A gateway that is further behind than this would drop what it was sent before it has all of it. */
const BEHIND_BYTES_MAX = 8 * 1_048_576;

const PATIENCE_MS = 30_000;

/** What is pushed to. */
export interface FollowerLink {
  push(message: Uint8Array<ArrayBuffer>): void;
  /** It does not acknowledge what it is pushed. */
  giveUp(sentence: string): void;
}

export interface FollowersParts {
  /** Null while the node takes no part. */
  readonly voter: () => Controller | null;
  readonly failed: (cause: unknown) => void;
  readonly clock: () => number;
}

type Head = Omit<Push, "records">;

interface Read {
  readonly voter: Controller;
  readonly highWatermark: number;
  readonly records: PushedRecords;
  readonly endOffset: number;
}

interface Follower {
  /** What it said that it has, while it is not known where to go on. */
  wanted: CopyEnd | null;
  /** Everything below was pushed, or was there before. */
  end: number;
  /** Of what comes next, in bytes, at least: what was read and found no room is not read again before there is some. */
  needs: number;
  /** What it was told last. */
  head: Head | null;
  /** Pushed and not acknowledged, oldest first. */
  offered: { readonly end: number; readonly bytes: number }[];
  offeredBytes: number;
  /** When it acknowledged something last, or had nothing to acknowledge. */
  heardAtMs: number;
}

export class Followers {
  readonly #parts: FollowersParts;
  /** In the order in which they have their turns. */
  readonly #followers = new Map<FollowerLink, Follower>();
  #watched: { readonly voter: Controller; readonly stop: () => void } | null = null;
  #isArmed = false;
  #offeredBytes = 0;
  /** In this event. */
  #readBytes = 0;
  #lastRead: Read | null = null;
  #encoded: { readonly push: Push; readonly message: Uint8Array<ArrayBuffer> } | null = null;

  constructor(parts: FollowersParts) {
    this.#parts = parts;
  }

  /** Bytes of batches that were pushed and not acknowledged. */
  get offeredBytes(): number {
    return this.#offeredBytes;
  }

  /** That gateway has everything up to `end`: it is pushed what comes after. */
  heard(link: FollowerLink, end: CopyEnd): void {
    if (end.begins) this.#drop(link);
    const known = this.#followers.get(link);
    if (known !== undefined) this.#acknowledge(known, end);
    else {
      this.#followers.set(link, {
        wanted: end,
        end: 0,
        needs: 1,
        head: null,
        offered: [],
        offeredBytes: 0,
        heardAtMs: this.#parts.clock(),
      });
    }
    this.#watch();
    this.#arm();
  }

  /** It may not follow the log any more: it is told so by a push that names no leader. */
  dismiss(link: FollowerLink): void {
    const voter = this.#parts.voter();
    if (!this.#followers.has(link) || voter === null) return;
    const head = { ...headOf(voter.state), leader: null, highWatermark: null };
    link.push(this.#encode({ ...head, records: null }));
    this.leave(link);
  }

  leave(link: FollowerLink): void {
    if (!this.#drop(link)) return;
    if (this.#followers.size > 0) {
      this.#arm();
      return;
    }
    this.#watched?.stop();
    this.#watched = null;
    this.#letGo();
  }

  #drop(link: FollowerLink): boolean {
    this.#offeredBytes -= this.#followers.get(link)?.offeredBytes ?? 0;
    return this.#followers.delete(link);
  }

  #acknowledge(follower: Follower, end: CopyEnd): void {
    while (follower.offered[0] !== undefined && follower.offered[0].end <= end.offset) {
      const bytes = follower.offered.shift()?.bytes ?? 0;
      follower.offeredBytes -= bytes;
      this.#offeredBytes -= bytes;
    }
    follower.heardAtMs = this.#parts.clock();
    // It has heard of more from another controller, which led after this one or before.
    if (follower.wanted !== null || end.offset > follower.end) follower.wanted = end;
  }

  #watch(): void {
    const voter = this.#parts.voter();
    if (voter === null || this.#watched?.voter === voter) return;
    this.#watched?.stop();
    this.#watched = { voter, stop: voter.whenMoved(() => this.#arm()) };
  }

  /** Pushes when this event is over: what it commits in several steps is one push. */
  #arm(): void {
    if (this.#isArmed || this.#followers.size === 0) return;
    this.#isArmed = true;
    queueMicrotask(() => {
      this.#isArmed = false;
      try {
        this.#pushAll();
      } catch (cause) {
        this.#parts.failed(cause);
      }
    });
  }

  #pushAll(): void {
    const voter = this.#watched?.voter;
    if (voter === undefined || voter !== this.#parts.voter()) return;
    this.#letStalledGo();
    const head = headOf(voter.state);
    this.#readBytes = 0;
    for (let hasPushed = true; hasPushed;) {
      hasPushed = false;
      const turns = [...this.#followers];
      for (const [link, follower] of turns) {
        if (!this.#followers.has(link)) continue;
        const records = this.#next(voter, follower, head);
        if (records === null && !isNews(follower, head)) continue;
        this.#push(link, follower, { ...head, records });
        hasPushed ||= records !== null;
      }
    }
    if (this.#readBytes >= READ_BYTES_MAX) setTimeout(() => this.#arm(), 0);
    const end = head.highWatermark ?? 0;
    if ([...this.#followers.values()].every((follower) => follower.end >= end)) this.#letGo();
  }

  /** Bytes that nobody is behind any more. */
  #letGo(): void {
    this.#lastRead = null;
    this.#encoded = null;
  }

  #letStalledGo(): void {
    const now = this.#parts.clock();
    const all = [...this.#followers];
    for (const [link, { offered, heardAtMs }] of all)
      if (offered.length > 0 && now - heardAtMs > PATIENCE_MS)
        link.giveUp("the pushes of this link are not acknowledged");
  }

  /** What this follower is to be pushed of the log now; null for nothing. */
  #next(voter: Controller, follower: Follower, head: Head): PushedRecords | null {
    const { highWatermark } = head;
    // Only a leader knows what is committed, and where a gateway may go on.
    if (highWatermark === null) return null;
    const start = this.#startOf(voter, follower, highWatermark);
    if (start !== null) return start;
    if (follower.end >= highWatermark || !this.#hasRoom(follower, follower.needs)) return null;
    const read = this.#read(voter, follower.end, highWatermark);
    if (read === null) return null;
    const { records, endOffset } = read;
    const bytes = records.batches.byteLength;
    follower.needs = Math.max(1, bytes);
    if (bytes === 0 || !this.#hasRoom(follower, bytes)) return null;
    if (follower.offered.length === 0) follower.heardAtMs = this.#parts.clock();
    this.#moveTo(follower, endOffset);
    follower.offered.push({ end: endOffset, bytes });
    follower.offeredBytes += bytes;
    this.#offeredBytes += bytes;
    return records;
  }

  /** Where it begins anew, if it does not go on from where it is. */
  #startOf(voter: Controller, follower: Follower, highWatermark: number): PushedRecords | null {
    const { wanted } = follower;
    const { log } = voter.state;
    follower.wanted = null;
    if (wanted === null && follower.end >= log.startOffset) return null;
    if (wanted !== null && isResumable(voter, wanted, highWatermark)) {
      this.#moveTo(follower, wanted.offset);
      return null;
    }
    // Also one whose place was cut off meanwhile.
    this.#moveTo(follower, highWatermark);
    return {
      from: highWatermark,
      epochBefore: epochBefore(log, highWatermark) ?? 0,
      batches: new Uint8Array(),
    };
  }

  #moveTo(follower: Follower, end: number): void {
    follower.end = end;
    follower.needs = 1;
  }

  /** Links take turns, so what is offered to all together leaves each at least one push in time. */
  #hasRoom(follower: Follower, bytes: number): boolean {
    const own = follower.offeredBytes === 0 || follower.offeredBytes + bytes <= OFFERED_BYTES_MAX;
    return own && (this.#offeredBytes === 0 || this.#offeredBytes + bytes <= ALL_OFFERED_BYTES_MAX);
  }

  /** The followers of a turn are mostly at one place. Null when enough was read in this event. */
  #read(voter: Controller, from: number, highWatermark: number): Read | null {
    const last = this.#lastRead;
    const isSamePlace = last?.records.from === from && last.highWatermark === highWatermark;
    if (last !== null && isSamePlace && last.voter === voter) return last;
    if (this.#readBytes >= READ_BYTES_MAX) return null;
    const { bytes, endOffset } = voter.readCommitted({ from, maxBytes: PUSH_BYTES });
    this.#readBytes += bytes.byteLength;
    const epoch = epochBefore(voter.state.log, from) ?? 0;
    const records = { from, epochBefore: epoch, batches: bytes };
    this.#lastRead = { voter, highWatermark, records, endOffset };
    return this.#lastRead;
  }

  #push(link: FollowerLink, follower: Follower, push: Push): void {
    follower.head = push;
    // Its next turn comes after those of all others.
    this.#followers.delete(link);
    this.#followers.set(link, follower);
    link.push(this.#encode(push));
  }

  #encode(push: Push): Uint8Array<ArrayBuffer> {
    const last = this.#encoded;
    if (last !== null && last.push.records === push.records && isSame(last.push, push))
      return last.message;
    const [message = new Uint8Array()] = writeMessages([{ kind: "push", push }], FROM_CONTROLLER);
    this.#encoded = { push, message };
    return message;
  }
}

/** What this node tells of itself: whom it follows or leads, and what is committed where it leads. */
function headOf(state: State): Head {
  const leader = leaderOf(state);
  const [named] = leaderEndpoint(leader?.leaderId ?? null, leader?.endpoints ?? []);
  return {
    epoch: state.election.epoch,
    leader: named === undefined ? null : { id: named.nodeId, host: named.host, port: named.port },
    highWatermark: state.role.kind === "leader" ? state.role.highWatermark : null,
    logStartOffset: state.log.startOffset,
  };
}

/** To one that lacks records, more of them are none: it hears of those when it has acknowledged. */
function isNews({ head: told, end }: Follower, head: Head): boolean {
  const { highWatermark } = head;
  if (told?.highWatermark === undefined || told.highWatermark === null) return !isSame(told, head);
  const isBehind = highWatermark !== null && end < highWatermark;
  return !isSame(isBehind ? { ...told, highWatermark } : told, head);
}

const isSame = (one: Head | null, other: Head): boolean =>
  one !== null &&
  one.epoch === other.epoch &&
  one.highWatermark === other.highWatermark &&
  one.logStartOffset === other.logStartOffset &&
  one.leader?.id === other.leader?.id &&
  one.leader?.host === other.leader?.host &&
  one.leader?.port === other.leader?.port;

/** Whether what is committed goes on from there, and soon. A gateway may say anything. */
function isResumable(
  voter: Controller,
  { offset, epoch }: CopyEnd,
  highWatermark: number,
): boolean {
  if (offset < 0 || offset > highWatermark) return false;
  if (epochBefore(voter.state.log, offset) !== epoch) return false;
  const behind = voter.bytesFrom(offset);
  return behind !== null && behind <= BEHIND_BYTES_MAX;
}
