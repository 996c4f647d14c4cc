/**
 * Snapshots of whole controllers: made of what is committed and of nothing else, the same on every voter, and as good
 * as the log that they stand for, whatever happens in between.
 */
import { describe, expect, test } from "vitest";
import type { ControllerEntry } from "../../durable-objects/cluster-entry.ts";
import { controlBatch, valuesOf } from "../../durable-objects/replica/entries.ts";
import { decodeResponse } from "../../durable-objects/replica/peer-wire.ts";
import type { StoredBatch } from "../../durable-objects/replica/stored-batch.ts";
import { applyRecords, emptyImage, type MetadataImage } from "../../src/metadata/index.ts";
import {
  decodeMetadataRecord,
  BeginTransactionRecord,
  ConfigRecord,
  EndTransactionRecord,
  decodeSnapshot,
  type MetadataRecord,
} from "../../src/protocol/index.ts";
import { streamOf } from "../metadata/record-streams.ts";
import { digestOf, Quorum, writing, type QuorumNode } from "./quorum.ts";
import { checkpointOf } from "./snapshot-parts.ts";

const BYTES_BETWEEN = "metadata.log.max.record.bytes.between.snapshots";
const INTERVAL = "metadata.log.max.snapshot.interval.ms";
const RETENTION_BYTES = "metadata.max.retention.bytes";
const RETENTION_MS = "metadata.max.retention.ms";

const config = (name: string, value = "x".repeat(100)): MetadataRecord =>
  ConfigRecord.of(0, { resourceType: 2, resourceName: name, name: "a", value });

/** So many operations of one record each, about 190 bytes of log each. */
function write(quorum: Quorum, count: number, prefix = "t"): void {
  for (let at = 0; at < count; at += 1)
    expect(quorum.submit(writing(config(`${prefix}${at}`)))).toMatchObject({ kind: "committed" });
}

/** Everything that was ever committed, kept from the leaders' logs before they cut them. */
class Archive {
  readonly #batches: StoredBatch[] = [];

