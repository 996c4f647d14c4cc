import { describe, expect, test } from "vitest";
import {
  partitionChange,
  type DesiredPartition,
  type PartitionRules,
} from "../../../src/metadata/partitions/partition-change.ts";
import type { Partition } from "../../../src/metadata/image/partition.ts";
import type { Uuid } from "../../../src/protocol/index.ts";
import { directoryOf, partition } from "../partition-notation.ts";

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a uuid of the test's own making
const TOPIC = "TOPICAAAAAAAAAAAAAAAAA" as Uuid;
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Kafka's reserved id
const UNASSIGNED = "AAAAAAAAAAAAAAAAAAAAAQ" as Uuid;

const FOO = partition("2,1,3 / 2,1,3 / 1 / 100 / 200");
const BAR = partition("1,2,3,4 / 1,2,3 / 1 ; removing 1 ; adding 4");
const BAZ = partition("2,1,3 / 1,3 / 3");
const OFFLINE = partition("2,1,3 / 3 / -1");
const OFFLINE_ELR = partition("2,1,3 / - / -1 ; elr 3 ; last 2");

type Given = Partial<Omit<PartitionRules, "isAcceptable">> & { readonly dead?: readonly number[] };

function change(from: Partition, desired: DesiredPartition = {}, given: Given = {}): unknown {
  const { dead = [], ...rules } = given;
  const record = partitionChange({ topicId: TOPIC, partitionId: 0 }, from, desired, {
    election: "online",
    metadataVersion: 25,
    defaultDirectory: () => UNASSIGNED,
    elrMinIsr: null,
    isAcceptable: (brokerId) => brokerId >= 0 && !dead.includes(brokerId),
    ...rules,
  });
  if (record === null) return null;
  const { topicId, partitionId, ...fields } = record.data;
  expect({ topicId, partitionId }).toEqual({ topicId: TOPIC, partitionId: 0 });
  const set = Object.entries(fields).filter(
    ([name, value]) =>
      value !== null &&
      !(name === "leader" && value === -2) &&
      !(name === "leaderRecoveryState" && value === -1),
  );
  return Object.fromEntries(set);
}

const dirs = (...brokers: readonly number[]): readonly Uuid[] => brokers.map(directoryOf);

describe("nothing is written", () => {
  test.each<readonly [string, Partition, DesiredPartition, Given]>([
    ["when nothing is asked", FOO, {}, { dead: [3] }],
    ["when an unclean election finds the leader well", FOO, {}, { election: "unclean", dead: [3] }],
    ["while a reassignment waits for its replicas", BAR, {}, { dead: [3] }],
    ["while it waits, also in an unclean election", BAR, {}, { election: "unclean", dead: [3] }],
    ["when the preferred replica is out of sync", BAZ, {}, { election: "preferred" }],
    ["when an offline partition finds nobody in sync", OFFLINE, {}, { dead: [2, 3] }],
    [
      "when the eligible leader replica is dead and the last leader must wait for it",
      partition("1,2,3,4 / - / -1 ; elr 3 ; last 1"),
      {},
      { dead: [3], elrMinIsr: 2 },
    ],
    [
      "when the last known leader is dead: it is not asked back (KAFKA-19522)",
      partition("1,2,3 / - / -1 ; last 1"),
      {},
      { dead: [1, 2, 3], elrMinIsr: 2, election: "unclean" },
    ],
  ])("%s", (_name, from, desired, given) => {
    expect(change(from, desired, given)).toBeNull();
  });
});

