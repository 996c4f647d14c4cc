import { describe, expect, test } from "vitest";
import { alterConfigs } from "../../../src/metadata/control/alter-configs.ts";
import { createTopics } from "../../../src/metadata/control/create-topics.ts";
import { describeConfigs } from "../../../src/metadata/control/describe-configs.ts";
import { incrementalAlterConfigs } from "../../../src/metadata/control/incremental-alter-configs.ts";
import { configsOf } from "../../../src/metadata/image/configs-image.ts";
import type { MetadataImage } from "../../../src/metadata/image/metadata-image.ts";
import { ANONYMOUS_CALLER } from "../../../src/metadata/control/operation.ts";
import { partitionChangesAfter } from "../../../src/metadata/partitions/broker-change.ts";
import {
  brokerEpoch,
  lawfullyReplayed,
  line,
  record,
  replayed,
  run,
  told,
  world,
} from "../world.ts";

const TOPIC = 2;
const BROKER = 4;
const CLIENT_METRICS = 16;
const [SET, DELETE, APPEND, SUBTRACT] = [0, 1, 2, 3];

type Operation = readonly [name: string, operation: number | undefined, value?: string | null];

function altered(
  view: MetadataImage,
  [resourceType, resourceName]: readonly [number, string],
  ...operations: readonly Operation[]
): { readonly said: string | undefined; readonly view: MetadataImage; readonly set: object } {
  const ran = run(incrementalAlterConfigs, view, {
    resources: [
      {
        resourceType,
        resourceName,
        configs: operations.map(([name, configOperation, value = null]) => ({
          name,
          configOperation,
          value,
        })),
      },
    ],
  });
  const set = Object.fromEntries(configsOf(ran.view.configs, resourceType, resourceName));
  return { said: ran.response.responses.map(told)[0], view: ran.view, set };
}

const topics = { foo: ["0,1 / 0,1 / 0"] };
const VIEW = world({ brokers: "0 1", topics });

const created = (
  view: MetadataImage,
  configs: Record<string, string> = {},
): (string | undefined)[] =>
  run(createTopics, view, {
    topics: [
      {
        name: "new",
        numPartitions: 1,
        replicationFactor: 2,
        configs: Object.entries(configs).map(([name, value]) => ({ name, value })),
      },
    ],
  }).response.topics.map(told);

const left = (): MetadataImage => {
  const view = world({
    brokers: "0 1",
    configs: { "broker:1": { "num.io.threads": "9", "log.cleaner.threads": "2" } },
  });
  return replayed(view, [
    record("UNREGISTER_BROKER_RECORD", 0, { brokerId: 1, brokerEpoch: brokerEpoch(1) }),
  ]);
};

describe("a list of brokers that is not set", () => {
  test.each<readonly [string, string, number | undefined, string, string]>([
    [
      "",
      "metric.reporters",
      APPEND,
      "my.Reporter",
      "org.apache.kafka.common.metrics.JmxReporter,my.Reporter",
    ],
    ["1", "ssl.enabled.protocols", SUBTRACT, "TLSv1.2", "TLSv1.3"],
    ["", "sasl.enabled.mechanisms", APPEND, "SCRAM-SHA-512", "GSSAPI,SCRAM-SHA-512"],
    ["1", "log.cleanup.policy", APPEND, "compact", "delete,compact"],
    ["", "sasl.kerberos.principal.to.local.rules", APPEND, "R", "DEFAULT,R"],
    ["", "listeners", APPEND, "SSL://:9093", "PLAINTEXT://:9092,SSL://:9093"],
    ["", "group.consumer.assignors", SUBTRACT, "range", "uniform"],
  ])("of '%s': %s, operation %i of %s, becomes %s", (broker, name, operation, value, expected) => {
    const { set } = altered(VIEW, [BROKER, broker], [name, operation, value]);
    expect(set).toEqual({ [name]: expected });
  });

  test.each([
    [BROKER, "", "listener.name.x.ssl.cipher.suites"],
    [BROKER, "", "background.threads"],
    [BROKER, "", "no.such.config"],
    [CLIENT_METRICS, "m", "metrics"],
  ])("of resource type %i '%s' is no list: %s", (resourceType, name, key) => {
    const { said } = altered(VIEW, [resourceType, name], [key, APPEND, "a"]);
    expect(said).toBe(`INVALID_CONFIG: Can't APPEND to key ${key} because its type is not LIST.`);
  });

  test("nothing is no element", () => {
    const { said } = altered(VIEW, [TOPIC, "foo"], ["cleanup.policy", APPEND, ""]);
    expect(said).toMatch(/^INVALID_CONFIG/);
  });
});

