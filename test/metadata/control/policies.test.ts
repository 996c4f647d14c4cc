/** Policies as data: what a cluster asks of topics and configs beyond Kafka's own rules, and of whom it does not. */
import { describe, expect, test } from "vitest";
import { alterConfigs } from "../../../src/metadata/control/alter-configs.ts";
import { createPartitions } from "../../../src/metadata/control/create-partitions.ts";
import { createTopics } from "../../../src/metadata/control/create-topics.ts";
import { incrementalAlterConfigs } from "../../../src/metadata/control/incremental-alter-configs.ts";
import { DEFAULT_CONTROLLER_CONFIG } from "../default-config.ts";
import type { Policies } from "../../../src/metadata/control/policies.ts";
import { run, told, world } from "../world.ts";

const TOPIC = 2;
const BROKER = 4;
const GROUP = 32;

const view = (minIsr?: string) =>
  world({
    brokers: "0 1 2",
    topics: { "a-foo": ["0,1 / 0,1 / 0", "0,1 / 0,1 / 0"], __consumer_offsets: ["0,1 / 0,1 / 0"] },
    configs: {
      "topic:a-foo": { "retention.ms": "1000", "min.insync.replicas": "2" },
      ...(minIsr === undefined ? {} : { "broker:": { "min.insync.replicas": minIsr } }),
    },
  });
const VIEW = view();

const under = (policies: Partial<Policies>) => ({
  config: {
    ...DEFAULT_CONTROLLER_CONFIG,
    policies: { ...DEFAULT_CONTROLLER_CONFIG.policies, ...policies },
  },
});

const refused = (sentence: string): string =>
  `POLICY_VIOLATION: A policy of this cluster refuses it. ${sentence}`;

const unchanged = (name: string): string => refused(`The config ${name} must not be changed.`);

interface Wish {
  readonly name?: string;
  readonly partitions?: number;
  readonly factor?: number;
  readonly assigned?: readonly (readonly number[])[];
  readonly configs?: Readonly<Record<string, string>>;
}

function create(wish: Wish, policies: Partial<Policies>, at = VIEW): string {
  const { name = "a-new", partitions = 1, factor = 1, assigned, configs = {} } = wish;
  const counts =
    assigned === undefined
      ? { numPartitions: partitions, replicationFactor: factor, assignments: [] }
      : {
          numPartitions: -1,
          replicationFactor: -1,
          assignments: assigned.map((brokerIds, partitionIndex) => ({ partitionIndex, brokerIds })),
        };
  const pairs = Object.entries(configs).map(([key, value]) => ({ name: key, value }));
  const topics = [{ name, ...counts, configs: pairs }];
  const ran = run(createTopics, at, { topics, validateOnly: false }, under(policies));
  const [result = ""] = ran.response.topics.map(told);
  expect(ran.records.length > 0).toBe(result === "NONE");
  return result;
}

describe("a new topic", () => {
  const NAMES = { topicNamePrefixes: ["a-", "b."] };
  const FACTORS = { replicationFactorMin: 2, replicationFactorMax: 2 };
  const MIN_ISR = { minInsyncReplicasMin: 2 };
  const FORBIDDEN = { forbiddenConfigs: new Set(["retention.ms"]) };
  test.each<readonly [Wish, Partial<Policies>, string]>([
    [{ name: "a-new" }, NAMES, "NONE"],
    [{ name: "b.x" }, NAMES, "NONE"],
    [{ name: "new" }, NAMES, refused("The name of a topic must begin with one of: a-, b..")],
    [{ name: "__transaction_state" }, NAMES, "NONE"],
    [{ partitions: 3 }, { partitionsMax: 3 }, "NONE"],
    [
      { partitions: 4 },
      { partitionsMax: 3 },
      refused("A topic may have at most 3 partitions, not 4."),
    ],
    [
      { assigned: [[0], [1]] },
      { partitionsMax: 1 },
      refused("A topic may have at most 1 partitions, not 2."),
    ],
    [{ factor: 2 }, FACTORS, "NONE"],
    [{ factor: 1 }, FACTORS, refused("The replication factor must be from 2 to 2, not 1.")],
    // The default is judged as any other.
    [{ factor: -1 }, FACTORS, refused("The replication factor must be from 2 to 2, not 1.")],
    [
      { assigned: [[0, 1, 2]] },
      FACTORS,
      refused("The replication factor must be from 2 to 2, not 3."),
    ],
    [{ assigned: [[2, 1]] }, FACTORS, "NONE"],
    [{ configs: { "min.insync.replicas": "2" } }, MIN_ISR, "NONE"],
    [{}, MIN_ISR, refused("min.insync.replicas must be 2 or more, not 1.")],
    [
      { configs: { "min.insync.replicas": "1" } },
      MIN_ISR,
      refused("min.insync.replicas must be 2 or more, not 1."),
    ],
    [
      { configs: { "retention.ms": "7" } },
      FORBIDDEN,
      refused("The config retention.ms must not be changed."),
    ],
    [{ configs: { "segment.ms": "7" } }, FORBIDDEN, "NONE"],
  ])("as %j under %j: %s", (wish, policies, expected) => {
    expect(create(wish, policies)).toBe(expected);
  });

  test("has the cluster's min.insync.replicas where it says nothing", () => {
    expect(create({}, MIN_ISR, view("2"))).toBe("NONE");
  });

  test("that is faulty anyhow is refused for that", () => {
    expect(create({ name: "a b" }, NAMES)).toMatch(/^INVALID_TOPIC_EXCEPTION/);
    expect(create({ factor: 9 }, FACTORS)).toMatch(/^INVALID_REPLICATION_FACTOR/);
  });
});

