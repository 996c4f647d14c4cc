/**
 * The first records of a cluster (KIP-778): its metadata.version, then its other features, in one transaction so
 * that no reader sees half of them. What a broker needs in the log before it can start is nothing more than this.
 */
import {
  BeginTransactionRecord,
  EndTransactionRecord,
  FeatureLevelRecord,
  type MetadataRecord,
} from "../protocol/index.ts";
import { METADATA_VERSION } from "./image/features-image.ts";
import { MV_DEFAULT, MV_TRANSACTIONS } from "./features/levels.ts";

/** What a cluster is formed with. */
export interface Bootstrap {
  readonly metadataVersion: number;
  /** Other features by name; level 0 is not written, nor is kraft.version, which is Raft's. */
  readonly levels: ReadonlyMap<string, number>;
}

/** From which metadata.version a new cluster has these features, as `kafka-storage format` gives them. */
const DEFAULT_FEATURES = [
  { name: "group.version", level: 1, from: 22 },
  { name: "share.version", level: 1, from: 28 },
  { name: "streams.version", level: 1, from: 29 },
  { name: "transaction.version", level: 2, from: 24 },
] as const;

/** The features of a new cluster at `metadataVersion`; eligible leader replicas stay off until they are offered. */
export function defaultBootstrap(metadataVersion: number = MV_DEFAULT): Bootstrap {
  const levels = DEFAULT_FEATURES.filter(({ from }) => metadataVersion >= from);
  return { metadataVersion, levels: new Map(levels.map(({ name, level }) => [name, level])) };
}

export function bootstrapRecords({
  metadataVersion,
  levels,
}: Bootstrap): readonly MetadataRecord[] {
  const others = [...levels]
    .filter(([name, level]) => level > 0 && name !== METADATA_VERSION)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, featureLevel]) => FeatureLevelRecord.of(0, { name, featureLevel }));
  const first = FeatureLevelRecord.of(0, { name: METADATA_VERSION, featureLevel: metadataVersion });
  if (metadataVersion < MV_TRANSACTIONS) return [first, ...others];
  return [
    BeginTransactionRecord.of(0, { name: "Bootstrap records" }),
    first,
    ...others,
    EndTransactionRecord.of(0, {}),
  ];
}
