/**
 * Finding the active controller of a cluster: ask the one that was active last, follow the leader that a refusal names,
 * try the others, back off, give up after a bounded time. The rule that matters is what may be asked twice: a call that
 * a controller refused because it is not active, before it wrote anything, or one that changes nothing. It reaches
 * controllers through a function and knows no binding.
 */
import { HEADERS, STATUS, leaderNamedIn, readRefusal } from "../../durable-objects/contract.ts";
import { Problem } from "../http/errors.ts";
import { reasonOf } from "./controller-calls.ts";
import { Recent } from "../recent.ts";

/** One call, which any of the controllers could receive. */
export interface ActiveCall {
  /** Names the cluster in this isolate's memory of who was active. */
  readonly clusterKey: string;
  /** Ids of the controllers, never empty. */
  readonly nodeIds: readonly number[];
  /** True when executing the call twice is the same as executing it once. */
  readonly repeatable: boolean;
  /** Performs the call on one controller. A fresh request each time: a body can be sent once only. */
  readonly send: (nodeId: number) => Promise<Response>;
  readonly limits?: RouteLimits;
}

export interface RouteLimits {
  /** How long to look for an active controller before answering that there is none. */
  readonly searchMs: number;
  /** The first pause; each round without an answer doubles it up to `pauseMaxMs`. */
  readonly pauseMs: number;
  readonly pauseMaxMs: number;
  /** A controller that has kept a call for so long may hang: calls to come begin at the next one. */
  readonly silentMs: number;
}

/**
 * The search is longer than an election after a lost leader takes at Kafka's default timeouts, so that one failover is
 * invisible. The pauses are short beside a failover of 50 ms; `beginsRound` bounds what they cost the controllers. A
 * commit under load takes less than `silentMs`.
 */
export const ROUTE_LIMITS: RouteLimits = {
  searchMs: 10_000,
  pauseMs: 10,
  pauseMaxMs: 50,
  silentMs: 500,
};

/** More clusters than one isolate serves at a time; forgetting one costs one refused call. */
const REMEMBERED_MAX = 1_000;

const lastActive = new Recent<number>(REMEMBERED_MAX);

/** When a call of this isolate last asked all controllers once more; absent once one of them has answered. */
const lastRoundMs = new Recent<number>(REMEMBERED_MAX);

/** The controller that was active last, or any of `nodeIds`. It may no longer be active. */
export function likelyActive(clusterKey: string, nodeIds: readonly number[]): number {
  const remembered = lastActive.get(clusterKey);
  if (remembered !== undefined && nodeIds.includes(remembered)) return remembered;
  const [first] = nodeIds;
  if (first === undefined) throw new RangeError(`cluster ${clusterKey} has no controllers`);
  return first;
}

export const rememberActive = (clusterKey: string, nodeId: number): void =>
  lastActive.set(clusterKey, nodeId);

export const forgetActive = (clusterKey: string): void => lastActive.delete(clusterKey);

/** Performs `call` on the active controller, and returns its answer whatever that is. */
export async function callActive(call: ActiveCall): Promise<Response> {
  const limits = call.limits ?? ROUTE_LIMITS;
  const deadline = Date.now() + limits.searchMs;
  let pauseMs = limits.pauseMs;
  let reason = "none was reached";
  let next: number | undefined = likelyActive(call.clusterKey, call.nodeIds);
  for (;;) {
    const asked = new Set<number>();
    while (next !== undefined) {
      asked.add(next);
      const made = await attempt(call, next);
      if (made.kind === "answered") {
        rememberActive(call.clusterKey, next);
        lastRoundMs.delete(call.clusterKey);
        return made.response;
      }
      reason = made.reason;
      next = nextToAsk(call.nodeIds, asked, made.leaderId);
    }
    do {
      if (Date.now() + pauseMs > deadline) throw noneActive(call, limits, reason);
      await new Promise((settle) => setTimeout(settle, pauseMs));
    } while (!beginsRound(call.clusterKey, pauseMs));
    pauseMs = Math.min(pauseMs * 2, limits.pauseMaxMs);
    next = likelyActive(call.clusterKey, call.nodeIds);
  }
}

