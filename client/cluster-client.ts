/**
 * The HTTP interface from a program's side, as commands, tests and benches use it: form a cluster, call an API in
 * Kafka's JSON form, read a resource. It adds nothing: no retry, no cache. It imports nothing and needs nothing but
 * `fetch`.
 */

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
}

/** A cluster as `POST /clusters` answers it. */
export interface FormedCluster {
  readonly cluster_id: string;
  readonly controllers: readonly {
    readonly node_id: number;
    readonly directory_id: string;
    readonly host: string;
    readonly port: number;
    readonly location_hint?: string;
  }[];
  readonly metadata_version: number;
  /** The features that are not at the levels which are usual there. */
  readonly features?: Readonly<Record<string, number>>;
  /** Where its controllers must stay; absent where they may be anywhere. */
  readonly jurisdiction?: string;
  /** Under Kafka's names, in ms and bytes (`controller.quorum.*`, `metadata.*`). */
  readonly settings: Readonly<Record<string, number | string | boolean>>;
  /** Of a fork: which cluster it began with, and the last record of it that it has. */
  readonly fork_of?: { readonly cluster_id: string; readonly offset: number };
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

/** `GET quorum`, as far as programs here read it. */
export interface QuorumState {
  /** -1 while no controller leads. */
  readonly leader_id: number;
  readonly leader_epoch: number;
  readonly high_watermark: number;
}

/** A partition, as `GET topics/{name}/partitions` lists it. */
export interface Partition {
  readonly partition_id: number;
  readonly leader_id: number;
  readonly leader_epoch: number;
  readonly partition_epoch: number;
  readonly replica_ids: readonly number[];
  readonly isr_ids: readonly number[];
  /** Who may lead besides those in sync (KIP-966). */
  readonly elr_ids: readonly number[];
}

/** A snapshot, as `GET snapshots` lists it. */
export interface Snapshot {
  readonly end_offset: number;
  readonly epoch: number;
  readonly timestamp_ms: number;
  /** Bytes. */
  readonly size: number;
  /** The controllers that have it. */
  readonly controller_ids: readonly number[];
}

/** A snapshot as a file that Kafka's tools read. */
export interface SnapshotFile {
  /** As Kafka names it: `00000000000000000123-0000000004.checkpoint`. */
  readonly name: string;
  readonly endOffset: number;
  readonly epoch: number;
  readonly bytes: Uint8Array;
}

/** What changed between two offsets, as `GET metadata-diff` tells it. */
export interface MetadataDiff {
  readonly from_offset: number;
  readonly to_offset: number;
  readonly change_count: number;
  readonly data: readonly {
    readonly entity: string;
    readonly change: "CREATED" | "CHANGED" | "DELETED";
    readonly id: Readonly<Record<string, unknown>>;
    readonly fields: Readonly<Record<string, { readonly from: unknown; readonly to: unknown }>>;
  }[];
}

/** The body of every refusal. */
export interface Refusal {
  readonly error_code: number;
  readonly message: string;
  /** Where to go on, when the log no longer begins at the offset that was asked for. */
  readonly next_offset?: number;
}

/** An answer that is not a 2xx, thrown by the calls below that promise a body. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
  readonly status: number;
  readonly refusal: Refusal;

  constructor(what: string, status: number, refusal: Refusal) {
    super(`${what}: ${status} ${refusal.error_code} ${refusal.message}`);
    this.status = status;
    this.refusal = refusal;
  }
}

/** One line of `/metadata-log`: one record, as kafka-dump-log names it. */
export interface LogLine {
  readonly offset: number;
  readonly leader_epoch: number;
  readonly timestamp_ms: number;
  readonly type: string;
  readonly version: number;
  readonly data: Readonly<Record<string, unknown>>;
}

/** One range of the committed log. */
export interface LogAnswer {
  readonly lines: readonly LogLine[];
  /** Where to go on reading. */
  readonly next: number;
  readonly highWatermark: number;
}

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
  request: Readonly<Record<string, unknown>>,
): Promise<FormedCluster> {
  const { url, token } = deployment;
  const asked = authorized(token, posted(request));
  const answer = await call<FormedCluster>(`${url}/kafka/v3/clusters`, asked);
  return answer.body;
}