describe("tiered storage", () => {
  const CLUSTER = { "remote.log.storage.system.enable": "true" };
  const tiered = (topic: Record<string, string>): MetadataImage =>
    world({ brokers: "0 1", topics, configs: { "broker:": CLUSTER, "topic:foo": topic } });
  const ON = { "remote.storage.enable": "true" };
  const DISABLED =
    "INVALID_CONFIG: Tiered Storage functionality is disabled in the broker. " +
    "Topic cannot be configured with remote log storage.";

  test("is refused on a cluster that has none, as by Kafka's default", () => {
    const set: Operation = ["remote.storage.enable", SET, "true"];
    expect(altered(VIEW, [TOPIC, "foo"], set).said).toBe(DISABLED);
    const configs = [{ name: "remote.storage.enable", value: "true" }];
    const { response } = run(createTopics, VIEW, {
      topics: [{ name: "new", numPartitions: 1, replicationFactor: 2, configs }],
    });
    expect(response.topics.map(told)).toEqual([DISABLED]);
  });

  test("is taken once a config of all brokers says that they have it", () => {
    const cluster = altered(VIEW, [BROKER, ""], ["remote.log.storage.system.enable", SET, "true"]);
    const set: Operation = ["remote.storage.enable", SET, "true"];
    expect(altered(cluster.view, [TOPIC, "foo"], set).said).toBe("NONE");
  });

  test.each<readonly [string, Operation]>([
    ["deleted", ["remote.storage.enable", DELETE]],
    ["set to false", ["remote.storage.enable", SET, "false"]],
  ])("is not %s without deleting what is stored remotely", (_, operation) => {
    const { said, set } = altered(tiered(ON), [TOPIC, "foo"], operation);
    expect(said).toMatch(
      /^INVALID_CONFIG: It is invalid to disable remote storage without deleting/,
    );
    expect(set).toEqual(ON);
    const view = tiered({ ...ON, "remote.log.delete.on.disable": "true" });
    expect(altered(view, [TOPIC, "foo"], operation).said).toBe("NONE");
  });

  test("is not switched off by replacing all configs of the topic either", () => {
    const { response } = run(alterConfigs, tiered(ON), {
      resources: [{ resourceType: TOPIC, resourceName: "foo", configs: [] }],
    });
    expect(response.responses.map(told)[0]).toMatch(/^INVALID_CONFIG: It is invalid to disable/);
  });

  test("keeps as much locally as in all where nothing more is copied", () => {
    const { said } = altered(
      tiered({ ...ON, "local.retention.ms": "1", "retention.ms": "2" }),
      [TOPIC, "foo"],
      ["remote.log.copy.disable", SET, "true"],
    );
    expect(said).toMatch(/^INVALID_CONFIG: When `remote.log.copy.disable` is set to true/);
  });
});

describe("cordoned.log.dirs (KIP-1066)", () => {
  test("wait for a metadata.version that has them", () => {
    const view = world({ brokers: "0 1", metadataVersion: 25 });
    expect(altered(view, [BROKER, "1"], ["cordoned.log.dirs", SET, "/data"]).said).toBe(
      "INVALID_CONFIG: The cordoned.log.dirs configuration value cannot be set because it requires " +
        "metadata.version >= 4.3-IV0",
    );
    expect(altered(view, [BROKER, "1"], ["cordoned.log.dirs", DELETE]).said).toMatch(
      /^INVALID_CONFIG/,
    );
  });

  test("are taken of the broker that knows its directories, and given up by whom it may be", () => {
    const view = world({ brokers: "0 1", metadataVersion: 30 });
    const set = (value: string): Operation => ["cordoned.log.dirs", SET, value];
    expect(altered(view, [BROKER, "1"], set("/a")).said).toMatch(/must be a subset of the current/);
    const caller = { ...ANONYMOUS_CALLER, isForwarded: true };
    const resources = [
      {
        resourceType: BROKER,
        resourceName: "1",
        configs: [{ name: "cordoned.log.dirs", configOperation: SET, value: "/a,/b" }],
      },
    ];
    const forwarded = run(incrementalAlterConfigs, view, { resources }, { caller });
    expect(forwarded.response.responses.map(told)).toEqual(["NONE"]);
    expect(altered(forwarded.view, [BROKER, "1"], set("/b")).said).toBe("NONE");
  });
});

