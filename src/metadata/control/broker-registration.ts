/**
 * BrokerRegistration (KIP-631): a broker announces one incarnation of itself and gets its epoch. A new incarnation
 * begins fenced and takes the place of the one before, which must be gone: silent for a session, or told to stop. The same
 * incarnation may ask again at any time; it keeps its epoch and its state.
 *
 * The epoch is the offset of the registering record itself, so it grows from one incarnation to the next, and a
 * broker that has applied the log up to its epoch knows itself.
 */
import {
  BrokerRegistration as BrokerRegistrationApi,
  ErrorCode,
  isReservedUuid,
  RegisterBrokerRecord,
  type BrokerRegistrationRequest,
  type BrokerRegistrationResponse,
  type ErrorName,
} from "../../protocol/index.ts";
import {
  METADATA_VERSION,
  MV_DIRECTORIES,
  registerBrokerRecordVersion,
} from "../features/levels.ts";
import type { BrokerRegistration } from "../image/cluster-image.ts";
import { finalizedLevel, finalizedLevels, type FeaturesImage } from "../image/features-image.ts";
import type { MetadataImage } from "../image/metadata-image.ts";
import { hasValidSession, withoutContact } from "../liveness/broker-heartbeats.ts";
import { partitionChangesAfter, type BrokerChange } from "../partitions/broker-change.ts";
import { BoundedBatch } from "./batch-bound.ts";
import {
  isValidRange,
  isWithinBounds,
  sameEndpoints,
  sameFeatures,
  sameItems,
} from "./registration-parts.ts";
import { operation, type ControlContext, type ControlResult } from "./operation.ts";

type Result = ControlResult<BrokerRegistrationResponse>;

export const registerBroker = operation(BrokerRegistrationApi, { kind: "write", run });

function run(
  view: MetadataImage,
  request: BrokerRegistrationRequest,
  context: ControlContext,
): Result {
  const refusal =
    refusalByIdentity(view, request, context) ??
    (isWithinBounds(request) ? null : "INVALID_REGISTRATION") ??
    refusalByDirectories(view, request) ??
    refusalByFeatures(view.features, request);
  if (refusal !== null) return refused(refusal);
  const present = view.cluster.brokers.get(request.brokerId);
  return present?.incarnationId === request.incarnationId
    ? amended(view, request, present)
    : incarnated(view, request, { present, context });
}

const refused = (name: ErrorName): Result => ({
  records: [],
  response: BrokerRegistrationApi.response.fill({ errorCode: ErrorCode[name] }),
});

const accepted = (brokerEpoch: number): BrokerRegistrationResponse =>
  BrokerRegistrationApi.response.fill({ brokerEpoch });

/** Who asks: of this cluster, under an id that a broker may have, and not while another bears it. */
function refusalByIdentity(
  view: MetadataImage,
  request: BrokerRegistrationRequest,
  context: ControlContext,
): ErrorName | null {
  const { brokerId } = request;
  if (request.clusterId !== context.clusterId) return "INCONSISTENT_CLUSTER_ID";
  // An id below 0 means "nobody" wherever a leader or a replica is named, and voters are nodes too. The registration of
  // a controller that is no voter stands in nobody's way: no record before metadata.version 33 could ever end it.
  const isVoter = context.controllers.some(({ id }) => id === brokerId);
  if (brokerId < 0 || isVoter) return "INVALID_REGISTRATION";
  const present = view.cluster.brokers.get(brokerId);
  const session = { nowMs: context.nowMs, timeoutMs: context.config.brokerSessionTimeoutMs };
  if (
    present !== undefined &&
    present.incarnationId !== request.incarnationId &&
    hasValidSession(context.liveness, present, session)
  ) {
    return "DUPLICATE_BROKER_REGISTRATION";
  }
  return request.isMigratingZkBroker ? "BROKER_ID_NOT_REGISTERED" : null;
}

/** A directory belongs to one broker; without any, or with one twice, its replicas could not be told apart. */
function refusalByDirectories(
  view: MetadataImage,
  { brokerId, logDirs }: BrokerRegistrationRequest,
): ErrorName | null {
  if (view.features.metadataVersion < MV_DIRECTORIES) return null;
  const isFit =
    logDirs.length > 0 &&
    !logDirs.some(isReservedUuid) &&
    new Set(logDirs).size === logDirs.length &&
    ![...view.cluster.brokers.values()].some(
      (other) => other.id !== brokerId && other.logDirs.some((id) => logDirs.includes(id)),
    );
  return isFit ? null : "INVALID_REGISTRATION";
}

