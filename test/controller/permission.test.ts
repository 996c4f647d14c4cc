/**
 * API by role, in frames, at a controller in office: whom it answers, whom it refuses, and for which brokers one
 * speaks.
 */
import { beforeAll, describe, expect, test } from "vitest";
import type { Bearer } from "../../durable-objects/bearer.ts";
import type { Controller } from "../../durable-objects/controller.ts";
import { answerFrame } from "../../durable-objects/listener/listener.ts";
import { SERVED_APIS } from "../../durable-objects/listener/served-apis.ts";
import { API_ROLES, from, mayCall, ROLE_NAMES, type Role } from "../../src/access/index.ts";
import {
  apis,
  isApiName,
  boundsOf,
  decodeResponseFrame,
  ErrorCode,
  requestFrame,
  type Api,
  type ApiName,
} from "../../src/protocol/index.ts";
import { CLUSTER, World } from "./world.ts";

const world = new World();
let controller: Controller;
beforeAll(async () => {
  controller = await world.inOffice();
});

/** Something to refuse, where an answer says so of each thing that was asked for. */
const ASKED: { readonly [Name in ApiName]?: object } = {
  CreateTopics: { topics: [{ name: "t" }] },
  DeleteTopics: { topics: [{ name: "t" }], topicNames: ["t"] },
  CreatePartitions: { topics: [{ name: "t", count: 2 }] },
  DescribeConfigs: { resources: [{ resourceType: 2, resourceName: "t" }] },
  AlterConfigs: { resources: [{ resourceType: 2, resourceName: "t" }] },
  IncrementalAlterConfigs: { resources: [{ resourceType: 2, resourceName: "t" }] },
  AlterClientQuotas: { entries: [{ entity: [{ entityType: "user", entityName: "u" }] }] },
  CreateAcls: { creations: [{ resourceType: 2, resourceName: "t" }] },
  DeleteAcls: { filters: [{ resourceTypeFilter: 2 }] },
  AlterUserScramCredentials: { deletions: [{ name: "u", mechanism: 1 }] },
};

const bearerOf = (role: Role, brokerIds: readonly number[]): Bearer => ({
  role,
  broker_ids: brokerIds,
  principal: "alice",
  client_address: "192.0.2.1",
  token_id: "AAAAAAAAAAAAAAAAAAAAAA",
});

/** Whether it is refused with CLUSTER_AUTHORIZATION_FAILED, at the top or for what it asks for. */
async function isRefused(
  bearer: Bearer,
  name: ApiName,
  { body, apiVersion }: { readonly body?: object; readonly apiVersion?: number } = {},
): Promise<boolean> {
  const api: Api = apis[name];
  const version = apiVersion ?? boundsOf(api.request.valid).high;
  const header = { apiVersion: version, correlationId: 1, clientId: "test" };
  const frame = requestFrame(api, header, api.request.fill({ ...ASKED[name], ...body }));
  const { signal } = new AbortController();
  const node = { voter: controller, cluster: CLUSTER };
  const response = await world.inMoment(
    answerFrame(node, frame, { origin: "client", signal, bearer }),
  );
  if (response.status !== 200) throw new Error(`${name}: ${await response.text()}`);
  const answer = decodeResponseFrame(api, version, new Uint8Array(await response.arrayBuffer()));
  const told = JSON.stringify(answer.body, (_, value: unknown) =>
    typeof value === "bigint" ? Number(value) : value,
  );
  return told.includes(`"errorCode":${ErrorCode.CLUSTER_AUTHORIZATION_FAILED}`);
}

