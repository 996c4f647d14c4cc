/**
 * What a cluster's settings are to its controllers: an operation runs by them, and no change of them moves a leader.
 */
import { describe, expect, test } from "vitest";
import type { ClusterSettings } from "../../durable-objects/cluster-settings.ts";
import { controllerApis, type ControllerConfig } from "../../src/metadata/index.ts";
import type { CreateTopicsRequest } from "../../src/protocol/index.ts";
import {
  CreateDelegationToken,
  CreateTopics,
  type CreateDelegationTokenResponse,
} from "../../src/protocol/index.ts";
import { TOKEN_KEY } from "../metadata/token-key.ts";
import { record } from "../metadata/world.ts";
import { Quorum, writing, type QuorumNode } from "./quorum.ts";

/** What an operation is told by the controller in office. */
function configOf(quorum: Quorum): ControllerConfig {
  let told: ControllerConfig | undefined;
  quorum.submit((_, { config }) => {
    told = config;
    return { records: [], response: null };
  });
  if (told === undefined) throw new Error("no operation ran");
  return told;
}

function change(
  { cluster }: Quorum,
  node: QuorumNode,
  settings: Partial<ClusterSettings>,
  version = 7,
): void {
  node.up.changeSettings({ ...cluster, setting_changes: { version, settings } });
}

const epochOf = (quorum: Quorum): number => quorum.leader.up.state.election.epoch;

const broker = (brokerId: number, epoch: number) =>
  record("REGISTER_BROKER_RECORD", 1, {
    brokerId,
    brokerEpoch: epoch,
    fenced: false,
    endPoints: [{ name: "PLAINTEXT", host: "localhost", port: 9092, securityProtocol: 0 }],
  });

const token = (tokenId: string, expirationTimestamp: number) =>
  record("DELEGATION_TOKEN_RECORD", 0, {
    owner: "User:ann",
    requester: "User:ann",
    renewers: [],
    issueTimestamp: 1,
    maxTimestamp: Number.MAX_SAFE_INTEGER,
    expirationTimestamp,
    tokenId,
  });

describe("a controller in office", () => {
  test("goes by what its cluster was created with", () => {
    const quorum = new Quorum(1, {
      "broker.session.timeout.ms": 4_000,
      "num.partitions": 6,
      "default.replication.factor": 2,
      "delete.topic.enable": false,
      "delegation.token.max.lifetime.ms": 7_000,
      "delegation.token.expiry.time.ms": 3_000,
      "controller.quota.window.size.seconds": 2,
      "create.topic.policy.max.partitions": 50,
      "create.topic.policy.name.prefixes": "a-,b-",
      "alter.config.policy.forbidden.configs": "retention.ms",
    });
    expect(configOf(quorum)).toEqual({
      brokerSessionTimeoutMs: 4_000,
      numPartitions: 6,
      defaultReplicationFactor: 2,
      deleteTopicEnable: false,
      delegationTokenMaxLifetimeMs: 7_000,
      delegationTokenExpiryTimeMs: 3_000,
      quotaWindow: { count: 11, seconds: 2 },
      policies: {
        topicNamePrefixes: ["a-", "b-"],
        partitionsMax: 50,
        replicationFactorMin: 1,
        replicationFactorMax: 32_767,
        minInsyncReplicasMin: 1,
        forbiddenConfigs: new Set(["retention.ms"]),
      },
    });
  });

  test("goes by a change from the next operation on, and leads on in its epoch", () => {
    const quorum = new Quorum(3, {});
    const { leader } = quorum;
    const epoch = epochOf(quorum);
    expect(configOf(quorum).numPartitions).toBe(1);
    for (const node of quorum.nodes) change(quorum, node, { "num.partitions": 5 });
    expect(configOf(quorum).numPartitions).toBe(5);
    quorum.pass(20_000);
    expect(quorum.leader).toBe(leader);
    expect(epochOf(quorum)).toBe(epoch);
    expect(quorum.nodes.flatMap(({ failures }) => failures)).toEqual([]);
    // Its successor does too.
    quorum.crash(leader);
    const [other] = quorum.nodes.filter((node) => node !== leader);
    other?.up.wake();
    quorum.pass(6_000);
    expect(quorum.leader).not.toBe(leader);
    expect(configOf(quorum).numPartitions).toBe(5);
  });

  test("answers what waits while its settings change", () => {
    const quorum = new Quorum(3, {});
    const outcomes: string[] = [];
    const { up } = quorum.leader;
    up.submit(writing(broker(1, 100)), 0, ({ kind }) => outcomes.push(kind));
    change(quorum, quorum.leader, { "num.partitions": 5 });
    quorum.pass(200);
    expect(outcomes).toEqual(["committed"]);
  });

  test("ends a session by the new length, sooner or later", () => {
    const quorum = new Quorum(1, {});
    quorum.submit(writing(broker(1, 100)));
    const isFenced = (): boolean | undefined =>
      quorum.leader.up.committedImage.cluster.brokers.get(1)?.fenced;
    const node = quorum.leader;
    // In office again it gives every broker a whole session.
    quorum.crash(node);
    quorum.boot(node);
    quorum.pass(1_000);
    change(quorum, quorum.leader, { "broker.session.timeout.ms": 60_000 });
    quorum.pass(50_000);
    expect(isFenced()).toBe(false);
    change(quorum, quorum.leader, { "broker.session.timeout.ms": 1_000 }, 8);
    quorum.pass(3_000);
    expect(isFenced()).toBe(true);
  });

  test("removes a token that has expired, at the interval that is set", () => {
    const quorum = new Quorum(1, { "delegation.token.expiry.check.interval.ms": 60_000 });
    const tokensLeft = (): readonly string[] => [
      ...quorum.leader.up.committedImage.delegationTokens.keys(),
    ];
    quorum.submit(writing(token("over", 1), token("young", Number.MAX_SAFE_INTEGER)));
    quorum.pass(58_000);
    expect(tokensLeft()).toEqual(["over", "young"]);
    quorum.pass(4_000);
    expect(tokensLeft()).toEqual(["young"]);
    change(quorum, quorum.leader, { "delegation.token.expiry.check.interval.ms": 5_000 });
    quorum.submit(writing(token("late", 2)));
    quorum.pass(6_000);
    expect(tokensLeft()).toEqual(["young"]);
    // So does the next one in office, of what it finds.
    quorum.submit(writing(token("left", 3)));
    const node = quorum.leader;
    quorum.crash(node);
    quorum.boot(node);
    quorum.pass(2_000);
    expect(tokensLeft()).toEqual(["left", "young"]);
    change(quorum, quorum.leader, { "delegation.token.expiry.check.interval.ms": 5_000 }, 8);
    quorum.pass(6_000);
    expect(tokensLeft()).toEqual(["young"]);
  });

  test("gives tokens by the key of its deployment", () => {
    const quorum = new Quorum(1, { "delegation.token.max.lifetime.ms": 7_000 });
    const operation = controllerApis.CreateDelegationToken;
    const caller = {
      principal: { type: "User", name: "ann", tokenAuthenticated: false },
      isForwarded: true,
      clientAddress: null,
    };
    let answer: CreateDelegationTokenResponse | undefined;
    quorum.submit((view, context) => {
      const asked = { ...context, apiVersion: 3, caller };
      const result = operation?.run(view, CreateDelegationToken.request.fill({}), asked);
      answer = result?.response;
      return { records: result?.records ?? [], response: null };
    });
    const [given] = [...quorum.leader.up.committedImage.delegationTokens.values()];
    expect(answer?.tokenId).toBe(given?.tokenId);
    expect(answer?.hmac).toEqual(TOKEN_KEY?.hmacOf(given?.tokenId ?? ""));
    expect((answer?.maxTimestampMs ?? 0) - (answer?.issueTimestampMs ?? 0)).toBe(7_000);
  });

  test("waits for a day or more without a timer of that length", () => {
    const quorum = new Quorum(1, {
      "leader.imbalance.check.interval.seconds": 1_000_000_000,
      "unclean.leader.election.interval.ms": 1_000_000_000_000,
    });
    change(quorum, quorum.leader, { "metadata.log.max.snapshot.interval.ms": 0 });
    quorum.pass(10_000);
    // Beyond that the platform's own fires at once.
    expect(quorum.leader.longestTimerMs).toBeLessThan(2 ** 31);
  });
});

