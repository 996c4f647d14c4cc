/**
 * BrokerHeartbeat (KIP-631): a broker is alive, and may ask to be unfenced, fenced or let go; it also reports which
 * of its directories are gone (KIP-858) or take no new replicas (KIP-1066). The state machine is `nextState`; what
 * follows from a change of state for partitions is `../partitions`.
 *
 * Parts of one heartbeat see each other's effects: a broker that reports a dead directory while it is unfenced does
 * not come to lead a partition in it.
 */
import {
  BrokerHeartbeat,
  BrokerRegistrationChangeRecord,
  ErrorCode,
  type BrokerHeartbeatRequest,
  type BrokerHeartbeatResponse,
  type MetadataRecord,
} from "../../protocol/index.ts";
import { unreachable } from "../../std/assert.ts";
import type { BrokerRegistration } from "../image/cluster-image.ts";
import { applyRecords } from "../replay/apply-records.ts";
import type { MetadataImage } from "../image/metadata-image.ts";
import { partitionsLedBy } from "../image/topics-image.ts";
import {
  contactOf,
  lowestActiveOffset,
  withContact,
  withControlledShutdown,
  withFencedContact,
  withoutContact,
  type BrokerLiveness,
} from "../liveness/broker-heartbeats.ts";
import { partitionChangesAfter } from "../partitions/broker-change.ts";
import { CHANGE_CONTROLLED_SHUTDOWN } from "../features/levels.ts";
import { BoundedBatch } from "./batch-bound.ts";
import { fenced, fencingRecords } from "./broker-departure.ts";
import { directoryRecords, hasNoDirectoryLeft } from "./broker-directories.ts";
import { operation, type ControlContext, type ControlResult } from "./operation.ts";

/** Where a broker stands, and where it goes: `shutdown-now` is fenced too, and told to stop. */
export type BrokerState = "fenced" | "unfenced" | "controlled-shutdown" | "shutdown-now";

type Result = ControlResult<BrokerHeartbeatResponse>;

export const heartbeat = operation(BrokerHeartbeat, {
  kind: "write",
  run,
  isStrangers: ({ errorCode }) => errorCode === ErrorCode.STALE_BROKER_EPOCH,
});

function run(
  view: MetadataImage,
  request: BrokerHeartbeatRequest,
  context: ControlContext,
): Result {
  const registered = view.cluster.brokers.get(request.brokerId);
  if (registered === undefined || registered.epoch !== request.brokerEpoch) {
    const errorCode = ErrorCode.STALE_BROKER_EPOCH;
    return { records: [], response: BrokerHeartbeat.response.fill({ errorCode }) };
  }
  const batch = new BoundedBatch();
  batch.take(directoryRecords(view, registered, request));
  const working = applied(view, batch.records);
  const broker = working.cluster.brokers.get(request.brokerId) ?? registered;
  const next = nextState(working, broker, { request, context });
  const isThere = moves(working, broker, next, batch);
  // What is not complete has taken the broker nowhere yet.
  const reached = isThere ? next : currentState(broker);
  const { records } = batch;
  return {
    records,
    response: BrokerHeartbeat.response.fill({
      isCaughtUp: isCaughtUp(broker, request),
      isFenced: reached === "fenced" || reached === "shutdown-now",
      shouldShutDown: reached === "shutdown-now",
    }),
    liveness: livenessAfter(broker, { request, context, reached, isThere, end: records.length }),
  };
}

/** The view with `records` in it, for the rest of this operation. */
const applied = (view: MetadataImage, records: readonly MetadataRecord[]): MetadataImage =>
  records.length === 0 ? view : applyRecords(view, records, view.provenance);

/** A broker knows itself once it has applied the record that registered it (promise P21). */
const isCaughtUp = (broker: BrokerRegistration, request: BrokerHeartbeatRequest): boolean =>
  request.currentMetadataOffset >= broker.epoch;

interface Heard {
  readonly request: BrokerHeartbeatRequest;
  readonly context: ControlContext;
}

