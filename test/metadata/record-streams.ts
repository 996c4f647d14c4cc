/**
 * Streams of metadata records as a log could hold them: every record fits what came before it. A stream is drawn
 * from a list of numbers, so that fast-check can shrink it, and told by a model that knows only what exists.
 */
import * as fc from "fast-check";
import {
  type MetadataRecord,
  recordSchemas,
  uuidFromBytes,
  type Uuid,
} from "../../src/protocol/index.ts";
import { record } from "./world.ts";

/** What a stream has made so far, in the simplest terms. */
interface Model {
  readonly metadataVersion: number;
  readonly topics: Map<string, { readonly id: Uuid; readonly partitions: Set<number> }>;
  readonly brokers: Map<number, number>;
  readonly controllers: Set<number>;
  readonly acls: Set<Uuid>;
  readonly scram: Set<string>;
  nextProducerId: number;
  nextId: number;
  inTransaction: boolean;
  /** The model before the open transaction, to return to. */
  before: Model | null;
}

/** Draws numbers below a bound, deterministically from one step's number. */
type Draw = (bound: number) => number;

export function uuidOf(number: number): Uuid {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setUint32(0, Math.imul(number + 1, 2_654_435_761));
  new DataView(bytes.buffer).setUint32(12, number + 1_000);
  return uuidFromBytes(bytes);
}

export const recordStream = (metadataVersion: number): fc.Arbitrary<readonly MetadataRecord[]> =>
  fc
    .array(fc.nat({ max: 0x7fffffff }), { minLength: 1, maxLength: 120, size: "max" })
    .map((steps) => streamOf(metadataVersion, steps));

export function streamOf(
  metadataVersion: number,
  steps: readonly number[],
): readonly MetadataRecord[] {
  let model: Model = {
    metadataVersion,
    topics: new Map(),
    brokers: new Map(),
    controllers: new Set(),
    acls: new Set(),
    scram: new Set(),
    nextProducerId: 0,
    nextId: 0,
    inTransaction: false,
    before: null,
  };
  const records = [
    record("FEATURE_LEVEL_RECORD", 0, { name: "metadata.version", featureLevel: metadataVersion }),
  ];
  for (const step of steps) {
    const draw = drawer(step);
    const made = transactionStep(model, draw);
    if (made !== null) {
      model = made.model;
      records.push(made.record);
      continue;
    }
    records.push(...(STEPS[draw(STEPS.length)]?.(model, draw) ?? []));
  }
  return records;
}

function drawer(seed: number): Draw {
  let state = seed | 0;
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return Math.floor(((state >>> 0) / 0x1_0000_0000) * bound);
  };
}

function transactionStep(
  model: Model,
  draw: Draw,
): { readonly model: Model; readonly record: MetadataRecord } | null {
  if (model.metadataVersion < 13 || draw(15) > 0) return null;
  if (!model.inTransaction) {
    const open = { ...copyOf(model), inTransaction: true, before: copyOf(model) };
    return { model: open, record: record("BEGIN_TRANSACTION_RECORD", 0, { name: "test" }) };
  }
  if (draw(2) === 0) {
    const ended = { ...model, inTransaction: false, before: null };
    return { model: ended, record: record("END_TRANSACTION_RECORD", 0, {}) };
  }
  const back = { ...copyOf(model.before ?? model), nextId: model.nextId };
  return { model: back, record: record("ABORT_TRANSACTION_RECORD", 0, {}) };
}

const copyOf = (model: Model): Model => ({
  ...model,
  topics: new Map(
    [...model.topics].map(([name, { id, partitions }]) => [
      name,
      { id, partitions: new Set(partitions) },
    ]),
  ),
  brokers: new Map(model.brokers),
  controllers: new Set(model.controllers),
  acls: new Set(model.acls),
  scram: new Set(model.scram),
});

type Step = (model: Model, draw: Draw) => readonly MetadataRecord[];

const NAMES = ["orders", "a.b", "a_b", "a.b_c", "logs", "x", "y", "z-1"];

const pick = <Item>(items: Iterable<Item>, draw: Draw): Item | undefined => {
  const all = [...items];
  return all[draw(all.length)];
};

