/**
 * `/snapshots`: the snapshots of a cluster, and each as a file that Kafka's own tools read, named as Kafka names it
 * (KIP-630). A file is streamed range by range from one controller: another may have other bytes under the same name,
 * so when that one fails on the way, the answer breaks off.
 */
import { Hono } from "hono";
import { HEADERS } from "../../durable-objects/contract.ts";
import { settingsOf } from "../../durable-objects/cluster-settings.ts";
import { reasonOf } from "../channel/controller-calls.ts";
import type { Scope, ScopedContext } from "../env.ts";
import { isHeld } from "../http/entity-tag.ts";
import { Problem } from "../http/errors.ts";
import { invalid } from "../http/fields.ts";
import { addressOf, resource, wholeList } from "../http/resources.ts";
import { sourceOf, type LogSource } from "../observer/log-source.ts";
import type { OfferedSnapshot, SnapshotOffers } from "../observer/snapshots.ts";

const FILE_TYPE = "application/octet-stream";

/** One state that is kept as a snapshot, by one controller or more. */
interface SnapshotId {
  readonly endOffset: number;
  readonly epoch: number;
}

export const snapshots = new Hono<Scope>();

snapshots.get("/", async (context) => {
  const offers = await offersOf(sourceOf(context));
  const ids = new Map(offers.snapshots.map((each) => [idText(each), each]));
  const data = [...ids.values()].map((each) => snapshotData(context, each, offers));
  return context.json(wholeList(context, "KafkaSnapshotList", data));
});

snapshots.get("/latest", async (context) => {
  const source = sourceOf(context);
  const offers = await offersOf(source);
  const [newest] = offers.snapshots;
  if (newest === undefined) throw noneYet(context);
  return await sendFile(context, source, offers.snapshots.filter(isOf(newest)));
});

snapshots.get("/:id", async (context) => {
  const id = idAt(context.req.param("id"));
  const source = sourceOf(context);
  const offers = await offersOf(source);
  const found = offers.snapshots.filter(isOf(id));
  if (found.length === 0) throw notThere(id, offers);
  return await sendFile(context, source, found);
});

/** What the controllers have; a `Problem` when none of them answers. */
async function offersOf(source: LogSource): Promise<SnapshotOffers> {
  const offers = await source.offers();
  if (offers.logStart !== null) return offers;
  const reasons = offers.unanswered.join("; ");
  throw new Problem("CONTROLLER_UNREACHABLE", `no controller says what it has: ${reasons}`);
}

const idText = ({ endOffset, epoch }: SnapshotId): string => `${endOffset}-${epoch}`;

/** As Kafka names the file. */
const fileName = ({ endOffset, epoch }: SnapshotId): string =>
  `${String(endOffset).padStart(20, "0")}-${String(epoch).padStart(10, "0")}.checkpoint`;

const isOf =
  (id: SnapshotId) =>
  ({ endOffset, epoch }: SnapshotId): boolean =>
    endOffset === id.endOffset && epoch === id.epoch;

function idAt(text: string): SnapshotId {
  const [, endOffset, epoch] = /^(\d{1,16})-(\d{1,10})$/.exec(text) ?? [];
  if (endOffset === undefined || epoch === undefined)
    throw invalid("snapshot", "{end_offset}-{epoch}, or latest");
  return { endOffset: Number(endOffset), epoch: Number(epoch) };
}

function snapshotData(
  context: ScopedContext,
  snapshot: OfferedSnapshot,
  offers: SnapshotOffers,
): object {
  const clusterId = context.var.entry.cluster_id;
  const path = ["clusters", clusterId, "snapshots", idText(snapshot)];
  return {
    ...resource(context, "KafkaSnapshot", path),
    cluster_id: clusterId,
    end_offset: snapshot.endOffset,
    epoch: snapshot.epoch,
    timestamp_ms: snapshot.timestampMs,
    size: snapshot.size,
    controller_ids: offers.snapshots
      .filter(isOf(snapshot))
      .map(({ nodeId }) => nodeId)
      .toSorted((one, other) => one - other),
  };
}

/** When the first one will be made, by the settings of the cluster. */
function noneYet(context: ScopedContext): Problem {
  const settings = settingsOf(context.var.entry);
  const bytes = settings["metadata.log.max.record.bytes.between.snapshots"];
  const ms = settings["metadata.log.max.snapshot.interval.ms"];
  const orAge = ms > 0 ? `, or when its first record is ${ms} ms old` : "";
  return new Problem(
    "UNKNOWN_SNAPSHOT",
    `there is no snapshot yet: one is made when the log has ${bytes} bytes${orAge}`,
  );
}

function notThere(id: SnapshotId, offers: SnapshotOffers): Problem {
  const oldest = offers.snapshots.at(-1);
  if (oldest !== undefined && id.endOffset < oldest.endOffset) {
    return new Problem(
      "SNAPSHOT_GONE",
      `snapshot ${idText(id)} is not kept any more; the oldest that is, is ${idText(oldest)}`,
    );
  }
  return new Problem("UNKNOWN_SNAPSHOT", `there is no snapshot ${idText(id)}`);
}

/** The file, from the first of the controllers that have it to answer. */
async function sendFile(
  context: ScopedContext,
  source: LogSource,
  offered: readonly OfferedSnapshot[],
): Promise<Response> {
  const [any] = offered;
  // Controllers of different builds may write one state in different bytes.
  const etag = any === undefined ? "" : `W/"${idText(any)}"`;
  if (any !== undefined && isHeld(context.req.header("If-None-Match"), etag)) {
    describeFile(context, any, etag);
    return context.body(null, 304);
  }
  const reasons: string[] = [];
  for (const snapshot of offered) {
    try {
      const first = await source.bytes(snapshot, 0);
      describeFile(context, snapshot, etag);
      return context.body(restOf(source, snapshot, first), 200, { "Content-Type": FILE_TYPE });
    } catch (error) {
      reasons.push(`${snapshot.nodeId}: ${reasonOf(error)}`);
    }
  }
  throw new Problem("CONTROLLER_UNREACHABLE", `the snapshot was not served: ${reasons.join("; ")}`);
}

function describeFile(context: ScopedContext, snapshot: OfferedSnapshot, etag: string): void {
  context.set("position", { offset: snapshot.endOffset - 1, epoch: snapshot.epoch });
  context.header("ETag", etag);
  context.header("Cache-Control", "no-cache");
  context.header("Content-Disposition", `attachment; filename="${fileName(snapshot)}"`);
  context.header(HEADERS.snapshotEndOffset, String(snapshot.endOffset));
  context.header(HEADERS.snapshotEpoch, String(snapshot.epoch));
  context.header(HEADERS.snapshotSize, String(snapshot.size));
}

/** The first range and what follows it, each asked for when the client has taken the one before. */
function restOf(
  source: LogSource,
  snapshot: OfferedSnapshot,
  first: Uint8Array,
): ReadableStream<Uint8Array> {
  let position = first.length;
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        controller.enqueue(first);
      },
      async pull(controller) {
        if (position >= snapshot.size) return controller.close();
        const bytes = await source.bytes(snapshot, position);
        position += bytes.length;
        controller.enqueue(bytes);
      },
    },
    { highWaterMark: 1 },
  );
}

/** The newest snapshot, for a reader of the log that begins above what the reader asked for. */
export function startOf(context: ScopedContext, newest: OfferedSnapshot): object {
  const id = idText(newest);
  return {
    end_offset: newest.endOffset,
    epoch: newest.epoch,
    related: addressOf(context, "clusters", context.var.entry.cluster_id, "snapshots", id),
  };
}
