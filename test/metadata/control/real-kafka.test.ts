/**
 * What JVM controllers answered when tools created, grew, deleted, configured and elected, asked of ours in the same
 * order: the same codes, the same words, the same configs. Topic ids are drawn, so they are left out; so is whatever
 * hangs on the movements of brokers between two requests.
 */
import { expect, test } from "vitest";
import type { MetadataImage } from "../../../src/metadata/image/metadata-image.ts";
import { reassigningPartitions, topicByName } from "../../../src/metadata/image/topics-image.ts";
import { partitionChanger } from "../../../src/metadata/partitions/partition-rules.ts";
import { ask, conversationsOf, type Conversation } from "../conversations.ts";
import { lawfullyReplayed, world } from "../world.ts";

const APIS: ReadonlySet<string> = new Set([
  "CreateTopics",
  "DeleteTopics",
  "CreatePartitions",
  "ElectLeaders",
  "AlterPartitionReassignments",
  "ListPartitionReassignments",
  "AlterConfigs",
  "IncrementalAlterConfigs",
  "DescribeConfigs",
]);

/**
 * Ids are drawn; configs come in the order of a hash table; and since 4.3 Kafka speaks of cordoned directories also
 * where there are none.
 */
function comparable(conversation: Conversation): unknown {
  const text = JSON.stringify(conversation, (key, value: unknown) => {
    if (key === "topicId") return undefined;
    return key === "configs" && Array.isArray(value) ? value.toSorted(byText) : value;
  });
  return JSON.parse(text.replaceAll(CORDONED, ""));
}

const CORDONED = " or some brokers have all their log directories cordoned";
const byText = (a: unknown, b: unknown): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);

/** What the brokers did between two conversations: before a move is asked for, the last one has ended. */
function withReplicasInSync(view: MetadataImage, { name, request }: Conversation): MetadataImage {
  const isMove =
    name === "AlterPartitionReassignments" && !JSON.stringify(request).includes('"replicas":null');
  if (!isMove) return view;
  const change = partitionChanger(view);
  const records = [...reassigningPartitions(view.topics)].flatMap(
    (row) => change(row, { isr: row.partition.replicas }, { election: "configured" }) ?? [],
  );
  return lawfullyReplayed(view, records);
}

/** An election of a leader that had moved, of which the recording does not tell why. */
const followsUnrecordedMove = ({ name, request }: Conversation): boolean =>
  name === "ElectLeaders" && JSON.stringify(request).includes('"topic":"kadm-');

/** Topics that were there before the recording began. */
function withForeknown(view: MetadataImage, { request, response }: Conversation): MetadataImage {
  const text = JSON.stringify(response);
  const name = /Topic '([^']+)' already exists/.exec(text)?.[1];
  if (name === undefined || topicByName(view.topics, name) !== undefined) return view;
  return ask(view, { name: "CreateTopics", version: 7, request, response }).view;
}

test.each([
  ["4.0.2", 25],
  ["4.1.2", 27],
  ["4.3.1", 30],
])("Kafka %s and we say the same of topics", (kafka, metadataVersion) => {
  const conversations = conversationsOf(kafka, APIS);
  expect(conversations.length).toBeGreaterThan(40);
  // Eligible leader replicas are on from 4.1 on, and with them comes a minimum ISR for the cluster.
  const elr = metadataVersion > 25;
  const configs = {
    "broker:": { "background.threads": "11", ...(elr ? { "min.insync.replicas": "1" } : {}) },
  };
  let view = world({ brokers: "1 2 3", metadataVersion, elr, configs });
  for (const conversation of conversations) {
    if (followsUnrecordedMove(conversation)) continue;
    view = withReplicasInSync(withForeknown(view, conversation), conversation);
    const ours = ask(view, conversation);
    expect(comparable({ ...conversation, response: ours.response })).toEqual(
      comparable(conversation),
    );
    view = ours.view;
  }
});