describe("a value that could not be computed with", () => {
  const LAG = "log.cleaner.max.compaction.lag.ms";
  test.each([
    [LAG, "10 minutes", "Not a number of type LONG"],
    ["log.retention.hours", "a week", "Not a number of type INT"],
    ["log.cleaner.min.cleanable.ratio", "50%", "Not a number of type DOUBLE"],
    ["unclean.leader.election.enable", "yes", "Expected value to be either true or false"],
    ["min.insync.replicas", "0", "Value must be at least 1"],
    ["log.segment.bytes", "14", "Value must be at least 1048576"],
    ["num.io.threads", "${file:", "Not a number of type INT"],
    ["log.cleanup.policy", "burn", "String must be one of: compact, delete"],
    [
      "listener.name.x.ssl.client.auth",
      "maybe",
      "String must be one of: required, requested, none",
    ],
  ])("is no config of brokers: %s=%s", (name, value, reason) => {
    for (const broker of ["", "1"]) {
      const { said, set } = altered(VIEW, [BROKER, broker], [name, SET, value]);
      expect(said).toBe(
        `INVALID_CONFIG: Invalid value ${value} for configuration ${name}: ${reason}`,
      );
      expect(set).toEqual({});
    }
  });

  test("may be a reference that each broker follows, and a name of a plugin's", () => {
    const { said } = altered(
      VIEW,
      [BROKER, ""],
      ["num.io.threads", SET, "${file:/etc/kafka.properties:threads}"],
      ["my.plugin.size", SET, "large"],
    );
    expect(said).toBe("NONE");
  });

  test("can be deleted, and does not hinder other changes", () => {
    const view = world({ brokers: "0 1", configs: { "broker:": { [LAG]: "10 minutes" } } });
    expect(altered(view, [BROKER, ""], ["num.io.threads", SET, "9"]).said).toBe("NONE");
    expect(altered(view, [BROKER, ""], [LAG, DELETE]).set).toEqual({});
  });

  test.each([
    { [LAG]: "10 minutes" },
    { [LAG]: "${file:/etc/kafka.properties:lag}" },
    { "log.cleaner.min.compaction.lag.ms": "NaN" },
    { "log.retention.hours": "a week", "log.retention.minutes": "" },
    { "min.insync.replicas": "many", "unclean.leader.election.enable": "maybe" },
  ])("counts as not set where the log holds it: %j", (cluster) => {
    const view = world({ brokers: "0 1", topics, configs: { "broker:": cluster } });
    expect(created(view)).toEqual(["NONE"]);
    expect(created(view, { "max.compaction.lag.ms": "1", "retention.ms": "5" })).toEqual(["NONE"]);
    expect(altered(view, [TOPIC, "foo"], ["segment.ms", SET, "5"]).said).toBe("NONE");
    expect(altered(view, [TOPIC, "foo"], ["min.compaction.lag.ms", SET, "5"]).said).toBe("NONE");
  });

  test("gives way to the next that can be read, and is told last", () => {
    const cluster = { "log.retention.ms": "soon", "log.retention.minutes": "2" };
    const view = world({ brokers: "0 1", topics, configs: { "broker:": cluster } });
    const { response } = run(describeConfigs, view, {
      includeSynonyms: true,
      resources: [
        { resourceType: TOPIC, resourceName: "foo", configurationKeys: ["retention.ms"] },
      ],
    });
    const [entry] = response.results[0]?.configs ?? [];
    expect(entry?.value).toBe("120000");
    expect(entry?.synonyms.map(({ name, value }) => `${name}=${value}`)).toEqual([
      "log.retention.minutes=120000",
      "log.retention.ms=soon",
    ]);
  });

  test("is read as brokers read it where they can: digits of any script", () => {
    const view = world({
      brokers: "0 1",
      elr: true,
      topics: { foo: ["0,1 / 0,1 / 0"] },
      configs: { "broker:": { "min.insync.replicas": " \u0662 " } },
    });
    const changes = [...partitionChangesAfter(view, { kind: "leaves", brokerId: 0 })];
    expect(line(lawfullyReplayed(view, changes), "foo")).toMatch(/elr 0/);
  });
});

describe("what an unregistered broker leaves behind", () => {
  test("can be seen", () => {
    const { response } = run(describeConfigs, left(), {
      resources: [{ resourceType: BROKER, resourceName: "1", configurationKeys: null }],
    });
    expect(response.results[0]?.configs.map(({ name }) => name)).toEqual([
      "log.cleaner.threads",
      "num.io.threads",
    ]);
  });

  test("can be deleted, key by key or as a whole", () => {
    const { said, set } = altered(left(), [BROKER, "1"], ["num.io.threads", DELETE]);
    expect([said, set]).toEqual(["NONE", { "log.cleaner.threads": "2" }]);
    const { view } = run(alterConfigs, left(), {
      resources: [{ resourceType: BROKER, resourceName: "1", configs: [] }],
    });
    expect(configsOf(view.configs, BROKER, "1").size).toBe(0);
  });

  test.each<readonly Operation[]>([
    [["num.io.threads", SET, "8"]],
    [
      ["num.io.threads", DELETE],
      ["log.cleaner.threads", SET, "3"],
    ],
    [["background.threads", DELETE]],
  ])("cannot be changed otherwise: %j", (...operations) => {
    const { said } = altered(left(), [BROKER, "1"], ...operations);
    expect(said).toBe("BROKER_ID_NOT_REGISTERED: No node with id 1 found.");
  });
});
