/**
 * From one image to the next. A delta is private to its reader: it is written to while records are read and
 * given up when it is applied; images never change. Every area but topics and configs is a persistent map, which is
 * its own delta, so the functions that change it stand beside it; those two gather what is changed first.
 */
import { assert } from "../../std/assert.ts";
import type { MetadataRecord } from "../../protocol/index.ts";
import {
  contentsOf,
  type MetadataContents,
  type MetadataImage,
  type Provenance,
} from "../image/metadata-image.ts";
import { applyConfigsDelta, configsDelta } from "../image/configs-delta.ts";
import { applyTopicsDelta, topicsDelta } from "../image/topics-delta.ts";
import { replay, type ReplayTarget } from "./replay.ts";

/** What is replayed into. */
export type MetadataDelta = ReplayTarget;

export const metadataDelta = (base: MetadataContents): MetadataDelta => ({
  contents: contentsOf(base),
  topics: topicsDelta(base.topics),
  configs: configsDelta(base.configs),
});

export const appliedDelta = (delta: MetadataDelta): MetadataContents => ({
  ...delta.contents,
  topics: applyTopicsDelta(delta.topics),
  configs: applyConfigsDelta(delta.configs),
});

/**
 * The image after `records`, the last of which lies just below `provenance.endOffset`. Transactions (KIP-868) may
 * span calls: what an open one has done is undone by its abort, and by nothing else.
 */
export function applyRecords(
  image: MetadataImage,
  records: Iterable<MetadataRecord>,
  provenance: Provenance,
): MetadataImage {
  let before = image.beforeTransaction;
  let delta = metadataDelta(image);
  for (const record of records) {
    if (record.type === "BEGIN_TRANSACTION_RECORD") {
      assert(before === null, "a metadata transaction begins within another");
      before = appliedDelta(delta);
      delta = metadataDelta(before);
    } else if (record.type === "END_TRANSACTION_RECORD") {
      assert(before !== null, "a metadata transaction ends that never began");
      before = null;
    } else if (record.type === "ABORT_TRANSACTION_RECORD") {
      assert(before !== null, "a metadata transaction is aborted that never began");
      delta = metadataDelta(before);
      before = null;
    } else {
      replay(delta, record);
    }
  }
  const contents = appliedDelta(delta);
  const featuresEpoch =
    contents.features === image.features ? image.featuresEpoch : provenance.endOffset;
  return { ...contents, provenance, featuresEpoch, beforeTransaction: before };
}
