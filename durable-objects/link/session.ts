/**
 * One link while the object is in memory: its streams, each with one request at most, and their answers. The frames of
 * a message are handled in one event, and what they write is appended in one round.
 *
 * A stream is known to the incarnation that it began in. When memory was lost under an open socket, both sides say
 * `hello` anew; what a gateway has sent before it heard that is refused, and was not executed.
 */
import {
  FROM_GATEWAY,
  gatewayGreetingIn,
  LinkError,
  readFromGateway,
  type BrokerPosition,
  type ControllerGreeting,
  type FromGateway,
} from "../../src/link/index.ts";
import { uuidFromBytes } from "../../src/protocol/index.ts";
import type { ObserverPosition } from "../../src/raft/index.ts";
import type { Bearer } from "../bearer.ts";
import { HungUp } from "../hung-up.ts";
import type { Node } from "../listener/answer.ts";
import { answerRequest, type Answered } from "../listener/listener.ts";
import { mayFetch, maySpeakFor } from "../listener/observing.ts";
import type { OperatorLog } from "../operator-log.ts";
import { isExpired, type Attachment } from "./attachment.ts";
import type { FollowerLink, Followers } from "./followers.ts";
import { Outbox } from "./outbox.ts";

/** Requests without an answer on one link. */
export const REQUESTS_MAX = 1_024;
export const STREAMS_MAX = 4_096;

/** What may wait for the next event, in bytes: a message whose records fill a round is handled in several. */
const HELD_BYTES_MAX = 16 * 1_048_576;

/** Why a link ends, as WebSocket says it (RFC 6455, 7.4.1). */
export const CLOSE = {
  malformed: 1002,
  notBinary: 1003,
  denied: 1008,
  restarting: 1012,
} as const;

/** What a session needs of the object around it. */
export interface LinkHost {
  /** Null while it takes no part. */
  readonly node: Node | null;
  readonly clusterId: string;
  readonly nodeId: number;
  readonly operatorLog: OperatorLog;
}

export interface SessionParts {
  readonly greeting: ControllerGreeting;
  readonly host: LinkHost;
  /** Of all links. */
  readonly followers: Followers;
}

export type LinkSocket = Pick<WebSocket, "send" | "close">;

interface Stream {
  readonly bearer: Bearer;
  /** Of the request without an answer; null when there is none. */
  request: AbortController | null;
}

type LinkRequest = Extract<FromGateway, { readonly kind: "request" }>;

export class Session implements FollowerLink {
  readonly #socket: LinkSocket;
  readonly #attachment: Attachment;
  readonly #greeting: ControllerGreeting;
  readonly #host: LinkHost;
  readonly #streams = new Map<number, Stream>();
  readonly #outbox: Outbox;
  readonly #followers: Followers;
  /** The stream in whose name the log is followed; null while it is not. */
  #following: number | null = null;
  /** What has arrived and is not handled yet. */
  #held: FromGateway[] = [];
  #heldBytes = 0;
  /** The gateway knows which incarnation it speaks with. */
  #isGreeted = false;
  #isOver = false;
  /** Why no further request is taken; null while they are. */
  #farewell: string | null = null;
  #unanswered = 0;