export async function listClusters({ url, token }: Deployment): Promise<readonly FormedCluster[]> {
  const { body } = await call<{ readonly data: readonly FormedCluster[] }>(
    `${url}/kafka/v3/clusters`,
    authorized(token),
  );
  return body.data;
}

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
  const { url, token, gatewayToken = token } = deployment;
  const base = `${url}/kafka/v3/clusters/${clusterId}`;
  const get = <Body>(path: string): Promise<Answer<Body>> =>
    call(`${base}/${path}`, authorized(token));
  const post = <Body>(path: string): Promise<Answer<Body>> =>
    call(`${base}/${path}`, authorized(token, { method: "POST" }));
  return {
    clusterId,
    rpc: (api, body, version) =>
      call(
        `${base}/rpc/${api}${version === undefined ? "" : `?version=${version}`}`,
        authorized(gatewayToken, posted(body)),
      ),
    get,
    post,
    quorum: async () => (await get<QuorumState>("quorum")).body,
    partitions: async (topic) => {
      const path = `topics/${topic}/partitions`;
      return (await get<{ readonly data: readonly Partition[] }>(path)).body.data;
    },
    log: (fromOffset, waitMs = 0) =>
      readLines(
        `${base}/metadata-log?from_offset=${fromOffset}&wait_ms=${waitMs}`,
        authorized(token),
      ),
    rawLog: (fromOffset = 0) => readRaw(`${base}/metadata-log`, fromOffset, gatewayToken),
    snapshots: async () =>
      (await get<{ readonly data: readonly Snapshot[] }>("snapshots")).body.data,
    snapshot: (id = "latest") => readSnapshot(`${base}/snapshots/${id}`, authorized(gatewayToken)),
    diff: async (from, to) => {
      const upTo = to === undefined ? "" : `&to=${to}`;
      return (await get<MetadataDiff>(`metadata-diff?from=${from}${upTo}&page_size=5000`)).body;
    },
  };
}

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

async function readLines(url: string, init: RequestInit): Promise<LogAnswer> {
  const response = await answered(url, init);
  const lines: LogLine[] = [];
  for (const text of (await response.text()).split("\n")) {
    if (text === "") continue;
    const line: LogLine = JSON.parse(text);
    lines.push(line);
  }
  return {
    lines,
    next: Number(response.headers.get("Kafka-Next-Offset")),
    highWatermark: Number(response.headers.get("Kafka-High-Watermark")),
  };
}

async function readRaw(url: string, fromOffset: number, token: string | null): Promise<Uint8Array> {
  const init = authorized(token, { headers: { Accept: "application/vnd.kafka.records" } });
  const chunks: Uint8Array[] = [];
  let next = fromOffset;
  for (;;) {
    const response = await answered(`${url}?from_offset=${next}`, init);
    chunks.push(new Uint8Array(await response.arrayBuffer()));
    next = Number(response.headers.get("Kafka-Next-Offset"));
    if (next >= Number(response.headers.get("Kafka-High-Watermark"))) return joined(chunks);
  }
}

async function readSnapshot(url: string, init: RequestInit): Promise<SnapshotFile> {
  const response = await answered(url, init);
  const { headers } = response;
  const body = await response.arrayBuffer();
  const size = Number(headers.get("Kafka-Snapshot-Size"));
  if (body.byteLength !== size)
    throw new Error(`${url}: broke off after ${body.byteLength} of ${size} bytes`);
  return {
    name: /filename="([^"]+)"/.exec(headers.get("Content-Disposition") ?? "")?.[1] ?? "",
    endOffset: Number(headers.get("Kafka-Snapshot-End-Offset")),
    epoch: Number(headers.get("Kafka-Snapshot-Epoch")),
    bytes: new Uint8Array(body),
  };
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(chunks.reduce((size, chunk) => size + chunk.byteLength, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
}

/** The response, when it is a 2xx. */
async function answered(url: string, init?: RequestInit): Promise<Response> {
  const response = await fetch(url, init);
  if (response.ok) return response;
  const refusal = parseRefusal(await response.text());
  throw new RefusedError(`${init?.method ?? "GET"} ${url}`, response.status, refusal);
}

async function call<Body>(url: string, init?: RequestInit): Promise<Answer<Body>> {
  const response = await answered(url, init);
  const { status, headers } = response;
  const body: Body = JSON.parse(await response.text());
  return {
    status,
    headers,
    body,
    offset: Number(headers.get("Kafka-Metadata-Offset") ?? Number.NaN),
    epoch: Number(headers.get("Kafka-Metadata-Epoch") ?? Number.NaN),
  };
}

function parseRefusal(text: string): Refusal {
  try {
    const refusal: Refusal = JSON.parse(text);
    return refusal;
  } catch {
    return { error_code: 0, message: text.slice(0, 500) };
  }
}
