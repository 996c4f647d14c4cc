/**
 * Requests of which somebody may have a part: what is denied leaves the rest alone, and tells nothing that its caller
 * may not know. The orders are those of Kafka's ControllerApis, as in the README of src/metadata/access.
 */
import { DEFAULT_CONTROLLER_CONFIG } from "../default-config.ts";
import { describe, expect, test } from "vitest";
import { ZERO_UUID, type RequestOf, type Apis } from "../../../src/protocol/index.ts";
import { told, world } from "../world.ts";
import { asked, denialsIn, NO_TOPIC, ORDERS, STOCK, unasked, type Asking } from "./asking.ts";

const NO = "TOPIC_AUTHORIZATION_FAILED: Topic authorization failed.";

const may = (...needs: readonly string[]): Asking => ({
  acls: needs.map((need) => `ALLOW User:ann ${need}`),
});

const topic = (name: string, parts: object = {}) => ({
  name,
  numPartitions: 1,
  replicationFactor: 2,
  ...parts,
});

const created = (names: readonly string[], asking: Asking) => {
  const { response, records } = asked(
    "CreateTopics",
    { topics: names.map((n) => topic(n)) },
    asking,
  );
  const written = records.flatMap(({ type, data }) =>
    type === "TOPIC_RECORD" && "name" in data ? [data.name] : [],
  );
  return { answers: response.topics.map((t) => [t.name, told(t)]), written, response };
};

describe("CreateTopics", () => {
  test("creates what is allowed, in the order of the request", () => {
    const { answers, written } = created(
      ["a", "b", "c"],
      may("CREATE TOPIC =a", "CREATE TOPIC =c"),
    );
    expect(answers).toEqual([
      ["a", "NONE"],
      ["b", "TOPIC_AUTHORIZATION_FAILED: Authorization failed."],
      ["c", "NONE"],
    ]);
    expect(written).toEqual(["a", "c"]);
  });

  test("is open to who may create on the cluster, though the topic itself is denied", () => {
    const asking = {
      acls: ["ALLOW User:ann CREATE CLUSTER =kafka-cluster", "DENY User:ann CREATE TOPIC =a"],
    };
    expect(created(["a"], asking).answers).toEqual([["a", "NONE"]]);
  });

  test("refuses a name that occurs twice and the metadata topic to whoever asks", () => {
    expect(created(["a", "a", "__cluster_metadata"], {}).answers).toEqual([
      ["a", "INVALID_REQUEST: Duplicate topic name."],
      [
        "__cluster_metadata",
        "INVALID_REQUEST: Creation of internal topic __cluster_metadata is prohibited.",
      ],
    ]);
  });

  test("does not say whether a topic is there, or could be", () => {
    expect(created(["orders", "no/name"], {}).answers).toEqual([
      ["orders", "TOPIC_AUTHORIZATION_FAILED: Authorization failed."],
      ["no/name", "TOPIC_AUTHORIZATION_FAILED: Authorization failed."],
    ]);
  });

  test("keeps what is denied out of the bound on the whole request", () => {
    const topics = [topic("a"), topic("b", { numPartitions: 20_000 })];
    const { response } = asked("CreateTopics", { topics }, may("CREATE TOPIC =a"));
    expect(response.topics.map(({ errorCode }) => errorCode)).toEqual([0, 29]);
  });

  test("tells configs, partitions and replicas to who may describe the configs", () => {
    const asking = may(
      "CREATE CLUSTER =kafka-cluster",
      "DESCRIBE_CONFIGS CLUSTER =kafka-cluster",
      "ALTER_CONFIGS TOPIC ^told",
    );
    const { response } = created(["told", "untold"], asking);
    const [open, closed] = response.topics;
    expect(open).toMatchObject({
      topicConfigErrorCode: 0,
      numPartitions: 1,
      replicationFactor: 2,
    });
    expect(open?.configs?.length).toBeGreaterThan(20);
    expect(closed).toMatchObject({
      errorCode: 0,
      topicConfigErrorCode: 29,
      numPartitions: -1,
      replicationFactor: -1,
      configs: [],
    });
    expect(closed?.topicId).not.toBe(ZERO_UUID);
  });
});

