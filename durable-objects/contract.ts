/**
 * The contract between a controller node and its callers: the Worker, and the other controllers. Routes,
 * header names, statuses and the JSON that goes over them, spelled once; both sides import this file, and it is all
 * that the Worker knows of a node. What reads JSON here checks it, since the two sides may be of different builds.
 *
 * It is not the public interface: paths, statuses and shapes that clients see are the Worker's.
 */
import type { BootstrapUser } from "./bootstrap-users.ts";
import type { WipeQuery } from "./cluster-deletion.ts";
import {
  isClusterEntry,
  type ClusterEntry,
  type ControllerEntry,
  type NodeEntry,
} from "./cluster-entry.ts";
import { conforms, isInteger, isText, type Check, type Checks } from "./conforms.ts";
import {
  isListedSnapshot,
  type ListedSnapshot,
  type SeedQuery,
  type SnapshotQuery,
} from "./snapshot-contract.ts";

/**
 * Everything that a node answers. Only bindings reach a node, so no caller is authenticated here; but the Worker never
 * uses `peerFrames`, on which a sender is believed to be the voter that it claims to be.
 */
export const ROUTES = {
  /** `PrepareAnswer` out: draws the directory id together with the storage; repeatable. */
  prepare: { method: "POST", path: "/prepare" },
  /** `FormRequest` in: makes the node a voter; repeatable. */
  form: { method: "POST", path: "/form" },
  /**
   * `JoinRequest` in: makes a prepared node an observer that becomes a voter as soon as it has caught up; repeatable.
   */
  join: { method: "POST", path: "/join" },
  /** `ClusterEntry` out: that of the cluster the node was formed into. A node that is in none writes nothing. */
  entry: { method: "GET", path: "/entry" },
  /** One Kafka request frame in, one response frame out, without the size prefix. */
  frames: { method: "POST", path: "/frames" },
  /** The same from another controller, which reads the frame alone: its answer has no header. */
  peerFrames: { method: "POST", path: "/peer-frames" },
  /**
   * A WebSocket of a gateway's, on which many frames travel: `src/link` has its words, `link-opening.ts` its header.
   */
  link: { method: "GET", path: "/link" },
  /** A WebSocket of a gateway's, by which the observer of a cluster that others run reaches its quorum. */
  relay: { method: "GET", path: "/relay" },
  /**
   * `LogQuery` in, committed record batches out as they are stored. A leader says how long ago a majority is known to
   * have followed it (`confirmedAge`): what was committed before that lies below its high watermark.
   */
  log: { method: "GET", path: "/log" },
  /**
   * `ReadIndexAnswer` out, once a majority has confirmed that this node leads. One that does not lead refuses and names
   * the leader (`notControllerHeader`); one that cannot make sure answers `unconfirmed`.
   */
  readIndex: { method: "GET", path: "/read-index" },
  /** `SnapshotList` out: which snapshots are whole here, and how far the log reaches. */
  snapshots: { method: "GET", path: "/snapshots" },
  /** `SnapshotQuery` in, bytes of that snapshot out: the rest of one chunk at most, of at least one byte. */
  snapshot: { method: "GET", path: "/snapshot" },
  /** `SeedQuery` and bytes in, to a node that is prepared and not formed: what its log is to begin after. */
  seed: { method: "POST", path: "/seed" },
  /** `SeedEnd` in: the seed is read back; if it is sound, the log begins at its end. Repeatable. */
  endSeed: { method: "POST", path: "/end-seed" },
  /** `NodeMetrics` out (`metrics-contract.ts`). */
  metrics: { method: "GET", path: "/metrics" },
  /** `ControllerStatus` out. */
  status: { method: "GET", path: "/status" },
  /** Drops the object's memory; it boots again from what it has stored. */
  restart: { method: "POST", path: "/restart" },
  /** Takes the node out of the quorum until `start`; both answer with `ControllerStatus`. */
  stop: { method: "POST", path: "/stop" },
  start: { method: "POST", path: "/start" },
  /**
   * `DeleteRequest` in: takes the node out with its cluster; it refuses all but these four and `status`. Repeatable.
   */
  delete: { method: "POST", path: "/delete" },
  /** `UndeleteRequest` in: the node is as it was before. Repeatable. */
  undelete: { method: "POST", path: "/undelete" },
  /**
   * `AccessRequest` in: which tokens are revoked, shown in the entry from then on. An older version changes nothing.
   */
  access: { method: "POST", path: "/access" },
  /** `SettingsRequest` in: what the cluster's settings are from now on. An older version changes nothing. */
  settings: { method: "POST", path: "/settings" },
  /** `WipeQuery` in: removes everything that the node has stored. */
  wipe: { method: "DELETE", path: "/" },
} as const satisfies Readonly<Record<string, Route>>;

