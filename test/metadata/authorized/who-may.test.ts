/**
 * Every operation, asked by whoever may and whoever may not. What is denied is answered as written here; what is
 * allowed is answered as if nobody had been asked.
 */
import { describe, expect, test } from "vitest";
import {
  controllerApis,
  runAuthorized,
  type ControlOperation,
} from "../../../src/metadata/index.ts";
import { isApiName, DescribeDelegationToken, type ApiName } from "../../../src/protocol/index.ts";
import { entry, EVERY_ACL } from "../access/acl-notation.ts";
import { contextFor } from "../world.ts";
import { asked, denialsIn, errorsIn, SETTINGS, unasked, withAcls, type Asking } from "./asking.ts";

interface Row {
  readonly request: object;
  /** What somebody must be allowed, as the operations of entries on resources. */
  readonly needs: readonly string[];
  /** What he is answered who is not. */
  readonly denied: string;
}

const onCluster = (operation: string, name: string, request: object = {}): Row => ({
  request,
  needs: [`${operation} CLUSTER =kafka-cluster`],
  denied: `CLUSTER_AUTHORIZATION_FAILED: Request ${name} needs ${operation} permission.`,
});

/** The same, of an API whose response has no place for words. */
const wordless = (operation: string, request: object = {}): Row => ({
  request,
  needs: [`${operation} CLUSTER =kafka-cluster`],
  denied: "CLUSTER_AUTHORIZATION_FAILED",
});

const TOPIC = 2;

const ROWS: { readonly [Name in ApiName]?: Row } = {
  CreateTopics: {
    request: { topics: [{ name: "new", numPartitions: 1, replicationFactor: 2 }] },
    needs: ["CREATE TOPIC =new", "DESCRIBE_CONFIGS TOPIC =new"],
    denied: "TOPIC_AUTHORIZATION_FAILED: Authorization failed.",
  },
  DeleteTopics: {
    request: { topics: [{ name: "orders" }] },
    needs: ["DELETE TOPIC =orders"],
    denied: "TOPIC_AUTHORIZATION_FAILED: Topic authorization failed.",
  },
  CreatePartitions: {
    request: { topics: [{ name: "orders", count: 3, assignments: null }] },
    needs: ["ALTER TOPIC =orders"],
    denied: "TOPIC_AUTHORIZATION_FAILED",
  },
  AlterConfigs: {
    request: {
      resources: [
        {
          resourceType: TOPIC,
          resourceName: "orders",
          configs: [{ name: "retention.ms", value: "1" }],
        },
      ],
    },
    needs: ["ALTER_CONFIGS TOPIC =orders"],
    denied: "TOPIC_AUTHORIZATION_FAILED: Topic authorization failed.",
  },
  IncrementalAlterConfigs: {
    request: {
      resources: [
        {
          resourceType: TOPIC,
          resourceName: "orders",
          configs: [{ name: "retention.ms", value: "1", configOperation: 0 }],
        },
      ],
    },
    needs: ["ALTER_CONFIGS TOPIC =orders"],
    denied: "TOPIC_AUTHORIZATION_FAILED: Topic authorization failed.",
  },
  DescribeConfigs: {
    request: {
      resources: [{ resourceType: TOPIC, resourceName: "orders", configurationKeys: null }],
    },
    needs: ["DESCRIBE_CONFIGS TOPIC =orders"],
    denied: "TOPIC_AUTHORIZATION_FAILED: Topic authorization failed.",
  },
  ElectLeaders: wordless("ALTER", { topicPartitions: null }),
  AlterPartitionReassignments: onCluster("ALTER", "AlterPartitionReassignments", {
    topics: [{ name: "orders", partitions: [{ partitionIndex: 0, replicas: [0] }] }],
  }),
  ListPartitionReassignments: onCluster("DESCRIBE", "ListPartitionReassignments", { topics: null }),
  UpdateFeatures: onCluster("ALTER", "UpdateFeatures", {
    featureUpdates: [{ feature: "transaction.version", maxVersionLevel: 1, upgradeType: 1 }],
  }),
  UnregisterBroker: onCluster("ALTER", "UnregisterBroker", { brokerId: 1 }),
  UnregisterController: onCluster("ALTER", "UnregisterController", { controllerId: 1 }),
  FenceBroker: onCluster("ALTER", "FenceBroker", { brokerId: 1 }),
  CreateAcls: onCluster("ALTER", "CreateAcls", {
    creations: [{ ...entry("ALLOW User:bob READ TOPIC =orders"), resourcePatternType: 3 }],
  }),
  DeleteAcls: onCluster("ALTER", "DeleteAcls", { filters: [EVERY_ACL] }),
  AlterClientQuotas: onCluster("ALTER_CONFIGS", "AlterClientQuotas", {
    entries: [
      {
        entity: [{ entityType: "user", entityName: "bob" }],
        ops: [{ key: "producer_byte_rate", value: 1_024 }],
      },
    ],
  }),
  AlterUserScramCredentials: onCluster("ALTER", "AlterUserScramCredentials", {
    upsertions: [
      { name: "bob", mechanism: 1, iterations: 4_096, saltedPassword: new Uint8Array(32).fill(1) },
    ],
  }),
  CreateDelegationToken: {
    request: { ownerPrincipalType: "User", ownerPrincipalName: "bob" },
    needs: ["CREATE_TOKENS USER =User:bob"],
    denied: "DELEGATION_TOKEN_AUTHORIZATION_FAILED",
  },
  DescribeAcls: onCluster("DESCRIBE", "DescribeAcls", EVERY_ACL),
  DescribeCluster: onCluster("ALTER", "DescribeCluster", { endpointType: 2 }),
  BrokerRegistration: wordless("CLUSTER_ACTION", {
    brokerId: 5,
    clusterId: "CLUSTER",
    incarnationId: "MkU3OEVBNTcwNTJENDM2Qg",
    listeners: [{ name: "PLAINTEXT", host: "h", port: 9092, securityProtocol: 0 }],
    features: [{ name: "metadata.version", minSupportedVersion: 7, maxSupportedVersion: 25 }],
    logDirs: ["057xkX3pQm2vYtB9nW1sRA"],
  }),
  BrokerHeartbeat: wordless("CLUSTER_ACTION", { brokerId: 0, brokerEpoch: 100 }),
  ControllerRegistration: onCluster("CLUSTER_ACTION", "ControllerRegistration", {
    controllerId: 3000,
  }),
  AlterPartition: wordless("CLUSTER_ACTION", { brokerId: 0, brokerEpoch: 100 }),
  AllocateProducerIds: wordless("CLUSTER_ACTION", { brokerId: 0, brokerEpoch: 100 }),
  AssignReplicasToDirs: wordless("CLUSTER_ACTION", { brokerId: 0, brokerEpoch: 100 }),
};

