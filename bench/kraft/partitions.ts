/**
 * AlterPartition: broker 1 leads every partition of a topic and takes a replica out of each ISR and in again, as when
 * one follower falls behind and catches up. A broker has one such request under way, so those in flight have a
 * connection each.
 */
import { AlterPartition, type Uuid } from "../../src/protocol/index.ts";
import { countedLoop, type Load } from "../load.ts";
import { openMany, type KafkaConnection } from "../../local/kafka-connection.ts";
import { assertNone, type SimulatedBroker } from "./simulated-broker.ts";
import { CLIENT, leaderOf, type Subject } from "./subject.ts";
import { at } from "./topics.ts";

export interface AlteredTopic {
  readonly topicId: Uuid;
  readonly partitions: { leaderEpoch: number; partitionEpoch: number; isShort: boolean }[];
}

export interface AlterShape {
  readonly inFlight: number;
  /** Partitions in one request. */
  readonly partitions: number;
  readonly requests: number;
}

/** `brokers` are the three replicas; the first of them leads. */
export async function alterPartitions(
  subject: Subject,
  {
    brokers,
    topic,
  }: { readonly brokers: readonly SimulatedBroker[]; readonly topic: AlteredTopic },
  { inFlight, partitions, requests }: AlterShape,
): Promise<Load> {
  const connections = await openMany((await leaderOf(subject)).port, inFlight, CLIENT);
  try {
    return await countedLoop({ writers: inFlight, count: requests }, (_, writer) =>
      alter(at(connections, writer), brokers, { topic, from: writer * partitions, partitions }),
    );
  } finally {
    for (const connection of connections) connection.close();
  }
}

async function alter(
  connection: KafkaConnection,
  brokers: readonly SimulatedBroker[],
  span: { readonly topic: AlteredTopic; readonly from: number; readonly partitions: number },
): Promise<void> {
  const { topic, from, partitions } = span;
  const leader = at(brokers, 0);
  const isr = brokers.map(({ id, epoch }) => ({ brokerId: id, brokerEpoch: epoch }));
  const mine = topic.partitions.slice(from, from + partitions);
  const answer = await connection.call(AlterPartition, 3, {
    brokerId: leader.id,
    brokerEpoch: leader.epoch,
    topics: [
      {
        topicId: topic.topicId,
        partitions: mine.map(({ leaderEpoch, partitionEpoch, isShort }, nth) => ({
          partitionIndex: from + nth,
          leaderEpoch,
          partitionEpoch,
          newIsrWithEpochs: isShort ? isr : isr.slice(0, -1),
        })),
      },
    ],
  });
  assertNone(answer.errorCode, "AlterPartition");
  for (const said of answer.topics.flatMap((each) => each.partitions)) {
    assertNone(said.errorCode, `AlterPartition of ${said.partitionIndex}`);
    const partition = at(topic.partitions, said.partitionIndex);
    partition.leaderEpoch = said.leaderEpoch;
    partition.partitionEpoch = said.partitionEpoch;
    partition.isShort = said.isr.length < brokers.length;
  }
}
