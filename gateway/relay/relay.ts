/**
 * The gateway's end of a relay: a WebSocket to the observer of a cluster that others run, over which the observer asks
 * and this side brings the answers of its quorum. It is opened again whenever it ends, for as long as the gateway runs.
 */
import { randomUUID } from "node:crypto";
import type { WebSocket } from "ws";
import {
  LinkError,
  observerGreetingIn,
  readFromObserver,
  relayMessage,
  RELAY_SUBPROTOCOL,
  type FromObserver,
} from "../../src/link/index.ts";
import type { EdgeClient } from "../edge/edge-client.ts";
import { ANYBODY, identityHeaders } from "../edge/identity.ts";
import { Pulse } from "../edge/link/pulse.ts";
import { Reconnecting } from "../edge/link/reconnecting.ts";
import { sentenceOf } from "../edge/refusal.ts";
import { textOf, type Log } from "../log.ts";
import type { ObservedQuorum } from "./observed-quorum.ts";
import type { RelayMetrics } from "./relay-metrics.ts";

/** The observer has one Fetch under way, and asks a new server what it speaks. */
const CALLS_MAX = 16;
/** Between two looks at whether it may be opened again. */
const LOOK_MS = 100;
/** A Fetch is answered within half a second, by whoever leads. */
const FRESH_MS = 10_000;
const CLOSE = { done: 1000, malformed: 1002 } as const;

export interface RelayParts {
  readonly client: EdgeClient;
  readonly clusterId: string;
  /** The observer. */
  readonly nodeId: number;
  readonly quorum: ObservedQuorum;
  readonly metrics: RelayMetrics;
  readonly log: Log;
}

export class Relay {
  readonly #parts: RelayParts;
  readonly #gatewayId = randomUUID();
  readonly #reconnecting = new Reconnecting();
  readonly #calls = new Map<number, AbortController>();
  readonly #looking: NodeJS.Timeout;
  #socket: WebSocket | null = null;
  /** Why it is not open; null while it is. */
  #problem: string | null = "the observer is not connected yet";
  /** Why the latest frame had no answer; null while they have. */
  #unanswered: string | null = null;
  /** When it began to be open, in ms. */
  #openedAt: number | null = null;
  #isOver = false;

  constructor(parts: RelayParts) {
    this.#parts = parts;
    this.#looking = setInterval(() => {
      if (this.#socket === null && !this.#reconnecting.isWaiting(Date.now())) this.#open();
    }, LOOK_MS);
    this.#open();
  }

  /** Why the observer may learn nothing new, in a sentence; null when all is well. */
  problem(): string | null {
    if (this.#problem !== null) return this.#problem;
    const { answeredAt } = this.#parts.metrics;
    if (answeredAt !== null && performance.now() - answeredAt < FRESH_MS) return null;
    const reason = this.#unanswered ?? "another gateway may have taken over";
    return `no controller was asked and has answered within ${FRESH_MS} ms: ${reason}`;
  }

  /** What is shown to the edge has changed. */
  renew(): void {
    this.#socket?.close(CLOSE.done, "other credentials");
  }

  stop(): void {
    this.#isOver = true;
    clearInterval(this.#looking);
    this.#dropAll();
    this.#socket?.close(CLOSE.done, "the gateway stops");
    this.#parts.quorum.close();
  }

  #open(): void {
    const { client, clusterId, nodeId } = this.#parts;
    const path = `/kafka/v3/clusters/${clusterId}/controllers/${nodeId}/relay?gateway_id=${this.#gatewayId}`;
    const headers = identityHeaders(ANYBODY, client.credentials.token);
    const { socket, refused } = client.upgrade(path, RELAY_SUBPROTOCOL, headers);
    this.#socket = socket;
    const pulse = new Pulse(socket);
    let reason: string | null = null;
    void refused.then((answer) => {
      reason = sentenceOf(answer);
      socket.terminate();
    });
    socket.on("error", (error) => {
      reason ??= error.message;
    });
    socket.on("message", (data, isBinary) => {
      pulse.beat();
      try {
        if (!isBinary || !(data instanceof Uint8Array))
          throw new LinkError("a relay speaks in binary messages, and this is text");
        this.#take(socket, readFromObserver(data));
      } catch (error) {
        if (!(error instanceof LinkError)) throw error;
        reason = error.message;
        socket.close(CLOSE.malformed, error.message.slice(0, 100));
      }
    });
    socket.on("close", (code, words) => {
      pulse.stop();
      const said = words.byteLength === 0 ? `it was closed (${code})` : words.toString();
      this.#ended(reason ?? said);
    });
  }

  #ended(reason: string): void {
    const { metrics, log } = this.#parts;
    const now = Date.now();
    const chance = Math.random();
    this.#socket = null;
    this.#dropAll();
    if (this.#openedAt === null) this.#reconnecting.failed(now, chance);
    else {
      metrics.isOpen = false;
      metrics.lost += 1;
      this.#reconnecting.lost(now, { chance, lastedMs: now - this.#openedAt });
      this.#openedAt = null;
    }
    const problem = `the observer is not connected: ${reason}`;
    if (problem !== this.#problem && !this.#isOver)
      log(problem, { level: "warn", event: "relay-lost" });
    this.#problem = problem;
  }

  #take(socket: WebSocket, envelope: FromObserver): void {
    switch (envelope.kind) {
      case "hello":
        return this.#greeted(envelope.greeting);
      case "ask":
        if (this.#calls.size >= CALLS_MAX) throw new LinkError(`more than ${CALLS_MAX} calls`);
        void this.#carry(socket, envelope);
        return undefined;
      case "drop":
        this.#calls.get(envelope.correlation)?.abort();
        return undefined;
    }
  }

  #greeted(text: string): void {
    const { clusterId, nodeId, metrics, log } = this.#parts;
    const greeting = observerGreetingIn(text);
    if (greeting?.cluster_id !== clusterId || greeting.node_id !== nodeId)
      throw new LinkError("a hello is not from the observer that was asked for");
    if (this.#openedAt !== null) return;
    this.#openedAt = Date.now();
    this.#problem = null;
    metrics.isOpen = true;
    metrics.opened += 1;
    log(`the observer ${nodeId} of ${clusterId} is connected`, { event: "relay-opened", nodeId });
  }

  async #carry(
    socket: WebSocket,
    { correlation, to, frame }: Extract<FromObserver, { readonly kind: "ask" }>,
  ): Promise<void> {
    const { quorum, metrics } = this.#parts;
    const abort = new AbortController();
    this.#calls.set(correlation, abort);
    try {
      const answer = await quorum.ask(to, frame, abort.signal);
      metrics.framesCarried += 1;
      metrics.bytesCarried += frame.byteLength + answer.byteLength;
      metrics.answeredAt = performance.now();
      this.#unanswered = null;
      send(socket, relayMessage({ kind: "answer", correlation, frame: answer }));
    } catch (error) {
      const sentence = textOf(error);
      metrics.framesFailed += 1;
      if (!abort.signal.aborted) this.#failed(sentence);
      send(socket, relayMessage({ kind: "failed", correlation, sentence }));
    } finally {
      this.#calls.delete(correlation);
    }
  }

  #failed(sentence: string): void {
    if (this.#unanswered !== sentence)
      this.#parts.log(`no controller answered: ${sentence}`, {
        level: "warn",
        event: "quorum-silent",
      });
    this.#unanswered = sentence;
  }

  #dropAll(): void {
    for (const call of this.#calls.values()) call.abort();
  }
}

function send(socket: WebSocket, message: Uint8Array): void {
  if (socket.readyState === socket.OPEN) socket.send(message);
}
