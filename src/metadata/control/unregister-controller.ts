/**
 * UnregisterController (KIP-1312): an operator declares that a controller will not come back, so that its registration
 * no longer stands in the log. Voters register of themselves, so one must be removed from the quorum first
 * (RemoveRaftVoter, KIP-853).
 *
 * Kafka 4.4.0 refuses the active controller alone; its successors refuse every voter, as is done here.
 */
import {
  ErrorCode,
  UnregisterController,
  UnregisterControllerRecord,
  type ErrorName,
  type UnregisterControllerRequest,
  type UnregisterControllerResponse,
} from "../../protocol/index.ts";
import { MV_CONTROLLER_UNREGISTRATION } from "../features/levels.ts";
import type { MetadataImage } from "../image/metadata-image.ts";
import { operation, type ControlContext, type ControlResult } from "./operation.ts";

type Result = ControlResult<UnregisterControllerResponse>;

export const unregisterController = operation(UnregisterController, { kind: "write", run });

function run(
  view: MetadataImage,
  { controllerId }: UnregisterControllerRequest,
  context: ControlContext,
): Result {
  if (controllerId === context.controllerId) {
    return refused("INVALID_REQUEST", "Controller cannot unregister itself while it is active.");
  }
  if (context.controllers.some(({ id }) => id === controllerId)) {
    const reason = "it is part of the voter set";
    return refused(
      "INVALID_REQUEST",
      `Cannot unregister controller ${controllerId} because ${reason}.`,
    );
  }
  if (view.features.metadataVersion < MV_CONTROLLER_UNREGISTRATION) {
    return refused(
      "UNSUPPORTED_VERSION",
      "The current MetadataVersion is too old to support controller unregistration.",
    );
  }
  if (!view.cluster.controllers.has(controllerId)) {
    return refused(
      "CONTROLLER_ID_NOT_REGISTERED",
      `Controller ID ${controllerId} is not currently registered.`,
    );
  }
  return {
    records: [UnregisterControllerRecord.of(0, { controllerId })],
    response: UnregisterController.response.fill({}),
  };
}

function refused(name: ErrorName, errorMessage: string): Result {
  const errorCode = ErrorCode[name];
  return { records: [], response: UnregisterController.response.fill({ errorCode, errorMessage }) };
}
