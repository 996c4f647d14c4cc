import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type {
  ConfigDefinition,
  ConfigDefinitions,
} from "../../../src/metadata/configs/definition.ts";
import { brokerDefinition, BROKER_CONFIGS } from "../../../src/metadata/configs/tables/broker.ts";
import { CLIENT_METRICS_CONFIGS } from "../../../src/metadata/configs/tables/client-metrics.ts";
import { GROUP_CONFIGS } from "../../../src/metadata/configs/tables/group.ts";
import { STATIC_BROKER_CONFIGS } from "../../../src/metadata/configs/tables/static-broker.ts";
import { TOPIC_CONFIGS } from "../../../src/metadata/configs/tables/topic.ts";

/** A definition as a release of Kafka has it; bounds in the words of its validator. */
interface KafkaDefinition {
  readonly kind: string;
  readonly name: string;
  readonly type: string;
  readonly default: string;
  readonly bounds: string;
  readonly isInternal: boolean;
}

const RELEASES = ["4.0.2", "4.1.2", "4.3.1"] as const;

const definitionsIn = (
  release: string,
  files: readonly string[] = ["defs", "brokers"],
): readonly KafkaDefinition[] =>
  files.flatMap((file) =>
    readFileSync(
      new URL(`../../fixtures/protocol/configs/${file}-${release}.txt`, import.meta.url),
      "utf8",
    )
      .split("\n")
      .map((line) => line.split("\t"))
      .filter(([kind = ""]) => /^[A-Z_]+$/.test(kind) && kind !== "MV" && kind !== "FEATURE")
      .map(([kind = "", name = "", type = "", fallback = "", bounds = "", internal]) => ({
        kind,
        name,
        type: type.toLowerCase(),
        default: fallback === "null" || fallback === "NO_DEFAULT" ? "" : fallback,
        bounds: bounds === "null" ? "" : bounds,
        isInternal: internal === "internal",
      })),
  );

/** Of 4.4.0, what share.version 2 stands on (KIP-1191). */
const deadLetters = definitionsIn("4.4.0", ["defs"]).filter(({ name }) =>
  name.startsWith("errors.deadletterqueue."),
);
const byRelease = [...RELEASES.map((release) => definitionsIn(release)), deadLetters];

/** Name → its definitions from the oldest release to the newest. */
function definitionsOfKind(kinds: readonly string[]): ReadonlyMap<string, KafkaDefinition[]> {
  const found = new Map<string, KafkaDefinition[]>();
  for (const definition of byRelease.flat()) {
    if (kinds.includes(definition.kind)) {
      found.set(definition.name, [...(found.get(definition.name) ?? []), definition]);
    }
  }
  return found;
}

/** What a broker of every release can read: the narrowest of their bounds. */
function narrowest(definitions: readonly KafkaDefinition[]): Partial<ConfigDefinition> {
  const ranges = definitions.map(({ bounds }) => /^\[(-?\d+),\.\.\.(?:,(-?\d+))?\]$/.exec(bounds));
  const mins = ranges.flatMap((range) => (range?.[1] === undefined ? [] : [Number(range[1])]));
  const maxs = ranges.flatMap((range) => (range?.[2] === undefined ? [] : [Number(range[2])]));
  const list = definitions.flatMap(({ bounds }) => /^\[([^.:]+)\]$/.exec(bounds)?.[1] ?? []).at(-1);
  return {
    ...(mins.length === 0 ? {} : { min: Math.max(...mins) }),
    ...(maxs.length === 0 ? {} : { max: Math.min(...maxs) }),
    ...(list === undefined ? {} : { oneOf: list.split(", ") }),
  };
}

const boundsOf = ({ min, max, oneOf }: ConfigDefinition): Partial<ConfigDefinition> => ({
  ...(min === undefined ? {} : { min }),
  ...(max === undefined ? {} : { max }),
  ...(oneOf === undefined ? {} : { oneOf }),
});

const statics = new Set(STATIC_BROKER_CONFIGS.map(({ name }) => name));
const dynamicBrokerConfigs: ConfigDefinitions = new Map(
  [...BROKER_CONFIGS].filter(([name]) => !statics.has(name)),
);
/** Dynamic in any release. */
const isDynamic = definitionsOfKind(["BROKER"]);

describe.each([
  ["topic", TOPIC_CONFIGS, definitionsOfKind(["TOPIC"])],
  ["group", GROUP_CONFIGS, definitionsOfKind(["GROUP"])],
  ["client metrics", CLIENT_METRICS_CONFIGS, definitionsOfKind(["CLIENT_METRICS"])],
  ["broker", dynamicBrokerConfigs, isDynamic],
] as const)("the %s configs", (_, table, kafka) => {
  test("are those of all releases", () => {
    expect([...table.keys()].toSorted()).toEqual([...kafka.keys()].toSorted());
  });

  test("have the type and the default of the newest release", () => {
    const expected = [...kafka].map(([name, all]) => [name, all.at(-1)?.type, all.at(-1)?.default]);
    const actual = [...kafka.keys()].map((name) => {
      const definition = table.get(name);
      return [name, definition?.type, definition?.default];
    });
    expect(actual).toEqual(expected);
  });

  test("have the narrowest bounds of all releases", () => {
    const expected = [...kafka].map(([name, all]) => [name, narrowest(all)]);
    const actual = [...kafka.keys()].map((name) => {
      const definition = table.get(name);
      return [name, definition === undefined ? undefined : boundsOf(definition)];
    });
    expect(actual).toEqual(expected);
  });

  test("are shown unset but for those that 4.4 has brought", () => {
    const since = new Set(deadLetters.map(({ name }) => name));
    const hidden = [...table.values()].filter(({ isNew = false }) => isNew);
    expect(hidden.map(({ name }) => name)).toEqual([...table.keys()].filter((n) => since.has(n)));
  });

  test("are internal where Kafka's are", () => {
    const expected = [...kafka].filter(([, all]) => all.at(-1)?.isInternal).map(([name]) => name);
    const actual = [...table.values()].filter((d) => d.isInternal).map(({ name }) => name);
    expect(actual).toEqual(expected);
  });
});

describe("the broker configs of files", () => {
  const kafka = new Map(
    [...definitionsOfKind(["STATIC"])].filter(([name]) => !isDynamic.has(name)),
  );

  test("have the types of the newest release", () => {
    const expected = new Map([...kafka].map(([name, all]) => [name, all.at(-1)?.type]));
    const actual = new Map(STATIC_BROKER_CONFIGS.map(({ name, type }) => [name, type]));
    expect(actual).toEqual(expected);
  });

  test("have defaults where they are lists, to which is appended", () => {
    const lists = [...kafka].filter(([, all]) => all.at(-1)?.type === "list");
    expect(lists.map(([name]) => [name, BROKER_CONFIGS.get(name)?.default])).toEqual(
      lists.map(([name, all]) => [name, all.at(-1)?.default]),
    );
  });
});

test.each([
  ["background.threads", "int"],
  ["log.cleanup.policy", "list"],
  ["log.dirs", "list"],
  ["ssl.keystore.password", "password"],
  ["listener.name.internal.ssl.keystore.password", "password"],
  ["listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config", "password"],
  ["no.such.config", undefined],
])("the broker config %s has the type %s", (name, type) => {
  expect(brokerDefinition(name)?.type).toBe(type);
});
