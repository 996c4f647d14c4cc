/**
 * Reads that go together: those of one turn of the event loop that want the same freshness are one batch, answered from
 * one image, so they show one moment. Batches go over one WebSocket (`read-socket.ts`), and by HTTP where none can be
 * had. A read may always be asked again, so a socket that breaks off is not noticed but by its time. What no batch holds
 * goes by itself, as without batches.
 */
import { queryOf, repeatedly, type Caller, type Parameters, type Patience } from "./caller.ts";
import {
  ReadSocket,
  SocketLostError,
  type BatchAnswer,
  type PathAnswer,
  type SocketDoor,
} from "./read-socket.ts";
import { RefusedError, type Position, type Refusal } from "./refused-error.ts";

/** What is read from the observed image of a cluster. */
export interface Read {
  /** Below the cluster, encoded, as `topics/orders/partitions`. */
  readonly path: string;
  readonly parameters?: Parameters;
  readonly freshness: Parameters;
  readonly signal?: AbortSignal | undefined;
}

export interface BatchedReads {
  /** The body of the answer; throws a `RefusedError`, or the signal's reason. */
  readonly read: <Body>(read: Read) => Promise<Body>;
  /** Lets go of the socket once what is under way has come; what is read later goes by HTTP. */
  readonly close: () => void;
}

/** Of a batch; docs/HTTP.md has these bounds. */
const PATHS_MAX = 256;
const CHARACTERS_MAX = 48 * 1_024;
const PATH_CHARACTERS_MAX = 2_048;
/** What an answer is refused with that does not fit beside those before it, or not at all. */
const ANSWER_TOO_LARGE = 41_302;
/** Where fewer than this fit, those that do not are asked one by one. */
const FITTING_MIN = 8;
/** For how long batches go by HTTP after no socket could be had. */
const WITHOUT_SOCKET_MS = 30_000;

interface Waiting {
  readonly path: string;
  readonly signal: AbortSignal | undefined;
  readonly resolve: (answer: PlacedAnswer) => void;
  readonly reject: (reason: unknown) => void;
}

interface PlacedAnswer extends PathAnswer {
  readonly position: Position;
}

export interface BatchedPlan {
  readonly caller: Caller;
  /** `/kafka/v3/clusters/{id}/reads`. */
  readonly path: string;
  readonly patience: Patience;
  /** One read, by itself. */
  readonly alone: BatchedReads["read"];
  /** Null where no sockets are wanted. */
  readonly door: SocketDoor | null;
}

export function batchedReads(plan: BatchedPlan): BatchedReads {
  const batches = new Batches(plan);
  return {
    async read<Body>(read: Read) {
      const { path, parameters, freshness, signal } = read;
      signal?.throwIfAborted();
      const whole = `${path}${queryOf(parameters)}`;
      if (whole.length > PATH_CHARACTERS_MAX) return await plan.alone<Body>(read);
      const what = `GET ${plan.path.slice(0, -"reads".length)}${whole}`;
      const asked = batches.ask({ path: whole, freshness, signal }).catch((error: unknown) => {
        throw ownOf(error, what);
      });
      const answer = await unlessAborted(asked, signal);
      if (isTooLarge(answer)) return await plan.alone<Body>(read);
      const { status, body, position } = answer;
      if (status >= 200 && status < 300) {
        const wanted: Body = body;
        return wanted;
      }
      throw new RefusedError(what, { status, refusal: body, position });
    },
    close: () => batches.close(),
  };
}

function isTooLarge({ status, body }: PathAnswer): boolean {
  if (status !== 413) return false;
  const refusal: Refusal = body;
  return refusal.error_code === ANSWER_TOO_LARGE;
}

/** What a whole batch was refused with, for one of its reads. */
function ownOf(error: unknown, what: string): unknown {
  if (!(error instanceof RefusedError)) return error;
  const { status, refusal, position, retryAfterMs } = error;
  return new RefusedError(what, { status, refusal, position, retryAfterMs, cause: error });
}

async function unlessAborted<Value>(
  promise: Promise<Value>,
  signal: AbortSignal | undefined,
): Promise<Value> {
  if (signal === undefined) return await promise;
  const raced = new AbortController();
  const aborted = new Promise<never>((_, reject) => {
    const stop = (): void => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true, signal: raced.signal });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    raced.abort();
  }
}

