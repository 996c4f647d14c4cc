/**
 * This project's authorizer and Kafka's own, rule set by rule set.
 */
import { faults } from "./faults.ts";
import type { KafkaAuthorizer } from "./kafka-authorizer.ts";
import { ownAnswers, type RuleSet } from "./rule-set.ts";
import { drawsOf } from "./draws.ts";
import { manyEntries, ruleSet, VOCABULARIES, type Vocabulary } from "./vocabulary.ts";

interface Drawing {
  /** Rule sets of each kind. */
  readonly sets: number;
  readonly seed: number;
}

interface AuthorizerRow {
  readonly title: string;
  /** The first release that it fits. */
  readonly since?: string;
  readonly compare: (kafka: KafkaAuthorizer, drawing: Drawing) => Promise<string>;
}

/** Far enough apart that no two kinds are drawn from the same seeds. */
const SEEDS_OF_A_KIND = 1_000_003;

export const AUTHORIZER_ROWS: readonly AuthorizerRow[] = [
  ...VOCABULARIES.map((vocabulary, at) => ({
    title: vocabulary.title,
    ...(vocabulary.since === undefined ? {} : { since: vocabulary.since }),
    compare: (kafka: KafkaAuthorizer, { sets, seed }: Drawing): Promise<string> =>
      compareSets(kafka, vocabulary, { sets, seed: seed + at * SEEDS_OF_A_KIND }),
  })),
  {
    title: "thousands of entries",
    compare: (kafka, { seed }) => compareAll(kafka, [manyEntries(drawsOf(seed))]),
  },
  { title: "where Kafka throws and this does not", compare: faults },
];

function compareSets(
  kafka: KafkaAuthorizer,
  vocabulary: Vocabulary,
  { sets, seed }: Drawing,
): Promise<string> {
  const draws = Array.from({ length: sets }, (_, at) => drawsOf(seed + at));
  return compareAll(
    kafka,
    draws.map((draw) => ruleSet(vocabulary, draw)),
  );
}

/** Rejects at the first verdict that differs, and when the questions are so that one answer fits nearly all. */
async function compareAll(kafka: KafkaAuthorizer, all: readonly RuleSet[]): Promise<string> {
  const counts = { ALLOWED: 0, DENIED: 0 };
  for (const set of all) {
    const own = ownAnswers(set);
    // oxlint-disable-next-line no-await-in-loop -- one set after the other
    const answers = await kafka.answers(set);
    const at = own.findIndex((answer, index) => answer !== answers[index]);
    // oxlint-disable-next-line no-await-in-loop -- the last thing that is done
    if (at >= 0) throw new Error(await difference(kafka, set, at));
    for (const answer of own) counts[answer] += 1;
  }
  const total = counts.ALLOWED + counts.DENIED;
  const counted = `${total} verdicts, ${counts.ALLOWED} ALLOWED, ${counts.DENIED} DENIED`;
  if (Math.min(counts.ALLOWED, counts.DENIED) < total / 20)
    throw new Error(`one-sided: ${counted}`);
  return `${all.length} sets, ${counted}`;
}

/** The question with as few entries as the difference needs. */
async function difference(kafka: KafkaAuthorizer, set: RuleSet, at: number): Promise<string> {
  const answersTo = async (acls: RuleSet["acls"]): Promise<readonly [unknown, unknown]> => {
    const smaller = { ...set, acls, questions: set.questions.slice(at, at + 1) };
    return [ownAnswers(smaller)[0], (await kafka.answers(smaller))[0]];
  };
  let { acls } = set;
  // Large parts first: what is left of thousands is soon little.
  for (let part = acls.length >> 1; part > 0; part >>= 1) {
    for (let from = 0; from < acls.length;) {
      const fewer = acls.toSpliced(from, part);
      // oxlint-disable-next-line no-await-in-loop -- each try depends on the one before
      const [own, theirs] = await answersTo(fewer);
      if (own === theirs) from += part;
      else acls = fewer;
    }
  }
  const [own, theirs] = await answersTo(acls);
  const { allowEveryone, superUsers, questions } = set;
  return [
    `this says ${String(own)}, Kafka ${String(theirs)}`,
    JSON.stringify(questions[at]),
    JSON.stringify({ allowEveryone, superUsers }),
    ...acls.map((acl) => JSON.stringify(acl)),
  ].join("\n");
}
