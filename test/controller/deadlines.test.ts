/**
 * A request's `timeoutMs` as its deadline, through the listener: who has no time left is refused before anything runs,
 * and who waits for a commit that does not come is told in time. What was written is then whole or not there.
 */
import { describe, expect, test } from "vitest";
import { UNLOCKED } from "../../durable-objects/bearer.ts";
import { leaderNamedIn } from "../../durable-objects/contract.ts";
import { answerFrame } from "../../durable-objects/listener/listener.ts";
import { allTopics } from "../../src/metadata/index.ts";
import {
  apis,
  boundsOf,
  decodeResponseFrame,
  requestFrame,
  type Api,
  type ApiName,
} from "../../src/protocol/index.ts";
import { errorsIn } from "../metadata/authorized/asking.ts";
import { record } from "../metadata/world.ts";
import { Quorum, writing, type QuorumNode } from "./quorum.ts";

const BROKER = record("REGISTER_BROKER_RECORD", 1, {
  brokerId: 1,
  brokerEpoch: 100,
  fenced: false,
  endPoints: [{ name: "PLAINTEXT", host: "localhost", port: 9_092, securityProtocol: 0 }],
});

interface Asked {
  /** Every error in the answer; null while there is none. */
  errors: readonly string[] | null;
  leader?: number | undefined;
}

/** Asks a node in the name of nobody in particular; what comes of it is in what is returned, as time passes. */
function ask(quorum: Quorum, node: QuorumNode, name: ApiName, parts: object): Asked {
  const api: Api = apis[name];
  const apiVersion = boundsOf(api.valid).high;
  const header = { apiVersion, correlationId: 1, clientId: "test" };
  const asked: Asked = { errors: null };
  const { signal } = new AbortController();
  const sender = { origin: "client", signal, bearer: UNLOCKED } as const;
  const frame = requestFrame(api, header, api.request.fill(parts));
  void answerFrame({ voter: node.up, cluster: quorum.cluster }, frame, sender).then(
    async (response) => {
      const bytes = new Uint8Array(await response.arrayBuffer());
      asked.leader = leaderNamedIn(response.headers);
      asked.errors = errorsIn(decodeResponseFrame(api, apiVersion, bytes).body);
    },
  );
  return asked;
}

/** Time passes, and what was promised by then is kept. */
async function pass(quorum: Quorum, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 10) {
    quorum.pass(10);
    // oxlint-disable-next-line no-await-in-loop -- an answer takes some turns
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  }
}

const creation = (name: string, timeoutMs: number) => ({
  topics: [{ name, numPartitions: 3, replicationFactor: 1 }],
  timeoutMs,
});

const topicsAt = (node: QuorumNode): readonly string[] =>
  [...allTopics(node.up.committedImage.topics)].map(
    ({ name, partitionCount }) => `${name} ${partitionCount}`,
  );

const OVER = "REQUEST_TIMED_OUT: The request timed out; nothing was written.";
/** Where there is a field for words, and where there is none. */
const NOT_RUN = [OVER, "REQUEST_TIMED_OUT"];
const WAITS =
  "REQUEST_TIMED_OUT: The request timed out while what it wrote waits to be committed: it may be yet.";