interface Route {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
}

export type RouteName = keyof typeof ROUTES;

/** The parameters of `log`; each has a default. With `wait_ms` an answer that would be empty is held. */
export interface LogQuery {
  readonly from_offset?: number;
  /** The leader epoch of the record before `from_offset`, as a Fetch has it: another log refuses it (`conflict`). */
  readonly from_epoch?: number;
  readonly max_bytes?: number;
  readonly wait_ms?: number;
  /** 1: the active controller tells what caused the records, in a header (`causes`); others name it (`leaderId`). */
  readonly causes?: 1;
}

export type RouteQuery = LogQuery | SnapshotQuery | SeedQuery | WipeQuery;

/** Where a route is called. The host is a placeholder: a stub's `fetch` wants a URL and does not look it up. */
export function urlOf(route: RouteName, query: RouteQuery = {}): string {
  const url = new URL(ROUTES[route].path, "https://controller");
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value));
  return url.href;
}

/** The route that a request asks for; undefined when there is none. */
export function routeOf(method: string, path: string): RouteName | undefined {
  return ROUTE_NAMES.find((name) => ROUTES[name].method === method && ROUTES[name].path === path);
}

const isRouteName = (name: string): name is RouteName => Object.hasOwn(ROUTES, name);
const ROUTE_NAMES = Object.keys(ROUTES).filter(isRouteName);

/** Header names, in the one spelling that clients see. */
export const HEADERS = {
  metadataOffset: "Kafka-Metadata-Offset",
  metadataEpoch: "Kafka-Metadata-Epoch",
  notController: "Kafka-Not-Controller",
  outcomeUnknown: "Kedge-Outcome-Unknown",
  nextOffset: "Kafka-Next-Offset",
  highWatermark: "Kafka-High-Watermark",
  confirmedAge: "Kafka-Confirmed-Age-Ms",
  logStartOffset: "Kafka-Log-Start-Offset",
  snapshotEndOffset: "Kafka-Snapshot-End-Offset",
  snapshotEpoch: "Kafka-Snapshot-Epoch",
  snapshotSize: "Kafka-Snapshot-Size",
  undeleteUntil: "Kedge-Undelete-Until",
  causes: "Kedge-Causes",
  leaderId: "Kedge-Leader-Id",
} as const;

/** The statuses that mean something beyond HTTP's own meaning. */
export const STATUS = {
  /** The frame has no answer in kind: it is malformed, or its API is not served by this build. */
  unanswerable: 400,
  /** The node belongs to another cluster, cannot be what it is asked to be, or has another log than its reader. */
  conflict: 409,
  /** The log no longer begins at the offset that was asked for, or the snapshot is not there any more. */
  gone: 410,
  /** The node takes no part in a quorum. Nothing was executed. */
  noPart: 421,
  /** No majority has confirmed in time that this node leads, or too many wait for that. */
  unconfirmed: 503,
} as const;

/** The last committed record that an answer reflects, and its leader epoch. */
export interface Position {
  /** -1 before the first record. */
  readonly offset: number;
  readonly epoch: number;
}

export const positionHeaders = ({ offset, epoch }: Position): Readonly<Record<string, string>> => ({
  [HEADERS.metadataOffset]: String(offset),
  [HEADERS.metadataEpoch]: String(epoch),
});

/** The position that an answer carries; undefined when it carries none. */
export function positionIn(headers: Headers): Position | undefined {
  const offset = integerHeader(headers, HEADERS.metadataOffset);
  const epoch = integerHeader(headers, HEADERS.metadataEpoch);
  return offset === undefined || epoch === undefined ? undefined : { offset, epoch };
}

/**
 * Marks an answer of a node that is not the active controller: nothing was executed, and the request may be sent to
 * another node. The value is the leader that the node knows, -1 when it knows none. On `frames` it accompanies Kafka's
 * own code, which each API has in a place of its own and DescribeQuorum replaces by NOT_LEADER_OR_FOLLOWER.
 */
export const notControllerHeader = (leaderId: number): Readonly<Record<string, string>> => ({
  [HEADERS.notController]: String(leaderId),
});

/**
 * Marks an answer of a node that lost its office when the request's records were appended already: a successor may have
 * committed them. It accompanies Kafka's NOT_CONTROLLER, by which Kafka's own brokers ask again all the same.
 */