  get endOffset(): number {
    return (this.#batches.at(-1)?.lastOffset ?? -1) + 1;
  }

  follow({ disk, up }: QuorumNode): void {
    const range = { from: this.endOffset, upTo: up.highWatermark ?? 0, maxBytes: 1e9 };
    if (range.from < disk.log.startOffset()) throw new Error("the log was cut too soon to be kept");
    this.#batches.push(...disk.log.read(range));
  }

  /** The replay of everything below `endOffset`. */
  imageAt(endOffset: number): MetadataImage {
    let image = emptyImage;
    for (const { bytes, baseOffset, lastOffset, epoch, control } of this.#batches) {
      if (baseOffset >= endOffset) break;
      if (control) continue;
      const { values, timestampMs } = valuesOf(bytes);
      const records = values.map(decodeMetadataRecord);
      image = applyRecords(image, records, { endOffset: lastOffset + 1, epoch, timestampMs });
    }
    return image;
  }
}

/** Holds every snapshot of a node against the replay to its end. */
function expectReplays(node: QuorumNode, archive: Archive): void {
  for (const snapshot of node.snapshots) {
    const image = archive.imageAt(snapshot.endOffset);
    expect(image.beforeTransaction).toBeNull();
    const { endOffset, epoch, timestampMs } = image.provenance;
    expect(snapshot).toMatchObject({ endOffset, epoch, timestampMs });
    const voters = node.up.state.voters.records.at(-1)?.voters ?? [];
    expect(node.bytesOf(snapshot).equals(checkpointOf(image, { voters }).bytes)).toBe(true);
  }
}

const ends = ({ snapshots }: QuorumNode): readonly number[] =>
  snapshots.map(({ endOffset }) => endOffset);

/** A control batch as a leader would write it to leave a voter out. */
function voterSetBatch(
  baseOffset: number,
  epoch: number,
  voters: readonly ControllerEntry[],
): StoredBatch {
  const entry = {
    baseOffset,
    lastOffset: baseOffset,
    epoch,
    control: [
      {
        kind: "kraft-voters",
        voters: voters.map(({ node_id: id, directory_id: directoryId, host, port }) => ({
          key: { id, directoryId },
          endpoints: [{ name: "CONTROLLER", host, port }],
          kraftVersions: { min: 0, max: 1 },
        })),
      },
    ],
    payload: null,
  } as const;
  const bytes = controlBatch(entry, 1);
  return { baseOffset, lastOffset: baseOffset, epoch, control: true, bytes };
}

const imageOf = ({ up }: QuorumNode): MetadataImage => up.committedImage;

describe("a snapshot", () => {
  test.each([1, 2, 3, 4, 5])(
    "is the replay to its end, byte for byte, on every voter (seed %i)",
    (seed) => {
      const quorum = new Quorum(3, { [BYTES_BETWEEN]: 700, [RETENTION_BYTES]: 4_000 });
      const archive = new Archive();
      const steps = Array.from({ length: 120 }, (_, at) => Math.imul(at + 1, 40_503 + seed) >>> 1);
      const records = streamOf(25, steps);
      const made = new Set<string>();
      for (let at = 0; at < records.length; at += 1 + (at % 4)) {
        const outcome = quorum.submit(writing(...records.slice(at, at + 1 + (at % 4))));
        expect(outcome).toMatchObject({ kind: "committed" });
        archive.follow(quorum.leader);
        quorum.pass(10);
        for (const node of quorum.nodes) {
          for (const { endOffset } of node.snapshots) made.add(`${node.id} ${endOffset}`);
          expectReplays(node, archive);
        }
        const { leader } = quorum;
        // A new leader aborts the transaction of the one before, and the stream knows nothing of that.
        if (at % 8 === 7 && imageOf(leader).beforeTransaction === null) {
          quorum.crash(leader);
          quorum.boot(leader);
          quorum.until(() => quorum.nodes.some(({ controller }) => controller?.isActive === true));
        }
      }
      expect(made.size).toBeGreaterThan(9);
      for (const node of quorum.nodes) {
        expect(node.failures).toEqual([]);
        expect(node.disk.log.startOffset()).toBeGreaterThan(0);
      }
    },
  );

  test("is not made within a metadata transaction, and is when it ends", () => {
    const quorum = new Quorum(1, { [BYTES_BETWEEN]: 1 });
    const [node] = quorum.nodes;
    if (node === undefined) throw new Error("no node");
    const before = ends(node);
    quorum.submit(writing(BeginTransactionRecord.of(0, { name: "test" })));
    write(quorum, 5);
    quorum.pass(1_000);
    expect(ends(node)).toEqual(before);
    quorum.submit(writing(EndTransactionRecord.of(0, {})));
    quorum.pass(100);
    expect(ends(node).at(-1)).toBe(node.up.committedEnd);
  });

  test("is made sooner or later by the voter's rank, and at once for its age", () => {
    const quorum = new Quorum(3, { [BYTES_BETWEEN]: 8_000, [INTERVAL]: 60_000 });
    const first = new Map<number, number>();
    for (let at = 0; at < 60; at += 1) {
      write(quorum, 1, `r${at}-`);
      quorum.pass(20);
      for (const node of quorum.nodes) {
        if (node.snapshots.length > 0 && !first.has(node.id)) first.set(node.id, at);
      }
    }
    expect([...first.keys()]).toEqual([3000, 3001, 3002]);
    expect(new Set(first.values()).size).toBe(3);
    write(quorum, 1, "last");
    quorum.pass(58_000);
    const before = quorum.nodes.map(ends);
    quorum.pass(3_000);
    const after = quorum.nodes.map(ends);
    for (const [at, old] of before.entries())
      expect(after[at]?.at(-1)).toBeGreaterThan(old.at(-1) ?? 0);
  });

  test("of a voter's names the voters where it ends, and not a set that is not committed", () => {
    const quorum = new Quorum(3, { [BYTES_BETWEEN]: 100_000 });
    write(quorum, 3);
    quorum.pass(1_000);
    const [alone, ...others] = quorum.followers;
    if (alone === undefined) throw new Error("no follower");
    for (const node of [...others, quorum.leader]) quorum.crash(node);
    quorum.crash(alone);
    const { log } = alone.disk;
    const voters = quorum.cluster.initial_voters.slice(1);
    const baseOffset = log.endOffset();
    const epoch = log.epochStarts().at(-1)?.epoch ?? 0;
    alone.disk.transaction(() => log.append(voterSetBatch(baseOffset, epoch, voters)));
    alone.disk.flush();
    quorum.boot(alone, { [BYTES_BETWEEN]: 1 });
    quorum.pass(1_000);
    expect(alone.up.state.voters.records.at(-1)).toMatchObject({ offset: baseOffset });
    const [snapshot] = alone.snapshots;
    if (snapshot === undefined) throw new Error("no snapshot was made");
    expect(snapshot.endOffset).toBeLessThanOrEqual(baseOffset);
    const { frame } = decodeSnapshot(alone.bytesOf(snapshot));
    expect(frame.voters?.set.voters.map(({ voterId }) => voterId)).toEqual([3000, 3001, 3002]);
  });
});

describe("a boot", () => {
  test("from the newest snapshot and the log above it ends where the replay of all of it does", () => {
    const quorum = new Quorum(3, { [BYTES_BETWEEN]: 2_000, [RETENTION_BYTES]: 3_000 });
    write(quorum, 100);
    quorum.pass(100);
    const [before] = quorum.nodes.map((node) => digestOf(imageOf(node)));
    for (const node of quorum.nodes) {
      expect(node.disk.log.startOffset()).toBeGreaterThan(0);
      expect(ends(node).at(-1)).toBeLessThan(node.up.committedEnd);
      quorum.crash(node);
    }
    for (const node of quorum.nodes) quorum.boot(node);
    quorum.pass(3_000);
    for (const node of quorum.nodes) {
      expect(node.failures).toEqual([]);
      expect(digestOf(imageOf(node)).equals(before ?? Buffer.alloc(0))).toBe(true);
    }
    write(quorum, 1, "after");
  });

  test("in the middle of making a snapshot, after any slice, drops it and makes it again", () => {
    for (let slices = 0; slices < 6; slices += 1) {
      const quorum = new Quorum(1, { [BYTES_BETWEEN]: 10_000_000 });
      const [node] = quorum.nodes;
      if (node === undefined) throw new Error("no node");
      const records = Array.from({ length: 9_000 }, (_, at) => config(`t${at}`, "x"));
      quorum.submit(writing(...records));
      quorum.crash(node);
      quorum.boot(node, { [BYTES_BETWEEN]: 1 });
      while (!isMaking(node)) quorum.time.step();
      for (let slice = 0; slice < slices; slice += 1) quorum.time.step();
      const isDone = node.snapshots.length > 0;
      quorum.crash(node);
      expect(node.disk.log.startOffset()).toBe(0);
      quorum.boot(node, { [BYTES_BETWEEN]: 1 });
      expect(isMaking(node)).toBe(false);
      expect(node.snapshots.length > 0).toBe(isDone);
      quorum.until(() => node.snapshots.length > 0);
      const [snapshot] = node.snapshots;
      if (snapshot === undefined) throw new Error("no snapshot");
      expect(decodeSnapshot(node.bytesOf(snapshot)).values.length).toBeGreaterThan(9_000);
    }
  });

  test("with a snapshot that cannot be read trips the node, and says which chunk", () => {
    const quorum = new Quorum(1, { [BYTES_BETWEEN]: 2_000 });
    const [node] = quorum.nodes;
    if (node === undefined) throw new Error("no node");
    write(quorum, 40);
    quorum.crash(node);
    const newest = node.snapshots.at(-1);
    if (newest === undefined) throw new Error("no snapshot");
    // The header is whole, so the node boots; what comes after it is not.
    flip(node.disk.snapshots.read({ id: newest, position: 600, maxBytes: 1 }));
    quorum.boot(node);
    quorum.pass(3_000);
    expect(node.failures).toMatchObject([
      {
        tripped: expect.stringMatching(
          new RegExp(`cannot replay the snapshot ${newest.endOffset}-${newest.epoch}: .*changed`),
        ),
      },
    ]);
  });
});

function isMaking({ disk }: QuorumNode): boolean {
  try {
    disk.snapshots.readUnfinished("made", 0);
    return true;
  } catch {
    return false;
  }
}

/** Changes a bit of what is on a disk. */
function flip(bytes: Uint8Array | null): void {
  if (bytes === null) throw new Error("there is nothing to change");
  bytes[0] = (bytes[0] ?? 0) ^ 8;
}

/** A quorum whose last node missed so much that the others cannot serve it from their logs. */
function withStandbyAway(voters = 3): { readonly quorum: Quorum; readonly away: QuorumNode } {
  const quorum = new Quorum(voters, { [BYTES_BETWEEN]: 2_000, [RETENTION_BYTES]: 1 });
  const [away] = quorum.followers;
  if (away === undefined) throw new Error("no follower");
  quorum.crash(away);
  write(quorum, 80);
  quorum.pass(100);
  expect(quorum.leader.disk.log.startOffset()).toBeGreaterThan(away.disk.log.endOffset());
  return { quorum, away };
}

const isLevel = (quorum: Quorum, node: QuorumNode): boolean =>
  node.controller?.committedEnd === quorum.leader.up.committedEnd;

describe("a controller that was away while the log was cut", () => {
  test("drops the snapshot that it was making, for the one that it installs has overtaken it", () => {
    const quorum = new Quorum(3, { [BYTES_BETWEEN]: 2_000, [RETENTION_BYTES]: 1 });
    const [slow] = quorum.followers;
    if (slow === undefined) throw new Error("no follower");
    slow.sliceMs = 8_000;
    while (!isMaking(slow)) write(quorum, 1, `m${quorum.time.nowMs}-`);
    slow.sliceMs = 0;
    const before = ends(slow);
    quorum.cut.add(slow.id);
    write(quorum, 80);
    quorum.cut.delete(slow.id);
    quorum.until(() => slow.disk.log.startOffset() > (before.at(-1) ?? 0));
    expect(isMaking(slow)).toBe(false);
    const installed = ends(slow);
    expect(installed).toEqual([slow.disk.log.startOffset()]);
    quorum.pass(10_000);
    expect(slow.failures).toEqual([]);
    expect(ends(slow)).toEqual(installed);
    expect(isLevel(quorum, slow)).toBe(true);
  });

  test("installs a snapshot, goes on with the log, and serves and leads", () => {
    const { quorum, away } = withStandbyAway();
    quorum.boot(away);
    quorum.until(() => isLevel(quorum, away));
    expect(away.disk.log.startOffset()).toBeGreaterThan(0);
    expect(away.snapshots[0]?.endOffset).toBe(away.disk.log.startOffset());
    const { leader } = quorum;
    expect(digestOf(imageOf(away)).equals(digestOf(imageOf(leader)))).toBe(true);
    expect(away.up.read(() => ({ records: [], response: null }), 0)).toMatchObject({
      kind: "committed",
    });
    write(quorum, 5, "more");
    for (const node of quorum.nodes) if (node !== away && node !== leader) quorum.crash(node);
    quorum.crash(leader);
    // Its log begins with what another has made, and the other one comes back with its own.
    const other = quorum.nodes.find((node) => node !== away && node !== leader);
    if (other === undefined) throw new Error("no third node");
    quorum.boot(other);
    quorum.until(() => quorum.nodes.some(({ controller }) => controller?.isActive === true));
    write(quorum, 5, "led");
    expect(quorum.nodes.flatMap(({ failures }) => failures)).toEqual([]);
  });

  test("answers no read while it loads, and shows nothing older after it", () => {
    const { quorum, away } = withStandbyAway();
    quorum.boot(away);
    const seen: number[] = [];
    quorum.until(() => {
      const outcome = away.up.read(() => ({ records: [], response: null }), 0);
      if (outcome.kind === "committed") seen.push(outcome.endOffset);
      return isLevel(quorum, away);
    });
    expect(seen).toEqual(seen.toSorted((one, other) => one - other));
  });

  test("refuses a snapshot with a chunk that changed on its disk, and fetches it again", () => {
    const { quorum, away } = withStandbyAway();
    quorum.boot(away);
    let flipped = 0;
    quorum.until(() => {
      if (flipped === 0) flipped = flipFetched(away, 1_500);
      return flipped > 0;
    });
    quorum.until(() => isLevel(quorum, away));
    expect(away.lines).toEqual([expect.stringContaining("a chunk has changed")]);
    expect(digestOf(imageOf(away)).equals(digestOf(imageOf(quorum.leader)))).toBe(true);
  });

  test("refuses one that changed on its way, and fetches it again", () => {
    const { quorum, away } = withStandbyAway();
    let changed = 0;
    quorum.onAnswer = (to, api, frame) => {
      if (to !== away.id || api !== "fetch-snapshot" || frame.length < 1_000 || changed > 0)
        return frame;
      changed += 1;
      return frame.with(500, (frame[500] ?? 0) ^ 1);
    };
    quorum.boot(away);
    quorum.until(() => isLevel(quorum, away));
    expect(changed).toBe(1);
    expect(away.lines).toEqual([expect.stringContaining("is not sound, and is fetched again")]);
    expect(digestOf(imageOf(away)).equals(digestOf(imageOf(quorum.leader)))).toBe(true);
  });

  test("begins again with another leader, of which it hears in the middle of the download", () => {
    const { quorum, away } = withStandbyAway(5);
    const { leader: first } = quorum;
    const positions: number[] = [];
    quorum.onAnswer = (to, api, frame) => {
      const body = api === "fetch-snapshot" && to === away.id ? decodeResponse(api, frame) : null;
      if (body?.api === "fetch-snapshot") positions.push(body.position);
      return frame;
    };
    quorum.boot(away);
    quorum.until(() => positions.length === 2);
    // It hears nothing of the election: from one leader it comes to the next.
    quorum.cut.add(away.id);
    first.up.resign(first.up.state.election.epoch);
    const isNext = (node: QuorumNode): boolean =>
      node !== first && node.controller?.state.role.kind === "leader";
    quorum.until(() => quorum.nodes.some(isNext));
    expect(away.up.state.role).toMatchObject({
      leaderId: first.id,
      installing: { phase: "fetching" },
    });
    quorum.cut.delete(away.id);
    quorum.until(() => positions.length > 2);
    expect(positions.slice(0, 3)).toEqual([0, expect.toSatisfy((at: number) => at > 0), 0]);
    quorum.until(() => isLevel(quorum, away));
    expect(away.failures).toEqual([]);
  });

  test("begins again when it is ended at any moment of the download", () => {
    const { quorum, away } = withStandbyAway();
    for (let ms = 20; ms < 400; ms += 20) {
      quorum.boot(away);
      quorum.pass(ms);
      quorum.crash(away);
      expect(away.failures).toEqual([]);
      const { log } = away.disk;
      const starts = away.snapshots.map(({ endOffset }) => endOffset);
      expect(log.startOffset() === 0 || starts.includes(log.startOffset())).toBe(true);
    }
    quorum.boot(away);
    quorum.until(() => isLevel(quorum, away));
    expect(digestOf(imageOf(away)).equals(digestOf(imageOf(quorum.leader)))).toBe(true);
  });
});

/** Changes a byte of what is fetched so far; 0 while it is not there yet. */
function flipFetched({ disk }: QuorumNode, position: number): number {
  try {
    const bytes = disk.snapshots.readUnfinished("fetched", position);
    if (bytes === null || bytes.length === 0) return 0;
    flip(bytes);
    return 1;
  } catch {
    return 0;
  }
}

describe("the log", () => {
  test("is cut at the end of a snapshot, and keeps the newest two", () => {
    const quorum = new Quorum(1, { [BYTES_BETWEEN]: 1_000, [RETENTION_BYTES]: 1 });
    const [node] = quorum.nodes;
    if (node === undefined) throw new Error("no node");
    for (let at = 0; at < 40; at += 1) {
      write(quorum, 1, `k${at}-`);
      quorum.pass(10);
      expect(node.snapshots.length).toBeLessThanOrEqual(3);
      expect([0, ...ends(node)]).toContain(node.disk.log.startOffset());
    }
    expect(node.snapshots).toHaveLength(2);
    expect(node.disk.log.startOffset()).toBe(node.snapshots[0]?.endOffset);
  });

  test("is cut by age when the time has come, without another commit", () => {
    const quorum = new Quorum(1, { [BYTES_BETWEEN]: 1_000, [RETENTION_MS]: 100_000 });
    const [node] = quorum.nodes;
    if (node === undefined) throw new Error("no node");
    write(quorum, 40);
    quorum.pass(100);
    const before = node.snapshots.length;
    expect(before).toBeGreaterThan(4);
    quorum.pass(90_000);
    expect(node.snapshots).toHaveLength(before);
    quorum.pass(20_000);
    expect(node.snapshots).toHaveLength(2);
  });

  test("is not cut while somebody fetches the snapshot at its start, for ten minutes at most", () => {
    const quorum = new Quorum(1, { [BYTES_BETWEEN]: 1_000, [RETENTION_BYTES]: 1 });
    const [node] = quorum.nodes;
    if (node === undefined) throw new Error("no node");
    write(quorum, 20);
    quorum.pass(100);
    const held = node.snapshots[0];
    if (held === undefined) throw new Error("no snapshot");
    const read = (): Uint8Array | null =>
      node.up.readSnapshot({ id: held, position: 0, maxBytes: 10 });
    for (let seconds = 0; seconds < 600; seconds += 50) {
      expect(read()).not.toBeNull();
      write(quorum, 1, `s${seconds}-`);
      quorum.pass(50_000);
      expect(ends(node).includes(held.endOffset) || seconds === 550, `${seconds} s`).toBe(true);
    }
    expect(read()).toBeNull();
    const next = node.snapshots[0];
    if (next === undefined) throw new Error("no snapshot");
    node.up.readSnapshot({ id: next, position: 0, maxBytes: 10 });
    write(quorum, 20, "u");
    quorum.pass(59_000);
    expect(ends(node)).toContain(next.endOffset);
    quorum.pass(2_000);
    expect(ends(node)).not.toContain(next.endOffset);
  });

  test("that nothing is committed to wakes nobody for a snapshot", () => {
    const quorum = new Quorum(1, { [BYTES_BETWEEN]: 1_000, [INTERVAL]: 1_000 });
    const [node] = quorum.nodes;
    if (node === undefined) throw new Error("no node");
    write(quorum, 3);
    quorum.pass(5_000);
    const made = ends(node);
    const { events } = node;
    quorum.pass(250_000);
    expect(ends(node)).toEqual(made);
    expect(node.events - events).toBeLessThan(10);
  });
});