type Topics = RequestOf<Apis["DeleteTopics"]>["topics"];
const byName = (name: string): Topics[number] => ({ name, topicId: ZERO_UUID });
const byId = (topicId: Topics[number]["topicId"]): Topics[number] => ({ name: null, topicId });

const deleted = (topics: Topics, asking: Asking) => {
  const { response, records } = asked("DeleteTopics", { topics }, asking);
  return {
    answers: response.responses.map(({ name, topicId, ...outcome }) => [
      name,
      topicId,
      told(outcome),
    ]),
    count: records.length,
  };
};

describe("DeleteTopics", () => {
  test("by name denies who may not describe it, be there one or not", () => {
    expect(deleted([byName("orders"), byName("nothing")], {}).answers).toEqual([
      ["orders", ZERO_UUID, NO],
      ["nothing", ZERO_UUID, NO],
    ]);
  });

  test("by name says that there is none to who may describe it", () => {
    const asking = may("DESCRIBE TOPIC =nothing", "DESCRIBE TOPIC =orders");
    expect(deleted([byName("nothing"), byName("orders")], asking).answers).toEqual([
      [
        "nothing",
        ZERO_UUID,
        "UNKNOWN_TOPIC_OR_PARTITION: This server does not host this topic-partition.",
      ],
      ["orders", ZERO_UUID, NO],
    ]);
  });

  test("by id names the topic to who may describe it, and to nobody else", () => {
    const asking = may("READ TOPIC =orders");
    expect(deleted([byId(ORDERS), byId(STOCK)], asking).answers).toEqual([
      ["orders", ORDERS, NO],
      [null, STOCK, NO],
    ]);
  });

  test("by id deletes without DESCRIBE", () => {
    const asking = {
      acls: ["ALLOW User:ann DELETE TOPIC =orders", "DENY User:ann DESCRIBE TOPIC =orders"],
    };
    const { answers, count } = deleted([byId(ORDERS), byName("orders")], asking);
    expect(answers).toEqual([
      ["orders", ORDERS, "NONE"],
      ["orders", ZERO_UUID, NO],
    ]);
    expect(count).toBe(1);
  });

  test("deletes what is allowed and nothing else", () => {
    const { answers, count } = deleted([byName("stock"), byId(ORDERS)], may("DELETE TOPIC =stock"));
    expect(answers).toEqual([
      ["stock", STOCK, "NONE"],
      [null, ORDERS, NO],
    ]);
    expect(count).toBe(1);
  });

  test("says that a name and an id mean one topic only to who may delete it", () => {
    const both = [byId(ORDERS), byName("orders")];
    expect(deleted(both, may("DESCRIBE TOPIC =orders")).answers).toEqual([
      ["orders", ORDERS, NO],
      ["orders", ZERO_UUID, NO],
    ]);
    const refusal =
      "INVALID_REQUEST: The provided topic name maps to an ID that was already supplied.";
    expect(deleted(both, may("DELETE CLUSTER =kafka-cluster")).answers).toEqual([
      [null, ORDERS, refusal],
      ["orders", ZERO_UUID, refusal],
    ]);
  });

  test("refuses to whoever asks what names nothing, or twice the same", () => {
    const topics = [
      byName("x"),
      byName("x"),
      byId(ORDERS),
      byId(ORDERS),
      byId(ZERO_UUID),
      { name: "orders", topicId: ORDERS },
      byId(NO_TOPIC),
    ];
    expect(deleted(topics, {}).answers.map(([, , words]) => words)).toEqual(
      asked("DeleteTopics", { topics }, { who: "root" }).response.responses.map(told),
    );
    expect(denialsIn(asked("DeleteTopics", { topics }))).toEqual([]);
  });

  test("that is disabled is refused to whoever asks", () => {
    const context = {
      config: { ...DEFAULT_CONTROLLER_CONFIG, deleteTopicEnable: false },
    };
    const { answers } = deleted([byName("orders")], { context });
    expect(answers).toEqual([
      ["orders", ZERO_UUID, "TOPIC_DELETION_DISABLED: Topic deletion is disabled."],
    ]);
  });

  test("in an older version names topics in another field", () => {
    const asking = { ...may("DELETE TOPIC =stock"), context: { apiVersion: 5 } };
    const { response } = asked("DeleteTopics", { topicNames: ["orders", "stock"] }, asking);
    expect(response.responses.map(({ name, errorCode }) => [name, errorCode])).toEqual([
      ["orders", 29],
      ["stock", 0],
    ]);
  });
});

