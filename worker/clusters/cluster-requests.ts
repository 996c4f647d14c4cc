/**
 * What a client may ask of a new cluster, checked and completed: `{cluster_id?, voters?, controllers?,
 * metadata_version?, release_version?, features?, scram_users?, settings?, jurisdiction?, fork_of?, at_offset?,
 * observed?}` becomes the plan that the directory keeps. A cluster id that the client leaves open is drawn here, once;
 * a retry finds it in the directory. Directory ids are the nodes' own to draw.
 */
import * as v from "valibot";
import {
  foundersOf,
  type ClusterEntry,
  type ClusterPlan,
  type PlannedController,
} from "../../durable-objects/cluster-entry.ts";
import {
  CLUSTER_SETTINGS,
  TOPIC_DEFAULTS,
  createdSettings,
  defaultSettings,
  OBSERVED_QUORUM,
  type ClusterSettings,
} from "../../durable-objects/cluster-settings.ts";
import {
  CHOSEN_FEATURES,
  MV_DEFAULT,
  MV_MAX,
  chosenLevelRefusal,
  defaultBootstrap,
  levelOfRelease,
  releasesFrom,
} from "../../src/metadata/index.ts";
import { byText } from "../../src/std/immutable-map.ts";
import { Problem } from "../http/errors.ts";
import {
  fieldsOf,
  invalid,
  listOf,
  oneOf,
  text,
  truth,
  valueAt,
  wholeNumber,
} from "../http/fields.ts";
import { JURISDICTIONS, type Jurisdiction } from "../../durable-objects/jurisdictions.ts";
import { isUuidText, randomUuid } from "../../durable-objects/random-uuid.ts";
import { BOOTSTRAP_USERS, usersOf, type UserRequest } from "./bootstrap-users.ts";
import { NODE_WISH } from "./node-wish.ts";
import { defaultHints } from "./placement.ts";
import { SETTINGS, settingsIn } from "./setting-requests.ts";

/** From 3.9-IV0 on there is kraft.version 1, which voters with directory ids need (KIP-853). */
const METADATA_VERSIONS = { min: 21, max: MV_MAX } as const;
/** Of a cluster that is observed: far from the ids of Kafka's own controllers, as those of its examples are. */
const OBSERVER_ID = 9_000;
/** Kafka's convention in its examples: far from the ids of brokers, which must differ from them. */
const FIRST_NODE_ID = 3_000;
/** A gateway beside each broker listens here, one port a controller (`localhost` is true on every host). */
const FIRST_PORT = 9_093;
/** An even number of voters tolerates no more failures than one fewer would (KIP-500). */
const VOTERS = [1, 3, 5] as const;
const VOTERS_EXPECTED = "must be 1, 3 or 5";
const VOTERS_DEFAULT = 3;

const kafkaUuid = v.pipe(
  text,
  v.check(isUuidText, 'must be a Kafka uuid: 22 characters of base64url, not beginning with "-"'),
);

const JURISDICTION_NAMES = [
  "eu",
  "us",
  "fedramp",
  "fedramp-high",
] as const satisfies readonly Jurisdiction[];

export const CLUSTER_REQUEST = fieldsOf({
  cluster_id: v.optional(kafkaUuid),
  voters: v.optional(v.picklist(VOTERS, VOTERS_EXPECTED)),
  controllers: v.optional(listOf(NODE_WISH)),
  metadata_version: v.optional(wholeNumber(METADATA_VERSIONS)),
  release_version: v.optional(text),
  features: v.optional(
    fieldsOf(
      Object.fromEntries(
        CHOSEN_FEATURES.map((name) => [name, v.optional(wholeNumber({ min: 0, max: 0x7fff }))]),
      ),
    ),
  ),
  scram_users: v.optional(BOOTSTRAP_USERS),
  settings: v.nullish(SETTINGS, {}),
  jurisdiction: v.optional(oneOf(...JURISDICTION_NAMES)),
  fork_of: v.optional(kafkaUuid),
  at_offset: v.optional(wholeNumber({ min: 0, max: Number.MAX_SAFE_INTEGER })),
  observed: v.nullish(truth, false),
});
type Wished = v.InferOutput<typeof CLUSTER_REQUEST>;

/** The controllers of a cluster that asked for none in particular, or the first of them. */
export const DEFAULT_NODE_IDS: readonly number[] = Array.from(
  { length: VOTERS_DEFAULT },
  (_, at) => FIRST_NODE_ID + at,
);

/** Of which cluster a new one is to be a fork, and of which state; null for the newest. */
export interface ForkRequest {
  readonly cluster_id: string;
  readonly at_offset: number | null;
}

export interface ClusterRequest {
  readonly plan: ClusterPlan;
  /** The settings that it names. */
  readonly settings: Partial<ClusterSettings>;
  /** It names no place for any voter: where they are is no matter of the request. */
  readonly isPlacedByDefault: boolean;
  /** Null for a cluster that begins with nothing. */
  readonly fork: ForkRequest | null;
  /** The SCRAM users that it is to begin with, with their secrets; null where none are named. */
  readonly users: readonly UserRequest[] | null;
}

