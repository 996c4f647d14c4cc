/**
 * What of Kafka's refusals stands beside a response in Kafka's JSON form: its numbers mean nothing to a reader, and some
 * responses have no field for words. Headers, since a field more would no longer be Kafka's form.
 */
import { ErrorCode, errorName, type ErrorName } from "../../src/protocol/index.ts";

/** A header's length: a sentence, and whatever name is in it. */
const MESSAGE_CHARACTERS_MAX = 1_000;

/** The headers of a response: those of the first refusal in it, read from the top; none where there is no refusal. */
export function refusalHeaders(response: object): Readonly<Record<string, string>> {
  const refusal = firstRefusal(response);
  if (refusal === null) return {};
  const message = refusal.message === "" ? sentenceOf(refusal.name) : refusal.message;
  return {
    "Kafka-Error": refusal.name,
    ...(message === undefined ? {} : { "Kafka-Error-Message": headerText(message) }),
  };
}

interface Refusal {
  readonly name: string;
  /** Kafka's words, "" where there are none. */
  readonly message: string;
}

/** A message's own code comes before those of what it lists. */
function firstRefusal(value: unknown): Refusal | null {
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return null;
  if ("errorCode" in value && typeof value.errorCode === "number") {
    const said = "errorMessage" in value ? value.errorMessage : null;
    const message = typeof said === "string" ? said : "";
    if (value.errorCode !== ErrorCode.NONE) return { name: errorName(value.errorCode), message };
  }
  for (const each of Object.values(value)) {
    const found = firstRefusal(each);
    if (found !== null) return found;
  }
  return null;
}

/** Printable ASCII as it is, all else percent-encoded, "%" too: a header has no other letters. */
const headerText = (message: string): string =>
  message
    .slice(0, MESSAGE_CHARACTERS_MAX)
    .toWellFormed()
    .replaceAll(/[^\u0020-\u007e]|%/gu, (letter) => encodeURIComponent(letter));

/** What the codes mean in responses that have no field for words: those to brokers. */
const SENTENCES: { readonly [Name in ErrorName]?: string } = {
  BROKER_ID_NOT_REGISTERED: "No broker is registered under this id.",
  CLUSTER_AUTHORIZATION_FAILED: "Who asks may not do this in the name of that broker.",
  DUPLICATE_BROKER_REGISTRATION:
    "Another incarnation of this broker is alive: its session must end first, or it must be fenced.",
  FENCED_LEADER_EPOCH: "The leader epoch is older than the partition's.",
  INCONSISTENT_CLUSTER_ID: "The broker belongs to another cluster.",
  INELIGIBLE_REPLICA: "A replica in the new ISR is fenced, shutting down or not registered so.",
  INVALID_REGISTRATION:
    "One of these does not hold: the id is at least 0 and no controller's; there are log directories, each once, none reserved and none another broker's; each feature is once, its range is one, and metadata.version is among them; listeners and features are not too many.",
  INVALID_REPLICA_ASSIGNMENT: "The new ISR has a replica that the partition does not have.",
  INVALID_REQUEST: "The request contradicts itself, or asks for what cannot be.",
  INVALID_UPDATE_VERSION: "The partition has changed since: read it again.",
  NEW_LEADER_ELECTED: "Another broker leads the partition now.",
  NOT_CONTROLLER: "This controller leads no more; the change may have been made.",
  OPERATION_NOT_ATTEMPTED: "Nothing was tried, because of something else in the request.",
  REQUEST_TIMED_OUT: "No commit came in time; the change may be made yet.",
  STALE_BROKER_EPOCH: "The broker epoch is not that of the broker's present incarnation.",
  UNKNOWN_LEADER_EPOCH: "The leader epoch is newer than the partition's.",
  UNKNOWN_TOPIC_ID: "There is no topic of this id.",
  UNKNOWN_TOPIC_OR_PARTITION: "There is no such topic or partition.",
  UNSUPPORTED_VERSION:
    "The broker does not support a feature at its finalized level, or the request is of another release.",
};

const sentenceOf = (name: string): string | undefined =>
  Object.entries(SENTENCES).find(([each]) => each === name)?.[1];
