/**
 * Reads that go together: those of one turn of the event loop that want the same freshness are one batch, answered from
 * one image, so they show one moment. Batches go over one WebSocket (`read-socket.ts`), and by HTTP where none can be
 * had. A read may always be asked again, so a socket that breaks off is not noticed but by its time.
 */
import { queryOf, repeatedly, type Caller, type Parameters, type Patience } from "./caller.ts";
import {
  ReadSocket,
  SocketLostError,
  type BatchAnswer,
  type PathAnswer,
  type SocketDoor,
} from "./read-socket.ts";
import { RefusedError, type Position } from "./refused-error.ts";

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
  /** Lets go of the socket; what is read later opens another. */
  readonly close: () => void;
}

/** Of a batch; docs/HTTP.md has these bounds. */
const PATHS_MAX = 256;
const CHARACTERS_MAX = 48 * 1_024;
/** For how long batches go by HTTP after no socket could be had. */
const WITHOUT_SOCKET_MS = 30_000;

interface Waiting {
  readonly path: string;
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
  /** Null where no sockets are wanted. */
  readonly door: SocketDoor | null;
}

export function batchedReads(plan: BatchedPlan): BatchedReads {
  const batches = new Batches(plan);
  return {
    read: <Body>({ path, parameters, freshness, signal }: Read) =>
      repeatedly(plan.patience, { method: "GET", signal }, async () => {
        const whole = `${path}${queryOf(parameters)}`;
        const what = `GET ${plan.path.slice(0, -"reads".length)}${whole}`;
        const asked = batches.ask(whole, freshness).catch((error: unknown) => {
          throw ownOf(error, what);
        });
        const { status, body, position } = await unlessAborted(asked, signal);
        if (status >= 200 && status < 300) {
          const wanted: Body = body;
          return wanted;
        }
        throw new RefusedError(what, { status, refusal: body, position });
      }),
    close: () => batches.close(),
  };
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
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const stop = (): void => reject(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

class Batches {
  readonly #plan: BatchedPlan;
  /** Reads of this turn, by what they demand. */
  #gathered = new Map<string, Waiting[]>();
  #socket: ReadSocket | null = null;
  #withoutSocketUntilMs = 0;

  constructor(plan: BatchedPlan) {
    this.#plan = plan;
  }

  ask(path: string, freshness: Parameters): Promise<PlacedAnswer> {
    if (this.#gathered.size === 0) soon(() => this.#flush());
    const demands = JSON.stringify(freshness);
    const group = this.#gathered.get(demands) ?? [];
    this.#gathered.set(demands, group);
    const { promise, resolve, reject } = Promise.withResolvers<PlacedAnswer>();
    group.push({ path, resolve, reject });
    return promise;
  }

  close(): void {
    this.#socket?.close();
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
      const { answers, offset, epoch } = await this.#answerTo({
        ...freshness,
        paths: group.map(({ path }) => path),
      });
      for (const [at, { resolve, reject }] of group.entries()) {
        const answer = answers[at];
        if (answer === undefined) reject(new Error("a batch came back without all its answers"));
        else resolve({ ...answer, position: { offset, epoch } });
      }
    } catch (error) {
      for (const { reject } of group) reject(error);
    }
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
    if (door === null || Date.now() < this.#withoutSocketUntilMs) return null;
    this.#socket = new ReadSocket(door, path);
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
