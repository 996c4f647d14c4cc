import { describe, expect, test } from "vitest";
import { describeConfigs } from "../../../src/metadata/control/describe-configs.ts";
import { run, told } from "../world.ts";
import { BROKER, BROKER_LOGGER, CLIENT_METRICS, GROUP, TOPIC, VIEW } from "./configured.ts";

function describeOf(
  resourceType: number,
  resourceName: string,
  options: {
    readonly keys?: readonly string[];
    readonly synonyms?: boolean;
    readonly version?: number;
  } = {},
) {
  const { keys = null, synonyms = false, version = 4 } = options;
  const { response } = run(
    describeConfigs,
    VIEW,
    {
      resources: [{ resourceType, resourceName, configurationKeys: keys }],
      includeSynonyms: synonyms,
    },
    { apiVersion: version },
  );
  const [result] = response.results;
  return { code: result === undefined ? "" : told(result), configs: result?.configs ?? [] };
}

/** Of each config its name, and then what it is called where, with the source. */
const synonymsOf = (resourceType: number, resourceName: string, keys: readonly string[]) =>
  describeOf(resourceType, resourceName, { keys, synonyms: true }).configs.map(
    ({ name, synonyms }) => [
      name,
      ...synonyms.map((synonym) => `${synonym.name}=${synonym.value} (${synonym.source})`),
    ],
  );

describe("configs are described", () => {
  test("of a topic: every key, where it comes from, and its type", () => {
    const { code, configs } = describeOf(TOPIC, "foo");
    expect([code, configs.length]).toEqual(["NONE", 33]);
    expect(configs.find(({ name }) => name === "retention.ms")).toEqual({
      name: "retention.ms",
      value: "1000",
      readOnly: false,
      configSource: 1,
      isSensitive: false,
      synonyms: [],
      configType: 5,
      documentation: null,
    });
    expect(configs.find(({ name }) => name === "preallocate")).toMatchObject({
      value: "false",
      configSource: 5,
    });
  });

  test("of a topic with synonyms, for the keys asked for", () => {
    // The default where brokers have one for it: not where they know several units of it, or nothing of it.
    expect(synonymsOf(TOPIC, "foo", ["retention.ms", "cleanup.policy", "segment.ms", "x"])).toEqual(
      [
        ["cleanup.policy", "cleanup.policy=compact (1)", "log.cleanup.policy=delete (5)"],
        ["retention.ms", "retention.ms=1000 (1)"],
        ["segment.ms"],
      ],
    );
    const unknown = ["follower.replication.throttled.replicas", "remote.storage.enable"];
    expect(synonymsOf(TOPIC, "bar", unknown)).toEqual(unknown.map((name) => [name]));
  });

  test("of groups by the names that brokers have for them, of subscriptions without a default", () => {
    const keys = ["consumer.session.timeout.ms", "share.isolation.level"];
    expect(synonymsOf(GROUP, "g", keys)).toEqual([
      [
        "consumer.session.timeout.ms",
        "consumer.session.timeout.ms=50000 (8)",
        "group.consumer.session.timeout.ms=45000 (5)",
      ],
      ["share.isolation.level", "share.isolation.level=read_uncommitted (5)"],
    ]);
    expect(synonymsOf(CLIENT_METRICS, "m", ["interval.ms", "match"])).toEqual([
      ["interval.ms", "interval.ms=30000 (7)"],
      ["match"],
    ]);
  });

  test("of a topic in full where the list of keys is empty, as by Kafka", () => {
    expect(describeOf(TOPIC, "foo", { keys: [] }).configs).toEqual(
      describeOf(TOPIC, "foo").configs,
    );
  });

  test("of all brokers, secrets and unknown keys without their values", () => {
    expect(
      describeOf(BROKER, "").configs.map((c) => [
        c.name,
        c.value,
        c.configSource,
        c.isSensitive,
        c.configType,
      ]),
    ).toEqual([
      ["background.threads", "11", 3, false, 3],
      ["no.such", null, 3, true, 0],
      ["ssl.key.password", null, 3, true, 9],
    ]);
  });

  test("of one broker: its own before everybody's", () => {
    const [first] = describeOf(BROKER, "1", { synonyms: true }).configs;
    expect(first).toMatchObject({ name: "background.threads", value: "12", configSource: 2 });
    expect(first?.synonyms.map(({ value, source }) => [value, source])).toEqual([
      ["12", 2],
      ["11", 3],
    ]);
  });

  test("of groups and client metrics", () => {
    expect(describeOf(GROUP, "g", { keys: ["consumer.session.timeout.ms"] }).configs).toMatchObject(
      [{ value: "50000", configSource: 8 }],
    );
    expect(
      describeOf(CLIENT_METRICS, "m", { keys: ["interval.ms", "match"] }).configs,
    ).toMatchObject([
      { value: "30000", configSource: 7 },
      { value: "", configSource: 5 },
    ]);
  });

  test.each([
    [TOPIC, "nope", "UNKNOWN_TOPIC_OR_PARTITION"],
    [TOPIC, "", "INVALID_TOPIC_EXCEPTION: Topic name is invalid: the empty string is not allowed"],
    [BROKER, "x", "INVALID_REQUEST: Broker id must be an integer, but it is: x"],
    [
      BROKER,
      "7",
      "INVALID_REQUEST: Unexpected broker id, expected a registered node or empty string, but received 7",
    ],
    [GROUP, "", "INVALID_REQUEST: Group name must not be empty"],
    [BROKER_LOGGER, "1", "INVALID_REQUEST: Unsupported resource type: 8"],
  ])("%i '%s' is refused: %s", (type, name, expected) => {
    expect(describeOf(type, name).code).toBe(expected);
  });

  test.each([1, 2, 3, 4])("in version %i", (version) => {
    expect(describeOf(TOPIC, "foo", { version }).code).toBe("NONE");
  });
});
