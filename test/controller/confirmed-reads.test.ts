/**
 * What says who leads is asked of a leader that has made sure of it: DescribeQuorum, DescribeCluster, and the read
 * index itself. Three controllers in Node, in one time.
 */
import { describe, expect, test } from "vitest";
import { UNLOCKED } from "../../durable-objects/bearer.ts";
import { readIndexOf } from "../../durable-objects/confirmed-read.ts";
import { HungUp } from "../../durable-objects/hung-up.ts";
import { answerFrame } from "../../durable-objects/listener/listener.ts";
import type { ReadOutcome } from "../../durable-objects/replica/pending-reads.ts";
import {
  DescribeCluster,
  DescribeQuorum,
  ErrorCode,
  decodeResponseFrame,
  requestFrame,
  type Api,
} from "../../src/protocol/index.ts";
import { Quorum, type QuorumNode, writing } from "./quorum.ts";
import { settled } from "./world.ts";

const { signal } = new AbortController();
const DESCRIBED = {
  topics: [{ topicName: "__cluster_metadata", partitions: [{ partitionIndex: 0 }] }],
};

interface Asked {
  readonly api: Api;
  readonly parts: object;
  readonly withinMs: number;
  readonly version?: number;
}

/** The response of a node; null if there is none within that time. */
async function ask(
  quorum: Quorum,
  node: QuorumNode,
  { api, parts, withinMs, version = 1 }: Asked,
): Promise<object | null> {
  const header = { apiVersion: version, correlationId: 1, clientId: "test" };
  const frame = requestFrame(api, header, api.request.fill(parts));
  const answering = answerFrame({ voter: node.up, cluster: quorum.cluster }, frame, {
    origin: "client",
    signal,
    bearer: UNLOCKED,
  });
  const given: Response[] = [];
  void answering.then((answer) => given.push(answer));
  const untilMs = quorum.time.nowMs + withinMs;
  await settled();
  while (given.length === 0 && quorum.time.nowMs < untilMs) {
    quorum.pass(5);
    await settled();
  }
  const [answer] = given;
  if (answer === undefined) return null;
  const bytes = new Uint8Array(await answer.arrayBuffer());
  return decodeResponseFrame(api, version, bytes).body;
}

const asText = (_: string, value: unknown): unknown =>
  typeof value === "bigint" ? String(value) : value;

const describeQuorum = { api: DescribeQuorum, parts: DESCRIBED };
const describeCluster = { api: DescribeCluster, parts: { endpointType: 2 } };

/** What the node says a read must show, told so far. */
function reading(node: QuorumNode): readonly ReadOutcome[] {
  const outcomes: ReadOutcome[] = [];
  node.up.readIndex((outcome) => outcomes.push(outcome));
  return outcomes;
}

describe("a leader", () => {
  test("says what a read must show after one round trip, and of what age that is", () => {
    const quorum = new Quorum(3, {});
    const { leader } = quorum;
    quorum.submit(writing());
    expect(leader.up.confirmedAgeMs).toBeNull();
    const outcomes = reading(leader);
    quorum.pass(9);
    expect(outcomes).toEqual([]);
    quorum.pass(1);
    expect(outcomes).toEqual([{ kind: "ready", readIndex: leader.up.highWatermark }]);
    expect(leader.up.confirmedAgeMs).toBe(10);
    quorum.pass(70);
    expect(leader.up.confirmedAgeMs).toBe(80);
    for (const follower of quorum.followers) expect(follower.up.confirmedAgeMs).toBeNull();
  });

  test("describes its quorum and its cluster once it has made sure that it leads", async () => {
    const quorum = new Quorum(3, {});
    const { leader } = quorum;
    expect(await ask(quorum, leader, { ...describeQuorum, withinMs: 5 })).toBeNull();
    expect(await ask(quorum, leader, { ...describeQuorum, withinMs: 50 })).toMatchObject({
      errorCode: 0,
      topics: [{ partitions: [{ errorCode: 0, leaderId: leader.id }] }],
    });
    expect(await ask(quorum, leader, { ...describeCluster, withinMs: 50 })).toMatchObject({
      errorCode: 0,
    });
  });

  test("without a majority describes neither, and says so in time", async () => {
    const quorum = new Quorum(3, {});
    const { leader, followers } = quorum;
    for (const follower of followers) quorum.crash(follower);
    const patience = leader.up.state.config.requestTimeoutMs + 5;
    const asked = [describeQuorum, describeCluster].map((each) =>
      ask(quorum, leader, { ...each, withinMs: patience }),
    );
    for (const body of await Promise.all(asked))
      expect(body).toMatchObject({ errorCode: ErrorCode.REQUEST_TIMED_OUT });
    expect(leader.up.isActive).toBe(true);
  });

  test.each([0, 1, 2])("describes its quorum in version %i", async (version) => {
    const quorum = new Quorum(3, {});
    const { leader } = quorum;
    const body = await ask(quorum, leader, { ...describeQuorum, version, withinMs: 50 });
    const directories = quorum.cluster.initial_voters.map(({ directory_id: id }) => id);
    expect(JSON.stringify(body, asText).includes(directories[0] ?? "")).toBe(version === 2);
    expect(body).toMatchObject({ topics: [{ partitions: [{ leaderId: leader.id }] }] });
  });

  test("that was deposed learns it by the round, and refers to its successor", async () => {
    const quorum = new Quorum(3, {});
    const { leader: deposed } = quorum;
    quorum.cut.add(deposed.id);
    quorum.until(() => quorum.nodes.some((node) => node !== deposed && node.up.isActive));
    expect(deposed.up.isActive).toBe(true);
    const outcomes = reading(deposed);
    expect(outcomes).toEqual([]);
    quorum.cut.clear();
    quorum.until(() => outcomes.length > 0);
    expect(outcomes).toEqual([{ kind: "refused", error: "NOT_LEADER_OR_FOLLOWER" }]);
    expect(deposed.up.isActive).toBe(false);
  });

  test("that stops refuses what waits", () => {
    const quorum = new Quorum(3, {});
    const { leader } = quorum;
    const outcomes = reading(leader);
    const { up } = leader;
    quorum.crash(leader);
    expect(outcomes).toEqual([{ kind: "refused", error: "NOT_LEADER_OR_FOLLOWER" }]);
    up.readIndex((outcome) => expect(outcome.kind).toBe("refused"));
  });

  test("is told of a reader that hangs up", async () => {
    const quorum = new Quorum(3, {});
    const { leader } = quorum;
    const hangUp = new AbortController();
    const read = readIndexOf(leader.up, hangUp.signal);
    expect(leader.up.state.role).toMatchObject({ reads: { round: { reads: [{}] } } });
    hangUp.abort();
    await expect(read).rejects.toBeInstanceOf(HungUp);
    expect(leader.up.state.role).toMatchObject({ reads: { round: null, waiting: [] } });
    await expect(readIndexOf(leader.up, hangUp.signal)).rejects.toBeInstanceOf(HungUp);
  });
});

describe("a standby", () => {
  test("answers at once, and claims to lead nothing", async () => {
    const quorum = new Quorum(3, {});
    const [follower] = quorum.followers;
    if (follower === undefined) throw new Error("nobody follows");
    expect(reading(follower)).toEqual([{ kind: "refused", error: "NOT_LEADER_OR_FOLLOWER" }]);
    expect(await ask(quorum, follower, { ...describeQuorum, withinMs: 5 })).toMatchObject({
      topics: [{ partitions: [{ errorCode: ErrorCode.NOT_LEADER_OR_FOLLOWER }] }],
    });
  });
});
