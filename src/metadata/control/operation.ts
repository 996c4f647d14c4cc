/**
 * What a control operation is given and what it gives back. An operation is a pure function of the view, which may
 * hold records that are not committed yet, and of what only the outside knows. It never mutates and never throws
 * for anything a request may say: refusals are responses.
 *
 * What an operation writes, it writes as one batch. Work on whole brokers may need more records than one batch
 * may have; then each run writes what fits, in an order that keeps every promise at each batch's end, and says in
 * its response, in the terms of its API, that it must be asked again.
 */
import type { MetadataRecord, Principal } from "../../protocol/index.ts";
import type { Random } from "../../std/random.ts";
import type { BrokerLiveness } from "../liveness/broker-heartbeats.ts";
import type { Endpoint } from "../image/cluster-image.ts";
import type { MetadataImage } from "../image/metadata-image.ts";
import type { Uuid } from "../../protocol/index.ts";

/** Kafka's bound on one user operation: what commits as one must be cheap to store, fetch and replay. */
export const RECORDS_PER_OPERATION_MAX = 10_000;

/** What an operator sets once for a controller, with Kafka's defaults. */
export interface ControllerConfig {
  /** `broker.session.timeout.ms`. */
  readonly brokerSessionTimeoutMs: number;
  /** `num.partitions`. */
  readonly numPartitions: number;
  /** `default.replication.factor`. */
  readonly defaultReplicationFactor: number;
  /** `delete.topic.enable`. */
  readonly deleteTopicEnable: boolean;
}

export const DEFAULT_CONTROLLER_CONFIG: ControllerConfig = {
  brokerSessionTimeoutMs: 9_000,
  numPartitions: 1,
  defaultReplicationFactor: 1,
  deleteTopicEnable: true,
};

/** A voter as the quorum's own records describe it (KIP-853). */
export interface QuorumController {
  readonly id: number;
  readonly directoryId: Uuid;
  readonly endpoints: readonly Endpoint[];
}

/** What only the outside knows at the moment of an operation. */
export interface ControlContext {
  readonly nowMs: number;
  /** The version of the request, on which some answers depend. */
  readonly apiVersion: number;
  /** Drawn anew for each operation; an operation draws from it what it needs. */
  readonly random: Random;
  /** The offset that the operation's first record will get. */
  readonly nextOffset: number;
  readonly liveness: BrokerLiveness;
  readonly clusterId: string;
  /** The id of the controller that runs the operation. */
  readonly controllerId: number;
  /** The id of the active controller as far as this one knows; -1 while it knows of none. */
  readonly activeControllerId: number;
  /** The voters of the quorum. */
  readonly controllers: readonly QuorumController[];
  readonly principal: Principal;
  readonly config: ControllerConfig;
}

export interface ControlResult<Response> {
  /** At most RECORDS_PER_OPERATION_MAX; they are appended together or not at all. */
  readonly records: readonly MetadataRecord[];
  /** To be sent once the records, and all that the view held, are committed. */
  readonly response: Response;
  /** The soft state from now on; absent where it stays as it is. */
  readonly liveness?: BrokerLiveness;
}

export type ControlOperation<Request, Response> = (
  view: MetadataImage,
  request: Request,
  context: ControlContext,
) => ControlResult<Response>;
