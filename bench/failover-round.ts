/**
 * One failover of a cluster that is written to: its leader is aborted, stopped or made to hang, and both paths are
 * watched until a later epoch acknowledges a write. Afterwards every controller is back and in step.
 */
import {
  clusterClient,
  type ClusterClient,
  type FormedCluster,
  type QuorumState,
} from "../client/cluster-client.ts";
import { jsonBroker } from "../client/json-broker.ts";
import type { Edge } from "../local/edge.ts";
import { AllocateProducerIds, requestFrame } from "../src/protocol/index.ts";
import {
  isAllocatedFrame,
  isAllocatedJson,
  startWriters,
  type Path,
  type Target,
  type Writers,
} from "./failover-writers.ts";
import { callNode } from "./node-call.ts";

export interface Case {
  readonly name: string;
  /** `restart` and `stop` are what an operator can ask for; a leader that hangs answers nobody and reaches nobody. */
  readonly fault: "restart" | "stop" | "hang";
  readonly voters: 3 | 5;
  /**
   * `down`: one follower is stopped all the while. `back`: it was, and is started again just before the fault, since
   * three voters cannot do without two. `loaded`: there are fifty writers, not two.
   */
  readonly condition: "quiet" | "down" | "back" | "loaded";
}

export interface Failover {
  /** From the last acknowledgement of the old epoch to the first of a later one; null when none came in time. */
  readonly framesMs: number | null;
  readonly routingMs: number | null;
  /** By how much the epoch was raised: 1 when the first election had a winner. */
  readonly epochs: number;
  /** What the writers were told last, on a path that was given up. */
  readonly refusals: readonly string[];
}

/** A cluster with one registered broker, in whose name is written. */
export interface Subject {
  readonly edge: Edge;
  readonly formed: FormedCluster;
  readonly cluster: ClusterClient;
  readonly frames: Path;
  readonly routing: Path;
}

/** How long each path is given to acknowledge something again. */
export const GIVEN_UP_MS = 20_000;
const LOADED_WRITERS = 50;
/**
 * How long a writer waits for a leader that may hang: longer than an answer takes under load. What the Worker holds
 * does not come back before a minute has passed, so a writer by routing asks again beside it.
 */
const FRAMES_PATIENCE_MS = 500;
const ROUTING_PATIENCE_MS = 250;
/** The fault comes at a random moment of the fetch loop, whose period is half a second. */
const WARM_UP_MS = 400;
const PHASE_MS = 500;
const POLL_MS = 10;

export async function subjectOf(edge: Edge, formed: FormedCluster): Promise<Subject> {
  const cluster = clusterClient(edge, formed.cluster_id);
  const brokerEpoch = await jsonBroker(cluster, 1).register();
  const base = `${edge.url}/kafka/v3/clusters/${formed.cluster_id}`;
  const request = { brokerId: 1, brokerEpoch };
  const { gatewayToken: token } = edge;
  const header = { apiVersion: 0, correlationId: 1, clientId: "bench" };
  const frame = requestFrame(AllocateProducerIds, header, request);
  const frames = formed.controllers.map(({ node_id: nodeId }): Target => ({
    url: `${base}/controllers/${nodeId}/frames`,
    nodeId,
    body: frame,
    contentType: "application/octet-stream",
    isDone: isAllocatedFrame,
  }));
  const routing: Target = {
    nodeId: null,
    url: `${base}/rpc/AllocateProducerIds?version=0`,
    body: Buffer.from(JSON.stringify(request)),
    contentType: "application/json",
    isDone: isAllocatedJson,
  };
  return {
    edge,
    formed,
    cluster,
    frames: { token, targets: frames, patienceMs: FRAMES_PATIENCE_MS, asksBesides: false },
    routing: { token, targets: [routing], patienceMs: ROUTING_PATIENCE_MS, asksBesides: true },
  };
}

/** Deletes the cluster for good: its voters would go on fetching from each other. */
export async function forget({ edge, formed }: Subject): Promise<void> {
  const { cluster_id: id } = formed;
  const path = `/kafka/v3/clusters/${id}?purge=${id}`;
  const response = await edge.fetch(path, { method: "DELETE" });
  if (!response.ok) throw new Error(`DELETE: ${response.status} ${await response.text()}`);
  await response.body?.cancel();
}

