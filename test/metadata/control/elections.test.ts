/**
 * Which election each operation asks for, as in Kafka's ReplicationControlManager: an online one, a preferred one, or
 * an unclean one where the topic, or the cluster for it, allows that. Each operation meets a partition that has a clean
 * candidate, and one whose only living replica was not in sync.
 */
import { describe, expect, test } from "vitest";
import { alterPartitionReassignments } from "../../../src/metadata/control/alter-partition-reassignments.ts";
import { alterPartition } from "../../../src/metadata/control/alter-partition.ts";
import { assignReplicasToDirs } from "../../../src/metadata/control/assign-replicas-to-dirs.ts";
import { balancePartitionLeaders } from "../../../src/metadata/duties/balance-partition-leaders.ts";
import { electUncleanLeaders } from "../../../src/metadata/duties/elect-unclean-leaders.ts";
import { heartbeat } from "../../../src/metadata/control/broker-heartbeat.ts";
import { registerBroker } from "../../../src/metadata/control/broker-registration.ts";
import { electLeaders } from "../../../src/metadata/control/elect-leaders.ts";
import { fenceBroker } from "../../../src/metadata/control/fence-broker.ts";
import { unregisterBroker } from "../../../src/metadata/control/unregister-broker.ts";
import type { MetadataImage } from "../../../src/metadata/image/metadata-image.ts";
import { partitionAt } from "../../../src/metadata/image/topics-image.ts";
import { partitionChangesAfter } from "../../../src/metadata/partitions/broker-change.ts";
import { LOST_DIRECTORY, type Uuid } from "../../../src/protocol/index.ts";
import { Office, registrationOf, SESSION_MS } from "../office.ts";
import {
  brokerEpoch,
  contextFor,
  lawfullyReplayed,
  record,
  replayed,
  run,
  topicIdOf,
  world,
  type WorldSpec,
} from "../world.ts";
import { directoryOf } from "../partition-notation.ts";

type Step = (view: MetadataImage) => MetadataImage;

interface Row {
  readonly operation: string;
  readonly step: Step;
  readonly brokers: string;
  /** The partition u-0. */
  readonly partition: string;
  /** Who leads it afterwards; of two, the second where unclean elections are allowed. */
  readonly leads: number | readonly [number, number];
}

const U = topicIdOf(0);
const epochOf = (brokerId: number) => ({ brokerId, brokerEpoch: brokerEpoch(brokerId) });

const reassign =
  (replicas: readonly number[] | null): Step =>
  (view) => {
    const partitions = [{ partitionIndex: 0, replicas }];
    return run(alterPartitionReassignments, view, { topics: [{ name: "u", partitions }] }).view;
  };

const assign =
  (brokerId: number, id: Uuid): Step =>
  (view) => {
    const topics = [{ topicId: U, partitions: [{ partitionIndex: 0 }] }];
    const directories = [{ id, topics }];
    return run(assignReplicasToDirs, view, { ...epochOf(brokerId), directories }).view;
  };

const beat =
  (brokerId: number, parts: object): Step =>
  (view) =>
    run(heartbeat, view, { ...epochOf(brokerId), currentMetadataOffset: 1_000, ...parts }).view;

const elect =
  (electionType: number): Step =>
  (view) => {
    const topicPartitions = [{ topic: "u", partitions: [0] }];
    return run(electLeaders, view, { electionType, topicPartitions }).view;
  };

const sweep =
  (duty: typeof balancePartitionLeaders): Step =>
  (view) =>
    lawfullyReplayed(view, duty.rule(view, contextFor(view)).records);

/** Broker 2 joins the ISR, which completes the move and takes the proposer's replica away. */
const proposeLastReplica: Step = (view) => {
  const state = partitionAt(view.topics, U, 0);
  const partition = {
    partitionIndex: 0,
    leaderEpoch: state?.leaderEpoch,
    partitionEpoch: state?.partitionEpoch,
    newIsrWithEpochs: [epochOf(1), epochOf(2)],
  };
  const topics = [{ topicId: U, partitions: [partition] }];
  return run(alterPartition, view, { ...epochOf(1), topics }).view;
};

