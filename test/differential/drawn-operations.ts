/**
 * Requests drawn from what both controllers hold, so that they are plausible: real epochs, then now and then one that
 * is off by one; real ids, then a stranger's. A request has one fault at most, as far as Kafka leaves it to a hash
 * table which of several comes first.
 */
import type { MetadataImage } from "../../src/metadata/image/metadata-image.ts";
import {
  allPartitions,
  topicByName,
  type PartitionRow,
} from "../../src/metadata/image/topics-image.ts";
import { LOST_DIRECTORY, ZERO_UUID, type ApiName } from "../../src/protocol/index.ts";
import { directoryOf } from "../metadata/partition-notation.ts";
import { BROKERS, directoriesOf, type BrokerLives } from "./broker-lives.ts";
import type { Asked } from "./jvm-controller.ts";
import { drawnRequest } from "./security-requests.ts";
import { pick, type Draw } from "./draws.ts";

/** What a request is drawn from. */
export interface Scene {
  readonly image: MetadataImage;
  readonly endOffset: number;
  readonly lives: BrokerLives;
  readonly versionsOf: (name: ApiName) => readonly number[];
  readonly elr: boolean;
  /** Whether every new replica's place is said: then nothing is drawn by the controllers but ids. */
  readonly isManual: boolean;
}

/** Null where there is nothing to ask. */
type Drawn = (scene: Scene, draw: Draw) => Asked | null;

/** Topics that may be elected uncleanly, and whose replication factor may change. */
export const UNCLEAN_TOPICS: readonly string[] = ["u1", "u2"];
export const TOPICS: readonly string[] = ["a", "b", "c.d", "c_d", ...UNCLEAN_TOPICS];

const isRare = (draw: Draw): boolean => draw(15) === 0;

function shuffled<Item>(items: readonly Item[], draw: Draw): readonly Item[] {
  let left = [...items];
  return items.map(() => {
    const item = pick(left, draw);
    left = left.filter((other) => other !== item);
    return item;
  });
}

function versionFor(scene: Scene, name: ApiName, draw: Draw): number {
  const versions = scene.versionsOf(name);
  return draw(2) === 0 ? Math.max(...versions) : pick(versions, draw);
}

export const asking = (scene: Scene, name: ApiName, draw: Draw) => {
  const version = versionFor(scene, name, draw);
  return (body: object): Asked => ({ name, version, body });
};

const heartbeat: Drawn = (scene, draw) => {
  const broker = scene.image.cluster.brokers.get(pick(BROKERS, draw));
  if (broker === undefined) return null;
  const ask = asking(scene, "BrokerHeartbeat", draw);
  const { version } = ask({});
  const body = scene.lives.heartbeat(broker, { endOffset: scene.endOffset, version, draw });
  return body === null ? null : ask(body);
};

/** A stopped broker is unregistered before it comes back, mostly: Kafka waits for the end of its session. */
const register: Drawn = (scene, draw) => {
  const brokerId = pick(BROKERS, draw);
  const { lives } = scene;
  const state = lives.stateOf(brokerId);
  const ask = asking(scene, "BrokerRegistration", draw);
  const { version } = ask({});
  const previous = scene.image.cluster.brokers.get(brokerId)?.epoch ?? -1;
  const previousBrokerEpoch = version < 3 || draw(3) === 0 ? -1 : previous;
  if (state === "stopped" && draw(30) > 0) {
    return asking(scene, "UnregisterBroker", draw)({ brokerId });
  }
  if (state === "absent" || state === "stopped") {
    const incarnationId = lives.nextIncarnation();
    const odd = isRare(draw) ? oddRegistration(brokerId, draw) : {};
    return ask({
      ...fitting(
        lives.registration(brokerId, { incarnationId, previousBrokerEpoch, ...odd }),
        version,
      ),
    });
  }
  const isUnfenced = scene.image.cluster.brokers.get(brokerId)?.fenced === false;
  if (isUnfenced && isRare(draw)) {
    return ask(
      fitting(lives.registration(brokerId, { incarnationId: directoryOf(8_999) }), version),
    );
  }
  // A broker amends its registration when it starts, not while it stops.
  if (state !== "up" || draw(3) > 0) return null;
  const change = pick([{}, { rack: null }, { rack: "r9" }], draw);
  return ask(fitting(lives.registration(brokerId, change), version));
};