export const OUTCOME_UNKNOWN: Readonly<Record<string, string>> = {
  [HEADERS.outcomeUnknown]: "true",
};

/** The leader that a refusal names; undefined when the answer is no such refusal. */
export const leaderNamedIn = (headers: Headers): number | undefined =>
  integerHeader(headers, HEADERS.notController);

/** A header that holds a whole number; undefined when it is absent or holds something else. */
export function integerHeader(headers: Headers, name: string): number | undefined {
  const text = headers.get(name);
  return text !== null && /^-?\d{1,16}$/.test(text) ? Number(text) : undefined;
}

/** Of a refusal for the reason that the cluster is deleted: until when that can be undone, in ms; else undefined. */
export const undeleteUntilIn = (headers: Headers): number | undefined =>
  integerHeader(headers, HEADERS.undeleteUntil);

/** The body of every refusal. */
export interface ErrorBody {
  readonly error_code: number;
  readonly message: string;
}

export interface PrepareAnswer {
  /** Born with the node's storage, a Kafka uuid. */
  readonly directory_id: string;
}

/** What a read must show to be linearizable: everything that was committed when it asked. */
export interface ReadIndexAnswer {
  readonly node_id: number;
  readonly epoch: number;
  /** Exclusive. */
  readonly read_index: number;
}

export interface FormRequest {
  readonly cluster: ClusterEntry;
  /** Every controller of the cluster has been formed before. */
  readonly is_formed: boolean;
  /** The SCRAM users that the cluster begins with; none where it is absent. */
  readonly users?: readonly BootstrapUser[];
}

export interface JoinRequest {
  readonly cluster: ClusterEntry;
  /** The node itself, with the directory id that was drawn there. */
  readonly own: ControllerEntry;
  /** Whom it asks who leads, until its log says who votes. */
  readonly servers: readonly number[];
}

/** An operator's wish that a node take part again. One that has tripped wants to be told what it tripped over. */
export interface StartRequest {
  readonly confirm: string | null;
}

/** What a node says of itself: `VoterStatus` while it takes part in the quorum. */
export type ControllerStatus = IdleStatus | VoterStatus;

export interface IdleStatus {
  readonly node_id: number;
  /** "unformed", "stopped", "tripped", "deleted" or "refused". */
  readonly role: string;
  readonly active: false;
  /** The invariant that does not hold, or null. */
  readonly tripped: string | null;
  /** Why this build must not touch the node's storage, or null. */
  readonly refused: string | null;
  /** The seed and the last inputs of a node that has tripped, or null. */
  readonly flight_record: object | null;
}

/** How a node sleeps with its quorum. Counts are of this incarnation. */
export interface SleepStatus {
  /** Since when it sleeps, in ms since the Unix epoch; null while it is awake. */
  readonly asleep_since_ms: number | null;
  /** How often it fell asleep. */
  readonly count: number;
  /** What woke it last: an input of consensus, or the API of a request; null while nothing has. */
  readonly woken_by: string | null;
}

export interface VoterStatus {
  readonly node_id: number;
  /** Of the storage that it has; absent from builds whose voters never changed. */
  readonly directory_id?: string;
  /** Raft's role. */
  readonly role: string;
  readonly epoch: number;
  /** -1 when no leader is known. */
  readonly leader_id: number;
  /** Exclusive; null until this incarnation has learned one. */
  readonly high_watermark: number | null;
  readonly log_start_offset: number;
  /** Exclusive. */
  readonly log_end_offset: number;
  /** The last committed record that the node has replayed. */
  readonly applied_offset: number;
  /** The newest snapshot of the log that the node has whole; null while there is none. */
  readonly latest_snapshot: ListedSnapshot | null;
  /** Why the node has no newer one, in a sentence; null while nothing stands in its way. */
  readonly snapshot_failure: string | null;
  /**
   * Whether the newest voter set of its log, committed or not, lists it. Absent from builds whose voters never changed.
   */
  readonly is_voter?: boolean;
  /** Leads, and the first records of its epoch are committed: it answers writes. */
  readonly active: boolean;
  /** Voters whose storage was seen to go back in time, as this incarnation knows. */
  readonly distrusted_voters: readonly number[];
  readonly tripped: string | null;
  /** Absent from builds that never sleep. */
  readonly sleep?: SleepStatus;
  /** Of the node that observes a cluster which others run; absent on any other. */
  readonly observed?: ObservedStatus;
}