const ids = (draw: Draw, most: number): number[] => {
  const chosen = new Set<number>();
  for (let left = draw(most + 1); left > 0; left -= 1) chosen.add(draw(12));
  return [...chosen];
};

const STEPS: readonly Step[] = [
  addTopic,
  addTopic,
  addPartitions,
  addPartitions,
  changePartition,
  changePartition,
  changePartition,
  removeTopic,
  clearElr,
  registerBroker,
  registerBroker,
  changeBroker,
  unregisterBroker,
  config,
  config,
  clientQuota,
  producerIds,
  acl,
  scram,
  token,
  feature,
  controller,
  unregisterController,
  () => [record("NO_OP_RECORD", 0, {})],
];

function addTopic(model: Model, draw: Draw): readonly MetadataRecord[] {
  const name = pick(NAMES, draw) ?? "x";
  if (model.topics.has(name)) return [];
  const id = uuidOf(model.nextId);
  model.nextId += 1;
  model.topics.set(name, { id, partitions: new Set() });
  return [record("TOPIC_RECORD", 0, { name, topicId: id }), ...addPartitions(model, draw)];
}

function addPartitions(model: Model, draw: Draw): readonly MetadataRecord[] {
  const topic = pick(model.topics.values(), draw);
  if (topic === undefined) return [];
  // Mostly a few in a row; sometimes across a chunk of rows, sometimes far away, sometimes again.
  const first = [0, topic.partitions.size, 250, 700, draw(300)][draw(5)] ?? 0;
  const count = 1 + draw(10);
  return Array.from({ length: count }, (_, i) => {
    topic.partitions.add(first + i);
    return partitionRecord(model, { topicId: topic.id, partitionId: first + i }, draw);
  });
}

function partitionRecord(
  model: Model,
  at: { readonly topicId: Uuid; readonly partitionId: number },
  draw: Draw,
): MetadataRecord {
  const { metadataVersion } = model;
  const replicas = ids(draw, 4);
  const version = metadataVersion >= 23 ? 2 : Number(metadataVersion >= 17);
  return record("PARTITION_RECORD", version, {
    ...at,
    replicas,
    isr: draw(2) === 0 ? replicas : ids(draw, 3),
    removingReplicas: draw(4) === 0 ? ids(draw, 2) : [],
    addingReplicas: draw(4) === 0 ? ids(draw, 2) : [],
    leader: replicas[0] ?? -1,
    leaderRecoveryState: draw(2),
    leaderEpoch: draw(1_000),
    partitionEpoch: draw(1_000),
    directories: version >= 1 ? replicas.map((id) => uuidOf(5_000 + id * 2 + draw(2))) : [],
    ...(version >= 2 && draw(3) === 0
      ? { eligibleLeaderReplicas: ids(draw, 2), lastKnownElr: ids(draw, 1) }
      : {}),
  });
}

function changePartition(model: Model, draw: Draw): readonly MetadataRecord[] {
  const topic = pick(model.topics.values(), draw);
  const partitionId = topic === undefined ? undefined : pick(topic.partitions, draw);
  if (topic === undefined || partitionId === undefined) return [];
  const version = model.metadataVersion >= 23 ? 2 : Number(model.metadataVersion >= 17);
  const replicas = ids(draw, 4);
  const directories = replicas.map((id) => uuidOf(5_000 + id * 2 + draw(2)));
  return [
    record("PARTITION_CHANGE_RECORD", version, {
      topicId: topic.id,
      partitionId,
      ...(draw(2) === 0 ? { isr: ids(draw, 3) } : {}),
      ...(draw(2) === 0 ? { leader: draw(6) - 1 } : {}),
      ...(draw(3) === 0 ? { replicas, ...(version >= 1 ? { directories } : {}) } : {}),
      ...(draw(3) === 0 ? { addingReplicas: ids(draw, 2) } : {}),
      ...(draw(3) === 0 ? { removingReplicas: ids(draw, 2) } : {}),
      ...(draw(3) === 0 ? { leaderRecoveryState: draw(2) } : {}),
      ...(version >= 2 && draw(3) === 0 ? { eligibleLeaderReplicas: ids(draw, 2) } : {}),
      ...(version >= 2 && draw(3) === 0 ? { lastKnownElr: ids(draw, 1) } : {}),
    }),
  ];
}

