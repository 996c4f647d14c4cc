/**
 * What the image costs: bytes per partition at two million of them, and the time of what a controller does with them.
 * Run alone: `node --expose-gc bench/image.bench.ts [partitions] [topics]`. Absolute numbers are this machine's; the
 * bytes are the point, against the 128 MB of one isolate.
 */
import { seeded, nextInt, type Random } from "../src/std/random.ts";
import {
  applyRecords,
  emptyImage,
  imageToRecords,
  partitionsLedBy,
  partitionsWithIsrMember,
  type MetadataImage,
} from "../src/metadata/index.ts";
import {
  FeatureLevelRecord,
  PartitionChangeRecord,
  PartitionRecord,
  TopicRecord,
  type MetadataRecord,
} from "../src/protocol/index.ts";
import { syntheticId } from "./synthetic-id.ts";

const BROKERS = 100;
const DIRECTORIES_PER_BROKER = 2;
const RECORDS_PER_BATCH = 10_000;

const [partitionCount = 2_000_000, topicCount = 20_000] = process.argv.slice(2).map(Number);

const used = (): number => {
  if (globalThis.gc === undefined) throw new Error("run with --expose-gc");
  globalThis.gc();
  globalThis.gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};

let random: Random = seeded(7);
const draw = (bound: number): number => {
  const drawn = nextInt(random, bound);
  ({ random } = drawn);
  return drawn.value;
};

function* records(): Generator<MetadataRecord, void, undefined> {
  yield FeatureLevelRecord.of(0, { name: "metadata.version", featureLevel: 25 });
  const perTopic = Math.ceil(partitionCount / topicCount);
  for (let topic = 0; topic < topicCount; topic += 1) {
    const topicId = syntheticId(topic);
    yield TopicRecord.of(0, { name: `topic-${topic}`, topicId });
    for (let partitionId = 0; partitionId < perTopic; partitionId += 1) {
      const first = draw(BROKERS);
      const replicas = [first, (first + 1 + draw(40)) % BROKERS, (first + 50 + draw(40)) % BROKERS];
      // One in ten is not wholly in sync, as on a cluster on a bad day.
      const isr = draw(10) === 0 ? replicas.slice(0, 2) : replicas;
      yield PartitionRecord.of(2, {
        topicId,
        partitionId,
        replicas,
        isr,
        leader: first,
        leaderEpoch: 0,
        partitionEpoch: 0,
        directories: replicas.map((id) =>
          syntheticId(1_000_000 + id * DIRECTORIES_PER_BROKER + draw(DIRECTORIES_PER_BROKER)),
        ),
      });
    }
  }
}

function loaded(): MetadataImage {
  let image = emptyImage;
  let batch: MetadataRecord[] = [];
  let endOffset = 0;
  const flush = (): void => {
    endOffset += batch.length;
    image = applyRecords(image, batch, { endOffset, epoch: 1, timestampMs: 0 });
    batch = [];
  };
  for (const record of records()) {
    batch.push(record);
    if (batch.length === RECORDS_PER_BATCH) flush();
  }
  flush();
  return image;
}

function timed<Result>(what: string, work: () => Result): Result {
  const start = process.hrtime.bigint();
  const result = work();
  const ms = Number(process.hrtime.bigint() - start) / 1e6;
  console.log(`${what.padEnd(52)} ${ms.toFixed(1).padStart(9)} ms`);
  return result;
}

const before = used();
const image = timed(`replay ${partitionCount} partitions of ${topicCount} topics`, loaded);
const bytes = used() - before;
console.log(
  `${"the image holds".padEnd(52)} ${(bytes / 1e6).toFixed(1).padStart(9)} MB, ` +
    `${(bytes / image.topics.partitionCount).toFixed(1)} bytes a partition`,
);
const led = timed("which partitions does broker 7 lead", () => [
  ...partitionsLedBy(image.topics, 7),
]);
console.log(`${"".padEnd(52)} ${String(led.length).padStart(9)} found`);
const inSync = timed("which partitions have broker 7 in sync", () => [
  ...partitionsWithIsrMember(image.topics, 7),
]);
console.log(`${"".padEnd(52)} ${String(inSync.length).padStart(9)} found`);
timed("a scan that finds nothing", () => [...partitionsLedBy(image.topics, -1)]);

const changes = inSync.slice(0, RECORDS_PER_BATCH).map(({ topicId, partitionId, partition }) =>
  PartitionChangeRecord.of(2, {
    topicId,
    partitionId,
    isr: partition.isr.filter((id) => id !== 7),
  }),
);
timed(`apply a batch of ${changes.length} changes, spread wide`, () =>
  applyRecords(image, changes, image.provenance),
);
const [change] = changes;
if (change !== undefined) {
  timed("apply 10,000 batches of one change", () => {
    let working = image;
    for (let turn = 0; turn < 10_000; turn += 1) {
      working = applyRecords(working, [change], image.provenance);
    }
    return working;
  });
}
timed("write the snapshot's records", () => {
  let count = 0;
  for (const _record of imageToRecords(image)) count += 1;
  return count;
});