describe("a request that has no time", () => {
  const orders = { topic: "orders", partitions: [0] };
  test.each<readonly [ApiName, object]>([
    ["CreateTopics", { topics: [{ name: "stock", numPartitions: 1, replicationFactor: 1 }] }],
    ["DeleteTopics", { topics: [{ name: "orders" }] }],
    ["CreatePartitions", { topics: [{ name: "orders", count: 9, assignments: null }] }],
    [
      "AlterPartitionReassignments",
      { topics: [{ name: "orders", partitions: [{ partitionIndex: 0, replicas: [1] }] }] },
    ],
    ["ElectLeaders", { electionType: 0, topicPartitions: [orders] }],
    [
      "UpdateFeatures",
      { featureUpdates: [{ feature: "group.version", maxVersionLevel: 0, upgradeType: 2 }] },
    ],
  ])("is never run: %s", async (name, parts) => {
    const quorum = new Quorum(1, {});
    quorum.submit(writing(BROKER));
    const { leader } = quorum;
    const created = ask(quorum, leader, "CreateTopics", creation("orders", 1_000));
    await pass(quorum, 100);
    expect(created.errors).toEqual([]);
    const end = leader.up.committedEnd;
    for (const timeoutMs of [0, -1, -0x8000_0000]) {
      const asked = ask(quorum, leader, name, { ...parts, timeoutMs });
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await pass(quorum, 50);
      const errors = asked.errors ?? [];
      expect(errors.length).toBeGreaterThan(0);
      expect(errors.filter((error) => !NOT_RUN.includes(error))).toEqual([]);
    }
    expect(leader.up.committedEnd).toBe(end);
    // With time, it is run.
    const asked = ask(quorum, leader, name, { ...parts, timeoutMs: 1 });
    await pass(quorum, 50);
    expect(asked.errors?.filter((error) => error.startsWith("REQUEST_TIMED_OUT"))).toEqual([]);
  });

  test("is still told where the leader is", async () => {
    const quorum = new Quorum(3, {});
    const [standby] = quorum.followers;
    if (standby === undefined) throw new Error("no standby");
    const asked = ask(quorum, standby, "CreateTopics", creation("orders", 0));
    await pass(quorum, 50);
    expect(asked.leader).toBe(quorum.leader.id);
    expect(asked.errors).toEqual([expect.stringMatching(/^NOT_CONTROLLER/)]);
  });
});

/** The leader of three, with nobody to commit with. */
function cutLeader(): { readonly quorum: Quorum; readonly leader: QuorumNode } {
  const quorum = new Quorum(3, { "broker.session.timeout.ms": 600_000 });
  quorum.submit(writing(BROKER));
  const { leader } = quorum;
  for (const { id } of quorum.followers) quorum.cut.add(id);
  return { quorum, leader };
}

describe("a request that waits for a commit", () => {
  test("is answered at its deadline, and what it wrote is committed whole all the same", async () => {
    const { quorum, leader } = cutLeader();
    const short = ask(quorum, leader, "CreateTopics", creation("orders", 30));
    const long = ask(quorum, leader, "CreateTopics", creation("stock", 60_000));
    const validated = ask(quorum, leader, "CreateTopics", {
      ...creation("bills", 30),
      validateOnly: true,
    });
    await pass(quorum, 20);
    expect([short.errors, long.errors, validated.errors]).toEqual([null, null, null]);
    await pass(quorum, 20);
    expect([short.errors, long.errors, validated.errors]).toEqual([[WAITS], null, [OVER]]);
    expect(topicsAt(leader)).toEqual([]);
    // Too soon for the others to look for another leader.
    quorum.cut.clear();
    await pass(quorum, 1_000);
    expect(quorum.leader).toBe(leader);
    expect(long.errors).toEqual([]);
    for (const node of quorum.nodes)
      expect(topicsAt(node).toSorted()).toEqual(["orders 3", "stock 3"]);
  });

  test("that is lost with its leader is nowhere, and neither is half of it", async () => {
    const { quorum, leader } = cutLeader();
    const asked = ask(quorum, leader, "CreateTopics", creation("orders", 200));
    await pass(quorum, 250);
    expect(asked.errors).toEqual([WAITS]);
    quorum.cut.clear();
    quorum.cut.add(leader.id);
    await pass(quorum, 8_000);
    expect(quorum.leader).not.toBe(leader);
    quorum.cut.clear();
    await pass(quorum, 3_000);
    for (const node of quorum.nodes) expect(topicsAt(node)).toEqual([]);
    // Asked again, it is done: nothing of it stands in the way.
    const again = ask(quorum, quorum.leader, "CreateTopics", creation("orders", 2_000));
    await pass(quorum, 500);
    expect(again.errors).toEqual([]);
  });

  test("whose office ends before is told of that", async () => {
    const { quorum, leader } = cutLeader();
    const asked = ask(quorum, leader, "CreateTopics", creation("orders", 60_000));
    await pass(quorum, 8_000);
    expect(asked.errors).toEqual([expect.stringMatching(/^NOT_CONTROLLER/)]);
  });
});
