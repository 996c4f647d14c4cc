/**
 * ListPartitionReassignments (KIP-455): the moves under way. A read: topics and partitions that do not exist are passed
 * over, as are those that are not moved.
 */
import {
  ListPartitionReassignments,
  ErrorCode,
  type ListPartitionReassignmentsRequest,
  type ListPartitionReassignmentsResponse,
} from "../../protocol/index.ts";
import type { MetadataImage } from "../image/metadata-image.ts";
import { isReassigning } from "../image/partition.ts";
import {
  partitionAt,
  reassigningPartitions,
  topicById,
  topicByName,
  type PartitionRow,
} from "../image/topics-image.ts";
import { operation, type ControlContext, type ControlResult } from "./operation.ts";

type TopicResult = ListPartitionReassignmentsResponse["topics"][number];

export const listPartitionReassignments = operation(ListPartitionReassignments, {
  kind: "read",
  run,
});

function run(
  view: MetadataImage,
  request: ListPartitionReassignmentsRequest,
  _context: ControlContext,
): ControlResult<ListPartitionReassignmentsResponse> {
  const topics = request.topics === null ? everyMove(view) : movesOf(view, request.topics);
  return {
    records: [],
    response: { throttleTimeMs: 0, errorCode: ErrorCode.NONE, errorMessage: null, topics },
  };
}

function everyMove(view: MetadataImage): readonly TopicResult[] {
  const byTopic = new Map<string, PartitionRow[]>();
  for (const row of reassigningPartitions(view.topics)) {
    const name = topicById(view.topics, row.topicId)?.name ?? "";
    const rows = byTopic.get(name) ?? [];
    rows.push(row);
    byTopic.set(name, rows);
  }
  return Array.from(byTopic, ([name, rows]) => ({ name, partitions: rows.map(moveOf) }));
}

function movesOf(
  view: MetadataImage,
  asked: readonly { readonly name: string; readonly partitionIndexes: readonly number[] }[],
): readonly TopicResult[] {
  return asked.flatMap(({ name, partitionIndexes }) => {
    const topic = topicByName(view.topics, name);
    if (topic === undefined) return [];
    const partitions = partitionIndexes.flatMap((partitionId) => {
      const partition = partitionAt(view.topics, topic.id, partitionId);
      if (partition === undefined || !isReassigning(partition)) return [];
      return [moveOf({ topicId: topic.id, partitionId, partition })];
    });
    return partitions.length === 0 ? [] : [{ name, partitions }];
  });
}

function moveOf({ partitionId, partition }: PartitionRow): TopicResult["partitions"][number] {
  const { replicas, addingReplicas, removingReplicas } = partition;
  return { partitionIndex: partitionId, replicas, addingReplicas, removingReplicas };
}
