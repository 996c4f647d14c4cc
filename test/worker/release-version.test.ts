/** A cluster that is created by release: which levels it begins with, and what is no such request. */
import { describe, expect, test } from "vitest";
import { agrees, clusterRequestOf } from "../../worker/clusters/cluster-requests.ts";

const planOf = (body: object) => clusterRequestOf(body, 0).plan;

describe("a new cluster", () => {
  test.each([
    ["3.9", 21],
    ["4.0", 25],
    ["4.0.2", 25],
    ["4.1-IV0", 26],
    ["4.4", 33],
    ["4.3", 30],
  ])("of release %s begins at level %i", (release_version, level) => {
    expect(planOf({ release_version })).toMatchObject({ metadata_version: level });
    // It is the same cluster, however its level was said.
    const byLevel = clusterRequestOf({ metadata_version: level }, 0);
    expect(agrees(planOf({ release_version }), byLevel)).toBe(true);
  });

  test("may choose the level of a feature, which may be the usual one", () => {
    const body = { release_version: "4.3", features: { "streams.version": 0, "share.version": 1 } };
    expect(planOf(body).features).toEqual({ "share.version": 1, "streams.version": 0 });
    expect(planOf({ features: {} })).not.toHaveProperty("features");
    const usual = { release_version: "4.3", features: { "share.version": 1, "kraft.version": 1 } };
    expect(agrees(planOf(usual), clusterRequestOf({ release_version: "4.3" }, 0))).toBe(true);
    expect(agrees(planOf(body), clusterRequestOf({ release_version: "4.3" }, 0))).toBe(false);
  });

  const releases = "a release or a level of it, as 4.0 or 4.0-IV3, of 3.9, 4.0, 4.1, 4.2, 4.3, 4.4";
  test.each([
    [{ release_version: "4.5" }, `release_version: must be ${releases}`],
    [{ release_version: "3.8" }, `release_version: must be ${releases}`],
    [{ release_version: "" }, `release_version: must be ${releases}`],
    [{ release_version: 4.3 }, "release_version: must be a string"],
    [
      { release_version: "4.3", metadata_version: 30 },
      "metadata_version: must be left out where release_version says the same",
    ],
    [{ features: [] }, "features: must be an object"],
    [{ features: { "metadata.version": 30 } }, 'features["metadata.version"]: unknown field'],
    [{ features: { "x.version": 1 } }, 'features["x.version"]: unknown field'],
    [
      { features: { "share.version": "1" } },
      'features["share.version"]: must be a whole number from 0',
    ],
    [{ features: { "share.version": 3 } }, 'features["share.version"]: must be from 0 to 2'],
    [{ features: { "kraft.version": 0 } }, 'features["kraft.version"]: must be 1'],
    [
      { release_version: "3.9", features: { "eligible.leader.replicas.version": 1 } },
      'features["eligible.leader.replicas.version"]: must be 0 below 4.0-IV1',
    ],
    [
      { fork_of: "JEXY6aqzQY-32P5TStzaFg", release_version: "4.3" },
      "release_version: must be left out: a fork has what the other cluster has",
    ],
    [
      { fork_of: "JEXY6aqzQY-32P5TStzaFg", features: { "share.version": 1 } },
      "features: must be left out: a fork has what the other cluster has",
    ],
  ])("is not asked for by %j", (body, message) => {
    expect(() => clusterRequestOf(body, 0)).toThrow(message);
  });
});
