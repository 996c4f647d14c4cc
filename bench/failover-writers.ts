/**
 * Writers that never give up, and the list of what was acknowledged to them, and when. One path is a controller's
 * frames, as a broker's requests take it behind the gateway: the writer knows every controller and goes to the leader
 * that a refusal names, or else to the next one, at once. The other is the Worker's routing (`rpc/…`), which looks for
 * the active controller itself. What a failover is, this file does not know.
 */
import { Agent, request } from "node:http";
import { HEADERS } from "../durable-objects/contract.ts";
import { AllocateProducerIds, decodeResponseFrame } from "../src/protocol/index.ts";

/** One acknowledged write. */
export interface Ack {
  readonly atMs: number;
  /** The leader's epoch that the answer reflects. */
  readonly epoch: number;
}

/** Where a write may be sent. */
export interface Target {
  readonly url: string;
  /** Which controller that is; null where somebody else looks for it. */
  readonly nodeId: number | null;
  readonly body: Uint8Array;
  readonly contentType: "application/octet-stream" | "application/json";
  /** Whether a 200 with this body says that the write was executed. */
  readonly isDone: (body: Uint8Array) => boolean;
}

export interface Path {
  /** A gateway's; null where nobody is asked who they are. */
  readonly token: string | null;
  /** Tried in turn, beginning with the one that answered last. */
  readonly targets: readonly Target[];
  /** A target that has left a call unanswered for so long is not waited for. */
  readonly patienceMs: number;
  /** Whether it is asked again nevertheless, beside the call that hangs, or passed over until that call has ended. */
  readonly asksBesides: boolean;
}

export interface Writers {
  /** In the order in which they came. */
  readonly acks: readonly Ack[];
  /** What the last write that was not acknowledged was told. */
  readonly refusal: string;
  stop(): void;
}

/** When no target of a round has acknowledged: the first writer asks again at once, which is this. */
const EAGER_MS = 5;
/** Every further writer does what a broker does (Kafka's `retry.backoff.ms`). */
const BACKOFF_MS = 100;

/** `count` writers on one path, each with one write under way that it waits for. */
export function startWriters(path: Path, count: number): Writers {
  const log: WriterLog = { acks: [], refusal: "", ended: false };
  const agent = new Agent({ keepAlive: true });
  for (let writer = 0; writer < count; writer += 1) {
    void write(path, log, { agent, pauseMs: writer === 0 ? EAGER_MS : BACKOFF_MS });
  }
  return {
    acks: log.acks,
    get refusal() {
      return log.refusal;
    },
    stop() {
      log.ended = true;
      agent.destroy();
    },
  };
}

interface WriterLog {
  readonly acks: Ack[];
  refusal: string;
  ended: boolean;
}

async function write(
  { token, targets, patienceMs, asksBesides }: Path,
  log: WriterLog,
  { agent, pauseMs }: { readonly agent: Agent; readonly pauseMs: number },
): Promise<void> {
  const silent = new Set<Target>();
  let at = 0;
  let failures = 0;
  let refused = -1;
  while (!log.ended) {
    const target = targets[at % targets.length];
    if (target === undefined) return;
    const answer: Ack | Refusal = silent.has(target)
      ? { reason: `${target.url} is silent`, leaderId: null }
      : await patiently(post(target, token, agent), patienceMs, (call) => {
          if (asksBesides) return;
          silent.add(target);
          void call.finally(() => silent.delete(target));
        });
    if ("epoch" in answer) {
      log.acks.push(answer);
      failures = 0;
      continue;
    }
    log.refusal = answer.reason;
    const named = targets.findIndex(({ nodeId }) => nodeId !== null && nodeId === answer.leaderId);
    // The one that is gone is named for a while by those that have not missed it yet.
    at = named === -1 || named === refused ? at + 1 : named;
    refused = targets.indexOf(target);
    failures += 1;
    if (failures % targets.length === 0) await new Promise((go) => setTimeout(go, pauseMs));
  }
}

/** A write that was not acknowledged. */
interface Refusal {
  readonly reason: string;
  /** The leader that it names, if any. */
  readonly leaderId: number | null;
}

/** How `call` ends, or, once `ms` have passed, that it has not; `onSilence` is then given the call. */
async function patiently<Value>(
  call: Promise<Value>,
  ms: number,
  onSilence: (call: Promise<Value>) => void,
): Promise<Value | Refusal> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<Refusal>((settle) => {
    timer = setTimeout(() => {
      onSilence(call);
      settle({ reason: `no answer in ${ms} ms`, leaderId: null });
    }, ms);
  });
  try {
    return await Promise.race([call, silence]);
  } finally {
    clearTimeout(timer);
  }
}

/** The acknowledgement, or why there is none. */
function post(
  { url, body, contentType, isDone }: Target,
  token: string | null,
  agent: Agent,
): Promise<Ack | Refusal> {
  return new Promise((settle) => {
    const headers = {
      "content-length": body.byteLength,
      "content-type": contentType,
      authorization: `Bearer ${token ?? ""}`,
    };
    const outgoing = request(url, { method: "POST", agent, headers });
    const lost = (error: Error): void => settle({ reason: error.message, leaderId: null });
    outgoing.once("error", lost);
    outgoing.once("response", (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
      incoming.once("error", lost);
      incoming.once("end", () => {
        const answer = Buffer.concat(chunks);
        const epoch = Number(incoming.headers["kafka-metadata-epoch"]);
        if (incoming.statusCode === 200 && isDone(answer)) {
          settle({ atMs: performance.now(), epoch });
          return;
        }
        const named = Number(incoming.headers[HEADERS.notController.toLowerCase()] ?? -1);
        const reason = `${incoming.statusCode} ${answer.toString("latin1").slice(0, 300)}`;
        settle({ reason, leaderId: named < 0 ? null : named });
      });
    });
    outgoing.end(body);
  });
}

/** Whether a frame is AllocateProducerIds' answer to a write that was executed. */
export const isAllocatedFrame = (frame: Uint8Array): boolean =>
  decodeResponseFrame(AllocateProducerIds, 0, frame).body.errorCode === 0;

/** The same of Kafka's JSON form. */
export function isAllocatedJson(text: Uint8Array): boolean {
  const answer: { readonly errorCode: number } = JSON.parse(Buffer.from(text).toString());
  return answer.errorCode === 0;
}
