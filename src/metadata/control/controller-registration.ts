/**
 * ControllerRegistration (KIP-919): a controller tells its endpoints and the features it understands. Our own
 * controllers are registered by their leader (`own-registrations.ts`); this is for controllers of other makes.
 */
import {
  ControllerRegistration,
  ErrorCode,
  RegisterControllerRecord,
  type ControllerRegistrationRequest,
  type ControllerRegistrationResponse,
  type ErrorName,
} from "../../protocol/index.ts";
import type { MetadataImage } from "../image/metadata-image.ts";
import { MV_CONTROLLER_REGISTRATION } from "../features/levels.ts";
import { operation, type ControlContext, type ControlResult } from "./operation.ts";
import { isValidRange, sameEndpoints, sameFeatures } from "./registration-parts.ts";

export const TOO_OLD_FOR_CONTROLLERS =
  "The current MetadataVersion is too old to support controller registrations.";

export const registerController = operation(ControllerRegistration, { kind: "write", run });

function run(
  view: MetadataImage,
  request: ControllerRegistrationRequest,
  _context: ControlContext,
): ControlResult<ControllerRegistrationResponse> {
  const { controllerId, incarnationId, listeners, features } = request;
  if (view.features.metadataVersion < MV_CONTROLLER_REGISTRATION) {
    return refused("UNSUPPORTED_VERSION", TOO_OLD_FOR_CONTROLLERS);
  }
  if (controllerId < 0 || view.cluster.brokers.has(controllerId)) {
    return refused("INVALID_REQUEST", `A controller cannot have the id ${controllerId}.`);
  }
  const names = new Set(features.map(({ name }) => name));
  if (names.size !== features.length || !features.every(isValidRange)) {
    return refused("INVALID_REQUEST", "The features are not each named once with a valid range.");
  }
  const response = ControllerRegistration.response.fill({});
  const present = view.cluster.controllers.get(controllerId);
  if (
    present?.incarnationId === incarnationId &&
    sameEndpoints(present.listeners, listeners) &&
    sameFeatures(present.features, features)
  ) {
    return { records: [], response };
  }
  const record = RegisterControllerRecord.of(0, {
    controllerId,
    incarnationId,
    zkMigrationReady: false,
    endPoints: listeners,
    features,
  });
  return { records: [record], response };
}

function refused(
  name: ErrorName,
  errorMessage: string,
): ControlResult<ControllerRegistrationResponse> {
  const errorCode = ErrorCode[name];
  return {
    records: [],
    response: ControllerRegistration.response.fill({ errorCode, errorMessage }),
  };
}
