/**
 * The configs of topics, as Kafka 4.x documents them: names, types, defaults, bounds, and the broker configs that
 * give their defaults. A controller judges them when a topic is created or altered, because brokers apply what
 * the log says without asking again.
 */
import {
  byName,
  invalidValue,
  type BrokerSynonym,
  type ConfigDefinition,
  type ConfigDefinitions,
} from "../definition.ts";
import { elementsIn, integerIn, splitAt, trimmed } from "../values.ts";

const LONG_MAX = "9223372036854775807";
const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

const same = (name: string): readonly BrokerSynonym[] => [{ name, factor: 1 }];

/**
 * "*", or "partition:broker" pairs: which replicas replication quotas apply to (KIP-73). Kafka's controller takes
 * blanks around a pair and numbers beyond an int, at which its brokers fault: only what they read is taken here.
 */
const throttledReplicas = (name: string): ConfigDefinition => ({
  name,
  type: "list",
  default: "",
  hasOwnElements: true,
  refuses: (value) => (areThrottledReplicas(trimmed(value)) ? null : wrongReplicas(name, value)),
});

function areThrottledReplicas(value: string): boolean {
  if (value === "" || value === "*") return true;
  // Java forgets what is empty at the end of a list.
  return splitAt(value, ",").every((pair) => {
    const [partition = "", broker = "", ...rest] = pair.split(":");
    return rest.length === 0 && isCardinal(partition) && isCardinal(broker);
  });
}

const isCardinal = (text: string): boolean =>
  /^[0-9]+$/.test(text) && integerIn(text, "int") !== null;

const wrongReplicas = (name: string, value: string): string =>
  invalidValue(
    name,
    `[${elementsIn(value).join(", ")}]`,
    `${name} must be the literal '*' or a list of replicas in the following format: ` +
      "[partitionId]:[brokerId],[partitionId]:[brokerId],...",
  );

/** Gzip levels 1 to 9, or -1 for the library's own choice. */
export const refusesGzipLevel = (value: string): string | null =>
  /^(-1|[1-9])$/.test(value) ? null : "Value must be between 1 and 9 or equal to -1";