/** The `nth` failover of a case: which follower is down goes round. */
export async function failOver(
  subject: Subject,
  { fault, condition }: Case,
  nth: number,
): Promise<Failover> {
  const { cluster } = subject;
  const away =
    condition === "down" || condition === "back" ? await followerOf(subject, nth) : undefined;
  if (away !== undefined) await cluster.post(`controllers/${away}:stop`);
  const count = condition === "loaded" ? LOADED_WRITERS / 2 : 1;
  const waits = fault === "hang" ? {} : { patienceMs: GIVEN_UP_MS };
  const frames = startWriters({ ...subject.frames, ...waits }, count);
  const routing = startWriters({ ...subject.routing, ...waits }, count);
  let undo = nothing;
  try {
    await pause(WARM_UP_MS + Math.random() * PHASE_MS);
    if (condition === "back") await cluster.post(`controllers/${away}:start`);
    const { leader_id: leaderId, leader_epoch: epoch } = await steadyState(subject, [
      frames,
      routing,
    ]);
    undo = await inflict(subject, fault, leaderId);
    await acknowledgedAfter(epoch, [frames, routing]);
    const [framesMs, routingMs] = [gapAfter(epoch, frames), gapAfter(epoch, routing)];
    const reached = [...frames.acks, ...routing.acks].map((ack) => ack.epoch);
    return {
      framesMs,
      routingMs,
      epochs: Math.max(epoch, ...reached) - epoch,
      refusals: [frames, routing]
        .filter((path) => gapAfter(epoch, path) === null)
        .map(({ refusal, acks }) => `${acks.length} acknowledged, then: ${refusal}`),
    };
  } finally {
    frames.stop();
    routing.stop();
    await undo();
    if (condition === "down") await cluster.post(`controllers/${away}:start`);
    await inStep(subject);
  }
}

/** The leader of whose epoch both paths had their last acknowledgements. */
async function steadyState({ cluster }: Subject, paths: readonly Writers[]): Promise<QuorumState> {
  const deadline = performance.now() + GIVEN_UP_MS;
  for (;;) {
    const state = await cluster.quorum();
    if (paths.every(({ acks }) => acks.at(-1)?.epoch === state.leader_epoch)) return state;
    if (performance.now() > deadline) {
      const refusals = paths.map(({ refusal }) => refusal).join("; ");
      throw new Error(`epoch ${state.leader_epoch} acknowledges nothing: ${refusals}`);
    }
    await pause(POLL_MS);
  }
}

async function followerOf({ cluster, formed }: Subject, nth: number): Promise<number | undefined> {
  const { leader_id: leaderId } = await cluster.quorum();
  const followers = formed.controllers.filter(({ node_id: nodeId }) => nodeId !== leaderId);
  return followers[nth % followers.length]?.node_id;
}

/** Does it to the leader; what is returned undoes it. */
async function inflict(
  { cluster, edge, formed }: Subject,
  fault: Case["fault"],
  leaderId: number,
): Promise<() => Promise<void>> {
  const leader = { edgeUrl: edge.url, clusterId: formed.cluster_id, nodeId: leaderId };
  switch (fault) {
    case "restart":
      await cluster.post(`controllers/${leaderId}:restart`);
      return nothing;
    case "stop":
      await cluster.post(`controllers/${leaderId}:stop`);
      return async () => void (await cluster.post(`controllers/${leaderId}:start`));
    case "hang":
      await callNode(leader, "/hang");
      return async () => void (await callNode(leader, "/release"));
  }
}

/** Waits for an acknowledgement of a later epoch on every path, but not for ever. */
async function acknowledgedAfter(epoch: number, paths: readonly Writers[]): Promise<void> {
  const deadline = performance.now() + GIVEN_UP_MS;
  while (!paths.every(({ acks }) => (acks.at(-1)?.epoch ?? -1) > epoch)) {
    if (performance.now() > deadline) return;
    await pause(POLL_MS);
  }
}

function gapAfter(epoch: number, { acks }: Writers): number | null {
  const first = acks.findIndex((ack) => ack.epoch > epoch);
  const [last, next] = [acks[first - 1], acks[first]];
  return last === undefined || next === undefined ? null : next.atMs - last.atMs;
}

interface ControllerList {
  readonly data: readonly {
    readonly status?: {
      readonly role: string;
      readonly epoch?: number;
      readonly active: boolean;
      readonly log_end_offset?: number;
    };
  }[];
}

/** Waits until one controller is active and every other one follows it with the same log. */
async function inStep({ cluster }: Subject): Promise<void> {
  const deadline = performance.now() + GIVEN_UP_MS;
  for (;;) {
    const { data } = (await cluster.get<ControllerList>("controllers")).body;
    const statuses = data.map(({ status }) => status);
    const [some] = statuses;
    const isInStep =
      statuses.filter((status) => status?.active === true).length === 1 &&
      statuses.every((status) => status?.role === "follower" || status?.active === true) &&
      statuses.every((status) => status?.epoch === some?.epoch) &&
      statuses.every((status) => status?.log_end_offset === some?.log_end_offset);
    if (isInStep) return;
    if (performance.now() > deadline)
      throw new Error(`the controllers are not in step again: ${JSON.stringify(data)}`);
    await pause(POLL_MS);
  }
}

const nothing = async (): Promise<void> => undefined;

const pause = (ms: number): Promise<void> => new Promise((settle) => setTimeout(settle, ms));
