/**
 * Clusters as a few words, and operations run on them as the shell would run them: the records are encoded, replayed,
 * and every partition they touch is held against the laws that no change may break. A test that uses `run` tests
 * those laws too.
 */
import { expect } from "vitest";
import {
  decodeMetadataRecord,
  encodeDataBatch,
  encodeMetadataRecord,
  ErrorCode,
  recordSchemas,
  type Api,
  type MetadataRecord,
  type RequestOf,
  type ResponseOf,
  type Uuid,
} from "../../src/protocol/index.ts";
import {
  ANONYMOUS_CALLER,
  type ControlContext,
  type ControlOperation,
} from "../../src/metadata/control/operation.ts";
import { isActiveBroker } from "../../src/metadata/image/cluster-image.ts";
import { applyRecords } from "../../src/metadata/replay/apply-records.ts";
import { emptyImage, type MetadataImage } from "../../src/metadata/image/metadata-image.ts";
import { mergePartition, type Partition } from "../../src/metadata/image/partition.ts";
import { allPartitions, partitionAt, topicByName } from "../../src/metadata/image/topics-image.ts";
import { initialLiveness } from "../../src/metadata/liveness/broker-heartbeats.ts";
import { NO_MUTATION_BUCKETS } from "../../src/metadata/quotas/mutation-buckets.ts";
import { seeded } from "../../src/std/random.ts";
import { elrMinIsr } from "../../src/metadata/partitions/min-isr.ts";
import { directoryOf, partition } from "./partition-notation.ts";
import { DEFAULT_CONTROLLER_CONFIG } from "./default-config.ts";

