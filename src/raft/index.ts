/**
 * The only door of the consensus core. Start with `Input` and `Effect`; `boot` makes a replica from its
 * storage and `step` moves it.
 */
export { boot } from "./boot.ts";
export type { BootMoment } from "./boot.ts";
export { step } from "./step.ts";
export type { Step } from "./turn.ts";
export type { Input, RequestFailure } from "./inputs.ts";
export type {
  Effect,
  ElectionState,
  PersistEffect,
  ReadRefusal,
  RoleName,
  Sleep,
  SnapshotChunk,
} from "./effects.ts";
export { DEFAULT_TIMEOUTS } from "./config.ts";
export type { RaftConfig } from "./config.ts";
export {
  EMPTY_LOG,
  endOffsetForEpoch,
  epochBefore,
  findSnapshot,
  isSameSnapshot,
  logEnd,
} from "./log-summary.ts";
export type { EpochStart, LogSummary } from "./log-summary.ts";
export type { DurableImage, Installing, Role, State } from "./state.ts";
export { confirmedAgeMs, mustConfirm } from "./confirmed-age.ts";
export { describeQuorum } from "./describe-quorum.ts";
export type { QuorumDescription, ReplicaStatus } from "./describe-quorum.ts";
export {
  describeEffect,
  describeEntry,
  describeInput,
  describeRequest,
  describeResponse,
  describeState,
} from "./trace.ts";
export { check, checkStep } from "./invariants.ts";
export { nextDeadline } from "./deadlines.ts";
export { retention } from "./snapshots/retention.ts";
export type { Retained, RetentionLimits } from "./snapshots/retention.ts";
export { isSnapshotDue } from "./snapshots/snapshot-due.ts";
export type { SnapshotLimits, Uncovered } from "./snapshots/snapshot-due.ts";
export { VOTERS_MAX } from "./reconfiguration/voter-set-changes.ts";
export { refusalOf } from "./storage-identity.ts";
export type { StorageIdentity } from "./storage-identity.ts";
export { clockAt, timeAt } from "./time.ts";
export { highWatermark, leaderOf, officeOf } from "./leadership.ts";
export type { Leadership } from "./leadership.ts";
export { isVoter, mayStand } from "./state.ts";
export { latestVoters, votersAt } from "./membership/voter-history.ts";
export type { VoterHistory, VoterSet, VotersRecord } from "./membership/voter-history.ts";
export {
  INCARNATION_COUNT,
  NO_DIRECTORY,
  SNAPSHOT_BYTES_MAX,
  UNSTATED_HIGH_WATERMARK,
} from "./messages.ts";
export type {
  Answer,
  ApiName,
  BeginQuorumEpochRequest,
  BeginQuorumEpochResponse,
  ControlRecord,
  CorrelationId,
  DirectoryId,
  Endpoint,
  EndQuorumEpochRequest,
  EndQuorumEpochResponse,
  Entry,
  Epoch,
  ErrorName,
  FetchAnswer,
  FetchReply,
  FetchRequest,
  FetchResponse,
  FetchSnapshotAnswer,
  FetchSnapshotReply,
  FetchSnapshotRequest,
  FetchSnapshotResponse,
  Incarnation,
  LogPosition,
  LogRange,
  Milliseconds,
  ObserverPosition,
  Offset,
  ReplicaId,
  OutgoingRequest,
  ReplicaKey,
  Reply,
  Request,
  RequestId,
  Response,
  SnapshotId,
  SnapshotRange,
  StoredSnapshot,
  VoteRequest,
  VoteResponse,
  Voter,
  VoterChangeRequest,
} from "./messages.ts";