class Batches {
  readonly #plan: BatchedPlan;
  /** Reads of this turn, by what they demand. */
  #gathered = new Map<string, Waiting[]>();
  #socket: ReadSocket | null = null;
  #withoutSocketUntilMs = 0;
  #isClosed = false;

  constructor(plan: BatchedPlan) {
    this.#plan = plan;
  }

  ask({ path, freshness, signal }: Omit<Read, "parameters">): Promise<PlacedAnswer> {
    if (this.#gathered.size === 0) soon(() => this.#flush());
    const demands = JSON.stringify(freshness);
    const group = this.#gathered.get(demands) ?? [];
    this.#gathered.set(demands, group);
    return new Promise((resolve, reject) => group.push({ path, signal, resolve, reject }));
  }

  close(): void {
    this.#flush();
    this.#isClosed = true;
    this.#socket?.finish();
    this.#socket = null;
  }

  #flush(): void {
    const gathered = this.#gathered;
    this.#gathered = new Map();
    for (const [demands, group] of gathered) {
      const freshness: Parameters = JSON.parse(demands);
      for (const some of inBounds(group)) void this.#serve(some, freshness);
    }
  }

  /** Never throws: who waits is told. */
  async #serve(group: readonly Waiting[], freshness: Parameters): Promise<void> {
    try {
      // Together again each time: what one batch was refused for would else be as many as it has reads.
      await repeatedly(this.#plan.patience, { method: "GET" }, () => this.#once(group, freshness));
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
  }

  async #once(group: readonly Waiting[], freshness: Parameters): Promise<void> {
    const wanted = group.filter(({ signal }) => signal?.aborted !== true);
    if (wanted.length === 0) return;
    const paths = wanted.map(({ path }) => path);
    const { answers, offset, epoch } = await this.#answerTo({ ...freshness, paths });
    const fitting = answers.filter((answer) => !isTooLarge(answer)).length;
    const left: Waiting[] = [];
    for (const [at, waiting] of wanted.entries()) {
      const answer = answers[at];
      if (answer === undefined)
        waiting.reject(new Error("a batch came back without all its answers"));
      else if (isTooLarge(answer) && fitting >= FITTING_MIN) left.push(waiting);
      else waiting.resolve({ ...answer, position: { offset, epoch } });
    }
    // One after the other: the other side would have to keep all of it.
    for (let at = 0; at < left.length; at += fitting)
      await this.#serve(left.slice(at, at + fitting), freshness);
  }

  async #answerTo(batch: object): Promise<BatchAnswer> {
    for (let losses = 0; ; losses += 1) {
      const socket = this.#open();
      if (socket === null) return await this.#byHttp(batch);
      try {
        return await socket.ask(batch);
      } catch (error) {
        if (!(error instanceof SocketLostError)) throw error;
        if (this.#socket === socket) this.#socket = null;
        // One that never answered would not the next time either.
        if (!error.hadAnswered || losses > 0)
          this.#withoutSocketUntilMs = Date.now() + WITHOUT_SOCKET_MS;
      }
    }
  }

  #open(): ReadSocket | null {
    const { door, path } = this.#plan;
    if (this.#socket !== null) return this.#socket;
    if (door === null || this.#isClosed || Date.now() < this.#withoutSocketUntilMs) return null;
    try {
      this.#socket = new ReadSocket(door, path);
    } catch {
      // A platform without WebSockets, or a token that its protocols cannot carry: HTTP has the words.
      this.#withoutSocketUntilMs = Date.now() + WITHOUT_SOCKET_MS;
    }
    return this.#socket;
  }

  async #byHttp(body: object): Promise<BatchAnswer> {
    const { caller, path } = this.#plan;
    return (await caller.json<BatchAnswer>({ path, method: "POST", body, repeatable: true })).body;
  }
}

/** As they come, in batches that are not refused for their size. */
function* inBounds(group: readonly Waiting[]): Generator<readonly Waiting[], void, undefined> {
  let some: Waiting[] = [];
  let characters = 0;
  for (const waiting of group) {
    if (some.length === PATHS_MAX || characters + waiting.path.length > CHARACTERS_MAX) {
      yield some;
      some = [];
      characters = 0;
    }
    some.push(waiting);
    characters += waiting.path.length;
  }
  if (some.length > 0) yield some;
}

declare const setImmediate: ((work: () => void) => void) | undefined;

/** After everything that was ready to run. */
function soon(work: () => void): void {
  if (typeof setImmediate === "function") setImmediate(work);
  else setTimeout(work, 0);
}
