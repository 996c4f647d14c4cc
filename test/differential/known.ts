/**
 * The ledger: every way in which this controller and Kafka's are known to differ when both are put the same request. A
 * difference that no entry explains fails the run, and so does an entry that no longer occurs; `docs/CONFORMANCE.md`
 * is written from it.
 */
import type { Difference } from "./controller-pair.ts";
import { KNOWN_OF_BROKERS } from "./known/brokers.ts";
import { KNOWN_OF_ELIGIBLE_REPLICAS } from "./known/eligible-replicas.ts";
import type { Known } from "./known/entry.ts";
import { KNOWN_OF_FEATURES_AND_CONFIGS } from "./known/features-and-configs.ts";
import { KNOWN_OF_SENSELESS_REQUESTS } from "./known/senseless-requests.ts";
import { KNOWN_OF_PARTITIONS, KNOWN_OF_TOPICS } from "./known/partitions.ts";

export type { Known };

export const KNOWN: readonly Known[] = [
  ...KNOWN_OF_BROKERS,
  ...KNOWN_OF_ELIGIBLE_REPLICAS,
  ...KNOWN_OF_PARTITIONS,
  ...KNOWN_OF_TOPICS,
  ...KNOWN_OF_FEATURES_AND_CONFIGS,
  ...KNOWN_OF_SENSELESS_REQUESTS,
];

export const knownDifference = (difference: Difference): Known | undefined =>
  KNOWN.find(
    ({ apis, releases, explains }) =>
      apis.includes(difference.asked.name) &&
      (releases?.includes(difference.release) ?? true) &&
      explains(difference),
  );
