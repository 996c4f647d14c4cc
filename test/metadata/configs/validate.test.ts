import { describe, expect, test } from "vitest";
import { refusalOf } from "../../../src/metadata/configs/definition.ts";
import { configSynonyms } from "../../../src/metadata/configs/effective.ts";
import { TOPIC_CONFIGS } from "../../../src/metadata/configs/tables/topic.ts";
import {
  changesRefusal,
  configsRefusal,
  type ConfigRules,
  type Configs,
} from "../../../src/metadata/configs/validate.ts";
import { CONFIG_RESOURCE } from "../../../src/metadata/image/configs-image.ts";

const RULES = { hasCordonedDirectories: true, isForwarded: true };
/** Brokers say so in their files, and an operator to the controller. */
const TIERED = ["remote.log.storage.system.enable", "true"] as const;

const refusalOfResource = (
  resourceType: number,
  configs: Record<string, string>,
  clusterDefaults: Configs = new Map([TIERED]),
): string | null => {
  const resource = { resourceType, resourceName: "foo" };
  const change = { after: new Map(Object.entries(configs)), before: new Map<string, string>() };
  return configsRefusal(resource, change, { ...RULES, clusterDefaults })?.message ?? null;
};
const refusal = (configs: Record<string, string>, clusterDefaults?: Configs): string | null =>
  refusalOfResource(CONFIG_RESOURCE.TOPIC, configs, clusterDefaults);

describe("every topic config", () => {
  test.each([...TOPIC_CONFIGS.values()].filter(({ isInternal = false }) => !isInternal))(
    "$name has a default that it takes itself",
    (definition) => {
      expect(refusalOf(definition, definition.default)).toBeNull();
    },
  );

  test("stands in ascending order of name, as CreateTopics answers them", () => {
    expect([...TOPIC_CONFIGS.keys()]).toEqual([...TOPIC_CONFIGS.keys()].toSorted());
  });
});

describe("a topic config is taken", () => {
  test.each([
    { "cleanup.policy": "compact,delete", "retention.ms": "12345" },
    { "cleanup.policy": "compact" },
    { "retention.ms": "-1", "retention.bytes": "-1" },
    { preallocate: "TRUE" },
    { "min.cleanable.dirty.ratio": "0.01" },
    { "flush.ms": "9223372036854775807" },
    { "leader.replication.throttled.replicas": "0:1,1:2" },
    { "follower.replication.throttled.replicas": "*" },
    { "follower.replication.throttled.replicas": "" },
    { "remote.storage.enable": "true", "local.retention.ms": "-2" },
    { "remote.storage.enable": "true", "retention.ms": "100", "local.retention.ms": "100" },
  ])("%j", (configs) => {
    expect(refusal(configs)).toBeNull();
  });
});

describe("a topic config is refused", () => {
  test.each([
    [{ "nope.nope": "1" }, "Unknown topic config name: nope.nope"],
    [
      { "retention.ms": "abc" },
      "Invalid value abc for configuration retention.ms: Not a number of type LONG",
    ],
    [
      { "retention.ms": "-2" },
      "Invalid value -2 for configuration retention.ms: Value must be at least -1",
    ],
    [
      { "flush.ms": "9223372036854775808" },
      "Invalid value 9223372036854775808 for configuration flush.ms: Not a number of type LONG",
    ],
    [
      { "segment.bytes": "2147483648" },
      "Invalid value 2147483648 for configuration segment.bytes: Not a number of type INT",
    ],
    [
      { "segment.bytes": "1" },
      "Invalid value 1 for configuration segment.bytes: Value must be at least 1048576",
    ],
    [
      { "min.cleanable.dirty.ratio": "1.5" },
      "Invalid value 1.5 for configuration min.cleanable.dirty.ratio: Value must be no more than 1",
    ],
    [
      { preallocate: "yes" },
      "Invalid value yes for configuration preallocate: Expected value to be either true or false",
    ],
    [
      { "compression.type": "brotli" },
      "Invalid value brotli for configuration compression.type: String must be one of: " +
        "uncompressed, zstd, lz4, snappy, gzip, producer",
    ],
    [
      { "cleanup.policy": "compact,burn" },
      "Invalid value burn for configuration cleanup.policy: String must be one of: compact, delete",
    ],
    [
      { "compression.gzip.level": "0" },
      "Invalid value 0 for configuration compression.gzip.level: Value must be between 1 and 9 or equal to -1",
    ],
    [
      { "min.compaction.lag.ms": "5", "max.compaction.lag.ms": "4" },
      "conflict topic config setting min.compaction.lag.ms (5) > max.compaction.lag.ms (4)",
    ],
    [
      { "remote.storage.enable": "true", "cleanup.policy": "compact" },
      "Remote log storage only supports topics with cleanup.policy=delete or cleanup.policy being an empty list.",
    ],
    [
      { "remote.storage.enable": "true", "retention.ms": "10", "local.retention.ms": "11" },
      "Invalid value 11 for configuration local.retention.ms: " +
        "Value must not be more than retention.ms property value: 10",
    ],
    [
      { "remote.storage.enable": "true", "local.retention.ms": "-1" },
      "Invalid value -1 for configuration local.retention.ms: " +
        "Value must not be -1 as retention.ms value is set as 604800000.",
    ],
  ])("%j: %s", (configs, reason) => {
    expect(refusal(configs)).toBe(reason);
  });

  test("when what it inherits makes it wrong", () => {
    const clusterDefaults = new Map([["log.cleaner.max.compaction.lag.ms", "3"]]);
    const refused = refusal({ "min.compaction.lag.ms": "4" }, clusterDefaults);
    expect(refused).toMatch(/^conflict topic config/);
  });
});

