/** The law of topics, one history at a time. */
import { expect, test } from "vitest";
import { checkLinearizable } from "./checker.ts";
import type { Operation } from "./operation.ts";
import { topicsOf, type TopicInput, type TopicOutput } from "./topic.ts";

type Line = readonly [input: Ask, output: TopicOutput | null];
type Ask = TopicInput extends infer Each
  ? Each extends TopicInput
    ? Omit<Each, "topic">
    : never
  : never;

/** Lines one after the other; one without an outcome is never answered. */
function verdict(...lines: readonly Line[]): string {
  const history = lines.map(([input, output], at): Operation<TopicInput, TopicOutput> => {
    const returnAt = output === null ? Infinity : 2 * at + 1;
    const asked = { ...input, topic: "t" } as TopicInput;
    return { client: "x", callAt: 2 * at, returnAt, input: asked, output, place: null };
  });
  return checkLinearizable(topicsOf(history), history).kind;
}

const create = (partitions = 1): Ask => ({ kind: "create", partitions });
const created = (topicId: string): TopicOutput => ({ kind: "created", topicId });
const shown = (topicId: string, partitions = 1): Line => [
  { kind: "describe" },
  { kind: "described", topicId, partitions },
];
const DELETE: Line = [{ kind: "delete" }, { kind: "deleted" }];
const NONE: Line = [{ kind: "describe" }, { kind: "unknown-topic" }];
const grow = (partitions: number, kind: "grown" | "not-more" | "unknown-topic"): Line => [
  { kind: "grow", partitions },
  { kind },
];
const set = (value: string, kind: "config-set" | "unknown-topic" = "config-set"): Line => [
  { kind: "set-config", name: "n", value },
  { kind },
];
const config = (value: string | null): Line => [
  { kind: "read-config", name: "n" },
  { kind: "config", value },
];

test.each<[string, readonly Line[]]>([
  [
    "created, there, again, gone",
    [[create(), created("A")], shown("A"), [create(), { kind: "exists" }], DELETE, NONE],
  ],
  ["grown", [[create(2), created("A")], grow(3, "grown"), grow(3, "not-more"), shown("A", 3)]],
  [
    "configured",
    [[create(), created("A")], config(null), set("1"), config("1"), set("2"), config("2")],
  ],
  [
    "new configs with a new topic",
    [[create(), created("A")], set("1"), DELETE, [create(), created("B")], config(null)],
  ],
  ["of an unknown id", [[create(), null], shown("A"), shown("A"), DELETE, NONE]],
  [
    "nothing to do",
    [
      NONE,
      grow(3, "unknown-topic"),
      set("1", "unknown-topic"),
      [{ kind: "delete" }, { kind: "unknown-topic" }],
    ],
  ],
])("a topic may be %s", (_, lines) => {
  expect(verdict(...lines)).toBe("linearizable");
});

test.each<[string, readonly Line[]]>([
  [
    "created twice",
    [
      [create(), created("A")],
      [create(), created("B")],
    ],
  ],
  ["there before it was created", [shown("A"), [create(), created("A")]]],
  ["another than was created", [[create(), created("A")], shown("B")]],
  ["of fewer partitions", [[create(3), created("A")], shown("A", 2)]],
  ["grown to less", [[create(3), created("A")], grow(3, "grown")]],
  ["there when it was deleted", [[create(), created("A")], DELETE, shown("A")]],
  ["gone without a deletion", [[create(), created("A")], NONE]],
  ["deleted twice", [[create(), created("A")], DELETE, DELETE]],
  ["of an old config", [[create(), created("A")], set("1"), set("2"), config("1")]],
  ["of an id of before", [[create(), created("A")], DELETE, [create(), created("A")]]],
  ["of an id of before, unknown", [[create(), created("A")], DELETE, [create(), null], shown("A")]],
  ["of an id of before, seen", [[create(), null], shown("A"), DELETE, [create(), created("A")]]],
  ["of two unknown ids", [[create(), null], shown("A"), shown("B")]],
])("a topic is never %s", (_, lines) => {
  expect(verdict(...lines)).toBe("not-linearizable");
});
