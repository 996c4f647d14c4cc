/**
 * Any sequence of control operations and broker changes, sensible or mad, on any cluster: nothing throws, what is
 * written replays, every partition obeys the laws at every step, leaders are alive after every step, a refusal
 * writes nothing that it refuses, and the same inputs give the same records.
 */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { alterConfigs } from "../../../src/metadata/control/alter-configs.ts";
import { alterPartitionReassignments } from "../../../src/metadata/control/alter-partition-reassignments.ts";
import { alterPartition } from "../../../src/metadata/control/alter-partition.ts";
import { assignReplicasToDirs } from "../../../src/metadata/control/assign-replicas-to-dirs.ts";
import { balancePartitionLeaders } from "../../../src/metadata/duties/balance-partition-leaders.ts";
import { electUncleanLeaders } from "../../../src/metadata/duties/elect-unclean-leaders.ts";
import { createPartitions } from "../../../src/metadata/control/create-partitions.ts";
import { createTopics } from "../../../src/metadata/control/create-topics.ts";
import { deleteTopics } from "../../../src/metadata/control/delete-topics.ts";
import { electLeaders } from "../../../src/metadata/control/elect-leaders.ts";
import { incrementalAlterConfigs } from "../../../src/metadata/control/incremental-alter-configs.ts";
import { brokerById } from "../../../src/metadata/image/cluster-image.ts";
import type { MetadataImage } from "../../../src/metadata/image/metadata-image.ts";
import { partitionAt, topicByName } from "../../../src/metadata/image/topics-image.ts";
import { partitionChangesAfter } from "../../../src/metadata/partitions/broker-change.ts";
import { LOST_DIRECTORY, type Uuid } from "../../../src/protocol/index.ts";
import { directoryOf } from "../partition-notation.ts";
import {
  contextFor,
  expectLiveLeaders,
  lawfullyReplayed,
  record,
  replayed,
  run,
  topicIdOf,
  world,
} from "../world.ts";

type Step = (view: MetadataImage) => MetadataImage;

/** Steps of one kind; a counterexample shows each by what it asks. */
const stepOf = <Asked>(
  kind: string,
  asked: fc.Arbitrary<Asked>,
  perform: (asked: Asked) => Step,
): fc.Arbitrary<Step> =>
  asked.map((value) => {
    const step = perform(value);
    const shown = { [fc.toStringMethod]: () => `${kind} ${JSON.stringify(value)}` };
    return Object.assign((view: MetadataImage) => step(view), shown);
  });

const brokerId = fc.integer({ min: 0, max: 6 });
const brokerIds = fc.array(fc.integer({ min: -1, max: 6 }), { maxLength: 5 });
const topic = fc.constantFrom("foo", "bar", "a.b", "a_b", "", "__cluster_metadata");
const partitionId = fc.integer({ min: -1, max: 4 });
const unclean = fc.constantFrom("true", "false");

const idOf = (view: MetadataImage, name: string): Uuid =>
  topicByName(view.topics, name)?.id ?? topicIdOf(77);

const creation = stepOf(
  "creation",
  fc.record({
    name: topic,
    numPartitions: fc.integer({ min: -2, max: 5 }),
    replicationFactor: fc.integer({ min: -2, max: 5 }),
    assignments: fc.oneof(
      { weight: 3, arbitrary: fc.constant([]) },
      fc.array(fc.record({ partitionIndex: partitionId, brokerIds }), { maxLength: 3 }),
    ),
    value: unclean,
  }),
  ({ value, ...asked }): Step =>
    (view) => {
      const configs = [{ name: "unclean.leader.election.enable", value }];
      return run(createTopics, view, { topics: [{ ...asked, configs }] }).view;
    },
);

const growth = stepOf(
  "growth",
  fc.record({
    name: topic,
    count: fc.integer({ min: 0, max: 6 }),
    assignments: fc.option(fc.array(fc.record({ brokerIds }), { maxLength: 3 })),
  }),
  (asked): Step =>
    (view) => {
      const ran = run(createPartitions, view, { topics: [asked] });
      if (ran.response.results[0]?.errorCode !== 0) expect(ran.records).toEqual([]);
      return ran.view;
    },
);

const deletion = stepOf("deletion", fc.array(topic, { maxLength: 2 }), (names): Step => (view) => {
  const topics = names.map((name) => ({ name }));
  return run(deleteTopics, view, { topics }).view;
});

