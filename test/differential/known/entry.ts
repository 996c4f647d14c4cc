/**
 * An entry of the ledger: one way in which this controller and Kafka's differ knowingly, and how it is recognised.
 */
import { allPartitions, partitionAt } from "../../../src/metadata/image/topics-image.ts";
import type { Partition } from "../../../src/metadata/image/partition.ts";
import type { ApiName, MetadataRecord } from "../../../src/protocol/index.ts";
import { comparableImage, comparableResponse, inJson } from "../comparable.ts";
import type { Difference } from "../controller-pair.ts";
import type { Telling } from "../telling.ts";

export { inJson };

export interface Known {
  /** One sentence; the page has it as the entry's name. */
  readonly title: string;
  readonly apis: readonly ApiName[];
  readonly kafka: string;
  readonly here: string;
  readonly why: string;
  /** Kafka's own issue, where there is one. */
  readonly issue?: string;
  /** Releases that differ so; all of them where it is left out. */
  readonly releases?: readonly string[];
  /** At which it is shown; 25 (4.0-IV3) where it is left out. */
  readonly metadataVersion?: number;
  /** Whether it is shown with eligible leader replicas on. */
  readonly elr?: true;
  /** Whether these requests leave Kafka's controller with an index that is not true: both begin anew after them. */
  readonly spoils?: true;
  readonly explains: (difference: Difference) => boolean;
  /** Requests among which the difference is, in a world of no brokers and no topics. */
  readonly shown: (told: Telling) => Promise<void>;
}

/** A field of a request, whatever its type. */
export const asks = ({ asked }: Difference, name: string): unknown => fieldOf(asked.body, name);

/** A field of a response, whatever its type; undefined where it has none. */
export const fieldOf = (value: unknown, name: string): unknown =>
  value !== null && typeof value === "object"
    ? Object.entries(value).find(([key]) => key === name)?.[1]
    : undefined;

export const typesOf = (records: readonly MetadataRecord[]): readonly string[] =>
  records.map(({ type }) => type);

/** Whether the responses are the same once both are rewritten. */
export function sameResponses(
  { asked, ours, theirs }: Difference,
  rewrite: (text: string) => string = (text) => text,
): boolean {
  const [here, there] = [ours, theirs].map(({ response }) =>
    rewrite(inJson(comparableResponse(asked.name, response))),
  );
  return here === there;
}

export function sameImages({ before, ours, theirs }: Difference): boolean {
  const placed = new Set<string>();
  const [here, there] = [ours, theirs].map(({ image }) =>
    inJson(comparableImage(image, { before, placed })),
  );
  return here === there;
}

export interface Answers {
  readonly ours: unknown;
  readonly theirs: unknown;
}

/** The resources of a list of the response that are answered otherwise; none where the lists name others. */
export function differentAnswers(
  { asked, in: where, ours, theirs }: Difference,
  list: string,
): readonly Answers[] {
  if (where !== "response") return [];
  const [here, there] = [ours, theirs].map(({ response }) => {
    const rows: unknown = fieldOf(comparableResponse(asked.name, response), list);
    const byResource = new Map<string, unknown>();
    for (const row of Array.isArray(rows) ? rows : []) {
      const names = ["resourceType", "resourceName", "name"].map((name) => fieldOf(row, name));
      byResource.set(inJson(names), row);
    }
    return byResource;
  });
  if (here === undefined || there?.size !== here.size) return [];
  return [...here]
    .filter(([key, row]) => inJson(row) !== inJson(there.get(key)))
    .map(([key, row]) => ({ ours: row, theirs: there.get(key) }));
}

/** Whether some resource is answered otherwise, and each that is in this way. */
export function answersDiffer(
  difference: Difference,
  list: string,
  inThisWay: (answers: Answers) => boolean,
): boolean {
  const answers = differentAnswers(difference, list);
  return answers.length > 0 && answers.every((answer) => inThisWay(answer));
}

export interface Row {
  readonly before: Partition | undefined;
  readonly ours: Partition | undefined;
  readonly theirs: Partition | undefined;
}

/** Partitions that were there before and are not the same on both sides now. */
export function differentPartitions({ before, ours, theirs }: Difference): readonly Row[] {
  const rows: Row[] = [];
  for (const { topicId, partitionId, partition } of allPartitions(before.topics)) {
    const [here, there] = [ours, theirs].map(({ image }) =>
      partitionAt(image.topics, topicId, partitionId),
    );
    if (inJson(here) !== inJson(there)) rows.push({ before: partition, ours: here, theirs: there });
  }
  return rows;
}

/** Whether some partition differs, and each that does in this way. */
export function partitionsDiffer(
  difference: Difference,
  inThisWay: (row: Row) => boolean | undefined,
): boolean {
  const rows = differentPartitions(difference);
  return rows.length > 0 && rows.every((row) => inThisWay(row));
}

export function without(value: object | undefined, ...names: readonly string[]): string {
  return inJson(Object.entries(value ?? {}).filter(([name]) => !names.includes(name)));
}
