/**
 * What one slice of a replay costs in CPU, by what the log is made of: over the product's own replay in Node, where
 * the CPU of a process can be read. Inside workerd only the wall can, which neighbours lengthen.
 */
import { CommittedImage } from "../durable-objects/committed-log/committed-image.ts";
import { dataBatch } from "../durable-objects/replica/entries.ts";
import type { LogStore } from "../durable-objects/replica/ports.ts";
import type { StoredBatch } from "../durable-objects/replica/stored-batch.ts";
import {
  ProducerIdsRecord,
  encodeMetadataRecord,
  type MetadataRecord,
} from "../src/protocol/index.ts";
import { change, creation } from "./long-log.ts";

/** A log in memory that can be read and nothing else. */
class MemoryLog implements Pick<LogStore, "read"> {
  readonly #batches: StoredBatch[] = [];
  readonly #indexes = new Map<number, number>();
  endOffset = 0;

  append(records: readonly MetadataRecord[]): void {
    const baseOffset = this.endOffset;
    const values = records.map(encodeMetadataRecord);
    const bytes = dataBatch({ baseOffset, values, timestampMs: 1 }, 1);
    this.endOffset += values.length;
    this.#indexes.set(baseOffset, this.#batches.length);
    this.#batches.push({
      baseOffset,
      lastOffset: this.endOffset - 1,
      epoch: 1,
      control: false,
      bytes,
    });
  }

  read({ from, upTo, maxBytes }: Parameters<LogStore["read"]>[0]): readonly StoredBatch[] {
    const found: StoredBatch[] = [];
    let bytes = 0;
    for (const batch of this.#batches.slice(
      this.#indexes.get(from),
      (this.#indexes.get(from) ?? 0) + 1_000,
    )) {
      bytes += batch.bytes.byteLength;
      if (batch.baseOffset >= upTo || (found.length > 0 && bytes > maxBytes)) break;
      found.push(batch);
    }
    return found;
  }
}

export function slices(): void {
  const log = new MemoryLog();
  const image = new CommittedImage({ log, snapshots: { read: () => null } }, null);
  console.log("| the log is made of | slices | CPU p50 ms | p99 ms | longest ms |");
  console.log("| :--- | ---: | ---: | ---: | ---: |");
  const row = (name: string, fill: () => void): void => {
    fill();
    const took = slicesTo(image, log.endOffset);
    const at = (share: number): string =>
      (took[Math.floor((took.length - 1) * share)] ?? 0).toFixed(1);
    console.log(`| ${name} | ${took.length} | ${at(0.5)} | ${at(0.99)} | ${at(1)} |`);
  };
  row("topics of 500 partitions", () => times(20, (topic) => log.append(creation(topic, 500))));
  row("topics of 9,998 partitions", () =>
    times(10, (topic) => log.append(creation(100 + topic, 9_998))),
  );
  row("one change of ISR a commit", () => times(50_000, (at) => log.append([change(at)])));
  row("20 changes of ISR a commit", () =>
    times(5_000, (at) =>
      log.append(Array.from({ length: 20 }, (_, more) => change(at * 20 + more))),
    ),
  );
  row("one block of producer ids a commit", () =>
    times(50_000, (at) => log.append([producerIds(at)])),
  );
}

/** Replays up to `endOffset`; what each slice took, shortest first, in ms of CPU. */
function slicesTo(image: CommittedImage, endOffset: number): readonly number[] {
  const took: number[] = [];
  for (let isDone = false; !isDone;) {
    const before = process.cpuUsage();
    isDone = image.replaySlice(endOffset);
    const { user, system } = process.cpuUsage(before);
    took.push((user + system) / 1_000);
  }
  return took.toSorted((one, other) => one - other);
}

function times(count: number, run: (at: number) => void): void {
  for (let at = 0; at < count; at += 1) run(at);
}

const producerIds = (at: number): MetadataRecord =>
  ProducerIdsRecord.of(0, { brokerId: 1, brokerEpoch: 1, nextProducerId: at * 1_000 });
