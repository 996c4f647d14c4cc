/**
 * How an active controller's office is furnished: what it starts from, the operation that opens it, and what every
 * operation in it, or a read beside it, is given.
 */
import {
  DEFAULT_CONTROLLER_CONFIG,
  defaultBootstrap,
  initialLiveness,
  takeOver,
  type ControlContext,
  type MetadataImage,
} from "../../src/metadata/index.ts";
import { ANONYMOUS } from "../../src/protocol/index.ts";
import { seeded } from "../../src/std/random.ts";
import type { Office, Operation, StandingContext } from "./active-controller.ts";
import type { ClusterEntry } from "../cluster-entry.ts";
import { CONTROLLER_LISTENER, directoryUuid } from "../replica/metadata-partition.ts";
import { BATCH_BYTES_MAX } from "../storage/log-store.ts";

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
