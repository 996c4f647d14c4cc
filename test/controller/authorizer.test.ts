/**
 * A controller whose cluster has an authorizer, asked by frames: through the listener, as whoever the Worker has let
 * in. The entries are in its log.
 */
import { describe, expect, test } from "vitest";
import { UNLOCKED, type Bearer } from "../../durable-objects/bearer.ts";
import { settingsOf, STANDARD_AUTHORIZER } from "../../durable-objects/cluster-settings.ts";
import type { Controller } from "../../durable-objects/controller.ts";
import { leaderNamedIn } from "../../durable-objects/contract.ts";
import type { Origin } from "../../durable-objects/listener/answer.ts";
import { answerFrame } from "../../durable-objects/listener/listener.ts";
import { QUORUM_APIS } from "../../durable-objects/listener/served-apis.ts";
import {
  apis,
  boundsOf,
  CreateTopics,
  decodeResponseFrame,
  encodePrincipal,
  requestFrame,
  type Api,
  type ApiName,
} from "../../src/protocol/index.ts";
import { entry, EVERY_ACL } from "../metadata/access/acl-notation.ts";
import { errorsIn } from "../metadata/authorized/asking.ts";
import { uuidOf } from "../metadata/record-streams.ts";
import { record } from "../metadata/world.ts";
import { Quorum, writing } from "./quorum.ts";
import { CLUSTER, VOTER, World } from "./world.ts";

const SETTINGS = {
  "authorizer.class.name": STANDARD_AUTHORIZER,
  "super.users": "User:broker;User:root",
} as const;

interface Asking {
  readonly who: string;
  readonly role?: Bearer["role"];
  readonly origin?: Origin;
  readonly address?: string | null;
}

const entryRecord = (line: string, at: number) =>
  record("ACCESS_CONTROL_ENTRY_RECORD", 0, { ...entry(line), id: uuidOf(at + 1) });

class Listener {
  readonly controller: Controller;
  /** Null where the controller is another world's. */
  readonly #world: World | null;

  constructor(controller: Controller, world: World | null) {
    this.controller = controller;
    this.#world = world;
  }

  /** What the controller tells its operators. */
  get lines(): readonly string[] {
    return this.#world?.lines ?? [];
  }

  /** A controller in office, with these entries in its log. */
  static async with(acls: readonly string[], settings: object = SETTINGS): Promise<Listener> {
    const world = new World();
    const controller = await world.inOffice({
      ...CLUSTER,
      settings: { ...CLUSTER.settings, ...settings },
    });
    await world.submit(controller, writing(...acls.map(entryRecord)));
    return new Listener(controller, world);
  }