describe("the effective value", () => {
  const retention = TOPIC_CONFIGS.get("retention.ms");
  const synonyms = (topic: Record<string, string>, cluster: Record<string, string>): unknown =>
    retention === undefined
      ? undefined
      : configSynonyms(retention, {
          topic: new Map(Object.entries(topic)),
          clusterDefaults: new Map(Object.entries(cluster)),
        }).map(({ name, value, source }) => `${name}=${value} (${source})`);

  test.each<readonly [Record<string, string>, Record<string, string>, readonly string[]]>([
    [{}, {}, ["log.retention.ms=604800000 (5)"]],
    [{ "retention.ms": "1" }, {}, ["retention.ms=1 (1)", "log.retention.ms=604800000 (5)"]],
    [
      { "retention.ms": "1" },
      { "log.retention.ms": "2" },
      ["retention.ms=1 (1)", "log.retention.ms=2 (3)", "log.retention.ms=604800000 (5)"],
    ],
    [
      {},
      { "log.retention.hours": "789" },
      ["log.retention.hours=2840400000 (3)", "log.retention.ms=604800000 (5)"],
    ],
    [
      {},
      { "log.retention.hours": "-1", "log.retention.minutes": "2" },
      [
        "log.retention.minutes=120000 (3)",
        "log.retention.hours=-1 (3)",
        "log.retention.ms=604800000 (5)",
      ],
    ],
  ])("of retention.ms on topic %j under cluster %j is %j", (topic, cluster, expected) => {
    expect(synonyms(topic, cluster)).toEqual(expected);
  });
});

describe("other resources", () => {
  test.each([
    [{ "consumer.session.timeout.ms": "50000" }, null],
    [
      { "consumer.session.timeout.ms": "1" },
      "consumer.session.timeout.ms must be greater than or equal to group.consumer.min.session.timeout.ms",
    ],
    [
      { "share.heartbeat.interval.ms": "20000" },
      "share.heartbeat.interval.ms must be less than or equal to group.share.max.heartbeat.interval.ms",
    ],
    [{ "share.auto.offset.reset": "by_duration:P1DT2H3.5S" }, null],
    [
      { "share.auto.offset.reset": "by_duration:P" },
      "Invalid value by_duration:P for configuration share.auto.offset.reset: " +
        "Invalid value `by_duration:P` for configuration share.auto.offset.reset. The value must be either " +
        "'earliest', 'latest' or of the format 'by_duration:<PnDTnHnMn.nS>'.",
    ],
    [{ "errors.deadletterqueue.topic.name": "dead" }, null],
    [
      { "errors.deadletterqueue.topic.name": " __dead" },
      "errors.deadletterqueue.topic.name: DLQ topic name must not start with '__'",
    ],
    [{ nope: "1" }, "Unknown group config name: nope"],
  ])("a group with %j: %s", (configs, reason) => {
    expect(refusalOfResource(CONFIG_RESOURCE.GROUP, configs)).toBe(reason);
  });

  test.each([
    [{ "interval.ms": "30000", match: "client_id=abc.*", metrics: "org.apache.kafka." }, null],
    [
      { "interval.ms": "1" },
      "Invalid value 1 for interval.ms, interval must be between 100 and 3600000 (1 hour)",
    ],
    [{ match: "planet=mars" }, "Illegal client matching pattern: planet=mars"],
    [{ match: "client_id=(" }, "Illegal client matching pattern: client_id=("],
    [{ nope: "1" }, "Unknown client metrics configuration: nope"],
  ])("a client metrics subscription with %j: %s", (configs, reason) => {
    expect(refusalOfResource(CONFIG_RESOURCE.CLIENT_METRICS, configs)).toBe(reason);
  });
});

const refusalOfChange = (
  value: string | null,
  present: string | null,
  rules: Partial<ConfigRules> = {},
): string | null => {
  const before = new Map(present === null ? [] : [["cordoned.log.dirs", present]]);
  const resource = { resourceType: CONFIG_RESOURCE.BROKER, resourceName: "1" };
  const asked = { ...RULES, clusterDefaults: new Map(), isForwarded: false, ...rules };
  return changesRefusal(resource, [["cordoned.log.dirs", value]], before, asked)?.message ?? null;
};

describe("cordoned.log.dirs, asked of a controller directly (KIP-1066)", () => {
  test.each([
    ["/a", "/a,/b"],
    [" /b , /a ", "/a,/b"],
    ["", "/a"],
    ["", null],
    [null, "/a"],
  ])("may become %j where it is %j", (value, present) => {
    expect(refusalOfChange(value, present)).toBeNull();
  });

  test.each([
    ["/a", null],
    ["/a,/c", "/a,/b"],
    ["/A", "/a"],
  ])("may not become %j where it is %j, but of a broker", (value, present) => {
    expect(refusalOfChange(value, present)).toBe(
      "When updating cordoned.log.dirs via controllers,  the new value must be a subset of the current " +
        "configuration value.",
    );
    expect(refusalOfChange(value, present, { isForwarded: true })).toBeNull();
  });

  test("waits for 4.3-IV0, whoever asks", () => {
    for (const isForwarded of [true, false]) {
      expect(refusalOfChange("", "/a", { isForwarded, hasCordonedDirectories: false })).toMatch(
        /requires metadata.version >= 4.3-IV0$/,
      );
    }
  });
});
