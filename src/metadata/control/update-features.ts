/**
 * UpdateFeatures (KIP-584, KIP-778, KIP-1022): raises or lowers finalized levels, all of the request or none. A level
 * is taken only when every broker and every voter understands it. kraft.version is Raft's and stays at 1 here. What
 * makes eligible leader replicas safe is written before the level that switches them on (KIP-966).
 *
 * Only voters count among the controllers: the registration of one that has long left must not hold back an upgrade
 * for ever (KAFKA-20295).
 */
import {
  ErrorCode,
  FeatureLevelRecord,
  UpdateFeatures,
  type MetadataRecord,
  type UpdateFeaturesRequest,
  type UpdateFeaturesResponse,
} from "../../protocol/index.ts";
import { metadataVersionNeeded } from "../features/dependencies.ts";
import { METADATA_VERSION, MV_CONTROLLER_REGISTRATION, losesMetadata } from "../features/levels.ts";
import {
  ELIGIBLE_LEADER_REPLICAS,
  KRAFT_VERSION,
  supportedFeature,
  type FeatureRange,
} from "../features/supported.ts";
import { finalizedLevel } from "../image/features-image.ts";
import type { MetadataImage } from "../image/metadata-image.ts";
import { elrSafetyRecords } from "../partitions/min-isr.ts";
import { EXCESSIVE_BATCH } from "./api-error.ts";
import {
  RECORDS_PER_OPERATION_MAX,
  operation,
  type ControlContext,
  type ControlResult,
} from "./operation.ts";
import { controllerRegistrations } from "./own-registrations.ts";

const UPGRADE = 1;
const SAFE_DOWNGRADE = 2;
const UNSAFE_DOWNGRADE = 3;

interface Update {
  readonly name: string;
  readonly level: number;
  readonly upgradeType: number;
}

type Result = ControlResult<UpdateFeaturesResponse>;

export const updateFeatures = operation(UpdateFeatures, { kind: "write", run });

function run(view: MetadataImage, request: UpdateFeaturesRequest, context: ControlContext): Result {
  const updates = updatesOf(request, context.apiVersion);
  const names = new Set(updates.map(({ name }) => name));
  if (names.size !== updates.length) {
    return refused(ErrorCode.INVALID_REQUEST, "A feature is named more than once.");
  }
  const asked = updates.find(({ name }) => name === METADATA_VERSION);
  const metadataVersion = asked?.level ?? view.features.metadataVersion;
  for (const update of updates) {
    const reason = refusalOf(view, update, { metadataVersion, context });
    if (reason !== null) {
      const prefix =
        "The update failed for all features since the following feature had an error: ";
      return refused(ErrorCode.INVALID_UPDATE_VERSION, prefix + reason);
    }
  }
  const results = updates.map(({ name }) => ({ feature: name, errorMessage: null }));
  const records = recordsOf(view, updates, context);
  if (records.length > RECORDS_PER_OPERATION_MAX)
    return refused(EXCESSIVE_BATCH.errorCode, EXCESSIVE_BATCH.errorMessage ?? "");
  return {
    records: request.validateOnly ? [] : records,
    response: UpdateFeatures.response.fill({
      errorMessage: null,
      ...(context.apiVersion < 2 ? { results } : {}),
    }),
  };
}

const refused = (errorCode: number, errorMessage: string): Result => ({
  records: [],
  response: UpdateFeatures.response.fill({ errorCode, errorMessage }),
});

/** Version 0 had a word for downgrades that no controller of the quorum kind ever listened to. */
function updatesOf(request: UpdateFeaturesRequest, apiVersion: number): readonly Update[] {
  return request.featureUpdates.map(({ feature, maxVersionLevel, upgradeType }) => ({
    name: feature,
    level: maxVersionLevel,
    upgradeType: apiVersion === 0 ? UPGRADE : upgradeType,
  }));
}

/**
 * Only what changes is written; of levels metadata.version first, since it says how to read the rest. Controllers could
 * not register below 3.7-IV0, so the change that crosses it brings their registrations along.
 */
function recordsOf(
  view: MetadataImage,
  updates: readonly Update[],
  context: ControlContext,
): readonly MetadataRecord[] {
  const changed = updates
    .filter(
      ({ name, level }) => name !== KRAFT_VERSION && level !== finalizedLevel(view.features, name),
    )
    .toSorted((a, b) => rank(a) - rank(b) || (a.name < b.name ? -1 : 1));
  const levels = changed.map(({ name, level }) =>
    FeatureLevelRecord.of(0, { name, featureLevel: level }),
  );
  const crosses =
    view.features.metadataVersion < MV_CONTROLLER_REGISTRATION &&
    changed.some(
      ({ name, level }) => name === METADATA_VERSION && level >= MV_CONTROLLER_REGISTRATION,
    );
  const usesElr = updates.some(({ name, level }) => name === ELIGIBLE_LEADER_REPLICAS && level > 0);
  return [
    ...(usesElr ? elrSafetyRecords(view) : []),
    ...levels,
    ...(crosses ? controllerRegistrations(view.cluster, context.controllers) : []),
  ];
}

