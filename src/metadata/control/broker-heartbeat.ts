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
  withoutContact,
  type BrokerLiveness,
} from "../liveness/broker-heartbeats.ts";
import { partitionChangesAfter } from "../partitions/broker-change.ts";
import { CHANGE_CONTROLLED_SHUTDOWN } from "../features/levels.ts";
import { firstOf, type Bounded } from "./batch-bound.ts";
import { fenced, fencingRecords } from "./broker-departure.ts";
import { directoryRecords, hasNoDirectoryLeft } from "./broker-directories.ts";
import {
  RECORDS_PER_OPERATION_MAX,
  operation,
  type ControlContext,
  type ControlResult,
} from "./operation.ts";

/** Where a broker stands, and where it goes: `shutdown-now` is fenced too, and told to stop. */
export type BrokerState = "fenced" | "unfenced" | "controlled-shutdown" | "shutdown-now";

type Result = ControlResult<BrokerHeartbeatResponse>;

export const heartbeat = operation(BrokerHeartbeat, { kind: "write", run });

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
  const directories = directoryRecords(view, registered, request);
  const working = applied(view, directories.items);
  const broker = working.cluster.brokers.get(request.brokerId) ?? registered;
  const next = nextState(working, broker, { request, context });
  const moves = directories.isWhole
    ? stateRecords(working, broker, next, RECORDS_PER_OPERATION_MAX - directories.items.length)
    : { items: [], isWhole: false };
  // What is not complete has taken the broker nowhere yet.
  const reached = moves.isWhole ? next : currentState(broker);
  const records = [...directories.items, ...moves.items];
  return {
    records,
    response: BrokerHeartbeat.response.fill({
      isCaughtUp: isCaughtUp(broker, request),
      isFenced: reached === "fenced" || reached === "shutdown-now",
      shouldShutDown: reached === "shutdown-now",
    }),
    liveness: livenessAfter(broker, { request, context, reached, moves, end: records.length }),
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

/** What takes the broker to `next`, or as much of it as `limit` allows. */
function stateRecords(
  view: MetadataImage,
  broker: BrokerRegistration,
  next: BrokerState,
  limit: number,
): Bounded<MetadataRecord> {
  switch (next) {
    case "fenced":
    case "shutdown-now":
      return fencingRecords(view, broker, limit);
    case "unfenced":
      return broker.fenced ? unfencingRecords(view, broker, limit) : NOTHING;
    case "controlled-shutdown":
      return controlledShutdownRecords(view, broker, limit);
    default:
      return unreachable(next);
  }
}

const NOTHING: Bounded<MetadataRecord> = { items: [], isWhole: true };

/**
 * The broker returns first, then partitions without a leader may have it. What does not fit is left to the sweep
 * over leaderless partitions: the broker counts as unfenced all the same.
 */
function unfencingRecords(
  view: MetadataImage,
  broker: BrokerRegistration,
  limit: number,
): Bounded<MetadataRecord> {
  const elections = partitionChangesAfter(view, { kind: "returns", brokerId: broker.id });
  const { items } = firstOf<MetadataRecord>(elections, limit - 1);
  return { items: [fenced(broker, -1), ...items], isWhole: true };
}

/**
 * The shutdown is announced first, so that no election gives the broker anything back; then it loses what it has,
 * over as many heartbeats as that takes.
 */
function controlledShutdownRecords(
  view: MetadataImage,
  broker: BrokerRegistration,
  limit: number,
): Bounded<MetadataRecord> {
  const announced = broker.inControlledShutdown
    ? []
    : [
        BrokerRegistrationChangeRecord.of(CHANGE_CONTROLLED_SHUTDOWN, {
          brokerId: broker.id,
          brokerEpoch: broker.epoch,
          inControlledShutdown: 1,
        }),
      ];
  const changes = firstOf<MetadataRecord>(
    partitionChangesAfter(view, { kind: "leaves", brokerId: broker.id }),
    limit - announced.length,
  );
  return { items: [...announced, ...changes.items], isWhole: changes.isWhole };
}

/**
 * The broker was heard from; a fenced broker is not waited for. The shutdown offset is set once all partitions
 * have let go of the broker, and is the last offset that says so.
 */
function livenessAfter(
  broker: BrokerRegistration,
  outcome: Heard & {
    readonly reached: BrokerState;
    readonly moves: Bounded<MetadataRecord>;
    /** How many records are written. */
    readonly end: number;
  },
): BrokerLiveness {
  const { request, context, reached, moves, end } = outcome;
  if (reached === "fenced" || reached === "shutdown-now") {
    return withoutContact(context.liveness, broker.id);
  }
  const heard = { nowMs: context.nowMs, metadataOffset: request.currentMetadataOffset };
  const liveness = withContact(context.liveness, broker, heard);
  if (reached !== "controlled-shutdown" || !moves.isWhole) return liveness;
  return withControlledShutdown(liveness, broker, context.nextOffset + end - 1);
}
