/**
 * An observer, as a broker is one: it fetches the metadata log from its beginning, or from a snapshot when that is what
 * the leader names, and waits for what comes. What arrives is kept as bytes and when it came, so that decoding it takes
 * no time from what is measured.
 */
import {
  ErrorCode,
  Fetch,
  FetchSnapshot,
  METADATA_TOPIC_ID,
  recordBatches,
  type FetchResponse,
} from "../../src/protocol/index.ts";
import { KafkaConnection } from "../../local/kafka-connection.ts";
import { assertNone } from "./simulated-broker.ts";
import { CLIENT, leaderOf, type QuorumView, type Subject } from "./subject.ts";
import { at } from "./topics.ts";

export interface Arrival {
  readonly atMs: number;
  /** Record batches of the log. */
  readonly bytes: Uint8Array;
}

export interface Joined {
  readonly ms: number;
  readonly bytes: number;
}

/** A broker's own (`KafkaRaftClient.MAX_FETCH_WAIT_MS` and `MAX_FETCH_SIZE_BYTES`). */
const WAIT_MS = 500;
const BYTES_MAX = 8 * 1_048_576;
const OBSERVER_ID = 5_000;

interface Position {
  readonly fetchOffset: number;
  readonly lastFetchedEpoch: number;
}

type Snapshot = FetchResponse["responses"][number]["partitions"][number]["snapshotId"];

/** From the connect until it has all that was committed when it was answered last. */
export async function join(subject: Subject): Promise<Joined> {
  const leader = await leaderOf(subject);
  const begun = performance.now();
  const connection = await KafkaConnection.open(leader.port, CLIENT);
  try {
    let position: Position = { fetchOffset: 0, lastFetchedEpoch: 0 };
    let bytes = 0;
    for (;;) {
      const answer = await fetchFrom(connection, leader, position, 0);
      const { snapshotId, highWatermark } = answer;
      if (snapshotId.endOffset >= 0) {
        bytes += await fetchSnapshot(connection, leader, snapshotId);
        position = { fetchOffset: snapshotId.endOffset, lastFetchedEpoch: snapshotId.epoch };
        continue;
      }
      bytes += answer.records.byteLength;
      position = after(answer.records, position);
      if (position.fetchOffset >= highWatermark) break;
    }
    return { ms: performance.now() - begun, bytes };
  } finally {
    connection.close();
  }
}

/** Keeps what is committed from now on until `stop` is called. */
export async function follow(
  subject: Subject,
): Promise<{ readonly arrivals: readonly Arrival[]; readonly stop: () => Promise<void> }> {
  const leader = await leaderOf(subject);
  const connection = await KafkaConnection.open(leader.port, CLIENT);
  const arrivals: Arrival[] = [];
  let position: Position = { fetchOffset: leader.highWatermark, lastFetchedEpoch: leader.epoch };
  const over = new AbortController();
  const following = (async (): Promise<void> => {
    while (!over.signal.aborted) {
      const { records } = await fetchFrom(connection, leader, position, WAIT_MS);
      if (records.byteLength > 0) arrivals.push({ atMs: performance.now(), bytes: records });
      position = after(records, position);
    }
  })();
  // Whoever stops it is told.
  following.catch(() => undefined);
  return {
    arrivals,
    stop: async () => {
      over.abort();
      try {
        await following;
      } finally {
        connection.close();
      }
    },
  };
}

interface Fetched {
  readonly highWatermark: number;
  readonly snapshotId: Snapshot;
  readonly records: Uint8Array;
}

async function fetchFrom(
  connection: KafkaConnection,
  { epoch }: QuorumView,
  position: Position,
  maxWaitMs: number,
): Promise<Fetched> {
  const answer = await connection.call(Fetch, 17, {
    replicaState: { replicaId: OBSERVER_ID },
    maxWaitMs,
    minBytes: 0,
    maxBytes: BYTES_MAX,
    topics: [
      {
        topicId: METADATA_TOPIC_ID,
        partitions: [
          { partition: 0, currentLeaderEpoch: epoch, partitionMaxBytes: 0, ...position },
        ],
      },
    ],
  });
  assertNone(answer.errorCode, "Fetch");
  const { errorCode, records, ...partition } = at(at(answer.responses, 0).partitions, 0);
  assertNone(errorCode, "Fetch");
  if (partition.divergingEpoch.epoch >= 0) throw new Error("the log diverges");
  return { ...partition, records: records ?? new Uint8Array() };
}

/** The position behind the batches in `records`. */
function after(records: Uint8Array, before: Position): Position {
  let position = before;
  for (const { lastOffset, leaderEpoch } of recordBatches(records, "ignore"))
    position = { fetchOffset: lastOffset + 1, lastFetchedEpoch: leaderEpoch };
  return position;
}

/** How many bytes it has. */
async function fetchSnapshot(
  connection: KafkaConnection,
  { epoch }: QuorumView,
  snapshotId: Snapshot,
): Promise<number> {
  for (let position = 0; ;) {
    const answer = await connection.call(FetchSnapshot, 1, {
      replicaId: OBSERVER_ID,
      maxBytes: BYTES_MAX,
      topics: [
        {
          name: "__cluster_metadata",
          partitions: [{ partition: 0, currentLeaderEpoch: epoch, snapshotId, position }],
        },
      ],
    });
    assertNone(answer.errorCode, "FetchSnapshot");
    const piece = at(at(answer.topics, 0).partitions, 0);
    if (piece.errorCode !== ErrorCode.NONE) assertNone(piece.errorCode, "FetchSnapshot");
    position += piece.unalignedRecords.byteLength;
    if (position >= piece.size) return position;
  }
}