/** Half of them by the leader, in the right epochs; the rest is anybody's. */
const proposal = stepOf(
  "proposal",
  fc.record({
    name: topic,
    partitionId,
    isr: fc.array(fc.integer({ min: -1, max: 6 }), { maxLength: 5 }),
    subset: fc.boolean(),
    from: brokerId,
    byLeader: fc.boolean(),
    epochOffset: fc.constantFrom(0, 0, 0, 1, -1),
    leaderRecoveryState: fc.constantFrom(0, 0, 0, 1, 2),
    version: fc.constantFrom(2, 3),
  }),
  (asked): Step =>
    (view) => {
      const topicId = idOf(view, asked.name);
      const state = partitionAt(view.topics, topicId, asked.partitionId);
      const leader = asked.byLeader && state !== undefined ? state.leader : asked.from;
      const isr =
        asked.subset && state !== undefined
          ? state.replicas.filter((id) => id === leader || asked.isr.includes(id))
          : asked.isr;
      const brokerEpoch = brokerById(view.cluster, leader)?.epoch ?? 1;
      const partition = {
        partitionIndex: asked.partitionId,
        leaderEpoch: (state?.leaderEpoch ?? 0) + asked.epochOffset,
        partitionEpoch: state?.partitionEpoch ?? 0,
        leaderRecoveryState: asked.leaderRecoveryState,
        newIsr: asked.version === 2 ? isr : [],
        newIsrWithEpochs:
          asked.version === 2
            ? []
            : isr.map((id) => ({
                brokerId: id,
                brokerEpoch: brokerById(view.cluster, id)?.epoch ?? -1,
              })),
      };
      const ran = run(
        alterPartition,
        view,
        { brokerId: leader, brokerEpoch, topics: [{ topicId, partitions: [partition] }] },
        { apiVersion: asked.version },
      );
      const code = ran.response.errorCode || ran.response.topics[0]?.partitions[0]?.errorCode;
      // Promise P28: a refused proposal changes nothing. 108 is the one code that comes with a change.
      if (code !== 0 && code !== 108) expect(ran.records).toEqual([]);
      return ran.view;
    },
);

const move = stepOf(
  "move",
  fc.record({
    name: topic,
    partitionIndex: partitionId,
    replicas: fc.option(fc.uniqueArray(brokerId, { maxLength: 5 })),
    allowReplicationFactorChange: fc.boolean(),
  }),
  ({ name, allowReplicationFactorChange, ...asked }): Step =>
    (view) => {
      const topics = [{ name, partitions: [asked] }];
      const request = { allowReplicationFactorChange, topics };
      return run(alterPartitionReassignments, view, request).view;
    },
);

const election = stepOf(
  "election",
  fc.record({
    electionType: fc.constantFrom(0, 1, 2),
    everywhere: fc.boolean(),
    name: topic,
    partitionId,
  }),
  ({ electionType, everywhere, name, partitionId: p }): Step =>
    (view) => {
      const topicPartitions = everywhere ? null : [{ topic: name, partitions: [p] }];
      return run(electLeaders, view, { electionType, topicPartitions }).view;
    },
);

const assignment = stepOf(
  "assignment",
  fc.record({
    broker: brokerId,
    name: topic,
    partitionIndex: partitionId,
    directory: fc.constantFrom("own", "second", "other", "lost"),
  }),
  ({ broker, name, partitionIndex, directory }): Step =>
    (view) => {
      const id = {
        own: directoryOf(broker),
        second: directoryOf(50 + broker),
        other: directoryOf(99),
        lost: LOST_DIRECTORY,
      };
      const topics = [{ topicId: idOf(view, name), partitions: [{ partitionIndex }] }];
      return run(assignReplicasToDirs, view, {
        brokerId: broker,
        brokerEpoch: brokerById(view.cluster, broker)?.epoch ?? -1,
        directories: [{ id: id[directory], topics }],
      }).view;
    },
);

const configuration = stepOf(
  "configuration",
  fc.record({
    resourceType: fc.constantFrom(2, 4, 16, 32, 8, 0),
    name: fc.oneof(topic, fc.constantFrom("1", "-1")),
    key: fc.constantFrom(
      "unclean.leader.election.enable",
      "min.insync.replicas",
      "cleanup.policy",
      "x",
    ),
    value: fc.option(fc.constantFrom("true", "false", "1", "2", "compact", "")),
    configOperation: fc.integer({ min: -1, max: 4 }),
    replaces: fc.boolean(),
  }),
  ({ resourceType, name, key, value, configOperation, replaces }): Step =>
    (view) => {
      const config = { name: key, value, ...(replaces ? {} : { configOperation }) };
      const resources = [{ resourceType, resourceName: name, configs: [config] }];
      return replaces
        ? run(alterConfigs, view, { resources }).view
        : run(incrementalAlterConfigs, view, { resources }).view;
    },
);

