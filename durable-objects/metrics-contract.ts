/**
 * What a controller tells of itself for metrics, beside its status: the answer of `metrics`. Of a node that takes no
 * part there is the status alone.
 */
import { conforms, isInteger, isText, type Check, type Checks } from "./conforms.ts";
import { isControllerStatus, type ControllerStatus } from "./contract.ts";

export interface NodeMetrics {
  readonly status: ControllerStatus;
  readonly measures: NodeMeasures | null;
}

/** Averages and maxima are of the last minute, in ms; null where nothing was measured in it. Rates are per second. */
export interface NodeMeasures {
  /** As Kafka names the state of a Raft client: `leader`, `observer`, `unattached-voted`. */
  readonly state: string;
  /** For whom it voted in its epoch; -1 for nobody. */
  readonly current_vote: number;
  /** Of the last record of its log. */
  readonly log_end_epoch: number;
  readonly voters: number;
  /** Those that a leader knows; 0 elsewhere. */
  readonly observers: number;
  readonly commit_latency_avg: number | null;
  readonly commit_latency_max: number | null;
  readonly election_latency_avg: number | null;
  readonly election_latency_max: number | null;
  readonly append_records_rate: number;
  readonly fetch_records_rate: number;
  readonly requests_sent: number;
  readonly responses_received: number;
  readonly bytes_sent: number;
  readonly bytes_received: number;
  readonly leaders_seen: number;
  readonly defects: number;
  /** Leaders out of sync that it has elected while it was active; absent from builds that count none. */
  readonly unclean_elections?: number;
  /** By the clock of the leader that wrote the last record which this node has replayed. */
  readonly last_applied_timestamp_ms: number;
  /** API, how many requests were answered, and the ms that they took together. */
  readonly requests: readonly (readonly [string, number, number])[];
}

const isNumber: Check = (value) => typeof value === "number";
const isNumberOrNull: Check = (value) => value === null || isNumber(value);

const isRequestRow: Check = (value) =>
  Array.isArray(value) && value.length === 3 && isText(value[0]) && value.slice(1).every(isNumber);

const NODE_MEASURES = {
  state: isText,
  current_vote: isInteger,
  log_end_epoch: isInteger,
  voters: isInteger,
  observers: isInteger,
  commit_latency_avg: isNumberOrNull,
  commit_latency_max: isNumberOrNull,
  election_latency_avg: isNumberOrNull,
  election_latency_max: isNumberOrNull,
  append_records_rate: isNumber,
  fetch_records_rate: isNumber,
  requests_sent: isInteger,
  responses_received: isInteger,
  bytes_sent: isInteger,
  bytes_received: isInteger,
  leaders_seen: isInteger,
  defects: isInteger,
  unclean_elections: (value) => value === undefined || isInteger(value),
  last_applied_timestamp_ms: isInteger,
  requests: (value) => Array.isArray(value) && value.every(isRequestRow),
} satisfies Checks<NodeMeasures>;

const NODE_METRICS = {
  status: isControllerStatus,
  measures: (value) => value === null || conforms(value, NODE_MEASURES),
} satisfies Checks<NodeMetrics>;

export const isNodeMetrics = (value: unknown): value is NodeMetrics =>
  conforms(value, NODE_METRICS);