export function nextState(
  view: MetadataImage,
  broker: BrokerRegistration,
  { request, context }: Heard,
): BrokerState {
  const { wantShutDown } = request;
  // Without a directory there is nothing that the broker could lead or follow.
  const wantFence = request.wantFence || hasNoDirectoryLeft(broker, request);
  const leads = (): boolean => !partitionsLedBy(view.topics, broker.id).next().done;
  const current = currentState(broker);
  switch (current) {
    case "fenced":
      if (wantShutDown) return "shutdown-now";
      return !wantFence && isCaughtUp(broker, request) ? "unfenced" : "fenced";
    case "unfenced":
      if (wantFence) return wantShutDown ? "shutdown-now" : "fenced";
      if (!wantShutDown) return "unfenced";
      return leads() ? "controlled-shutdown" : "shutdown-now";
    case "controlled-shutdown": {
      const offset = contactOf(context.liveness, broker)?.controlledShutdownOffset ?? -1;
      const isKnownToAll =
        offset >= 0 && offset <= lowestActiveOffset(context.liveness, view.cluster);
      return isKnownToAll && !leads() ? "shutdown-now" : "controlled-shutdown";
    }
    default:
      return unreachable(current);
  }
}

function currentState(broker: BrokerRegistration): "fenced" | "unfenced" | "controlled-shutdown" {
  if (broker.fenced) return "fenced";
  return broker.inControlledShutdown ? "controlled-shutdown" : "unfenced";
}

/** Puts into the batch what takes the broker to `next`, or as much of it as fits; true if that takes it there. */
function moves(
  view: MetadataImage,
  broker: BrokerRegistration,
  next: BrokerState,
  batch: BoundedBatch,
): boolean {
  switch (next) {
    case "fenced":
    case "shutdown-now":
      return batch.take(fencingRecords(view, broker));
    case "unfenced":
      return broker.fenced ? isUnfenced(view, broker, batch) : batch.isWhole;
    case "controlled-shutdown":
      return batch.take(controlledShutdownRecords(view, broker));
    default:
      return unreachable(next);
  }
}

/**
 * The broker returns first, then partitions without a leader may have it. What does not fit is left to the sweep
 * over leaderless partitions: the broker counts as unfenced all the same.
 */
function isUnfenced(view: MetadataImage, broker: BrokerRegistration, batch: BoundedBatch): boolean {
  const isBack = batch.add(fenced(broker, -1));
  batch.take(partitionChangesAfter(view, { kind: "returns", brokerId: broker.id }));
  return isBack;
}

/**
 * The shutdown is announced first, so that no election gives the broker anything back; then it loses what it has,
 * over as many heartbeats as that takes.
 */
function* controlledShutdownRecords(
  view: MetadataImage,
  broker: BrokerRegistration,
): Generator<MetadataRecord, void, undefined> {
  const { id: brokerId, epoch: brokerEpoch } = broker;
  if (!broker.inControlledShutdown) {
    const announced = { brokerId, brokerEpoch, inControlledShutdown: 1 };
    yield BrokerRegistrationChangeRecord.of(CHANGE_CONTROLLED_SHUTDOWN, announced);
  }
  yield* partitionChangesAfter(view, { kind: "leaves", brokerId });
}

/**
 * The broker was heard from. One that was told to stop is not waited for: it may be back at once. The shutdown offset
 * is set once all partitions have let go of the broker, and is the last offset that says so.
 */
function livenessAfter(
  broker: BrokerRegistration,
  outcome: Heard & {
    readonly reached: BrokerState;
    /** Everything that takes the broker there is written. */
    readonly isThere: boolean;
    /** How many records are written. */
    readonly end: number;
  },
): BrokerLiveness {
  const { request, context, reached, isThere, end } = outcome;
  if (reached === "shutdown-now") return withoutContact(context.liveness, broker.id);
  if (reached === "fenced") return withFencedContact(context.liveness, broker, context.nowMs);
  const heard = { nowMs: context.nowMs, metadataOffset: request.currentMetadataOffset };
  const liveness = withContact(context.liveness, broker, heard);
  if (reached !== "controlled-shutdown" || !isThere) return liveness;
  return withControlledShutdown(liveness, broker, context.nextOffset + end - 1);
}
