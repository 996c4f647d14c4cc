import { describe, expect, test } from "vitest";
import { BOUNDED_BATCH_RECORDS } from "../../../src/metadata/control/batch-bound.ts";
import { alterPartition } from "../../../src/metadata/control/alter-partition.ts";
import type { MetadataImage } from "../../../src/metadata/image/metadata-image.ts";
import { contextFor, brokerEpoch, line, run, told, topicIdOf, world } from "../world.ts";

const FOO = topicIdOf(0);
const VIEW = world({
  brokers: "0 1 2 3 4f 5s",
  topics: { foo: ["0,1,2,4,5 / 0,1 / 0 / 5 / 7"] },
});

interface Proposal {
  readonly isr: readonly (number | readonly [brokerId: number, epoch: number])[];
  readonly leaderEpoch?: number;
  readonly partitionEpoch?: number;
  readonly recoveryState?: number;
  readonly partitionId?: number;
  readonly topicId?: string;
  readonly from?: number;
  readonly epoch?: number;
}

function propose(proposal: Proposal, view: MetadataImage = VIEW, apiVersion = 3) {
  const { isr, from = 0 } = proposal;
  const members = isr.map((m) => (typeof m === "number" ? ([m, brokerEpoch(m)] as const) : m));
  const ran = run(
    alterPartition,
    view,
    {
      brokerId: from,
      brokerEpoch: proposal.epoch ?? brokerEpoch(from),
      topics: [
        {
          topicId: proposal.topicId ?? FOO,
          partitions: [
            {
              partitionIndex: proposal.partitionId ?? 0,
              leaderEpoch: proposal.leaderEpoch ?? 5,
              partitionEpoch: proposal.partitionEpoch ?? 7,
              leaderRecoveryState: proposal.recoveryState ?? 0,
              newIsr: apiVersion < 3 ? members.map(([brokerId]) => brokerId) : [],
              newIsrWithEpochs:
                apiVersion < 3
                  ? []
                  : members.map(([brokerId, epoch]) => ({ brokerId, brokerEpoch: epoch })),
            },
          ],
        },
      ],
    },
    { apiVersion },
  );
  const [result] = ran.response.topics[0]?.partitions ?? [];
  return { ...ran, result, code: result === undefined ? told(ran.response) : told(result) };
}

describe("an ISR is accepted", () => {
  test("when it grows by a replica that is there, and the answer is the new state", () => {
    const { code, result, view } = propose({ isr: [0, 1, 2] });
    expect(code).toBe("NONE");
    expect(result).toEqual({
      partitionIndex: 0,
      errorCode: 0,
      leaderId: 0,
      leaderEpoch: 5,
      isr: [0, 1, 2],
      leaderRecoveryState: 0,
      partitionEpoch: 8,
    });
    expect(line(view, "foo")).toBe("0,1,2,4,5 / 0,1,2 / 0 / 5 / 8");
  });

  test("when it shrinks to the leader: the leader epoch stays", () => {
    expect(line(propose({ isr: [0] }).view, "foo")).toBe("0,1,2,4,5 / 0 / 0 / 5 / 8");
  });

  test("when nothing changes: no record, no new epoch", () => {
    const { code, records, result } = propose({ isr: [0, 1] });
    expect([code, records, result?.partitionEpoch]).toEqual(["NONE", [], 7]);
  });

  test("with a broker epoch of -1, which asks for no check", () => {
    expect(propose({ isr: [0, [1, -1], [2, -1]] }).code).toBe("NONE");
  });

  test("without epochs below version 3", () => {
    expect(propose({ isr: [0, [2, 7]] }, VIEW, 2).code).toBe("NONE");
  });

  test("when recovery ends", () => {
    const view = world({ brokers: "0 1", topics: { foo: ["0,1 / 0 / 0 / 5 / 7 ; recovering"] } });
    expect(line(propose({ isr: [0, 1], recoveryState: 0 }, view).view, "foo")).toBe(
      "0,1 / 0,1 / 0 / 5 / 8",
    );
    expect(propose({ isr: [0], recoveryState: 1 }, view).code).toBe("NONE");
  });
});

