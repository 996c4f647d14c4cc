/**
 * A WebSocket on which every message is a batch: messages are no requests to the platform, in CPU as little as on the
 * bill. It ends at the Worker, and no object hears of it. `docs/design/batched-reads.md` has the reasons; what a client
 * sends and gets is in docs/HTTP.md.
 */
import * as v from "valibot";
import { isExpired } from "../../src/access/index.ts";
import { assertTokenMay } from "../access/limits.ts";
import { inPlace } from "../access/places.ts";
import { Seats, type Seat } from "../access/seats.ts";
import { parseJson } from "../http/body.ts";
import { CODES, Problem, problemBody, unexpected } from "../http/errors.ts";
import { fieldsOf, valueAt, wholeNumber } from "../http/fields.ts";
import type { AcceptSocket, ServedSocket } from "../socket-pair.ts";
import type { Reader } from "./answered-batch.ts";
import { BATCH_FIELDS, type ReadBatch } from "./read-batch.ts";
import { Untaken } from "./untaken.ts";

export const READS_SUBPROTOCOL = "kedge.reads.1";

/**
 * Where nothing is said, a runtime agrees to the compression that most clients offer (RFC 7692), and spends two thirds
 * of an answer's CPU on it. This is no extension that was offered, so none is agreed on, and the header is not sent.
 */
const UNCOMPRESSED = "none";

const MESSAGE_CHARACTERS_MAX = 64 * 1_024;
/** Batches that are not answered yet, and answers that are not taken. */
const OPEN_MAX = 64;
/** Batches, and texts that were made for them: what one invocation of the platform's may take of CPU and calls. */
const WORK_MAX = 8_000;
const SOCKET_MS_MAX = 15 * 60_000;
const IDLE_MS_MAX = 120_000;
const LOOK_MS = 15_000;
/** What is under way then may still be answered; the rest is asked again over another socket. */
const RETIRING_MS = 1_000;
/** A reason has 123 bytes at most. */
const REASON_CHARACTERS_MAX = 120;

/** Why a socket is closed (RFC 6455, 7.4.1). */
const CLOSE = { goingAway: 1001, unsupported: 1003, policy: 1008, tooBig: 1009 } as const;

const seats = new Seats({
  who: "sockets for reads are open",
  all: 1_000,
  ofOneToken: 200,
  lostMs: IDLE_MS_MAX + 2 * LOOK_MS,
});

const IDS = { min: 0, max: Number.MAX_SAFE_INTEGER } as const;
const TAKEN = { taken: v.optional(wholeNumber(IDS), 0) };
/** A batch, and with it how many answers have come. */
const BATCH = fieldsOf({ id: wholeNumber(IDS), ...TAKEN, ...BATCH_FIELDS });
/** That alone. */
const NOTE = fieldsOf({ taken: wholeNumber(IDS) });

/** What a batch becomes: the fields of its answer, and how many texts were made for it. */
export type Answering = (
  batch: ReadBatch,
  reader: Reader,
) => Promise<{ readonly fields: string; readonly made: number }>;

export interface Opening extends Omit<Reader, "entry" | "signal"> {
  readonly clusterId: string;
  /** The cluster as it is now; a `Problem` where the asker may read it no more. */
  readonly find: () => Promise<Reader["entry"]>;
  readonly answer: Answering;
}

/** The answer that opens the socket; a `Problem` where there are too many. */
export function openBatchSocket(opening: Opening, accept: AcceptSocket): Response {
  const seat = seats.take(opening.asker.claims?.id ?? null);
  const { socket, response } = accept({
    "Sec-WebSocket-Protocol": READS_SUBPROTOCOL,
    "Sec-WebSocket-Extensions": UNCOMPRESSED,
  });
  new BatchSocket(socket, seat, opening).run();
  return response;
}

class BatchSocket {
  readonly #socket: ServedSocket;
  readonly #seat: Seat;
  readonly #opening: Opening;
  readonly #untaken = new Untaken();
  readonly #gone = new AbortController();
  readonly #beganMs = Date.now();
  #underWay = 0;
  #work = 0;
  #retires = false;

  constructor(socket: ServedSocket, seat: Seat, opening: Opening) {
    this.#socket = socket;
    this.#seat = seat;
    this.#opening = opening;
  }

