/**
 * Long random lives of a cluster: brokers come, fall silent, come back as new incarnations, lose disks, shut down;
 * leaders propose ISRs, operators create, move and delete. Requests are plausible and often wrong: stale epochs,
 * strange ids. After every step the laws hold, no broker that is not there leads anything, and none leads that may lack
 * what was committed.
 */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { imageToRecords } from "../../../src/metadata/image/image-to-records.ts";
import { applyRecords } from "../../../src/metadata/replay/apply-records.ts";
import { ANONYMOUS_CALLER } from "../../../src/metadata/index.ts";
import { brokerById, isActiveBroker } from "../../../src/metadata/image/cluster-image.ts";
import { emptyImage, type MetadataImage } from "../../../src/metadata/image/metadata-image.ts";
import { allPartitions, partitionAt } from "../../../src/metadata/image/topics-image.ts";
import { LOST_DIRECTORY, type Uuid, ZERO_UUID } from "../../../src/protocol/index.ts";
import { directoryOf, type Office, officeOf, registrationOf } from "../office.ts";
import { plainContents } from "../plain-image.ts";
import { expectRights, RIGHTS_STEPS } from "../rights-steps.ts";
import { TOKEN_KEY } from "../token-key.ts";
import { WholeReplicas } from "../whole-replicas.ts";
import { expectLiveLeaders } from "../world.ts";

type Draw = (bound: number) => number;

/** The epoch that each broker noted last when it stopped, as it says when it registers. */
const noted = new Map<number, number>();

function drawer(seed: number): Draw {
  let state = seed | 0;
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return Math.floor(((state >>> 0) / 0x1_0000_0000) * bound);
  };
}

const BROKERS = 6;
const NAMES = ["a", "b", "c.d", "c_d"];
/** Two directories for each broker; now and then one of somebody else. */
const directory = (brokerId: number, draw: Draw): Uuid =>
  draw(12) === 0 ? LOST_DIRECTORY : directoryOf(brokerId + 100 * draw(2));

const someBrokers = (draw: Draw): number[] => {
  const ids = new Set<number>();
  for (let left = 1 + draw(3); left > 0; left -= 1) ids.add(draw(BROKERS));
  return [...ids];
};

const epochOf = (office: Office, brokerId: number, draw: Draw): number =>
  (office.view.cluster.brokers.get(brokerId)?.epoch ?? 5) - Number(draw(20) === 0);

type Step = (office: Office, draw: Draw) => void;

const STEPS: readonly Step[] = [
  register,
  heartbeat,
  heartbeat,
  heartbeat,
  heartbeat,
  heartbeat,
  (office, draw) => void office.pass(office.nowMs + draw(12_000)),
  createTopic,
  alterPartition,
  alterPartition,
  alterPartition,
  reassign,
  assignDirectories,
  electLeaders,
  ...RIGHTS_STEPS,
  (office, draw) => {
    if (draw(4) === 0) office.ask("UnregisterBroker", { brokerId: draw(BROKERS) });
  },
  (office, draw) => {
    if (draw(2) === 0) office.ask("FenceBroker", { brokerId: draw(BROKERS) });
  },
  (office, draw) => {
    const brokerId = draw(BROKERS);
    office.ask("AllocateProducerIds", { brokerId, brokerEpoch: epochOf(office, brokerId, draw) });
  },
  (office, draw) => {
    if (draw(4) > 0) return;
    const topics = [{ name: NAMES[draw(NAMES.length)] ?? "a", topicId: ZERO_UUID }];
    office.ask("DeleteTopics", { topics });
  },
  (office, draw) => {
    const name = NAMES[draw(NAMES.length)] ?? "a";
    office.ask("CreatePartitions", { topics: [{ name, count: 1 + draw(6), assignments: null }] });
  },
  changeMinimum,
  switchElr,
  (office, draw) => {
    if (draw(3) > 0) return;
    const configs = [
      { name: "unclean.leader.election.enable", configOperation: 0, value: String(draw(2) === 0) },
    ];
    const resourceName = NAMES[draw(NAMES.length)] ?? "a";
    office.ask("IncrementalAlterConfigs", {
      resources: [{ resourceType: 2, resourceName, configs }],
    });
  },
];

