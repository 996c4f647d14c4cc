/**
 * The relays of one object: the gateways by which the observer of a cluster that others run reaches that cluster's
 * quorum. The newest is used, until a call over it fails; the others stand by, so that one gateway can take the place
 * of another. What a gateway carries is Kafka's frames, and what they mean is for `relay-peers.ts`.
 *
 * A socket may outlive the object's memory. Calls do not: what comes for one of an earlier incarnation is for nobody.
 */
import type { Revocations } from "../../src/access/index.ts";
import {
  LinkError,
  readFromRelay,
  RELAY_SUBPROTOCOL,
  relayMessage,
  type Address,
  type FromRelay,
  type ObserverGreeting,
} from "../../src/link/index.ts";
import { bearerIn } from "../bearer.ts";
import { refusal } from "../contract.ts";
import { attachmentOf, isExpired, isRevokedBy, type Attachment } from "../link/attachment.ts";
import { CLOSE, shortened } from "../link/session.ts";
import { openingIn } from "../link-opening.ts";

/** By which the platform tells a relay from a link. */
export const RELAY_TAG = "relay";

/** One is used; another takes over when its gateway is replaced or dies. */
const RELAYS_MAX = 4;
const TOO_MANY = 429;
/** Correlations are of 31 bits, and begin somewhere, so that an answer to an earlier incarnation finds nobody. */
const CORRELATION_MAX = 0x7fff_ffff;

/** The gateway did not bring an answer. */
export class NotRelayed extends Error {
  override readonly name = "NotRelayed";
}

/** The platform's side of it. */
export type RelaySockets = Pick<DurableObjectState, "acceptWebSocket" | "getWebSockets">;

interface Call {
  readonly socket: WebSocket;
  readonly answered: (frame: Uint8Array) => void;
  readonly failed: (error: NotRelayed) => void;
}

export class Relays {
  readonly #sockets: RelaySockets;
  readonly #greeting: ObserverGreeting;
  readonly #calls = new Map<number, Call>();
  /** Who waits for a relay to come. */
  readonly #waiting = new Set<() => void>();
  /** The last is used: the one that was opened last, until a call over it fails. */
  #open: readonly WebSocket[];
  #correlation: number;
  #lostFor: string | null = null;
  /** Why the latest call had no answer of use; null while they have. */
  failure: string | null = null;

  constructor(sockets: RelaySockets, greeting: ObserverGreeting) {
    this.#sockets = sockets;
    this.#greeting = greeting;
    this.#open = sockets.getWebSockets(RELAY_TAG).filter(isOpen);
    const [bits = 0] = crypto.getRandomValues(new Uint32Array(1));
    this.#correlation = bits >>> 1;
  }

  /** How many gateways are connected. */
  get count(): number {
    return this.#open.length;
  }

  /** Why nothing is heard of the quorum, in a sentence; null while nothing stands in the way. */
  get problem(): string | null {
    return this.#open.length > 0 ? this.failure : (this.#lostFor ?? "no gateway is connected");
  }

