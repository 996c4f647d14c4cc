/**
 * One line per input, effect and state, for people: golden scripts are made of these lines, and the simulator
 * prints them when a run fails. In production one of them is used, where the shell logs that a replica is
 * distrusted. Nothing parses them.
 */
import { unreachable } from "../std/assert.ts";
import type { Effect, ElectionState, PersistEffect } from "./effects.ts";
import type { Input } from "./inputs.ts";
import { highWatermark } from "./leadership.ts";
import { logEnd } from "./log-summary.ts";
import type {
  ControlRecord,
  Entry,
  FetchReply,
  FetchResponse,
  FetchSnapshotReply,
  FetchSnapshotResponse,
  LogPosition,
  ObserverPosition,
  Offset,
  OutgoingRequest,
  ReplicaKey,
  Reply,
  RequestId,
  Response,
  SnapshotId,
} from "./messages.ts";
import { UNSTATED_HIGH_WATERMARK } from "./messages.ts";
import type { Follower, Role, State } from "./state.ts";

export function describeInput(input: Input): string {
  switch (input.kind) {
    case "time-passed":
      return `time ${input.now}`;
    case "request-received":
      return `asked #${input.request} ${describeRequest(input.body)}`;
    case "request-abandoned":
      return `abandoned #${input.request}`;
    case "response-received":
      return `${input.from} answers #${input.correlation} ${describeResponse(input.body)}`;
    case "request-failed":
      return `${input.to} fails #${input.correlation}: ${input.failure}`;
    case "append":
      return `append ${input.count} at ${input.baseOffset}@${input.epoch}`;
    case "append-voters":
      return `append voters at ${input.baseOffset}@${input.epoch}`;
    case "observers-moved":
      return `observers of ${input.epoch} moved: ${input.positions.map(describeMoved).join(" ")}`;
    case "read":
      return `read #${input.request}`;
    case "sleep":
      return `may sleep in ${input.epoch} after ${input.quietMs}`;
    case "wake":
      return "wake";
    case "resign":
      return `resign from ${input.epoch}`;
    case "snapshot-made":
      return `snapshot ${describeSnapshotId(input.snapshot)} of ${input.snapshot.size} bytes is made`;
    case "snapshot-verified": {
      const voters = input.voters.map(({ key }) => key.id).join(",");
      return `snapshot ${describeSnapshotId(input.snapshot)} is sound, with voters ${voters}`;
    }
    case "snapshot-refused":
      return `snapshot ${describeSnapshotId(input.id)} is not sound`;
    case "log-cut":
      return `cut the log at ${input.startOffset}`;
    default:
      return unreachable(input);
  }
}

export function describeEffect(effect: Effect): string {
  switch (effect.kind) {
    case "persist":
      return `stores ${describePersist(effect)}`;
    case "send":
      return `→ ${effect.to} ${describeRequest(effect.request)}`;
    case "reply":
      return `↩ #${effect.to} ${describeResponse(effect.response)}`;
    case "verify-snapshot":
      return `verifies snapshot ${describeSnapshotId(effect.id)} of ${effect.size} bytes`;
    case "snapshot-abandoned":
      return `abandons snapshot ${describeSnapshotId(effect.id)}`;
    case "answer-doubted":
      return `doubts ${effect.from}: ${effect.reason}`;
    case "snapshot-too-large":
      return `leaves snapshot ${describeSnapshotId(effect.id)} of ${effect.size} bytes`;
    case "snapshot-installed":
      return `installs snapshot ${describeSnapshotId(effect.snapshot)}`;
    case "commit":
      return `commits up to ${effect.highWatermark}`;
    case "read-ready":
      return `read ${describeReads(effect.requests)} shows up to ${effect.readIndex}`;
    case "read-refused":
      return `read ${describeReads(effect.requests)} is refused: ${effect.error}`;
    case "append-refused":
      return `refuses to append at ${effect.baseOffset}@${effect.epoch}: ${effect.error}`;
    case "voters-to-append":
      return `has voters to append in ${effect.epoch}`;
    case "replica-distrusted":
      return (
        `distrusts ${describeKey(effect.key)}: it acknowledged ${effect.acknowledged} ` +
        `and now asks for ${effect.fetchOffset}`
      );
    case "role-changed":
      return `⇒ ${effect.role}@${effect.epoch}${leaderSuffix(effect.role, effect.leaderId)}`;
    default:
      return unreachable(effect);
  }
}

