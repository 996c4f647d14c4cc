/**
 * A record of the log in words: what happened, to what, and who caused it, where the cluster still knows. One change of
 * many partitions is one sentence.
 */
import type { LogLine } from "../client/metadata-log.ts";
import { counted, whole } from "./numbers.ts";

/** How it is to be taken: `bad` lost something, `good` brought something back, `quiet` is of no news. */
export type Tone = "bad" | "good" | "plain" | "quiet";

export interface Sentence {
  /** Of the first record. */
  readonly offset: number;
  readonly timestampMs: number;
  readonly epoch: number;
  /** What it is about, as `broker 3` or a topic's name; empty for the cluster. */
  readonly about: string;
  readonly text: string;
  readonly who: string;
  readonly tone: Tone;
  /** What several records of the kind say together, after how many of them; empty where each stands for itself. */
  readonly together: string;
  /** How many records say it together. */
  readonly records: number;
}

/** Of topic ids. */
export type Names = ReadonlyMap<string, string>;

/** Newest first. Lines are in the order of the log. */
export function sentencesOf(lines: readonly LogLine[], names: Names): readonly Sentence[] {
  const known = new Map(names);
  const sentences: Sentence[] = [];
  for (const line of lines) {
    if (line.type === "TOPIC_RECORD")
      known.set(text(line.data["topicId"]), text(line.data["name"]));
    const next = sentenceOf(line, known);
    const last = sentences.at(-1);
    if (last !== undefined && isSame(last, next))
      sentences[sentences.length - 1] = { ...last, records: last.records + 1 };
    else sentences.push(next);
  }
  return sentences.map(together).toReversed();
}

/** Of one batch, about one thing, of one kind. */
const isSame = (one: Sentence, other: Sentence): boolean =>
  one.epoch === other.epoch &&
  one.timestampMs === other.timestampMs &&
  one.about === other.about &&
  one.who === other.who &&
  (one.together === "" ? one.text === other.text : one.together === other.together);

const together = (sentence: Sentence): Sentence => {
  const { records, together: words } = sentence;
  if (records === 1) return sentence;
  return {
    ...sentence,
    text:
      words === "" ? `${sentence.text} · ${whole(records)} times` : `${whole(records)} ${words}`,
  };
};

function sentenceOf(line: LogLine, names: Names): Sentence {
  const { about, words, tone, together: many = "" } = meaningOf(line, names);
  return {
    offset: line.offset,
    timestampMs: line.timestamp_ms,
    epoch: line.leader_epoch,
    about,
    text: words,
    who: whoOf(line),
    tone,
    together: many,
    records: 1,
  };
}

function whoOf({ cause }: LogLine): string {
  if (cause === undefined) return "";
  if ("controller_id" in cause) return `controller ${cause.controller_id} by itself`;
  const { principal, client_id: client, api } = cause;
  const name = principal.replace(/^User:/, "");
  const by = client === "" || client === "kedge-worker" ? api : `${api}, ${client}`;
  return `${name} (${by})`;
}

interface Meaning {
  readonly about: string;
  readonly words: string;
  readonly tone: Tone;
  readonly together?: string;
}

type Data = LogLine["data"];

const plain = (about: string, words: string): Meaning => ({ about, words, tone: "plain" });
const quiet = (words: string): Meaning => ({ about: "", words, tone: "quiet" });