const oddRegistration = (brokerId: number, draw: Draw): object =>
  pick(
    [
      { clusterId: "another" },
      { logDirs: [] },
      { logDirs: [LOST_DIRECTORY] },
      { logDirs: [directoryOf(brokerId), directoryOf(brokerId)] },
      { logDirs: directoriesOf((brokerId + 1) % BROKERS.length) },
      { features: [] },
      { listeners: [] },
      { features: [{ name: "metadata.version", minSupportedVersion: 1, maxSupportedVersion: 1 }] },
    ],
    draw,
  );

/** Without what the version cannot say. */
function fitting(registration: object, version: number): object {
  return Object.fromEntries(
    Object.entries(registration).filter(
      ([name]) =>
        (name !== "logDirs" || version >= 2) && (name !== "previousBrokerEpoch" || version >= 3),
    ),
  );
}

const rowsOf = (scene: Scene): readonly PartitionRow[] => [...allPartitions(scene.image.topics)];

const epochOf = (scene: Scene, brokerId: number, draw: Draw): number =>
  (scene.image.cluster.brokers.get(brokerId)?.epoch ?? 5) - Number(draw(25) === 0);

const alterPartition: Drawn = (scene, draw) => {
  const rows = rowsOf(scene);
  if (rows.length === 0) return null;
  const led = rows.filter(({ partition }) => partition.leader >= 0);
  const row = pick(isRare(draw) || led.length === 0 ? rows : led, draw);
  const { partition } = row;
  const brokerId = isRare(draw) ? pick(BROKERS, draw) : Math.max(0, partition.leader);
  const isWhole = draw(2) === 0;
  const isr = partition.replicas.filter(
    (id) => isWhole || (id === partition.leader && !isRare(draw)) || draw(3) > 0,
  );
  const members = isRare(draw) ? [...isr, pick([...BROKERS, 9], draw)] : isr;
  const offByOne = (): number => (draw(30) === 0 ? draw(3) - 1 : 0);
  const ask = asking(scene, "AlterPartition", draw);
  const { version } = ask({});
  return ask({
    brokerId,
    brokerEpoch: epochOf(scene, brokerId, draw),
    topics: [
      {
        topicId: isRare(draw) ? directoryOf(77) : row.topicId,
        partitions: [
          {
            partitionIndex: isRare(draw) ? 40 : row.partitionId,
            leaderEpoch: partition.leaderEpoch + offByOne(),
            ...(version < 3
              ? { newIsr: members }
              : {
                  newIsrWithEpochs: members.map((id) => ({
                    brokerId: id,
                    brokerEpoch: draw(6) === 0 ? -1 : epochOf(scene, id, draw),
                  })),
                }),
            leaderRecoveryState: draw(6) === 0 ? partition.leaderRecoveryState : 0,
            partitionEpoch: partition.partitionEpoch + offByOne(),
          },
        ],
      },
    ],
  });
};

const reassign: Drawn = (scene, draw) => {
  const rows = rowsOf(scene);
  if (rows.length === 0) return null;
  const moving = rows.filter(
    ({ partition }) => partition.addingReplicas.length + partition.removingReplicas.length > 0,
  );
  const row = pick(moving.length > 0 && draw(3) === 0 ? moving : rows, draw);
  const name = scene.image.topics.byId.get(row.topicId)?.name ?? "none";
  const { replicas, removingReplicas, addingReplicas } = row.partition;
  const target = replicas.filter((id) => !removingReplicas.includes(id));
  const isMoving = addingReplicas.length + removingReplicas.length > 0;
  const factor = UNCLEAN_TOPICS.includes(name) ? 1 + draw(4) : target.length;
  const ask = asking(scene, "AlterPartitionReassignments", draw);
  const { version } = ask({});
  const wanted = (): readonly number[] | null => {
    if (isRare(draw)) return pick([[], [1, 1], [-1], [0, 9]], draw);
    if (draw(isMoving ? 3 : 12) === 0) return null;
    return shuffled(BROKERS, draw).slice(0, factor);
  };
  const partitionIndex = isRare(draw) ? 40 : row.partitionId;
  return ask({
    topics: [
      { name: isRare(draw) ? "nope" : name, partitions: [{ partitionIndex, replicas: wanted() }] },
    ],
    ...(version >= 1 ? { allowReplicationFactorChange: draw(4) > 0 } : {}),
  });
};

