/**
 * The gateway as an observer of the log: it follows the controllers that its brokers fetch from, and answers those
 * fetches itself where it knows exactly what the controller would say. Whatever it is not sure of is the controller's
 * to answer.
 *
 * It is sure of a Fetch at the port of the leader that the last push of that very link has named, in the newest epoch
 * that any link has told of, at a place of the log that its tail holds and whose epoch agrees. It never shows a broker
 * less than it has shown to another, and it is sure of nothing once it has not heard from that controller for a while.
 */
import { PUSH_BYTES, POSITION_BROKERS_MAX, type Push } from "../../src/link/index.ts";
import type { FollowableLink, LinkPlace, LinkWatch } from "../edge/link/link-watch.ts";
import type { GatewayMetrics } from "../metrics.ts";
import { fetchAnswer } from "./fetch-answer.ts";
import type { FetchQuestion } from "./fetch-question.ts";
import { HeartbeatCompany } from "./heartbeat-company.ts";
import { votersNews, type LogNews } from "./log-news.ts";
import { Positions } from "./positions.ts";
import type { ServedPosition } from "./served-position.ts";
import { Tail, type Taken } from "./tail.ts";

/** No wait is longer, whatever is asked for; a controller's are not either. */
const WAIT_MS_MAX = 30_000;
/** Brokers beat every 2 s, so a controller that is well is heard more often than this. */
const SILENT_MS = 3_000;
/**
 * Answers under way to brokers, in bytes, or one answer: a batch of megabytes that a hundred of them wait for is given
 * to a few at a time. A quarter of what a gateway holds for all connections together.
 */
const ANSWERING_BYTES_MAX = 64 * 1_048_576;
/** Between what is said of positions. */
const REPORT_MS = 1_000;
/** So long it waits for a message that leaves anyway: brokers beat every 2 s. */
const COMPANY_MS = 2_500;

export interface ObserverParts {
  readonly served: ServedPosition;
  readonly metrics: GatewayMetrics;
  /** How long a heartbeat may wait for others, in ms. */
  readonly heartbeatBatchMs: number;
  /** Of one clock that never goes back, in ms. */
  readonly clock?: () => number;
}

/** A client's Fetch, and which way its frames go. */
export interface Asking {
  readonly nodeId: number;
  readonly question: FetchQuestion;
  /** Whether the controller still stands by having served this client, as far as can be seen from here. */
  readonly isLet: () => boolean;
}

interface Followed {
  readonly link: FollowableLink;
  readonly stream: number;
  /** What was pushed last of all but the log. */
  head: Omit<Push, "records"> | null;
  /** Bytes of batches since the last position. */
  unacknowledged: number;
}

interface Parked {
  readonly asking: Asking;
  /** Null: for the controller to answer. */
  readonly end: (answer: Uint8Array | null) => void;
}

/** A frame, or what else becomes of a Fetch: the controller's to answer, or to wait for a push. */
type Verdict = Uint8Array | "pass" | "wait";

const NOTHING: Taken = { isAnew: false, batches: [] };

export class Observer implements LinkWatch {
  readonly heartbeats: HeartbeatCompany;
  readonly #parts: ObserverParts;
  readonly #clock: () => number;
  readonly #tail = new Tail();
  readonly #positions = new Positions();
  readonly #followed = new Map<number, Followed>();
  readonly #heardAt = new Map<number, number>();
  /** Clients that a controller has served, by controller: in the name of one its log is followed. */
  readonly #clients = new Map<number, Set<LinkPlace>>();
  readonly #parked = new Set<Parked>();
  readonly #timer: NodeJS.Timeout;
  #newestEpoch = 0;
  #whenTold: (news: LogNews) => void = () => undefined;
  #answeringBytes = 0;