  constructor(socket: LinkSocket, attachment: Attachment, parts: SessionParts) {
    const { greeting, host, followers } = parts;
    this.#followers = followers;
    this.#socket = socket;
    this.#attachment = attachment;
    this.#greeting = greeting;
    this.#host = host;
    this.#outbox = new Outbox((message) => {
      if (!this.#isOver) socket.send(message);
    });
    this.#outbox.add({ kind: "hello", greeting: JSON.stringify(greeting) });
  }

  /** Handles a message. What cannot be read ends the link with a reason. */
  receive(message: string | ArrayBuffer): void {
    if (this.#isOver) return;
    if (typeof message === "string")
      return this.close(CLOSE.notBinary, "a link speaks in binary messages, and this is text");
    const nowMs = Date.now();
    if (isExpired(this.#attachment, nowMs))
      return this.close(CLOSE.denied, "the token has expired");
    if (this.#outbox.isStalled(nowMs))
      return this.close(CLOSE.denied, "the answers of this link are not taken");
    this.#orClose(() => {
      const envelopes = readFromGateway(new Uint8Array(message), FROM_GATEWAY);
      const isIdle = this.#held.length === 0;
      this.#held.push(...envelopes);
      this.#heldBytes += message.byteLength;
      if (this.#heldBytes > HELD_BYTES_MAX && !isIdle)
        throw new LinkError("more was sent than this controller has got round to");
      if (isIdle) this.#handle();
    });
  }

  /** No further request is taken; what is under way is still answered. */
  sayGoodbye(leaderId: number, sentence: string): void {
    if (this.#isOver) return;
    this.#farewell = sentence;
    this.#outbox.add({ kind: "goaway", leaderId, sentence });
  }

  /** Sends what is ready, and closes. */
  close(code: number, sentence: string): void {
    if (this.#isOver) return;
    this.#outbox.flush();
    this.end();
    this.#socket.close(code, shortened(sentence));
  }

  /** The socket is gone: nothing is done on its behalf any more. */
  end(): void {
    this.#isOver = true;
    this.#followers.leave(this);
    this.#held = [];
    for (const { request } of this.#streams.values()) request?.abort();
    this.#streams.clear();
  }

  /** Until the records fill a round: the rest is the next event's. */
  #handle(): void {
    const voter = this.#host.node?.voter;
    const all = this.#held;
    let done = 0;
    const handleSome = (): void => {
      while (done < all.length && !this.#isOver) {
        const envelope = all[done];
        done += 1;
        if (envelope !== undefined) this.#take(envelope);
        if (voter?.hasFullRound === true) break;
      }
    };
    if (voter === undefined) handleSome();
    else voter.together(handleSome);
    if (this.#isOver) return;
    this.#held = all.slice(done);
    if (this.#held.length === 0) this.#heldBytes = 0;
    else setTimeout(() => this.#orClose(() => this.#handle()), 0);
  }

  #orClose(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof LinkError)) throw error;
      this.close(CLOSE.malformed, error.message);
    }
  }

  #take(envelope: FromGateway): void {
    switch (envelope.kind) {
      case "hello":
        return this.#greet(envelope.greeting);
      case "begin":
        return this.#begin(envelope);
      case "end":
        // One that was refused has ended here already.
        this.#streams.get(envelope.stream)?.request?.abort();
        this.#forget(envelope.stream);
        return undefined;
      case "request":
        return this.#run(envelope);
      case "taken":
        return this.#outbox.taken(envelope.bytes);
      case "position":
        return this.#place(envelope);
    }
  }

  /**
   * Where this gateway's copy of the log ends, and where brokers are. It counts while a client may fetch in whose name
   * it is said: who may not read the log is not pushed it either, and it is asked again with each position.
   */
  #place({ stream: id, position }: Extract<FromGateway, { readonly kind: "position" }>): void {
    const { node } = this.#host;
    if (!this.#isGreeted || node === null) return;
    const bearer = this.#streams.get(id)?.bearer;
    if (bearer === undefined) throw new LinkError(`stream ${id} has not begun`);
    if (!mayFetch(node, bearer)) {
      this.#followers.dismiss(this);
      return this.#unfollow();
    }
    const stray = position.brokers.find((broker) => !maySpeakFor(bearer, broker.id));
    if (stray !== undefined)
      throw new LinkError(`this token does not speak for broker ${stray.id}`);
    if (position.brokers.length > 0) node.voter.observersMoved(position.brokers.map(observerOf));
    if (position.end === null || this.#farewell !== null) return;
    this.#following = id;
    this.#followers.heard(this, position.end);
  }

  #unfollow(): void {
    this.#following = null;
    this.#followers.leave(this);
  }

  #forget(stream: number): void {
    this.#streams.delete(stream);
    if (stream === this.#following) this.#unfollow();
  }

  /** What every follower at its place is pushed. */
  push(message: Uint8Array<ArrayBuffer>): void {
    if (!this.#isOver) this.#socket.send(message);
  }

  giveUp(sentence: string): void {
    this.close(CLOSE.denied, sentence);
  }

  /** One that names an earlier incarnation was under way when this one began. */
  #greet(text: string): void {
    const greeting = gatewayGreetingIn(text);
    if (greeting === null) throw new LinkError("a hello does not say to which incarnation");
    if (greeting.incarnation === this.#greeting.incarnation) this.#isGreeted = true;
  }

  #begin({ stream, principal }: Extract<FromGateway, { readonly kind: "begin" }>): void {
    if (!this.#isGreeted) return;
    const { bearer } = this.#attachment;
    if (this.#streams.has(stream)) throw new LinkError(`stream ${stream} has begun already`);
    if (this.#streams.size >= STREAMS_MAX)
      throw new LinkError(`more than ${STREAMS_MAX} streams on a link`);
    if (principal !== null && bearer.role !== "gateway")
      throw new LinkError('only a token of role "gateway" may name a principal');
    const own = principal === null ? bearer : { ...bearer, principal };
    this.#streams.set(stream, { bearer: own, request: null });
  }

  #run(request: LinkRequest): void {
    if (!this.#isGreeted)
      return this.#refuse(request, "the controller's memory began anew: nothing was executed");
    const stream = this.#streams.get(request.stream);
    if (stream === undefined) throw new LinkError(`stream ${request.stream} has not begun`);
    if (stream.request !== null)
      throw new LinkError(`stream ${request.stream} has a request without an answer already`);
    if (this.#farewell !== null) return this.#refuse(request, this.#farewell);
    if (this.#unanswered >= REQUESTS_MAX)
      return this.#refuse(request, `${REQUESTS_MAX} requests of this link have no answer yet`);
    const { node } = this.#host;
    if (node === null) return this.#refuse(request, "the controller takes no part in the quorum");
    void this.#answer(node, request, stream);
  }

  async #answer(node: Node, request: LinkRequest, stream: Stream): Promise<void> {
    const hungUp = new AbortController();
    stream.request = hungUp;
    this.#unanswered += 1;
    const { signal } = hungUp;
    try {
      const sender = { origin: "client", bearer: stream.bearer, signal } as const;
      const answered = await answerRequest(node, request.frame, sender);
      if (!signal.aborted) this.#respond(request, stream, answered);
    } catch (error) {
      if (signal.aborted || error instanceof HungUp) return;
      this.#host.operatorLog.error("link-request-failed", "a request of a link failed", error);
      this.#refuse(request, error instanceof Error ? error.message : String(error));
    } finally {
      this.#unanswered -= 1;
    }
  }

  #respond(request: LinkRequest, stream: Stream, answered: Answered): void {
    stream.request = null;
    if (answered.kind === "unanswerable") return this.#refuse(request, answered.sentence);
    const { stream: id, correlation } = request;
    this.#outbox.add({ kind: "response", stream: id, correlation, parts: answered.parts });
  }

  #refuse({ stream, correlation }: LinkRequest, sentence: string): void {
    this.#forget(stream);
    this.#outbox.add({ kind: "refusal", stream, correlation, sentence });
  }
}

const observerOf = ({ id, directoryId, offset }: BrokerPosition): ObserverPosition => ({
  key: { id, directoryId: uuidFromBytes(directoryId) },
  endOffset: offset,
});

/** A reason has 123 bytes at most. */
export function shortened(sentence: string): string {
  const bytes = new TextEncoder().encode(sentence);
  if (bytes.byteLength <= 123) return sentence;
  return `${new TextDecoder().decode(bytes.subarray(0, 117)).replace(/\uFFFD$/, "")}…`;
}
