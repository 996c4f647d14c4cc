/**
 * The snapshots of this node as a resource: which there are, and the bytes of one, range by range. Any voter serves its
 * own, leader or not. Reading one keeps it for a while.
 */
import { findSnapshot, type StoredSnapshot } from "../../src/raft/index.ts";
import type { Controller } from "../controller.ts";
import { HEADERS, STATUS, refusal } from "../contract.ts";
import type { ListedSnapshot, SnapshotList } from "../snapshot-contract.ts";
import { SMALL_BYTES, heldBody, overloaded, roomFor } from "./held-bytes.ts";
import { numberIn } from "./numbers.ts";

const OFFSETS = { max: Number.MAX_SAFE_INTEGER };
const EPOCHS = { max: 0x7fff_ffff };

/** A snapshot as the contract says it. */
export const listedSnapshot = ({
  endOffset,
  epoch,
  size,
  timestampMs,
}: StoredSnapshot): ListedSnapshot => ({
  end_offset: endOffset,
  epoch,
  size,
  timestamp_ms: timestampMs,
});

export function listSnapshots(voter: Controller): Response {
  const { startOffset, snapshots } = voter.state.log;
  const list: SnapshotList = {
    snapshots: snapshots.map(listedSnapshot),
    log_start_offset: startOffset,
    high_watermark: voter.highWatermark,
  };
  return Response.json(list);
}

/** The bytes at `position`, to the end of their chunk at most. */
export function readSnapshotRange(voter: Controller, query: URLSearchParams): Response {
  const endOffset = numberIn(query, "end_offset", OFFSETS);
  const epoch = numberIn(query, "epoch", EPOCHS);
  const position = numberIn(query, "position", OFFSETS);
  const maxBytes = numberIn(query, "max_bytes", OFFSETS);
  if (
    endOffset === null ||
    epoch === null ||
    position === null ||
    maxBytes === null ||
    maxBytes < 1
  )
    return refusal(
      400,
      "end_offset, epoch, position and max_bytes (from 1) are whole numbers from 0",
    );
  const id = { endOffset, epoch };
  const name = `${endOffset}-${epoch}`;
  const snapshot = findSnapshot(voter.state.log, id);
  if (snapshot === undefined) return refusal(STATUS.gone, `there is no snapshot ${name} here`);
  if (position >= snapshot.size)
    return refusal(400, `the snapshot ${name} has ${snapshot.size} bytes, and none at ${position}`);
  if (roomFor(voter) < SMALL_BYTES) return overloaded("too much is being read of this controller");
  const bytes = voter.readSnapshot({ id, position, maxBytes });
  if (bytes === null)
    return refusal(
      500,
      `the snapshot ${name} has changed on disk at byte ${position} or behind it`,
    );
  return new Response(heldBody(voter, bytes), {
    headers: {
      "content-type": "application/octet-stream",
      [HEADERS.snapshotSize]: String(snapshot.size),
    },
  });
}