describe("leader and ISR", () => {
  test.each<readonly [string, Partition, DesiredPartition, Given, unknown]>([
    ["a preferred election", FOO, {}, { election: "preferred", dead: [3] }, { leader: 2 }],
    ["an ISR that keeps its leader", FOO, { isr: [2, 1] }, { dead: [3] }, { isr: [2, 1] }],
    ["an ISR in another order", FOO, { isr: [1, 2, 3] }, {}, { isr: [1, 2, 3] }],
    [
      "an ISR that loses its leader",
      FOO,
      { isr: [2, 3] },
      { dead: [1] },
      { isr: [2, 3], leader: 2 },
    ],
    ["an ISR of dead brokers", FOO, { isr: [3] }, { dead: [3] }, { isr: [3], leader: -1 }],
    [
      "an ISR of dead brokers, unclean",
      FOO,
      { isr: [3] },
      { election: "unclean", dead: [3] },
      { isr: [2], leader: 2, leaderRecoveryState: 1 },
    ],
    [
      "an unclean election of an offline partition",
      OFFLINE,
      {},
      { election: "unclean", dead: [2, 3] },
      { isr: [1], leader: 1, leaderRecoveryState: 1 },
    ],
    [
      "an unclean election whose wish is another",
      OFFLINE,
      { isr: [2] },
      { election: "unclean", dead: [2, 3] },
      { isr: [1], leader: 1, leaderRecoveryState: 1 },
    ],
    [
      "the last member of an ISR that leaves: it stays in the ISR",
      partition("1,2,3 / 1 / 1 ; recovering"),
      { isr: [] },
      { dead: [1, 2, 3] },
      { leader: -1 },
    ],
    [
      "its return: still recovering",
      partition("1,2,3 / 1 / -1 ; recovering"),
      {},
      {},
      { leader: 1 },
    ],
    [
      "an unclean election while recovering: the state is written once",
      partition("1,2,3 / 2,3 / -1 ; recovering"),
      {},
      { election: "unclean", dead: [2, 3] },
      { isr: [1], leader: 1 },
    ],
    [
      "recovery that ends",
      partition("1,2 / 1 / 1 ; recovering"),
      { leaderRecoveryState: 0 },
      {},
      { leaderRecoveryState: 0 },
    ],
  ])("%s", (_name, from, desired, given, expected) => {
    expect(change(from, desired, given)).toEqual(expected);
  });

  test("an unclean election that finds the leader outside its ISR makes it the whole ISR", () => {
    expect(
      change(partition("1,2,3 / 1,3 / 1"), { isr: [3] }, { election: "unclean", dead: [3] }),
    ).toEqual({ isr: [1], leaderRecoveryState: 1 });
  });
});

describe("replicas and reassignments", () => {
  test.each<readonly [string, Partition, DesiredPartition, Given, unknown]>([
    [
      "a new order",
      FOO,
      { replicas: [3, 2, 1] },
      {},
      { replicas: [3, 2, 1], directories: dirs(3, 2, 1) },
    ],
    [
      "the ISR that completes a reassignment away from the leader",
      BAR,
      { isr: [1, 2, 3, 4] },
      {},
      {
        replicas: [2, 3, 4],
        isr: [2, 3, 4],
        leader: 2,
        removingReplicas: [],
        addingReplicas: [],
        directories: dirs(2, 3, 4),
      },
    ],
    [
      "a reassignment given up",
      BAR,
      { replicas: [1, 2, 3], isr: [1, 2, 3], removingReplicas: [], addingReplicas: [] },
      {},
      {
        replicas: [1, 2, 3],
        leader: 1,
        removingReplicas: [],
        addingReplicas: [],
        directories: dirs(1, 2, 3),
      },
    ],
    [
      "a reassignment that only removes is complete at once",
      FOO,
      { replicas: [1, 2, 3], removingReplicas: [3] },
      {},
      { replicas: [1, 2], isr: [2, 1], leader: 1, directories: dirs(1, 2) },
    ],
    [
      "a replica to add has the default directory",
      FOO,
      { replicas: [1, 2, 3, 4], addingReplicas: [4] },
      {},
      { replicas: [1, 2, 3, 4], addingReplicas: [4], directories: [...dirs(1, 2, 3), UNASSIGNED] },
    ],
    [
      "a completed reassignment none of whose replicas may lead",
      partition("2,3,0,1 / 0,1 / 0 ; removing 0,1 ; adding 2,3"),
      { isr: [0, 1, 2, 3] },
      { dead: [0, 1, 2, 3] },
      {
        replicas: [2, 3],
        isr: [2, 3],
        leader: -1,
        removingReplicas: [],
        addingReplicas: [],
        directories: dirs(2, 3),
      },
    ],
    [
      "replicas with a directory of their own",
      FOO,
      { replicas: [3, 1, 5, 4], isr: [1, 3], directories: new Map([[5, directoryOf(55)]]) },
      {},
      {
        replicas: [3, 1, 5, 4],
        isr: [1, 3],
        leader: 1,
        directories: [directoryOf(3), directoryOf(1), directoryOf(55), UNASSIGNED],
      },
    ],
    [
      "directories alone",
      FOO,
      {
        directories: new Map([
          [3, directoryOf(33)],
          [1, directoryOf(11)],
        ]),
      },
      {},
      { directories: [directoryOf(2), directoryOf(11), directoryOf(33)] },
    ],
  ])("%s", (_name, from, desired, given, expected) => {
    expect(change(from, desired, given)).toEqual(expected);
  });

  test("below 3.7-IV2 no directory is written", () => {
    expect(change(FOO, { replicas: [3, 2, 1] }, { metadataVersion: 16 })).toEqual({
      replicas: [3, 2, 1],
    });
  });
});

