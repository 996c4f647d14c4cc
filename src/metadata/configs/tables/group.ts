/**
 * The configs of groups (KIP-848, KIP-932, KIP-1071). Coordinators bound some of them by settings of the brokers, which
 * a controller cannot see: the bounds here are the defaults of those.
 */
import { byName, type ConfigDefinition, type ConfigDefinitions } from "../definition.ts";
import { durationIn } from "../values.ts";

const int = (name: string, fallback: number, min: number): ConfigDefinition => ({
  name,
  type: "int",
  default: `${fallback}`,
  min,
});

/** What coordinators allow by default, and which settings of theirs say so. */
export interface CoordinatorBounds {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly minSetting: string;
  readonly maxSetting: string;
}

const bounds = (kind: string, setting: string, min: number, max: number): CoordinatorBounds => ({
  name: `${kind}.${setting}`,
  min,
  max,
  minSetting: `group.${kind}.min.${setting}`,
  maxSetting: `group.${kind}.max.${setting}`,
});

export const COORDINATOR_BOUNDS: readonly CoordinatorBounds[] = [
  bounds("consumer", "heartbeat.interval.ms", 5_000, 15_000),
  bounds("consumer", "session.timeout.ms", 45_000, 60_000),
  bounds("consumer", "assignment.interval.ms", 0, 15_000),
  bounds("share", "heartbeat.interval.ms", 5_000, 15_000),
  bounds("share", "session.timeout.ms", 45_000, 60_000),
  bounds("share", "record.lock.duration.ms", 15_000, 60_000),
  bounds("share", "delivery.count.limit", 2, 10),
  bounds("share", "partition.max.record.locks", 100, 4_000),
  bounds("share", "assignment.interval.ms", 0, 15_000),
  bounds("streams", "heartbeat.interval.ms", 5_000, 15_000),
  bounds("streams", "session.timeout.ms", 45_000, 60_000),
  {
    ...bounds("streams", "num.standby.replicas", 0, 2),
    maxSetting: "group.streams.max.standby.replicas",
  },
  bounds("streams", "assignment.interval.ms", 0, 15_000),
];

const BY_DURATION = "by_duration:";

function isOffsetReset(value: string): boolean {
  if (value === "latest" || value === "earliest") return true;
  const duration = value.startsWith(BY_DURATION)
    ? durationIn(value.slice(BY_DURATION.length))
    : null;
  return duration !== null && duration >= 0n;
}

/** Where the records of a share group go that nobody could process (KIP-1191); "" is nowhere. */
export const DEAD_LETTER_TOPIC = "errors.deadletterqueue.topic.name";

const definitions: readonly ConfigDefinition[] = [
  int("consumer.assignment.interval.ms", 1_000, 0),
  int("consumer.heartbeat.interval.ms", 5_000, 1),
  int("consumer.session.timeout.ms", 45_000, 1),
  {
    name: "errors.deadletterqueue.copy.record.enable",
    type: "boolean",
    default: "false",
    isNew: true,
  },
  { name: DEAD_LETTER_TOPIC, type: "string", default: "", isNew: true },
  int("share.assignment.interval.ms", 1_000, 0),
  {
    name: "share.auto.offset.reset",
    type: "string",
    default: "latest",
    refuses: (value) =>
      isOffsetReset(value)
        ? null
        : `Invalid value \`${value}\` for configuration share.auto.offset.reset. The value must be either ` +
          "'earliest', 'latest' or of the format 'by_duration:<PnDTnHnMn.nS>'.",
  },
  int("share.delivery.count.limit", 5, 2),
  int("share.heartbeat.interval.ms", 5_000, 1),
  {
    name: "share.isolation.level",
    type: "string",
    default: "read_uncommitted",
    oneOf: ["read_committed", "read_uncommitted"],
  },
  int("share.partition.max.record.locks", 2_000, 100),
  int("share.record.lock.duration.ms", 30_000, 1_000),
  { name: "share.renew.acknowledge.enable", type: "boolean", default: "true" },
  int("share.session.timeout.ms", 45_000, 1),
  int("streams.assignment.interval.ms", 1_000, 0),
  int("streams.heartbeat.interval.ms", 5_000, 1),
  int("streams.initial.rebalance.delay.ms", 3_000, 0),
  int("streams.num.standby.replicas", 0, 0),
  int("streams.session.timeout.ms", 45_000, 1),
];

export const GROUP_CONFIGS: ConfigDefinitions = byName(definitions);
