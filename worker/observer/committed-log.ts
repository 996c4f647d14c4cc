/**
 * One range of the committed log, read from a controller. Any of them will do, since each serves only what it
 * knows to be committed; the one that was active last is asked first, because it knows most.
 */
import type { ClusterEntry } from "../../durable-objects/cluster-entry.ts";
import type { Env } from "../../durable-objects/env.ts";
import { callController, clusterKey, nodeIdsOf } from "../channel/controller-calls.ts";
import { Problem } from "../http/errors.ts";
import type { LogRange, LogRequest } from "./log-range.ts";
import { likelyActive } from "../channel/active.ts";

/** A controller that has just started knows its log but not yet what of it is committed: an election's worth of time. */
const SEARCH_MS = 5_000;
const PAUSE_MS = 50;

/**
 * Reads a range. A controller that does not answer, or does not know yet what is committed, is passed over; when
 * all are, they are asked again for a while. That none served it then is a `Problem`.
 */
export async function readLog(
  env: Env,
  entry: ClusterEntry,
  request: LogRequest,
): Promise<LogRange> {
  const first = likelyActive(clusterKey(entry), nodeIdsOf(entry));
  const order = [first, ...nodeIdsOf(entry).filter((nodeId) => nodeId !== first)];
  const deadline = Date.now() + SEARCH_MS;
  for (;;) {
    const reasons: string[] = [];
    for (const nodeId of order) {
      const outcome = await readFrom(env, entry, { nodeId, request });
      if (typeof outcome !== "string") return outcome;
      reasons.push(`${nodeId}: ${outcome}`);
    }
    if (Date.now() >= deadline) {
      throw new Problem(
        "CONTROLLER_UNREACHABLE",
        `no controller served the log: ${reasons.join("; ")}`,
      );
    }
    await new Promise((settle) => setTimeout(settle, PAUSE_MS));
  }
}

/** The range, or a sentence that says why this controller did not serve it. */
async function readFrom(
  env: Env,
  entry: ClusterEntry,
  { nodeId, request }: { readonly nodeId: number; readonly request: LogRequest },
): Promise<LogRange | string> {
  let response: Response;
  try {
    response = await callController(env, entry, { nodeId, path: pathOf(request) });
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  if (response.status === 410) throw belowLogStart(await response.text());
  if (!response.ok) return await response.text();
  const range = await rangeOf(response);
  return range.highWatermark < 0 ? "does not know yet what is committed" : range;
}

const pathOf = ({ fromOffset, maxBytes, waitMs }: LogRequest): string =>
  `/log?from_offset=${fromOffset}&max_bytes=${maxBytes}&wait_ms=${waitMs}`;

async function rangeOf(response: Response): Promise<LogRange> {
  return {
    batches: new Uint8Array(await response.arrayBuffer()),
    end: numberIn(response, "Kafka-Log-End"),
    logStart: numberIn(response, "Kafka-Log-Start-Offset"),
    highWatermark: numberIn(response, "Kafka-High-Watermark"),
  };
}

/** The controller's own sentence, which names where the log begins. */
function belowLogStart(text: string): Problem {
  const body: { readonly message: string } = JSON.parse(text);
  return new Problem("OFFSET_BELOW_LOG_START", body.message);
}

function numberIn(response: Response, header: string): number {
  const value = Number(response.headers.get(header) ?? Number.NaN);
  if (!Number.isInteger(value)) throw new Error(`a controller's answer lacks ${header}`);
  return value;
}
