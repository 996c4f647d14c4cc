/** Where the voters of a new cluster are asked to be: by default, by hand, and in a jurisdiction. */
import { describe, expect, test } from "vitest";
import { fixVoters, nodesOf, type ClusterEntry } from "../../durable-objects/cluster-entry.ts";
import { isLocationHint } from "../../durable-objects/location-hints.ts";
import { agrees, clusterRequestOf } from "../../worker/clusters/cluster-requests.ts";

/** The entry of a cluster that was asked for in these words, when its nodes have drawn their ids. */
function entryFrom(continent: string, body: unknown): ClusterEntry {
  const { plan } = clusterRequestOf(body, 0, continent);
  const drawn = nodesOf(plan).map(({ node_id }) => [node_id, "JEXY6aqzQY-32P5TStzaFg"] as const);
  const entry = fixVoters(plan, new Map(drawn));
  if (entry === null) throw new Error("a node has no directory id");
  return entry;
}

const hintsFrom = (continent: string | undefined, body: object = {}) =>
  clusterRequestOf(body, 0, continent).plan.planned_voters.map((voter) => voter.location_hint);

describe("a request for a cluster", () => {
  test("that names no places gets a region for each voter, the first ones where it comes from", () => {
    expect(hintsFrom("EU")).toEqual(["weur", "eeur", "enam"]);
    expect(hintsFrom("NA", { controllers: [{}, {}, {}] })).toEqual(["enam", "wnam", "weur"]);
    for (const continent of ["NA", "EU", "AS", "OC", "SA", "AF"]) {
      for (const voters of [3, 5]) {
        const hints = hintsFrom(continent, { voters });
        expect(new Set(hints).size).toBe(voters);
        expect(hints.every(isLocationHint)).toBe(true);
      }
    }
  });

  test("is placed by the platform where nobody knows better", () => {
    expect(hintsFrom(undefined)).toEqual([undefined, undefined, undefined]);
    expect(hintsFrom("T1")).toEqual([undefined, undefined, undefined]);
    expect(hintsFrom("EU", { voters: 1 })).toEqual([undefined]);
    const controllers = [{ location_hint: "me" }, {}, {}];
    expect(hintsFrom("EU", { controllers })).toEqual(["me", undefined, undefined]);
  });

  test("agrees with a repeated one from another continent, unless that names places", () => {
    const entry = entryFrom("EU", {});
    expect(entry.settings).toMatchObject({ "controller.quorum.election.timeout.ms": 3_000 });
    expect(agrees(entry, clusterRequestOf({}, 0, "AS"))).toBe(true);
    expect(agrees(entry, clusterRequestOf({}, 0))).toBe(true);
    const controllers = ["weur", "eeur", "enam"].map((hint) => ({ location_hint: hint }));
    expect(agrees(entry, clusterRequestOf({ controllers }, 0))).toBe(true);
    const others = ["weur", "eeur", "me"].map((hint) => ({ location_hint: hint }));
    expect(agrees(entry, clusterRequestOf({ controllers: others }, 0))).toBe(false);
    const settings = { "controller.quorum.election.timeout.ms": 1_000 };
    expect(agrees(entry, clusterRequestOf({ settings }, 0, "EU"))).toBe(false);
  });

  test("may keep its cluster in a jurisdiction, with hints that lie in it", () => {
    const entry = entryFrom("AS", { jurisdiction: "eu" });
    expect(entry).toMatchObject({ jurisdiction: "eu" });
    const hints = entry.initial_voters.map((voter) => voter.location_hint);
    expect(hints).toEqual(["weur", "eeur", "weur"]);
    expect(agrees(entry, clusterRequestOf({ jurisdiction: "eu" }, 0))).toBe(true);
    expect(agrees(entry, clusterRequestOf({ jurisdiction: "us" }, 0))).toBe(false);
    expect(agrees(entry, clusterRequestOf({}, 0))).toBe(false);
    const controllers = [{ location_hint: "eeur" }, {}, {}];
    expect(hintsFrom("AS", { jurisdiction: "eu", controllers })[0]).toBe("eeur");
  });

  test.each([
    [{ jurisdiction: "moon" }, "jurisdiction: must be one of eu, us, fedramp, fedramp-high"],
    [{ jurisdiction: 1 }, "jurisdiction: must be one of eu, us, fedramp, fedramp-high"],
    [
      { jurisdiction: "eu", controllers: [{}, { location_hint: "enam" }, {}] },
      "jurisdiction: must be one that enam lies in; in eu lie weur, eeur",
    ],
  ])("of which nobody can make a place is refused: %j", (body, message) => {
    expect(() => clusterRequestOf(body, 0)).toThrow(message);
  });
});
