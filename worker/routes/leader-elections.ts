/** `POST /leader-elections`: elects leaders by hand (KIP-183, KIP-460), by one call of ElectLeaders. */
import { Hono } from "hono";
import { ElectLeaders, ErrorCode, errorName } from "../../src/protocol/index.ts";
import { bodyFields } from "../http/body-fields.ts";
import type { Scope } from "../env.ts";
import { arrayAt, integerAt, invalid, objectAt, textAt, IDS } from "../http/fields.ts";
import { wholeList } from "../http/resources.ts";
import { callForAsker, refuseUnless, TIMEOUT_MS } from "./asker-calls.ts";

const VERSION = 2;
/** Kafka's `ElectionType`. */
const TYPES: ReadonlyMap<unknown, number> = new Map([
  ["PREFERRED", 0],
  ["UNCLEAN", 1],
]);
export const leaderElections = new Hono<Scope>();

leaderElections.post("/leader-elections", async (context) => {
  const body = await bodyFields(context.req.raw, ["election_type", "topic_partitions"]);
  const electionType = TYPES.get(body["election_type"]);
  if (electionType === undefined) throw invalid("election_type", "PREFERRED or UNCLEAN");
  const asked = body["topic_partitions"];
  const topicPartitions =
    asked === null ? null : arrayAt(asked, "topic_partitions").map(topicPartitionsAt);
  const request = { electionType, topicPartitions, timeoutMs: TIMEOUT_MS };
  const answer = await callForAsker(context, { api: ElectLeaders, version: VERSION, request });
  refuseUnless({ errorCode: answer.errorCode, errorMessage: null }, "leader-elections");
  const data = answer.replicaElectionResults.flatMap(({ topic, partitionResult }) =>
    partitionResult.map(({ partitionId, errorCode, errorMessage }) => ({
      topic_name: topic,
      partition_id: partitionId,
      /** Null where a leader was elected. */
      error: errorCode === ErrorCode.NONE ? null : errorName(errorCode),
      message: errorCode === ErrorCode.NONE ? null : errorMessage,
    })),
  );
  return context.json(wholeList(context, "KafkaLeaderElectionList", data));
});

function topicPartitionsAt(value: unknown, at: number) {
  const path = `topic_partitions[${at}]`;
  const { topic_name: topic, partition_ids: ids } = objectAt(value, path, [
    "topic_name",
    "partition_ids",
  ]);
  return {
    topic: textAt(topic, `${path}.topic_name`),
    partitions: arrayAt(ids, `${path}.partition_ids`).map((id, index) =>
      integerAt(id, `${path}.partition_ids[${index}]`, IDS),
    ),
  };
}
