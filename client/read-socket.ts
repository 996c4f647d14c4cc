/**
 * A WebSocket for batches of reads: each message asks one, with a number that its answer repeats. The other side keeps
 * what was not taken, so it is told how many answers have come.
 */
import { RefusedError, type Refusal } from "./refused-error.ts";

export interface BatchAnswer {
  readonly offset: number;
  readonly epoch: number;
  readonly answers: readonly PathAnswer[];
}

export interface PathAnswer {
  readonly status: number;
  /** JSON, of the type that whoever asked says it is: assignable to any. */
  readonly body: never;
}

/** Where a socket is opened, and by whom. */
export interface SocketDoor {
  /** Of the deployment, as for HTTP. */
  readonly url: string;
  readonly token: string | null;
  /** The platform's own where it is absent. */
  readonly connect?: (url: string, protocols: readonly string[]) => WebSocket;
}

/** The socket is gone, and took unanswered batches with it. */
export class SocketLostError extends Error {
  override readonly name = "SocketLostError";
  /** It had answered before: another one will, too. */
  readonly hadAnswered: boolean;

  constructor(hadAnswered: boolean) {
    super("the socket for reads was lost");
    this.hadAnswered = hadAnswered;
  }
}

const SUBPROTOCOL = "kedge.reads.1";
const BEARER_SUBPROTOCOL = "kedge.bearer.";
/** Half of what a client may leave open. */
const OPEN_MAX = 32;
/** So many answers are taken without a word, where nothing is asked that would bring it. */
const UNTOLD_MAX = 8;
/** The other side keeps 4 Mi characters. */
const UNTOLD_CHARACTERS_MAX = 512 * 1_024;
/** An opening that takes longer than this is none. */
const OPENING_MS = 10_000;
/** A read waits for half a minute at most; an answer that is later than this is not coming. */
const LOST_MS = 60_000;
const LOOK_MS = 10_000;

interface Asked {
  readonly batch: object;
  readonly resolve: (answer: BatchAnswer) => void;
  readonly reject: (reason: unknown) => void;
}

interface Message extends Partial<BatchAnswer> {
  readonly id: number | null;
  /** Of a refusal of the whole batch, with `body`. */
  readonly status?: number;
  readonly body?: Refusal;
}

export class ReadSocket {
  readonly #socket: WebSocket;
  readonly #path: string;
  /** In the order in which they were asked. */
  readonly #open = new Map<number, Asked & { readonly askedMs: number }>();
  #queue: Asked[] = [];
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #beganMs = Date.now();
  #ids = 0;
  #taken = 0;
  #untold = 0;
  #untoldCharacters = 0;
  #isFinishing = false;
  #isLost = false;

  constructor({ url, token, connect = platformSocket }: SocketDoor, path: string) {
    const bearer = token === null ? [] : [`${BEARER_SUBPROTOCOL}${token}`];
    this.#path = path;
    this.#socket = connect(`${url.replace(/^http/, "ws")}${path}`, [SUBPROTOCOL, ...bearer]);
    this.#socket.addEventListener("open", () => this.#pump());
    this.#socket.addEventListener("message", ({ data }) => this.#receive(String(data)));
    this.#socket.addEventListener("close", () => this.#lose());
    this.#socket.addEventListener("error", () => this.#lose());
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  /** Throws a `RefusedError` of the whole batch, or a `SocketLostError`. */
  ask(batch: object): Promise<BatchAnswer> {
    return new Promise((resolve, reject) => {
      if (this.#isLost) return reject(new SocketLostError(this.#taken > 0));
      this.#queue.push({ batch, resolve, reject });
      this.#pump();
    });
  }

  /** Closes it once everything that was asked is answered. */
  finish(): void {
    this.#isFinishing = true;
    if (this.#open.size === 0 && this.#queue.length === 0) this.close();
  }

  close(): void {
    this.#lose();
    this.#socket.close();
  }

  #pump(): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    while (this.#open.size < OPEN_MAX) {
      const asked = this.#queue.shift();
      if (asked === undefined) break;
      const id = (this.#ids += 1);
      this.#open.set(id, { ...asked, askedMs: Date.now() });
      this.#tell({ id, ...asked.batch });
    }
    const isMuch = this.#untold >= UNTOLD_MAX || this.#untoldCharacters >= UNTOLD_CHARACTERS_MAX;
    if (isMuch && this.#open.size > 0) this.#tell({});
  }

  #tell(message: object): void {
    this.#untold = 0;
    this.#untoldCharacters = 0;
    this.#socket.send(JSON.stringify({ ...message, taken: this.#taken }));
  }

  #receive(text: string): void {
    if (this.#isLost) return;
    const message = messageIn(text);
    // Whoever speaks there speaks another protocol.
    if (message === null) return this.close();
    this.#taken += 1;
    this.#untold += 1;
    this.#untoldCharacters += text.length;
    const asked = this.#open.get(message.id ?? 0);
    this.#open.delete(message.id ?? 0);
    if (asked !== undefined) settle(asked, message, this.#path);
    this.#pump();
    if (this.#isFinishing) this.finish();
  }

  #look(): void {
    const [oldest] = this.#open.values();
    const isLate = oldest !== undefined && Date.now() - oldest.askedMs > LOST_MS;
    const isOpening = this.#socket.readyState === this.#socket.CONNECTING;
    if (isLate || (isOpening && Date.now() - this.#beganMs >= OPENING_MS)) this.close();
  }

  #lose(): void {
    if (this.#isLost) return;
    this.#isLost = true;
    clearInterval(this.#timer);
    const lost = [...this.#open.values(), ...this.#queue];
    this.#open.clear();
    this.#queue = [];
    for (const { reject } of lost) reject(new SocketLostError(this.#taken > 0));
  }
}

function messageIn(text: string): Message | null {
  try {
    const message: Message | null = JSON.parse(text);
    return typeof message === "object" ? message : null;
  } catch {
    return null;
  }
}

function settle({ resolve, reject }: Asked, message: Message, path: string): void {
  const { status, body, answers, offset = Number.NaN, epoch = Number.NaN } = message;
  if (answers !== undefined) resolve({ answers, offset, epoch });
  else
    reject(
      new RefusedError(`GET ${path}`, {
        status: status ?? 0,
        refusal: body ?? { error_code: 0, message: "an answer that says nothing" },
      }),
    );
}

/** Looked up when it is called, as `fetch` is. */
const platformSocket = (url: string, protocols: readonly string[]): WebSocket =>
  new WebSocket(url, [...protocols]);
