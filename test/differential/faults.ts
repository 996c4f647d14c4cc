/**
 * Questions at which Kafka's authorizer throws, so that the request fails with UNKNOWN_SERVER_ERROR, and ours answers.
 * The one that keeps Kafka's thread busy for ever (a name that begins below "*" and shares one letter with an entry's)
 * is not asked.
 */
import { ACL_OPERATION, ACL_PATTERN, ACL_PERMISSION } from "../../src/metadata/image/acls-image.ts";
import type { KafkaAuthorizer } from "./kafka-authorizer.ts";
import { ownAnswers, type Entry, type Question } from "./rule-set.ts";

interface Fault {
  readonly entry: Partial<Entry>;
  readonly question?: Partial<Question>;
  readonly own: string;
  readonly kafka: string;
}

const ENTRY: Entry = {
  resourceType: 3,
  resourceName: "group",
  patternType: ACL_PATTERN.LITERAL,
  principal: "User:alice",
  host: "*",
  operation: ACL_OPERATION.READ,
  permissionType: ACL_PERMISSION.ALLOW,
};

const QUESTION: Question = {
  principal: { type: "User", name: "alice" },
  host: "10.0.0.1",
  operation: "READ",
  resourceType: "GROUP",
  resourceName: "group",
};

const FAULTS: readonly Fault[] = [
  {
    entry: { resourceName: "!group-1" },
    question: { resourceName: "!group-2" },
    own: "DENIED",
    kafka: "threw StringIndexOutOfBoundsException",
  },
  {
    entry: { principal: "User:*" },
    question: { principal: { type: "User", name: "*" } },
    own: "ALLOWED",
    kafka: "threw IllegalArgumentException",
  },
  { entry: { principal: "alice" }, own: "DENIED", kafka: "threw IllegalStateException" },
];

export async function faults(kafka: KafkaAuthorizer): Promise<string> {
  for (const { entry, question, own, kafka: theirs } of FAULTS) {
    const set = {
      allowEveryone: false,
      superUsers: [],
      acls: [{ ...ENTRY, ...entry }],
      questions: [{ ...QUESTION, ...question }],
    };
    // oxlint-disable-next-line no-await-in-loop -- one question after the other
    const said = [ownAnswers(set)[0], (await kafka.answers(set))[0]];
    if (said[0] !== own || said[1] !== theirs) {
      throw new Error(
        `${JSON.stringify(entry)}: this ${String(said[0])}, Kafka ${String(said[1])}`,
      );
    }
  }
  return `${FAULTS.length} questions`;
}
