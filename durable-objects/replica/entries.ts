/**
 * Between a stored record batch and what the two cores make of it: an entry of the log with its control records
 * for consensus, metadata records for the image.
 */
import type {
  ControlRecord as CoreControl,
  Entry,
  Voter,
  VoterSet,
  VotersRecord,
} from "../../src/raft/index.ts";
import {
  decodeRecordBatch,
  encodeControlBatch,
  encodeDataBatch,
  recordBatches,
  KRaftVersionRecord,
  LeaderChangeMessage,
  VotersRecord as VotersRecordSchema,
  type BatchHeader,
  type ControlRecord,
  type FramedVoters,
  type SnapshotFrame,
} from "../../src/protocol/index.ts";
import { directoryUuid } from "./metadata-partition.ts";
import type { StoredBatch } from "./stored-batch.ts";

/** What an active controller appends in one round: the records of whole operations, never a part of one. */
export interface PendingBatch {
  readonly baseOffset: number;
  readonly values: readonly Uint8Array[];
  readonly timestampMs: number;
}

/**
 * The batches of a fetch response. A malformed one is a `DecodeError`: nothing is taken over. So is one that is cut
 * off, unless `tail` says that the last may be: Kafka's own controllers serve so many bytes of a file, wherever those
 * end.
 */
export function entriesOf(
  bytes: Uint8Array,
  tail: "refuse" | "ignore" = "refuse",
): readonly Entry[] {
  return [...recordBatches(bytes, tail)].map((batch) => ({
    ...placeOf(batch),
    control: batch.isControl ? controlRecordsOf(batch.bytes) : [],
    payload: batch.bytes,
  }));
}

const placeOf = (batch: BatchHeader): Pick<Entry, "baseOffset" | "lastOffset" | "epoch"> => ({
  baseOffset: batch.baseOffset,
  lastOffset: batch.lastOffset,
  epoch: batch.leaderEpoch,
});

/** The voter sets in a stored control batch, each with the offset of its record. */
export function votersIn(stored: StoredBatch): readonly VotersRecord[] {
  return controlRecordsOf(stored.bytes).flatMap((record, index) => {
    if (record.kind !== "kraft-voters") return [];
    return [{ offset: stored.baseOffset + index, voters: record.voters }];
  });
}

/** The voter set at the end of a snapshot, as its header says; null where it says none (kraft.version 0). */
export function snapshotVoters({ voters }: SnapshotFrame): VoterSet | null {
  const set = voters?.set.voters.map(voterFromWire) ?? null;
  return set?.toSorted((left, right) => left.key.id - right.key.id) ?? null;
}

/** The metadata records of a stored data batch, each as it is encoded: a view. A control batch has none. */
export function valuesOf(bytes: Uint8Array): {
  readonly values: readonly Uint8Array[];
  readonly timestampMs: number;
} {
  const batch = decodeRecordBatch(bytes);
  return { values: batch.isControl ? [] : batch.values, timestampMs: batch.timestampMs };
}

/** The bytes of a batch that an active controller appends. */
export const dataBatch = (batch: PendingBatch, leaderEpoch: number): Uint8Array =>
  encodeDataBatch(
    { baseOffset: batch.baseOffset, leaderEpoch, timestampMs: batch.timestampMs },
    batch.values,
  );

/** The bytes of a control batch that this leader writes itself. */
export const controlBatch = (entry: Entry, timestampMs: number): Uint8Array =>
  encodeControlBatch(
    { baseOffset: entry.baseOffset, leaderEpoch: entry.epoch, timestampMs },
    entry.control.map(toWire),
  );

function controlRecordsOf(bytes: Uint8Array): readonly CoreControl[] {
  const batch = decodeRecordBatch(bytes);
  return batch.isControl ? batch.records.flatMap(fromWire) : [];
}

function fromWire(record: ControlRecord): readonly CoreControl[] {
  switch (record.type) {
    case "LEADER_CHANGE":
      return [
        {
          kind: "leader-change",
          leaderId: record.data.leaderId,
          voters: record.data.voters.map(({ voterId }) => voterId),
          grantingVoters: record.data.grantingVoters.map(({ voterId }) => voterId),
        },
      ];
    case "KRAFT_VERSION":
      return [{ kind: "kraft-version", version: record.data.kRaftVersion }];
    case "KRAFT_VOTERS":
      return [{ kind: "kraft-voters", voters: record.data.voters.map(voterFromWire) }];
    case "SNAPSHOT_HEADER":
    case "SNAPSHOT_FOOTER":
      return [];
  }
}

function toWire(record: CoreControl): ControlRecord {
  switch (record.kind) {
    case "leader-change": {
      const data = LeaderChangeMessage.fill({
        leaderId: record.leaderId,
        voters: record.voters.map((voterId) => ({ voterId })),
        grantingVoters: record.grantingVoters.map((voterId) => ({ voterId })),
      });
      return { type: "LEADER_CHANGE", data };
    }
    case "kraft-version":
      return { type: "KRAFT_VERSION", data: kraftVersionToWire(record.version) };
    case "kraft-voters":
      return { type: "KRAFT_VOTERS", data: votersToWire(record.voters) };
  }
}

/**
 * The voters of a snapshot as its header says them: kraft.version 1, for voters have directory ids here (KIP-853). None
 * are known to who observes a quorum of kraft.version 0.
 */
export const framedVoters = (voters: VoterSet): FramedVoters | null =>
  voters.length === 0 ? null : { version: kraftVersionToWire(1), set: votersToWire(voters) };

const kraftVersionToWire = (version: number): KRaftVersionRecord =>
  KRaftVersionRecord.fill({ kRaftVersion: version });

const votersToWire = (voters: readonly Voter[]): VotersRecordSchema =>
  VotersRecordSchema.fill({ voters: voters.map(voterToWire) });

function voterFromWire(voter: VotersRecordSchema["voters"][number]): Voter {
  const { minSupportedVersion: min, maxSupportedVersion: max } = voter.kRaftVersionFeature;
  return {
    key: { id: voter.voterId, directoryId: voter.voterDirectoryId },
    endpoints: voter.endpoints,
    kraftVersions: { min, max },
  };
}

function voterToWire(voter: Voter) {
  const { id, directoryId } = voter.key;
  return {
    voterId: id,
    voterDirectoryId: directoryUuid(directoryId),
    endpoints: voter.endpoints,
    kRaftVersionFeature: {
      minSupportedVersion: voter.kraftVersions.min,
      maxSupportedVersion: voter.kraftVersions.max,
    },
  };
}