  constructor(parts: ObserverParts) {
    this.#parts = parts;
    this.#clock = parts.clock ?? ((): number => performance.now());
    this.heartbeats = new HeartbeatCompany(parts.heartbeatBatchMs, this.#clock);
    parts.metrics.logShownOffset = parts.served.place?.offset ?? 0;
    this.#timer = setInterval(() => this.report(), REPORT_MS).unref();
  }

  /** Where the tail ends; null while nothing was pushed. */
  get end(): { readonly offset: number; readonly epoch: number } | null {
    return this.#tail.end;
  }

  /** Calls `act` with what the log says of the controllers. */
  onNews(act: (news: LogNews) => void): void {
    this.#whenTold = act;
  }

  /** Whether what is committed comes here as it is: from the leader, as far as any link has told. */
  get isFollowing(): boolean {
    return [...this.#followed].some(
      ([nodeId, { link, head }]) =>
        link.isOpen &&
        head?.leader?.id === nodeId &&
        head.highWatermark !== null &&
        head.epoch >= this.#newestEpoch &&
        !this.#isSilent(nodeId),
    );
  }

  get parked(): number {
    return this.#parked.size;
  }

  /** The answer to a Fetch, once there is one, to be taken; null where the controller is to give it. */
  async answer(asking: Asking, signal: AbortSignal): Promise<Uint8Array | null> {
    this.#positions.asked(asking.question, this.#clock());
    const verdict = this.#judge(asking, false);
    const answer = verdict === "wait" ? await this.#park(asking, signal) : verdict;
    if (!(answer instanceof Uint8Array)) return null;
    this.#parts.metrics.fetchesObserved += 1;
    return answer;
  }

  /** The client has taken an answer of so many bytes, or is gone. */
  taken(bytes: number): void {
    const wasFull = this.#answeringBytes >= ANSWERING_BYTES_MAX / 2;
    this.#answeringBytes -= bytes;
    if (wasFull) this.#judgeParked();
  }

  /** A controller has served that client's Fetch: its log is followed from here on, if it is not yet. */
  served(nodeId: number, question: FetchQuestion, place: LinkPlace): void {
    this.heard(nodeId);
    this.#positions.served(question, place, this.#clock());
    const clients = this.#clients.get(nodeId) ?? new Set();
    this.#clients.set(nodeId, clients.add(place));
    this.#follow(nodeId);
  }

  /** That client is gone, or its frames go another way. */
  left(nodeId: number, place: LinkPlace): void {
    this.#positions.forget(place);
    this.#clients.get(nodeId)?.delete(place);
    const followed = this.#followed.get(nodeId);
    if (followed?.link !== place.link || followed.stream !== place.stream) return;
    const clients = [...(this.#clients.get(nodeId) ?? [])];
    const next = clients.find(({ link }) => link === place.link && link.isOpen);
    if (next === undefined) {
      this.#forget(nodeId);
      this.#follow(nodeId);
      return;
    }
    // What was pushed there holds: another of its clients goes on.
    const goesOn = { ...followed, stream: next.stream };
    this.#followed.set(nodeId, goesOn);
    this.#say(nodeId, goesOn, { begins: true });
  }

  heard(nodeId: number): void {
    this.#heardAt.set(nodeId, this.#clock());
  }

  pushed(nodeId: number, link: FollowableLink, { records, ...head }: Push): void {
    const followed = this.#followed.get(nodeId);
    // For nobody here, any more.
    if (followed?.link !== link) return;
    const before = followed.head;
    let taken: Taken = NOTHING;
    if (records !== null) {
      taken = this.#tail.take(records, head.highWatermark);
      followed.unacknowledged += records.batches.byteLength;
    }
    followed.head = head;
    this.#newestEpoch = Math.max(this.#newestEpoch, head.epoch);
    this.#parts.metrics.pushesTaken += 1;
    const { end } = this.#tail;
    if (end !== null) this.#parts.metrics.logHeld = { offset: end.offset, at: new Date() };
    this.#judgeParked();
    if (followed.unacknowledged >= PUSH_BYTES) this.#say(nodeId, followed);
    this.#tell(taken, before?.leader?.id === head.leader?.id ? null : head.leader);
  }

  lost(nodeId: number, link: FollowableLink): void {
    for (const place of this.#clients.get(nodeId) ?? [])
      if (place.link === link) this.#clients.get(nodeId)?.delete(place);
    if (this.#followed.get(nodeId)?.link === link) {
      this.#forget(nodeId);
      this.#follow(nodeId);
    }
    this.#judgeParked();
  }

  /** Says what is to be said: once a second at most, so it is for a timer to call. */
  report(): void {
    const reports = this.#positions.due(this.#clock());
    for (const [link, { stream, brokers }] of reports)
      for (let at = 0; at < brokers.length; at += POSITION_BROKERS_MAX)
        link.position(
          stream,
          { end: null, brokers: brokers.slice(at, at + POSITION_BROKERS_MAX) },
          COMPANY_MS,
        );
    for (const [nodeId, followed] of this.#followed)
      if (followed.unacknowledged > 0) this.#say(nodeId, followed, { waitMs: COMPANY_MS });
  }

  /** Nothing is answered here any more; what is parked is for the controllers. */
  close(): void {
    clearInterval(this.#timer);
    this.#followed.clear();
    this.#judgeParked();
    this.#parts.served.close();
  }

  #tell({ isAnew, batches }: Taken, newLeader: Push["leader"]): void {
    if (isAnew) this.#whenTold({ kind: "gap" });
    const news = votersNews(batches);
    if (news !== null) this.#whenTold(news);
    if (newLeader !== null) this.#whenTold({ kind: "leader", nodeId: newLeader.id });
  }

  #follow(nodeId: number): void {
    if (this.#followed.has(nodeId)) return;
    const clients = [...(this.#clients.get(nodeId) ?? [])];
    const place = clients.find(({ link }) => link.isOpen && link.fetchBytesMax !== null);
    if (place === undefined) return;
    const followed: Followed = { ...place, head: null, unacknowledged: 0 };
    this.#followed.set(nodeId, followed);
    this.#say(nodeId, followed, { begins: true });
  }

  #forget(nodeId: number): void {
    this.#followed.delete(nodeId);
    this.#judgeParked();
  }

  #say(
    nodeId: number,
    followed: Followed,
    { begins = false, waitMs = 0 }: { readonly begins?: boolean; readonly waitMs?: number } = {},
  ): void {
    if (!followed.link.isOpen) return this.lost(nodeId, followed.link);
    followed.unacknowledged = 0;
    const end = this.#tail.end ?? { offset: -1, epoch: 0 };
    followed.link.position(followed.stream, { end: { ...end, begins }, brokers: [] }, waitMs);
    return undefined;
  }

  #park(asking: Asking, signal: AbortSignal): Promise<Uint8Array | null> {
    return new Promise((resolve) => {
      const late = setTimeout(
        () => {
          const verdict = this.#judge(asking, true);
          parked.end(verdict instanceof Uint8Array ? verdict : null);
        },
        Math.min(asking.question.maxWaitMs, WAIT_MS_MAX),
      );
      const gone = (): void => parked.end(null);
      const parked: Parked = {
        asking,
        end: (answer) => {
          clearTimeout(late);
          signal.removeEventListener("abort", gone);
          this.#parked.delete(parked);
          this.#parts.metrics.fetchesParked = this.#parked.size;
          resolve(answer);
        },
      };
      signal.addEventListener("abort", gone, { once: true });
      this.#parked.add(parked);
      this.#parts.metrics.fetchesParked = this.#parked.size;
    });
  }

  #judgeParked(): void {
    for (const { asking, end } of this.#parked) {
      const verdict = this.#judge(asking, false);
      if (verdict !== "wait") end(verdict === "pass" ? null : verdict);
    }
  }

  /** `isLate`: its time is over, so that nothing new is an answer too. */
  #judge({ nodeId, question, isLet }: Asking, isLate: boolean): Verdict {
    const followed = this.#followed.get(nodeId);
    if (followed?.link.isOpen !== true || !isLet() || this.#isSilent(nodeId)) return "pass";
    const { head, link } = followed;
    // Only the leader's port, and only while no link has told of a newer leader.
    if (head?.leader?.id !== nodeId || head.highWatermark === null) return "pass";
    if (question.epoch !== head.epoch || head.epoch < this.#newestEpoch) return "pass";
    const end = this.#tail.end?.offset ?? -1;
    const shown = this.#parts.served.place?.offset ?? 0;
    if (end < shown || head.highWatermark < end) return "pass";
    const { leader, highWatermark } = head;
    const { offset, maxWaitMs } = question;
    const canWait = maxWaitMs > 0 && !isLate;
    // Its push is under way.
    if (offset > end) return canWait ? "wait" : "pass";
    if (offset < head.logStartOffset) return "pass";
    if (this.#tail.epochBefore(offset) !== question.lastFetchedEpoch) return "pass";
    const bytesMax = Math.min(question.maxBytes, link.fetchBytesMax ?? 0);
    const { bytes, endOffset } = this.#tail.read(offset, Math.max(0, bytesMax));
    if (bytes.byteLength === 0) {
      if (end < head.highWatermark) return canWait ? "wait" : "pass";
      // KAFKA-14145: a follower that has every record hears at once that they are committed.
      if (canWait && question.highWatermark >= head.highWatermark) return "wait";
    }
    const isFull = this.#answeringBytes + bytes.byteLength > ANSWERING_BYTES_MAX;
    if (isFull && this.#answeringBytes > 0) return canWait ? "wait" : "pass";
    this.#parts.served.note({
      offset: endOffset,
      epoch: this.#tail.epochBefore(endOffset) ?? question.lastFetchedEpoch,
    });
    this.#parts.metrics.logShownOffset = this.#parts.served.place?.offset ?? 0;
    const answer = fetchAnswer(question, { ...head, leader, highWatermark, records: bytes });
    this.#answeringBytes += answer.byteLength;
    return answer;
  }

  #isSilent(nodeId: number): boolean {
    return this.#clock() - (this.#heardAt.get(nodeId) ?? Number.NEGATIVE_INFINITY) > SILENT_MS;
  }
}