const grow = (name: string, count: number, partitionsMax: number): string => {
  const topics = [{ name, count, assignments: null }];
  const asked = { topics, validateOnly: false };
  const { response } = run(createPartitions, VIEW, asked, under({ partitionsMax }));
  return response.results.map(told)[0] ?? "";
};

describe("a topic that grows", () => {
  test("stays within the most partitions, but for those of brokers", () => {
    expect(grow("a-foo", 3, 3)).toBe("NONE");
    expect(grow("a-foo", 4, 3)).toBe(refused("A topic may have at most 3 partitions, not 4."));
    expect(grow("__consumer_offsets", 4, 3)).toBe("NONE");
  });
});

describe("a config that is changed", () => {
  const [SET, DELETE] = [0, 1];
  const alter = (
    [resourceType, resourceName]: readonly [number, string],
    [name, value]: readonly [string, string | null],
    policies: Partial<Policies>,
    at = VIEW,
  ): string => {
    const configs = [{ name, configOperation: value === null ? DELETE : SET, value }];
    const asked = { validateOnly: false, resources: [{ resourceType, resourceName, configs }] };
    const ran = run(incrementalAlterConfigs, at, asked, under(policies));
    const [result = ""] = ran.response.responses.map(told);
    expect(ran.records.length > 0).toBe(result === "NONE");
    return result;
  };
  const FORBIDDEN = {
    forbiddenConfigs: new Set(["retention.ms", "consumer.session.timeout.ms"]),
  };
  const MIN_ISR = { minInsyncReplicasMin: 2 };
  const least = refused("min.insync.replicas must be 2 or more, not 1.");

  test("is not a forbidden one, of whatever resource, neither set nor deleted", () => {
    expect(alter([TOPIC, "a-foo"], ["retention.ms", "7"], FORBIDDEN)).toBe(
      unchanged("retention.ms"),
    );
    expect(alter([TOPIC, "a-foo"], ["retention.ms", null], FORBIDDEN)).toBe(
      unchanged("retention.ms"),
    );
    expect(alter([GROUP, "g"], ["consumer.session.timeout.ms", "50000"], FORBIDDEN)).toBe(
      unchanged("consumer.session.timeout.ms"),
    );
    expect(alter([TOPIC, "a-foo"], ["segment.ms", "7"], FORBIDDEN)).toBe("NONE");
  });

  test("leaves min.insync.replicas at the least or above, on topics and for all brokers", () => {
    const key = "min.insync.replicas";
    expect(alter([TOPIC, "a-foo"], [key, "3"], MIN_ISR)).toBe("NONE");
    expect(alter([TOPIC, "a-foo"], [key, "1"], MIN_ISR)).toBe(least);
    expect(alter([TOPIC, "a-foo"], [key, null], MIN_ISR)).toBe(least);
    expect(alter([TOPIC, "a-foo"], [key, null], MIN_ISR, view("2"))).toBe("NONE");
    expect(alter([BROKER, ""], [key, "2"], MIN_ISR)).toBe("NONE");
    expect(alter([BROKER, ""], [key, "1"], MIN_ISR)).toBe(least);
    expect(alter([BROKER, ""], [key, null], MIN_ISR, view("2"))).toBe(least);
    // What was there before there was a policy stands in nobody's way.
    expect(alter([TOPIC, "__consumer_offsets"], ["segment.ms", "7"], MIN_ISR)).toBe("NONE");
  });

  test("is one that an AlterConfigs leaves out, too", () => {
    const configs = [{ name: "segment.ms", value: "7" }];
    const resources = [{ resourceType: TOPIC, resourceName: "a-foo", configs }];
    const asked = { validateOnly: false, resources };
    const { response, records } = run(alterConfigs, VIEW, asked, under(FORBIDDEN));
    expect(response.responses.map(told)).toEqual([
      refused("The config retention.ms must not be changed."),
    ]);
    expect(records).toEqual([]);
  });
});
