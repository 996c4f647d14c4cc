/**
 * The first records of a cluster (KIP-778): its metadata.version, then its other features, the users that log in by
 * SCRAM from the beginning (KIP-900) and what all brokers are set to, in one transaction so that no reader sees half of
 * them; where eligible leader replicas are among the features, the minimum that they stand on too (KIP-966). What a
 * broker needs in the log before it can start is nothing more than this.
 */
import {
  BeginTransactionRecord,
  ConfigRecord,
  EndTransactionRecord,
  FeatureLevelRecord,
  UserScramCredentialRecord,
  type MetadataRecord,
} from "../protocol/index.ts";
import { CONFIG_RESOURCE } from "./image/configs-image.ts";
import { defaultLevels } from "./features/defaults.ts";
import { METADATA_VERSION, MV_DEFAULT, MV_TRANSACTIONS } from "./features/levels.ts";
import { ELIGIBLE_LEADER_REPLICAS, KRAFT_VERSION } from "./features/supported.ts";
import { clusterMinIsr } from "./partitions/min-isr.ts";

/** What a cluster is formed with. */
export interface Bootstrap {
  readonly metadataVersion: number;
  /** Other features by name; level 0 is not written, nor is kraft.version, which is Raft's. */
  readonly levels: ReadonlyMap<string, number>;
  /** Credentials, each of another user or mechanism, in the order in which they are written; none where left out. */
  readonly scramUsers?: readonly UserScramCredentialRecord[];
  /** Configs of all brokers; none where it is left out. */
  readonly brokerDefaults?: ReadonlyMap<string, string>;
}

/** A new cluster at `metadataVersion` with the features that are usual there, but for those that are `chosen`. */
export function defaultBootstrap(
  metadataVersion: number = MV_DEFAULT,
  chosen: Readonly<Record<string, number>> = {},
): Bootstrap {
  const levels = new Map([...defaultLevels(metadataVersion), ...Object.entries(chosen)]);
  levels.delete(KRAFT_VERSION);
  return { metadataVersion, levels };
}

export function bootstrapRecords({
  metadataVersion,
  levels,
  scramUsers = [],
  brokerDefaults = new Map(),
}: Bootstrap): readonly MetadataRecord[] {
  const others = [...levels]
    .filter(([name, level]) => level > 0 && name !== METADATA_VERSION)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, featureLevel]) => FeatureLevelRecord.of(0, { name, featureLevel }));
  const first = FeatureLevelRecord.of(0, { name: METADATA_VERSION, featureLevel: metadataVersion });
  const users = scramUsers.map((user) => UserScramCredentialRecord.of(0, user));
  const usesElr = (levels.get(ELIGIBLE_LEADER_REPLICAS) ?? 0) > 0;
  const minimum = usesElr ? clusterMinIsr(brokerDefaults) : null;
  const configs: readonly MetadataRecord[] = [...brokerDefaults]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) =>
      ConfigRecord.of(0, {
        resourceType: CONFIG_RESOURCE.BROKER,
        resourceName: "",
        name,
        value,
      }),
    );
  const last = minimum === null ? configs : [...configs, minimum];
  if (metadataVersion < MV_TRANSACTIONS) return [first, ...others, ...users, ...last];
  return [
    BeginTransactionRecord.of(0, { name: "Bootstrap records" }),
    first,
    ...others,
    ...users,
    ...last,
    EndTransactionRecord.of(0, {}),
  ];
}
