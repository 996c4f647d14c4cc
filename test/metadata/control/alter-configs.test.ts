import { describe, expect, test } from "vitest";
import { alterConfigs } from "../../../src/metadata/control/alter-configs.ts";
import { incrementalAlterConfigs } from "../../../src/metadata/control/incremental-alter-configs.ts";
import { configsOf } from "../../../src/metadata/image/configs-image.ts";
import type { MetadataImage } from "../../../src/metadata/image/metadata-image.ts";
import { line, run, told, world } from "../world.ts";
import { BROKER, BROKER_LOGGER, CLIENT_METRICS, GROUP, TOPIC, VIEW } from "./configured.ts";

const [SET, DELETE, APPEND, SUBTRACT] = [0, 1, 2, 3];

interface Op {
  readonly name: string;
  readonly op: number | undefined;
  readonly value?: string | null;
}

function increment(
  resourceType: number,
  resourceName: string,
  ops: readonly Op[],
  options: { readonly view?: MetadataImage; readonly validateOnly?: boolean } = {},
) {
  const { view = VIEW, validateOnly = false } = options;
  const configs = ops.map(({ name, op, value = null }) => ({ name, configOperation: op, value }));
  const ran = run(incrementalAlterConfigs, view, {
    validateOnly,
    resources: [{ resourceType, resourceName, configs }],
  });
  const after = Object.fromEntries(configsOf(ran.view.configs, resourceType, resourceName));
  return { ...ran, code: ran.response.responses.map(told)[0], after };
}

describe("keys are altered one by one", () => {
  test.each<readonly [string, readonly Op[], Readonly<Record<string, string>>, number]>([
    [
      "set",
      [{ name: "segment.ms", op: SET, value: "5" }],
      { "segment.ms": "5", "retention.ms": "1000", "cleanup.policy": "compact" },
      1,
    ],
    [
      "set to what they are",
      [{ name: "retention.ms", op: SET, value: "1000" }],
      { "retention.ms": "1000", "cleanup.policy": "compact" },
      0,
    ],
    ["deleted", [{ name: "retention.ms", op: DELETE }], { "cleanup.policy": "compact" }, 1],
    [
      "deleted, a value beside it counting for nothing",
      [{ name: "retention.ms", op: DELETE, value: "" }],
      { "cleanup.policy": "compact" },
      1,
    ],
    [
      "deleted though not set",
      [{ name: "segment.ms", op: DELETE }],
      { "retention.ms": "1000", "cleanup.policy": "compact" },
      0,
    ],
    [
      "appended to",
      [{ name: "cleanup.policy", op: APPEND, value: "delete" }],
      { "retention.ms": "1000", "cleanup.policy": "compact,delete" },
      1,
    ],
    [
      "appended what is in them",
      [{ name: "cleanup.policy", op: APPEND, value: "compact" }],
      { "retention.ms": "1000", "cleanup.policy": "compact" },
      0,
    ],
    [
      "subtracted from",
      [{ name: "cleanup.policy", op: SUBTRACT, value: "compact" }],
      { "retention.ms": "1000", "cleanup.policy": "" },
      1,
    ],
    [
      "subtracted what is not in them",
      [{ name: "cleanup.policy", op: SUBTRACT, value: "delete" }],
      { "retention.ms": "1000", "cleanup.policy": "compact" },
      0,
    ],
  ])("%s", (_name, ops, expected, records) => {
    const ran = increment(TOPIC, "foo", ops);
    expect([ran.code, ran.after, ran.records.length]).toEqual(["NONE", expected, records]);
  });

  test("an unset list is appended to its default", () => {
    expect(
      increment(TOPIC, "bar", [{ name: "cleanup.policy", op: APPEND, value: "compact" }]).after,
    ).toEqual({
      "cleanup.policy": "delete,compact",
    });
    expect(
      increment(TOPIC, "bar", [
        { name: "follower.replication.throttled.replicas", op: APPEND, value: "0:1,1:1" },
      ]).after,
    ).toEqual({ "follower.replication.throttled.replicas": "0:1,1:1" });
  });

  test("what is asked of a broker is written even if it is so already: it reloads on it (KAFKA-14136)", () => {
    const ops = [{ name: "background.threads", op: SET, value: "12" }];
    expect(increment(BROKER, "1", ops).records).toHaveLength(1);
    expect(increment(BROKER, "", [{ name: "num.io.threads", op: DELETE }]).records).toHaveLength(1);
  });

  test("only to see whether they could be", () => {
    const ran = increment(TOPIC, "foo", [{ name: "segment.ms", op: SET, value: "5" }], {
      validateOnly: true,
    });
    expect([ran.code, ran.records]).toEqual(["NONE", []]);
  });

  test("groups and client metrics come into being by it", () => {
    const group = [{ name: "consumer.session.timeout.ms", op: SET, value: "50000" }];
    expect(increment(GROUP, "new", group).code).toBe("NONE");
    const metrics = [
      { name: "metrics", op: SET, value: "a." },
      { name: "match", op: SET, value: "client_id=x" },
    ];
    expect(increment(CLIENT_METRICS, "new", metrics).after).toEqual({
      metrics: "a.",
      match: "client_id=x",
    });
  });
});