/** How the observer of a cluster stands to its quorum. */
export interface ObservedStatus {
  /** Gateways that are connected; the newest is used. */
  readonly relays: number;
  /** Everything that was committed so long ago is known here, in ms; null where nobody can tell. */
  readonly age_ms: number | null;
  /** Why nothing new is learned, in a sentence; null while nothing stands in its way. */
  readonly problem: string | null;
  /** Who votes there, as its log says. */
  readonly voters: readonly NodeEntry[];
}

const isTextOrNull: Check = (value) => value === null || isText(value);

const PREPARE_ANSWER = { directory_id: isText } satisfies Checks<PrepareAnswer>;

const READ_INDEX_ANSWER = {
  node_id: isInteger,
  epoch: isInteger,
  read_index: isInteger,
} satisfies Checks<ReadIndexAnswer>;

const ERROR_BODY = { error_code: isInteger, message: isText } satisfies Checks<ErrorBody>;

const IDLE_STATUS = {
  node_id: isInteger,
  role: isText,
  active: (value) => value === false,
  tripped: isTextOrNull,
  refused: isTextOrNull,
  flight_record: (value) => typeof value === "object",
} satisfies Checks<IdleStatus>;

const OBSERVED_STATUS = {
  relays: isInteger,
  age_ms: (value) => value === null || isInteger(value),
  problem: isTextOrNull,
  voters: Array.isArray,
} satisfies Checks<ObservedStatus>;

const isObservedStatus: Check = (value) => conforms(value, OBSERVED_STATUS);

const SLEEP_STATUS = {
  asleep_since_ms: (value) => value === null || isInteger(value),
  count: isInteger,
  woken_by: isTextOrNull,
} satisfies Checks<SleepStatus>;

const VOTER_STATUS = {
  node_id: isInteger,
  directory_id: (value) => value === undefined || isText(value),
  role: isText,
  epoch: isInteger,
  leader_id: isInteger,
  high_watermark: (value) => value === null || isInteger(value),
  log_start_offset: isInteger,
  log_end_offset: isInteger,
  applied_offset: isInteger,
  latest_snapshot: (value) => value === null || isListedSnapshot(value),
  snapshot_failure: isTextOrNull,
  is_voter: (value) => value === undefined || typeof value === "boolean",
  active: (value) => typeof value === "boolean",
  distrusted_voters: (value) => Array.isArray(value) && value.every(isInteger),
  tripped: isTextOrNull,
  sleep: (value) => value === undefined || conforms(value, SLEEP_STATUS),
  observed: (value) => value === undefined || isObservedStatus(value),
} satisfies Checks<VoterStatus>;

export const isErrorBody = (value: unknown): value is ErrorBody => conforms(value, ERROR_BODY);

const isControllerEntry: Check = (value) =>
  conforms(value, { node_id: isInteger, directory_id: isText, host: isText, port: isInteger });

const JOIN_REQUEST = {
  cluster: isClusterEntry,
  own: isControllerEntry,
  servers: (value) => Array.isArray(value) && value.every(isInteger),
} satisfies Checks<JoinRequest>;

export const isJoinRequest = (value: unknown): value is JoinRequest =>
  conforms(value, JOIN_REQUEST);

const START_REQUEST = { confirm: isTextOrNull } satisfies Checks<StartRequest>;

export const isStartRequest = (value: unknown): value is StartRequest =>
  conforms(value, START_REQUEST);

export const isPrepareAnswer = (value: unknown): value is PrepareAnswer =>
  conforms(value, PREPARE_ANSWER);

export const isReadIndexAnswer = (value: unknown): value is ReadIndexAnswer =>
  conforms(value, READ_INDEX_ANSWER);

export const isControllerStatus = (value: unknown): value is ControllerStatus =>
  conforms(value, VOTER_STATUS) || conforms(value, IDLE_STATUS);

/** The JSON of an answer, checked by `isBody`; throws when it is something else. */
export async function readJson<Body>(
  response: Response,
  isBody: (value: unknown) => value is Body,
): Promise<Body> {
  const value: unknown = JSON.parse(await response.text());
  if (!isBody(value)) throw new Error("a controller's answer is not what the contract says");
  return value;
}

/** Why a node refused, in its own words; `response` is not a 2xx. */
export async function readRefusal(response: Response): Promise<string> {
  const text = await response.text();
  try {
    const value: unknown = JSON.parse(text);
    return isErrorBody(value) ? value.message : text;
  } catch {
    return text;
  }
}

/** A refusal of this contract; Kafka's own refusals are inside frames. */
export const refusal = (status: number, message: string): Response => {
  const body: ErrorBody = { error_code: status, message };
  return Response.json(body, { status });
};
