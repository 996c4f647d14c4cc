/**
 * A quorum of three controllers, as it is seen from outside: ports that take Kafka's frames, and what an operator can
 * do to a controller. Who leads is asked by DescribeQuorum, of whoever runs it.
 */
import { until } from "../../local/until.ts";
import {
  DescribeQuorum,
  ErrorCode,
  type DescribeQuorumResponse,
} from "../../src/protocol/index.ts";
import { KafkaConnection } from "../../local/kafka-connection.ts";

/** As whom a bench shows to the quorums that it measures. */
export const CLIENT = { clientId: "bench" } as const;

export type SubjectName = "kedge" | "KRaft" | "KRaft, linger 0";

export interface Subject {
  readonly name: SubjectName;
  readonly clusterId: string;
  /** The port of every controller, by its id. */
  readonly ports: ReadonlyMap<number, number>;
  /** Ends a controller at once, as a crash does. It may be back at once, or wait for `start`. */
  abort(nodeId: number): Promise<void>;
  /** Stops a controller as an operator does. */
  halt(nodeId: number): Promise<void>;
  /** Starts a controller that was aborted or stopped; nothing is done to one that runs. */
  start(nodeId: number): Promise<void>;
  /** Ends everything that belongs to it. */
  stop(): Promise<void>;
}

export interface Leader {
  readonly id: number;
  readonly epoch: number;
  readonly port: number;
}

export interface QuorumView extends Leader {
  readonly highWatermark: number;
  readonly voters: readonly { readonly id: number; readonly logEndOffset: number }[];
}

/** Three JVMs that start at once on a crowded machine take half a minute. */
const LEADER_MS = 90_000;
const LOOK_MS = 20;
/** What one controller is given to say who leads. */
const ANSWER_MS = 1_000;
/** A follower is in step when it is so near to the end: the leader goes on writing. */
const NEAR = 20;

export const leaderOf = (subject: Subject): Promise<QuorumView> =>
  until(`${subject.name} has a leader`, { withinMs: LEADER_MS, everyMs: LOOK_MS }, () =>
    askAll(subject),
  );

/** What the leader says of itself; undefined while nobody says that he leads. */
export async function askAll(subject: Subject): Promise<QuorumView | undefined> {
  for (const [id, port] of subject.ports) {
    const said = await ask(port).catch(() => undefined);
    if (said?.leaderId !== id) continue;
    return {
      id,
      port,
      epoch: said.leaderEpoch,
      highWatermark: said.highWatermark,
      voters: said.currentVoters.map(({ replicaId, logEndOffset }) => ({
        id: replicaId,
        logEndOffset,
      })),
    };
  }
  return undefined;
}

/** Waits until every voter has what the leader has. */
export async function untilInStep(subject: Subject): Promise<void> {
  await until(`${subject.name} is in step`, { withinMs: LEADER_MS, everyMs: 100 }, async () => {
    const view = await askAll(subject);
    if (view === undefined || view.voters.length !== subject.ports.size) return undefined;
    if (view.highWatermark < 0) return undefined;
    const isNear = view.voters.every(
      ({ logEndOffset }) => logEndOffset >= view.highWatermark - NEAR,
    );
    return isNear || undefined;
  });
}

/** Opens a connection to the leader. */
export async function toLeader(subject: Subject): Promise<KafkaConnection> {
  const { port } = await leaderOf(subject);
  return await KafkaConnection.open(port, CLIENT);
}

type PartitionView = DescribeQuorumResponse["topics"][number]["partitions"][number];

/** Rejects unless the leader itself was asked. */
async function ask(port: number): Promise<PartitionView> {
  const connection = await KafkaConnection.open(port, { ...CLIENT, patienceMs: ANSWER_MS });
  try {
    const { errorCode, topics } = await connection.call(DescribeQuorum, 2, {
      topics: [{ topicName: "__cluster_metadata", partitions: [{ partitionIndex: 0 }] }],
    });
    const partition = topics[0]?.partitions[0];
    const refusal = errorCode === ErrorCode.NONE ? partition?.errorCode : errorCode;
    if (partition === undefined || refusal !== ErrorCode.NONE)
      throw new Error(`DescribeQuorum was refused with ${refusal}`);
    return partition;
  } finally {
    connection.close();
  }
}