const definitions: readonly ConfigDefinition[] = [
  {
    name: "cleanup.policy",
    type: "list",
    default: "delete",
    oneOf: ["compact", "delete"],
    brokerSynonyms: same("log.cleanup.policy"),
  },
  {
    name: "compression.gzip.level",
    type: "int",
    default: "-1",
    refuses: refusesGzipLevel,
    brokerSynonyms: same("compression.gzip.level"),
  },
  {
    name: "compression.lz4.level",
    type: "int",
    default: "9",
    min: 1,
    max: 17,
    brokerSynonyms: same("compression.lz4.level"),
  },
  {
    name: "compression.type",
    type: "string",
    default: "producer",
    oneOf: ["uncompressed", "zstd", "lz4", "snappy", "gzip", "producer"],
    brokerSynonyms: same("compression.type"),
  },
  {
    name: "compression.zstd.level",
    type: "int",
    default: "3",
    min: -131_072,
    max: 22,
    brokerSynonyms: same("compression.zstd.level"),
  },
  {
    name: "delete.retention.ms",
    type: "long",
    default: "86400000",
    min: 0,
    brokerSynonyms: same("log.cleaner.delete.retention.ms"),
  },
  { name: "errors.deadletterqueue.group.enable", type: "boolean", default: "false", isNew: true },
  {
    name: "file.delete.delay.ms",
    type: "long",
    default: "60000",
    min: 0,
    brokerSynonyms: same("log.segment.delete.delay.ms"),
  },
  {
    name: "flush.messages",
    type: "long",
    default: LONG_MAX,
    min: 1,
    brokerSynonyms: same("log.flush.interval.messages"),
  },
  {
    name: "flush.ms",
    type: "long",
    default: LONG_MAX,
    min: 0,
    brokerSynonyms: [
      { name: "log.flush.interval.ms", factor: 1 },
      { name: "log.flush.scheduler.interval.ms", factor: 1 },
    ],
  },
  throttledReplicas("follower.replication.throttled.replicas"),
  {
    name: "index.interval.bytes",
    type: "int",
    default: "4096",
    min: 0,
    brokerSynonyms: same("log.index.interval.bytes"),
  },
  { name: "internal.segment.bytes", type: "int", default: "", isInternal: true },
  throttledReplicas("leader.replication.throttled.replicas"),
  {
    name: "local.retention.bytes",
    type: "long",
    default: "-2",
    min: -2,
    brokerSynonyms: same("log.local.retention.bytes"),
  },
  {
    name: "local.retention.ms",
    type: "long",
    default: "-2",
    min: -2,
    brokerSynonyms: same("log.local.retention.ms"),
  },
  {
    name: "max.compaction.lag.ms",
    type: "long",
    default: LONG_MAX,
    min: 1,
    brokerSynonyms: same("log.cleaner.max.compaction.lag.ms"),
  },
  {
    name: "max.message.bytes",
    type: "int",
    default: "1048588",
    min: 0,
    brokerSynonyms: same("message.max.bytes"),
  },
  {
    name: "message.timestamp.after.max.ms",
    type: "long",
    default: "3600000",
    min: 0,
    brokerSynonyms: same("log.message.timestamp.after.max.ms"),
  },
  {
    name: "message.timestamp.before.max.ms",
    type: "long",
    default: LONG_MAX,
    min: 0,
    brokerSynonyms: same("log.message.timestamp.before.max.ms"),
  },
  {
    name: "message.timestamp.type",
    type: "string",
    default: "CreateTime",
    oneOf: ["CreateTime", "LogAppendTime"],
    brokerSynonyms: same("log.message.timestamp.type"),
  },
  {
    name: "min.cleanable.dirty.ratio",
    type: "double",
    default: "0.5",
    min: 0,
    max: 1,
    brokerSynonyms: same("log.cleaner.min.cleanable.ratio"),
  },
  {
    name: "min.compaction.lag.ms",
    type: "long",
    default: "0",
    min: 0,
    brokerSynonyms: same("log.cleaner.min.compaction.lag.ms"),
  },
  {
    name: "min.insync.replicas",
    type: "int",
    default: "1",
    min: 1,
    brokerSynonyms: same("min.insync.replicas"),
  },
  {
    name: "preallocate",
    type: "boolean",
    default: "false",
    brokerSynonyms: same("log.preallocate"),
  },
  { name: "remote.log.copy.disable", type: "boolean", default: "false" },
  { name: "remote.log.delete.on.disable", type: "boolean", default: "false" },
  { name: "remote.storage.enable", type: "boolean", default: "false" },
  {
    name: "retention.bytes",
    type: "long",
    default: "-1",
    brokerSynonyms: same("log.retention.bytes"),
  },
  {
    name: "retention.ms",
    type: "long",
    default: "604800000",
    min: -1,
    brokerSynonyms: [
      { name: "log.retention.ms", factor: 1 },
      { name: "log.retention.minutes", factor: MINUTE_MS },
      { name: "log.retention.hours", factor: HOUR_MS },
    ],
  },
  {
    name: "segment.bytes",
    type: "int",
    default: "1073741824",
    // 4.0 takes 14; later brokers do not start with less than this (KIP-1030).
    min: 1_048_576,
    brokerSynonyms: same("log.segment.bytes"),
  },
  {
    name: "segment.index.bytes",
    type: "int",
    default: "10485760",
    min: 4,
    brokerSynonyms: same("log.index.size.max.bytes"),
  },
  {
    name: "segment.jitter.ms",
    type: "long",
    default: "0",
    min: 0,
    brokerSynonyms: [
      { name: "log.roll.jitter.ms", factor: 1 },
      { name: "log.roll.jitter.hours", factor: HOUR_MS },
    ],
  },
  {
    name: "segment.ms",
    type: "long",
    default: "604800000",
    min: 1,
    brokerSynonyms: [
      { name: "log.roll.ms", factor: 1 },
      { name: "log.roll.hours", factor: HOUR_MS },
    ],
  },
  {
    name: "unclean.leader.election.enable",
    type: "boolean",
    default: "false",
    brokerSynonyms: same("unclean.leader.election.enable"),
  },
];

/** Every config of a topic, in ascending order of name. */
export const TOPIC_CONFIGS: ConfigDefinitions = byName(definitions);
