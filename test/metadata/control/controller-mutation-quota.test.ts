/**
 * controller_mutation_rate (KIP-599): what CreateTopics, CreatePartitions and DeleteTopics are charged, for whom, and
 * how the versions that know the error and those that do not are answered.
 */
import { describe, expect, test } from "vitest";
import { ANONYMOUS_CALLER } from "../../../src/metadata/control/operation.ts";
import { topicByName } from "../../../src/metadata/image/topics-image.ts";
import { Office } from "../office.ts";
import { entityOf } from "../quotas/quota-notation.ts";
import { told, world } from "../world.ts";

const STRICT = { CreateTopics: 6, CreatePartitions: 3, DeleteTopics: 5 } as const;
const EXCEEDED = "THROTTLING_QUOTA_EXCEEDED";

/** A cluster of one broker in which `entity` may change one partition a second, and two at once. */
function limited(entity = "user=ann", context: object = {}): Office {
  const office = new Office(world({ brokers: "0" }), {
    caller: { ...ANONYMOUS_CALLER, principal: { ...ANONYMOUS_CALLER.principal, name: "ann" } },
    clientId: "app",
    config: { ...new Office(world({})).context.config, quotaWindow: { count: 2, seconds: 1 } },
    ...context,
  });
  const ops = [{ key: "controller_mutation_rate", value: 1, remove: false }];
  office.ask("AlterClientQuotas", { entries: [{ entity: entityOf(entity), ops }] });
  return office;
}

const topic = (name: string, numPartitions: number) => ({
  name,
  numPartitions,
  replicationFactor: 1,
  assignments: [],
  configs: [],
});

interface Told {
  readonly throttleTimeMs: number;
}
const outcome = (
  response: Told,
  items: readonly { readonly errorCode: number; readonly errorMessage?: string | null }[],
): string => `${items.map(told).join(", ")} / ${response.throttleTimeMs}`;

const create = (
  office: Office,
  topics: readonly ReturnType<typeof topic>[],
  options: { readonly version?: number; readonly validateOnly?: boolean } = {},
): string => {
  const { version = 7, validateOnly = false } = options;
  const response = office.ask("CreateTopics", { topics, validateOnly }, version);
  return outcome(response, response.topics);
};

const grow = (office: Office, name: string, count: number, version = 3): string => {
  const topics = [{ name, count, assignments: null }];
  const response = office.ask("CreatePartitions", { topics }, version);
  return outcome(response, response.results);
};

const remove = (office: Office, names: readonly string[], version = 5): string => {
  const response = office.ask("DeleteTopics", { topicNames: names }, version);
  return outcome(response, response.responses);
};

describe("a strict quota", () => {
  test("creates until it is overdrawn, and refuses topic by topic from there", () => {
    const office = limited();
    expect(create(office, [topic("a", 2), topic("b", 3), topic("c", 1)])).toBe(
      `NONE, NONE, ${EXCEEDED} / 3000`,
    );
    expect(office.wrote.filter((type) => type === "TOPIC_RECORD")).toHaveLength(2);
    expect(topicByName(office.view.topics, "c")).toBeUndefined();
    office.nowMs += 2_999;
    expect(create(office, [topic("c", 1)])).toBe(`${EXCEEDED} / 1`);
    expect(office.records).toEqual([]);
    office.nowMs += 1;
    expect(create(office, [topic("c", 1)])).toBe("NONE / 0");
  });

  test("charges growth for what is added, and a deletion for what the topic has", () => {
    const office = limited();
    create(office, [topic("a", 1)]);
    expect(grow(office, "a", 3)).toBe("NONE / 0");
    expect(grow(office, "a", 4)).toBe(`${EXCEEDED} / 1000`);
    expect(office.records).toEqual([]);
    office.nowMs += 1_000;
    expect(remove(office, ["a"])).toBe("NONE / 0");
    expect(create(office, [topic("b", 1)])).toBe(`${EXCEEDED} / 3000`);
  });

  test("refuses a deletion, and the topic stays", () => {
    const office = limited();
    create(office, [topic("a", 3), topic("b", 1)]);
    expect(remove(office, ["a"])).toBe(`${EXCEEDED} / 1000`);
    expect(topicByName(office.view.topics, "a")).toBeDefined();
    expect(office.records).toEqual([]);
  });

  test("charges for what is only validated, and not for what is refused before", () => {
    const office = limited();
    expect(create(office, [topic("..", 2), topic("a", 0)])).toMatch(/^INVALID.*, INVALID.* \/ 0$/);
    expect(create(office, [topic("a", 3)], { validateOnly: true })).toBe("NONE / 0");
    expect(office.records).toEqual([]);
    expect(create(office, [topic("a", 1)])).toBe(`${EXCEEDED} / 1000`);
  });
});

function overdrawn(): Office {
  const office = limited();
  create(office, [topic("a", 3)]);
  return office;
}

test.each([
  [
    "CreateTopics",
    (office: Office, version: number) => create(office, [topic("b", 1)], { version }),
  ],
  ["CreatePartitions", (office: Office, version: number) => grow(office, "a", 4, version)],
  ["DeleteTopics", (office: Office, version: number) => remove(office, ["a"], version)],
] as const)(
  "%s is strict from one version on; before, it is done and asks to wait",
  (name, ask) => {
    expect(ask(overdrawn(), STRICT[name])).toBe(`${EXCEEDED} / 1000`);
    const office = overdrawn();
    const paid = name === "DeleteTopics" ? 4_000 : 2_000;
    expect(ask(office, STRICT[name] - 1)).toBe(`NONE / ${paid}`);
    expect(office.records.length).toBeGreaterThan(0);
  },
);

describe("who is charged", () => {
  test("a client id that is forwarded has the quota of its own header", () => {
    const office = limited("client-id=app");
    create(office, [topic("a", 3)]);
    expect(create(office, [topic("b", 1)])).toBe(`${EXCEEDED} / 1000`);
    const other = limited("client-id=app", { clientId: "other" });
    create(other, [topic("a", 3)]);
    expect(create(other, [topic("b", 1)])).toBe("NONE / 0");
  });

  test("nobody, without a quota of this kind: no bucket is kept", () => {
    const office = limited("user=bob");
    expect(create(office, [topic("a", 9)])).toBe("NONE / 0");
    expect(create(office, [topic("b", 9)])).toBe("NONE / 0");
    expect(office.mutationBuckets.size).toBe(0);
  });

  test("a quota that is removed charges nobody, at once", () => {
    const office = limited();
    create(office, [topic("a", 3)]);
    const ops = [{ key: "controller_mutation_rate", value: 0, remove: true }];
    office.ask("AlterClientQuotas", { entries: [{ entity: entityOf("user=ann"), ops }] });
    expect(create(office, [topic("b", 1)])).toBe("NONE / 0");
  });
});
