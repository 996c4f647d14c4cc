/**
 * What a cluster asks of its topics and of their configs beyond Kafka's own rules. Kafka: `CreateTopicPolicy` and
 * `AlterConfigPolicy`, which are classes that an operator writes; here they are data, equal on every controller. A
 * refusal is POLICY_VIOLATION.
 *
 * As in Kafka's controller, what holds for changed configs holds for those of a new topic too. Beyond Kafka, whose
 * policies do not see it, a topic does not grow past the most partitions either, and a config that must not be changed
 * is not deleted by leaving it out of an AlterConfigs. Topics that brokers create for themselves are not asked.
 */
import { effectiveLong } from "../configs/effective.ts";
import type { ConfigChange, Resource } from "../configs/validate.ts";
import { CONFIG_RESOURCE } from "../image/configs-image.ts";
import { MIN_ISR } from "../partitions/min-isr.ts";
import { apiError, type ApiError } from "./api-error.ts";

export interface Policies {
  /** One of them begins the name of every new topic; any does where there is none. */
  readonly topicNamePrefixes: readonly string[];
  readonly partitionsMax: number;
  readonly replicationFactorMin: number;
  readonly replicationFactorMax: number;
  /** The least that `min.insync.replicas` may be of a new topic, or become. */
  readonly minInsyncReplicasMin: number;
  /** Configs that nobody sets or deletes, of whatever resource. */
  readonly forbiddenConfigs: ReadonlySet<string>;
}

/** Topics that brokers keep for themselves (Kafka's `Topic.isInternal`). */
export const INTERNAL_TOPICS: ReadonlySet<string> = new Set([
  "__consumer_offsets",
  "__transaction_state",
  "__share_group_state",
]);

type Configs = ReadonlyMap<string, string>;

/** A topic that could be created, were it not for the policies. */
export interface PolicedTopic {
  readonly name: string;
  /** How many replicas each partition has. */
  readonly replicationFactors: readonly number[];
  readonly configs: Configs;
  readonly clusterDefaults: Configs;
}

export function newTopicViolation(policies: Policies, topic: PolicedTopic): ApiError | null {
  const { name, replicationFactors, configs, clusterDefaults } = topic;
  if (INTERNAL_TOPICS.has(name)) return null;
  const { topicNamePrefixes: prefixes, replicationFactorMin: min } = policies;
  if (prefixes.length > 0 && !prefixes.some((prefix) => name.startsWith(prefix)))
    return violation(`The name of a topic must begin with one of: ${prefixes.join(", ")}.`);
  const growth = growthViolation(policies, name, replicationFactors.length);
  if (growth !== null) return growth;
  const max = policies.replicationFactorMax;
  const stray = replicationFactors.find((factor) => factor < min || factor > max);
  if (stray !== undefined)
    return violation(`The replication factor must be from ${min} to ${max}, not ${stray}.`);
  return (
    forbiddenViolation(policies, configs.keys()) ??
    minIsrViolation(policies, { topic: configs, clusterDefaults })
  );
}

/** Of a topic that is to have so many partitions, new or not. */
export function growthViolation(
  { partitionsMax }: Policies,
  name: string,
  partitions: number,
): ApiError | null {
  if (partitions <= partitionsMax || INTERNAL_TOPICS.has(name)) return null;
  return violation(`A topic may have at most ${partitionsMax} partitions, not ${partitions}.`);
}

/** Of configs that are changed; `after` are all that the resource has then. */
export function alterationViolation(
  policies: Policies,
  { resourceType, resourceName }: Resource,
  changes: readonly ConfigChange[],
  { after, clusterDefaults }: { readonly after: Configs; readonly clusterDefaults: Configs },
): ApiError | null {
  const names = changes.map(([name]) => name);
  const forbidden = forbiddenViolation(policies, names);
  if (forbidden !== null || !names.includes(MIN_ISR)) return forbidden;
  if (resourceType === CONFIG_RESOURCE.TOPIC)
    return minIsrViolation(policies, { topic: after, clusterDefaults });
  return resourceType === CONFIG_RESOURCE.BROKER && resourceName === ""
    ? minIsrViolation(policies, { topic: new Map(), clusterDefaults: after })
    : null;
}

function forbiddenViolation(
  { forbiddenConfigs }: Policies,
  names: Iterable<string>,
): ApiError | null {
  for (const name of names)
    if (forbiddenConfigs.has(name)) return violation(`The config ${name} must not be changed.`);
  return null;
}

function minIsrViolation(
  { minInsyncReplicasMin: min }: Policies,
  sources: { readonly topic: Configs; readonly clusterDefaults: Configs },
): ApiError | null {
  const effective = effectiveLong(MIN_ISR, sources);
  return effective >= BigInt(min)
    ? null
    : violation(`${MIN_ISR} must be ${min} or more, not ${effective}.`);
}

const violation = (sentence: string): ApiError =>
  apiError("POLICY_VIOLATION", `A policy of this cluster refuses it. ${sentence}`);