/**
 * What `body` asks for; a `Problem` names the field that will not do. `continent` is where it is asked from, if the
 * platform says so.
 */
export function clusterRequestOf(body: unknown, nowMs: number, continent?: string): ClusterRequest {
  const wished = valueAt(CLUSTER_REQUEST, body);
  const { observed: isObserved, cluster_id: clusterId = randomUuid() } = wished;
  if (isObserved) assertObservable(wished);
  const fork = forkOf(wished);
  if (fork?.cluster_id === clusterId) throw invalid("cluster_id", "another than that of fork_of");
  const named = isObserved
    ? observerOf(wished.controllers)
    : controllersOf(wished.controllers, wished.voters);
  const { jurisdiction } = wished;
  assertWithin(jurisdiction, named);
  const isPlacedByDefault = named.every((voter) => voter.location_hint === undefined);
  const wishes = { voters: named.length, jurisdiction, continent };
  const voters = isPlacedByDefault ? placed(named, defaultHints(wishes)) : named;
  const { settings, topicDefaults } = settingsIn(wished.settings);
  const [topicDefault] = Object.keys(topicDefaults);
  if (fork !== null && topicDefault !== undefined)
    throw invalid(`settings["${topicDefault}"]`, "left out: a fork has that of the other cluster");
  if (isObserved && topicDefault !== undefined)
    throw invalid(`settings["${topicDefault}"]`, "left out: it stands in the log of the others");
  const metadataVersion = metadataVersionOf(wished);
  const features = featuresOf(wished.features, metadataVersion);
  const plan = {
    cluster_id: clusterId,
    planned_voters: voters,
    settings: { ...defaultsFor(voters, isObserved), ...settings },
    ...(topicDefault === undefined ? {} : { topic_defaults: topicDefaults }),
    ...(jurisdiction === undefined ? {} : { jurisdiction }),
    metadata_version: isObserved ? 0 : metadataVersion,
    ...(features === undefined ? {} : { features }),
    created_ms: nowMs,
    ...(isObserved ? { observed: true as const } : {}),
  };
  const users = usersOf(wished.scram_users);
  return { plan, settings, isPlacedByDefault, fork, users };
}

/** Whose quorum others run, has what they gave it. */
function assertObservable(wished: Wished): void {
  if (wished.cluster_id === undefined)
    throw invalid(
      "cluster_id",
      "given: an observed cluster has the id that its own controllers say",
    );
  const strays = [
    "voters",
    "metadata_version",
    "release_version",
    "features",
    "scram_users",
    "fork_of",
    "at_offset",
  ] as const;
  const stray = strays.find((name) => wished[name] !== undefined);
  if (stray !== undefined)
    throw invalid(stray, "left out: others run the cluster that is observed");
}

/** The one node that observes. */
function observerOf(given: Wished["controllers"]): readonly PlannedController[] {
  const [item = {}, ...more] = given ?? [];
  if (more.length > 0) throw invalid("controllers", "a list of one: a cluster has one observer");
  const defaults = { node_id: OBSERVER_ID, host: "localhost", port: FIRST_PORT };
  return [{ ...defaults, ...item }];
}

/** The time-outs of a quorum that is observed are Kafka's own, unless they were chosen. */
const defaultsFor = (
  voters: readonly PlannedController[],
  isObserved: boolean,
): ClusterSettings => ({
  ...defaultSettings(hintsOf(voters)),
  ...(isObserved ? OBSERVED_QUORUM : {}),
});

const hintsOf = (voters: readonly PlannedController[]): readonly (string | undefined)[] =>
  voters.map((voter) => voter.location_hint);

/** The voters, each with its hint. */
const placed = (
  voters: readonly PlannedController[],
  hints: readonly (string | undefined)[],
): readonly PlannedController[] =>
  voters.map((voter, at) => {
    const { location_hint: _, ...rest } = voter;
    const hint = hints[at];
    return hint === undefined ? rest : { ...rest, location_hint: hint };
  });

/** Every hint must lie in the jurisdiction. */
function assertWithin(name: Jurisdiction | undefined, voters: readonly PlannedController[]): void {
  if (name === undefined) return;
  const within: readonly string[] = JURISDICTIONS[name];
  const outside = hintsOf(voters).find((hint) => hint !== undefined && !within.includes(hint));
  if (outside === undefined) return;
  throw invalid("jurisdiction", `one that ${outside} lies in; in ${name} lie ${within.join(", ")}`);
}

