/**
 * What Kafka's own tests of its controller hold to be right, as tables: one file for each class of theirs, one row for
 * each case, told in our words. Where this differs knowingly a row says so in its name, and holds what is right here.
 */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { partitionChange } from "../../../src/metadata/partitions/partition-change.ts";
import {
  completedReassignment,
  planReassignment,
  revertedReassignment,
} from "../../../src/metadata/partitions/reassignment.ts";
import type { Election } from "../../../src/metadata/partitions/leader-election.ts";
import { UNASSIGNED_DIRECTORY, type Uuid } from "../../../src/protocol/index.ts";
import { directoryOf, partition } from "../partition-notation.ts";
import { topicIdOf } from "../world.ts";
import { play, type Scenario } from "./scenario.ts";

const textOf = (file: string): string =>
  readFileSync(new URL(`./${file}.json`, import.meta.url), "utf8");

const CHANGES: readonly ChangeRow[] = JSON.parse(textOf("partition-changes"));
const MOVES: readonly MoveRow[] = JSON.parse(textOf("reassignments"));

/** Each row under its own name. */
const byName = <Row extends { readonly name: string }>(rows: readonly Row[]) =>
  rows.map((row) => [row.name, row] as const);

interface ChangeRow {
  readonly name: string;
  /** In the notation of partitions. */
  readonly from: string;
  readonly want?: {
    readonly isr?: readonly number[];
    readonly replicas?: readonly number[];
    readonly removingReplicas?: readonly number[];
    readonly addingReplicas?: readonly number[];
    readonly uncleanReplicas?: readonly number[];
    /** Broker → the broker after whom its new directory is named. */
    readonly directories?: Readonly<Record<string, number>>;
  };
  readonly election?: Election;
  readonly dead?: readonly number[];
  readonly metadataVersion?: number;
  readonly elrMinIsr?: number;
  /** What the record sets; directories by the broker after whom they are named, 0 for none yet. Null: no record. */
  readonly record: Readonly<Record<string, unknown>> | null;
}

const named = (broker: number): Uuid => (broker === 0 ? UNASSIGNED_DIRECTORY : directoryOf(broker));

function changed({ from, want = {}, dead = [], ...given }: ChangeRow): unknown {
  const { directories, ...wish } = want;
  const moved = Object.entries(directories ?? {}).map(
    ([broker, name]) => [Number(broker), named(name)] as const,
  );
  const record = partitionChange(
    { topicId: topicIdOf(0), partitionId: 0 },
    partition(from),
    { ...wish, ...(directories === undefined ? {} : { directories: new Map(moved) }) },
    {
      election: given.election ?? "online",
      metadataVersion: given.metadataVersion ?? 25,
      defaultDirectory: () => UNASSIGNED_DIRECTORY,
      elrMinIsr: given.elrMinIsr ?? null,
      isAcceptable: (brokerId) => brokerId >= 0 && !dead.includes(brokerId),
    },
  );
  if (record === null) return null;
  const unset: readonly unknown[] = [null, -2];
  return Object.fromEntries(
    Object.entries(record.data).filter(
      ([name, value]) =>
        !["topicId", "partitionId"].includes(name) &&
        !unset.includes(value) &&
        !(name === "leaderRecoveryState" && value === -1),
    ),
  );
}

describe("PartitionChangeBuilderTest", () => {
  test.each(byName(CHANGES))("%s", (_name, row) => {
    const { record } = row;
    const directories = record?.["directories"];
    const expected = Array.isArray(directories)
      ? { ...record, directories: directories.map((broker) => named(Number(broker))) }
      : record;
    expect(changed(row)).toEqual(expected);
  });
});

interface MoveRow {
  readonly name: string;
  readonly plan?: readonly [readonly number[], readonly number[]];
  readonly completes?: Parameters<typeof completedReassignment>;
  readonly reverts?: Parameters<typeof revertedReassignment>;
  readonly gives: object | null;
}

describe("PartitionReassignmentReplicasTest, PartitionReassignmentRevertTest", () => {
  test.each(byName(MOVES))("%s", (_name, { plan, completes, reverts, gives }) => {
    if (plan !== undefined) {
      const [replicas, target] = plan;
      expect(planReassignment({ replicas, addingReplicas: [] }, target)).toEqual(gives);
    } else if (completes !== undefined) expect(completedReassignment(...completes)).toEqual(gives);
    else if (reverts !== undefined) expect(revertedReassignment(...reverts)).toEqual(gives);
    else throw new Error("a row without a question");
  });
});

describe.each([
  ["ReplicationControlManagerTest: topics", "topics"],
  ["ReplicationControlManagerTest: partitions", "partitions"],
  ["ClusterControlManagerTest, BrokerHeartbeatManagerTest", "brokers"],
  ["ConfigurationControlManagerTest", "configs"],
  [
    "FeatureControlManagerTest, ProducerIdControlManagerTest, ClientQuotaControlManagerTest",
    "others",
  ],
])("%s", (_title, file) => {
  const scenarios: readonly Scenario[] = JSON.parse(textOf(file));

  test.each(byName(scenarios))("%s", (_name, scenario) => {
    play(scenario);
  });
});
