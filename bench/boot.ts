/**
 * How long a quorum takes from the start of its nodes until it serves, by the length of its log, and how long the
 * longest event of that is. The log is given to stopped nodes, as `long-log-node.ts` says.
 */
import { startQuorum, type Quorum } from "../local/quorum.ts";
import { callNode } from "./node-call.ts";
import { slices } from "./slices.ts";

const COMMITS = [1_000, 100_000, 1_000_000];
const FILL = 50_000;
const PAUSE_MS = 5;

interface NodeCall {
  readonly nodeId: number;
  readonly path: string;
  readonly method?: string;
}

export async function boot(): Promise<void> {
  slices();
  console.log();
  const quorum = await startQuorum({ config: "bench/wrangler.toml" });
  try {
    console.log(
      "| commits | log offsets | led after ms | served after ms | longest event ms | events over 50 ms, of all |",
    );
    console.log("| ---: | ---: | ---: | ---: | ---: | ---: |");
    let commits = 0;
    for (const wanted of COMMITS) {
      console.log(await row(quorum, { commits: wanted, more: wanted - commits }));
      commits = wanted;
    }
  } finally {
    await quorum.stop();
  }
}

async function row(
  quorum: Quorum,
  { commits, more }: { readonly commits: number; readonly more: number },
): Promise<string> {
  const nodes = quorum.formed.controllers.map(({ node_id }) => node_id);
  const every = (path: string, method = "POST") =>
    Promise.all(nodes.map((nodeId) => ask(quorum, { nodeId, path, method })));
  await untilLevel(quorum, nodes);
  await every("/stop");
  let offsets = 0;
  for (let left = more; left > 0; left -= FILL) {
    const filled = await every(`/bench-fill?commits=${Math.min(left, FILL)}`);
    offsets = Number(filled[0]?.["end_offset"]);
  }
  await every("/bench-longest");
  const beganMs = performance.now();
  await every("/start");
  const ledMs = (await untilOne(quorum, nodes, leads)) - beganMs;
  const servedMs = (await untilOne(quorum, nodes, isActive)) - beganMs;
  // One isolate holds all three, and counts their events together.
  const took = await ask(quorum, { nodeId: nodes[0] ?? 0, path: "/bench-longest" });
  const events = `${Number(took["long_events"])} of ${Number(took["events"])}`;
  await write(quorum);
  return `| ${[commits, offsets, ledMs.toFixed(0), servedMs.toFixed(0), Number(took["longest_ms"]), events].join(" | ")} |`;
}

type Answer = Readonly<Record<string, unknown>>;

const leads = (status: Answer): boolean => status["role"] === "leader";
const isActive = (status: Answer): boolean => status["active"] === true;

/** Waits until all nodes have the same log, so that each can be given the same more. */
async function untilLevel(quorum: Quorum, nodes: readonly number[]): Promise<void> {
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
async function untilOne(
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
async function ask(quorum: Quorum, call: NodeCall): Promise<Answer> {
  const { edge, formed } = quorum;
  const node = { edgeUrl: edge.url, clusterId: formed.cluster_id, nodeId: call.nodeId };
  const response = await callNode(node, call.path, call.method ?? "POST");
  const answer: Answer = JSON.parse(await response.text());
  return answer;
}

/** One write through the Worker, which is committed when it is answered. */
async function write(quorum: Quorum): Promise<void> {
  const configs = [{ name: "retention.ms", configOperation: 0, value: String(Date.now()) }];
  const resources = [{ resourceType: 2, resourceName: "t0", configs }];
  const cluster = `${quorum.edge.url}/kafka/v3/clusters/${quorum.formed.cluster_id}`;
  const response = await fetch(`${cluster}/rpc/IncrementalAlterConfigs`, {
    method: "POST",
    body: JSON.stringify({ resources, validateOnly: false }),
  });
  const text = await response.text();
  if (!response.ok || !text.includes('"errorCode":0')) throw new Error(`not served: ${text}`);
}
