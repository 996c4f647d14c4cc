/**
 * The one partition that the quorum is about, as requests and responses name it, and the listener by which its
 * controllers are reached.
 */
import { assert } from "../../src/std/assert.ts";
import { isUuid, type Uuid } from "../../src/protocol/index.ts";

/** The listener by which controllers are reached, as brokers spell it in `controller.listener.names`. */
export const CONTROLLER_LISTENER = "CONTROLLER";

/** The topic of the metadata log; its one partition is 0. */
export const METADATA_TOPIC = "__cluster_metadata";

/** The topics of a message that says `partition` of the one metadata partition. */
export const about = <P>(partition: P) => [
  { topicName: METADATA_TOPIC, partitions: [{ partitionIndex: 0, ...partition }] },
];

/** The metadata partition of a request that names it by topic, or null when it names anything else. */
export function onlyPartition<P extends { readonly partitionIndex: number }>(
  topics: readonly { readonly topicName: string; readonly partitions: readonly P[] }[],
): P | null {
  const [only, ...more] = topics;
  const [partition, ...others] = only?.partitions ?? [];
  if (only?.topicName !== METADATA_TOPIC || partition?.partitionIndex !== 0) return null;
  return more.length + others.length > 0 ? null : partition;
}

/** Where the sleeping leader says that its log ends; -1 of one that is awake. */
export const sleepSaid = (asleepAt: number): { readonly asleepAt?: number } =>
  asleepAt < 0 ? {} : { asleepAt };

/** A directory id of ours as the wire has it. They are drawn as uuids when a cluster is created. */
export function directoryUuid(text: string): Uuid {
  assert(isUuid(text), `a directory id is a Kafka uuid, not ${text}`);
  return text;
}