test("where no partition is named no epoch is looked at, as by Kafka", () => {
  const { response } = run(alterPartition, VIEW, { brokerId: 77, brokerEpoch: 1, topics: [] });
  expect(response).toMatchObject({ errorCode: 0, topics: [] });
});

describe("an ISR is refused, by the first of these that holds (promise P29)", () => {
  // Each row breaks its own rule and every later one, so that the order is tested too.
  const wrong = {
    isr: [
      [9, 1],
      [9, 1],
    ] as const,
    recoveryState: 1,
  };
  test.each<readonly [string, Proposal, string]>([
    [
      "the sender's epoch is not its registration's",
      { ...wrong, epoch: 1, topicId: topicIdOf(9) },
      "STALE_BROKER_EPOCH",
    ],
    [
      "the sender is not registered",
      { ...wrong, from: 77, topicId: topicIdOf(9) },
      "STALE_BROKER_EPOCH",
    ],
    [
      "the topic is unknown",
      { ...wrong, topicId: topicIdOf(9), leaderEpoch: 99 },
      "UNKNOWN_TOPIC_ID",
    ],
    [
      "the partition is unknown",
      { ...wrong, partitionId: 1, leaderEpoch: 99 },
      "UNKNOWN_TOPIC_OR_PARTITION",
    ],
    [
      "the partition is negative",
      { ...wrong, partitionId: -1, leaderEpoch: 99 },
      "UNKNOWN_TOPIC_OR_PARTITION",
    ],
    ["its leader epoch is ahead of ours", { ...wrong, leaderEpoch: 6, from: 1 }, "NOT_CONTROLLER"],
    [
      "its partition epoch is ahead of ours",
      { ...wrong, partitionEpoch: 8, leaderEpoch: 4, from: 1 },
      "NOT_CONTROLLER",
    ],
    [
      "its leader epoch is behind",
      { ...wrong, leaderEpoch: 4, from: 1, partitionEpoch: 6 },
      "FENCED_LEADER_EPOCH",
    ],
    ["the sender is not the leader", { ...wrong, from: 1, partitionEpoch: 6 }, "INVALID_REQUEST"],
    ["its partition epoch is behind", { ...wrong, partitionEpoch: 6 }, "INVALID_UPDATE_VERSION"],
    ["a member is named twice", { isr: [0, 1, 1] }, "INVALID_REQUEST"],
    ["a member is no replica", { isr: [0, 3] }, "INVALID_REQUEST"],
    ["a member is negative", { isr: [0, [-1, -1]] }, "INVALID_REQUEST"],
    ["the leader is not in it", { isr: [1, 2] }, "INVALID_REQUEST"],
    ["it is empty", { isr: [] }, "INVALID_REQUEST"],
    ["who recovers has company", { isr: [0, 1], recoveryState: 1 }, "INVALID_REQUEST"],
    ["a recovered leader recovers", { isr: [0], recoveryState: 1 }, "INVALID_REQUEST"],
    ["the recovery state is none", { isr: [0], recoveryState: 2 }, "INVALID_REQUEST"],
    ["a member is fenced", { isr: [0, 1, 4] }, "INELIGIBLE_REPLICA"],
    ["a member shuts down", { isr: [0, 1, 5] }, "INELIGIBLE_REPLICA"],
    ["a member is another incarnation", { isr: [0, [1, 100]] }, "INELIGIBLE_REPLICA"],
  ])("%s", (_name, proposal, expected) => {
    const { code, records, result } = propose(proposal);
    expect(code).toBe(expected);
    expect(records).toEqual([]);
    if (result === undefined) return;
    expect(result).toMatchObject({ leaderId: 0, leaderEpoch: 0, isr: [], partitionEpoch: 0 });
  });

  test("a replica that is not registered", () => {
    const view = world({ brokers: "0", topics: { foo: ["0,9 / 0 / 0 / 5 / 7"] } });
    expect(propose({ isr: [0, 9] }, view).code).toBe("INELIGIBLE_REPLICA");
  });

  test("a retry of what was already applied changes nothing (promise P31)", () => {
    const first = propose({ isr: [0, 1, 2] });
    const again = propose({ isr: [0, 1, 2] }, first.view);
    expect(again.code).toBe("INVALID_UPDATE_VERSION");
    expect(again.records).toEqual([]);
  });

  test("the second proposal for a partition in one request, which Kafka judges as if there were no first", () => {
    const partition = {
      partitionIndex: 0,
      leaderEpoch: 5,
      partitionEpoch: 7,
      newIsrWithEpochs: [{ brokerId: 0, brokerEpoch: brokerEpoch(0) }],
    };
    const { response, records } = run(alterPartition, VIEW, {
      brokerId: 0,
      brokerEpoch: brokerEpoch(0),
      topics: [{ topicId: FOO, partitions: [partition, partition] }],
    });
    expect(response.topics[0]?.partitions.map(told)).toEqual(["NONE", "INVALID_UPDATE_VERSION"]);
    expect(records).toHaveLength(1);
  });
});