const set = (name: string, value: string | null = "1"): Op => ({ name, op: SET, value });

describe("an alteration is refused", () => {
  test.each<readonly [number, string, readonly Op[], string]>([
    [
      TOPIC,
      "foo",
      [set("retention.ms", "abc")],
      "INVALID_CONFIG: Invalid value abc for configuration retention.ms: Not a number of type LONG",
    ],
    [TOPIC, "foo", [set("nope.nope")], "INVALID_CONFIG: Unknown topic config name: nope.nope"],
    [
      TOPIC,
      "foo",
      [set("segment.ms", null)],
      "INVALID_CONFIG: Null value not supported for topic configs: segment.ms",
    ],
    [
      TOPIC,
      "foo",
      [{ name: "cleanup.policy", op: APPEND, value: null }],
      "INVALID_CONFIG: Null value not supported for topic configs: cleanup.policy",
    ],
    [
      TOPIC,
      "foo",
      [{ name: "segment.ms", op: SUBTRACT, value: "1" }],
      "INVALID_CONFIG: Can't SUBTRACT to key segment.ms because its type is not LIST.",
    ],
    [
      TOPIC,
      "foo",
      [{ name: "nope", op: APPEND, value: "1" }],
      "INVALID_CONFIG: Can't APPEND to key nope because its type is not LIST.",
    ],
    [
      TOPIC,
      "foo",
      [{ name: "segment.ms", op: 4, value: "1" }],
      "INVALID_REQUEST: Unknown config operation 4 for key segment.ms.",
    ],
    [
      TOPIC,
      "foo",
      [{ name: "segment.ms", op: -1, value: "1" }],
      "INVALID_REQUEST: Unknown config operation -1 for key segment.ms.",
    ],
    [
      TOPIC,
      "foo",
      [set("segment.ms"), set("segment.ms")],
      "INVALID_REQUEST: Error due to duplicate config keys : segment.ms",
    ],
    [
      TOPIC,
      "nope",
      [set("segment.ms")],
      "UNKNOWN_TOPIC_OR_PARTITION: The topic 'nope' does not exist.",
    ],
    [TOPIC, "", [set("segment.ms")], "INVALID_REQUEST: Default topic resources are not allowed."],
    [
      TOPIC,
      "a/b",
      [set("segment.ms")],
      "INVALID_TOPIC_EXCEPTION: Topic name is invalid: 'a/b' contains one or more characters other than ASCII alphanumerics, '.', '_' and '-'",
    ],
    [
      TOPIC,
      "foo",
      [set("compression.type", "x".repeat(32_768))],
      "INVALID_CONFIG: The configuration value cannot be added because it exceeds the maximum value size of 32767 bytes.",
    ],
    [
      TOPIC,
      "bar",
      [{ name: "cleanup.policy", op: APPEND, value: "" }],
      "INVALID_CONFIG: Configuration 'cleanup.policy' values must not be empty.",
    ],
    [BROKER, "x", [set("a")], "INVALID_REQUEST: Unable to parse broker name as a base 10 number."],
    [
      BROKER,
      "x",
      [set("a"), set("a")],
      "INVALID_REQUEST: Unable to parse broker name as a base 10 number.",
    ],
    [
      TOPIC,
      "",
      [{ name: "segment.ms", op: SET, value: null }],
      "INVALID_REQUEST: Default topic resources are not allowed.",
    ],
    [
      BROKER,
      "99999999999",
      [set("a")],
      "INVALID_REQUEST: Unable to parse broker name as a base 10 number.",
    ],
    [BROKER, "-1", [set("a")], "INVALID_REQUEST: Invalid negative broker ID."],
    [BROKER, "7", [set("a")], "BROKER_ID_NOT_REGISTERED: No node with id 7 found."],
    [BROKER, "", [set("a", null)], "INVALID_REQUEST: Null value not supported for : a"],
    [GROUP, "", [set("a")], "INVALID_REQUEST: Default group resources are not allowed."],
    [GROUP, "g", [set("a")], "INVALID_CONFIG: Unknown group config name: a"],
    [
      GROUP,
      "g",
      [set("consumer.session.timeout.ms", "1")],
      "INVALID_CONFIG: consumer.session.timeout.ms must be greater than or equal to group.consumer.min.session.timeout.ms",
    ],
    [
      CLIENT_METRICS,
      "",
      [set("metrics", "a")],
      "INVALID_REQUEST: Subscription name can't be empty",
    ],
    [
      CLIENT_METRICS,
      "m",
      [set("interval.ms", "1")],
      "INVALID_REQUEST: Invalid value 1 for interval.ms, interval must be between 100 and 3600000 (1 hour)",
    ],
    [
      BROKER_LOGGER,
      "1",
      [set("a")],
      "INVALID_REQUEST: Loggers are configured on the node they belong to.",
    ],
    [77, "1", [set("a")], "UNSUPPORTED_VERSION: Unknown resource type 77."],
    [0, "1", [set("a")], "UNSUPPORTED_VERSION: Unknown resource type 0."],
  ])("%i '%s' %j: %s", (type, name, ops, expected) => {
    const { code, records } = increment(type, name, ops);
    expect([code, records]).toEqual([expected, []]);
  });

  test("when the resource is named twice, both times; another beside it is altered", () => {
    const configs = [{ name: "segment.ms", configOperation: SET, value: "5" }];
    const { response, records } = run(incrementalAlterConfigs, VIEW, {
      resources: [
        { resourceType: TOPIC, resourceName: "foo", configs },
        { resourceType: TOPIC, resourceName: "foo", configs },
        { resourceType: TOPIC, resourceName: "bar", configs },
      ],
    });
    expect(response.responses.map(told)).toEqual([
      "INVALID_REQUEST: Duplicate resource.",
      "INVALID_REQUEST: Duplicate resource.",
      "NONE",
    ]);
    expect(records).toHaveLength(1);
  });

  test("for a resource as a whole: one bad key, and none is altered", () => {
    const ran = increment(TOPIC, "foo", [set("segment.ms", "5"), set("retention.bytes", "x")]);
    expect(ran.records).toEqual([]);
  });

  test("for a request of more than a batch", () => {
    const configs = Array.from({ length: 10_001 }, (_, i) => ({
      name: `k${i}`,
      configOperation: SET,
      value: "1",
    }));
    const { response, records } = run(incrementalAlterConfigs, VIEW, {
      resources: [{ resourceType: BROKER, resourceName: "", configs }],
    });
    expect([response.responses[0]?.errorCode, records]).toEqual([44, []]);
  });
});

