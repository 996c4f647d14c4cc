/**
 * The configs of groups (KIP-848, KIP-932, KIP-1071). Coordinators bound timeouts by settings of the brokers, which a
 * controller cannot see: the bounds here are their defaults.
 */
import { byName, type ConfigDefinition, type ConfigDefinitions } from "../definition.ts";

const int = (name: string, fallback: number, min: number): ConfigDefinition => ({
  name,
  type: "int",
  default: `${fallback}`,
  min,
});

/** What the coordinators allow by default, named after the broker configs `<prefix>.min.…` and `<prefix>.max.…`. */
export interface CoordinatorBounds {
  readonly name: string;
  readonly prefix: string;
  readonly setting: string;
  readonly min: number;
  readonly max: number;
}

const bounds = (kind: string, setting: string, min: number, max: number): CoordinatorBounds => ({
  name: `${kind}.${setting}`,
  prefix: `group.${kind}`,
  setting,
  min,
  max,
});

export const COORDINATOR_BOUNDS: readonly CoordinatorBounds[] = [
  bounds("consumer", "session.timeout.ms", 45_000, 60_000),
  bounds("consumer", "heartbeat.interval.ms", 5_000, 15_000),
  bounds("share", "session.timeout.ms", 45_000, 60_000),
  bounds("share", "heartbeat.interval.ms", 5_000, 15_000),
  bounds("share", "record.lock.duration.ms", 15_000, 60_000),
  bounds("streams", "session.timeout.ms", 45_000, 60_000),
  bounds("streams", "heartbeat.interval.ms", 5_000, 15_000),
];

/** An ISO 8601 duration in days, hours, minutes and seconds, as java.time reads it, and not negative. */
const DURATION = /^P(?=\d|T\d)(\d+D)?(T(?=\d)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?$/i;

const definitions: readonly ConfigDefinition[] = [
  int("consumer.assignment.interval.ms", 1_000, 0),
  int("consumer.heartbeat.interval.ms", 5_000, 1),
  int("consumer.session.timeout.ms", 45_000, 1),
  { name: "errors.deadletterqueue.copy.record.enable", type: "boolean", default: "false" },
  { name: "errors.deadletterqueue.topic.name", type: "string", default: "" },
  int("share.assignment.interval.ms", 1_000, 0),
  {
    name: "share.auto.offset.reset",
    type: "string",
    default: "latest",
    refuses: (value) =>
      value === "latest" ||
      value === "earliest" ||
      (value.startsWith("by_duration:") && DURATION.test(value.slice("by_duration:".length)))
        ? null
        : "the string must be one of: latest, earliest or by_duration:PnDTnHnMn.nS",
  },
  int("share.delivery.count.limit", 5, 2),
  int("share.heartbeat.interval.ms", 5_000, 1),
  {
    name: "share.isolation.level",
    type: "string",
    default: "read_uncommitted",
    oneOf: ["read_committed", "read_uncommitted"],
  },
  int("share.partition.max.record.locks", 2_000, 1),
  int("share.record.lock.duration.ms", 30_000, 1),
  { name: "share.renew.acknowledge.enable", type: "boolean", default: "true" },
  int("share.session.timeout.ms", 45_000, 1),
  int("streams.assignment.interval.ms", 1_000, 0),
  int("streams.heartbeat.interval.ms", 5_000, 1),
  int("streams.initial.rebalance.delay.ms", 3_000, 0),
  int("streams.num.standby.replicas", 0, 0),
  int("streams.session.timeout.ms", 45_000, 1),
  int("streams.task.offset.interval.ms", 60_000, 1),
];

export const GROUP_CONFIGS: ConfigDefinitions = byName(definitions);