/** The directory of broker 2 has failed, which the broker is about to say. */
const withReplicaLost: Step = (view) => {
  const replicas = partitionAt(view.topics, U, 0)?.replicas ?? [];
  const directories = replicas.map((id) => (id === 2 ? LOST_DIRECTORY : directoryOf(id)));
  return replayed(view, [
    record("PARTITION_CHANGE_RECORD", 2, { topicId: U, partitionId: 0, directories }),
  ]);
};

/** Broker 1 is silent for a session. */
const fallSilent: Step = (view) => {
  const office = new Office(view);
  office.nowMs = 5;
  for (const id of view.cluster.brokers.keys()) if (id !== 1) office.heartbeat(id);
  office.pass(SESSION_MS + 1);
  return office.view;
};

const incarnate: Step = (view) => {
  const { incarnationId, ...parts } = registrationOf(1);
  const context = { nowMs: SESSION_MS + 1_000 };
  const ran = run(registerBroker, view, { ...parts, incarnationId }, context);
  expect(ran.response.errorCode).toBe(0);
  return ran.view;
};

const loseDirectory: Step = (view) => {
  const change = { kind: "directories-fail", brokerId: 1, directories: [directoryOf(1)] } as const;
  return lawfullyReplayed(view, [...partitionChangesAfter(view, change)]);
};

const LEADER_GOES = { brokers: "1 2 3", partition: "1,2,3 / 1,2 / 1", leads: 2 };
const LAST_LEADER_GOES = { brokers: "1 3", partition: "1,3 / 1 / 1", leads: [-1, 3] } as const;

const departures: readonly (readonly [string, Step])[] = [
  ["a heartbeat that asks for fencing", beat(1, { wantFence: true })],
  ["a session that ends", fallSilent],
  ["a controlled shutdown", beat(1, { wantShutDown: true })],
  ["a session that an operator ends", (view) => run(fenceBroker, view, { brokerId: 1 }).view],
  ["unregistering", (view) => run(unregisterBroker, view, { brokerId: 1 }).view],
  ["a new incarnation", incarnate],
  ["a directory that fails", loseDirectory],
  ["AssignReplicasToDirs to a failed directory", assign(1, LOST_DIRECTORY)],
];

