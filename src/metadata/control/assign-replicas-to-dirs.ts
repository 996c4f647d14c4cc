/**
 * AssignReplicasToDirs (KIP-858): a broker with several log directories says in which of them its replicas lie. A
 * replica in a directory that is not online is a replica lost, and its partition is treated so in the same record.
 */
import {
  AssignReplicasToDirs,
  ErrorCode,
  type AssignReplicasToDirsRequest,
  type AssignReplicasToDirsResponse,
  type Uuid,
} from "../../protocol/index.ts";
import { hasBrokerEpoch, hasOnlineDirectory, isActiveBroker } from "../image/cluster-image.ts";
import type { MetadataImage } from "../image/metadata-image.ts";
import { mergePartition, type Partition } from "../image/partition.ts";
import { partitionAt, topicById } from "../image/topics-image.ts";
import type { DesiredPartition } from "../partitions/partition-change.ts";
import { partitionChanger, type ChangePartition } from "../partitions/partition-rules.ts";
import { MV_DIRECTORIES } from "../features/levels.ts";
import { BoundedBatch } from "./batch-bound.ts";
import { operation, type ControlContext, type ControlResult } from "./operation.ts";

type DirectoryResult = AssignReplicasToDirsResponse["directories"][number];

export const assignReplicasToDirs = operation(AssignReplicasToDirs, { kind: "write", run });

function run(
  view: MetadataImage,
  request: AssignReplicasToDirsRequest,
  _context: ControlContext,
): ControlResult<AssignReplicasToDirsResponse> {
  if (view.features.metadataVersion < MV_DIRECTORIES) {
    return { records: [], response: answer(ErrorCode.UNSUPPORTED_VERSION, []) };
  }
  if (!hasBrokerEpoch(view.cluster, request.brokerId, request.brokerEpoch)) {
    return { records: [], response: answer(ErrorCode.STALE_BROKER_EPOCH, []) };
  }
  const assignments = new Assignments(view, request.brokerId);
  const directories = request.directories.map(({ id, topics }) => ({
    id,
    topics: topics.map(({ topicId, partitions }) => ({
      topicId,
      partitions: partitions.map(({ partitionIndex }) => ({
        partitionIndex,
        errorCode: assignments.assign(id, topicId, partitionIndex),
      })),
    })),
  }));
  return { records: assignments.batch.records, response: answer(ErrorCode.NONE, directories) };
}

const answer = (
  errorCode: number,
  directories: readonly DirectoryResult[],
): AssignReplicasToDirsResponse => ({ throttleTimeMs: 0, errorCode, directories });

/** The assignments of one request. A replica named twice lies where it was named last. */
class Assignments {
  readonly batch = new BoundedBatch();
  readonly #view: MetadataImage;
  readonly #brokerId: number;
  readonly #change: ChangePartition;
  readonly #changed = new Map<string, Partition>();

  constructor(view: MetadataImage, brokerId: number) {
    this.#view = view;
    this.#brokerId = brokerId;
    this.#change = partitionChanger(view);
  }

  /** The error code of one replica's assignment. One that does not fit the batch is queued again by the broker. */
  assign(directory: Uuid, topicId: Uuid, partitionId: number): number {
    if (!this.batch.isWhole) return ErrorCode.REQUEST_TIMED_OUT;
    if (topicById(this.#view.topics, topicId) === undefined) return ErrorCode.UNKNOWN_TOPIC_ID;
    const key = `${topicId}:${partitionId}`;
    const partition =
      this.#changed.get(key) ?? partitionAt(this.#view.topics, topicId, partitionId);
    if (partition === undefined) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION;
    const brokerId = this.#brokerId;
    if (!partition.replicas.includes(brokerId)) return ErrorCode.NOT_LEADER_OR_FOLLOWER;

    const { cluster } = this.#view;
    const isLost = !hasOnlineDirectory(cluster, brokerId, directory);
    const desired: DesiredPartition = {
      directories: new Map([[brokerId, directory]]),
      ...(isLost ? { isr: partition.isr.filter((id) => id !== brokerId) } : {}),
    };
    const isActive = (id: number): boolean =>
      (id !== brokerId || !isLost) && isActiveBroker(cluster, id);
    // Saying where a replica lies loses nothing; saying that it lies nowhere is a failed directory.
    const election = isLost ? "configured" : "online";
    const row = { topicId, partitionId, partition };
    const record = this.#change(row, desired, { election, isActive });
    if (record === null) return ErrorCode.NONE;
    if (!this.batch.add(record)) return ErrorCode.REQUEST_TIMED_OUT;
    this.#changed.set(key, mergePartition(partition, record.data));
    return ErrorCode.NONE;
  }
}
