/**
 * What one event of the Worker costs in CPU while an isolate loads its image: over the Worker's own observer in Node,
 * from a controller in memory. An event is what runs between two waits, for a range or for a timer.
 */
import { SnapshotWriting } from "../durable-objects/snapshots/snapshot-writing.ts";
import { joinBatches } from "../durable-objects/replica/stored-batch.ts";
import type { MetadataImage } from "../src/metadata/index.ts";
import { recordBatches } from "../src/protocol/index.ts";
import type { StoredSnapshot } from "../src/raft/index.ts";
import type { LogSource } from "../worker/observer/log-source.ts";
import { observeWith } from "../worker/observer/observed-image.ts";
import type { MemoryLog } from "./memory-log.ts";

/** What each event took, in ms of CPU. */
class Events {
  readonly took: number[] = [];
  #began: NodeJS.CpuUsage | null = null;

  begin(): void {
    this.#began = process.cpuUsage();
  }

  end(): void {
    if (this.#began === null) return;
    const { user, system } = process.cpuUsage(this.#began);
    this.took.push((user + system) / 1_000);
    this.#began = null;
  }

  /** An answer that comes in an event of its own. */
  async answer<Answer>(answer: () => Answer): Promise<Answer> {
    this.end();
    const answered = answer();
    await new Promise((settle) => setImmediate(settle));
    this.begin();
    return answered;
  }
}

/** Loads an image of all that `log` has: batch by batch, or from a snapshot of `made`. */
export async function observerEvents(
  log: MemoryLog,
  made: MetadataImage | null,
): Promise<readonly number[]> {
  const events = new Events();
  const source = sourceOf(log, events, made);
  const setTimer = globalThis.setTimeout;
  // A slice ends where the observer asks for the next event.
  const timed = (run: () => void, delayMs?: number) => {
    events.end();
    return setTimer(() => {
      events.begin();
      run();
    }, delayMs);
  };
  Object.assign(globalThis, { setTimeout: timed });
  try {
    events.begin();
    await observeWith(made === null ? "log" : "snapshot", {}, source);
    events.end();
  } finally {
    Object.assign(globalThis, { setTimeout: setTimer });
  }
  return events.took;
}

function sourceOf(log: MemoryLog, events: Events, made: MetadataImage | null): LogSource {
  const snapshot = made === null ? null : snapshotOf(made);
  return {
    isObserved: false,
    readIndex: async () => log.endOffset,
    range: async (request) => {
      const batches = await events.answer(() =>
        log.read({ from: request.fromOffset, upTo: log.endOffset, maxBytes: request.maxBytes }),
      );
      const bytes = new Uint8Array(joinBatches(batches));
      return {
        bytes,
        batches: [...recordBatches(bytes)],
        end: (batches.at(-1)?.lastOffset ?? request.fromOffset - 1) + 1,
        logStart: 0,
        confirmedMs: undefined,
        highWatermark: log.endOffset,
      };
    },
    offers: () =>
      events.answer(() => ({
        snapshots: snapshot === null ? [] : [{ nodeId: 1, ...snapshot.stored }],
        logStart: 0,
        highWatermark: log.endOffset,
        unanswered: [],
      })),
    bytes: (_, position) =>
      events.answer(() => snapshot?.bytes.subarray(position, position + CHUNK) ?? NONE),
  };
}

/** As a row of the snapshot store. */
const CHUNK = 1_048_576;
const NONE = new Uint8Array(0);

function snapshotOf(image: MetadataImage): {
  readonly stored: StoredSnapshot;
  readonly bytes: Uint8Array;
} {
  const writing = new SnapshotWriting(image, []);
  const header = writing.header();
  const { batches } = writing.slice(Number.POSITIVE_INFINITY);
  return { stored: writing.stored, bytes: Buffer.concat([header, ...batches]) };
}
