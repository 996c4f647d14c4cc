/**
 * Which records of the log a reader wants to see: of some types, about some topics. A record of a partition names its
 * topic by id alone, so names are turned into ids: those of the topics that there are when the reading begins, and of
 * those that come to be while it goes on.
 */
import { topicByName, type MetadataImage } from "../../src/metadata/index.ts";
import type { LogLine } from "./log-lines.ts";

/** Null where anything is wanted. */
export interface Wanted {
  readonly types: ReadonlySet<string> | null;
  /** Names, and ids in Kafka's form. */
  readonly topics: ReadonlySet<string> | null;
}

/** Whether a line is wanted. Lines are put to it in the order of the log. */
export type LogFilter = (line: LogLine) => boolean;

export function logFilter({ types, topics }: Wanted, image: MetadataImage | null): LogFilter {
  const wanted = new Set(topics);
  if (image !== null)
    for (const name of topics ?? []) {
      const known = topicByName(image.topics, name);
      if (known !== undefined) wanted.add(known.id);
    }
  return (line) => {
    if (topics !== null) {
      if (!line.topics.some((topic) => wanted.has(topic))) return false;
      if (line.type === "TOPIC_RECORD") for (const topic of line.topics) wanted.add(topic);
    }
    return types === null || types.has(line.type);
  };
}

/** Those that are wanted, each looked at when it is asked for. */
export function* wantedOf(lines: Iterable<LogLine>, keeps: LogFilter): Generator<LogLine> {
  for (const line of lines) if (keeps(line)) yield line;
}