function register(office: Office, draw: Draw): void {
  const brokerId = draw(BROKERS);
  const stopped = draw(2) === 0;
  const previousBrokerEpoch = stopped ? epochOf(office, brokerId, draw) : -1;
  noted.set(brokerId, previousBrokerEpoch);
  office.ask("BrokerRegistration", {
    ...registrationOf(brokerId),
    incarnationId: directoryOf(9_000 + draw(40)),
    logDirs: [directoryOf(brokerId), directoryOf(brokerId + 100)],
    rack: draw(2) === 0 ? null : `r${brokerId % 2}`,
    previousBrokerEpoch,
  });
}

/** Of a topic or of all brokers; where eligible replicas are on, some of it is refused. */
function changeMinimum(office: Office, draw: Draw): void {
  if (office.view.features.metadataVersion < 23 || draw(2) === 0) return;
  const [resourceType, resourceName] =
    draw(2) === 0 ? [2, NAMES[draw(NAMES.length)] ?? "a"] : [4, draw(3) === 0 ? "1" : ""];
  const configs = [
    {
      name: "min.insync.replicas",
      configOperation: draw(3) === 0 ? 1 : 0,
      value: `${1 + draw(3)}`,
    },
  ];
  office.ask("IncrementalAlterConfigs", { resources: [{ resourceType, resourceName, configs }] });
}

function switchElr(office: Office, draw: Draw): void {
  if (office.view.features.metadataVersion < 23 || draw(3) > 0) return;
  const maxVersionLevel = draw(2);
  const upgradeType = maxVersionLevel === 1 ? 1 : 2;
  const feature = "eligible.leader.replicas.version";
  const featureUpdates = [{ feature, maxVersionLevel, upgradeType, allowDowngrade: false }];
  office.ask("UpdateFeatures", { featureUpdates });
}

function heartbeat(office: Office, draw: Draw): void {
  const brokerId = draw(BROKERS);
  office.heartbeat(brokerId, {
    ...(draw(15) === 0 ? { brokerEpoch: 1 } : {}),
    ...(draw(6) === 0 ? { currentMetadataOffset: draw(2_000) } : {}),
    wantFence: draw(8) === 0,
    wantShutDown: draw(8) === 0,
    offlineLogDirs:
      draw(8) === 0 ? [directory(brokerId, draw), directory(draw(BROKERS), draw)] : [],
    cordonedLogDirs: draw(6) === 0 ? [directory(brokerId, draw)] : null,
  });
}

function createTopic(office: Office, draw: Draw): void {
  const name = NAMES[draw(NAMES.length)] ?? "a";
  const isManual = draw(3) === 0;
  const assignments = isManual ? [{ partitionIndex: 0, brokerIds: someBrokers(draw) }] : [];
  office.ask("CreateTopics", {
    topics: [
      {
        name,
        numPartitions: isManual ? -1 : 1 + draw(4),
        replicationFactor: isManual ? -1 : 1 + draw(3),
        assignments,
        configs: [],
      },
    ],
  });
}

function alterPartition(office: Office, draw: Draw): void {
  const rows = [...allPartitions(office.view.topics)];
  const row = rows[draw(rows.length)];
  if (row === undefined) return;
  const { partition } = row;
  const brokerId = draw(10) === 0 ? draw(BROKERS) : Math.max(0, partition.leader);
  const isr = partition.replicas.filter((id) => id === partition.leader || draw(3) > 0);
  office.ask("AlterPartition", {
    brokerId,
    brokerEpoch: epochOf(office, brokerId, draw),
    topics: [
      {
        topicId: row.topicId,
        partitions: [
          {
            partitionIndex: row.partitionId,
            leaderEpoch: partition.leaderEpoch + (draw(20) === 0 ? draw(3) - 1 : 0),
            newIsr: [],
            newIsrWithEpochs: isr.map((id) => ({
              brokerId: id,
              brokerEpoch: draw(4) === 0 ? -1 : epochOf(office, id, draw),
            })),
            leaderRecoveryState: draw(3) === 0 ? partition.leaderRecoveryState : 0,
            partitionEpoch: partition.partitionEpoch + (draw(20) === 0 ? draw(3) - 1 : 0),
          },
        ],
      },
    ],
  });
}

function reassign(office: Office, draw: Draw): void {
  const name = NAMES[draw(NAMES.length)] ?? "a";
  const replicas = draw(4) === 0 ? null : someBrokers(draw);
  office.ask("AlterPartitionReassignments", {
    topics: [{ name, partitions: [{ partitionIndex: draw(3), replicas }] }],
  });
}

