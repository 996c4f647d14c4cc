/**
 * The first thing a controller does in office (KIP-500, KIP-868): close what its predecessor left open, write the
 * first records of a log that has none, and see that every voter is registered with its present endpoints. It also
 * begins the soft state: every broker that counts as alive gets a whole session.
 */
import { AbortTransactionRecord, type MetadataRecord } from "../protocol/index.ts";
import { bootstrapRecords, type Bootstrap } from "./bootstrap.ts";
import type { ControlContext, ControlResult } from "./control/operation.ts";
import { controllerRegistrations } from "./control/own-registrations.ts";
import { contentsOf, type MetadataContents, type MetadataImage } from "./image/metadata-image.ts";
import { initialLiveness } from "./liveness/broker-heartbeats.ts";
import { MV_CONTROLLER_REGISTRATION } from "./features/levels.ts";

/**
 * Whether the log still lacks its first records is asked of the image and not of what this process has seen: a
 * leader that lost office before they were committed writes them when it is elected again. A log without any is
 * given those of `bootstrap`.
 */
export function takeOver(
  view: MetadataImage,
  context: ControlContext,
  bootstrap: Bootstrap,
): ControlResult<null> {
  const records: MetadataRecord[] = [];
  if (view.beforeTransaction !== null) {
    records.push(AbortTransactionRecord.of(0, { reason: "Controller failover" }));
  }
  const before: MetadataContents = view.beforeTransaction ?? contentsOf(view);
  const isNew = before.features.metadataVersion === 0;
  if (isNew) records.push(...bootstrapRecords(bootstrap));
  const metadataVersion = isNew ? bootstrap.metadataVersion : before.features.metadataVersion;
  if (metadataVersion >= MV_CONTROLLER_REGISTRATION) {
    records.push(...controllerRegistrations(before.cluster, context.controllers));
  }
  const liveness = initialLiveness({ ...view, ...before }, context.nowMs);
  return { records, liveness, response: null };
}

/** The voters have changed: those that are new are registered, as takeOver registers the others. */
export function registerVoters(view: MetadataImage, context: ControlContext): ControlResult<null> {
  const isPossible = view.features.metadataVersion >= MV_CONTROLLER_REGISTRATION;
  const records = isPossible ? controllerRegistrations(view.cluster, context.controllers) : [];
  return { records, response: null };
}
