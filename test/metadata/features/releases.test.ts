/** Releases of Kafka as the tools name them, and which level of metadata.version each is. */
import { describe, expect, test } from "vitest";
import { chosenLevelRefusal } from "../../../src/metadata/features/chosen.ts";
import { metadataVersionName, MV_MAX, MV_MIN } from "../../../src/metadata/features/levels.ts";
import { levelOfRelease, releasesFrom } from "../../../src/metadata/features/releases.ts";

describe("a release", () => {
  test.each([
    ["4.4", 33],
    ["4.4.0", 33],
    ["4.4-IV0", 31],
    ["4.3", 30],
    ["4.3.1", 30],
    ["4.3-IV0", 30],
    ["4.2", 29],
    ["4.2-IV0", 28],
    ["4.1", 27],
    ["4.0", 25],
    ["4.0.2", 25],
    ["4.0-IV1", 23],
    ["3.9", 21],
    ["3.3", 7],
  ])("%s is level %i", (release, level) => {
    expect(levelOfRelease(release)).toBe(level);
  });

  test.each([
    "",
    "4",
    "4.",
    "4.5",
    "4.5-IV0",
    "4.3-IV1",
    "43",
    "x",
    "?",
    "4.3-IV",
    " 4.3",
    "-",
    "__proto__",
  ])("%j is none", (text) => {
    expect(levelOfRelease(text)).toBeNull();
  });

  test("is the highest level of its name", () => {
    for (let level = MV_MIN; level <= MV_MAX; level += 1)
      expect(levelOfRelease(metadataVersionName(level))).toBe(level);
    expect(releasesFrom(21)).toEqual(["3.9", "4.0", "4.1", "4.2", "4.3", "4.4"]);
  });
});

test.each([
  ["share.version", 1, 25, null],
  ["share.version", 2, 30, null],
  ["share.version", 3, 33, "from 0 to 2"],
  ["transaction.version", 0, 25, null],
  ["transaction.version", 3, 25, "from 0 to 2"],
  ["kraft.version", 1, 21, null],
  ["kraft.version", 0, 25, "1"],
  ["eligible.leader.replicas.version", 0, 30, null],
  ["eligible.leader.replicas.version", 1, 23, null],
  ["eligible.leader.replicas.version", 1, 22, "0 below 4.0-IV1"],
  ["eligible.leader.replicas.version", 2, 30, "from 0 to 1"],
])("%s %i of a new cluster at level %i must be %j", (name, level, metadataVersion, refusal) => {
  expect(chosenLevelRefusal(name, level, metadataVersion)).toBe(refusal);
});
