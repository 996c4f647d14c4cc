/**
 * What there is of an image's brokers, topics and partitions, and how much of it is not as it should be: counted once
 * for each state of the partitions, in slices.
 */
import {
  MIN_ISR,
  allPartitions,
  effectiveInteger,
  isUnderReplicated,
  topicById,
  type MetadataImage,
} from "../../src/metadata/index.ts";
import { nextEvent } from "./next-event.ts";

export interface MetadataCounts {
  readonly topics: number;
  readonly partitions: number;
  /** Without a leader. */
  readonly offline: number;
  /** Not led by their first replica. */
  readonly imbalanced: number;
  /** Led, and with a replica that is not in sync, one that is being added set aside. */
  readonly underReplicated: number;
  /** Led, and with fewer in sync than `min.insync.replicas`, or than there are replicas if those are fewer. */
  readonly underMinIsr: number;
}

/** A partition takes about a microsecond. */
const SLICE = 5_000;

interface Counted {
  readonly configs: MetadataImage["configs"];
  readonly counts: MetadataCounts;
}

const counted = new WeakMap<MetadataImage["topics"], Counted>();

export async function countsOf(image: MetadataImage): Promise<MetadataCounts> {
  const { topics, configs } = image;
  const known = counted.get(topics);
  if (known?.configs === configs) return known.counts;
  const counts = { offline: 0, imbalanced: 0, underReplicated: 0, underMinIsr: 0 };
  let minIsr: { readonly topicId: string; readonly value: number } | undefined;
  let slice = 0;
  for (const { topicId, partition } of allPartitions(topics)) {
    const { leader, isr, replicas } = partition;
    if (minIsr?.topicId !== topicId) {
      const name = topicById(topics, topicId)?.name ?? "";
      minIsr = { topicId, value: effectiveInteger(configs, name, MIN_ISR) };
    }
    if (leader === -1) counts.offline += 1;
    else {
      if (isUnderReplicated(partition)) counts.underReplicated += 1;
      if (isr.length < Math.min(minIsr.value, replicas.length)) counts.underMinIsr += 1;
    }
    if (leader !== replicas[0]) counts.imbalanced += 1;
    slice += 1;
    if (slice % SLICE === 0) await nextEvent();
  }
  const done = { topics: topics.byId.size, partitions: topics.partitionCount, ...counts };
  counted.set(topics, { configs, counts: done });
  return done;
}
