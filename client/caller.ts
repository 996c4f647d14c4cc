/**
 * One call of the HTTP interface: the token, the parameters, the answer or a `RefusedError`, and the repetition of what
 * may be repeated. It knows no resource.
 */
import { RefusedError, type Position, type Refusal } from "./refused-error.ts";

/** What sends a request, as the platform's own `fetch` does. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** Where a kedge answers, and the token that lets in. */
export interface Deployment {
  /** Without a slash at the end. */
  readonly url: string;
  /** Null where nobody is asked who they are. */
  readonly token: string | null;
  /**
   * A broker's or a gateway's, for what brokers say and read: `rpc`, the raw log and snapshots. `token` where it is
   * absent.
   */
  readonly gatewayToken?: string | null;
  /** The platform's own where it is absent. */
  readonly send?: Fetch;
  /** The same for a WebSocket. */
  readonly connect?: (url: string, protocols: readonly string[]) => WebSocket;
}

/** How often and how long a call is repeated that may be. */
export interface Patience {
  /** The first one counts: 1 repeats nothing. */
  readonly attempts: number;
  /** No repetition begins later, in ms after the first attempt. */
  readonly forMs: number;
}

export const NO_PATIENCE: Patience = { attempts: 1, forMs: 0 };
/** Longer than an election takes. */
export const SOME_PATIENCE: Patience = { attempts: 6, forMs: 15_000 };

export type Parameters = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Call {
  /** From the deployment's root on, beginning with a slash. */
  readonly path: string;
  /** GET unless said. */
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly parameters?: Parameters;
  /** Sent as JSON; no body where it is absent. */
  readonly body?: unknown;
  readonly accept?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** `broker`: by the token of what brokers say and read. */
  readonly as?: "broker";
  /** To do it twice is to do it once. A GET may always be repeated, anything else not unless this says so. */
  readonly repeatable?: boolean;
  readonly signal?: AbortSignal | undefined;
}

export interface Answer<Body> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
  /** `Kafka-Metadata-Offset`: the last committed record that the answer reflects; NaN when absent. */
  readonly offset: number;
  /** `Kafka-Metadata-Epoch`. */
  readonly epoch: number;
}

export interface Caller {
  /** The response, when it is a 2xx or a 304; throws a `RefusedError`. */
  readonly response: (call: Call) => Promise<Response>;
  /** The same with its body as JSON; undefined where it has none. */
  readonly json: <Body>(call: Call) => Promise<Answer<Body>>;
}

export function callerOf(deployment: Deployment, patience: Patience = NO_PATIENCE): Caller {
  const response = (call: Call): Promise<Response> => repeated(deployment, call, patience);
  return {
    response,
    async json<Body>(call: Call) {
      const answer = await response(call);
      return await answerOf<Body>(answer);
    },
  };
}

/** Below the base of the interface, each part encoded. */
export const pathOf = (...parts: readonly (string | number)[]): string =>
  `/kafka/v3/${pathBelow(parts)}`;

/** The same without that base. */
export const pathBelow = (parts: readonly (string | number)[]): string =>
  parts.map((part) => encodeURIComponent(part)).join("/");

/** The position that an answer has; null where it has none. */
export function positionOf(headers: Headers): Position | null {
  const [offset, epoch] = [
    headers.get("Kafka-Metadata-Offset"),
    headers.get("Kafka-Metadata-Epoch"),
  ];
  return offset === null || epoch === null
    ? null
    : { offset: Number(offset), epoch: Number(epoch) };
}

async function answerOf<Body>(response: Response): Promise<Answer<Body>> {
  const { status, headers } = response;
  const text = await response.text();
  const body: Body = text === "" ? undefined : JSON.parse(text);
  const { offset, epoch } = positionOf(headers) ?? { offset: Number.NaN, epoch: Number.NaN };
  return { status, headers, body, offset, epoch };
}

const repeated = (deployment: Deployment, call: Call, patience: Patience): Promise<Response> =>
  repeatedly(patience, call, () => once(deployment, call));

