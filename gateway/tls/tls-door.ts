/**
 * The TLS side of a listener: it shakes hands on a TCP connection and says who came in. What does not get through is
 * told why as far as TLS can say it, and costs no more than a bounded time; OpenSSL bounds the bytes of a handshake
 * itself (some 100 KiB). Certificates can be renewed at any time, for the connections that come after.
 */
import type { Socket } from "node:net";
import { createServer, type Server, type TLSSocket } from "node:tls";
import { DEFAULT_RULES, principalName, type PrincipalRule } from "./principal-rules.ts";
import type { ServerTls } from "./server-tls.ts";
import { subjectName } from "./subject-name.ts";

/** Kafka's `ssl.client.auth`. */
export type ClientAuth = "none" | "requested" | "required";

export interface TlsDoorOptions {
  readonly tls: ServerTls;
  readonly clientAuth: ClientAuth;
  readonly rules?: readonly PrincipalRule[];
  /** Bound on the UTF-8 bytes of a principal's name. */
  readonly principalBytesMax: number;
  readonly handshakeMs: number;
}

export interface Entered {
  readonly socket: TLSSocket;
  /** What the client's certificate names; null without one. */
  readonly principal: string | null;
}

const WENT_AWAY = "the client went away before TLS was agreed";

/** The commonest mistake, by the codes that OpenSSL has for it. */
const NOT_TLS = new Set([
  "ERR_SSL_WRONG_VERSION_NUMBER",
  "ERR_SSL_HTTP_REQUEST",
  "ERR_SSL_PACKET_LENGTH_TOO_LONG",
  "ERR_SSL_UNEXPECTED_MESSAGE",
  "ERR_SSL_BAD_RECORD_TYPE",
]);

interface Handshake {
  readonly raw: Socket;
  readonly resolve: (socket: TLSSocket) => void;
  readonly reject: (error: Error) => void;
}

export class TlsDoor {
  readonly #options: TlsDoorOptions;
  readonly #server: Server;
  /** Who waits for the handshake of which connection, by the client's address and port. */
  readonly #waiting = new Map<string, Handshake>();

  constructor(options: TlsDoorOptions) {
    this.#options = options;
    const { tls, clientAuth, handshakeMs } = options;
    this.#server = createServer({
      ...tls,
      requestCert: clientAuth !== "none",
      // A client that shows nothing is told by an alert; what it shows is judged below.
      rejectUnauthorized: clientAuth === "required",
      handshakeTimeout: handshakeMs,
      noDelay: true,
    });
    this.#server.on("secureConnection", (socket) =>
      this.#waiting.get(keyOf(socket))?.resolve(socket),
    );
    this.#server.on("tlsClientError", (error, socket) =>
      this.#handshakeOf(socket)?.reject(socket.authorizationError ?? error),
    );
  }

  /** Shows and believes `tls` from the next handshake on. */
  renew(tls: ServerTls): void {
    this.#server.setSecureContext(tls);
  }

  /**
   * Resolves once the client is let in. Rejects with a sentence, and the connection is closed. The caller has bounded
   * how many knock at a time.
   */
  async enter(raw: Socket): Promise<Entered> {
    const key = keyOf(raw);
    const shaken = new Promise<TLSSocket>((resolve, reject) => {
      this.#waiting.set(key, { raw, resolve, reject });
      // Why it was closed, if there is a reason, is said just after.
      raw.once("close", () => setImmediate(() => reject(new Error(WENT_AWAY))));
    });
    try {
      this.#server.emit("connection", raw);
      const socket = await shaken;
      socket.disableRenegotiation();
      return { socket, principal: this.#principalOf(socket) };
    } catch (error) {
      raw.destroy();
      throw new Error(sentenceOf(error), { cause: error });
    } finally {
      this.#waiting.delete(key);
    }
  }

  /**
   * Node has closed the connection of a certificate that is not believed before it says so, and knows no address any
   * more: it is the one that has just been closed, if it is one.
   */
  #handshakeOf(socket: TLSSocket): Handshake | undefined {
    if (socket.remotePort !== undefined) return this.#waiting.get(keyOf(socket));
    const closed = [...this.#waiting.values()].filter(({ raw }) => raw.destroyed);
    return closed.length === 1 ? closed[0] : undefined;
  }

  /** Throws a sentence for a certificate that is not believed or names nobody. */
  #principalOf(socket: TLSSocket): string | null {
    const { rules = DEFAULT_RULES, principalBytesMax } = this.#options;
    const certificate = socket.getPeerX509Certificate();
    if (certificate === undefined) return null;
    if (!socket.authorized) throw socket.authorizationError;
    const subject = subjectName(certificate.raw);
    assertShort("its certificate's subject", subject, principalBytesMax);
    const name = principalName(rules, subject);
    if (name === null || name === "" || !name.isWellFormed())
      throw new Error(`no principal mapping rule makes a name of ${JSON.stringify(subject)}`);
    assertShort("its principal's name", name, principalBytesMax);
    return name;
  }
}

function assertShort(what: string, text: string, bytesMax: number): void {
  const bytes = Buffer.byteLength(text);
  if (bytes > bytesMax) throw new Error(`${what} has ${bytes} bytes; ${bytesMax} are accepted`);
}

const keyOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`;

function sentenceOf(error: unknown): string {
  if (!(error instanceof Error)) return `client certificate refused: ${String(error)}`;
  const code = "code" in error ? String(error.code) : "";
  if (NOT_TLS.has(code)) return "what came is not TLS: does the client's security.protocol say so?";
  if (code === "ECONNRESET") return WENT_AWAY;
  if (code === "ERR_TLS_HANDSHAKE_TIMEOUT") return "no TLS handshake in time";
  return error.message;
}
