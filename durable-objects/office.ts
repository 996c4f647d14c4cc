/**
 * How an active controller's office is furnished, and its standing duties: which metadata operation opens it,
 * and which ones come due by themselves while it lasts. When and what they write is theirs to say.
 */
import {
  DEFAULT_CONTROLLER_CONFIG,
  balancePartitionLeaders,
  defaultBootstrap,
  electUncleanLeaders,
  fenceStaleBrokers,
  LEADER_BALANCE_INTERVAL_MS,
  initialLiveness,
  nextFencingDeadline,
  takeOver,
  type BrokerLiveness,
  type ControlContext,
  type MetadataImage,
} from "../src/metadata/index.ts";
import { ANONYMOUS } from "../src/protocol/index.ts";
import { seeded } from "../src/std/random.ts";
import type { Office, Operation, StandingContext } from "./active-controller.ts";
import type { ClusterEntry } from "./cluster-entry.ts";
import { CONTROLLER_LISTENER, directoryUuid } from "./metadata-partition.ts";
import { BATCH_BYTES_MAX } from "./storage/log-store.ts";

/** What the standing duties go by, beside the sessions of brokers. */
export interface Duties {
  /** When leaders are next looked over: unclean elections where allowed, then preferred leaders. */
  readonly balanceAtMs: number;
  /** Nothing is due before; the past unless a duty has just failed. */
  readonly restUntilMs: number;
}

/** A duty that met a defect would meet it again: it is still due, and is not run without end. */
const REST_MS = 1_000;

export const firstDuties = (nowMs: number): Duties => ({
  balanceAtMs: nowMs + LEADER_BALANCE_INTERVAL_MS,
  restUntilMs: nowMs,
});

/** The duties after one of them failed. */
export const rested = (duties: Duties, nowMs: number): Duties => ({
  ...duties,
  restUntilMs: nowMs + REST_MS,
});

/** What taking office starts from. */
export interface Accession {
  readonly cluster: ClusterEntry;
  readonly nodeId: number;
  readonly epoch: number;
  /** Everything in the log, all of it committed. */
  readonly image: MetadataImage;
  readonly endOffset: number;
  readonly nowMs: number;
  readonly seed: number;
}

export function furnish(accession: Accession): Office {
  const { cluster, nodeId, epoch, image, endOffset, nowMs } = accession;
  return {
    epoch,
    image,
    endOffset,
    liveness: initialLiveness(image, nowMs),
    random: seeded(accession.seed),
    batchBytesMax: BATCH_BYTES_MAX,
    context: standingContext(cluster, { controllerId: nodeId, activeControllerId: nodeId }),
  };
}

/** The part of a context that does not change from one operation to the next. */
export function standingContext(
  cluster: ClusterEntry,
  ids: Pick<ControlContext, "controllerId" | "activeControllerId">,
): StandingContext {
  return {
    ...ids,
    clusterId: cluster.cluster_id,
    controllers: cluster.controllers.map((controller) => {
      const { node_id: id, directory_id: directoryId, host, port } = controller;
      return {
        id,
        directoryId: directoryUuid(directoryId),
        endpoints: [{ name: CONTROLLER_LISTENER, host, port, securityProtocol: 0 }],
      };
    }),
    principal: ANONYMOUS,
    config: DEFAULT_CONTROLLER_CONFIG,
  };
}

/** What a read is given on any node, active or not: it sees what is committed, and draws and writes nothing. */
export function readContext(
  cluster: ClusterEntry,
  at: Pick<ControlContext, "controllerId" | "activeControllerId" | "apiVersion" | "nowMs"> & {
    readonly image: MetadataImage;
  },
): ControlContext {
  const { image, apiVersion, nowMs, ...ids } = at;
  return {
    ...standingContext(cluster, ids),
    apiVersion,
    nowMs,
    random: seeded(0),
    nextOffset: image.provenance.endOffset,
    liveness: initialLiveness(image, nowMs),
  };
}

/** The first operation of every office: bootstrap records for an empty log, and what else a new leader owes. */
export const opening =
  (cluster: ClusterEntry): Operation<null> =>
  (view, context) =>
    takeOver(view, context, defaultBootstrap(cluster.metadata_version));

export const nextDutyAt = (duties: Duties, liveness: BrokerLiveness): number =>
  Math.max(duties.restUntilMs, Math.min(duties.balanceAtMs, fencingAt(liveness)));

/** A duty says whether it has met the bound of one run: then there may be more to do, at once. */
export type Duty = Operation<{ readonly isBounded: boolean } | null>;

/** The duties that are due at `nowMs`, and when the others are. */
export function dueDuties(
  duties: Duties,
  liveness: BrokerLiveness,
  nowMs: number,
): { readonly due: readonly Duty[]; readonly duties: Duties } {
  if (nowMs < duties.restUntilMs) return { due: [], duties };
  const due: Duty[] = [];
  if (fencingAt(liveness) <= nowMs) due.push(fenceStaleBrokers);
  if (duties.balanceAtMs > nowMs) return { due, duties };
  return {
    due: [...due, electUncleanLeaders, balancePartitionLeaders],
    duties: { ...duties, balanceAtMs: nowMs + LEADER_BALANCE_INTERVAL_MS },
  };
}

const fencingAt = (liveness: BrokerLiveness): number =>
  nextFencingDeadline(liveness, DEFAULT_CONTROLLER_CONFIG.brokerSessionTimeoutMs);
