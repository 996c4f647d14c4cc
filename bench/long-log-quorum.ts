/**
 * A quorum of nodes that can be given a long log (`long-log-node.ts`): what they are told past the public interface,
 * and waiting for what they say of themselves.
 */
import { type Quorum } from "../local/quorum.ts";
import { callNode } from "./node-call.ts";
import { posted } from "../client/cluster-client.ts";

/** Commits given in one call: an event of some hundred milliseconds. */
const FILL = 50_000;
/** Topics of 500 partitions given in one call. */
const TOPICS_FILLED = 40;
const PAUSE_MS = 5;

export interface NodeCall {
  readonly nodeId: number;
  readonly path: string;
  readonly method?: string;
}

export type Answer = Readonly<Record<string, unknown>>;

export const leads = (status: Answer): boolean => status["role"] === "leader";
export const isActive = (status: Answer): boolean => status["active"] === true;

/** Waits until all nodes have the same log, so that each can be given the same more. */
export async function untilLevel(quorum: Quorum, nodes: readonly number[]): Promise<void> {
  for (;;) {
    const statuses = await Promise.all(
      nodes.map((nodeId) => ask(quorum, { nodeId, path: "/status", method: "GET" })),
    );
    const ends = new Set(statuses.map((status) => status["log_end_offset"]));
    if (ends.size === 1 && statuses.some(isActive)) return;
    await new Promise((settle) => setTimeout(settle, PAUSE_MS));
  }
}

/** When one node was first seen to be as `is` says. */
export async function untilOne(
  quorum: Quorum,
  nodes: readonly number[],
  is: (status: Answer) => boolean,
): Promise<number> {
  for (;;) {
    for (const nodeId of nodes) {
      if (is(await ask(quorum, { nodeId, path: "/status", method: "GET" })))
        return performance.now();
    }
    await new Promise((settle) => setTimeout(settle, PAUSE_MS));
  }
}

/** Calls a node itself, past the public interface. */
export async function ask(quorum: Quorum, call: NodeCall): Promise<Answer> {
  const { edge, formed } = quorum;
  const node = { edgeUrl: edge.url, clusterId: formed.cluster_id, nodeId: call.nodeId };
  const response = await callNode(node, call.path, call.method ?? "POST");
  const answer: Answer = JSON.parse(await response.text());
  return answer;
}

/** One write through the Worker, which is committed when it is answered. */
export async function write(quorum: Quorum): Promise<void> {
  const configs = [{ name: "retention.ms", configOperation: 0, value: String(Date.now()) }];
  const resources = [{ resourceType: 2, resourceName: "t0", configs }];
  const cluster = `/kafka/v3/clusters/${quorum.formed.cluster_id}`;
  const response = await quorum.edge.fetch(
    `${cluster}/rpc/IncrementalAlterConfigs`,
    posted({ resources, validateOnly: false }),
  );
  const text = await response.text();
  if (!response.ok || !text.includes('"errorCode":0')) throw new Error(`not served: ${text}`);
}

/** Has every node do what `path` asks; the answers in the order of `nodes`. */
export const askEvery = (
  quorum: Quorum,
  nodes: readonly number[],
  path: string,
): Promise<readonly Answer[]> =>
  Promise.all(nodes.map((nodeId) => ask(quorum, { nodeId, path, method: "POST" })));

/** Gives every stopped node the same more of a log; where it ends then. */
export async function fill(
  quorum: Quorum,
  nodes: readonly number[],
  more: { readonly commits: number; readonly topics?: number },
): Promise<number> {
  let end = 0;
  let { topics = 0 } = more;
  for (let left = more.commits; left > 0 || topics > 0; left -= FILL) {
    const query = `commits=${Math.min(Math.max(left, 0), FILL)}&topics=${Math.min(topics, TOPICS_FILLED)}`;
    const filled = await askEvery(quorum, nodes, `/bench-fill?${query}`);
    topics -= Math.min(topics, TOPICS_FILLED);
    end = Number(filled[0]?.["end_offset"]);
  }
  return end;
}
