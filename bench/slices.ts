/**
 * What one slice of a replay costs in CPU, by what the log is made of: over the product's own replay in Node, where
 * the CPU of a process can be read. Inside workerd only the wall can, which neighbours lengthen.
 */
import { CommittedImage } from "../durable-objects/committed-log/committed-image.ts";
import { ProducerIdsRecord, type MetadataRecord } from "../src/protocol/index.ts";
import { change, creation } from "./long-log.ts";
import { MemoryLog } from "./memory-log.ts";
import { observerEvents } from "./observer-slices.ts";
import { quantile } from "./quantile.ts";

export async function slices(): Promise<void> {
  const log = new MemoryLog();
  const image = new CommittedImage({ log, snapshots: { read: () => null } }, null);
  console.log("| the log is made of | slices | CPU p50 ms | p99 ms | longest ms |");
  console.log("| :--- | ---: | ---: | ---: | ---: |");
  const row = (name: string, fill: () => void): void => {
    fill();
    printRow(name, slicesTo(image, log.endOffset));
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
  printRow("all of it, by the Worker", await observerEvents(log, null));
  const { image: made } = image;
  printRow("a snapshot of that, by the Worker", await observerEvents(log, made));
}

function printRow(name: string, took: readonly number[]): void {
  const at = (share: number): string => quantile(took, share).toFixed(1);
  console.log(`| ${name} | ${took.length} | ${at(0.5)} | ${at(0.99)} | ${at(1)} |`);
}

/** Replays up to `endOffset`; what each slice took, in ms of CPU. */
function slicesTo(image: CommittedImage, endOffset: number): readonly number[] {
  const took: number[] = [];
  for (let isDone = false; !isDone;) {
    const before = process.cpuUsage();
    isDone = image.replaySlice(endOffset);
    const { user, system } = process.cpuUsage(before);
    took.push((user + system) / 1_000);
  }
  return took;
}

function times(count: number, run: (at: number) => void): void {
  for (let at = 0; at < count; at += 1) run(at);
}

const producerIds = (at: number): MetadataRecord =>
  ProducerIdsRecord.of(0, { brokerId: 1, brokerEpoch: 1, nextProducerId: at * 1_000 });
