/** What a replica answers a fetch, with the records or bytes that its reply names, and what may be wrong with it. */
import type { Controller } from "../../durable-objects/controller.ts";
import type { FetchReply, Reply, Request, Response, SnapshotId } from "../../src/raft/index.ts";
import type { Disk } from "./disk.ts";
import { withChangedByte } from "./disk-snapshots.ts";
import { entryOf } from "./entries.ts";
import type { World } from "./world.ts";

/** Who answers. */
interface Answerer {
  readonly world: World;
  readonly controller: Controller;
  readonly disk: Disk;
}

const NO_BYTES: Uint8Array = new Uint8Array(0);

/** Within the step that made the reply. */
export function answerOf(answerer: Answerer, body: Request, reply: Reply): Response {
  const { world, controller, disk } = answerer;
  if (reply.api === "fetch-snapshot") {
    const bytes = reply.bytes === null ? NO_BYTES : controller.readSnapshot(reply.bytes);
    if (bytes !== null) return { ...reply, bytes: onTheWire(world, bytes) };
    return { ...reply, error: "UNKNOWN_SERVER_ERROR", bytes: NO_BYTES };
  }
  if (reply.api !== "fetch") return reply;
  const needless = needlessSnapshot(answerer, body, reply);
  if (needless !== null) return { ...reply, snapshotId: needless, diverging: null, records: [] };
  const { records: range } = reply;
  return { ...reply, records: range === null ? [] : disk.log.read(range).map(entryOf) };
}

/** A range of a snapshot, as it arrives. */
function onTheWire({ chance, swarm, tally }: World, bytes: Uint8Array): Uint8Array {
  if (bytes.length === 0 || !chance.happens(swarm.changedRangeRate)) return bytes;
  tally.count("fault: range changed");
  return withChangedByte(bytes, chance.between(0, 8 * bytes.length));
}

/**
 * The snapshot that this leader names, by mistake, to a voter that could go on with records; mostly none. One of which
 * the voter does not know that it is committed comes more often: nothing but SN-1 keeps it from that.
 */
function needlessSnapshot(
  { world: { chance, swarm, tally, replicas }, controller }: Answerer,
  body: Request,
  { error, snapshotId }: FetchReply,
): SnapshotId | null {
  const newest = controller.state.log.snapshots.at(-1);
  if (newest === undefined || error !== "NONE" || snapshotId !== null) return null;
  if (body.api !== "fetch" || !replicas.has(body.replica.id)) return null;
  const { endOffset, epoch } = newest;
  const isNews = endOffset > (body.highWatermark ?? 0);
  if (!chance.happens(swarm.needlessSnapshotRate * (isNews ? 1 : 0.1))) return null;
  tally.count("fault: snapshot named without need");
  if (isNews && endOffset <= body.fetchOffset)
    tally.count("situation: a snapshot was named that the log held already");
  return { endOffset, epoch };
}