const describeMoved = ({ key, endOffset }: ObserverPosition): string => `${key.id}→${endOffset}`;

const describeReads = (requests: readonly RequestId[]): string =>
  requests.map((request) => `#${request}`).join(",");

const leaderSuffix = (role: Role["kind"], leaderId: number | null): string =>
  leaderId === null || role === "leader" ? "" : ` of ${leaderId}`;

function describePersist(persist: PersistEffect): string {
  const { election, snapshot, chunk, install, logStart, truncateTo, append } = persist;
  const { joined, fence, sleep, highWatermark: hw } = persist;
  const parts: string[] = [];
  if (election !== null) parts.push(describeElection(election));
  if (snapshot !== null) parts.push(`snapshot ${describeSnapshotId(snapshot)}`);
  if (chunk !== null) {
    const end = chunk.position + chunk.bytes.byteLength;
    parts.push(`bytes ${chunk.position}..${end - 1} of snapshot ${describeSnapshotId(chunk.id)}`);
  }
  if (install !== null) parts.push(`snapshot ${describeSnapshotId(install)} instead of the log`);
  if (logStart !== null) parts.push(`log start ${logStart}`);
  if (truncateTo !== null) parts.push(`truncate to ${truncateTo}`);
  if (joined) parts.push("joined");
  if (append.length > 0) parts.push(`append ${append.map(describeEntry).join(" ")}`);
  if (fence) parts.push("fence");
  if (sleep !== null)
    parts.push(sleep === "over" ? "awake" : `asleep at ${sleep.endOffset}@${sleep.epoch}`);
  if (hw !== null) parts.push(`hw=${hw}`);
  return parts.join(", ");
}

function describeElection({ epoch, leaderId, votedKey }: ElectionState): string {
  const leader = leaderId === null ? "" : ` leader=${leaderId}`;
  const voted = votedKey === null ? "" : ` voted=${describeKey(votedKey)}`;
  return `epoch=${epoch}${leader}${voted}`;
}

/** `5..7@2`: a batch of epoch 2 with the offsets 5 to 7. */
export function describeEntry({ baseOffset, lastOffset, epoch, control }: Entry): string {
  const range = baseOffset === lastOffset ? `${baseOffset}` : `${baseOffset}..${lastOffset}`;
  const records = control.map(describeControl).join("+");
  return `${range}@${epoch}${records === "" ? "" : `[${records}]`}`;
}

function describeControl(record: ControlRecord): string {
  switch (record.kind) {
    case "leader-change":
      return `LeaderChange ${record.leaderId} by ${record.grantingVoters.join(",")}`;
    case "kraft-version":
      return `KRaftVersion ${record.version}`;
    case "kraft-voters":
      return `KRaftVoters ${record.voters.map(({ key }) => key.id).join(",")}`;
    default:
      return unreachable(record);
  }
}

export function describeRequest(body: OutgoingRequest): string {
  switch (body.api) {
    case "vote":
      return (
        `Vote@${body.epoch}${body.preVote ? " preVote" : ""} ` +
        `for ${body.candidate.id} end=${describePosition(body.logEnd)}`
      );
    case "begin-quorum-epoch":
      return `BeginQuorumEpoch@${body.epoch} leader=${body.leaderId}${asleepSuffix(body)}`;
    case "end-quorum-epoch": {
      const successors = body.preferredCandidates.map(({ id }) => id).join(",");
      return `EndQuorumEpoch@${body.epoch} leader=${body.leaderId} successors=${successors}`;
    }
    case "fetch": {
      const at = describePosition({ offset: body.fetchOffset, epoch: body.lastFetchedEpoch });
      return `Fetch@${body.epoch} at=${at} hw=${describeHighWatermark(body.highWatermark)}`;
    }
    case "fetch-snapshot":
      return (
        `FetchSnapshot@${body.epoch} ${describeSnapshotId(body.snapshotId)} ` +
        `from byte ${body.position}`
      );
    case "add-raft-voter":
      return `AddRaftVoter ${describeKey(body.voter)}${body.ackWhenCommitted ? "" : " ack=append"}`;
    case "remove-raft-voter":
      return `RemoveRaftVoter ${describeKey(body.voter)}`;
    case "update-raft-voter":
      return `UpdateRaftVoter@${body.epoch} ${describeKey(body.voter)}`;
    case "api-versions":
      return "ApiVersions";
    default:
      return unreachable(body);
  }
}

