/** `kedge feed`: the committed log as it grows, a line for each record. */
import { Command } from "commander";
import type { FeedEvent } from "../client/feed.ts";
import type { LogLine } from "../client/metadata-log.ts";
import { asksCluster, askedCluster, type Asked } from "./deployment.ts";
import { numberOf } from "./numbers.ts";
import { tell } from "./table-of-text.ts";

interface Given extends Asked {
  readonly from?: string;
  readonly types?: string;
  readonly follow: boolean;
}

export const feed = (): Command =>
  asksCluster(new Command("feed"))
    .summary("the committed log as it grows, record by record")
    .option(
      "--from <offset>",
      "where to begin; what comes next unless said, and 0 with --no-follow",
    )
    .option("--types <type,…>", "of these types alone, as TOPIC_RECORD")
    .option("--no-follow", "ends where the log does")
    .action(run);

async function run(given: Given): Promise<void> {
  const cluster = await askedCluster(given);
  const { high_watermark: end } = await cluster.quorum.describe();
  const beginning = given.follow ? end : 0;
  const from =
    given.from === undefined
      ? beginning
      : numberOf("--from", given.from, { min: 0, max: Number.MAX_SAFE_INTEGER });
  const types = (given.types ?? "").split(",").filter((type) => type !== "");
  for await (const event of cluster.feed({ from, ...(types.length === 0 ? {} : { types }) })) {
    if (event.kind === "records") for (const line of event.lines) tell(given, line, textOf(line));
    else console.error(`kedge: ${sentenceOf(event)}`);
    if (!given.follow && isAtEnd(event)) return;
  }
  process.exitCode = 1;
}

/** Nothing more was there when it was asked. */
const isAtEnd = (event: FeedEvent): boolean =>
  event.kind === "records" && event.highWatermark !== null && event.next >= event.highWatermark;

/** `123 2026-11-26T10:00:00.000Z TOPIC_RECORD name=orders topicId=…` */
function textOf({ offset, timestamp_ms: ms, type, data }: LogLine): string {
  const fields = Object.entries(data).map(
    ([name, value]) => `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`,
  );
  return `${offset} ${new Date(ms).toISOString()} ${type} ${fields.join(" ")}`;
}

function sentenceOf(event: Exclude<FeedEvent, { readonly kind: "records" }>): string {
  if (event.kind === "interrupted")
    return `${event.error.message}; again in ${(event.retryInMs / 1_000).toFixed(1)} s`;
  if (event.kind === "compacted")
    return `the log begins at ${event.next}: what came before is in a snapshot`;
  return `the log does not hold offset ${event.seen.offset} of epoch ${event.seen.epoch}: it is another cluster's now`;
}