/** By the type of the record. */
const MEANINGS: Readonly<Record<string, (data: Data, names: Names) => Meaning>> = {
  LEADER_CHANGE: ({ leaderId }) => ({
    about: `controller ${text(leaderId)}`,
    words: "was elected and leads the quorum",
    tone: "good",
  }),
  KRAFT_VERSION: ({ kRaftVersion }) => quiet(`kraft.version is ${text(kRaftVersion)}`),
  KRAFT_VOTERS: ({ voters }) => plain("", `the quorum has ${counted(lengthOf(voters), "voter")}`),
  SNAPSHOT_HEADER: () => quiet("a snapshot begins"),
  SNAPSHOT_FOOTER: () => quiet("a snapshot ends"),
  NO_OP_RECORD: () => quiet("nothing to say, to show that the quorum commits"),
  BEGIN_TRANSACTION_RECORD: ({ name }) => quiet(`a transaction begins: ${text(name)}`),
  END_TRANSACTION_RECORD: () => quiet("the transaction is whole"),
  ABORT_TRANSACTION_RECORD: ({ reason }) => quiet(`the transaction is undone: ${text(reason)}`),
  REGISTER_CONTROLLER_RECORD: ({ controllerId }) =>
    plain(`controller ${text(controllerId)}`, "registered"),
  UNREGISTER_CONTROLLER_RECORD: ({ controllerId }) => ({
    about: `controller ${text(controllerId)}`,
    words: "was unregistered",
    tone: "bad",
  }),
  REGISTER_BROKER_RECORD: ({ brokerId, fenced }) =>
    plain(
      `broker ${text(brokerId)}`,
      fenced === true ? "registered, and is fenced until it has caught up" : "registered",
    ),
  UNREGISTER_BROKER_RECORD: ({ brokerId }) => ({
    about: `broker ${text(brokerId)}`,
    words: "was unregistered",
    tone: "bad",
  }),
  BROKER_REGISTRATION_CHANGE_RECORD: registrationChange,
  TOPIC_RECORD: ({ name }) => plain(text(name), "was created"),
  REMOVE_TOPIC_RECORD: ({ topicId }, names) => ({
    about: nameOf(topicId, names),
    words: "was deleted",
    tone: "bad",
  }),
  PARTITION_RECORD: ({ topicId }, names) => ({
    ...plain(nameOf(topicId, names), "a partition was placed"),
    together: "partitions were placed",
  }),
  PARTITION_CHANGE_RECORD: partitionChange,
  CONFIG_RECORD: ({ resourceType, resourceName, name, value }) => {
    const owner = text(resourceName);
    const about = resourceType === 4 ? (owner === "" ? "all brokers" : `broker ${owner}`) : owner;
    const words =
      value === null ? `${text(name)} is the default again` : `${text(name)} = ${text(value)}`;
    return plain(about, words);
  },
  FEATURE_LEVEL_RECORD: ({ name, featureLevel }) =>
    plain("", `feature ${text(name)} is at level ${text(featureLevel)}`),
  CLIENT_QUOTA_RECORD: ({ entity, key, value, remove }) => {
    const who = listOf(entity)
      .map((each) => `${text(each["entityType"])} ${text(each["entityName"] ?? "any other")}`)
      .join(", ");
    return plain(
      who,
      remove === true ? `${text(key)} was taken away` : `${text(key)} = ${text(value)}`,
    );
  },
  USER_SCRAM_CREDENTIAL_RECORD: ({ name }) => plain(`user ${text(name)}`, "has a SCRAM credential"),
  REMOVE_USER_SCRAM_CREDENTIAL_RECORD: ({ name }) =>
    plain(`user ${text(name)}`, "lost a SCRAM credential"),
  ACCESS_CONTROL_ENTRY_RECORD: ({ principal, resourceName }) =>
    plain(text(principal), `has an access control entry about ${text(resourceName)}`),
  REMOVE_ACCESS_CONTROL_ENTRY_RECORD: () => plain("", "an access control entry was deleted"),
  DELEGATION_TOKEN_RECORD: () => plain("", "a delegation token was made or renewed"),
  REMOVE_DELEGATION_TOKEN_RECORD: () => plain("", "a delegation token was taken away"),
  PRODUCER_IDS_RECORD: ({ brokerId, nextProducerId }) => ({
    about: `broker ${text(brokerId)}`,
    words: `took producer ids up to ${text(nextProducerId)}`,
    tone: "quiet",
  }),
  CLEAR_ELR_RECORD: ({ topicName }) =>
    plain(text(topicName), "eligible leader replicas were cleared"),
};

const meaningOf = ({ type, data }: LogLine, names: Names): Meaning =>
  MEANINGS[type]?.(data, names) ??
  plain(
    "",
    type
      .toLowerCase()
      .replaceAll("_", " ")
      .replace(/ record$/, ""),
  );

function registrationChange({ brokerId, fenced, inControlledShutdown }: Data): Meaning {
  const about = `broker ${text(brokerId)}`;
  if (inControlledShutdown === 1) return plain(about, "shuts down, and hands its leaders over");
  if (fenced === 1) return { about, words: "was fenced", tone: "bad" };
  if (fenced === -1) return { about, words: "has caught up and runs", tone: "good" };
  return plain(about, "changed its registration");
}

function partitionChange({ topicId, leader, isr, ...more }: Data, names: Names): Meaning {
  const about = nameOf(topicId, names);
  if (leader === -1) {
    const words = "a partition lost its leader";
    return { about, words, tone: "bad", together: "partitions lost their leader" };
  }
  if (lengthOf(more["addingReplicas"]) + lengthOf(more["removingReplicas"]) > 0)
    return plain(about, "a partition is on its way to other replicas");
  const changed = {
    about,
    tone: "plain",
    together: "partitions changed leader or in-sync replicas",
  } as const;
  if (typeof leader === "number" && leader >= 0)
    return { ...changed, words: `broker ${leader} leads a partition` };
  return {
    ...changed,
    words: Array.isArray(isr) ? `in sync: ${isr.join(", ")}` : "a partition changed",
  };
}

const nameOf = (topicId: unknown, names: Names): string =>
  names.get(text(topicId)) ?? `topic ${text(topicId)}`;

function text(value: unknown): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  return value === null || value === undefined ? "" : JSON.stringify(value);
}

const lengthOf = (value: unknown): number => (Array.isArray(value) ? value.length : 0);

const listOf = (value: unknown): readonly Data[] => (Array.isArray(value) ? value : []);
