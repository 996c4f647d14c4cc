/**
 * What the committed log says happened to the topics, as a history of its own: every operation in it has a place. What
 * clients were told is held against it.
 */
import type { LogLine } from "../../client/cluster-client.ts";
import { describeOperation, type LogPlace, type Operation } from "../linearizability/operation.ts";
import type { TopicInput, TopicOutput } from "../linearizability/topic.ts";
import { CONFIG, type Shown } from "./clients.ts";

type TopicOperation = Operation<TopicInput, TopicOutput>;

/** Kafka's `ConfigResource.Type.TOPIC`. */
const TOPIC_RESOURCE = 2;

/** A record's fields, of those types that are read here. */
interface Data {
  readonly name?: string;
  readonly topicId?: string;
  readonly partitionId?: number;
  readonly resourceType?: number;
  readonly resourceName?: string;
  readonly value?: string | null;
}

/** One topic, from its creation to its end. */
interface Life {
  readonly topic: string;
  readonly from: number;
  /** Infinity while it lasts. */
  until: number;
  partitions: number;
}

export class LogStory {
  readonly #lives = new Map<string, Life>();
  readonly #operations: TopicOperation[] = [];
  /** Every value that a config ever had, by topic; each was set once. */
  readonly #values = new Map<string, LogPlace>();
  /** Where each partition was created, by topic and id. */
  readonly #partitions = new Map<string, number[]>();

  /**
   * Reads the whole log. `history` says how many partitions a topic was created with: the records do not, since later
   * ones look the same. A partition of a topic whose creator was told nothing is told as growth.
   */
  constructor(lines: readonly LogLine[], history: readonly TopicOperation[]) {
    const created = createdPartitions(history);
    for (const { type, offset, data } of lines) {
      const fields: Data = data;
      if (type === "TOPIC_RECORD") this.#create(fields, offset, created);
      else if (type === "PARTITION_RECORD") this.#grow(fields, offset, created);
      else if (type === "REMOVE_TOPIC_RECORD") this.#remove(fields, offset);
      else if (type === "CONFIG_RECORD") this.#configure(fields, offset);
    }
  }

  /** All of it that wrote, in the order of the log. */
  get operations(): readonly TopicOperation[] {
    return this.#operations;
  }

  /** The names of the topics that are there at the end. */
  get alive(): readonly string[] {
    return [...this.#lives.values()]
      .filter(({ until }) => until === Number.POSITIVE_INFINITY)
      .map(({ topic }) => topic);
  }

  /** What was acknowledged and is not in the log; undefined when everything is. */
  complaintAboutAcknowledged(history: readonly TopicOperation[]): string | undefined {
    const lost = history.find((operation) => operation.output !== null && !this.#holds(operation));
    return lost === undefined ? undefined : `${describeOperation(lost)}, and the log has no such`;
  }

  /**
   * The first answer that there is no topic of a name, although there was one throughout: from the position that the
   * client had been shown before, to the furthest that the answer claims.
   */
  complaintAboutMissing(reads: readonly Shown[]): string | undefined {
    const lives = Map.groupBy(this.#lives.values(), ({ topic }) => topic);
    for (const { client, topic, before, position, output } of reads) {
      if (output.kind !== "unknown-topic") continue;
      const whole = lives
        .get(topic)
        ?.find(({ from, until }) => from <= before.offset && until > position.offset);
      if (whole !== undefined)
        return `${client} was told at ${position.offset} that there is no ${topic}, created at ${whole.from}`;
    }
    return undefined;
  }

  #holds({ input, output }: TopicOperation): boolean {
    switch (output?.kind) {
      case "created":
        return this.#lives.has(output.topicId);
      case "config-set":
        return input.kind === "set-config" && this.#values.has(input.value);
      case "grown": {
        if (input.kind !== "grow") return false;
        return this.#partitions.has(`${input.topic} ${input.partitions - 1}`);
      }
      default:
        return true;
    }
  }

  #create({ name = "", topicId = "" }: Data, offset: number, created: CreatedPartitions): void {
    this.#lives.set(topicId, {
      topic: name,
      from: offset,
      until: Number.POSITIVE_INFINITY,
      partitions: 0,
    });
    const partitions = created.get(topicId) ?? 1;
    const place = { endOffset: offset + 1 + partitions, records: 1 + partitions };
    this.#tell({ kind: "create", topic: name, partitions }, { kind: "created", topicId }, place);
  }

  #grow(
    { topicId = "", partitionId = -1 }: Data,
    offset: number,
    created: CreatedPartitions,
  ): void {
    const life = this.#lives.get(topicId);
    if (life === undefined) return;
    const { topic } = life;
    life.partitions = partitionId + 1;
    const key = `${topic} ${partitionId}`;
    this.#partitions.set(key, [...(this.#partitions.get(key) ?? []), offset]);
    // Told with the topic's creation.
    if (partitionId < (created.get(topicId) ?? 1)) return;
    const input = { kind: "grow", topic, partitions: partitionId + 1 } as const;
    this.#tell(input, { kind: "grown" }, { endOffset: offset + 1, records: 1 });
  }

  #remove({ topicId = "" }: Data, offset: number): void {
    const life = this.#lives.get(topicId);
    if (life === undefined) return;
    life.until = offset;
    const place = { endOffset: offset + 1, records: 1 };
    this.#tell({ kind: "delete", topic: life.topic }, { kind: "deleted" }, place);
  }

  #configure({ resourceType, resourceName: topic = "", name, value }: Data, offset: number): void {
    // A topic that is deleted loses its configs by records without a value.
    if (resourceType !== TOPIC_RESOURCE || name !== CONFIG || typeof value !== "string") return;
    const place = { endOffset: offset + 1, records: 1 };
    this.#values.set(value, place);
    this.#tell({ kind: "set-config", topic, name, value }, { kind: "config-set" }, place);
  }

  #tell(input: TopicInput, output: TopicOutput, place: LogPlace): void {
    const times = { callAt: 0, returnAt: Number.POSITIVE_INFINITY };
    this.#operations.push({ client: "the log", ...times, input, output, place });
  }
}

/** By the id of a topic whose creator was told it. */
type CreatedPartitions = ReadonlyMap<string, number>;

function createdPartitions(history: readonly TopicOperation[]): CreatedPartitions {
  return new Map(
    history.flatMap(({ input, output }) =>
      input.kind === "create" && output?.kind === "created"
        ? [[output.topicId, input.partitions] as const]
        : [],
    ),
  );
}