function removeTopic(model: Model, draw: Draw): readonly MetadataRecord[] {
  const name = pick(model.topics.keys(), draw);
  const topic = name === undefined ? undefined : model.topics.get(name);
  if (name === undefined || topic === undefined || draw(3) > 0) return [];
  model.topics.delete(name);
  return [record("REMOVE_TOPIC_RECORD", 0, { topicId: topic.id })];
}

function clearElr(model: Model, draw: Draw): readonly MetadataRecord[] {
  if (model.metadataVersion < 23) return [];
  const topicName = draw(2) === 0 ? "" : (pick(model.topics.keys(), draw) ?? "");
  return [record("CLEAR_ELR_RECORD", 0, { topicName })];
}

function registerBroker(model: Model, draw: Draw): readonly MetadataRecord[] {
  const { metadataVersion } = model;
  const brokerId = draw(12);
  model.nextId += 1;
  const brokerEpoch = model.nextId;
  model.brokers.set(brokerId, brokerEpoch);
  const version =
    metadataVersion >= 30 ? 4 : metadataVersion >= 17 ? 3 : metadataVersion >= 8 ? 2 : 1;
  return [
    record("REGISTER_BROKER_RECORD", version, {
      brokerId,
      brokerEpoch,
      incarnationId: uuidOf(9_000 + model.nextId),
      endPoints: [{ name: "PLAINTEXT", host: "h", port: 9_092, securityProtocol: 0 }],
      features: [{ name: "metadata.version", minSupportedVersion: 7, maxSupportedVersion: 30 }],
      rack: draw(2) === 0 ? null : "r",
      fenced: draw(2) === 0,
      inControlledShutdown: draw(3) === 0,
      ...(version >= 3
        ? { logDirs: [uuidOf(5_000 + brokerId * 2), uuidOf(5_001 + brokerId * 2)] }
        : {}),
      ...(version >= 4 && draw(2) === 0 ? { cordonedLogDirs: [uuidOf(5_000 + brokerId * 2)] } : {}),
    }),
  ];
}

function changeBroker(model: Model, draw: Draw): readonly MetadataRecord[] {
  const entry = pick(model.brokers, draw);
  if (entry === undefined) return [];
  const [brokerId, brokerEpoch] = entry;
  const kind = draw(4);
  if (kind === 0) return [record("FENCE_BROKER_RECORD", 0, { id: brokerId, epoch: brokerEpoch })];
  if (kind === 1) return [record("UNFENCE_BROKER_RECORD", 0, { id: brokerId, epoch: brokerEpoch })];
  const version = model.metadataVersion >= 30 ? 3 : model.metadataVersion >= 17 ? 2 : 1;
  return [
    record("BROKER_REGISTRATION_CHANGE_RECORD", version, {
      brokerId,
      brokerEpoch,
      fenced: draw(3) - 1,
      inControlledShutdown: draw(2),
      ...(version >= 2 && draw(2) === 0 ? { logDirs: [uuidOf(5_000 + brokerId * 2)] } : {}),
      ...(version >= 3 && draw(2) === 0 ? { cordonedLogDirs: [] } : {}),
    }),
  ];
}

function unregisterBroker(model: Model, draw: Draw): readonly MetadataRecord[] {
  const entry = pick(model.brokers, draw);
  if (entry === undefined) return [];
  model.brokers.delete(entry[0]);
  return [record("UNREGISTER_BROKER_RECORD", 0, { brokerId: entry[0], brokerEpoch: entry[1] })];
}

function config(model: Model, draw: Draw): readonly MetadataRecord[] {
  const type = [2, 4, 16, 32][draw(4)] ?? 2;
  const resourceName = type === 2 ? (pick(model.topics.keys(), draw) ?? null) : String(draw(3));
  if (resourceName === null) return [];
  const value = draw(3) === 0 ? null : `v${draw(3)}`;
  return [
    record("CONFIG_RECORD", 0, { resourceType: type, resourceName, name: `k${draw(3)}`, value }),
  ];
}