const brokerChange = stepOf(
  "brokerChange",
  fc.record({
    broker: brokerId,
    kind: fc.constantFrom("fence", "unfence", "shutdown", "unclean", "disk"),
  }),
  ({ broker, kind }): Step =>
    (view) => {
      const registration = brokerById(view.cluster, broker);
      if (registration === undefined) return view;
      const apply = (from: MetadataImage, parts: object, version: number): MetadataImage =>
        replayed(from, [
          record("BROKER_REGISTRATION_CHANGE_RECORD", version, {
            brokerId: broker,
            brokerEpoch: registration.epoch,
            ...parts,
          }),
        ]);
      const leaves = (from: MetadataImage): MetadataImage =>
        lawfullyReplayed(from, [
          ...partitionChangesAfter(from, { kind: "leaves", brokerId: broker }),
        ]);
      switch (kind) {
        case "fence":
          return apply(leaves(view), { fenced: 1 }, 0);
        case "unfence": {
          const there = apply(view, { fenced: -1 }, 0);
          const returned = partitionChangesAfter(there, { kind: "returns", brokerId: broker });
          return lawfullyReplayed(there, [...returned]);
        }
        case "shutdown":
          return leaves(apply(view, { inControlledShutdown: 1 }, 1));
        case "unclean": {
          const change = { kind: "unclean-shutdown", brokerId: broker } as const;
          const after = lawfullyReplayed(view, [...partitionChangesAfter(view, change)]);
          return apply(after, { fenced: 1 }, 0);
        }
        case "disk": {
          const [first] = registration.logDirs;
          if (first === undefined || registration.logDirs.length < 2) return view;
          const change = {
            kind: "directories-fail",
            brokerId: broker,
            directories: [first],
          } as const;
          const after = lawfullyReplayed(view, [...partitionChangesAfter(view, change)]);
          return apply(after, { logDirs: registration.logDirs.slice(1) }, 2);
        }
        default:
          return view;
      }
    },
);

const sweep = fc.constantFrom(balancePartitionLeaders, electUncleanLeaders).map(
  (duty): Step =>
    (view) =>
      lawfullyReplayed(view, duty.rule(view, contextFor(view)).records),
);

const anyStep = fc.oneof(
  { weight: 2, arbitrary: creation },
  growth,
  deletion,
  { weight: 5, arbitrary: proposal },
  { weight: 3, arbitrary: move },
  election,
  assignment,
  configuration,
  { weight: 4, arbitrary: brokerChange },
  sweep,
);

const anyWorld = fc.record({
  metadataVersion: fc.constantFrom(7, 11, 17, 23, 25),
  elr: fc.boolean(),
  brokers: fc.constantFrom("0 1 2 3 4", "0 1@a 2@b 3f 4s", "0 1f 2f", "0@a 1@a 2@b 3@b 4@c 5@c"),
});

const startOf = (spec: {
  metadataVersion: number;
  elr: boolean;
  brokers: string;
}): MetadataImage => {
  const { metadataVersion } = spec;
  const view = world({
    ...spec,
    elr: spec.elr && metadataVersion >= 23,
    topics:
      metadataVersion >= 23
        ? {
            foo: ["0,1,2 / 0,1 / 0", "1,2 / 1 / 1"],
            bar: ["2,0 / 0 / 0 / 3 / 8 ; removing 2 ; adding 0"],
          }
        : {},
  });
  if (metadataVersion < 17) return view;
  const second = [...view.cluster.brokers].map(([id, { epoch, logDirs }]) =>
    record("BROKER_REGISTRATION_CHANGE_RECORD", 2, {
      brokerId: id,
      brokerEpoch: epoch,
      logDirs: [...logDirs, directoryOf(50 + id)],
    }),
  );
  // The world's partitions may name brokers that are not there to lead: settle before judging.
  const settled = replayed(view, second);
  return lawfullyReplayed(
    settled,
    balancePartitionLeaders.rule(settled, contextFor(settled)).records,
  );
};

const isSettled = (view: MetadataImage): boolean => {
  try {
    expectLiveLeaders(view);
    return true;
  } catch {
    return false;
  }
};

test("whatever is asked in whatever order, the laws hold at every step", () => {
  fc.assert(
    fc.property(anyWorld, fc.array(anyStep, { minLength: 1, maxLength: 30 }), (spec, steps) => {
      let view = startOf(spec);
      fc.pre(isSettled(view));
      for (const step of steps) {
        view = step(view);
        expectLiveLeaders(view);
      }
    }),
    { numRuns: 1000 },
  );
});

test("the same steps on the same cluster write the same image", () => {
  fc.assert(
    fc.property(anyWorld, fc.array(anyStep, { maxLength: 10 }), (spec, steps) => {
      const walk = (): MetadataImage => steps.reduce((view, step) => step(view), startOf(spec));
      expect([...walk().topics.byId]).toEqual([...walk().topics.byId]);
    }),
    { numRuns: 50 },
  );
});