describe("min.insync.replicas, while eligible leader replicas are on (KIP-966)", () => {
  const view = world({
    brokers: "0 1",
    elr: true,
    topics: { foo: ["0,1 / 0 / 0 ; elr 1"], bar: ["0,1 / 0 / 0 ; elr 1"] },
    configs: { "broker:": { "min.insync.replicas": "2" } },
  });
  const one = [{ name: "min.insync.replicas", op: SET, value: "1" }];

  test("on a topic clears that topic's", () => {
    const ran = increment(TOPIC, "foo", one, { view });
    expect(ran.records.map(({ type }) => type)).toEqual(["CONFIG_RECORD", "CLEAR_ELR_RECORD"]);
    expect([line(ran.view, "foo"), line(ran.view, "bar")]).toEqual([
      "0,1 / 0 / 0 / 0 / 1",
      "0,1 / 0 / 0 / 0 / 0 ; elr 1",
    ]);
  });

  test("on the cluster clears all", () => {
    const ran = increment(BROKER, "", one, { view });
    expect([line(ran.view, "foo"), line(ran.view, "bar")]).toEqual([
      "0,1 / 0 / 0 / 0 / 1",
      "0,1 / 0 / 0 / 0 / 1",
    ]);
  });

  test("and while they are off, is a config like any other", () => {
    expect(increment(TOPIC, "foo", one).records.map(({ type }) => type)).toEqual(["CONFIG_RECORD"]);
    expect(increment(BROKER, "1", one).code).toBe("NONE");
  });

  test("is neither set on a broker nor removed from the cluster", () => {
    expect(increment(BROKER, "1", one, { view }).code).toBe(
      "INVALID_CONFIG: Broker-level min.insync.replicas cannot be altered while ELR is enabled.",
    );
    expect(
      increment(BROKER, "", [{ name: "min.insync.replicas", op: DELETE }], { view }).code,
    ).toBe(
      "INVALID_CONFIG: Cluster-level min.insync.replicas cannot be removed while ELR is enabled.",
    );
  });
});

const replace = (
  resourceType: number,
  resourceName: string,
  values: Record<string, string | null>,
) =>
  run(alterConfigs, VIEW, {
    resources: [
      {
        resourceType,
        resourceName,
        configs: Object.entries(values).map(([name, value]) => ({ name, value })),
      },
    ],
  });

describe("a resource's configs are replaced", () => {
  test("and what is not named is deleted", () => {
    const { view, records, response } = replace(TOPIC, "foo", {
      "retention.ms": "1000",
      "segment.ms": "9",
    });
    expect(response.responses.map(told)).toEqual(["NONE"]);
    expect(Object.fromEntries(configsOf(view.configs, TOPIC, "foo"))).toEqual({
      "retention.ms": "1000",
      "segment.ms": "9",
    });
    expect(records).toHaveLength(2);
  });

  test("with the same checks", () => {
    expect(replace(TOPIC, "foo", { nope: "1" }).response.responses.map(told)).toEqual([
      "INVALID_CONFIG: Unknown topic config name: nope",
    ]);
    expect(replace(TOPIC, "foo", { "segment.ms": null }).response.responses.map(told)).toEqual([
      "INVALID_CONFIG: Null value not supported for topic configs: segment.ms",
    ]);
    expect(replace(TOPIC, "nope", {}).response.responses.map(told)).toEqual([
      "UNKNOWN_TOPIC_OR_PARTITION: The topic 'nope' does not exist.",
    ]);
  });
});