  /** Answers the upgrade. `headers` say who asks and for what, as the Worker has put it. */
  open(headers: Headers): Response {
    const bearer = bearerIn(headers);
    const opening = openingIn(headers);
    if (bearer === null || opening === null)
      return refusal(403, "who asks is not said in the terms of this build");
    const replaced = this.#open.filter(
      (socket) => attachmentOf(socket)?.opening.gateway_id === opening.gateway_id,
    );
    if (this.#open.length - replaced.length >= RELAYS_MAX)
      return refusal(TOO_MANY, `this observer has ${RELAYS_MAX} relays, and takes no more`);
    for (const socket of replaced)
      this.#close(socket, CLOSE.denied, "a newer relay of the same gateway replaces this");
    const { 0: client, 1: server } = new WebSocketPair();
    this.#sockets.acceptWebSocket(server, [RELAY_TAG]);
    const attachment: Attachment = { bearer, opening };
    server.serializeAttachment(attachment);
    server.send(relayMessage({ kind: "hello", greeting: JSON.stringify(this.#greeting) }));
    this.#open = [...this.#open, server];
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
    return new Response(null, {
      status: 101,
      webSocket: client,
      headers: { "Sec-WebSocket-Protocol": RELAY_SUBPROTOCOL },
    });
  }

  /** The relay to use now; waits for one. Rejects with `NotRelayed` when the signal ends that. */
  async current(signal: AbortSignal): Promise<WebSocket> {
    for (;;) {
      const newest = this.#open.at(-1);
      if (newest !== undefined) return newest;
      // oxlint-disable-next-line no-await-in-loop -- one that came may be gone again
      await new Promise<void>((come, give) => {
        const gone = (): void => {
          this.#waiting.delete(come);
          give(new NotRelayed("no gateway is connected"));
        };
        if (signal.aborted) return gone();
        this.#waiting.add(come);
        signal.addEventListener("abort", gone, { once: true });
      });
    }
  }

  /** Has a frame carried by that relay, and resolves with the answer. Rejects with `NotRelayed`. */
  carry(
    socket: WebSocket,
    { to, frame }: { readonly to: Address | null; readonly frame: Uint8Array },
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      if (signal.aborted || !this.#open.includes(socket))
        return reject(new NotRelayed("the relay is gone"));
      this.#correlation = (this.#correlation % CORRELATION_MAX) + 1;
      const correlation = this.#correlation;
      const drop = (): void => {
        this.#calls.delete(correlation);
        if (this.#open.includes(socket)) socket.send(relayMessage({ kind: "drop", correlation }));
        reject(new NotRelayed("the call was given up"));
      };
      signal.addEventListener("abort", drop, { once: true });
      const settled = (): void => {
        this.#calls.delete(correlation);
        signal.removeEventListener("abort", drop);
      };
      this.#calls.set(correlation, {
        socket,
        answered: (answer) => {
          settled();
          resolve(answer);
        },
        failed: (error) => {
          settled();
          reject(error);
        },
      });
      socket.send(relayMessage({ kind: "ask", correlation, to, frame }));
      return undefined;
    });
  }

  /** Handles a message. What cannot be read, and what nobody asked for, ends the relay with a reason. */
  receive(socket: WebSocket, message: string | ArrayBuffer): void {
    const attachment = attachmentOf(socket);
    if (attachment === null)
      return this.#close(socket, CLOSE.restarting, "it was opened in the terms of another build");
    if (typeof message === "string")
      return this.#close(socket, CLOSE.notBinary, "a relay speaks in binary messages");
    if (isExpired(attachment, Date.now()))
      return this.#close(socket, CLOSE.denied, "the token has expired");
    try {
      this.#take(socket, readFromRelay(new Uint8Array(message)));
    } catch (error) {
      if (!(error instanceof LinkError)) throw error;
      this.#close(socket, CLOSE.malformed, error.message);
    }
    return undefined;
  }

  /** An answer to a call that was dropped, or of an earlier incarnation, is for nobody. */
  #take(socket: WebSocket, envelope: FromRelay): void {
    const call = this.#calls.get(envelope.correlation);
    if (call === undefined || call.socket !== socket) return;
    if (envelope.kind === "answer") call.answered(envelope.frame);
    else call.failed(new NotRelayed(envelope.sentence));
  }

  /** The socket is closed or has failed. */
  gone(socket: WebSocket): void {
    this.#forget(socket, "the gateway is gone");
  }

  /** A call over this one has failed: another that stands by is used next, if there is one. */
  demote(socket: WebSocket): void {
    if (!this.#open.includes(socket)) return;
    this.#open = [socket, ...this.#open.filter((each) => each !== socket)];
  }

  /** Nothing that this gateway brings is of use. */
  expel(socket: WebSocket, sentence: string): void {
    this.#close(socket, CLOSE.denied, sentence);
  }

  /** Closes every relay. */
  close(sentence: string): void {
    for (const socket of this.#open) this.#close(socket, CLOSE.restarting, sentence);
  }

  closeRevoked(revocations: Revocations): void {
    for (const socket of this.#open) {
      const attachment = attachmentOf(socket);
      if (attachment !== null && isRevokedBy(revocations, attachment))
        this.#close(socket, CLOSE.denied, "the token was revoked");
    }
  }

  #close(socket: WebSocket, code: number, sentence: string): void {
    socket.close(code, shortened(sentence));
    this.#forget(socket, sentence);
  }

  #forget(socket: WebSocket, reason: string): void {
    if (!this.#open.includes(socket)) return;
    this.#open = this.#open.filter((each) => each !== socket);
    this.#lostFor = reason;
    for (const call of this.#calls.values())
      if (call.socket === socket) call.failed(new NotRelayed(reason));
  }
}

/** Whether the platform holds this socket as a relay. */
export const isRelay = (state: Pick<DurableObjectState, "getTags">, socket: WebSocket): boolean =>
  state.getTags(socket).includes(RELAY_TAG);

/** The sockets of an object that are links. */
export const linkSocketsOf = (
  state: Pick<DurableObjectState, "acceptWebSocket" | "getWebSockets" | "getTags">,
): RelaySockets => ({
  acceptWebSocket: (socket) => state.acceptWebSocket(socket),
  getWebSockets: () => state.getWebSockets().filter((socket) => !isRelay(state, socket)),
});

const isOpen = ({ readyState }: WebSocket): boolean => readyState === WebSocket.READY_STATE_OPEN;