describe("the table of APIs", () => {
  test("lets each of the first four roles do what the next one may", () => {
    for (const [name, roles] of Object.entries(API_ROLES)) {
      const ladder = from("viewer");
      const lowest = ladder.findIndex((role) => roles.includes(role));
      const above = lowest < 0 ? [] : ladder.slice(lowest);
      expect([name, ladder.filter((role) => roles.includes(role))]).toEqual([name, above]);
    }
  });

  test("lets operators fence a broker, and nobody who speaks Kafka", () => {
    expect(ROLE_NAMES.filter((role) => mayCall(role, "FenceBroker"))).toEqual([
      "admin",
      "operator",
    ]);
  });

  test("gives nobody what only controllers say, and a person nothing that only brokers say", () => {
    for (const name of ["Vote", "BeginQuorumEpoch", "EndQuorumEpoch"] as const)
      expect(ROLE_NAMES.filter((role) => mayCall(role, name))).toEqual([]);
    const people = ROLE_NAMES.filter((role) => role !== "broker" && role !== "gateway");
    const actions = Object.values<Api>(apis).filter(({ clusterAction }) => clusterAction);
    expect(actions.length).toBeGreaterThan(5);
    for (const { name } of actions) {
      if (!isApiName(name)) throw new Error(`${name} is none`);
      expect([name, people.filter((role) => mayCall(role, name))]).toEqual([name, []]);
    }
  });
});

describe.each(ROLE_NAMES)("a token of role %s", (role) => {
  test.each(SERVED_APIS)("and %s", async (name) => {
    const bearer = bearerOf(role, role === "broker" ? [1] : []);
    const own = role === "broker" && name in OF_BROKERS ? (OF_BROKERS[name]?.(1)[0] ?? {}) : {};
    expect(await isRefused(bearer, name, own)).toBe(!mayCall(role, name));
  });
});

interface Said {
  readonly body: object;
  readonly apiVersion?: number;
}

/** Each way in which an API says which broker it is from. */
const OF_BROKERS: { readonly [Name in ApiName]?: (brokerId: number) => readonly Said[] } = {
  BrokerRegistration: (brokerId) => [{ body: { brokerId } }],
  BrokerHeartbeat: (brokerId) => [{ body: { brokerId } }],
  AlterPartition: (brokerId) => [{ body: { brokerId } }],
  AllocateProducerIds: (brokerId) => [{ body: { brokerId } }],
  AssignReplicasToDirs: (brokerId) => [{ body: { brokerId } }],
  // KIP-903 moved it.
  Fetch: (replicaId) => [
    { body: { replicaState: { replicaId, replicaEpoch: -1 } } },
    { body: { replicaState: { replicaId, replicaEpoch: -1 } }, apiVersion: 15 },
    { body: { replicaId }, apiVersion: 14 },
  ],
  FetchSnapshot: (replicaId) => [{ body: { replicaId } }],
};

describe("a broker's token", () => {
  test("has an id in every API that brokers alone call, but for what they forward", () => {
    const brokers = SERVED_APIS.filter(
      (name) => mayCall("broker", name) && !mayCall("admin", name),
    );
    expect(brokers.filter((name) => name !== "Envelope").toSorted()).toEqual(
      Object.keys(OF_BROKERS)
        .filter((name) => SERVED_APIS.some((served) => served === name))
        .toSorted(),
    );
  });

  const served = SERVED_APIS.filter((name) => name in OF_BROKERS);
  test.each(served)("speaks for its own ids alone: %s", async (name) => {
    const bearer = bearerOf("broker", [1, 7]);
    const verdicts = async (brokerId: number, who = bearer): Promise<readonly boolean[]> =>
      Promise.all((OF_BROKERS[name]?.(brokerId) ?? []).map((said) => isRefused(who, name, said)));
    const all = (await verdicts(1)).map(() => true);
    expect(await verdicts(1)).toEqual(all.map(() => false));
    expect(await verdicts(7)).toEqual(all.map(() => false));
    // Nor for a controller, nor for a consumer, which none of ours is.
    for (const brokerId of [0, 2, 17, 3000, -1]) expect(await verdicts(brokerId)).toEqual(all);
    expect(await verdicts(2, bearerOf("gateway", []))).toEqual(all.map(() => false));
  });
});
