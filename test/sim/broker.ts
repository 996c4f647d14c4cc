/**
 * A broker as the quorum sees it: an observer that fetches the committed log, asks again where it is sent,
 * and checks nothing itself. It has no vote, and what it holds counts towards no majority.
 */
import {
  type Entry,
  type FetchResponse,
  type FetchSnapshotResponse,
  NO_DIRECTORY,
  type Request,
  type Response,
  type SnapshotId,
} from "../../src/raft/index.ts";
import type { MetadataImage } from "../../src/metadata/index.ts";
import { DecodeError } from "../../src/protocol/index.ts";
import { AssertionError } from "../../src/std/assert.ts";
import { markOf, storedBatchOf } from "./entries.ts";
import { nameOf } from "./observation.ts";
import { SnapshotDownload } from "./snapshot-download.ts";
import { readSnapshot, snapshotMark } from "./snapshot-mark.ts";
import type { World } from "./world.ts";

/** How soon a broker asks again that has not asked during a lull. */
const PAUSE_MS = 100;

export class Broker {
  readonly id: number;
  /** Told of every batch that is served, in order. */
  onEntry: (entry: Entry) => void = () => undefined;
  /** Told of what a snapshot holds, which replaces all before it. */
  onSnapshot: (image: MetadataImage) => void = () => undefined;
  /** Told that all of it is gone. */
  onEmptied: () => void = () => undefined;
  readonly #world: World;
  #epoch = 0;
  #leader: number | null = null;
  #end = 0;
  #lastEpoch = 0;
  #highWatermark: number | null = null;
  #asked = 0;
  /** Null while it fetches the log. */
  #download: SnapshotDownload | null = null;

  constructor(world: World, id: number) {
    this.#world = world;
    this.id = id;
  }

  get end(): number {
    return this.#end;
  }

  /** It comes back with an empty disk, as another process. */
  loseDisk(): void {
    this.#world.tally.count("fault: broker emptied");
    this.#end = 0;
    this.#lastEpoch = 0;
    this.#highWatermark = null;
    this.#download = null;
    this.onEmptied();
    this.fetch();
  }

  /** Sends the next fetch; whatever comes of the one before it is ignored from now on. */
  fetch(): void {
    const world = this.#world;
    if (world.isOver) return;
    this.#asked += 1;
    const asked = this.#asked;
    // A gateway answers from its own copy of the log: a broker that waits for news asks no controller.
    if (world.lulls.isLull)
      return world.timeline.after(PAUSE_MS, () => {
        if (asked === this.#asked) this.fetch();
      });
    const to = this.#leader ?? world.chance.pick([...world.replicas.keys()]) ?? 0;
    const again = (): void => {
      if (asked !== this.#asked) return;
      this.#leader = null;
      this.#download = null;
      this.fetch();
    };
    world.call({
      from: nameOf(this.id),
      to,
      body: this.#request(),
      answer: (response) => {
        if (asked === this.#asked) this.#hear(response);
      },
      fail: () => world.timeline.after(world.chance.between(10, 50), again),
    });
    world.timeline.after(2_000, again);
  }

  #hear(response: Response): void {
    const world = this.#world;
    if (response.api !== (this.#download === null ? "fetch" : "fetch-snapshot"))
      return world.complain("brokers-are-answered", `a Fetch was answered by ${response.api}`);
    if (response.epoch > this.#epoch) this.#download = null;
    if (response.epoch >= this.#epoch) {
      this.#leader = response.leaderId;
      this.#epoch = response.epoch;
    } else this.#leader = null;
    // The next fetch leaves the number of this one behind, so a second copy of the answer is dropped.
    this.#asked += 1;
    if (response.api === "fetch-snapshot") this.#takeRange(response);
    else if (response.api === "fetch" && response.error === "NONE") this.#take(response);
    world.timeline.after(response.error === "NONE" ? 1 : world.chance.between(10, 50), () =>
      this.fetch(),
    );
  }

  #request(): Request {
    const { chance, cluster, swarm } = this.#world;
    const from = {
      clusterId: chance.happens(0.5) ? null : cluster.cluster_id,
      replica: { id: this.id, directoryId: NO_DIRECTORY },
      epoch: this.#epoch,
      maxBytes: swarm.fetchMaxBytes,
    };
    if (this.#download !== null) {
      const { id, position } = this.#download;
      return { ...from, api: "fetch-snapshot", snapshotId: id, position };
    }
    return {
      ...from,
      api: "fetch",
      fetchOffset: this.#end,
      lastFetchedEpoch: this.#lastEpoch,
      highWatermark: this.#highWatermark,
      incarnation: null,
      maxWaitMs: 500,
    };
  }

  /** Whatever is wrong with a range, the broker begins again with a Fetch, which names what there is now. */
  #takeRange(response: FetchSnapshotResponse): void {
    const { tally } = this.#world;
    const download = this.#download;
    if (download === null) return;
    const bytes = response.error === "NONE" && download.take(response);
    if (bytes === null) return;
    this.#download = null;
    if (bytes === false) return;
    try {
      const { image } = readSnapshot(bytes, download.id);
      this.#show(download.id, bytes);
      this.#end = download.id.endOffset;
      this.#lastEpoch = download.id.epoch;
      this.onSnapshot(image);
      tally.count("snapshots fetched by brokers");
    } catch (error) {
      // Sound by its checksums, and no image: what to say of that is for the checkers.
      if (error instanceof AssertionError) return this.#show(download.id, bytes);
      if (!(error instanceof DecodeError)) throw error;
      tally.count("snapshots refused by brokers");
    }
  }

  #show(id: SnapshotId, bytes: Uint8Array): void {
    const world = this.#world;
    world.history.show(id.endOffset);
    world.observe(snapshotMark({ replica: nameOf(this.id), build: null }, id, bytes));
  }

  #take(response: FetchResponse): void {
    const world = this.#world;
    if (response.snapshotId !== null) {
      if (response.snapshotId.endOffset > this.#end)
        this.#download = new SnapshotDownload(response.snapshotId);
      return;
    }
    if (response.diverging !== null) {
      const { epoch, endOffset } = response.diverging;
      return world.complain(
        "brokers-see-only-committed",
        `broker ${this.id} at ${this.#end}@${this.#lastEpoch} was told to go back to ${endOffset}@${epoch}`,
      );
    }
    if (response.highWatermark === null) return;
    this.#highWatermark = response.highWatermark;
    world.tally.count("fetches of brokers");
    const entries = response.records.filter((entry) => entry.baseOffset >= this.#end);
    const { highWatermark, epoch } = response;
    world.observe({
      kind: "served",
      broker: this.id,
      from: this.#end,
      epoch,
      highWatermark,
      entries: entries.map((entry) => markOf(storedBatchOf(entry))),
    });
    if (world.isOver) return;
    for (const entry of entries) this.onEntry(entry);
    const last = entries.at(-1);
    if (last === undefined) return;
    this.#end = last.lastOffset + 1;
    this.#lastEpoch = last.epoch;
  }
}