function clientQuota(_model: Model, draw: Draw): readonly MetadataRecord[] {
  const parts = [
    { entityType: "user", entityName: draw(2) === 0 ? null : "u" },
    { entityType: "client-id", entityName: draw(2) === 0 ? null : "c" },
  ];
  const entity = draw(2) === 0 ? parts : parts.slice(draw(2));
  const remove = draw(3) === 0;
  const value = remove ? 0 : 1 + draw(100) / 8;
  const order = draw(2) === 0 ? entity : entity.toReversed();
  return [record("CLIENT_QUOTA_RECORD", 0, { entity: order, key: `q${draw(2)}`, value, remove })];
}

function producerIds(model: Model, draw: Draw): readonly MetadataRecord[] {
  model.nextProducerId += 1 + draw(1_000);
  const { nextProducerId } = model;
  return [record("PRODUCER_IDS_RECORD", 0, { brokerId: 1, brokerEpoch: 1, nextProducerId })];
}

function acl(model: Model, draw: Draw): readonly MetadataRecord[] {
  const id = pick(model.acls, draw);
  if (id !== undefined && draw(2) === 0) {
    model.acls.delete(id);
    return [record("REMOVE_ACCESS_CONTROL_ENTRY_RECORD", 0, { id })];
  }
  model.nextId += 1;
  const added = uuidOf(20_000 + model.nextId);
  model.acls.add(added);
  const principal = `User:${draw(4)}`;
  return [
    record("ACCESS_CONTROL_ENTRY_RECORD", 0, {
      id: added,
      resourceType: 2,
      resourceName: ["t", "to", "u"][draw(3)] ?? "",
      patternType: 3 + draw(2),
      principal,
      host: "*",
      operation: 3,
      permissionType: 3,
    }),
  ];
}

function scram(model: Model, draw: Draw): readonly MetadataRecord[] {
  if (model.metadataVersion < 11) return [];
  const mechanism = 1 + draw(2);
  const name = `u${draw(2)}`;
  const key = `${mechanism}:${name}`;
  if (model.scram.delete(key)) {
    return [record("REMOVE_USER_SCRAM_CREDENTIAL_RECORD", 0, { name, mechanism })];
  }
  model.scram.add(key);
  const bytes = Uint8Array.of(draw(256), 2, 3);
  const keys = { salt: bytes, storedKey: bytes, serverKey: bytes };
  return [
    record("USER_SCRAM_CREDENTIAL_RECORD", 0, { name, mechanism, ...keys, iterations: 4_096 }),
  ];
}

function token(model: Model, draw: Draw): readonly MetadataRecord[] {
  if (model.metadataVersion < 14) return [];
  const tokenId = `t${draw(3)}`;
  if (draw(3) === 0) return [record("REMOVE_DELEGATION_TOKEN_RECORD", 0, { tokenId })];
  return [
    record("DELEGATION_TOKEN_RECORD", 0, {
      owner: "User:a",
      requester: "User:b",
      renewers: ["User:c"],
      issueTimestamp: draw(1_000),
      maxTimestamp: 5_000,
      expirationTimestamp: 4_000,
      tokenId,
    }),
  ];
}

function feature(_model: Model, draw: Draw): readonly MetadataRecord[] {
  const name = ["group.version", "transaction.version", "kraft.version"][draw(3)];
  return [record("FEATURE_LEVEL_RECORD", 0, { name, featureLevel: draw(3) })];
}

function controller(model: Model, draw: Draw): readonly MetadataRecord[] {
  if (model.metadataVersion < 15) return [];
  const controllerId = 3_000 + draw(3);
  model.controllers.add(controllerId);
  const endPoints = [{ name: "CONTROLLER", host: "h", port: draw(3), securityProtocol: 0 }];
  return [
    record("REGISTER_CONTROLLER_RECORD", 0, {
      controllerId,
      incarnationId: uuidOf(draw(5)),
      endPoints,
      features: [{ name: "kraft.version", minSupportedVersion: 0, maxSupportedVersion: 1 }],
    }),
  ];
}

function unregisterController(model: Model, draw: Draw): readonly MetadataRecord[] {
  if (model.metadataVersion < 33) return [];
  const controllerId = pick(model.controllers, draw);
  if (controllerId === undefined) return [];
  model.controllers.delete(controllerId);
  return [record("UNREGISTER_CONTROLLER_RECORD", 0, { controllerId })];
}

/** Every type of record that exists; a stream that never held one of them would prove nothing of it. */
export const RECORD_TYPES: readonly string[] = Object.keys(recordSchemas);