describe("a proposal that completes a reassignment", () => {
  const moving = "0,2,1,3 / 3,0,2 / 3 / 5 / 7 ; removing 3 ; adding 0";
  const view = world({ brokers: "0 1 2 3", topics: { foo: [moving] } });

  test("is written, and the leader that leaves is told NEW_LEADER_ELECTED and nothing else", () => {
    const { code, result, view: after } = propose({ from: 3, isr: [3, 0, 2, 1] }, view);
    expect(code).toBe("NEW_LEADER_ELECTED");
    expect(result).toMatchObject({ leaderId: 0, leaderEpoch: 0, isr: [], partitionEpoch: 0 });
    expect(line(after, "foo")).toBe("0,2,1 / 0,2,1 / 0 / 6 / 8");
  });

  test("leaves the leader in office where it stays", () => {
    const stays = world({
      brokers: "0 1 2 3",
      topics: { foo: ["0,2,1,3 / 0,2,3 / 0 / 5 / 7 ; removing 3 ; adding 1"] },
    });
    const { code, result, view: after } = propose({ isr: [0, 2, 3, 1] }, stays);
    expect([code, result?.leaderEpoch]).toEqual(["NONE", 6]);
    expect(line(after, "foo")).toBe("0,2,1 / 0,2,1 / 0 / 6 / 8");
  });
});

test("a request for more partitions than a batch holds is done as far as it goes, the rest is asked for again", () => {
  const count = BOUNDED_BATCH_RECORDS + 3;
  const view = world({
    brokers: "0 1",
    topics: { foo: Array.from({ length: count }, () => "0,1 / 0 / 0 / 5 / 7") },
  });
  const newIsrWithEpochs = [0, 1].map((id) => ({ brokerId: id, brokerEpoch: brokerEpoch(id) }));
  const partitions = Array.from({ length: count }, (_, partitionIndex) => ({
    partitionIndex,
    leaderEpoch: 5,
    partitionEpoch: 7,
    leaderRecoveryState: 0,
    newIsr: [],
    newIsrWithEpochs,
  }));
  const request = {
    brokerId: 0,
    brokerEpoch: brokerEpoch(0),
    topics: [{ topicId: FOO, partitions }],
  };
  const { records, response } = alterPartition.run(
    view,
    request,
    contextFor(view, { apiVersion: 3 }),
  );
  expect(records).toHaveLength(BOUNDED_BATCH_RECORDS);
  const codes = response.topics[0]?.partitions.map(told) ?? [];
  expect(codes.slice(-5)).toEqual(["NONE", "NONE", ...Array(3).fill("REQUEST_TIMED_OUT")]);
});
