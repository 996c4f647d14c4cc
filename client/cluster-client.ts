/**
 * The bare calls of the HTTP interface, as tests and benches make them: form a cluster, call an API in Kafka's JSON
 * form, read a resource by its path. Each is one request, whose answer or refusal is what they are about: nothing is
 * repeated, and no position is remembered. A program that wants these takes `kedge.ts`.
 */
import { callerOf, pathOf, type Answer, type Caller, type Deployment } from "./caller.ts";
import { clusterCalls } from "./cluster-calls.ts";
import { clustersOf, type FormedCluster } from "./clusters.ts";
import { quorumOf, type QuorumState } from "./controllers.ts";
import { metadataLogOf, type LogAnswer, type LogLine, type MetadataDiff } from "./metadata-log.ts";
import { snapshotsOf, type Snapshot, type SnapshotFile } from "./snapshots.ts";
import { topicsOf, type Partition } from "./topics.ts";

export type { Answer, Deployment } from "./caller.ts";
export type { FormedCluster } from "./clusters.ts";
export type { LogAnswer, LogLine, MetadataDiff } from "./metadata-log.ts";
export type { QuorumState } from "./controllers.ts";
export { RefusedError, type Refusal } from "./refused-error.ts";
export type { Snapshot, SnapshotFile } from "./snapshots.ts";
export type { Partition } from "./topics.ts";

export interface ClusterClient {
  readonly clusterId: string;
  /**
   * `POST rpc/{api}`: `body` and the answer are in Kafka's JSON form. The highest version unless `version` is given.
   */
  rpc<Body>(api: string, body: unknown, version?: number): Promise<Answer<Body>>;
  /** `GET` of a path below the cluster, as `topics?page_size=10`. */
  get<Body>(path: string): Promise<Answer<Body>>;
  /** `POST` without a body, as `controllers/3000:restart`. */
  post<Body>(path: string): Promise<Answer<Body>>;
  /** Who leads, in which epoch, and how far the log is committed. */
  quorum(): Promise<QuorumState>;
  /** The partitions of a topic, all of them. */
  partitions(topic: string): Promise<readonly Partition[]>;
  /** One range of the committed log from an offset; `waitMs` holds an answer that would be empty. */
  log(fromOffset: number, waitMs?: number): Promise<LogAnswer>;
  /** The committed log from an offset on, the first one unless said, as raw record batches, end to end. */
  rawLog(fromOffset?: number): Promise<Uint8Array>;
  /** The snapshots that there are, newest first. */
  snapshots(): Promise<readonly Snapshot[]>;
  /** One of them whole: the newest, or that of `{end_offset}-{epoch}`. */
  snapshot(id?: string): Promise<SnapshotFile>;
  /** What changed between two offsets that changed at most 5,000 things; to the newest record by default. */
  diff(from: number, to?: number): Promise<MetadataDiff>;
}

/** Forms a cluster, a fork of another perhaps, or finds the one of that id; it is led when this returns. */
export async function formCluster(
  deployment: Deployment,
  wish: Readonly<Record<string, unknown>>,
): Promise<FormedCluster> {
  const call = { method: "POST", path: pathOf("clusters"), body: wish } as const;
  return (await callerOf(deployment).json<FormedCluster>(call)).body;
}

export const listClusters = (deployment: Deployment): Promise<readonly FormedCluster[]> =>
  clustersOf(callerOf(deployment)).list();

/** A POST of JSON. */
export const posted = (body: unknown): RequestInit => ({
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body: JSON.stringify(body),
});

/** `init` with the header that brings `token`. */
export function authorized(token: string | null, init: RequestInit = {}): RequestInit {
  const headers = new Headers(init.headers);
  if (token !== null) headers.set("Authorization", `Bearer ${token}`);
  return { ...init, headers };
}

export function clusterClient(deployment: Deployment, clusterId: string): ClusterClient {
  const caller = callerOf(deployment);
  const calls = clusterCalls(caller, clusterId);
  const [log, snapshots, topics] = [metadataLogOf(calls), snapshotsOf(calls), topicsOf(calls)];
  return {
    clusterId,
    rpc: (api, body, version) =>
      calls.json(["rpc", api], { method: "POST", body, as: "broker", parameters: { version } }),
    get: (path) => pathBelow(caller, clusterId, path),
    post: (path) => pathBelow(caller, clusterId, path, "POST"),
    quorum: () => quorumOf(calls).describe(),
    partitions: (topic) => topics.partitions(topic),
    log: (from, waitMs) => log.range(waitMs === undefined ? { from } : { from, waitMs }),
    rawLog: (from) => log.raw(from),
    snapshots: () => snapshots.list(),
    snapshot: (id) => snapshots.file(id),
    diff: (from, to) => log.diff(from, to),
  };
}

/** As it stands: whoever measures or breaks an interface writes its paths himself. */
const pathBelow = <Body>(
  caller: Caller,
  clusterId: string,
  path: string,
  method: "GET" | "POST" = "GET",
): Promise<Answer<Body>> =>
  caller.json({ method, path: `/kafka/v3/clusters/${clusterId}/${path}` });

/** The committed log from an offset to its end, as if it were one range. */
export async function committedLog(client: ClusterClient, from = 0): Promise<LogAnswer> {
  const lines: LogLine[] = [];
  for (let next = from; ;) {
    const range = await client.log(next);
    lines.push(...range.lines);
    if (range.next >= range.highWatermark) return { ...range, lines };
    ({ next } = range);
  }
}
