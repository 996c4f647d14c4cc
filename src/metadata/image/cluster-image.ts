/**
 * Who is registered: brokers and controllers (KIP-631, KIP-919), as the log says. Whether a broker is heard from is
 * not in here; that is soft state (`../liveness`). A registration survives fencing: only unregistering ends it.
 */
import { assert } from "../../std/assert.ts";
import { byNumber, ImmutableMap } from "../../std/immutable-map.ts";
import {
  LOST_DIRECTORY,
  MIGRATING_DIRECTORY,
  UNASSIGNED_DIRECTORY,
  type BrokerRegistrationChangeRecord,
  type RegisterBrokerRecord,
  type RegisterControllerRecord,
  type Uuid,
} from "../../protocol/index.ts";
import { MV_DIRECTORIES } from "../features/levels.ts";
import type { FeatureRange } from "../features/supported.ts";

export interface Endpoint {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  readonly securityProtocol: number;
}

export interface BrokerRegistration {
  readonly id: number;
  /** One incarnation's number: the offset of the record that registered it. Grows from one to the next. */
  readonly epoch: number;
  readonly incarnationId: Uuid;
  readonly isMigratingZkBroker: boolean;
  readonly listeners: readonly Endpoint[];
  readonly features: readonly FeatureRange[];
  readonly rack: string | null;
  readonly fenced: boolean;
  readonly inControlledShutdown: boolean;
  /** Online directories; empty where the broker does not report any (below 3.7-IV2). */
  readonly logDirs: readonly Uuid[];
  /** Directories that take no new replicas (KIP-1066). */
  readonly cordonedLogDirs: readonly Uuid[];
}

export interface ControllerRegistration {
  readonly id: number;
  readonly incarnationId: Uuid;
  readonly zkMigrationReady: boolean;
  readonly listeners: readonly Endpoint[];
  readonly features: readonly FeatureRange[];
}

export interface ClusterImage {
  readonly brokers: ImmutableMap<number, BrokerRegistration>;
  readonly controllers: ImmutableMap<number, ControllerRegistration>;
}

export const NO_NODES: ClusterImage = {
  brokers: ImmutableMap.empty(byNumber),
  controllers: ImmutableMap.empty(byNumber),
};

export const brokerById = (cluster: ClusterImage, id: number): BrokerRegistration | undefined =>
  cluster.brokers.get(id);

/** Whether the broker may lead and be in sync (KIP-841): registered, unfenced and not about to leave. */
export function isActiveBroker(cluster: ClusterImage, id: number): boolean {
  const broker = cluster.brokers.get(id);
  return broker !== undefined && !broker.fenced && !broker.inControlledShutdown;
}

/** Whether `epoch` is that of the broker's present incarnation; any other is stale. */
export const hasBrokerEpoch = (cluster: ClusterImage, id: number, epoch: number): boolean =>
  cluster.brokers.get(id)?.epoch === epoch;

/**
 * Whether a replica of the broker in `directory` can be served. A place not yet known counts as online; so does any
 * place on a broker that reports no directories at all (KAFKA-16162).
 */
export function hasOnlineDirectory(
  cluster: ClusterImage,
  brokerId: number,
  directory: Uuid,
): boolean {
  const broker = cluster.brokers.get(brokerId);
  if (broker === undefined) return false;
  if (directory === UNASSIGNED_DIRECTORY || directory === MIGRATING_DIRECTORY) return true;
  if (directory === LOST_DIRECTORY) return false;
  return broker.logDirs.length === 0 || broker.logDirs.includes(directory);
}

/** Where a new replica of the broker is taken to lie until the broker says so. */
export function defaultDirectory(
  cluster: ClusterImage,
  metadataVersion: number,
  brokerId: number,
): Uuid {
  if (metadataVersion < MV_DIRECTORIES) return MIGRATING_DIRECTORY;
  const broker = cluster.brokers.get(brokerId);
  if (broker === undefined) return UNASSIGNED_DIRECTORY;
  const [first, ...others] = broker.logDirs;
  if (first === undefined) return MIGRATING_DIRECTORY;
  return others.length === 0 ? first : UNASSIGNED_DIRECTORY;
}

export function withBroker(cluster: ClusterImage, record: RegisterBrokerRecord): ClusterImage {
  const { brokerId, brokerEpoch, endPoints, cordonedLogDirs, ...same } = record;
  const broker: BrokerRegistration = {
    ...same,
    id: brokerId,
    epoch: brokerEpoch,
    listeners: endPoints,
    cordonedLogDirs: cordonedLogDirs ?? [],
  };
  return { ...cluster, brokers: cluster.brokers.set(brokerId, broker) };
}

/** Forgets a broker. A stale epoch is no fault here: brokers do not look at it either. */
export function withoutBroker(cluster: ClusterImage, id: number): ClusterImage {
  assert(cluster.brokers.has(id), `broker ${id} is unregistered but is not registered`);
  return { ...cluster, brokers: cluster.brokers.delete(id) };
}

export function withBrokerFenced(
  cluster: ClusterImage,
  record: { readonly id: number; readonly epoch: number },
  fenced: boolean,
): ClusterImage {
  const broker = incarnation(cluster, record.id, record.epoch);
  return { ...cluster, brokers: cluster.brokers.set(broker.id, { ...broker, fenced }) };
}

/** Controlled shutdown is only ever begun; a new registration ends it. No directories mean no change. */
export function withBrokerChange(
  cluster: ClusterImage,
  record: BrokerRegistrationChangeRecord,
): ClusterImage {
  const broker = incarnation(cluster, record.brokerId, record.brokerEpoch);
  const changed: BrokerRegistration = {
    ...broker,
    fenced: record.fenced === 0 ? broker.fenced : record.fenced > 0,
    inControlledShutdown: broker.inControlledShutdown || record.inControlledShutdown === 1,
    logDirs: record.logDirs.length === 0 ? broker.logDirs : record.logDirs,
    cordonedLogDirs: record.cordonedLogDirs ?? broker.cordonedLogDirs,
  };
  return { ...cluster, brokers: cluster.brokers.set(broker.id, changed) };
}

export function withController(
  cluster: ClusterImage,
  record: RegisterControllerRecord,
): ClusterImage {
  const { controllerId, endPoints, ...same } = record;
  const controller = { ...same, id: controllerId, listeners: endPoints };
  return { ...cluster, controllers: cluster.controllers.set(controllerId, controller) };
}

export function withoutController(cluster: ClusterImage, id: number): ClusterImage {
  assert(cluster.controllers.has(id), `controller ${id} is unregistered but is not registered`);
  return { ...cluster, controllers: cluster.controllers.delete(id) };
}

function incarnation(cluster: ClusterImage, id: number, epoch: number): BrokerRegistration {
  const broker = cluster.brokers.get(id);
  assert(broker !== undefined, `broker ${id} changes but is not registered`);
  assert(
    broker.epoch === epoch,
    `broker ${id} changes at epoch ${epoch} but is registered at epoch ${broker.epoch}`,
  );
  return broker;
}