function noneActive(
  { clusterKey }: ActiveCall,
  { searchMs }: RouteLimits,
  reason: string,
): Problem {
  forgetActive(clusterKey);
  return new Problem(
    "NO_ACTIVE_CONTROLLER",
    `no active controller within ${searchMs} ms (${reason}); nothing was changed`,
  );
}

/**
 * Whether a call that waits should ask again, or leave it to another one that has just begun to. What that one learns
 * is remembered for all of the isolate, so a thousand calls that wait ask the voters no more often than a few do.
 */
function beginsRound(clusterKey: string, pauseMs: number): boolean {
  const now = Date.now();
  const begun = lastRoundMs.get(clusterKey);
  if (begun !== undefined && now - begun < pauseMs / 2) return false;
  lastRoundMs.set(clusterKey, now);
  return true;
}

/** The one that a refusal named, a voter unknown here too; else the next in the ring from where the round began. */
function nextToAsk(
  nodeIds: readonly number[],
  asked: ReadonlySet<number>,
  leaderId: number,
): number | undefined {
  if (leaderId >= 0 && !asked.has(leaderId)) return leaderId;
  const [first = -1] = asked;
  const at = nodeIds.indexOf(first);
  return [...nodeIds.slice(at), ...nodeIds.slice(0, at)].find((nodeId) => !asked.has(nodeId));
}

/** Calls to come begin after `nodeId`, and come to it last. Standbys that still follow it name it all the same. */
function passOver({ clusterKey, nodeIds }: ActiveCall, nodeId: number): void {
  if (likelyActive(clusterKey, nodeIds) !== nodeId) return;
  rememberActive(clusterKey, nodeIds[(nodeIds.indexOf(nodeId) + 1) % nodeIds.length] ?? nodeId);
}

type Attempt =
  | { readonly kind: "answered"; readonly response: Response }
  | { readonly kind: "elsewhere"; readonly leaderId: number; readonly reason: string };

async function attempt(call: ActiveCall, nodeId: number): Promise<Attempt> {
  let response: Response;
  const { silentMs } = call.limits ?? ROUTE_LIMITS;
  const silence = setTimeout(() => passOver(call, nodeId), silentMs);
  try {
    response = await call.send(nodeId);
  } catch (error) {
    if (error instanceof Problem) throw error;
    return onLostCall(call, nodeId, error);
  } finally {
    clearTimeout(silence);
  }
  if (response.headers.has(HEADERS.outcomeUnknown)) {
    await response.body?.cancel();
    return onLostCall(
      call,
      nodeId,
      new Error("it lost its office before the change was committed"),
    );
  }
  const leaderId = leaderNamedIn(response.headers);
  if (leaderId === undefined) return { kind: "answered", response };
  return { kind: "elsewhere", leaderId, reason: await reasonIn(response, leaderId) };
}

/** A node outside the quorum says why; a standby says in Kafka's frame what the header says already. */
async function reasonIn(response: Response, leaderId: number): Promise<string> {
  if (response.status === STATUS.noPart) return await readRefusal(response);
  await response.body?.cancel();
  return leaderId < 0
    ? "no controller appears to be active"
    : `the active controller appears to be node ${leaderId}`;
}

/** No answer came. Whether the call was executed cannot be known, so only a repeatable one goes elsewhere. */
function onLostCall(call: ActiveCall, nodeId: number, error: unknown): Attempt {
  const reason = `controller ${nodeId}: ${reasonOf(error)}`;
  // The platform refused to queue it: it was not executed, and sending more of them makes the overload worse.
  if (isOverload(error))
    throw new Problem("OVERLOADED", `${reason}; nothing was changed`, { cause: error });
  if (call.repeatable) return { kind: "elsewhere", leaderId: -1, reason };
  passOver(call, nodeId);
  throw new Problem(
    "OUTCOME_UNKNOWN",
    `no answer came that says what became of it (${reason}): the request may or may not have been executed`,
    { cause: error },
  );
}

const isOverload = (error: unknown): boolean =>
  error instanceof Error && "overloaded" in error && error.overloaded === true;