const grow = (name: string) => ({ name, count: 3, assignments: null });

test("CreatePartitions asks for ALTER before whether there is the topic, and for nothing else", () => {
  const topics = ["nothing", "orders", "stock", "twice", "twice", "gone"].map(grow);
  const asking = {
    acls: [
      "ALLOW User:ann ALTER TOPIC =orders",
      "ALLOW User:ann ALTER TOPIC =gone",
      "DENY User:ann DESCRIBE TOPIC =gone",
    ],
  };
  const { response } = asked("CreatePartitions", { topics }, asking);
  expect(response.results.map((result) => [result.name, told(result)])).toEqual([
    ["nothing", "TOPIC_AUTHORIZATION_FAILED"],
    ["orders", "NONE"],
    ["stock", "TOPIC_AUTHORIZATION_FAILED"],
    ["twice", "INVALID_REQUEST: Duplicate topic name."],
    ["gone", "UNKNOWN_TOPIC_OR_PARTITION"],
  ]);
});

describe("configs", () => {
  const TYPES = { TOPIC: 2, BROKER: 4, LOGGER: 8, METRICS: 16, GROUP: 32, UNKNOWN: 77 };
  const named: readonly (readonly [number, string])[] = [
    [TYPES.TOPIC, "orders"],
    [TYPES.TOPIC, "stock"],
    [TYPES.BROKER, "0"],
    [TYPES.LOGGER, "0"],
    [TYPES.METRICS, "m"],
    [TYPES.GROUP, "g"],
    [TYPES.GROUP, "h"],
    [TYPES.UNKNOWN, "x"],
  ];
  const resources = named.map(([resourceType, resourceName]) => ({
    resourceType,
    resourceName,
    configs: [],
    configurationKeys: null,
  }));
  const CLUSTER_NO = "CLUSTER_AUTHORIZATION_FAILED: Cluster authorization failed.";
  const GROUP_NO = "GROUP_AUTHORIZATION_FAILED: Group authorization failed.";
  const UNKNOWN = "UNSUPPORTED_VERSION: Unknown resource type 77.";
  const LOGGERS = "INVALID_REQUEST: Loggers are configured on the node they belong to.";

  test.each(["AlterConfigs", "IncrementalAlterConfigs"] as const)(
    "%s alters those that are allowed, and asks the cluster for all but topics and groups",
    (name) => {
      const asking = may("ALTER_CONFIGS TOPIC =orders", "ALTER_CONFIGS GROUP =g");
      const { response } = asked(name, { resources }, asking);
      expect(response.responses.map(told)).toEqual([
        "NONE",
        NO,
        CLUSTER_NO,
        name === "AlterConfigs" ? LOGGERS : CLUSTER_NO,
        CLUSTER_NO,
        "NONE",
        GROUP_NO,
        UNKNOWN,
      ]);
    },
  );

  test("of loggers are CLUSTER_ACTION's to alter", () => {
    const loggers = { resources: [resources[3]] };
    const answer = (need: string): readonly string[] =>
      asked("IncrementalAlterConfigs", loggers, may(need)).response.responses.map(told);
    expect(answer("ALTER_CONFIGS CLUSTER =kafka-cluster")).toEqual([CLUSTER_NO]);
    expect(answer("CLUSTER_ACTION CLUSTER =kafka-cluster")).toEqual([LOGGERS]);
  });

  test("of a resource that occurs twice are refused to whoever asks", () => {
    const twice = { resources: [resources[1], resources[1]] };
    const words = ["INVALID_REQUEST: Duplicate resource.", "INVALID_REQUEST: Duplicate resource."];
    expect(asked("AlterConfigs", twice).response.responses.map(told)).toEqual(words);
    expect(asked("IncrementalAlterConfigs", twice).response.responses.map(told)).toEqual(words);
  });

  test("are described where it is allowed, each as often as it occurs", () => {
    const asking = may("DESCRIBE_CONFIGS TOPIC =orders", "ALTER_CONFIGS CLUSTER =kafka-cluster");
    const twice = { resources: [...resources, resources[1]] };
    const { response } = asked("DescribeConfigs", twice, asking);
    expect(response.results.map(told)).toEqual([
      "NONE",
      NO,
      "NONE",
      "INVALID_REQUEST: Unsupported resource type: 8",
      "NONE",
      GROUP_NO,
      GROUP_NO,
      "INVALID_REQUEST: Unsupported resource type: 77",
      NO,
    ]);
    expect(response.results[1]).toMatchObject({ resourceName: "stock", configs: [] });
    expect(response.results[0]?.configs.length).toBeGreaterThan(20);
  });
});