/** A level by its number or by the release that brought it, not both. */
function metadataVersionOf({ metadata_version: level, release_version: release }: Wished): number {
  if (release === undefined) return level ?? MV_DEFAULT;
  if (level !== undefined)
    throw invalid("metadata_version", "left out where release_version says the same");
  const named = levelOfRelease(release);
  if (named !== null && named >= METADATA_VERSIONS.min) return named;
  const releases = releasesFrom(METADATA_VERSIONS.min).join(", ");
  throw invalid("release_version", `a release or a level of it, as 4.0 or 4.0-IV3, of ${releases}`);
}

/** Those that are not as usual, in the order of their names. */
function featuresOf(
  given: Wished["features"],
  metadataVersion: number,
): Readonly<Record<string, number>> | undefined {
  if (given === undefined) return undefined;
  const chosen = Object.entries(given)
    .toSorted(([one], [other]) => byText(one, other))
    .map(([name, level = 0]) => {
      const refusal = chosenLevelRefusal(name, level, metadataVersion);
      if (refusal !== null) throw invalid(`features["${name}"]`, refusal);
      return [name, level] as const;
    });
  return chosen.length === 0 ? undefined : Object.fromEntries(chosen);
}

function forkOf(wished: Wished): ForkRequest | null {
  const { fork_of: origin, at_offset: offset } = wished;
  if (origin === undefined) {
    if (offset === undefined) return null;
    throw invalid("at_offset", "left out unless fork_of names a cluster");
  }
  for (const name of ["metadata_version", "release_version", "features", "scram_users"] as const) {
    if (wished[name] !== undefined)
      throw invalid(name, "left out: a fork has what the other cluster has");
  }
  return { cluster_id: origin, at_offset: offset ?? null };
}

/** Whether a cluster that exists is the one that a repeated request asks for, by the voters that it began with. */
export const agrees = (existing: ClusterPlan | ClusterEntry, request: ClusterRequest): boolean =>
  shape(existing, existing.fork_of) === shape(placedAs(existing, request), request.fork);

/** The plan; where the request names no places, with those that the cluster has, and what follows from them. */
function placedAs(
  existing: ClusterPlan | ClusterEntry,
  { plan, settings, isPlacedByDefault }: ClusterRequest,
): ClusterPlan {
  if (!isPlacedByDefault) return plan;
  const hints = hintsOf(foundersOf(existing));
  const isObserved = plan.observed === true;
  return {
    ...plan,
    planned_voters: placed(plan.planned_voters, hints),
    settings: { ...defaultsFor(placed(plan.planned_voters, hints), isObserved), ...settings },
  };
}

/** What two requests for one cluster must have in common: everything but what was drawn, or follows from the rest. */
const shape = (
  cluster: ClusterPlan | ClusterEntry,
  fork: ForkRequest | null | undefined = null,
): string =>
  JSON.stringify([
    fork === null ? bootstrapLevels(cluster) : [fork.cluster_id, fork.at_offset],
    cluster.jurisdiction,
    cluster.observed,
    // What was changed since is no matter of how it was made.
    settingsInOrder(createdSettings(cluster)),
    TOPIC_DEFAULTS.map((name) => cluster.topic_defaults?.[name]),
    foundersOf(cluster).map(({ node_id, host, port, location_hint }) => [
      node_id,
      host,
      port,
      location_hint,
    ]),
  ]);

/** Every level that the bootstrap records say: the usual ones may be named or not. */
const bootstrapLevels = ({
  metadata_version: metadataVersion,
  features,
}: ClusterPlan | ClusterEntry): readonly unknown[] => {
  const { levels } = defaultBootstrap(metadataVersion, features);
  const others = [...levels].filter(([, level]) => level > 0);
  return [metadataVersion, others.toSorted(([one], [other]) => byText(one, other))];
};

const settingsInOrder = (settings: ClusterSettings): readonly unknown[] =>
  CLUSTER_SETTINGS.map((name) => settings[name]);

function controllersOf(
  list: Wished["controllers"],
  voters: number | undefined,
): readonly PlannedController[] {
  if (list === undefined)
    return Array.from({ length: voters ?? VOTERS_DEFAULT }, (_, at) => controllerOf({}, at));
  const controllers = list
    .map((item, at) => controllerOf(item, at))
    .toSorted((one, other) => one.node_id - other.node_id);
  if (!VOTERS.some((allowed) => allowed === list.length))
    throw new Problem("INVALID_REQUEST", `the number of controllers: ${VOTERS_EXPECTED}`);
  if (voters !== undefined && voters !== list.length) {
    throw invalid("voters", `${list.length}, the number of controllers, or left out`);
  }
  if (new Set(controllers.map((controller) => controller.node_id)).size < controllers.length) {
    throw invalid("controllers", "a list in which no node_id occurs twice");
  }
  return controllers;
}

function controllerOf(item: v.InferOutput<typeof NODE_WISH>, at: number): PlannedController {
  const defaults = { node_id: FIRST_NODE_ID + at, host: "localhost", port: FIRST_PORT + at };
  return { ...defaults, ...item };
}
