/**
 * The settings that a request names, of a new cluster and of one that is there: which values each takes, and what is
 * refused.
 */
import { describe, expect, test } from "vitest";
import {
  CHANGEABLE_SETTINGS,
  CONTROLLER_NUMBERS,
  POLICY_LISTS,
  SETTING_BOUNDS,
  newerChanges,
  settingsOf,
} from "../../durable-objects/cluster-settings.ts";
import { agrees, clusterRequestOf } from "../../worker/clusters/cluster-requests.ts";
import {
  CLUSTER_CHANGE,
  SETTINGS,
  changesOf,
  settingsIn,
} from "../../worker/clusters/setting-requests.ts";
import { valueAt } from "../../worker/http/fields.ts";

const settingsAt = (settings: unknown) => settingsIn(valueAt(SETTINGS, settings, "settings"));
const settingChangesAt = (settings: unknown) => changesOf(valueAt(CLUSTER_CHANGE, { settings }));

describe("a new cluster", () => {
  test("has Kafka's defaults of what it leaves out", () => {
    expect(settingsOf(clusterRequestOf({}, 0).plan)).toMatchObject({
      "broker.session.timeout.ms": 9_000,
      "leader.imbalance.check.interval.seconds": 300,
      "unclean.leader.election.interval.ms": 300_000,
      "auto.leader.rebalance.enable": true,
      "num.partitions": 1,
      "default.replication.factor": 1,
      "delete.topic.enable": true,
    });
    expect(clusterRequestOf({}, 0).plan).not.toHaveProperty("topic_defaults");
  });

  test("may choose each, as a number or a truth or as the text of one", () => {
    const { plan, settings } = clusterRequestOf(
      {
        settings: {
          "num.partitions": "6",
          "default.replication.factor": 3,
          "auto.leader.rebalance.enable": "false",
          "delete.topic.enable": false,
          "min.insync.replicas": "2",
          "unclean.leader.election.enable": true,
        },
      },
      0,
    );
    expect(settings).toMatchObject({
      "num.partitions": 6,
      "default.replication.factor": 3,
      "auto.leader.rebalance.enable": false,
      "delete.topic.enable": false,
    });
    expect(plan.settings).toMatchObject(settings);
    // These are in the log, where brokers read them too.
    expect(plan.topic_defaults).toEqual({
      "min.insync.replicas": 2,
      "unclean.leader.election.enable": true,
    });
    expect(plan.settings).not.toHaveProperty(["min.insync.replicas"]);
  });

  test("that was changed since is the one that a repeated request asks for, and no other", () => {
    const body = { settings: { "num.partitions": 6, "min.insync.replicas": 2 } };
    const { plan } = clusterRequestOf(body, 0);
    const { planned_voters: planned, ...identity } = plan;
    const changed = {
      ...identity,
      initial_voters: planned.map((voter) => ({ ...voter, directory_id: "d" })),
      setting_changes: { version: 7, settings: { "num.partitions": 8 } },
    };
    expect(settingsOf(changed)["num.partitions"]).toBe(8);
    expect(agrees(changed, clusterRequestOf(body, 1))).toBe(true);
    expect(agrees(changed, clusterRequestOf({ settings: { "num.partitions": 6 } }, 1))).toBe(false);
    expect(agrees(changed, clusterRequestOf({ settings: { "num.partitions": 8 } }, 1))).toBe(false);
  });

  test("that is a fork has what the other's log says of topics", () => {
    const body = {
      fork_of: "JEXY6aqzQY-32P5TStzaFg",
      settings: { "min.insync.replicas": 2 },
    };
    expect(() => clusterRequestOf(body, 0)).toThrow(
      'settings["min.insync.replicas"]: must be left out: a fork has that of the other cluster',
    );
  });
});

