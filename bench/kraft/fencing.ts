/**
 * Brokers that lead many partitions fall silent, and an observer of the log sees them fenced: their sessions end nine
 * seconds after their last heartbeat, and what is measured is how long after that the last partition has another
 * leader. Brokers of different size go in one run, one a while after the other, so that nine seconds are waited for
 * once.
 */
import {
  decodeMetadataRecord,
  decodeVerifiedBatch,
  recordBatches,
  type MetadataRecord,
  type Uuid,
} from "../../src/protocol/index.ts";
import type { KafkaConnection } from "../../local/kafka-connection.ts";
import { follow, type Arrival } from "./observer.ts";
import { bringUp, type SimulatedBroker } from "./simulated-broker.ts";
import { toLeader, type Subject } from "./subject.ts";
import { at, createTopic, takeAway } from "./topics.ts";

/** Kafka's `broker.session.timeout.ms`. */
const SESSION_MS = 9_000;
/** Between one broker's silence and the next one's, so that none waits for the fencing of another. */
const APART_MS = 2_000;
/** How long what is fenced last is given, and how often it is looked whether it was: looking takes time by itself. */
const GIVEN_UP_MS = 30_000;
const LOOK_MS = 3_000;
/** Of one topic. */
const PARTITIONS = 5_000;
const FIRST_ID = 11;

/** A broker, and the topics of which it leads every partition. */
interface Led {
  readonly broker: SimulatedBroker;
  readonly partitions: number;
  readonly topics: Map<Uuid, string>;
  silentAtMs: number;
}

/**
 * For each number of partitions, the ms past the end of the session until the last of them had another leader; null
 * when that was not seen in time.
 */
export async function fenceLeaders(
  subject: Subject,
  sizes: readonly number[],
): Promise<readonly (number | null)[]> {
  const brokers = await bringUp(
    subject,
    sizes.map((_, nth) => FIRST_ID + nth),
  );
  const all = brokers.map((broker, nth): Led => {
    return { broker, partitions: at(sizes, nth), topics: new Map(), silentAtMs: 0 };
  });
  const connection = await toLeader(subject);
  try {
    for (const led of all) await createLed(connection, led);
    return await fenced(subject, all, connection);
  } finally {
    for (const { broker } of all) broker.fallSilent();
    await takeAway(
      subject,
      all.flatMap(({ topics }) => [...topics.values()]),
    );
    for (const { broker } of all) await broker.unregister(connection);
    connection.close();
  }
}

async function createLed(
  connection: KafkaConnection,
  { broker, partitions, topics }: Led,
): Promise<void> {
  for (let left = partitions; left > 0; left -= PARTITIONS) {
    const name = `led-by-${broker.id}-${left}`;
    const topic = { name, partitions: Math.min(left, PARTITIONS), replicas: [broker.id, 2, 3] };
    topics.set(await createTopic(connection, topic), name);
  }
}

async function fenced(
  subject: Subject,
  all: readonly Led[],
  connection: KafkaConnection,
): Promise<readonly (number | null)[]> {
  const { arrivals, stop } = await follow(subject);
  try {
    for (const led of all) {
      // Its timer is stopped first: this heartbeat is the last.
      led.broker.fallSilent();
      await led.broker.beat(connection);
      led.silentAtMs = performance.now();
      await pause(APART_MS);
    }
    await pause(SESSION_MS);
    const deadline = performance.now() + GIVEN_UP_MS;
    for (;;) {
      await pause(LOOK_MS);
      const changed = all.map((led) => lastChange(arrivals, led));
      if (changed.includes(undefined) && performance.now() < deadline) continue;
      return changed.map((atMs, nth) =>
        atMs === undefined ? null : atMs - at(all, nth).silentAtMs - SESSION_MS,
      );
    }
  } finally {
    await stop();
  }
}

/** When the last of its partitions was given another leader; undefined when that has not been seen. */
function lastChange(
  arrivals: readonly Arrival[],
  { broker, partitions, topics }: Led,
): number | undefined {
  const isChange = (record: MetadataRecord): boolean =>
    record.type === "PARTITION_CHANGE_RECORD" &&
    topics.has(record.data.topicId) &&
    record.data.leader >= 0 &&
    record.data.leader !== broker.id;
  let changed = 0;
  for (const { atMs, bytes } of arrivals) {
    for (const batch of recordBatches(bytes)) {
      const decoded = decodeVerifiedBatch(batch);
      if (decoded.isControl) continue;
      changed += decoded.values.filter((value) => isChange(decodeMetadataRecord(value))).length;
    }
    if (changed >= partitions) return atMs;
  }
  return undefined;
}

const pause = (ms: number): Promise<void> => new Promise((settle) => setTimeout(settle, ms));