  run(): void {
    this.#socket.addEventListener("message", ({ data }) => this.#receive(data));
    this.#socket.addEventListener("close", () => this.#end());
    this.#socket.addEventListener("error", () => this.#end());
    const look = setInterval(() => this.#look(), LOOK_MS);
    this.#gone.signal.addEventListener("abort", () => clearInterval(look));
  }

  #look(): void {
    const nowMs = Date.now();
    if (nowMs - this.#seat.seenMs > IDLE_MS_MAX) this.#close("goingAway", "nothing was asked");
    else if (nowMs - this.#beganMs > SOCKET_MS_MAX) this.#retire();
  }

  #receive(data: unknown): void {
    if (this.#gone.signal.aborted || this.#retires) return;
    this.#seat.seen();
    if (typeof data !== "string") return this.#close("unsupported", "a message is text");
    if (data.length > MESSAGE_CHARACTERS_MAX)
      return this.#close("tooBig", `a message has at most ${MESSAGE_CHARACTERS_MAX} characters`);
    let id: number | null = null;
    try {
      const message = parseJson(data);
      if (isNote(message)) return this.#take(valueAt(NOTE, message).taken);
      id = idIn(message);
      const { id: own, taken, ...batch } = valueAt(BATCH, message);
      this.#take(taken);
      if (this.#isWithinOpen()) void this.#serve(own, batch);
    } catch (error) {
      if (this.#isWithinOpen()) this.#refuse(id, error);
    }
  }

  #take(count: number): void {
    if (this.#untaken.take(count)) return;
    this.#close("policy", `taken: only ${this.#untaken.sent} answers were sent`);
  }

  /** Ends the socket of a client that has asked too much without taking it. */
  #isWithinOpen(): boolean {
    if (this.#gone.signal.aborted) return false;
    if (this.#untaken.count + this.#underWay < OPEN_MAX) return true;
    this.#close("policy", `${OPEN_MAX} batches are open: say with "taken" which answers came`);
    return false;
  }

  /** Never throws. */
  async #serve(id: number, batch: ReadBatch): Promise<void> {
    this.#underWay += 1;
    this.#work += 1;
    try {
      const { env, asker, find, answer, origin } = this.#opening;
      const { signal } = this.#gone;
      const work = async (): Promise<void> => {
        const entry = await find();
        const { fields, made } = await answer(batch, { env, entry, asker, origin, signal });
        this.#work += made;
        this.#send(`{"id":${id},${fields}}`);
      };
      const { claims } = asker;
      if (claims === null) await work();
      else {
        if (isExpired(claims, Date.now()))
          throw new Problem("UNAUTHENTICATED", "the token has expired");
        await assertTokenMay(env, claims);
        await inPlace(claims, signal, work);
      }
    } catch (error) {
      this.#refuse(id, error);
    } finally {
      this.#underWay -= 1;
    }
    if (this.#work > WORK_MAX) this.#retire();
    if (this.#retires && this.#underWay === 0) this.#close("goingAway", "come again");
  }

  #send(text: string): void {
    if (this.#gone.signal.aborted) return;
    if (!this.#untaken.hasRoomFor(text.length))
      throw new Problem("OVERLOADED", "too much was answered that was not taken yet; take it");
    this.#give(text);
  }

  #refuse(id: number | null, error: unknown): void {
    if (this.#gone.signal.aborted) return;
    const problem = error instanceof Problem ? error : unexpected(error, this.#opening.clusterId);
    const { kind, message } = problem;
    this.#give(JSON.stringify({ id, status: CODES[kind][0], body: problemBody(problem) }));
    if (kind === "UNAUTHENTICATED") this.#close("policy", message);
  }

  #give(text: string): void {
    this.#untaken.send(text.length);
    try {
      this.#socket.send(text);
    } catch {
      // It is closed already, and its event is on the way.
      this.#end();
    }
  }

  /** Answers what is under way and soon done, and nothing more. */
  #retire(): void {
    if (this.#retires) return;
    this.#retires = true;
    setTimeout(
      () => this.#close("goingAway", "come again"),
      this.#underWay === 0 ? 0 : RETIRING_MS,
    );
  }

  #close(why: keyof typeof CLOSE, reason: string): void {
    if (this.#gone.signal.aborted) return;
    this.#end();
    this.#socket.close(CLOSE[why], reason.slice(0, REASON_CHARACTERS_MAX));
  }

  #end(): void {
    if (this.#gone.signal.aborted) return;
    this.#untaken.drop();
    this.#seat.leave();
    this.#gone.abort();
  }
}

const isNote = (message: unknown): boolean =>
  typeof message === "object" && message !== null && "taken" in message && !("paths" in message);

/** The id of what may be no batch. */
function idIn(message: unknown): number | null {
  const isNamed = typeof message === "object" && message !== null && "id" in message;
  return isNamed && typeof message.id === "number" ? message.id : null;
}
