/**
 * What each API demands, against what the handlers of Kafka's ControllerApis, AclApis and ConfigHelper ask their
 * authorizer in 4.0.2, 4.1.2 and 4.3.1, which agree.
 */
import { describe, expect, test } from "vitest";
import { SERVED_APIS } from "../../../durable-objects/listener/served-apis.ts";
import { CLUSTER_NAME, DEMANDS, DENIED, guardOfConfigs } from "../../../src/metadata/index.ts";
import { apis, errorResponse, ErrorCode, type Api } from "../../../src/protocol/index.ts";

const KAFKA: Readonly<Record<string, string>> = {
  nothing: "ApiVersions SaslAuthenticate SaslHandshake",
  "CLUSTER_ACTION cluster": `AllocateProducerIds AlterPartition AssignReplicasToDirs BeginQuorumEpoch
    BrokerHeartbeat BrokerRegistration ControllerRegistration EndQuorumEpoch Envelope Fetch FetchSnapshot
    UpdateRaftVoter Vote`,
  "ALTER cluster": `AddRaftVoter AlterPartitionReassignments AlterUserScramCredentials CreateAcls DeleteAcls
    DescribeCluster ElectLeaders RemoveRaftVoter UnregisterBroker UpdateFeatures`,
  "DESCRIBE cluster": "DescribeAcls DescribeQuorum ListPartitionReassignments",
  "ALTER_CONFIGS cluster": "AlterClientQuotas",
  "CREATE each-topic, or the cluster; DESCRIBE_CONFIGS to be told": "CreateTopics",
  "DELETE each-topic, or the cluster; DESCRIBE to be told": "DeleteTopics",
  "ALTER each-topic": "CreatePartitions",
  "ALTER_CONFIGS each-config-resource": "AlterConfigs IncrementalAlterConfigs",
  "DESCRIBE_CONFIGS each-config-resource": "DescribeConfigs",
};

const inWords = (demand: (typeof DEMANDS)[keyof typeof DEMANDS]): string => {
  if (demand === undefined || demand.on === "nothing") return "nothing";
  const words = `${demand.operation} ${demand.on}`;
  if (demand.on !== "each-topic") return words;
  const told = demand.toBeTold === null ? "" : `; ${demand.toBeTold} to be told`;
  return `${words}${demand.orOnCluster ? ", or the cluster" : ""}${told}`;
};

describe("an API", () => {
  test.each(Object.entries(KAFKA))("demands %s where Kafka does", (words, names) => {
    const found = Object.entries(DEMANDS)
      .filter(([, demand]) => inWords(demand) === words)
      .map(([name]) => name);
    expect(found.toSorted()).toEqual(names.trim().split(/\s+/));
  });

  test("that is served has a row", () => {
    expect(SERVED_APIS.filter((name) => DEMANDS[name] === undefined)).toEqual([]);
  });

  test("is a cluster action by its schema if it demands CLUSTER_ACTION", () => {
    const byTable = Object.entries(DEMANDS)
      .filter(([, demand]) => inWords(demand) === "CLUSTER_ACTION cluster")
      .map(([name]) => name);
    const bySchema = Object.values<Api>(apis)
      .filter(({ clusterAction }) => clusterAction)
      .map(({ name }) => name);
    expect(byTable.toSorted()).toEqual(bySchema.toSorted());
  });
});

test("a denial is an error of Kafka's", () => {
  expect(Object.values(DENIED).map((name) => ErrorCode[name])).toEqual([29, 30, 31]);
});

test("a whole request that is denied is answered in its API's form", () => {
  const error = { errorCode: ErrorCode[DENIED.CLUSTER], errorMessage: null };
  const request = { apiVersion: 0, body: apis.UnregisterBroker.request.fill({}) };
  expect(errorResponse(apis.UnregisterBroker, request, error).errorCode).toBe(31);
});

describe("configs are guarded", () => {
  test.each([
    ["a topic's, by the topic", 2, "TOPIC", "orders"],
    ["a group's, by the group", 32, "GROUP", "orders"],
    ["a broker's, by the cluster", 4, "CLUSTER", CLUSTER_NAME],
    ["client metrics', by the cluster", 16, "CLUSTER", CLUSTER_NAME],
  ])("%s", (_, type, resourceType, resourceName) => {
    expect(guardOfConfigs(type, "orders")).toEqual({ resourceType, resourceName });
  });

  test.each([-1, 0, 1, 3, 8, 99])("not those of type %i: it has none", (type) => {
    expect(guardOfConfigs(type, "orders")).toBeNull();
  });
});