const isBumped = (desired: DesiredPartition, metadataVersion: number): boolean => {
  const changed = change(FOO, desired, { metadataVersion });
  return typeof changed === "object" && changed !== null && "leader" in changed;
};

describe("the leader epoch", () => {
  test.each([
    ["rises on a shrink of the ISR below 3.6-IV0", { isr: [2, 1] }, 11, true],
    ["stays on a shrink from 3.6-IV0 on", { isr: [2, 1] }, 12, false],
    ["rises when a replica is dropped", { replicas: [2, 1, 4], isr: [2, 1] }, 25, true],
    ["stays when replicas are reordered", { replicas: [1, 2, 3] }, 25, false],
    ["stays when a replica is added", { replicas: [2, 1, 3, 4], addingReplicas: [4] }, 25, false],
    ["stays when no replicas are asked for (KAFKA-16624)", { replicas: [] }, 11, false],
  ])("%s", (_name, desired, metadataVersion, expected) => {
    expect(isBumped(desired, metadataVersion)).toBe(expected);
  });

  test("stays when the ISR grows, at any version", () => {
    const grown = change(BAZ, { isr: [1, 3, 2] }, { metadataVersion: 7 });
    expect(grown).toEqual({ isr: [1, 3, 2] });
  });
});

describe("eligible leader replicas (KIP-966)", () => {
  test.each<readonly [string, Partition, DesiredPartition, Given, unknown]>([
    [
      "who leaves below the minimum ISR stays eligible",
      partition("1,2,3,4 / 1,2,3,4 / 1"),
      { isr: [1, 2] },
      { dead: [3], elrMinIsr: 3 },
      { isr: [1, 2], eligibleLeaderReplicas: [3, 4] },
    ],
    [
      "at the minimum ISR nobody else is needed",
      partition("1,2,3,4 / 1,2 / 1 ; elr 3 ; last 4"),
      { isr: [1, 2, 3] },
      { elrMinIsr: 3 },
      { isr: [1, 2, 3], eligibleLeaderReplicas: [], lastKnownElr: [] },
    ],
    [
      "who leaves an ISR that is then at the minimum is not eligible: the others go on committing",
      partition("1,2,3,4 / 1,2,3,4 / 1"),
      { isr: [1, 2, 3] },
      { elrMinIsr: 3 },
      { isr: [1, 2, 3] },
    ],
    [
      "an eligible replica that comes back unclean is not eligible",
      partition("1,2,3,4 / 1 / 1 ; elr 2,3"),
      { uncleanReplicas: [3] },
      { elrMinIsr: 3 },
      { eligibleLeaderReplicas: [2] },
    ],
    [
      "the ISR runs empty and an eligible replica leads, cleanly",
      partition("1,2,3,4 / 1 / 1 ; elr 3"),
      { isr: [] },
      { election: "preferred", dead: [1], elrMinIsr: 3 },
      { isr: [3], leader: 3, eligibleLeaderReplicas: [1] },
    ],
    [
      "everybody leaves: the last leader is remembered",
      partition("1,2,3,4 / 1,2,3,4 / 1"),
      { isr: [] },
      { dead: [1, 2, 3, 4], elrMinIsr: 3 },
      { isr: [], leader: -1, eligibleLeaderReplicas: [1, 2, 3, 4], lastKnownElr: [1] },
    ],
    [
      "the remembered leader outlives an unclean shutdown of another",
      partition("1,2,3,4 / - / -1 ; elr 1,2,3,4 ; last 1"),
      { uncleanReplicas: [2] },
      { dead: [1, 2, 3, 4], elrMinIsr: 3 },
      { eligibleLeaderReplicas: [1, 3, 4] },
    ],
    [
      "the remembered leader is asked back, uncleanly",
      partition("1,2,3,4 / - / -1 ; last 1"),
      {},
      { election: "preferred", elrMinIsr: 3 },
      { isr: [1], leader: 1, leaderRecoveryState: 1, lastKnownElr: [] },
    ],
    [
      "an unclean election forgets all of it",
      OFFLINE_ELR,
      {},
      { election: "unclean", dead: [2, 3], elrMinIsr: 2 },
      { isr: [1], leader: 1, leaderRecoveryState: 1, eligibleLeaderReplicas: [], lastKnownElr: [] },
    ],
    [
      "a replica that a completed reassignment drops is not eligible",
      partition("1,2,4,3 / 1 / 1 ; removing 3 ; adding 4 ; elr 3"),
      { isr: [1, 4] },
      { elrMinIsr: 3 },
      {
        replicas: [1, 2, 4],
        isr: [1, 4],
        leader: 1,
        removingReplicas: [],
        addingReplicas: [],
        directories: dirs(1, 2, 4),
        eligibleLeaderReplicas: [],
      },
    ],
    [
      "a partition that had no leader remembers none: nobody is not a broker",
      partition("1,2 / - / -1 ; elr 1,2"),
      { uncleanReplicas: [2] },
      { dead: [1, 2], elrMinIsr: 2 },
      { eligibleLeaderReplicas: [1] },
    ],
    [
      "who led last and is moved away at once is not remembered",
      partition("2,3,0,1 / 0,1 / 0 ; removing 0,1 ; adding 2,3"),
      { isr: [0, 1, 2, 3] },
      { dead: [0, 1, 2, 3], elrMinIsr: 2 },
      {
        replicas: [2, 3],
        isr: [2, 3],
        leader: -1,
        removingReplicas: [],
        addingReplicas: [],
        directories: dirs(2, 3),
      },
    ],
    [
      "with the feature off, what is left of it goes",
      partition("1,2,3 / 1 / 1 ; elr 2 ; last 3"),
      {},
      {},
      { eligibleLeaderReplicas: [], lastKnownElr: [] },
    ],
    [
      "a change of directories keeps it (it must not wipe what it was not told of)",
      partition("1,2,3 / 1 / 1 ; elr 2"),
      { directories: new Map([[1, directoryOf(9)]]) },
      { elrMinIsr: 2 },
      { directories: [directoryOf(9), ...dirs(2, 3)] },
    ],
  ])("%s", (_name, from, desired, given, expected) => {
    expect(change(from, desired, given)).toEqual(expected);
  });
});

test.each([
  [7, 0],
  [16, 0],
  [17, 1],
  [22, 1],
  [23, 2],
  [30, 2],
])("at metadata.version %i the record is written at version %i", (metadataVersion, version) => {
  const record = partitionChange(
    { topicId: TOPIC, partitionId: 0 },
    FOO,
    { isr: [2, 1] },
    {
      election: "online",
      metadataVersion,
      defaultDirectory: () => UNASSIGNED,
      elrMinIsr: null,
      isAcceptable: () => true,
    },
  );
  expect(record?.version).toBe(version);
});
