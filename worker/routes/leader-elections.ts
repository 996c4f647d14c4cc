/** `POST /leader-elections`: elects leaders by hand (KIP-183, KIP-460), by one call of ElectLeaders. */
import { Hono } from "hono";
import * as v from "valibot";
import { ElectLeaders, ErrorCode, errorName } from "../../src/protocol/index.ts";
import { bodyOf } from "../http/body-fields.ts";
import type { Scope } from "../env.ts";
import { fieldsOf, IDS, listOf, oneOf, text, wholeNumber } from "../http/fields.ts";
import { wholeList } from "../http/resources.ts";
import { callForAsker, refuseUnless, TIMEOUT_MS } from "./asker-calls.ts";

const VERSION = 2;
/** Kafka's `ElectionType`. */
const TYPES = { PREFERRED: 0, UNCLEAN: 1 } as const;

/** Null stands for all partitions. */
export const ELECTION = fieldsOf({
  election_type: oneOf("PREFERRED", "UNCLEAN"),
  topic_partitions: v.nullable(
    listOf(fieldsOf({ topic_name: text, partition_ids: listOf(wholeNumber(IDS)) })),
  ),
});

export const leaderElections = new Hono<Scope>();

leaderElections.post("/leader-elections", async (context) => {
  const { election_type: type, topic_partitions: asked } = await bodyOf(context.req.raw, ELECTION);
  const electionType = TYPES[type];
  const topicPartitions =
    asked?.map(({ topic_name: topic, partition_ids: ids }) => ({ topic, partitions: ids })) ?? null;
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