const rows = Object.entries(ROWS).map(([name, row]) => {
  if (!isApiName(name)) throw new RangeError(name);
  return [name, row] as const;
});

const allowing = (who: string, { needs }: Row): readonly string[] =>
  needs.map((need) => `ALLOW User:${who} ${need}`);
const denying = (who: string, { needs }: Row): readonly string[] =>
  needs.map((need) => `DENY User:${who} ${need}`);

/** An entry about the cluster, without which everybody has it where `allow.everyone.if.no.acl.found` is set. */
const OTHERS = "ALLOW User:zoe READ CLUSTER =kafka-cluster";

const EVERYONE = { ...SETTINGS, allowEveryoneIfNoAclFound: true };

/** Whose token it is may renew it, and no entry says so. */
const OF_NOBODY_ELSE = ["RenewDelegationToken", "ExpireDelegationToken"] as const;

test("there is a row for every operation that demands something", () => {
  const all = [...Object.keys(ROWS), ...OF_NOBODY_ELSE];
  expect(all.toSorted()).toEqual(Object.keys(controllerApis).toSorted());
});

test.each(OF_NOBODY_ELSE)("%s is answered as if nobody had been asked", (name) => {
  const asking = { acls: ["DENY User:* ALL CLUSTER =kafka-cluster", "DENY User:* ALL USER =*"] };
  const { denials, ...result } = asked(name, {}, asking);
  expect(result).toEqual(unasked(name, {}, asking));
  expect([denials, errorsIn(result.response)]).toEqual([[], ["DELEGATION_TOKEN_NOT_FOUND"]]);
});