export interface WorldSpec {
  /** "0 1 2f 3s 4@rack": f fenced, s in controlled shutdown. Broker epochs are 100 + id. */
  readonly brokers?: string;
  readonly metadataVersion?: number;
  /** Eligible leader replicas are on (KIP-966). */
  readonly elr?: boolean;
  /** Partitions of topics in the notation of `partition-notation.ts`. */
  readonly topics?: Readonly<Record<string, readonly string[]>>;
  /** "topic:name" or "broker:" → configs. */
  readonly configs?: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

export const brokerEpoch = (brokerId: number): number => 100 + brokerId;

/** A topic's id in a world: its place among the topics, readable in a failure. */
export function topicIdOf(index: number): Uuid {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a uuid of the test's own making
  return `TOPIC${String(index).padStart(16, "0")}A` as Uuid;
}

export function world(spec: WorldSpec): MetadataImage {
  const { metadataVersion = 25, elr = false, brokers = "", topics = {}, configs = {} } = spec;
  const records: MetadataRecord[] = [
    record("FEATURE_LEVEL_RECORD", 0, { name: "metadata.version", featureLevel: metadataVersion }),
  ];
  if (elr) {
    const name = "eligible.leader.replicas.version";
    records.push(record("FEATURE_LEVEL_RECORD", 0, { name, featureLevel: 1 }));
  }
  records.push(...brokers.split(" ").filter(Boolean).map(brokerRecord));
  for (const [index, [name, lines]] of Object.entries(topics).entries()) {
    const topicId = topicIdOf(index);
    records.push(record("TOPIC_RECORD", 0, { name, topicId }));
    for (const [partitionId, text] of lines.entries()) {
      records.push(record("PARTITION_RECORD", 2, { topicId, partitionId, ...partition(text) }));
    }
  }
  for (const [resource, values] of Object.entries(configs)) {
    const [type = "", resourceName = ""] = resource.split(":");
    const resourceType = { topic: 2, broker: 4, metrics: 16, group: 32 }[type] ?? 0;
    for (const [name, value] of Object.entries(values)) {
      records.push(record("CONFIG_RECORD", 0, { resourceType, resourceName, name, value }));
    }
  }
  return replayed(emptyImage, records);
}

function brokerRecord(word: string): MetadataRecord {
  const [, id = "", rack, state] = /^(\d+)(?:@(\w+?))?([fs])?$/.exec(word) ?? [];
  const brokerId = Number(id);
  return record("REGISTER_BROKER_RECORD", 3, {
    brokerId,
    brokerEpoch: brokerEpoch(brokerId),
    rack: rack ?? null,
    fenced: state === "f",
    inControlledShutdown: state === "s",
    logDirs: [directoryOf(brokerId)],
  });
}

/** A record from the parts that matter. */
export function record(
  type: MetadataRecord["type"],
  version: number,
  parts: Readonly<Record<string, unknown>>,
): MetadataRecord {
  return recordSchemas[type].of(version, parts);
}

/** How many bytes a batch of these records takes in the log. */
export const storedBytes = (records: readonly MetadataRecord[]): number =>
  encodeDataBatch(
    { baseOffset: 0, leaderEpoch: 1, timestampMs: 0 },
    records.map(encodeMetadataRecord),
  ).byteLength;

export function replayed(view: MetadataImage, records: readonly MetadataRecord[]): MetadataImage {
  const endOffset = view.provenance.endOffset + records.length;
  return applyRecords(view, records, { endOffset, epoch: 1, timestampMs: 0 });
}

export function contextFor(
  view: MetadataImage,
  parts: Partial<ControlContext> = {},
): ControlContext {
  return {
    nowMs: 1_000,
    apiVersion: 0,
    random: seeded(17),
    nextOffset: view.provenance.endOffset,
    liveness: initialLiveness(view, 0),
    mutationBuckets: NO_MUTATION_BUCKETS,
    clusterId: "CLUSTER",
    controllerId: 3000,
    activeControllerId: 3000,
    controllers: [],
    caller: ANONYMOUS_CALLER,
    clientId: "",
    config: { ...DEFAULT_CONTROLLER_CONFIG, defaultReplicationFactor: 3 },
    hasAuthorizer: true,
    delegationTokenKey: null,
    ...parts,
  };
}

export interface Ran<Response> {
  readonly view: MetadataImage;
  readonly records: readonly MetadataRecord[];
  readonly response: Response;
}

/**
 * Runs an operation, its request filled from `parts`, at the API's newest version or the one that `context` gives, and
 * replays what it writes.
 */
export function run<A extends Api>(
  operation: ControlOperation<A>,
  view: MetadataImage,
  parts: object,
  context: Partial<ControlContext> = {},
): Ran<ResponseOf<A>> {
  const { api } = operation;
  const newest = Number(api.valid.split("-").at(-1));
  const full = contextFor(view, { apiVersion: newest, ...context });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the parts are the test's own
  const request = api.request.fill(parts) as RequestOf<A>;
  const result = operation.run(view, request, full);
  api.response.at(full.apiVersion).encode(result.response);
  const after = lawfullyReplayed(view, result.records);
  return { view: after, records: result.records, response: result.response };
}

/**
 * Replays record by record, and holds every partition touched against the laws of change. What is replayed is of one
 * operation, which leaves nobody eligible whom the minimum of the topic does not need (KIP-966).
 */
export function lawfullyReplayed(
  view: MetadataImage,
  records: readonly MetadataRecord[],
): MetadataImage {
  expect(records.length).toBeLessThanOrEqual(10_000);
  const changed = new Map<string, Partition>();
  for (const written of records) {
    expect(decodeMetadataRecord(encodeMetadataRecord(written))).toEqual(written);
    if (written.type !== "PARTITION_CHANGE_RECORD") continue;
    const { topicId, partitionId } = written.data;
    const key = `${topicId}:${partitionId}`;
    const before = changed.get(key) ?? partitionAt(view.topics, topicId, partitionId);
    if (before === undefined) throw new Error(`a record changes ${key}, which does not exist`);
    const after = mergePartition(before, written.data);
    expectLawfulChange({ before, after, namesLeader: written.data.leader !== -2 });
    changed.set(key, after);
  }
  const after = replayed(view, records);
  for (const [key, expected] of changed) {
    const [topicId = "", partitionId] = key.split(":");
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it came from a record
    const found = partitionAt(after.topics, topicId as Uuid, Number(partitionId));
    if (found === undefined) continue;
    expect(found).toEqual(expected);
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- it came from a record
    expectNeeded(found, elrMinIsr(after, topicId as Uuid));
  }
  return after;
}

/** Whoever is eligible has what is committed: nothing is while fewer than `minIsr` are in sync. Null: the feature is off. */
function expectNeeded({ isr, eligibleLeaderReplicas }: Partition, minIsr: number | null): void {
  if (isr.length >= (minIsr ?? 1)) expect(eligibleLeaderReplicas).toEqual([]);
}

/** The laws in the README of src/metadata/partitions, sentence by sentence. */
export function expectLawfulChange(change: {
  readonly before: Partition;
  readonly after: Partition;
  readonly namesLeader: boolean;
}): void {
  const { before, after, namesLeader } = change;
  expectLawful(after);
  expect(after.partitionEpoch).toBe(before.partitionEpoch + 1);
  expect(after.leaderEpoch).toBe(before.leaderEpoch + (namesLeader ? 1 : 0));
  if (after.leader !== before.leader) expect(namesLeader).toBe(true);
  const dropped = before.replicas.filter((id) => !after.replicas.includes(id));
  if (dropped.length > 0) expect(namesLeader).toBe(true);
  // Somebody is always known to have every record, or, with KIP-966, to have led last.
  const known = [...after.isr, ...after.eligibleLeaderReplicas, ...after.lastKnownElr];
  if (before.isr.length > 0) expect(known.length).toBeGreaterThan(0);
}

export function expectLawful(state: Partition): void {
  const { replicas, isr, leader, directories, addingReplicas, removingReplicas } = state;
  expect(new Set(replicas).size).toBe(replicas.length);
  expect(new Set(isr).size).toBe(isr.length);
  expect(replicas).toEqual(expect.arrayContaining([...isr]));
  if (leader !== -1) expect(isr).toContain(leader);
  expect(directories).toHaveLength(replicas.length);
  expect(replicas).toEqual(expect.arrayContaining([...addingReplicas, ...removingReplicas]));
  const { eligibleLeaderReplicas: elr, lastKnownElr } = state;
  expect(new Set([...isr, ...elr]).size).toBe(isr.length + elr.length);
  expect(replicas).toEqual(expect.arrayContaining([...elr, ...lastKnownElr]));
  // Who led last is remembered only while nobody leads (KIP-966).
  if (leader !== -1) expect(lastKnownElr).toEqual([]);
  expect(lastKnownElr.length).toBeLessThanOrEqual(1);
}

/** Every partition that somebody leads is led by a broker that is there. */
export function expectLiveLeaders(view: MetadataImage): void {
  for (const { partition: state } of allPartitions(view.topics)) {
    expectLawful(state);
    if (state.leader !== -1) expect(isActiveBroker(view.cluster, state.leader)).toBe(true);
  }
}

const list = (ids: readonly number[]): string => ids.join(",");

/** "2,1,3 / 2,1 / 2 / 1 / 4": a partition of a topic as one line. */
export function line(view: MetadataImage, topic: string, partitionId = 0): string {
  const id = topicByName(view.topics, topic)?.id;
  const state = id === undefined ? undefined : partitionAt(view.topics, id, partitionId);
  if (state === undefined) return "none";
  const words = [
    ["removing", state.removingReplicas],
    ["adding", state.addingReplicas],
    ["elr", state.eligibleLeaderReplicas],
    ["last", state.lastKnownElr],
  ] as const;
  const extra = words.flatMap(([word, ids]) => (ids.length > 0 ? [`${word} ${list(ids)}`] : []));
  if (state.leaderRecoveryState === 1) extra.push("recovering");
  const { leader, leaderEpoch, partitionEpoch } = state;
  const body = [list(state.replicas), list(state.isr) || "-", leader, leaderEpoch, partitionEpoch];
  return [body.join(" / "), ...extra].join(" ; ");
}

/** An error code and its words, as tests quote them. */
export function told(outcome: {
  readonly errorCode: number;
  readonly errorMessage?: string | null;
}): string {
  const name = Object.entries(ErrorCode).find(([, code]) => code === outcome.errorCode)?.[0] ?? "?";
  const message = outcome.errorMessage;
  return message === undefined || message === null || message === "" ? name : `${name}: ${message}`;
}