describe("DescribeCluster", () => {
  const request = { endpointType: 2, includeClusterAuthorizedOperations: true };
  const bits = (...lines: readonly string[]): number =>
    asked("DescribeCluster", request, { acls: lines }).response.clusterAuthorizedOperations;

  test("tells the operations that are allowed on the cluster", () => {
    const on = "CLUSTER =kafka-cluster";
    expect(bits(`ALLOW User:ann ALTER ${on}`)).toBe(0b1_1000_0000);
    expect(bits(`ALLOW User:ann ALTER ${on}`, `ALLOW User:* ALTER_CONFIGS ${on}`)).toBe(
      0b1101_1000_0000,
    );
    expect(bits(`ALLOW User:ann ALL ${on}`)).toBe(0b1_1111_1010_0000);
    expect(bits(`ALLOW User:ann ALL ${on}`, `DENY User:ann CREATE ${on}`)).toBe(0b1_1111_1000_0000);
  });

  test("tells none to who may not describe it", () => {
    const on = "CLUSTER =kafka-cluster";
    expect(bits(`ALLOW User:ann ALL ${on}`, `DENY User:ann DESCRIBE ${on}`)).toBe(0);
  });

  test("tells all of them to a super user, and where there is no authorizer", () => {
    const { response } = asked("DescribeCluster", request, { who: "root" });
    expect(response.clusterAuthorizedOperations).toBe(0b1_1111_1010_0000);
    expect(unasked("DescribeCluster", request).response.clusterAuthorizedOperations).toBe(
      0b1_1111_1010_0000,
    );
  });

  test("says nothing of operations to who does not ask", () => {
    const { response } = asked("DescribeCluster", { endpointType: 2 }, { who: "root" });
    expect(response.clusterAuthorizedOperations).toBe(-(2 ** 31));
  });

  test("of a cluster that is too old for it is refused to whoever asks", () => {
    const cluster = world({ metadataVersion: 13 });
    const { response } = asked("DescribeCluster", request, { cluster });
    expect(told(response)).toMatch(/^UNSUPPORTED_VERSION/);
  });

  test("of a wrong type of endpoint is refused after ALTER", () => {
    const wrong = { endpointType: 1 };
    expect(told(asked("DescribeCluster", wrong).response)).toBe(
      "CLUSTER_AUTHORIZATION_FAILED: Request DescribeCluster needs ALTER permission.",
    );
    expect(told(asked("DescribeCluster", wrong, { who: "root" }).response)).toMatch(
      /^MISMATCHED_ENDPOINT_TYPE/,
    );
  });
});
