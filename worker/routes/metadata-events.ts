/**
 * `/metadata-log` as server-sent events: every record as it is committed, and between them where the reader stands. A
 * stream ends after a while by itself, since no event of the platform's runs for ever; its reader comes back with the
 * id of the last event and goes on.
 *
 * Records are events without a name. Besides there are `position`, when the reader has seen all there is; `cut-off`,
 * while no controller serves the log; and `end`, the last one, with the reason.
 */
import type { ClusterEntry } from "../../durable-objects/cluster-entry.ts";
import { isExpired } from "../../src/access/index.ts";
import { Seats, type Seat } from "../access/seats.ts";
import { clusterKey } from "../channel/controller-calls.ts";
import type { Authenticated, Bindings, ScopedContext } from "../env.ts";
import { holding } from "../holding.ts";
import { Problem, problemBody, unexpected, type ProblemKind } from "../http/errors.ts";
import { commentText, eventText, EventStream } from "../http/event-stream.ts";
import { follow } from "../observer/followed-log.ts";
import type { FollowedRange, Place } from "../observer/followed-tail.ts";
import { wantedOf, type LogFilter } from "../observer/log-filter.ts";
import { inPieces, type LogLine } from "../observer/log-lines.ts";
import { logSource } from "../observer/log-source.ts";
import { noteSeen } from "../observer/position.ts";
import { entryFor } from "./revoked.ts";

/** A stream that is broken is noticed by its reader, and by what lies between, within twice this. */
const HEARTBEAT_MS = 15_000;
/** No stream is longer: so late a reader comes to a new build of this Worker. */
const STREAM_MS_MAX = 15 * 60_000;
/** Where no controller serves the log, it is asked for again after so long, and up to twice that. */
const CUT_OFF_MS = 1_000;
/** For how long it is not asked whether the token was revoked, while records come. */
const BELIEVED_MS = 10_000;
/** Readers come back after this, spread over as much again: a deploy cuts all of them off in one moment. */
const RETRY_MS = 500;
/** One that could not go on where it was, and comes back all the same. */
const RETRY_IN_VAIN_MS = 60_000;
/** Each holds what it has not taken yet: some 80 KiB at most. */
const FOLLOWERS_MAX = 1_500;
/** Those of one token: it leaves room for others. */
const FOLLOWERS_OF_TOKEN_MAX = 1_000;
/** One that has shown no sign for so long ended without a word. */
const FOLLOWER_LOST_MS = 120_000;

const followers = new Seats({
  who: "readers follow logs",
  all: FOLLOWERS_MAX,
  ofOneToken: FOLLOWERS_OF_TOKEN_MAX,
  lostMs: FOLLOWER_LOST_MS,
});

/** What ends a stream for good, by the word that it ends with. */
const ENDS: Partial<Record<ProblemKind, string>> = {
  LOG_DIVERGED: "diverged",
  OFFSET_BELOW_LOG_START: "compacted",
  UNAUTHENTICATED: "unauthenticated",
  CLUSTER_DELETED: "deleted",
  UNKNOWN_CLUSTER: "deleted",
};

export interface Following {
  readonly from: Place;
  readonly keeps: LogFilter;
  /** Makes of a refusal the one that this route gives to a reader at that offset. */
  readonly explained: (problem: Problem, offset: number) => Promise<Problem>;
}

/** Answers with the stream, or with a `Problem` where it cannot begin. */
export async function streamEvents(
  context: ScopedContext,
  following: Following,
): Promise<Response> {
  const { entry, asker } = context.var;
  const source = logSource(context.env, entry);
  const { signal } = context.req.raw;
  const key = clusterKey(entry);
  const tokenId = asker.claims?.id ?? null;
  followers.assertRoom(tokenId);
  const { from } = following;
  const asked = { from, waitMs: 0, signal };
  const first = await follow(key, source, asked).catch(async (error: unknown) => {
    throw error instanceof Problem ? await following.explained(error, from.offset) : error;
  });
  const stream = new EventStream();
  // Of a HEAD nobody takes what would be written.
  if (context.req.method === "HEAD") return stream.response;
  signal.addEventListener("abort", () => stream.drop(), { once: true });
  const seat = followers.take(tokenId);
  const reader = new Reader(stream, following, { env: context.env, entry, asker, seat });
  void holding(
    stream.signal,
    () => reader.run(first),
    () => seat.leave(),
  );
  return stream.response;
}

interface Asked {
  readonly env: Bindings;
  readonly entry: ClusterEntry;
  readonly asker: Authenticated;
  readonly seat: Seat;
}

class Reader {
  readonly #stream: EventStream;
  readonly #following: Following;
  readonly #asked: Asked;
  readonly #endMs: number;
  #place: Place;
  #believedMs = Date.now();

  constructor(stream: EventStream, following: Following, asked: Asked) {
    this.#stream = stream;
    this.#following = following;
    this.#asked = asked;
    this.#place = following.from;
    const expiresMs = 1_000 * (asked.asker.claims?.expiresAt ?? Number.POSITIVE_INFINITY);
    this.#endMs = Math.min(Date.now() + STREAM_MS_MAX, expiresMs);
  }