export function describeResponse(body: Response | Reply): string {
  const leader = body.leaderId === null ? "" : ` leader=${body.leaderId}`;
  const error = body.error === "NONE" ? "" : ` ${body.error}`;
  const head = `@${body.epoch}${leader}${error}`;
  switch (body.api) {
    case "vote":
      return `Vote${head} ${body.granted ? "granted" : "refused"}`;
    case "begin-quorum-epoch":
      return `BeginQuorumEpoch${head}`;
    case "end-quorum-epoch":
      return `EndQuorumEpoch${head}`;
    case "fetch":
      return `Fetch${head}${body.error === "NONE" ? describeServed(body) : ""}`;
    case "fetch-snapshot":
      return `FetchSnapshot${head}${body.error === "NONE" ? describePiece(body) : ""}`;
    case "add-raft-voter":
      return `AddRaftVoter${head}`;
    case "remove-raft-voter":
      return `RemoveRaftVoter${head}`;
    case "update-raft-voter":
      return `UpdateRaftVoter${head}`;
    case "api-versions":
      return `ApiVersions${error}`;
    default:
      return unreachable(body);
  }
}

function describeServed(body: FetchReply | FetchResponse): string {
  const { diverging, snapshotId, records } = body;
  const hw = `${asleepSuffix(body)} hw=${describeHighWatermark(body.highWatermark)}`;
  if (diverging !== null) return `${hw} diverging=${diverging.endOffset}@${diverging.epoch}`;
  if (snapshotId !== null) return `${hw} snapshot=${describeSnapshotId(snapshotId)}`;
  if (records === null) return `${hw} nothing`;
  if ("from" in records) return `${hw} records ${records.from}..${records.upTo - 1}`;
  return `${hw} ${records.length === 0 ? "nothing" : `records ${records.map(describeEntry).join(" ")}`}`;
}

const asleepSuffix = ({ asleepAt }: { readonly asleepAt?: Offset }): string =>
  asleepAt === undefined ? "" : " asleep";

function describePiece(body: FetchSnapshotReply | FetchSnapshotResponse): string {
  const { snapshotId, position, size, bytes } = body;
  const count = bytes !== null && "byteLength" in bytes ? ` ${bytes.byteLength} bytes` : "";
  return ` ${describeSnapshotId(snapshotId)}${count} from byte ${position} of ${size}`;
}

const describeSnapshotId = ({ endOffset, epoch }: SnapshotId): string => `${endOffset}@${epoch}`;

function describeHighWatermark(offset: Offset | null): string {
  if (offset === null) return "?";
  return offset === UNSTATED_HIGH_WATERMARK ? "unstated" : `${offset}`;
}

const describePosition = ({ offset, epoch }: LogPosition): string => `${offset}@${epoch}`;

const describeKey = ({ id, directoryId }: ReplicaKey): string => `${id}/${directoryId}`;

export function describeState(state: State): string {
  const { role, election, log, config } = state;
  return [
    `${config.local.key.id}@${election.epoch} ${describeRole(role)}`,
    `log ${log.startOffset}..${describePosition(logEnd(log))}`,
    ...(log.snapshots.length === 0
      ? []
      : [`snapshots ${log.snapshots.map(describeSnapshotId).join(",")}`]),
    `hw=${describeHighWatermark(highWatermark(state))}`,
    ...(election.votedKey === null ? [] : [`voted=${election.votedKey.id}`]),
    ...(state.asleep === null ? [] : ["asleep"]),
  ].join(" ");
}

function describeRole(role: Role): string {
  switch (role.kind) {
    case "unattached":
    case "resigned":
      return role.kind;
    case "prospective":
    case "candidate":
      return `${role.kind}(granted ${[...role.granted].toSorted((a, b) => a - b).join(",")})`;
    case "follower":
      return `follower(${role.leaderId}${describeInstalling(role)})`;
    case "leader":
      return `leader(since ${role.epochStartOffset})`;
    default:
      return unreachable(role);
  }
}

function describeInstalling({ installing }: Follower): string {
  if (installing === null) return "";
  const { id, position, size, phase } = installing;
  return `, ${phase} ${describeSnapshotId(id)} at ${position}/${size ?? "?"}`;
}