const CONFIGS_OF_TOPICS = [
  ["retention.ms", "1000"],
  ["cleanup.policy", "compact"],
  ["segment.bytes", "2000000"],
] as const;

const ODD_TOPICS: readonly object[] = [
  { name: "" },
  { name: "." },
  { name: "a b" },
  { name: "x".repeat(250) },
  { replicationFactor: 0, assignments: [] },
  { numPartitions: 0, replicationFactor: 1, assignments: [] },
  { numPartitions: 3, replicationFactor: 7, assignments: [] },
  { numPartitions: 10_001, replicationFactor: 1, assignments: [] },
  { numPartitions: 3 },
  { assignments: [{ partitionIndex: 1, brokerIds: [0] }] },
  { assignments: [{ partitionIndex: 0, brokerIds: [] }] },
  { assignments: [{ partitionIndex: 0, brokerIds: [0, 0] }] },
  { assignments: [{ partitionIndex: 0, brokerIds: [9] }] },
  { configs: [{ name: "no.such.config", value: "1" }] },
  { configs: [{ name: "retention.ms", value: null }] },
  { configs: [{ name: "retention.ms", value: "soon" }] },
];

function newTopic(scene: Scene, name: string, draw: Draw): object {
  const configs = [
    ...(UNCLEAN_TOPICS.includes(name)
      ? [{ name: "unclean.leader.election.enable", value: "true" }]
      : []),
    ...(scene.elr ? [{ name: "min.insync.replicas", value: String(1 + draw(3)) }] : []),
    ...(draw(4) === 0
      ? [pick(CONFIGS_OF_TOPICS, draw)].map(([key, value]) => ({ name: key, value }))
      : []),
  ];
  if (draw(5) === 0 && !scene.isManual) {
    return {
      name,
      numPartitions: draw(4) === 0 ? -1 : 1 + draw(4),
      replicationFactor: draw(4) === 0 ? -1 : 1 + draw(3),
      assignments: [],
      configs,
    };
  }
  const factor = 1 + draw(4);
  const assignments = Array.from({ length: 1 + draw(5) }, (_, partitionIndex) => ({
    partitionIndex,
    brokerIds: shuffled(BROKERS, draw).slice(0, factor),
  }));
  return { name, numPartitions: -1, replicationFactor: -1, assignments, configs };
}

export const createTopics: Drawn = (scene, draw) => {
  const absent = TOPICS.filter((name) => topicByName(scene.image.topics, name) === undefined);
  const name = pick(absent.length === 0 || isRare(draw) ? TOPICS : absent, draw);
  const isOdd = isRare(draw) && !scene.isManual;
  const topic = { ...newTopic(scene, name, draw), ...(isOdd ? pick(ODD_TOPICS, draw) : {}) };
  const ask = asking(scene, "CreateTopics", draw);
  return ask({ topics: [topic], validateOnly: isRare(draw) });
};