describe("a setting", () => {
  test.each(CONTROLLER_NUMBERS)("%s takes the numbers within its bounds, and no other", (name) => {
    const { min, max } = SETTING_BOUNDS[name];
    for (const value of [min, max])
      expect(settingsAt({ [name]: value }).settings[name]).toBe(value);
    for (const value of [min - 1, max + 1, min + 0.5, "", "a", "1e3", true, [], {}, null])
      expect(() => settingsAt({ [name]: value })).toThrow(
        `settings["${name}"]: must be a whole number from ${min} to ${max}`,
      );
  });

  test.each(["auto.leader.rebalance.enable", "delete.topic.enable"] as const)(
    "%s is true or false",
    (name) => {
      expect(settingsAt({ [name]: "true" }).settings[name]).toBe(true);
      for (const value of [1, "yes", "TRUE", null, []])
        expect(() => settingsAt({ [name]: value })).toThrow(
          `settings["${name}"]: must be true or false`,
        );
    },
  );

  test.each(POLICY_LISTS)("%s is a list of names, kept in one order", (name) => {
    expect(settingsAt({ [name]: " b.x,a-,, b.x" }).settings[name]).toBe("a-,b.x");
    expect(settingsAt({ [name]: "" }).settings[name]).toBe("");
    const many = Array.from({ length: 65 }, (_, at) => `n${at}`).join(",");
    const refused: readonly (readonly [unknown, string])[] = [
      [many, "at most 64 names"],
      ["x".repeat(4_097), "at most 64 names, and 4096 characters"],
      ["a b", "names of letters, digits"],
      ["a*", "names of letters, digits"],
      [7, "a string"],
      [null, "a string"],
      [["a"], "a string"],
    ];
    for (const [value, message] of refused)
      expect(() => settingsAt({ [name]: value })).toThrow(
        `settings["${name}"]: must be ${message}`,
      );
  });

  test.each([0, -1, 2 ** 31, 1.5, "two", true, null])("min.insync.replicas is not %j", (value) => {
    expect(() => settingsAt({ "min.insync.replicas": value })).toThrow(
      'settings["min.insync.replicas"]: must be a whole number from 1 to 2147483647',
    );
  });
});

describe("a change", () => {
  test("has what it names, and null for what is taken back", () => {
    const change = settingChangesAt({
      "num.partitions": 4,
      "default.replication.factor": null,
      "delete.topic.enable": "false",
      "metadata.max.retention.ms": "-1",
      "min.insync.replicas": null,
      "unclean.leader.election.enable": true,
    });
    expect(change).toEqual({
      settings: {
        "num.partitions": 4,
        "default.replication.factor": null,
        "delete.topic.enable": false,
        "metadata.max.retention.ms": -1,
      },
      topicDefaults: { "min.insync.replicas": null, "unclean.leader.election.enable": true },
    });
    for (const name of CHANGEABLE_SETTINGS)
      expect(settingChangesAt({ [name]: null }).settings).toEqual({ [name]: null });
  });

  test.each([
    [undefined, "settings: must be an object"],
    [null, "settings: must be an object"],
    [[], "settings: must be an object"],
    [{}, "settings: must be an object that names a setting"],
    [{ "broker.id": 1 }, 'settings["broker.id"]: unknown field'],
    [
      { "controller.quorum.fetch.timeout.ms": 2_000 },
      'settings["controller.quorum.fetch.timeout.ms"]: must be left out: it is chosen when a cluster is created',
    ],
    [{ "super.users": "User:a" }, 'settings["super.users"]: must be left out'],
    [{ "num.partitions": 0 }, 'settings["num.partitions"]: must be a whole number from 1'],
    [
      { "num.partitions": 1, "broker.session.timeout.ms": 999 },
      'settings["broker.session.timeout.ms"]: must be a whole number from 1000',
    ],
  ])("%j is refused", (settings, message) => {
    expect(() => settingChangesAt(settings)).toThrow(message);
  });

  test("that is older gives way to one that is newer", () => {
    const [older, newer] = [1, 2].map((version) => ({ version, settings: {} }));
    expect(newerChanges(older, newer)).toBe(newer);
    expect(newerChanges(newer, older)).toBe(newer);
    expect(newerChanges(undefined, older)).toBe(older);
    expect(newerChanges(older, undefined)).toBe(older);
  });
});