  /** The response to a request that is filled from `parts`, and the controller that it names as the leader. */
  async ask(
    name: ApiName,
    parts: object,
    { who, role = "gateway", origin = "client", address = "10.0.0.1" }: Asking,
  ) {
    const api: Api = apis[name];
    const apiVersion = boundsOf(api.valid).high;
    const header = { apiVersion, correlationId: 1, clientId: "test" };
    const bearer: Bearer = {
      role,
      principal: who,
      broker_ids: [],
      client_address: address,
      token_id: "token-1",
    };
    const { signal } = new AbortController();
    const answering = answerFrame(
      { voter: this.controller, cluster: CLUSTER },
      requestFrame(api, header, api.request.fill(parts)),
      { origin, signal, bearer: origin === "peer" ? UNLOCKED : bearer },
    );
    const answer = await (this.#world?.inMoment(answering) ?? answering);
    expect(answer.status).toBe(200);
    const bytes = new Uint8Array(await answer.arrayBuffer());
    return {
      body: decodeResponseFrame(api, apiVersion, bytes).body,
      leader: leaderNamedIn(answer.headers),
    };
  }

  async errors(name: ApiName, parts: object, asking: Asking): Promise<readonly string[]> {
    return errorsIn((await this.ask(name, parts, asking)).body);
  }
}

const creation = (name: string) => ({ topics: [{ name, numPartitions: 1, replicationFactor: 1 }] });
const NO_BROKERS = /^INVALID_REPLICATION_FACTOR/;

/** A CreateTopics in the envelope of a broker. */
const forwarded = (client: string, address = new Uint8Array([10, 0, 0, 7])) => ({
  requestData: requestFrame(
    CreateTopics,
    { apiVersion: 7, correlationId: 9, clientId: "admin" },
    CreateTopics.request.fill(creation("orders")),
  ),
  requestPrincipal: encodePrincipal({ type: "User", name: client, tokenAuthenticated: false }),
  clientHostAddress: address,
});

/** What the client in an envelope is answered; on the envelope itself there is no error. */
function innerErrors(body: object): readonly string[] {
  if (!("responseData" in body) || !(body.responseData instanceof Uint8Array)) return ["nothing"];
  return errorsIn(decodeResponseFrame(CreateTopics, 7, body.responseData).body);
}

describe("the authorizer of a cluster", () => {
  test("lets do what an entry allows, and no more", async () => {
    const listener = await Listener.with(["ALLOW User:ann CREATE TOPIC ^or from 10.0.0.1"]);
    const errors = (name: string, asking: Asking) =>
      listener.errors("CreateTopics", creation(name), asking);
    // No broker is there to place it on: the rule was reached.
    expect(await errors("orders", { who: "ann" })).toEqual([expect.stringMatching(NO_BROKERS)]);
    const denied = ["TOPIC_AUTHORIZATION_FAILED: Authorization failed."];
    expect(await errors("stock", { who: "ann" })).toEqual(denied);
    expect(await errors("orders", { who: "bob" })).toEqual(denied);
    expect(await errors("orders", { who: "ann", address: "10.0.0.2" })).toEqual(denied);
    expect(await errors("stock", { who: "root" })).toEqual([expect.stringMatching(NO_BROKERS)]);
  });

  test("does not widen what a token's role may", async () => {
    const listener = await Listener.with([]);
    expect(
      await listener.errors("CreateTopics", creation("orders"), { who: "root", role: "viewer" }),
    ).toEqual([
      'CLUSTER_AUTHORIZATION_FAILED: A token of role "viewer" may not call CreateTopics.',
    ]);
  });

  test("is asked of what is not committed yet", async () => {
    const quorum = new Quorum(3, SETTINGS);
    const listener = new Listener(quorum.leader.up, null);
    const outcomes: unknown[] = [];
    const writes = writing(entryRecord("ALLOW User:ann CREATE TOPIC =orders", 0));
    listener.controller.submit(writes, 0, (outcome) => outcomes.push(outcome));
    const errors = listener.errors("CreateTopics", creation("orders"), { who: "ann" });
    expect([outcomes, listener.controller.committedAcls?.byId.size]).toEqual([[], 0]);
    quorum.pass(1_000);
    expect(await errors).toEqual([expect.stringMatching(NO_BROKERS)]);
    expect(listener.controller.committedAcls?.byId.size).toBe(1);
  });

  test("is not there unless it is chosen", async () => {
    const listener = await Listener.with(["DENY User:* ALL CLUSTER =kafka-cluster"], {});
    expect(listener.controller.authorizer).toBeNull();
    expect(await listener.errors("UnregisterBroker", { brokerId: 1 }, { who: "ann" })).toEqual([
      expect.stringMatching(/^BROKER_ID_NOT_REGISTERED/),
    ]);
  });

  test("leaves what no entry is about to everybody, where that is chosen", async () => {
    const settings = {
      "authorizer.class.name": STANDARD_AUTHORIZER,
      "allow.everyone.if.no.acl.found": true,
    } as const;
    const listener = await Listener.with(["ALLOW User:bob CREATE TOPIC =stock"], settings);
    const errors = (name: string) =>
      listener.errors("CreateTopics", creation(name), { who: "ann" });
    expect(await errors("orders")).toEqual([expect.stringMatching(NO_BROKERS)]);
    expect(settingsOf({ settings })["super.users"]).toBe("");
  });
});

describe("ACLs", () => {
  const { patternType, ...grant } = entry("ALLOW User:ann CREATE TOPIC =orders");
  const grants = { creations: [{ ...grant, resourcePatternType: patternType }] };

  test("decide from the moment that they are written, and until they are removed", async () => {
    const listener = await Listener.with([]);
    const errors = () => listener.errors("CreateTopics", creation("orders"), { who: "ann" });
    const denied = ["TOPIC_AUTHORIZATION_FAILED: Authorization failed."];
    expect(await errors()).toEqual(denied);
    expect(await listener.errors("CreateAcls", grants, { who: "root" })).toEqual([]);
    expect(await errors()).toEqual([expect.stringMatching(NO_BROKERS)]);
    const { body } = await listener.ask("DescribeAcls", EVERY_ACL, { who: "root" });
    expect(body).toMatchObject({ resources: [{ resourceName: "orders", acls: [{}] }] });
    const removed = await listener.ask("DeleteAcls", { filters: [EVERY_ACL] }, { who: "root" });
    expect(removed.body).toMatchObject({ filterResults: [{ matchingAcls: [{ host: "*" }] }] });
    expect(await errors()).toEqual(denied);
  });

  test("are nobody's to write without ALTER on the cluster, nor to read without DESCRIBE", async () => {
    const listener = await Listener.with(["ALLOW User:ann ALL TOPIC ^"]);
    const asks = [
      ["CreateAcls", grants, "ALTER"],
      ["DeleteAcls", { filters: [EVERY_ACL] }, "ALTER"],
      ["DescribeAcls", EVERY_ACL, "DESCRIBE"],
    ] as const;
    for (const [name, parts, operation] of asks)
      expect(await listener.errors(name, parts, { who: "ann" })).toEqual([
        `CLUSTER_AUTHORIZATION_FAILED: Request ${name} needs ${operation} permission.`,
      ]);
    expect(listener.controller.committedAcls?.byId.size).toBe(1);
  });

  test("are neither written nor read where there is no authorizer", async () => {
    const listener = await Listener.with(["ALLOW User:ann ALL TOPIC ^"], {});
    const errors = (name: ApiName, parts: object) => listener.errors(name, parts, { who: "ann" });
    const says = "SECURITY_DISABLED: No Authorizer is configured";
    expect(await errors("CreateAcls", grants)).toEqual([`${says}.`]);
    expect(await errors("DeleteAcls", { filters: [EVERY_ACL] })).toEqual([`${says}.`]);
    expect(await errors("DescribeAcls", EVERY_ACL)).toEqual([`${says} on the broker`]);
  });
});

describe("the quorum's own APIs", () => {
  const fetch = {
    clusterId: CLUSTER.cluster_id,
    replicaState: { replicaId: 1, replicaEpoch: -1 },
    topics: [],
  };

  test.each(QUORUM_APIS)("%s is refused to who has no right", async (name) => {
    const listener = await Listener.with(["ALLOW User:ann ALL TOPIC ^"]);
    const { body } = await listener.ask(name, name === "Fetch" ? fetch : {}, {
      who: "ann",
      role: "unlocked",
    });
    expect(errorsIn(body)[0]).toMatch(/^CLUSTER_AUTHORIZATION_FAILED/);
  });

  test("are answered to who has CLUSTER_ACTION or DESCRIBE, as Kafka asks it", async () => {
    const listener = await Listener.with([
      "ALLOW User:node CLUSTER_ACTION CLUSTER =kafka-cluster",
      "ALLOW User:ann DESCRIBE CLUSTER =kafka-cluster",
    ]);
    const describeQuorum = {
      topics: [{ topicName: "__cluster_metadata", partitions: [{ partitionIndex: 0 }] }],
    };
    const malformed = ["INVALID_REQUEST"];
    expect(await listener.errors("DescribeQuorum", describeQuorum, { who: "ann" })).toEqual([]);
    expect(await listener.errors("DescribeQuorum", describeQuorum, { who: "node" })).toEqual([
      "CLUSTER_AUTHORIZATION_FAILED: Request DescribeQuorum needs DESCRIBE permission.",
    ]);
    // Without topics it is about nothing: it has reached the core.
    expect(await listener.errors("Fetch", fetch, { who: "node" })).toEqual(malformed);
    expect(await listener.errors("Fetch", fetch, { who: "ann" })).toEqual([
      "CLUSTER_AUTHORIZATION_FAILED",
    ]);
  });

  test("answer everybody which versions there are", async () => {
    const listener = await Listener.with([]);
    const software = { clientSoftwareName: "test", clientSoftwareVersion: "1" };
    expect(await listener.errors("ApiVersions", software, { who: "ann" })).toEqual([]);
  });

  test("of another controller are asked of nobody", async () => {
    const listener = await Listener.with([]);
    const vote = { clusterId: "another", topics: [] };
    expect(await listener.errors("Vote", vote, { who: "", origin: "peer" })).not.toEqual(
      await listener.errors("Vote", vote, { who: "ann", role: "unlocked" }),
    );
    const registration = { controllerId: 3000, incarnationId: uuidOf(3) };
    expect(
      await listener.errors("ControllerRegistration", registration, { who: "", origin: "peer" }),
    ).toEqual(["INVALID_REQUEST: The listeners are not those of voter 3000."]);
  });
});

describe("an envelope", () => {
  test("is believed only from who has CLUSTER_ACTION", async () => {
    const listener = await Listener.with(["ALLOW User:* CREATE TOPIC ^"]);
    const { body } = await listener.ask("Envelope", forwarded("root"), { who: "ann" });
    expect(body).toMatchObject({ errorCode: 31, responseData: null });
  });

  test("is no broker's leave for what its client may not, and no client's need of the broker's", async () => {
    const listener = await Listener.with([
      "ALLOW User:ann CREATE TOPIC =orders from 10.0.0.7",
      "ALLOW User:node CLUSTER_ACTION CLUSTER =kafka-cluster",
    ]);
    const inner = async (client: string, who: string, address?: Uint8Array<ArrayBuffer>) =>
      innerErrors((await listener.ask("Envelope", forwarded(client, address), { who })).body);
    const denied = ["TOPIC_AUTHORIZATION_FAILED: Authorization failed."];
    expect(await inner("ann", "broker")).toEqual([expect.stringMatching(NO_BROKERS)]);
    expect(await inner("ann", "node")).toEqual([expect.stringMatching(NO_BROKERS)]);
    expect(await inner("bob", "broker")).toEqual(denied);
    expect(await inner("node", "node")).toEqual(denied);
    // It is the client's address that counts, and not the broker's.
    expect(await inner("ann", "broker", new Uint8Array([10, 0, 0, 1]))).toEqual(denied);
  });
});

describe("a controller that has not replayed its log", () => {
  test("answers super users alone, and sends the rest to look elsewhere", async () => {
    const everyone = { ...SETTINGS, "allow.everyone.if.no.acl.found": true };
    const others = [1, 2].map((at) => ({
      ...VOTER,
      node_id: VOTER.node_id + at,
      directory_id: `JEXY6aqzQY-32P5TStza${at}g`,
    }));
    const voters = { initial_voters: [VOTER, ...others] };
    const world = new World();
    const controller = world.boot({
      ...CLUSTER,
      ...voters,
      settings: { ...CLUSTER.settings, ...everyone },
    });
    const listener = new Listener(controller, world);
    const { body, leader } = await listener.ask("DescribeQuorum", {}, { who: "ann" });
    expect(body).toMatchObject({ errorCode: 41 });
    expect(leader).toBe(-1);
    const answered = await listener.ask("DescribeQuorum", {}, { who: "root" });
    expect(answered.body).toMatchObject({ errorCode: 0 });
  });
});

describe("the log of denials", () => {
  test("says who was denied what, from where and by which rule", async () => {
    const listener = await Listener.with(["DENY User:ann ALTER CLUSTER =kafka-cluster"]);
    await listener.errors("UnregisterBroker", { brokerId: 1 }, { who: "ann" });
    await listener.errors("CreateTopics", creation("a\nb"), { who: "bob", address: null });
    await listener.errors("DescribeQuorum", {}, { who: "root" });
    await listener.errors("DescribeQuorum", {}, { who: "bob" });
    expect(listener.lines.map((line): unknown => JSON.parse(line))).toEqual([
      {
        principal: "User:ann",
        operation: "ALTER",
        host: "10.0.0.1",
        resource: "Cluster:LITERAL:kafka-cluster",
        request: "UnregisterBroker",
        token_id: "token-1",
        rule: "MatchingAcl",
        acl_id: uuidOf(1),
      },
      {
        principal: "User:bob",
        operation: "CREATE",
        host: null,
        resource: "Topic:LITERAL:a\nb",
        request: "CreateTopics",
        token_id: "token-1",
        rule: "DefaultDeny",
      },
      {
        principal: "User:bob",
        operation: "DESCRIBE",
        host: "10.0.0.1",
        resource: "Cluster:LITERAL:kafka-cluster",
        request: "DescribeQuorum",
        token_id: "token-1",
        rule: "DefaultDeny",
      },
    ]);
  });

  test("has few lines a second, each of bounded length, and counts what it leaves out", async () => {
    const world = new World();
    const controller = await world.inOffice({
      ...CLUSTER,
      settings: { ...CLUSTER.settings, ...SETTINGS },
    });
    const listener = new Listener(controller, world);
    const topics = Array.from({ length: 500 }, (_, at) => ({ name: `${"x".repeat(9_000)}${at}` }));
    await listener.errors("CreateTopics", { topics }, { who: "ann" });
    expect(world.lines).toHaveLength(20);
    expect(Math.max(...world.lines.map((line) => line.length))).toBeLessThan(600);
    await world.pass(1_000);
    await listener.errors("DescribeQuorum", {}, { who: "ann" });
    expect(world.lines).toHaveLength(21);
    expect(JSON.parse(world.lines[20] ?? "")).toMatchObject({ left_out: 480 });
  });
});
