import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { defaultLevels } from "../../../src/metadata/features/defaults.ts";
import { metadataVersionNeeded } from "../../../src/metadata/features/dependencies.ts";
import {
  losesMetadata,
  metadataVersionName,
  MV_MAX,
  MV_MIN,
} from "../../../src/metadata/features/levels.ts";
import { KRAFT_VERSION, SUPPORTED_FEATURES } from "../../../src/metadata/features/supported.ts";

// What the newest release we serve says of its features, in the words of the fixtures' README.md.
const lines = readFileSync(
  new URL("../../fixtures/protocol/configs/defs-4.4.0.txt", import.meta.url),
  "utf8",
).split("\n");

interface KafkaFeature {
  readonly name: string;
  readonly highest: number;
  /** Level → the metadata.version that it needs, where it needs one. */
  readonly needs: ReadonlyMap<number, number>;
  /** Level by default, by name of the metadata.version. */
  readonly byDefault: ReadonlyMap<string, number>;
}

function featureAt(start: number): KafkaFeature {
  const [, name = "", highest = ""] = lines[start]?.split("\t") ?? [];
  const needs = new Map<number, number>();
  for (const line of lines.slice(start + 1)) {
    const [, level, dependency] =
      /^ {2}FV\t(\d+)\t[^\t]+\t\{(?:metadata\.version=(\d+))?\}/.exec(line) ?? [];
    if (level === undefined) {
      const defaults = line.matchAll(/([\d.]+-IV\d+)->(\d+)/g);
      const byDefault = new Map([...defaults].map(([, at = "", by]) => [at, Number(by)]));
      return { name, highest: Number(highest), needs, byDefault };
    }
    if (dependency !== undefined) needs.set(Number(level), Number(dependency));
  }
  throw new Error(`${name} has no defaults`);
}

const features = lines.flatMap((line, at) => (line.startsWith("FEATURE\t") ? [featureAt(at)] : []));
const levels = lines.flatMap((line) => {
  const [, level, name, hasNewRecords] = /^MV\t(\d+)\t(\S+)\t(\w+)/.exec(line) ?? [];
  return level === undefined
    ? []
    : [{ level: Number(level), name, hasNewRecords: hasNewRecords === "true" }];
});
const supported = levels.filter(({ level }) => level >= MV_MIN && level <= MV_MAX);

test("every level of metadata.version is called what Kafka calls it", () => {
  expect(supported.map(({ level }) => metadataVersionName(level))).toEqual(
    supported.map(({ name }) => name),
  );
  expect(supported).toHaveLength(MV_MAX - MV_MIN + 1);
});

test("a level brings records where Kafka says so, and no way leads back over it", () => {
  const above = supported.filter(({ level }) => level > MV_MIN);
  expect(above.map(({ level }) => losesMetadata(level, level - 1))).toEqual(
    above.map(({ hasNewRecords }) => hasNewRecords),
  );
});

describe.each(features)("$name", ({ name, highest, needs }) => {
  test("is supported up to the level of the newest release", () => {
    expect(SUPPORTED_FEATURES.find((feature) => feature.name === name)?.maxVersion).toBe(highest);
  });

  test("needs the metadata.version that Kafka says", () => {
    for (const [level, needed] of needs) expect(metadataVersionNeeded(name, level)).toBe(needed);
  });
});

// kraft.version is Raft's, and none of the levels of a new cluster's log.
test.each(features.filter(({ name }) => name !== KRAFT_VERSION))(
  "a new cluster has $name at Kafka's level",
  ({ name, byDefault }) => {
    const known = supported.filter(({ name: at = "" }) => byDefault.has(at));
    expect(known.length).toBeGreaterThan(5);
    expect(known.map(({ level }) => defaultLevels(level).get(name) ?? 0)).toEqual(
      known.map(({ name: at = "" }) => byDefault.get(at)),
    );
  },
);