/** How many records are committed in the next `ms`. */
function committedIn(quorum: Quorum, ms: number): number {
  const before = quorum.leader.up.committedEnd;
  quorum.pass(ms);
  return quorum.leader.up.committedEnd - before;
}

/** In office again it takes an unfenced broker for one that is there, for a session. */
function inOffice(intervalMs: number): Quorum {
  const quorum = new Quorum(1, { "metadata.max.idle.interval.ms": intervalMs });
  quorum.submit(writing(broker(1, 100)));
  const node = quorum.leader;
  quorum.crash(node);
  quorum.boot(node);
  quorum.pass(1_000);
  return quorum;
}

describe("a log that nobody writes to", () => {
  test("gets a record every interval that the cluster sets", () => {
    const marked = committedIn(inOffice(2_000), 6_500);
    expect(marked).toBeGreaterThanOrEqual(3);
    expect(marked).toBeLessThanOrEqual(4);
  });

  test("gets none where the cluster sets 0, as from a change on", () => {
    expect(committedIn(inOffice(0), 6_500)).toBe(0);
    const quorum = inOffice(2_000);
    change(quorum, quorum.leader, { "metadata.max.idle.interval.ms": 0 });
    expect(committedIn(quorum, 6_500)).toBe(0);
  });

  test("gets none once no broker is there", () => {
    const quorum = inOffice(2_000);
    quorum.pass(12_000);
    expect(quorum.leader.up.committedImage.cluster.brokers.get(1)?.fenced).toBe(true);
    expect(committedIn(quorum, 60_000)).toBe(0);
  });
});

test("a topic that asks for no number gets the cluster's", () => {
  const quorum = new Quorum(1, { "num.partitions": 4, "default.replication.factor": 2 });
  quorum.submit(writing(broker(1, 100), broker(2, 101)));
  const operation = controllerApis.CreateTopics;
  const request: CreateTopicsRequest = CreateTopics.request.fill({
    topics: [{ name: "t", numPartitions: -1, replicationFactor: -1 }],
  });
  quorum.submit((view, context) => ({
    ...(operation?.run(view, request, context) ?? { records: [] }),
    response: null,
  }));
  const { topics } = quorum.leader.up.committedImage;
  const [topic] = [...topics.byId.values()];
  expect(topic).toMatchObject({ name: "t", partitionCount: 4 });
});