const createPartitions: Drawn = (scene, draw) => {
  const name = pick(TOPICS, draw);
  const topic = topicByName(scene.image.topics, name);
  const count = (topic?.partitionCount ?? 1) + (isRare(draw) ? draw(3) - 2 : 1);
  const factor = rowsOf(scene).find((row) => row.topicId === topic?.id && row.partitionId === 0)
    ?.partition.replicas.length;
  const isManual = scene.isManual || UNCLEAN_TOPICS.includes(name) || draw(3) > 0;
  const assignments = isManual
    ? [{ brokerIds: shuffled(BROKERS, draw).slice(0, (factor ?? 1) + Number(isRare(draw))) }]
    : null;
  // Where a move is under way partitions differ in their count of replicas, and Kafka looks at any of them.
  const isMoving = rowsOf(scene).some(
    ({ topicId, partition }) =>
      topicId === topic?.id &&
      partition.addingReplicas.length + partition.removingReplicas.length > 0,
  );
  const factors = new Set(
    rowsOf(scene).flatMap(({ topicId, partition }) =>
      topicId === topic?.id ? [partition.replicas.length] : [],
    ),
  );
  if (isMoving || factors.size > 1 || (topic !== undefined && topic.partitionCount > 8))
    return null;
  const topics = [{ name, count, assignments }];
  return asking(
    scene,
    "CreatePartitions",
    draw,
  )({ topics, timeoutMs: 1_000, validateOnly: isRare(draw) });
};

const deleteTopics: Drawn = (scene, draw) => {
  const name = pick([...TOPICS, "nope"], draw);
  const topicId = topicByName(scene.image.topics, name)?.id ?? directoryOf(78);
  const ask = asking(scene, "DeleteTopics", draw);
  const { version } = ask({});
  if (version < 6) return ask({ topicNames: [name], timeoutMs: 1_000 });
  const topic = draw(2) === 0 ? { name, topicId: ZERO_UUID } : { name: null, topicId };
  return ask({ topics: [topic], timeoutMs: 1_000 });
};

const electLeaders: Drawn = (scene, draw) => {
  const rows = rowsOf(scene);
  const ask = asking(scene, "ElectLeaders", draw);
  const { version } = ask({});
  const electionType = version === 0 ? {} : { electionType: draw(2) };
  const row = rows.length === 0 ? undefined : pick(rows, draw);
  const topic = scene.image.topics.byId.get(row?.topicId ?? ZERO_UUID)?.name ?? "nope";
  const partitions = [isRare(draw) ? 40 : (row?.partitionId ?? 0)];
  const topicPartitions = [{ topic: isRare(draw) ? "nope" : topic, partitions }];
  return ask({ ...electionType, topicPartitions, timeoutMs: 1_000 });
};

const assignDirectories: Drawn = (scene, draw) => {
  const rows = rowsOf(scene);
  if (rows.length === 0 || scene.versionsOf("AssignReplicasToDirs").length === 0) return null;
  const row = pick(rows, draw);
  const brokerId = isRare(draw) ? pick(BROKERS, draw) : pick(row.partition.replicas, draw);
  const own = directoriesOf(brokerId);
  const id = isRare(draw) ? pick([LOST_DIRECTORY, directoryOf(99)], draw) : pick(own, draw);
  const partitions = [{ partitionIndex: isRare(draw) ? 40 : row.partitionId }];
  const topics = [{ topicId: isRare(draw) ? directoryOf(77) : row.topicId, partitions }];
  const body = {
    brokerId,
    brokerEpoch: epochOf(scene, brokerId, draw),
    directories: [{ id, topics }],
  };
  return asking(scene, "AssignReplicasToDirs", draw)(body);
};

const unregister: Drawn = (scene, draw) =>
  asking(scene, "UnregisterBroker", draw)({ brokerId: pick([...BROKERS, 9], draw) });

/** Of a controller that is registered, or of none. */
const unregisterController: Drawn = (scene, draw) => {
  const controllerId = pick([...scene.image.cluster.controllers.keys(), 7, -1], draw);
  return asking(scene, "UnregisterController", draw)({ controllerId });
};

const producerIds: Drawn = (scene, draw) => {
  const brokerId = pick(BROKERS, draw);
  const body = { brokerId, brokerEpoch: epochOf(scene, brokerId, draw) };
  return asking(scene, "AllocateProducerIds", draw)(body);
};

const SETTABLE: readonly (readonly [string, readonly string[]])[] = [
  ["unclean.leader.election.enable", ["true", "false"]],
  ["min.insync.replicas", ["1", "2", "3", "0"]],
  ["cleanup.policy", ["compact", "delete", "compact,delete"]],
  ["retention.ms", ["1000", "-1", "-2", "soon"]],
  ["x", ["1"]],
];

