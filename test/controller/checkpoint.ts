/** A checkpoint file for tests: a header, one data batch, a footer. */
import { directoryUuid } from "../../durable-objects/replica/metadata-partition.ts";
import { KRaftVersionRecord, snapshotEncoder, VotersRecord } from "../../src/protocol/index.ts";
import type { Voter } from "../../src/raft/index.ts";

/** The bytes of a snapshot whose header names those voters, in any order; none of them at kraft.version 0. */
export function snapshotBytes(epoch: number, voters: readonly Voter[] | null): Uint8Array {
  const set = VotersRecord.fill({
    voters: (voters ?? []).map(({ key, endpoints }) => ({
      voterId: key.id,
      voterDirectoryId: directoryUuid(key.directoryId),
      endpoints,
      kRaftVersionFeature: { minSupportedVersion: 0, maxSupportedVersion: 1 },
    })),
  });
  const version = KRaftVersionRecord.fill({ kRaftVersion: 1 });
  const encoder = snapshotEncoder({
    epoch,
    lastContainedLogTimestampMs: 1,
    timestampMs: 1,
    voters: voters === null ? null : { version, set },
  });
  const pieces = [encoder.header(), encoder.data([Uint8Array.of(1, 2, 3)]), encoder.footer()];
  return Uint8Array.from(pieces.flatMap((piece) => [...piece]));
}
