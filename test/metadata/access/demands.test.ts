/**
 * What each API demands, against what the handlers of Kafka's ControllerApis, AclApis and ConfigHelper ask their
 * authorizer from 4.0 on, which do not differ in it.
 */
import { describe, expect, test } from "vitest";
import { SERVED_APIS } from "../../../durable-objects/listener/served-apis.ts";
import { configsAccess, DEMANDS, DENIED, type Demand } from "../../../src/metadata/index.ts";
import { apis, errorResponse, ErrorCode, type Api } from "../../../src/protocol/index.ts";

const KAFKA: Readonly<Record<string, string>> = {
  nothing: "ApiVersions ExpireDelegationToken RenewDelegationToken SaslAuthenticate SaslHandshake",
  "CREATE_TOKENS another-owner": "CreateDelegationToken",
  "CLUSTER_ACTION cluster": `AllocateProducerIds AlterPartition AssignReplicasToDirs BeginQuorumEpoch
    BrokerHeartbeat BrokerRegistration ControllerRegistration EndQuorumEpoch Envelope Fetch FetchSnapshot
    UpdateRaftVoter Vote`,
  "ALTER cluster": `AddRaftVoter AlterPartitionReassignments AlterUserScramCredentials CreateAcls DeleteAcls
    ElectLeaders RemoveRaftVoter UnregisterBroker UnregisterController UpdateFeatures`,
  "ALTER cluster; DESCRIBE to be told operations": "DescribeCluster",
  "DESCRIBE cluster": "DescribeAcls DescribeQuorum ListPartitionReassignments",
  "ALTER_CONFIGS cluster": "AlterClientQuotas",
  "CREATE each-topic or cluster; DESCRIBE_CONFIGS to be told configs; else “Authorization failed.”":
    "CreateTopics",
  "DELETE each-topic or cluster; DESCRIBE, or DELETE cluster, to be told existence; else “Topic authorization failed.”":
    "DeleteTopics",
  "ALTER each-topic; else no words": "CreatePartitions",
  "ALTER_CONFIGS each-config-resource, no loggers": "AlterConfigs",
  "ALTER_CONFIGS each-config-resource, CLUSTER_ACTION for loggers": "IncrementalAlterConfigs",
  "DESCRIBE_CONFIGS each-config-resource, DESCRIBE_CONFIGS for loggers": "DescribeConfigs",
};

function inWords(demand: Demand): string {
  if (demand.on === "nothing") return "nothing";
  const words = `${demand.operation} ${demand.on}`;
  if (demand.on === "each-config-resource") {
    const { onLoggers } = demand;
    return `${words}, ${onLoggers === null ? "no loggers" : `${onLoggers} for loggers`}`;
  }
  if (demand.on === "another-owner") return words;
  if (demand.on === "cluster") return `${words}${disclosureInWords(demand)}`;
  const or = demand.orOnCluster ? " or cluster" : "";
  const message = demand.message === null ? "no words" : `“${demand.message}”`;
  return `${words}${or}${disclosureInWords(demand)}; else ${message}`;
}

function disclosureInWords({
  operation,
  disclosure,
}: Extract<Demand, { readonly disclosure: unknown }>): string {
  if (disclosure === null) return "";
  const or = disclosure.orOnCluster ? `, or ${operation} cluster,` : "";
  return `; ${disclosure.operation}${or} to be told ${disclosure.of}`;
}

/** Of the APIs that are none of Kafka's. */
const OURS: Readonly<Record<string, string>> = { FenceBroker: "ALTER cluster" };

describe("an API", () => {
  test.each(Object.entries(KAFKA))("demands %s where Kafka does", (words, names) => {
    const found = Object.entries(DEMANDS)
      .filter(([, demand]) => demand !== undefined && inWords(demand) === words)
      .map(([name]) => name)
      .filter((name) => OURS[name] === undefined);
    expect(found.toSorted()).toEqual(names.trim().split(/\s+/));
  });

  test("demands nothing else", () => {
    const told = Object.values(KAFKA).flatMap((names) => names.trim().split(/\s+/));
    const all = [...told, ...Object.keys(OURS)];
    expect(Object.keys(DEMANDS).toSorted()).toEqual(all.toSorted());
  });

  test("of ours demands what its nearest of Kafka's does", () => {
    const ours = Object.entries(DEMANDS).filter(([name]) => OURS[name] !== undefined);
    expect(Object.fromEntries(ours.map(([name, demand]) => [name, inWords(demand)]))).toEqual(OURS);
  });

  test("that is served has a row", () => {
    expect(SERVED_APIS.filter((name) => DEMANDS[name] === undefined)).toEqual([]);
  });

  test("is a cluster action by its schema if it demands CLUSTER_ACTION", () => {
    const byTable = Object.entries(DEMANDS)
      .filter(([, demand]) => demand !== undefined && inWords(demand) === "CLUSTER_ACTION cluster")
      .map(([name]) => name);
    const bySchema = Object.values<Api>(apis)
      .filter(({ clusterAction }) => clusterAction)
      .map(({ name }) => name);
    expect(byTable.toSorted()).toEqual(bySchema.toSorted());
  });
});

test("a denial is an error of Kafka's", () => {
  expect(Object.values(DENIED).map(({ error }) => ErrorCode[error])).toEqual([29, 30, 31, 65]);
});

test("a whole request that is denied is answered in its API's form", () => {
  const error = { errorCode: ErrorCode[DENIED.CLUSTER.error], errorMessage: null };
  const request = { apiVersion: 0, body: apis.UnregisterBroker.request.fill({}) };
  expect(errorResponse(apis.UnregisterBroker, request, error).errorCode).toBe(31);
});

describe("who reads or alters configs is asked", () => {
  const onTopic = { resourceType: "TOPIC", resourceName: "1" };
  const onGroup = { resourceType: "GROUP", resourceName: "1" };
  const onCluster = { resourceType: "CLUSTER", resourceName: "kafka-cluster" };
  const BY_TYPE: Readonly<Record<number, object>> = {
    2: onTopic,
    4: onCluster,
    16: onCluster,
    32: onGroup,
  };

  test.each([
    ["AlterConfigs", "ALTER_CONFIGS", null],
    ["IncrementalAlterConfigs", "ALTER_CONFIGS", { operation: "CLUSTER_ACTION", ...onCluster }],
    ["DescribeConfigs", "DESCRIBE_CONFIGS", { operation: "DESCRIBE_CONFIGS", ...onCluster }],
  ] as const)("by %s", (name, operation, onLoggers) => {
    const demand = DEMANDS[name];
    if (demand?.on !== "each-config-resource") throw new TypeError(name);
    for (let type = -128; type < 128; type += 1) {
      const resource = BY_TYPE[type];
      const access = resource === undefined ? null : { operation, ...resource };
      expect(configsAccess(demand, type, "1"), String(type)).toEqual(
        type === 8 ? onLoggers : access,
      );
    }
  });
});
