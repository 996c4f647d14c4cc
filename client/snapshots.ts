/** Snapshots of a cluster's metadata (KIP-630): which there are, and one as a file that Kafka's tools read. */
import type { Asking, ClusterCalls, Listed } from "./cluster-calls.ts";

export interface Snapshot {
  /** Exclusive. */
  readonly end_offset: number;
  readonly epoch: number;
  /** Of its last record. */
  readonly timestamp_ms: number;
  /** Bytes. */
  readonly size: number;
  /** The controllers that have it. */
  readonly controller_ids: readonly number[];
}

export interface SnapshotFile {
  /** As Kafka names it: `00000000000000000123-0000000004.checkpoint`. */
  readonly name: string;
  readonly endOffset: number;
  readonly epoch: number;
  readonly bytes: Uint8Array;
}

export interface Snapshots {
  /** Newest first. */
  list(asking?: Asking): Promise<readonly Snapshot[]>;
  /**
   * One of them whole: the newest, or that of `{end_offset}-{epoch}`. It holds secrets, so it takes a broker's or a
   * gateway's token. Throws an `Error` where the file broke off.
   */
  file(id?: string, asking?: Asking): Promise<SnapshotFile>;
}

export const snapshotsOf = ({ ask, response }: ClusterCalls): Snapshots => ({
  list: async (asking) => (await ask<Listed<Snapshot>>(["snapshots"], asking)).data,
  file: async (id = "latest", { signal } = {}) => {
    const answer = await response(["snapshots", id], { as: "broker", signal });
    const { headers } = answer;
    const body = await answer.arrayBuffer();
    const size = Number(headers.get("Kafka-Snapshot-Size"));
    if (body.byteLength !== size)
      throw new Error(`snapshot ${id} broke off after ${body.byteLength} of ${size} bytes`);
    return {
      name: /filename="([^"]+)"/.exec(headers.get("Content-Disposition") ?? "")?.[1] ?? "",
      endOffset: Number(headers.get("Kafka-Snapshot-End-Offset")),
      epoch: Number(headers.get("Kafka-Snapshot-Epoch")),
      bytes: new Uint8Array(body),
    };
  },
});
