/**
 * A controller node that can be given a long log at once, and that says how long its events take. The log is written
 * through the product's own store while the node is stopped, as if the epoch it is in had lasted for years.
 */
import { ControllerNode } from "../durable-objects/controller-node.ts";
import { dataBatch } from "../durable-objects/replica/entries.ts";
import { SqlLogStore } from "../durable-objects/storage/log-store.ts";
import { encodeMetadataRecord, type MetadataRecord } from "../src/protocol/index.ts";
import { change, creation, PARTITIONS, TOPICS } from "./long-log.ts";

/** What an event should take at most. */
const LONG_MS = 50;

/**
 * The events since it was asked last: how long the longest took, and how many took long. A timer or a request is one.
 */
let longestMs = 0;
let longEvents = 0;
let events = 0;

function ended(beganMs: number): void {
  const tookMs = Date.now() - beganMs;
  longestMs = Math.max(longestMs, tookMs);
  events += 1;
  if (tookMs > LONG_MS) longEvents += 1;
}

const setTimer = globalThis.setTimeout;
const timed = (run: () => void) => (): void => {
  const beganMs = Date.now();
  try {
    run();
  } finally {
    ended(beganMs);
  }
};
Object.assign(globalThis, {
  setTimeout: (run: () => void, delayMs?: number) => setTimer(timed(run), delayMs),
});

export class LongLogNode extends ControllerNode {
  override async fetch(request: Request): Promise<Response> {
    const url = new URL(request.url);
    switch (url.pathname) {
      case "/bench-fill":
        return Response.json(
          this.#fill({
            commits: Number(url.searchParams.get("commits")),
            topics: Number(url.searchParams.get("topics")),
          }),
        );
      case "/bench-longest": {
        const answer = { longest_ms: longestMs, long_events: longEvents, events };
        longestMs = longEvents = events = 0;
        return Response.json(answer);
      }
      default: {
        const beganMs = Date.now();
        const answer = super.fetch(request);
        ended(beganMs);
        return await answer;
      }
    }
  }

  /**
   * Appends the creations of more topics and that many commits of one record each; before the first of all come the
   * topics that these are about.
   */
  #fill({ commits, topics }: { readonly commits: number; readonly topics: number }): {
    readonly end_offset: number;
  } {
    const { storage } = this.ctx;
    const log = new SqlLogStore(storage.sql);
    const epoch = log.epochStarts().at(-1)?.epoch ?? 0;
    storage.transactionSync(() => {
      const has = storage.sql
        .exec("SELECT 1 FROM log WHERE length(bytes) > 20000 LIMIT 1")
        .toArray();
      if (has.length === 0)
        for (let topic = 0; topic < TOPICS; topic += 1) append(creation(topic, PARTITIONS));
      // Named by where the log ends, so that none has the name of another.
      for (let more = 0; more < topics; more += 1)
        append(creation(TOPICS + log.endOffset(), PARTITIONS));
      for (let at = 0; at < commits; at += 1) append([change(at)]);
    });
    return { end_offset: log.endOffset() };

    function append(records: readonly MetadataRecord[]): void {
      const baseOffset = log.endOffset();
      const values = records.map(encodeMetadataRecord);
      const bytes = dataBatch({ baseOffset, values, timestampMs: 1 }, epoch);
      const lastOffset = baseOffset + values.length - 1;
      log.append({ baseOffset, lastOffset, epoch, control: false, bytes });
    }
  }
}