/** What `attempt` brings, made again for as long as the call may be repeated and `patience` lasts. */
export async function repeatedly<Value>(
  patience: Patience,
  call: Pick<Call, "method" | "repeatable" | "signal">,
  attempt: () => Promise<Value>,
): Promise<Value> {
  const deadline = performance.now() + patience.forMs;
  for (let attempts = 1; ; attempts += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof RefusedError) || attempts >= patience.attempts) throw error;
      if (!mayRepeat(call, error)) throw error;
      const pause = pauseMs(attempts, error.retryAfterMs);
      if (performance.now() + pause > deadline) throw error;
      await paused(pause, call.signal);
    }
  }
}

/** Refusals which say that nothing was done: no controller is active, the platform refused, too many requests. */
const UNDONE: ReadonlySet<number> = new Set([50_301, 50_305, 42_901]);

function mayRepeat(
  { method = "GET", repeatable = method === "GET" }: Pick<Call, "method" | "repeatable">,
  error: RefusedError,
): boolean {
  if (UNDONE.has(error.errorCode)) return true;
  // 50307: a deployment without a secret has none a moment later either.
  return repeatable && [0, 503].includes(error.status) && error.errorCode !== 50_307;
}

const PAUSE_MS = 100;
const PAUSE_MS_MAX = 3_000;

/** What was asked for, or else twice as long each time; and up to as much again, so that callers do not meet. */
function pauseMs(attempt: number, retryAfterMs: number | null): number {
  const least = retryAfterMs ?? Math.min(PAUSE_MS_MAX, PAUSE_MS * 2 ** (attempt - 1));
  return least * (1 + Math.random() * (retryAfterMs === null ? 1 : 0.2));
}

/** Resolves after `ms`, or rejects with the reason of the signal. */
export function paused(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const { aborted = false } = signal ?? {};
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    if (aborted) stop();
    else signal?.addEventListener("abort", stop, { once: true });
  });
}

async function once(deployment: Deployment, call: Call): Promise<Response> {
  const { method = "GET", signal } = call;
  const url = `${deployment.url}${call.path}${queryOf(call.parameters)}`;
  const { send = platformFetch } = deployment;
  const what = `${method} ${url}`;
  let response: Response;
  try {
    response = await send(url, requestOf(deployment, call));
  } catch (error) {
    signal?.throwIfAborted();
    const message = `nothing answered (${wordsOf(error)})`;
    throw new RefusedError(what, { status: 0, refusal: { error_code: 0, message }, cause: error });
  }
  if (response.ok || response.status === 304) return response;
  const { status, headers } = response;
  const refusal = refusalIn(await response.text());
  const after = Number(headers.get("Retry-After") ?? Number.NaN);
  throw new RefusedError(what, {
    status,
    refusal,
    position: positionOf(headers),
    retryAfterMs: Number.isFinite(after) ? 1000 * after : null,
  });
}

/** Looked up when it is called, for a test or a page may replace it; and called on nothing, as browsers demand. */
const platformFetch: Fetch = (url, init) => fetch(url, init);

function requestOf(deployment: Deployment, call: Call): RequestInit {
  const { method = "GET", body, accept, as, signal } = call;
  const token = as === "broker" ? (deployment.gatewayToken ?? deployment.token) : deployment.token;
  const headers = new Headers(call.headers);
  if (token !== null) headers.set("Authorization", `Bearer ${token}`);
  if (accept !== undefined) headers.set("Accept", accept);
  if (body !== undefined) headers.set("Content-Type", "application/json");
  return {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal === undefined ? {} : { signal }),
  };
}

/** With its question mark; nothing where no parameter has a value. */
export function queryOf(parameters: Parameters = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== undefined) query.set(name, String(value));
  }
  const text = query.toString();
  return text === "" ? "" : `?${text}`;
}

function refusalIn(text: string): Refusal {
  try {
    const refusal: Refusal = JSON.parse(text);
    return refusal;
  } catch {
    return { error_code: 0, message: text.slice(0, 500) };
  }
}

function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
