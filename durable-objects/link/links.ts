/**
 * The links of one object: which gateways hold a WebSocket to it. The sockets outlive the object's memory where the
 * platform lets it hibernate; what they are is in their attachments, and here is what is known of them besides.
 */
import type { Revocations } from "../../src/access/index.ts";
import { SUBPROTOCOL, type ControllerGreeting } from "../../src/link/index.ts";
import { DEFAULT_TIMEOUTS, leaderOf } from "../../src/raft/index.ts";
import { bearerIn } from "../bearer.ts";
import { refusal } from "../contract.ts";
import { openingIn, type LinkOpening } from "../link-opening.ts";
import { attachmentOf, isRevokedBy, type Attachment } from "./attachment.ts";
import { Followers } from "./followers.ts";
import { CLOSE, REQUESTS_MAX, Session, STREAMS_MAX, type LinkHost } from "./session.ts";

const LINKS_MAX = 256;
/** With one token: so many gateways share one. */
const LINKS_PER_TOKEN_MAX = 4;

const TOO_MANY = 429;

/** The platform's side of it. */
export type Sockets = Pick<DurableObjectState, "acceptWebSocket" | "getWebSockets">;

export class Links {
  readonly #sockets: Sockets;
  readonly #host: LinkHost;
  readonly #incarnation = crypto.randomUUID();
  readonly #sessions = new Map<WebSocket, Session>();
  readonly #followers: Followers;

  /** Every socket that has outlived an earlier incarnation hears of this one. */
  constructor(sockets: Sockets, host: LinkHost) {
    this.#sockets = sockets;
    this.#host = host;
    this.#followers = new Followers({
      voter: () => host.node?.voter ?? null,
      failed: (cause) => {
        host.operatorLog.error("push-failed", "what is committed cannot be pushed", cause);
        this.close("what is committed cannot be pushed");
      },
      clock: () => Date.now(),
    });
    for (const socket of this.#open) this.#sessionOf(socket);
  }

  /** Answers the upgrade. `headers` say who asks and for what, as the Worker has put it. */
  open(headers: Headers): Response {
    const bearer = bearerIn(headers);
    const opening = openingIn(headers);
    if (bearer === null || opening === null)
      return refusal(403, "who asks is not said in the terms of this build");
    const replaced = this.#open.filter((socket) => isSame(attachmentOf(socket), opening));
    const tooMany = this.#tooMany(opening, replaced.length);
    if (tooMany !== null) return refusal(TOO_MANY, tooMany);
    for (const socket of replaced)
      this.#sessionOf(socket)?.close(
        CLOSE.denied,
        "a newer link of the same gateway replaces this",
      );
    const { 0: client, 1: server } = new WebSocketPair();
    this.#sockets.acceptWebSocket(server);
    const attachment: Attachment = { bearer, opening };
    server.serializeAttachment(attachment);
    this.#sessionOf(server);
    return new Response(null, {
      status: 101,
      webSocket: client,
      headers: { "Sec-WebSocket-Protocol": SUBPROTOCOL },
    });
  }

  receive(socket: WebSocket, message: string | ArrayBuffer): void {
    this.#sessionOf(socket)?.receive(message);
  }

  /** The socket is closed or has failed. */
  gone(socket: WebSocket): void {
    this.#sessions.get(socket)?.end();
    this.#sessions.delete(socket);
  }

  /** No link takes a further request. */
  sayGoodbye(sentence: string): void {
    const voter = this.#host.node?.voter;
    const leaderId = voter === undefined ? -1 : (leaderOf(voter.state)?.leaderId ?? -1);
    for (const session of this.#sessions.values()) session.sayGoodbye(leaderId, sentence);
  }

  /** Closes every link, once what this event has answered is on its way. */
  close(sentence: string): void {
    this.sayGoodbye(sentence);
    const sessions = [...this.#sessions.values()];
    setTimeout(() => {
      for (const session of sessions) session.close(CLOSE.restarting, sentence);
    }, 0);
  }

  closeRevoked(revocations: Revocations): void {
    for (const socket of this.#open) {
      const attachment = attachmentOf(socket);
      if (attachment !== null && isRevokedBy(revocations, attachment))
        this.#sessionOf(socket)?.close(CLOSE.denied, "the token was revoked");
    }
  }

  /** Those that are not closing. */
  get #open(): readonly WebSocket[] {
    return this.#sockets
      .getWebSockets()
      .filter(({ readyState }) => readyState === WebSocket.READY_STATE_OPEN);
  }

  #tooMany({ token }: LinkOpening, replaced: number): string | null {
    const open = this.#open;
    if (open.length - replaced >= LINKS_MAX)
      return `this controller has ${LINKS_MAX} links, and takes no more`;
    if (token === null) return null;
    const others = open.filter(
      (socket) => attachmentOf(socket)?.opening.token?.id === token.id,
    ).length;
    return others - replaced >= LINKS_PER_TOKEN_MAX
      ? `this controller has ${LINKS_PER_TOKEN_MAX} links of this token, and takes no more`
      : null;
  }

  /** A socket of an earlier incarnation gets a session that has yet to be greeted. */
  #sessionOf(socket: WebSocket): Session | null {
    const known = this.#sessions.get(socket);
    if (known !== undefined) return known;
    const attachment = attachmentOf(socket);
    if (attachment === null) {
      socket.close(CLOSE.restarting, "this link was opened in the terms of another build");
      return null;
    }
    const session = new Session(socket, attachment, {
      greeting: this.#greeting,
      host: this.#host,
      followers: this.#followers,
    });
    this.#sessions.set(socket, session);
    return session;
  }

  get #greeting(): ControllerGreeting {
    return {
      cluster_id: this.#host.clusterId,
      node_id: this.#host.nodeId,
      incarnation: this.#incarnation,
      requests_max: REQUESTS_MAX,
      streams_max: STREAMS_MAX,
      fetch_bytes_max: DEFAULT_TIMEOUTS.fetchMaxBytes,
    };
  }
}

const isSame = (attachment: Attachment | null, { gateway_id: id, token }: LinkOpening): boolean =>
  attachment !== null &&
  attachment.opening.gateway_id === id &&
  attachment.opening.token?.id === token?.id;
