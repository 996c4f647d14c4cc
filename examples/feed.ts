/**
 * A reader of the metadata log: it follows `/metadata-log` as NDJSON, prints topics as they change, and keeps its place
 * in a file, so that a reader that is started again goes on where the last one stopped. Node runs it as it is; it
 * needs no package and nothing of this repository.
 *
 *     node examples/feed.ts --token-file viewer.token http://127.0.0.1:8787/kafka/v3/clusters/<cluster id> topics.json
 *
 * Its token is a viewer's. It comes from a file or from KEDGE_TOKEN, never from an argument, which every list of
 * processes would show.
 *
 * The feed shows committed records only, each offset once and in order. It is no view of the metadata: what a record
 * means is for the reader to work out, here for three kinds of them.
 */
import { readFile, rename, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";

/** One line of the feed: one record, named as `kafka-dump-log` names it. */
interface Line {
  readonly offset: number;
  readonly leader_epoch: number;
  readonly timestamp_ms: number;
  readonly type: string;
  readonly version: number;
  readonly data: {
    readonly name?: string;
    readonly topicId?: string;
    readonly partitionId?: number;
    readonly leader?: number;
    readonly isr?: readonly number[];
  };
}

/** All that has to survive a restart. */
interface Place {
  /** The offset of the next record to read. */
  readonly next: number;
  /** Topics by id: a record of a partition names its topic by id alone. */
  readonly topics: Readonly<Record<string, Topic>>;
}

interface Topic {
  readonly name: string;
  readonly partitions: number;
}

/** How long the server holds an answer that would be empty: a poll every 20 s when nothing happens. */
const WAIT_MS = 20_000;
const PAUSE_MS = 500;
/** Of HTTP: not now, though a moment later it may be. */
const TOO_MANY_REQUESTS = 429;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { "token-file": { type: "string" } },
});
const [url, file] = positionals;
if (url === undefined || file === undefined) {
  console.error("node examples/feed.ts [--token-file FILE] <cluster url> <file>");
  process.exit(2);
}
await follow({ url, headers: await credentials(values["token-file"]) }, file);

/** Where the feed is, and what lets a reader in. */
interface Source {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

async function credentials(tokenFile: string | undefined): Promise<Source["headers"]> {
  const { KEDGE_TOKEN } = process.env;
  const token = tokenFile === undefined ? KEDGE_TOKEN : (await readFile(tokenFile, "utf8")).trim();
  return token === undefined ? {} : { Authorization: `Bearer ${token}` };
}

async function follow(source: Source, placeFile: string): Promise<void> {
  let place = await savedPlace(placeFile);
  console.log(`reading from offset ${place.next}`);
  for (;;) {
    const range = await rangeFrom(source, place.next);
    if (range === undefined) {
      await new Promise((settle) => setTimeout(settle, PAUSE_MS));
      continue;
    }
    if (range.next === place.next) continue;
    const topics = { ...place.topics };
    for (const line of range.lines)
      for (const change of changesOf(topics, line)) console.log(change);
    place = { next: range.next, topics };
    // Printed first and saved second: after a crash a change may be printed twice, but none is lost.
    await savePlace(placeFile, place);
  }
}

/** One range of the committed log; undefined when no controller served it, which time may cure. */
async function rangeFrom(
  { url: cluster, headers }: Source,
  offset: number,
): Promise<{ readonly lines: readonly Line[]; readonly next: number } | undefined> {
  let response: Response;
  let text: string;
  try {
    const range = `from_offset=${offset}&wait_ms=${WAIT_MS}`;
    response = await fetch(`${cluster}/metadata-log?${range}`, { headers });
    text = await response.text();
  } catch (error) {
    console.error(`not reached: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
  if (response.status >= 500 || response.status === TOO_MANY_REQUESTS) {
    console.error(`not served: ${response.status} ${text}`);
    return undefined;
  }
  // Among them 410: the log no longer begins where this reader stopped, so it cannot go on from its own place.
  if (!response.ok) throw new Error(`refused: ${response.status} ${text}`);
  const lines = text
    .split("\n")
    .filter((line) => line !== "")
    .map((line): Line => JSON.parse(line));
  return { lines, next: Number(response.headers.get("Kafka-Next-Offset")) };
}

/** What one record says about topics, in words; `topics` follows it. */
function changesOf(topics: Record<string, Topic>, line: Line): readonly string[] {
  const { topicId = "", partitionId = 0, name = "", leader, isr } = line.data;
  const topic = topics[topicId];
  switch (line.type) {
    case "TOPIC_RECORD":
      topics[topicId] = { name, partitions: 0 };
      return [`${line.offset} topic ${name} was created, id ${topicId}`];
    case "PARTITION_RECORD": {
      if (topic === undefined) return [];
      topics[topicId] = { ...topic, partitions: topic.partitions + 1 };
      return [
        `${line.offset} ${topic.name}-${partitionId} is led by ${leader}, isr ${isr?.join()}`,
      ];
    }
    case "PARTITION_CHANGE_RECORD": {
      // A field that is absent has not changed; leader -1 is none.
      const said = [
        ...(leader === undefined ? [] : [leader === -1 ? "has no leader" : `is led by ${leader}`]),
        ...(isr === undefined ? [] : [`isr ${isr.join()}`]),
      ];
      if (topic === undefined || said.length === 0) return [];
      return [`${line.offset} ${topic.name}-${partitionId} ${said.join(", ")}`];
    }
    case "REMOVE_TOPIC_RECORD": {
      if (topic === undefined) return [];
      delete topics[topicId];
      const count = topic.partitions === 1 ? "1 partition" : `${topic.partitions} partitions`;
      return [`${line.offset} topic ${topic.name} was deleted with ${count}`];
    }
    default:
      return [];
  }
}

/** Where the last reader stopped; the beginning of the log when there was none. */
async function savedPlace(placeFile: string): Promise<Place> {
  let text: string;
  try {
    text = await readFile(placeFile, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") {
      return { next: 0, topics: {} };
    }
    throw error;
  }
  const place: Place = JSON.parse(text);
  return place;
}

/** Replaces the file whole: a reader that is killed leaves the old place or the new one, never a part. */
async function savePlace(placeFile: string, place: Place): Promise<void> {
  const written = `${placeFile}.new`;
  await writeFile(written, JSON.stringify(place));
  await rename(written, placeFile);
}
