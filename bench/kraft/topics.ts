/** Creating and deleting topics, by one client or by many at a time. */
import { CreateTopics, DeleteTopics, ZERO_UUID, type Uuid } from "../../src/protocol/index.ts";
import { countedLoop, type Load } from "../load.ts";
import { openMany, type KafkaConnection } from "../../local/kafka-connection.ts";
import { assertNone } from "./simulated-broker.ts";
import { CLIENT, leaderOf, toLeader, type Subject } from "./subject.ts";

const REPLICAS = 3;
/** Names in one DeleteTopics. */
const DELETED_AT_ONCE = 500;

export interface NewTopic {
  readonly name: string;
  readonly partitions: number;
  /** The replicas of every partition, the first of which leads; the controller chooses when absent. */
  readonly replicas?: readonly number[];
}

export async function createTopic(connection: KafkaConnection, topic: NewTopic): Promise<Uuid> {
  const { name, partitions, replicas } = topic;
  const assignments =
    replicas === undefined
      ? []
      : Array.from({ length: partitions }, (_, partitionIndex) => ({
          partitionIndex,
          brokerIds: replicas,
        }));
  const answer = await connection.call(CreateTopics, 7, {
    topics: [
      {
        name,
        numPartitions: replicas === undefined ? partitions : -1,
        replicationFactor: replicas === undefined ? REPLICAS : -1,
        assignments,
        configs: [],
      },
    ],
  });
  const [created] = answer.topics;
  if (created === undefined) throw new Error("CreateTopics answered nothing");
  assertNone(created.errorCode, `CreateTopics ${name} (${created.errorMessage ?? ""})`);
  return created.topicId;
}

export async function deleteTopics(
  connection: KafkaConnection,
  names: readonly string[],
): Promise<void> {
  for (let from = 0; from < names.length; from += DELETED_AT_ONCE) {
    const topics = names
      .slice(from, from + DELETED_AT_ONCE)
      .map((name) => ({ name, topicId: ZERO_UUID }));
    const { responses } = await connection.call(DeleteTopics, 6, { topics, timeoutMs: 30_000 });
    for (const { errorCode, name } of responses) assertNone(errorCode, `DeleteTopics ${name}`);
  }
}

/** Creates `count` topics of one partition by `clients` at a time, and takes them away again, which is not measured. */
export async function createByClients(
  subject: Subject,
  { clients, count }: { readonly clients: number; readonly count: number },
): Promise<Load> {
  const connections = await openMany((await leaderOf(subject)).port, clients, CLIENT);
  const names: string[] = [];
  try {
    return await countedLoop({ writers: clients, count }, async (nth, writer) => {
      const name = `by-${clients}-${nth}`;
      await createTopic(at(connections, writer), { name, partitions: 1 });
      names.push(name);
    });
  } finally {
    await takeAway(subject, names);
    for (const connection of connections) connection.close();
  }
}

/** Deletes `count` topics of one partition, one after the other. */
export async function deleteOneByOne(subject: Subject, count: number): Promise<Load> {
  const connection = await toLeader(subject);
  try {
    const names = Array.from({ length: count }, (_, nth) => `gone-${nth}`);
    for (const name of names) await createTopic(connection, { name, partitions: 1 });
    return await countedLoop({ writers: 1, count }, (nth) =>
      deleteTopics(connection, names.slice(nth, nth + 1)),
    );
  } finally {
    connection.close();
  }
}

/** Creates topics of so many partitions, one after the other, and deletes each: the times of both. */
export async function largeTopics(
  subject: Subject,
  { partitions, count }: { readonly partitions: number; readonly count: number },
): Promise<{ readonly created: Load; readonly deleted: Load }> {
  const connection = await toLeader(subject);
  const name = (nth: number): string => `large-${partitions}-${nth}`;
  try {
    const created = await countedLoop(
      { writers: 1, count },
      async (nth) => void (await createTopic(connection, { name: name(nth), partitions })),
    );
    const deleted = await countedLoop({ writers: 1, count }, (nth) =>
      deleteTopics(connection, [name(nth)]),
    );
    return { created, deleted };
  } finally {
    connection.close();
  }
}

/** Deletes over a connection of its own, to whoever leads. */
export async function takeAway(subject: Subject, names: readonly string[]): Promise<void> {
  const connection = await toLeader(subject);
  try {
    await deleteTopics(connection, names);
  } finally {
    connection.close();
  }
}

/** What is there; to the compiler it might not be. */
export function at<Value>(values: readonly Value[], index: number): Value {
  const value = values[index];
  if (value === undefined) throw new Error(`there are ${values.length}, and no ${index}`);
  return value;
}