describe("a token for oneself", () => {
  const asking = { acls: ["DENY User:* ALL USER =*"] };
  test.each([
    { ownerPrincipalName: null },
    { ownerPrincipalName: "" },
    { ownerPrincipalType: "User", ownerPrincipalName: "ann" },
  ])("takes no right: %o", (owner) => {
    const { denials, ...result } = asked("CreateDelegationToken", owner, asking);
    expect([denials, errorsIn(result.response), result.records.length]).toEqual([[], [], 1]);
  });

  test("is none for another of the same name", () => {
    const owner = { ownerPrincipalType: "Robot", ownerPrincipalName: "ann" };
    const result = asked("CreateDelegationToken", owner, asking);
    expect(denialsIn(result)).toEqual(["CREATE_TOKENS USER =Robot:ann"]);
    expect(result.response).toMatchObject({
      principalType: "Robot",
      tokenRequesterPrincipalName: "ann",
      issueTimestampMs: -1,
      maxTimestampMs: -1,
    });
  });

  test("who may have none is told so, and not what he lacks", () => {
    const caller = {
      principal: { type: "User", name: "ann", tokenAuthenticated: true },
      isForwarded: true,
      clientAddress: null,
    };
    const owner = { ownerPrincipalType: "User", ownerPrincipalName: "bob" };
    const result = asked("CreateDelegationToken", owner, { context: { caller } });
    expect(errorsIn(result.response)).toEqual(["DELEGATION_TOKEN_REQUEST_NOT_ALLOWED"]);
    expect([denialsIn(result), result.records]).toEqual([[], []]);
  });
});

describe.each(rows)("%s", (name, row) => {
  test.each<[string, Asking]>([
    ["who has the right", { acls: allowing("ann", row) }],
    ["who everybody has it with", { acls: allowing("*", row) }],
    ["a super user, whom an entry denies it", { who: "root", acls: denying("root", row) }],
    ["anybody where no entry is about it", { settings: EVERYONE }],
  ])("is answered for %s", (_, asking) => {
    const { denials, ...result } = asked(name, row.request, asking);
    expect(result).toEqual(unasked(name, row.request, asking));
    expect(denials).toEqual([]);
  });

  test.each<[string, Asking]>([
    ["who has no right", {}],
    ["who has another's right", { acls: allowing("bob", row) }],
    ["who is denied what he is allowed", { acls: [...allowing("ann", row), ...denying("*", row)] }],
    [
      "who is denied where everybody may",
      { acls: [OTHERS, ...denying("ann", row)], settings: EVERYONE },
    ],
    [
      "anybody where the entries are for others",
      { acls: [OTHERS, ...allowing("bob", row)], settings: EVERYONE },
    ],
    ["a super user of another type of name", { who: "root ", acls: [] }],
  ])("is refused to %s", (_, asking) => {
    const result = asked(name, row.request, asking);
    expect([...new Set(errorsIn(result.response))]).toEqual([row.denied]);
    expect(result.records).toEqual([]);
    expect(result.liveness).toBeUndefined();
    const [need = ""] = row.needs;
    const [first = ""] = denialsIn(result);
    // Whether there is the topic comes first, where it is asked for by name.
    const logged = name === "DeleteTopics" ? [need, "DESCRIBE TOPIC =orders"] : [need];
    expect(logged).toContain(first);
  });
});

test("an API of which nobody has said what it demands is denied, also to a super user", () => {
  const served: ControlOperation<typeof DescribeDelegationToken> = {
    api: DescribeDelegationToken,
    kind: "write",
    run: () => ({ records: [], response: DescribeDelegationToken.response.fill({}) }),
  };
  const view = withAcls(["ALLOW User:* ALL CLUSTER =kafka-cluster"]);
  const caller = {
    principal: { type: "User", name: "root", tokenAuthenticated: false },
    isForwarded: true,
    clientAddress: null,
  };
  const context = contextFor(view, { apiVersion: 2, caller });
  const call = {
    operation: served,
    view,
    request: DescribeDelegationToken.request.fill({}),
    context,
  };
  expect(errorsIn(runAuthorized("DescribeDelegationToken", call, EVERYONE).response)).toEqual([
    "CLUSTER_AUTHORIZATION_FAILED",
  ]);
  expect(errorsIn(runAuthorized("DescribeDelegationToken", call, null).response)).toEqual([]);
});
