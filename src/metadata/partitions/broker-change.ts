/**
 * What becomes of partitions when a broker leaves, comes back, or loses disks (KIP-631, KIP-841, KIP-858). One scan
 * of the image per change; records of changed partitions only, in the image's order. The broker's own records
 * are its registration's business: who fences it appends them before or after these.
 */
import { unreachable } from "../../std/assert.ts";
import type { Uuid } from "../../protocol/index.ts";
import { brokerById, isActiveBroker } from "../image/cluster-image.ts";
import type { MetadataImage } from "../image/metadata-image.ts";
import {
  electablePartitions,
  partitionsInDirectory,
  partitionsWithElrMember,
  partitionsWithIsrMember,
  type PartitionRow,
} from "../image/topics-image.ts";
import type { PartitionChange } from "./partition-change.ts";
import { partitionChanger } from "./partition-rules.ts";

export type BrokerChange =
  /** It is fenced, unregistered, or shuts down: it leaves every ISR and leads nothing. */
  | { readonly kind: "leaves"; readonly brokerId: number }
  /** It is unfenced: partitions without a leader may have one again. */
  | { readonly kind: "returns"; readonly brokerId: number }
  /** A new incarnation after an unclean stop: the tail of its logs may be gone (KIP-966). */
  | { readonly kind: "unclean-shutdown"; readonly brokerId: number }
  /** These of its directories are gone, and the replicas in them. */
  | {
      readonly kind: "directories-fail";
      readonly brokerId: number;
      readonly directories: readonly Uuid[];
    };

type Changes = Generator<PartitionChange, void, undefined>;

/**
 * The records that `change` entails, all computed against `view` as it is before any of them. A generator: a
 * broker may touch 100,000 partitions, and the caller cuts batches.
 *
 * A batch applied to the view makes what follows it no different: no partition occurs twice.
 */
export function* partitionChangesAfter(view: MetadataImage, change: BrokerChange): Changes {
  const { brokerId } = change;
  switch (change.kind) {
    case "leaves":
      yield* changesWithout(view, partitionsWithIsrMember(view.topics, brokerId), { brokerId });
      return;
    case "returns":
      yield* changesWith(view, brokerId);
      return;
    case "unclean-shutdown": {
      const unclean = { brokerId, isUnclean: true };
      yield* changesWithout(view, partitionsWithIsrMember(view.topics, brokerId), unclean);
      yield* changesWithout(view, partitionsWithElrMember(view.topics, brokerId), unclean);
      return;
    }
    case "directories-fail":
      for (const directory of change.directories) {
        const rows = partitionsInDirectory(view.topics, brokerId, directory);
        yield* changesWithout(view, rows, { brokerId });
      }
      return;
    default:
      unreachable(change);
  }
}

/** What becomes of `rows` when that broker's replicas of them are of no use any more. */
export function* changesWithout(
  view: MetadataImage,
  rows: Iterable<PartitionRow>,
  leaving: { readonly brokerId: number; readonly isUnclean?: boolean },
): Changes {
  const { brokerId, isUnclean = false } = leaving;
  const change = partitionChanger(view);
  const isActive = (id: number): boolean => id !== brokerId && isActiveBroker(view.cluster, id);
  const unclean = isUnclean ? { uncleanReplicas: [brokerId] } : {};
  for (const row of rows) {
    const isr = row.partition.isr.filter((id) => id !== brokerId);
    const record = change(row, { isr, ...unclean }, { election: "configured", isActive });
    if (record !== null) yield record;
  }
}

/** What becomes of partitions without a leader once that broker is there. */
function* changesWith(view: MetadataImage, brokerId: number): Changes {
  const change = partitionChanger(view);
  // It may still be fenced in `view`; one that is on its way out leads nothing all the same (KIP-841).
  const isLeaving = brokerById(view.cluster, brokerId)?.inControlledShutdown ?? true;
  const isActive = (id: number): boolean =>
    id === brokerId ? !isLeaving : isActiveBroker(view.cluster, id);
  for (const row of electablePartitions(view.topics, isActive)) {
    const record = change(row, {}, { election: "configured", isActive });
    if (record !== null) yield record;
  }
}
