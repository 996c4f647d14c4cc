/**
 * The registrations of this quorum's own voters (KIP-919). They are written by the leader, who knows every voter's
 * endpoints from the quorum, when it takes office and when metadata.version comes to allow them: a voter need not
 * ask.
 */
import { RegisterControllerRecord, type MetadataRecord } from "../../protocol/index.ts";
import { OWN_FEATURES } from "../features/supported.ts";
import type { ClusterImage } from "../image/cluster-image.ts";
import type { QuorumController } from "./operation.ts";
import { sameEndpoints, sameFeatures } from "./registration-parts.ts";

/** Registrations of the voters that lack one or have another one; the directory is a voter's incarnation. */
export function controllerRegistrations(
  cluster: ClusterImage,
  controllers: readonly QuorumController[],
): readonly MetadataRecord[] {
  return controllers
    .toSorted((a, b) => a.id - b.id)
    .filter((controller) => !isRegistered(cluster, controller))
    .map(({ id, directoryId, endpoints }) =>
      RegisterControllerRecord.of(0, {
        controllerId: id,
        incarnationId: directoryId,
        zkMigrationReady: false,
        endPoints: endpoints,
        features: OWN_FEATURES,
      }),
    );
}

function isRegistered(cluster: ClusterImage, controller: QuorumController): boolean {
  const registered = cluster.controllers.get(controller.id);
  return (
    registered !== undefined &&
    registered.incarnationId === controller.directoryId &&
    sameEndpoints(registered.listeners, controller.endpoints) &&
    sameFeatures(registered.features, OWN_FEATURES)
  );
}
