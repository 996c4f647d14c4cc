/** The voters that snapshots of tests name: one, and the version that it counts from. */
import { UNASSIGNED_DIRECTORY, type SnapshotFrame } from "../../src/protocol/index.ts";

export const FRAMED_VOTERS: NonNullable<SnapshotFrame["voters"]> = {
  version: { version: 0, kRaftVersion: 1 },
  set: {
    version: 0,
    voters: [
      {
        voterId: 3000,
        voterDirectoryId: UNASSIGNED_DIRECTORY,
        endpoints: [{ name: "CONTROLLER", host: "localhost", port: 9093 }],
        kRaftVersionFeature: { minSupportedVersion: 0, maxSupportedVersion: 1 },
      },
    ],
  },
};
