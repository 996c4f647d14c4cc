import { describe, expect, test } from "vitest";
import { electLeaders } from "../../../src/metadata/control/elect-leaders.ts";
import type { MetadataImage } from "../../../src/metadata/image/metadata-image.ts";
import { line, run, told, world } from "../world.ts";

const PREFERRED = 0;
const UNCLEAN = 1;

function elect(
  view: MetadataImage,
  electionType: number,
  partitions: readonly number[] | null,
  topic = "foo",
) {
  const topicPartitions = partitions === null ? null : [{ topic, partitions }];
  const ran = run(electLeaders, view, { electionType, topicPartitions });
  const results = ran.response.replicaElectionResults.flatMap((t) =>
    t.partitionResult.map((p) => `${t.topic}-${p.partitionId} ${told(p)}`),
  );
  return { ...ran, results };
}

const NOT_NEEDED = "ELECTION_NOT_NEEDED: Leader election not needed for topic partition.";
const NO_PREFERRED = "PREFERRED_LEADER_NOT_AVAILABLE: The preferred leader was not available.";
const NO_ELIGIBLE =
  "ELIGIBLE_LEADERS_NOT_AVAILABLE: Eligible topic partition leaders are not available.";

describe("a preferred election", () => {
  const view = world({
    brokers: "0f 1 2 3",
    topics: {
      foo: [
        "1,2 / 1,2 / 2 / 3 / 4",
        "1,2 / 2 / 2",
        "2,1 / 2,1 / 2",
        "0,3 / 0,3 / 3",
        "0,1 / 1 / -1",
      ],
    },
  });

  test("gives leadership to the first replica", () => {
    const ran = elect(view, PREFERRED, [0]);
    expect(ran.results).toEqual(["foo-0 NONE"]);
    expect(line(ran.view, "foo", 0)).toBe("1,2 / 1,2 / 1 / 4 / 5");
  });

  test("is refused where that one is out of sync or away, or leads", () => {
    expect(elect(view, PREFERRED, [1, 2, 3]).results).toEqual([
      `foo-1 ${NO_PREFERRED}`,
      `foo-2 ${NOT_NEEDED}`,
      `foo-3 ${NO_PREFERRED}`,
    ]);
  });

  test("finds any other clean leader for a partition that has none", () => {
    const ran = elect(view, PREFERRED, [4]);
    expect(ran.results).toEqual(["foo-4 NONE"]);
    expect(line(ran.view, "foo", 4)).toBe("0,1 / 1 / 1 / 1 / 1");
  });

  test("of everything passes over what needs none", () => {
    expect(elect(view, PREFERRED, null).results).toEqual([
      "foo-0 NONE",
      `foo-1 ${NO_PREFERRED}`,
      `foo-3 ${NO_PREFERRED}`,
      "foo-4 NONE",
    ]);
  });

  test("asked for twice is held once", () => {
    const ran = elect(view, PREFERRED, [0, 0]);
    expect(ran.results).toEqual(["foo-0 NONE", `foo-0 ${NOT_NEEDED}`]);
    expect(ran.records).toHaveLength(1);
  });

  test("never takes a replica that is out of sync", () => {
    const lost = world({ brokers: "0f 1", topics: { foo: ["0,1 / 0 / -1"] } });
    expect(elect(lost, PREFERRED, [0]).results).toEqual([`foo-0 ${NO_PREFERRED}`]);
  });
});

describe("an unclean election", () => {
  test("takes the first that is alive, whatever the topic says, and has it recover", () => {
    const view = world({
      brokers: "0f 1 2",
      topics: { foo: ["0,1,2 / 0 / -1 / 3 / 4"] },
      configs: { "topic:foo": { "unclean.leader.election.enable": "false" } },
    });
    const ran = elect(view, UNCLEAN, [0]);
    expect(ran.results).toEqual(["foo-0 NONE"]);
    expect(line(ran.view, "foo")).toBe("0,1,2 / 1 / 1 / 4 / 5 ; recovering");
  });

  test("is refused where somebody leads, or nobody is alive", () => {
    const view = world({ brokers: "0f 1 2s", topics: { foo: ["0,2 / 0 / -1", "1,0 / 1 / 1"] } });
    expect(elect(view, UNCLEAN, [0, 1]).results).toEqual([
      `foo-0 ${NO_ELIGIBLE}`,
      `foo-1 ${NOT_NEEDED}`,
    ]);
  });
});

describe("an election is refused", () => {
  const view = world({ brokers: "0", topics: { foo: ["0 / 0 / 0"] } });

  test("on what does not exist", () => {
    expect(elect(view, PREFERRED, [0], "x").results).toEqual([
      "x-0 UNKNOWN_TOPIC_OR_PARTITION: No such topic as x",
    ]);
    expect(elect(view, PREFERRED, [7]).results).toEqual([
      "foo-7 UNKNOWN_TOPIC_OR_PARTITION: No such partition as foo-7",
    ]);
  });

  test("of a type that does not exist", () => {
    const { response, results } = elect(view, 7, [0, 9]);
    expect(response.errorCode).toBe(42);
    const words = "INVALID_REQUEST: Unknown election type 7";
    expect(results).toEqual([`foo-0 ${words}`, `foo-9 ${words}`]);
    expect(elect(view, 7, null).response).toMatchObject({ errorCode: 42 });
  });

  test("not of a type that does not exist where no partition is named, as by Kafka", () => {
    const { response } = run(electLeaders, view, { electionType: 7, topicPartitions: [] });
    expect(response).toMatchObject({ errorCode: 0, replicaElectionResults: [] });
  });

  test.each([
    [2, null, 44, 0],
    [0, [{ topic: "foo", partitions: Array.from({ length: 10_001 }, (_, p) => p) }], 0, 1],
  ])(
    "as a whole, in version %i, when more than a batch would move",
    (apiVersion, topicPartitions, code, topics) => {
      const lines = Array.from({ length: 10_001 }, () => "1,0 / 1,0 / 0");
      const big = world({ brokers: "0 1", topics: { foo: lines } });
      const ran = run(electLeaders, big, { topicPartitions }, { apiVersion });
      expect(ran.records).toEqual([]);
      expect(ran.response.errorCode).toBe(code);
      expect(ran.response.replicaElectionResults).toHaveLength(topics);
    },
  );
});