const rank = ({ name }: Update): number => (name === METADATA_VERSION ? 0 : 1);

interface World {
  /** The level that metadata.version will have after the request. */
  readonly metadataVersion: number;
  readonly context: ControlContext;
}

/** Why the update cannot be, in Kafka's words; null if it can. */
function refusalOf(view: MetadataImage, update: Update, world: World): string | null {
  const { name, level, upgradeType } = update;
  const because = (reason: string): string =>
    `Invalid update version ${level} for feature ${name}. ${reason}`;
  if (upgradeType < UPGRADE || upgradeType > UNSAFE_DOWNGRADE) {
    return because("The controller does not support the given upgrade type.");
  }
  if (level < 0) return because("A feature version cannot be less than 0.");
  const unsupported = whoLacks(view, update, world.context);
  if (unsupported !== null) return because(unsupported);
  const wrongWay = wrongDirection(update, finalizedLevel(view.features, name));
  if (wrongWay !== null) return because(wrongWay);
  if (name === METADATA_VERSION) return refusedDowngrade(view.features.metadataVersion, update);
  const needed = metadataVersionNeeded(name, level);
  return world.metadataVersion < needed
    ? because(
        `${name} could not be set to ${level} because it depends on metadata.version level ${needed}`,
      )
    : null;
}

function wrongDirection({ name, level, upgradeType }: Update, current: number): string | null {
  if (level > current && upgradeType !== UPGRADE) return "Can't downgrade to a newer version.";
  if (level >= current) return null;
  if (upgradeType === UPGRADE) {
    return (
      "Can't downgrade the version of this feature without setting the upgrade type to either safe or " +
      "unsafe downgrade."
    );
  }
  return name === KRAFT_VERSION ? "Can't downgrade the version of this feature." : null;
}

/** Below a level that brought new records, what the log already holds could not be written again. */
function refusedDowngrade(current: number, { level, upgradeType }: Update): string | null {
  if (!losesMetadata(current, level)) return null;
  const reason =
    upgradeType === SAFE_DOWNGRADE
      ? "Refusing to perform the requested downgrade because it might delete metadata information."
      : "Unsafe metadata downgrade is not supported in this version.";
  return `Unsupported metadata.version downgrade from ${current} to ${level}. ${reason}`;
}

/** The first node that does not understand the level: this one, then brokers, then the other voters. */
function whoLacks(
  view: MetadataImage,
  { name, level }: Update,
  context: ControlContext,
): string | null {
  const own = supportedFeature(name);
  const here = lacks(
    `Local controller ${context.controllerId}`,
    level,
    own?.minVersion,
    own?.maxVersion,
  );
  if (here !== null) return here;
  // Level 0 of a feature is its absence, of which every node is capable: there must be such a feature all the same.
  if (own === undefined) return `Feature ${name} not found.`;
  for (const { id, features } of view.cluster.brokers.values()) {
    const reason = lacksIn(`Broker ${id}`, level, rangeIn(features, name));
    if (reason !== null) return reason;
  }
  if (view.features.metadataVersion < MV_CONTROLLER_REGISTRATION) return null;
  for (const { id } of context.controllers.toSorted((a, b) => a.id - b.id)) {
    if (id === context.controllerId) continue;
    const registered = view.cluster.controllers.get(id);
    if (registered === undefined) {
      return `controller ${id} has not registered, and may not support this feature`;
    }
    const reason = lacksIn(`Controller ${id}`, level, rangeIn(registered.features, name));
    if (reason !== null) return reason;
  }
  return null;
}

const rangeIn = (features: readonly FeatureRange[], name: string): FeatureRange | undefined =>
  features.find((feature) => feature.name === name);

const lacksIn = (who: string, level: number, range: FeatureRange | undefined): string | null =>
  lacks(who, level, range?.minSupportedVersion, range?.maxSupportedVersion);

/** A node that does not name a feature understands its level 0 only, which is its absence. */
function lacks(who: string, level: number, min = 0, max = 0): string | null {
  if (min <= level && level <= max) return null;
  return max === 0
    ? `${who} does not support this feature.`
    : `${who} only supports versions ${min}-${max}`;
}
