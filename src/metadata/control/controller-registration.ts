/**
 * ControllerRegistration (KIP-919): a controller tells its endpoints and the features it understands. A controller that
 * takes office registers every voter itself (`own-registrations.ts`), so this request seldom has anything to say.
 *
 * It is stricter than Kafka's, which believes any id and any endpoint: no record before metadata.version 33 takes a
 * registration back, so a stranger's would send tools to the wrong host and hold back upgrades for ever. Only a voter
 * may register, at the endpoints that the quorum's own records give it, and with features under which it can read the
 * log as it is. Who may speak for a voter is the listener's to ask.
 */
import {
  ControllerRegistration,
  ErrorCode,
  RegisterControllerRecord,
  type ControllerRegistrationRequest,
  type ControllerRegistrationResponse,
  type ErrorName,
} from "../../protocol/index.ts";
import { finalizedLevels, type FeaturesImage } from "../image/features-image.ts";
import type { MetadataImage } from "../image/metadata-image.ts";
import { MV_CONTROLLER_REGISTRATION } from "../features/levels.ts";
import { operation, type ControlContext, type ControlResult } from "./operation.ts";
import { isValidRange, isWithinBounds, sameEndpoints, sameFeatures } from "./registration-parts.ts";

export const TOO_OLD_FOR_CONTROLLERS =
  "The current MetadataVersion is too old to support controller registrations.";

export const registerController = operation(ControllerRegistration, { kind: "write", run });

function run(
  view: MetadataImage,
  request: ControllerRegistrationRequest,
  context: ControlContext,
): ControlResult<ControllerRegistrationResponse> {
  const { controllerId, incarnationId, listeners, features } = request;
  if (view.features.metadataVersion < MV_CONTROLLER_REGISTRATION) {
    return refused("UNSUPPORTED_VERSION", TOO_OLD_FOR_CONTROLLERS);
  }
  if (!isWithinBounds(request)) {
    return refused("INVALID_REQUEST", "The registration lists too many listeners or features.");
  }
  const refusal = refusalOf(view, request, context);
  if (refusal !== null) return refused("INVALID_REQUEST", refusal);
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

/** Why this is no registration of a voter, or null if it is one. */
function refusalOf(
  view: MetadataImage,
  { controllerId, listeners, features }: ControllerRegistrationRequest,
  { controllers }: ControlContext,
): string | null {
  const voter = controllers.find(({ id }) => id === controllerId);
  if (voter === undefined) return `Node ${controllerId} is no voter of this quorum.`;
  if (view.cluster.brokers.has(controllerId)) return `Node ${controllerId} is a broker.`;
  if (!sameEndpoints(voter.endpoints, listeners)) {
    return `The listeners are not those of voter ${controllerId}.`;
  }
  const names = new Set(features.map(({ name }) => name));
  if (names.size !== features.length || !features.every(isValidRange)) {
    return "The features are not each named once with a valid range.";
  }
  return understands(features, view.features)
    ? null
    : "The features do not include every finalized level.";
}

/** Whether a node that knows `ranges` can read a log in which these levels are finalized. */
const understands = (
  ranges: ControllerRegistrationRequest["features"],
  finalized: FeaturesImage,
): boolean =>
  finalizedLevels(finalized).every(({ name, level }) =>
    ranges.some(
      (range) =>
        range.name === name &&
        range.minSupportedVersion <= level &&
        level <= range.maxSupportedVersion,
    ),
  );

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
