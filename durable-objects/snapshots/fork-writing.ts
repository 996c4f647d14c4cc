/**
 * The snapshot that the log of a fork begins after: another cluster's state without those who took part in it, with the
 * fork's own voters in the header. The Worker writes it, since no node of the fork has a state of its own yet.
 */
import { forkRecords, type MetadataImage } from "../../src/metadata/index.ts";
import type { ClusterEntry } from "../cluster-entry.ts";
import { initialVoters } from "../replica/raft-config.ts";
import { SnapshotWriting } from "./snapshot-writing.ts";

/** `image` is out of any transaction, and ends with a batch; `fork` is the cluster that begins with it. */
export const forkWriting = (image: MetadataImage, fork: ClusterEntry): SnapshotWriting =>
  new SnapshotWriting(image, initialVoters(fork), forkRecords(image));