/** The broker must understand every feature as it is finalized now; it would misread the log otherwise. */
function refusalByFeatures(
  finalized: FeaturesImage,
  { features }: BrokerRegistrationRequest,
): ErrorName | null {
  const names = new Set(features.map(({ name }) => name));
  // A feature that is not finalized is at level 0; no level is in a range whose ends are the wrong way round.
  const understood = features.every(({ name, minSupportedVersion, maxSupportedVersion }) => {
    const level = finalizedLevel(finalized, name);
    return minSupportedVersion <= level && level <= maxSupportedVersion;
  });
  if (!understood) return "UNSUPPORTED_VERSION";
  // A range that no reader can make sense of must not get into the log.
  if (names.size !== features.length || !features.every(isValidRange)) {
    return "INVALID_REGISTRATION";
  }
  if (!names.has(METADATA_VERSION)) return "INVALID_REGISTRATION";
  const isComplete = finalizedLevels(finalized).every(({ name }) => names.has(name));
  return isComplete ? null : "UNSUPPORTED_VERSION";
}

/** The same incarnation asks again: its epoch and state stay, what it says of itself is taken over. */
function amended(
  view: MetadataImage,
  request: BrokerRegistrationRequest,
  present: BrokerRegistration,
): Result {
  const response = accepted(present.epoch);
  const record = registration(view, request, {
    brokerEpoch: present.epoch,
    fenced: present.fenced,
    inControlledShutdown: present.inControlledShutdown,
    cordonedLogDirs: present.cordonedLogDirs.length === 0 ? null : present.cordonedLogDirs,
  });
  const { endPoints, features, rack, logDirs } = record.data;
  const isUnchanged =
    rack === present.rack &&
    sameItems(logDirs, present.logDirs) &&
    sameEndpoints(endPoints, present.listeners) &&
    sameFeatures(features, present.features);
  return { records: isUnchanged ? [] : [record], response };
}

/**
 * A new incarnation: the partitions let go of the one before, then the registration. More of them than a batch may
 * hold are let go part by part; until that is done the broker is told to ask again, as it does by itself.
 */
function incarnated(
  view: MetadataImage,
  request: BrokerRegistrationRequest,
  known: {
    readonly present: BrokerRegistration | undefined;
    readonly context: ControlContext;
  },
): Result {
  const { present, context } = known;
  const batch = new BoundedBatch();
  batch.take(partitionChangesAfter(view, endOf(request, present)));
  const brokerEpoch = context.nextOffset + batch.records.length;
  const record = registration(view, request, {
    brokerEpoch,
    fenced: true,
    inControlledShutdown: false,
    cordonedLogDirs: null,
  });
  const { records } = batch;
  if (!batch.add(record)) return { ...refused("REQUEST_TIMED_OUT"), records };
  return {
    records,
    response: accepted(brokerEpoch),
    liveness: withoutContact(context.liveness, request.brokerId),
  };
}

/**
 * How the incarnation before ended. It ended cleanly if the broker, when it stopped, noted the epoch that is
 * registered; if not, the tails of its logs may be gone, which matters where replicas outside the ISR are trusted.
 */
function endOf(
  { brokerId, previousBrokerEpoch }: BrokerRegistrationRequest,
  present: BrokerRegistration | undefined,
): BrokerChange {
  const wasClean = present?.epoch === previousBrokerEpoch;
  return { kind: wasClean ? "leaves" : "unclean-shutdown", brokerId };
}

type BrokerState = Pick<
  RegisterBrokerRecord,
  "brokerEpoch" | "fenced" | "inControlledShutdown" | "cordonedLogDirs"
>;

function registration(
  view: MetadataImage,
  request: BrokerRegistrationRequest,
  state: BrokerState,
): ReturnType<typeof RegisterBrokerRecord.of> {
  const { metadataVersion } = view.features;
  return RegisterBrokerRecord.of(registerBrokerRecordVersion(metadataVersion), {
    ...state,
    brokerId: request.brokerId,
    incarnationId: request.incarnationId,
    endPoints: request.listeners,
    features: request.features,
    rack: request.rack,
    logDirs: metadataVersion >= MV_DIRECTORIES ? request.logDirs : [],
  });
}