function assignDirectories(office: Office, draw: Draw): void {
  const rows = [...allPartitions(office.view.topics)];
  const row = rows[draw(rows.length)];
  if (row === undefined) return;
  const brokerId = row.partition.replicas[draw(row.partition.replicas.length)] ?? 0;
  office.ask("AssignReplicasToDirs", {
    brokerId,
    brokerEpoch: epochOf(office, brokerId, draw),
    directories: [
      {
        id: directory(brokerId, draw),
        topics: [{ topicId: row.topicId, partitions: [{ partitionIndex: row.partitionId }] }],
      },
    ],
  });
}

function electLeaders(office: Office, draw: Draw): void {
  office.ask("ElectLeaders", { electionType: draw(2), topicPartitions: null });
}

/** Holds what the office writes against what replicas hold; the world's own records come first. */
function wholenessOf(office: Office): (before: MetadataImage, isProposal: boolean) => void {
  const whole = new WholeReplicas();
  for (const record of imageToRecords(office.view))
    whole.take(record, { lostItsTail: () => false, isProposal: false });
  return (before, isProposal) => {
    const lostItsTail = ({ brokerId }: { readonly brokerId: number }): boolean => {
      const epoch = brokerById(before.cluster, brokerId)?.epoch;
      return epoch === undefined || epoch !== noted.get(brokerId);
    };
    for (const record of office.records)
      expect(whole.take(record, { lostItsTail, isProposal })).toBeNull();
  };
}

/**
 * Nobody enters an ISR who is not there (KIP-841); and whoever leads without having been in sync, or eligible,
 * must recover first, unless its leader has just proposed it.
 */
function expectNoFalseReplicas(
  before: MetadataImage,
  after: MetadataImage,
  isProposal: boolean,
): void {
  for (const { topicId, partitionId, partition } of allPartitions(after.topics)) {
    const earlier = partitionAt(before.topics, topicId, partitionId);
    const entered = partition.isr.filter((id) => !earlier?.isr.includes(id));
    // A cancelled move may leave nobody in sync: then the first replica is named, and must recover when it leads.
    const isLost = partition.leader === -1 && partition.leaderRecoveryState === 1;
    expect(entered.filter((id) => !isLost && !isActiveBroker(after.cluster, id))).toEqual([]);
    if (earlier === undefined || partition.leader < 0 || isProposal) continue;
    const { leader } = partition;
    const isClean = earlier.isr.includes(leader) || earlier.eligibleLeaderReplicas.includes(leader);
    if (leader !== earlier.leader && !isClean) expect(partition.leaderRecoveryState).toBe(1);
  }
}

describe.each([
  ["as clusters are formed", { metadataVersion: 25 }],
  ["at the newest level", { metadataVersion: 30 }],
  ["before directories", { metadataVersion: 16 }],
  ["at the oldest level", { metadataVersion: 7 }],
  [
    "with eligible leader replicas",
    { metadataVersion: 30, elr: true, configs: { "broker:": { "min.insync.replicas": "2" } } },
  ],
])("%s", (_claim, spec) => {
  test("a random life keeps the laws, and its snapshots hold it", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { minLength: 20, maxLength: 300, size: "max" }), (steps) => {
        const caller = { ...ANONYMOUS_CALLER, isForwarded: true };
        const context = { caller, delegationTokenKey: TOKEN_KEY };
        const office = officeOf({ ...spec, brokers: "0 1 2" }, context);
        const judge = wholenessOf(office);
        for (const [at, step] of steps.entries()) {
          const draw = drawer(step);
          const move = STEPS[draw(STEPS.length)] ?? heartbeat;
          office.onChange = (before) => {
            expectLiveLeaders(office.view);
            expectNoFalseReplicas(before, office.view, move === alterPartition);
            expectRights(before, office);
            judge(before, move === alterPartition);
          };
          move(office, draw);
          if (at % 60 !== 59) continue;
          const again = applyRecords(
            emptyImage,
            imageToRecords(office.view),
            office.view.provenance,
          );
          expect(plainContents(again)).toEqual(plainContents(office.view));
        }
      }),
      { numRuns: 25, endOnFailure: true },
    );
  });
});
