/**
 * Controllers of a test's making whose log can be cut: what each has of one committed log, which snapshots beside it,
 * and how it answers the Worker. Snapshots are written as voters write theirs.
 */
import { HEADERS, refusal } from "../../durable-objects/contract.ts";
import type { SnapshotList } from "../../durable-objects/snapshot-contract.ts";
import { SnapshotWriting } from "../../durable-objects/snapshots/snapshot-writing.ts";
import { applyRecords, emptyImage, type MetadataImage } from "../../src/metadata/index.ts";
import {
  encodeDataBatch,
  encodeMetadataRecord,
  type MetadataRecord,
} from "../../src/protocol/index.ts";
import { uuidOf } from "../metadata/record-streams.ts";
import { record } from "../metadata/world.ts";
import { edgeWith, type Arrival, type Edge } from "./network.ts";

/** One batch of the log. */
export interface Written {
  readonly baseOffset: number;
  readonly endOffset: number;
  readonly epoch: number;
  readonly timestampMs: number;
  readonly records: readonly MetadataRecord[];
  readonly bytes: Uint8Array;
}

export interface Snapshot {
  readonly endOffset: number;
  readonly epoch: number;
  readonly timestampMs: number;
  readonly bytes: Uint8Array;
}

/** A committed log that grows. */
export class CommittedLog {
  readonly batches: Written[] = [];
  epoch = 1;

  get end(): number {
    return this.batches.at(-1)?.endOffset ?? 0;
  }

  append(
    records: readonly MetadataRecord[],
    timestampMs = 1_000 * (this.batches.length + 1),
  ): void {
    const baseOffset = this.end;
    const position = { baseOffset, leaderEpoch: this.epoch, timestampMs };
    this.batches.push({
      baseOffset,
      endOffset: baseOffset + records.length,
      epoch: this.epoch,
      timestampMs,
      records,
      bytes: encodeDataBatch(position, records.map(encodeMetadataRecord)),
    });
  }

  /** A batch that creates a topic of that name. */
  appendTopic(name: string, timestampMs?: number): void {
    this.append([topicRecord(name)], timestampMs);
  }

  /** The image of everything below `endOffset`, the end of a batch. */
  imageAt(endOffset: number): MetadataImage {
    let image = emptyImage;
    for (const { records, ...batch } of this.batches) {
      if (batch.endOffset <= endOffset) image = applyRecords(image, records, batch);
    }
    return image;
  }

  /** The snapshot that ends there. */
  snapshotAt(endOffset: number): Snapshot {
    const image = this.imageAt(endOffset);
    const writing = new SnapshotWriting(image, []);
    const pieces = [writing.header()];
    for (let isLast = false; !isLast;) {
      const slice = writing.slice(1_000);
      pieces.push(...slice.batches);
      ({ isLast } = slice);
    }
    return { ...image.provenance, bytes: new Uint8Array(Buffer.concat(pieces)) };
  }
}

export const topicRecord = (name: string): MetadataRecord =>
  record("TOPIC_RECORD", 0, { name, topicId: uuidOf(Array.from(name).reduce(hash, 7)) });

const hash = (sum: number, letter: string): number =>
  (Math.imul(sum, 31) + letter.charCodeAt(0)) & 0xffff;

/** One controller: a part of the log, and some snapshots. */
export class CutController {
  readonly #log: CommittedLog;
  start = 0;
  /** What it knows to be committed, when that is less than all. */
  known = Number.POSITIVE_INFINITY;
  snapshots: Snapshot[] = [];
  /** Bytes of a snapshot in one answer, at most. */
  chunkBytes = 1_000;
  /** What was asked of it. */
  readonly asked: string[] = [];

  constructor(log: CommittedLog) {
    this.#log = log;
  }

