import { describe, expect, test } from "vitest";
import { deleteTopics } from "../../../src/metadata/control/delete-topics.ts";
import { DEFAULT_CONTROLLER_CONFIG } from "../default-config.ts";
import { configsOf } from "../../../src/metadata/image/configs-image.ts";
import { topicByName } from "../../../src/metadata/image/topics-image.ts";
import { ZERO_UUID } from "../../../src/protocol/index.ts";
import { run, told, topicIdOf, world } from "../world.ts";

const VIEW = world({
  brokers: "0 1 2",
  topics: { foo: ["0 / 0 / 0", "1 / 1 / 1"], bar: ["0 / 0 / 0"], "a.b": ["0 / 0 / 0"] },
  configs: { "topic:foo": { "retention.ms": "1" } },
});
const FOO = topicIdOf(0);
const BAR = topicIdOf(1);
const NOWHERE = topicIdOf(99);

interface Entry {
  readonly name?: string | null;
  readonly topicId?: string;
}
const remove = (topics: readonly Entry[]) => run(deleteTopics, VIEW, { topics });

describe("topics are deleted", () => {
  test("by name and by id, one record each, and their configs go with them", () => {
    const { view, records, response } = remove([{ name: "foo" }, { topicId: BAR }]);
    expect(records).toEqual([
      { type: "REMOVE_TOPIC_RECORD", version: 0, data: { topicId: FOO } },
      { type: "REMOVE_TOPIC_RECORD", version: 0, data: { topicId: BAR } },
    ]);
    expect(response.responses).toEqual([
      { name: "foo", topicId: FOO, errorCode: 0, errorMessage: null },
      { name: "bar", topicId: BAR, errorCode: 0, errorMessage: null },
    ]);
    expect(topicByName(view.topics, "foo")).toBeUndefined();
    expect(configsOf(view.configs, 2, "foo").size).toBe(0);
  });

  test.each([1, 2, 3, 4, 5])("by name in version %i", (apiVersion) => {
    const { response, records } = run(
      deleteTopics,
      VIEW,
      { topicNames: ["foo", "nope"] },
      { apiVersion },
    );
    expect(response.responses.map(({ name, errorCode }) => [name, errorCode])).toEqual([
      ["foo", 0],
      ["nope", 3],
    ]);
    expect(records).toHaveLength(1);
  });
});

const BOTH = "INVALID_REQUEST: The provided topic name maps to an ID that was already supplied.";

describe("a deletion is refused", () => {
  test.each<readonly [string, readonly Entry[], readonly string[]]>([
    [
      "of a name that is unknown",
      [{ name: "nope" }],
      ["UNKNOWN_TOPIC_OR_PARTITION: This server does not host this topic-partition."],
    ],
    [
      "of an id that is unknown",
      [{ topicId: NOWHERE }],
      ["UNKNOWN_TOPIC_ID: This server does not host this topic ID."],
    ],
    ["of nothing", [{}], ["INVALID_REQUEST: Neither topic name nor id were specified."]],
    [
      "of both a name and an id",
      [{ name: "foo", topicId: FOO }],
      ["INVALID_REQUEST: You may not specify both topic name and topic id."],
    ],
    [
      "of a name asked for twice",
      [{ name: "foo" }, { name: "foo" }],
      ["INVALID_REQUEST: Duplicate topic name.", "INVALID_REQUEST: Duplicate topic name."],
    ],
    [
      "of an id asked for twice",
      [{ topicId: FOO }, { topicId: FOO }],
      ["INVALID_REQUEST: Duplicate topic id.", "INVALID_REQUEST: Duplicate topic id."],
    ],
    [
      "by id and by name of one and the same topic",
      [{ topicId: FOO }, { name: "foo" }, { name: "bar" }],
      [BOTH, BOTH, "NONE"],
    ],
    [
      "of a name whose id is asked for twice",
      [{ topicId: FOO }, { topicId: FOO }, { name: "foo" }],
      ["INVALID_REQUEST: Duplicate topic id.", "INVALID_REQUEST: Duplicate topic id.", BOTH],
    ],
    [
      "by a name that is asked for twice, and not by its id",
      [{ topicId: FOO }, { name: "foo" }, { name: "foo" }],
      ["NONE", "INVALID_REQUEST: Duplicate topic name.", "INVALID_REQUEST: Duplicate topic name."],
    ],
  ])("%s", (_name, entries, expected) => {
    expect(remove(entries).response.responses.map(told)).toEqual(expected);
  });

  test.each([
    [6, "TOPIC_DELETION_DISABLED: Topic deletion is disabled."],
    [2, "INVALID_REQUEST: Topic deletion is disabled."],
  ])("where deletion is switched off, in version %i: %s", (apiVersion, expected) => {
    const asked = apiVersion < 6 ? { topicNames: ["foo"] } : { topics: [{ name: "foo" }] };
    const config = { ...DEFAULT_CONTROLLER_CONFIG, deleteTopicEnable: false };
    const ran = run(deleteTopics, VIEW, asked, { apiVersion, config });
    expect(ran.response.responses.map(told)).toEqual([expected]);
    expect(ran.records).toEqual([]);
  });
});

test("the answer about an unknown id has no name", () => {
  expect(remove([{ topicId: NOWHERE }]).response.responses[0]).toMatchObject({
    name: null,
    topicId: NOWHERE,
  });
  expect(remove([{ name: "nope" }]).response.responses[0]).toMatchObject({
    name: "nope",
    topicId: ZERO_UUID,
  });
});