const ROWS: readonly Row[] = [
  ...departures.flatMap(([operation, step]): Row[] => [
    { operation, step, ...LEADER_GOES },
    { operation, step, ...LAST_LEADER_GOES },
  ]),
  {
    operation: "AlterPartition that completes a move",
    step: proposeLastReplica,
    brokers: "1 2 3",
    partition: "2,3,1 / 1 / 1 ; removing 1 ; adding 2",
    leads: 2,
  },
  {
    operation: "AlterPartition that completes a move to a failed directory",
    step: (view) => proposeLastReplica(withReplicaLost(view)),
    brokers: "1 2 3",
    partition: "2,3,1 / 1 / 1 ; removing 1 ; adding 2",
    leads: [-1, 3],
  },
  {
    operation: "the start of a move",
    step: reassign([4]),
    brokers: "3 4",
    partition: "3 / 3 / -1",
    leads: 3,
  },
  {
    operation: "the start of a move off a dead broker",
    step: reassign([4]),
    brokers: "3f 4",
    partition: "3 / 3 / -1",
    leads: -1,
  },
  {
    operation: "a change of a move off a dead broker",
    step: reassign([5]),
    brokers: "3f 4 5",
    partition: "4,3 / 3 / -1 ; removing 3 ; adding 4",
    leads: -1,
  },
  {
    operation: "the cancellation of a move",
    step: reassign(null),
    brokers: "3 4",
    partition: "4,3 / 3,4 / 4 ; removing 3 ; adding 4",
    leads: 3,
  },
  {
    operation: "the cancellation of a move off a dead broker",
    step: reassign(null),
    brokers: "1 3f 4",
    partition: "4,3,1 / 3,4 / 4 ; adding 4",
    leads: [-1, 1],
  },
  {
    operation: "AssignReplicasToDirs",
    step: assign(1, directoryOf(1)),
    brokers: "1 3",
    partition: "1,3 / 3 / -1",
    leads: 3,
  },
  {
    operation: "AssignReplicasToDirs of a replica out of sync",
    step: (view) => assign(2, directoryOf(2))(withReplicaLost(view)),
    brokers: "2 3f",
    partition: "2,3 / 3 / -1",
    leads: -1,
  },
  {
    operation: "unfencing a member of the ISR",
    step: beat(2, {}),
    brokers: "1f 2f",
    partition: "1,2 / 2 / -1",
    leads: 2,
  },
  {
    operation: "unfencing a replica out of sync",
    step: beat(2, {}),
    brokers: "1f 2f",
    partition: "1,2 / 1 / -1",
    leads: [-1, 2],
  },
  {
    operation: "a preferred election",
    step: elect(0),
    brokers: "1 2",
    partition: "1,2 / 1,2 / 2",
    leads: 1,
  },
  {
    operation: "a preferred election of a replica out of sync",
    step: elect(0),
    brokers: "1 2f",
    partition: "1,2 / 2 / -1",
    leads: -1,
  },
  {
    operation: "an unclean election with a clean candidate",
    step: elect(1),
    brokers: "1 2",
    partition: "1,2 / 2 / -1",
    leads: 2,
  },
  {
    operation: "an unclean election",
    step: elect(1),
    brokers: "1 2f",
    partition: "1,2 / 2 / -1",
    leads: 1,
  },
  {
    operation: "the balancing of leaders",
    step: sweep(balancePartitionLeaders),
    brokers: "1 2",
    partition: "1,2 / 1,2 / 2",
    leads: 1,
  },
  {
    operation: "the balancing of leaders without a clean candidate",
    step: sweep(balancePartitionLeaders),
    brokers: "1 2f",
    partition: "1,2 / 2 / -1",
    leads: -1,
  },
  {
    operation: "the sweep over leaderless partitions with a clean candidate",
    step: sweep(electUncleanLeaders),
    brokers: "1 2",
    partition: "1,2 / 2 / -1",
    leads: 2,
  },
  {
    operation: "the sweep over leaderless partitions",
    step: sweep(electUncleanLeaders),
    brokers: "1 2f",
    partition: "1,2 / 2 / -1",
    leads: [-1, 1],
  },
];

const unclean = (value: string) => ({ "unclean.leader.election.enable": value });

const SETTINGS: readonly {
  readonly where: string;
  readonly configs: NonNullable<WorldSpec["configs"]>;
  readonly isAllowed: boolean;
}[] = [
  { where: "nowhere", configs: {}, isAllowed: false },
  { where: "by the topic", configs: { "topic:u": unclean("true") }, isAllowed: true },
  { where: "by the cluster", configs: { "broker:": unclean("TRUE") }, isAllowed: true },
  {
    where: "by the cluster and not by the topic",
    configs: { "broker:": unclean("true"), "topic:u": unclean("false") },
    isAllowed: false,
  },
];

describe.each(SETTINGS)("where unclean elections are allowed $where", ({ configs, isAllowed }) => {
  test.each(ROWS)(
    "$operation, of $partition on brokers $brokers",
    ({ step, brokers, partition, leads }) => {
      const view = step(world({ brokers, topics: { u: [partition] }, configs }));
      const [leader, whereAllowed] = typeof leads === "number" ? [leads, leads] : leads;
      expect(partitionAt(view.topics, U, 0)?.leader).toBe(isAllowed ? whereAllowed : leader);
    },
  );
});