const configResource = (draw: Draw): { resourceType: number; resourceName: string } => {
  const resourceType = pick([2, 2, 2, 2, 32], draw);
  return { resourceType, resourceName: pick(resourceType === 2 ? TOPICS : ["g1", "g2"], draw) };
};

const alterConfigs: Drawn = (scene, draw) => {
  const [name, values] = pick(SETTABLE, draw);
  const value = pick(values, draw);
  const resource = configResource(draw);
  if (draw(4) === 0) {
    const resources = [{ ...resource, configs: [{ name, value }] }];
    return asking(scene, "AlterConfigs", draw)({ resources, validateOnly: isRare(draw) });
  }
  const configs = [{ name, value, configOperation: draw(4) }];
  const resources = [{ ...resource, configs }];
  return asking(scene, "IncrementalAlterConfigs", draw)({ resources, validateOnly: isRare(draw) });
};

const LEVELS: readonly (readonly [string, number])[] = [
  ["group.version", 1],
  ["transaction.version", 2],
];

const updateFeatures: Drawn = (scene, draw) => {
  const [feature, highest] = pick(LEVELS, draw);
  const ask = asking(scene, "UpdateFeatures", draw);
  const { version } = ask({});
  const update = { feature, maxVersionLevel: draw(highest + 1 + Number(isRare(draw))) };
  if (version === 0) return ask({ featureUpdates: [{ ...update, allowDowngrade: draw(2) === 0 }] });
  const featureUpdates = [{ ...update, upgradeType: 1 + draw(3) }];
  return ask({ featureUpdates, validateOnly: draw(3) === 0 });
};

const describeCluster: Drawn = (scene, draw) => {
  const ask = asking(scene, "DescribeCluster", draw);
  const { version } = ask({});
  return ask({
    includeClusterAuthorizedOperations: false,
    ...(version >= 1 ? { endpointType: 1 + draw(2) } : {}),
    ...(version >= 2 ? { includeFencedBrokers: draw(2) === 0 } : {}),
  });
};

const describeConfigs: Drawn = (scene, draw) => {
  const { resourceType, resourceName } = configResource(draw);
  const configurationKeys = draw(2) === 0 ? null : ["retention.ms", "x"];
  const resources = [{ resourceType, resourceName, configurationKeys }];
  return asking(scene, "DescribeConfigs", draw)({ resources });
};

const listReassignments: Drawn = (scene, draw) => {
  const topics = draw(2) === 0 ? null : [{ name: pick(TOPICS, draw), partitionIndexes: [0, 1] }];
  return asking(scene, "ListPartitionReassignments", draw)({ topics });
};

const security: Drawn = (scene, draw) => {
  const asked = drawnRequest(draw);
  const versions = scene.versionsOf(asked.name);
  return versions.includes(asked.version) ? asked : null;
};

const WEIGHTS: readonly (readonly [number, Drawn])[] = [
  [16, heartbeat],
  [10, alterPartition],
  [6, reassign],
  [6, register],
  [2, createTopics],
  [2, createPartitions],
  [1, deleteTopics],
  [4, electLeaders],
  [2, assignDirectories],
  [1, unregister],
  [1, producerIds],
  [6, alterConfigs],
  [2, updateFeatures],
  [1, describeCluster],
  [1, describeConfigs],
  [1, listReassignments],
  [2, security],
];
const ALL: readonly Drawn[] = WEIGHTS.flatMap(([weight, drawn]) =>
  Array.from({ length: weight }, () => drawn),
);
const SINCE_4_4: readonly Drawn[] = [...ALL, unregisterController];

/** The next request. */
export function drawnOperation(scene: Scene, draw: Draw): Asked {
  const isNewer = scene.versionsOf("UnregisterController").length > 0;
  const all = isNewer ? SINCE_4_4 : ALL;
  for (;;) {
    const asked = pick(all, draw)(scene, draw);
    if (asked !== null) return asked;
  }
}