  /** Cuts the log at the end of a snapshot, which it makes if it has none. */
  cut(endOffset: number): void {
    if (!this.snapshots.some((each) => each.endOffset === endOffset)) {
      this.snapshots.push(this.#log.snapshotAt(endOffset));
    }
    this.start = endOffset;
    this.snapshots = this.snapshots.filter((each) => each.endOffset >= endOffset);
  }

  /** The answer to a read; anything else is a lost call. */
  respond({ nodeId, route, query }: Arrival): Response {
    this.asked.push(route ?? "?");
    if (route === "snapshots") return this.#list();
    if (route === "snapshot") return this.#range(query);
    if (route === "log") return this.#logFrom(query);
    if (route === "readIndex")
      return Response.json({ node_id: nodeId, epoch: 1, read_index: this.#end });
    throw new Error(`${route} is out of reach`);
  }

  get #end(): number {
    return Math.min(this.#log.end, this.known);
  }

  #list(): Response {
    const list: SnapshotList = {
      snapshots: this.snapshots.map(({ endOffset, epoch, timestampMs, bytes }) => ({
        end_offset: endOffset,
        epoch,
        size: bytes.length,
        timestamp_ms: timestampMs,
      })),
      log_start_offset: this.start,
      high_watermark: this.#end,
    };
    return Response.json(list);
  }

  #range(query: URLSearchParams): Response {
    const found = this.snapshots.find(
      ({ endOffset, epoch }) =>
        endOffset === Number(query.get("end_offset")) && epoch === Number(query.get("epoch")),
    );
    if (found === undefined) return refusal(410, "there is no such snapshot here");
    const position = Number(query.get("position"));
    const bytes = found.bytes.slice(position, position + this.chunkBytes);
    return new Response(bytes, {
      headers: { [HEADERS.snapshotSize]: String(found.bytes.length) },
    });
  }

  #logFrom(query: URLSearchParams): Response {
    const from = Number(query.get("from_offset"));
    if (from < this.start) return refusal(410, `the log begins at ${this.start}`);
    const before = this.#log.batches.find(({ endOffset }) => endOffset >= from);
    const epoch = Number(query.get("from_epoch") ?? before?.epoch);
    if (from > 0 && before !== undefined && before.epoch !== epoch)
      return refusal(409, `offset ${from - 1} is of epoch ${before.epoch}`);
    const maxBytes = Number(query.get("max_bytes"));
    const batches: Written[] = [];
    let size = 0;
    for (const batch of this.#log.batches) {
      if (batch.endOffset <= from || batch.endOffset > this.#end) continue;
      size += batch.bytes.length;
      if (batches.length > 0 && size > maxBytes) break;
      batches.push(batch);
    }
    return new Response(new Uint8Array(Buffer.concat(batches.map(({ bytes }) => bytes))), {
      headers: {
        [HEADERS.nextOffset]: String(batches.at(-1)?.endOffset ?? from),
        [HEADERS.highWatermark]: String(this.#end),
        [HEADERS.logStartOffset]: String(this.start),
      },
    });
  }
}

/** Two controllers, and the Worker in front of them. */
export interface CutCluster {
  /** Fifty batches of one topic each, the batch at offset n written n + 1 seconds after 1970. */
  readonly log: CommittedLog;
  /** Nodes 3000 and 3001. */
  readonly one: CutController;
  readonly other: CutController;
  readonly edge: Edge;
  /** Cuts the logs of both. */
  readonly cutAll: (end: number) => void;
}

/** `intercept` is what happens to a call before the controller sees it. */
export function cutCluster(
  intercept: (arrival: Arrival) => Response | undefined | Promise<Response | undefined>,
): CutCluster {
  const log = new CommittedLog();
  for (let at = 0; at < 50; at += 1) log.appendTopic(`topic-${at}`);
  const one = new CutController(log);
  const other = new CutController(log);
  const edge = edgeWith(
    [3000, 3001],
    async (arrival) =>
      (await intercept(arrival)) ?? (arrival.nodeId === 3000 ? one : other).respond(arrival),
  );
  const cutAll = (end: number): void => {
    for (const controller of [one, other]) controller.cut(end);
  };
  return { log, one, other, edge, cutAll };
}