  /** Never throws: what goes wrong is the stream's last event. */
  async run(first: FollowedRange): Promise<void> {
    const beat = setInterval(() => this.#beat(), HEARTBEAT_MS);
    try {
      await this.#stream.write(`retry: ${Math.round(RETRY_MS * (1 + Math.random()))}\n\n`);
      await this.#deliver(first);
      await this.#followOn();
    } catch (error) {
      await this.#end(error);
    } finally {
      clearInterval(beat);
    }
  }

  async #followOn(): Promise<void> {
    const { env, entry } = this.#asked;
    const { signal } = this.#stream;
    const source = logSource(env, entry);
    let isCutOff = false;
    while (!signal.aborted) {
      const waitMs = this.#endMs - Date.now();
      if (waitMs <= 0) return this.#endOfTime();
      try {
        const from = this.#place;
        const range = await follow(clusterKey(entry), source, { from, waitMs, signal });
        if (range.end.offset > from.offset || isCutOff) await this.#deliver(range);
        isCutOff = false;
      } catch (error) {
        if (!(error instanceof Problem) || error.kind in ENDS || error.kind === "OVERLOADED")
          throw error;
        isCutOff = true;
        await this.#write(eventText({ event: "cut-off", data: problemText(error) }));
        await new Promise((settle) => setTimeout(settle, CUT_OFF_MS * (1 + Math.random())));
      }
    }
  }

  async #deliver(range: FollowedRange): Promise<void> {
    await this.#assertStillMay();
    const wanted = wantedOf(range.lines, this.#following.keeps);
    for (const piece of inPieces(wanted, recordText)) await this.#write(piece);
    const { offset, epoch } = range.end;
    if (offset > this.#place.offset)
      noteSeen(clusterKey(this.#asked.entry), { offset: offset - 1, epoch: epoch ?? 0 });
    this.#place = range.end;
    const isAtEnd = offset >= range.highWatermark;
    await this.#write(isAtEnd ? this.#positionText(range) : commentText("read", idOf(range.end)));
  }

  /** A token may be revoked while its stream lasts, and a cluster replaced by another of its id. */
  async #assertStillMay(): Promise<void> {
    if (Date.now() - this.#believedMs < BELIEVED_MS) return;
    const { env, entry, asker } = this.#asked;
    const found = await entryFor(env, asker, entry.cluster_id);
    if (found.created_ms !== entry.created_ms)
      throw new Problem("LOG_DIVERGED", "the cluster was deleted, and another has its id");
    this.#believedMs = Date.now();
  }

  /** Where the reader stands, who has seen everything that is known to be committed. */
  #positionText({ end, highWatermark, confirmedMs }: FollowedRange): string {
    const data = JSON.stringify({
      next_offset: end.offset,
      high_watermark: highWatermark,
      confirmed_age_ms: confirmedMs === undefined ? null : Date.now() - confirmedMs,
    });
    return eventText({ event: "position", id: idOf(end), data });
  }

  async #write(text: string): Promise<void> {
    this.#asked.seat.seen();
    if (await this.#stream.write(text)) return;
    this.#stream.end(endText("slow", "nothing of this stream was taken for too long"));
  }

  #beat(): void {
    this.#asked.seat.seen();
    this.#stream.mark(commentText("heartbeat"));
  }

  #endOfTime(): void {
    const { claims } = this.#asked.asker;
    if (claims !== null && isExpired(claims, Date.now()))
      throw new Problem("UNAUTHENTICATED", "the token has expired");
    this.#stream.end(endText("time", "a stream is no longer than this; come back to go on"));
  }

  async #end(error: unknown): Promise<void> {
    if (this.#stream.signal.aborted) return;
    const problem = await this.#explained(error);
    const reason = ENDS[problem.kind];
    const retry = reason === undefined ? "" : `retry: ${RETRY_IN_VAIN_MS}\n\n`;
    const data = JSON.stringify({ reason: reason ?? "failed", ...problemBody(problem) });
    this.#stream.end(`${retry}${eventText({ event: "end", data })}`);
  }

  async #explained(error: unknown): Promise<Problem> {
    if (error instanceof Problem)
      return await this.#following.explained(error, this.#place.offset).catch(() => error);
    return unexpected(error, this.#asked.entry.cluster_id);
  }
}

const recordText = ({ offset, leaderEpoch, text }: LogLine): string =>
  eventText({ id: `${leaderEpoch}:${offset}`, data: text });

/** The id of the last event before a place; undefined where nothing is known of it. */
const idOf = ({ offset, epoch }: Place): string | undefined =>
  epoch === undefined || offset === 0 ? undefined : `${epoch}:${offset - 1}`;

const problemText = (problem: Problem): string => JSON.stringify(problemBody(problem));

const endText = (reason: string, message: string): string =>
  eventText({ event: "end", data: JSON.stringify({ reason, message }) });
