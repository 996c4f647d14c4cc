import { describe, expect, test } from "vitest";
import type { LogLine } from "../../client/cluster-client.ts";
import type { Operation } from "../linearizability/operation.ts";
import { complaintAboutSessions } from "../linearizability/session-order.ts";
import { topicsOf, type TopicInput, type TopicOutput } from "../linearizability/topic.ts";
import type { Shown } from "./clients.ts";
import { LogStory } from "./log-story.ts";

type TopicOperation = Operation<TopicInput, TopicOutput>;

const logOf = (...records: readonly (readonly [type: string, data: object])[]): LogLine[] =>
  records.map(([type, data], offset) => ({
    offset,
    leader_epoch: 1,
    timestamp_ms: 0,
    type,
    version: 0,
    data: { ...data },
  }));

/** At 0: a topic of two partitions, 3: a third one, 4: a config, 5: its end, 7: another one of its name. */
const LOG = logOf(
  ["TOPIC_RECORD", { name: "t", topicId: "first" }],
  ["PARTITION_RECORD", { topicId: "first", partitionId: 0 }],
  ["PARTITION_RECORD", { topicId: "first", partitionId: 1 }],
  ["PARTITION_RECORD", { topicId: "first", partitionId: 2 }],
  ["CONFIG_RECORD", { resourceType: 2, resourceName: "t", name: "retention.ms", value: "5" }],
  ["REMOVE_TOPIC_RECORD", { topicId: "first" }],
  ["NO_OP_RECORD", {}],
  ["TOPIC_RECORD", { name: "t", topicId: "second" }],
  ["PARTITION_RECORD", { topicId: "second", partitionId: 0 }],
);

const told = (input: TopicInput, output: TopicOutput): TopicOperation => ({
  client: "c",
  callAt: 1,
  returnAt: 2,
  input,
  output,
  place: null,
});

const CREATED = told(
  { kind: "create", topic: "t", partitions: 2 },
  { kind: "created", topicId: "first" },
);

const position = (offset: number) => ({ offset, epoch: 1 });

const shown = (before: number, at: number, output: TopicOutput): Shown => ({
  client: "c",
  topic: "t",
  before: position(before),
  position: position(at),
  output,
});

const read = (endOffset: number, topicId: string, partitions: number) => ({
  session: "c",
  endOffset,
  epoch: 1,
  input: { kind: "describe", topic: "t" } as const,
  output: { kind: "described", topicId, partitions } as const,
});

describe("the story that the log tells", () => {
  const story = new LogStory(LOG, [CREATED]);

  test("is a history with places, in which a creation has the partitions that its creator asked for", () => {
    expect(story.operations.map(({ input, place }) => [input.kind, place])).toEqual([
      ["create", { endOffset: 3, records: 3 }],
      ["grow", { endOffset: 4, records: 1 }],
      ["set-config", { endOffset: 5, records: 1 }],
      ["delete", { endOffset: 6, records: 1 }],
      ["create", { endOffset: 9, records: 2 }],
    ]);
    expect(story.alive).toEqual(["t"]);
  });

  test.each([
    [
      { kind: "create", topic: "t", partitions: 1 },
      { kind: "created", topicId: "third" },
    ],
    [{ kind: "set-config", topic: "t", name: "retention.ms", value: "6" }, { kind: "config-set" }],
    [{ kind: "grow", topic: "t", partitions: 4 }, { kind: "grown" }],
  ] as const)("lacks what was acknowledged and lost: %j", (input, output) => {
    expect(story.complaintAboutAcknowledged([CREATED])).toBeUndefined();
    expect(story.complaintAboutAcknowledged([CREATED, told(input, output)])).toMatch(
      /and the log has no such/,
    );
  });

  test("has what was acknowledged, and asks nothing of what nobody knows", () => {
    const grow = { kind: "grow", topic: "t", partitions: 3 } as const;
    const config = { kind: "set-config", topic: "t", name: "retention.ms", value: "5" } as const;
    const lost = { ...told({ ...grow, partitions: 9 }, { kind: "grown" }), output: null };
    const history = [CREATED, told(grow, { kind: "grown" }), told(config, { kind: "config-set" })];
    expect(story.complaintAboutAcknowledged([...history, lost])).toBeUndefined();
  });

  test("knows when a topic was missed", () => {
    const missing = { kind: "unknown-topic" } as const;
    expect(story.complaintAboutMissing([shown(-1, 2, missing)])).toBeUndefined();
    expect(story.complaintAboutMissing([shown(3, 5, missing)])).toBeUndefined();
    expect(story.complaintAboutMissing([shown(2, 4, missing)])).toMatch(
      /told at 4 that there is no t/,
    );
    expect(story.complaintAboutMissing([shown(8, 8, missing)])).toMatch(/created at 7/);
  });

  test("is what reads are held against", () => {
    const judge = (...reads: ReturnType<typeof read>[]) =>
      complaintAboutSessions(topicsOf(story.operations), story.operations, reads);
    expect(judge(read(3, "first", 2), read(5, "first", 3), read(9, "second", 1))).toBeUndefined();
    expect(judge(read(3, "first", 3))).toMatch(/but the log below says/);
    expect(judge(read(2, "first", 2))).toMatch(/in the middle of/);
    expect(judge(read(5, "first", 3), read(3, "first", 2))).toMatch(
      /after a read of the log up to 5/,
    );
  });
});
