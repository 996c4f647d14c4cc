/**
 * The frames of one client, of which the observer answers fetches where it may. The first Fetch of a connection goes to
 * the controller, which decides whether this client may read the log, and so does one a minute from there on, if
 * anything was committed since, and every one in another replica's name. All other frames go on unchanged.
 *
 * What a client may is said by its token, which the link itself watches, and by the log: while nothing is committed, the
 * controller would say the same again.
 */
import { ApiKey, DecodeError, peekRequest } from "../../src/protocol/index.ts";
import type { FrameStream } from "../edge/link/frame-stream.ts";
import type { LinkPlace } from "../edge/link/link-watch.ts";
import { isServed } from "./fetch-answer.ts";
import { fetchQuestion, heartbeatIn, type FetchQuestion } from "./fetch-question.ts";
import type { Observer } from "./observer.ts";

/** For how long a controller's word counts. */
const LET_MS = 60_000;

/** A client's frames on their way to a controller. */
export interface LinkedFrames extends FrameStream {
  /** Which link they go over; null where they go by HTTP. */
  readonly place: LinkPlace | null;
  /** `waitMs`: for how long the frame may wait for others. */
  send(frame: Uint8Array, signal: AbortSignal, waitMs?: number): Promise<Uint8Array>;
}

export interface ObservedStreamParts {
  readonly observer: Observer;
  readonly clusterId: string;
  readonly nodeId: number;
  readonly frames: LinkedFrames;
  readonly clock?: () => number;
}

/** The controller has served a Fetch of this client. */
interface Let {
  readonly place: LinkPlace;
  readonly generation: number;
  readonly replicaId: number;
  readonly directoryId: string;
  readonly at: number;
  /** Where the log ended that the controller judged by, or before. */
  readonly end: number;
}

export class ObservedStream implements FrameStream {
  readonly #parts: ObservedStreamParts;
  readonly #clock: () => number;
  #let: Let | null = null;
  /** Bytes of the observer's last answer: whoever sends again, or goes, has it no more. */
  #answered = 0;
  #isOver = false;

  constructor(parts: ObservedStreamParts) {
    this.#parts = parts;
    this.#clock = parts.clock ?? ((): number => performance.now());
  }

  async send(frame: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    const { observer, frames, clusterId } = this.#parts;
    this.#settle();
    switch (apiKeyOf(frame)) {
      case ApiKey.Fetch: {
        const question = fetchQuestion(frame, clusterId);
        return question === null
          ? await frames.send(frame, signal)
          : await this.#fetch(frame, question, signal);
      }
      case ApiKey.BrokerHeartbeat: {
        const beat = heartbeatIn(frame);
        const waitMs = beat === null ? 0 : observer.heartbeats.waitOf(beat);
        return await frames.send(frame, signal, waitMs);
      }
      default:
        return await frames.send(frame, signal);
    }
  }

  end(): void {
    this.#isOver = true;
    this.#parts.frames.end();
    this.#settle();
    this.#forget();
  }

  #settle(): void {
    if (this.#answered > 0) this.#parts.observer.taken(this.#answered);
    this.#answered = 0;
  }

  async #fetch(
    frame: Uint8Array,
    question: FetchQuestion,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    const { observer, nodeId, frames } = this.#parts;
    const isReviewed = this.#isLet(question) && this.#isDoubtful();
    if (this.#isLet(question) && !isReviewed) {
      const isLet = (): boolean => this.#isLet(question);
      const answer = await observer.answer({ nodeId, question, isLet }, signal);
      if (answer !== null) {
        this.#answered = answer.byteLength;
        if (this.#isOver) this.#settle();
        return answer;
      }
    }
    const end = Math.max(question.offset, observer.end?.offset ?? 0);
    // Nobody waits for what is asked for that reason alone.
    const answer = await frames.send(frame, signal, isReviewed ? observer.heartbeats.waitMs : 0);
    const { place } = frames;
    if (place === null || signal.aborted || !isServed(question, answer)) this.#forget();
    else this.#serve(question, place, end);
    return answer;
  }

  #serve(question: FetchQuestion, place: LinkPlace, end: number): void {
    const { replicaId, directoryId } = question;
    if (this.#let?.place.link !== place.link || this.#let.place.stream !== place.stream)
      this.#forget();
    // The same object for the same way: by it the observer knows this client.
    const known = this.#let?.place ?? place;
    const { generation } = known.link;
    this.#let = { place: known, generation, replicaId, directoryId, at: this.#clock(), end };
    this.#parts.observer.served(this.#parts.nodeId, question, known);
  }

  #forget(): void {
    if (this.#let !== null) this.#parts.observer.left(this.#parts.nodeId, this.#let.place);
    this.#let = null;
  }

  /** Whether the controller might say otherwise than it has. */
  #isDoubtful(): boolean {
    const { at = 0, end = 0 } = this.#let ?? {};
    return this.#clock() - at >= LET_MS && this.#parts.observer.end?.offset !== end;
  }

  /** Whether the controller has served this replica, over a link that has been there since. */
  #isLet({ replicaId, directoryId }: FetchQuestion): boolean {
    const granted = this.#let;
    if (granted === null || !granted.place.link.isOpen) return false;
    if (granted.generation !== granted.place.link.generation) return false;
    return granted.replicaId === replicaId && granted.directoryId === directoryId;
  }
}

/** Null for what is no frame of Kafka's. */
function apiKeyOf(frame: Uint8Array): number | null {
  try {
    return peekRequest(frame).apiKey;
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}
