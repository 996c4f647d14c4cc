/**
 * What a client may ask of a new cluster, checked and completed: `{cluster_id?, voters?, controllers?,
 * metadata_version?, release_version?, features?, scram_users?, settings?, jurisdiction?, fork_of?, at_offset?,
 * observed?}` becomes the plan that the directory keeps. A cluster id that the client leaves open is drawn here, once; a retry finds it in
 * the directory. Directory ids are the nodes' own to draw.
 */
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
import type { NodeWish } from "../../durable-objects/listed-cluster.ts";
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
  arrayAt,
  booleanAt,
  integerAt,
  invalid,
  objectAt,
  textAt,
  type JsonObject,
} from "../http/fields.ts";
import {
  LOCATION_HINTS,
  isLocationHint,
  type LocationHint,
} from "../../durable-objects/location-hints.ts";
import {
  JURISDICTIONS,
  isJurisdiction,
  type Jurisdiction,
} from "../../durable-objects/jurisdictions.ts";
import { isUuidText, randomUuid } from "../../durable-objects/random-uuid.ts";
import { defaultHints } from "./placement.ts";
import { usersAt, type UserRequest } from "./bootstrap-users.ts";
import { settingsAt } from "./setting-requests.ts";

/** From 3.9-IV0 on there is kraft.version 1, which voters with directory ids need (KIP-853). */
const METADATA_VERSIONS = { min: 21, max: MV_MAX } as const;
/** Of a cluster that is observed: far from the ids of Kafka's own controllers, as those of its examples are. */
const OBSERVER_ID = 9_000;
/** Kafka's convention in its examples: far from the ids of brokers, which must differ from them. */
const FIRST_NODE_ID = 3_000;
/** A gateway beside each broker listens here, one port a controller (`localhost` is true on every host). */
const FIRST_PORT = 9_093;
export const NODE_IDS = { min: 0, max: 0x7fff_ffff } as const;
const PORTS = { min: 1, max: 65_535 } as const;
const VOTERS = [1, 3, 5] as const;
const VOTERS_DEFAULT = 3;

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
  const fields = objectAt(body, "", [
    "cluster_id",
    "voters",
    "controllers",
    "metadata_version",
    "release_version",
    "features",
    "scram_users",
    "settings",
    "jurisdiction",
    "fork_of",
    "at_offset",
    "observed",
  ]);
  const isObserved = booleanAt(fields["observed"] ?? false, "observed");
  if (isObserved) assertObservable(fields);
  const clusterId = fields["cluster_id"] === undefined ? randomUuid() : idAt(fields, "cluster_id");
  const fork = forkOf(fields);
  if (fork?.cluster_id === clusterId) throw invalid("cluster_id", "another than that of fork_of");
  const named = isObserved
    ? observerOf(fields["controllers"])
    : controllersOf(fields["controllers"], fields["voters"]);
  const jurisdiction = jurisdictionOf(fields["jurisdiction"], named);
  const isPlacedByDefault = named.every((voter) => voter.location_hint === undefined);
  const wishes = { voters: named.length, jurisdiction, continent };
  const voters = isPlacedByDefault ? placed(named, defaultHints(wishes)) : named;
  const { settings, topicDefaults } = settingsAt(fields["settings"]);
  const [topicDefault] = Object.keys(topicDefaults);
  if (fork !== null && topicDefault !== undefined)
    throw invalid(`settings["${topicDefault}"]`, "left out: a fork has that of the other cluster");
  if (isObserved && topicDefault !== undefined)
    throw invalid(`settings["${topicDefault}"]`, "left out: it stands in the log of the others");
  const metadataVersion = metadataVersionOf(fields);
  const features = featuresOf(fields["features"], metadataVersion);
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
  const users = usersAt(fields["scram_users"]);
  return { plan, settings, isPlacedByDefault, fork, users };
}

/** Whose quorum others run, has what they gave it. */
function assertObservable(fields: JsonObject): void {
  if (fields["cluster_id"] === undefined)
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
  ];
  const stray = strays.find((name) => fields[name] !== undefined);
  if (stray !== undefined)
    throw invalid(stray, "left out: others run the cluster that is observed");
}

/** The one node that observes. */
function observerOf(given: unknown): readonly PlannedController[] {
  const [item = {}, ...more] = given === undefined ? [] : arrayAt(given, "controllers");
  if (more.length > 0) throw invalid("controllers", "a list of one: a cluster has one observer");
  const defaults = { node_id: OBSERVER_ID, host: "localhost", port: FIRST_PORT };
  return [{ ...defaults, ...nodeWishOf(item, "controllers[0]") }];
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

/** The jurisdiction; every hint must lie in it. */
function jurisdictionOf(
  given: unknown,
  voters: readonly PlannedController[],
): Jurisdiction | undefined {
  if (given === undefined) return undefined;
  const name = textAt(given, "jurisdiction");
  if (!isJurisdiction(name)) {
    throw invalid("jurisdiction", `one of ${Object.keys(JURISDICTIONS).join(", ")}`);
  }
  const within: readonly string[] = JURISDICTIONS[name];
  const outside = hintsOf(voters).find((hint) => hint !== undefined && !within.includes(hint));
  if (outside === undefined) return name;
  throw invalid("jurisdiction", `one that ${outside} lies in; in ${name} lie ${within.join(", ")}`);
}

function idAt(fields: JsonObject, name: string): string {
  const id = textAt(fields[name], name);
  if (isUuidText(id)) return id;
  throw invalid(name, 'a Kafka uuid: 22 characters of base64url, not beginning with "-"');
}

/** A level by its number or by the release that brought it, not both. */
function metadataVersionOf(fields: JsonObject): number {
  const { metadata_version: level, release_version: release } = fields;
  if (release === undefined)
    return level === undefined
      ? MV_DEFAULT
      : integerAt(level, "metadata_version", METADATA_VERSIONS);
  if (level !== undefined)
    throw invalid("metadata_version", "left out where release_version says the same");
  const named = levelOfRelease(textAt(release, "release_version"));
  if (named !== null && named >= METADATA_VERSIONS.min) return named;
  const releases = releasesFrom(METADATA_VERSIONS.min).join(", ");
  throw invalid("release_version", `a release or a level of it, as 4.0 or 4.0-IV3, of ${releases}`);
}

/** Those that are not as usual, in the order of their names. */
function featuresOf(
  given: unknown,
  metadataVersion: number,
): Readonly<Record<string, number>> | undefined {
  if (given === undefined) return undefined;
  const fields = objectAt(given, "features", CHOSEN_FEATURES);
  const chosen = Object.keys(fields)
    .toSorted(byText)
    .map((name) => {
      const path = `features["${name}"]`;
      const level = integerAt(fields[name], path, { min: 0, max: 0x7fff });
      const refusal = chosenLevelRefusal(name, level, metadataVersion);
      if (refusal !== null) throw invalid(path, refusal);
      return [name, level] as const;
    });
  return chosen.length === 0 ? undefined : Object.fromEntries(chosen);
}

function forkOf(fields: JsonObject): ForkRequest | null {
  if (fields["fork_of"] === undefined) {
    if (fields["at_offset"] === undefined) return null;
    throw invalid("at_offset", "left out unless fork_of names a cluster");
  }
  for (const name of ["metadata_version", "release_version", "features", "scram_users"]) {
    if (fields[name] !== undefined)
      throw invalid(name, "left out: a fork has what the other cluster has");
  }
  const offset = fields["at_offset"];
  const bounds = { min: 0, max: Number.MAX_SAFE_INTEGER };
  return {
    cluster_id: idAt(fields, "fork_of"),
    at_offset: offset === undefined ? null : integerAt(offset, "at_offset", bounds),
  };
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

function controllersOf(given: unknown, voters: unknown): readonly PlannedController[] {
  if (given === undefined) {
    const count = voters === undefined ? VOTERS_DEFAULT : votersAt(voters, "voters");
    return Array.from({ length: count }, (_, at) => controllerOf({}, at));
  }
  const list = arrayAt(given, "controllers");
  const controllers = list
    .map((item, at) => controllerOf(item, at))
    .toSorted((one, other) => one.node_id - other.node_id);
  votersAt(list.length, "the number of controllers");
  if (voters !== undefined && voters !== list.length) {
    throw invalid("voters", `${list.length}, the number of controllers, or left out`);
  }
  if (new Set(controllers.map((controller) => controller.node_id)).size < controllers.length) {
    throw invalid("controllers", "a list in which no node_id occurs twice");
  }
  return controllers;
}

function controllerOf(item: unknown, at: number): PlannedController {
  const defaults = { node_id: FIRST_NODE_ID + at, host: "localhost", port: FIRST_PORT + at };
  return { ...defaults, ...nodeWishOf(item, `controllers[${at}]`) };
}

/** What is said of a node: its id, where it listens and where it is to be placed, each if it is said. */
export function nodeWishOf(item: unknown, path: string): NodeWish {
  const fields = objectAt(item, path, ["node_id", "host", "port", "location_hint"]);
  const at = (name: string): string => (path === "" ? name : `${path}.${name}`);
  const { node_id: nodeId, host, port, location_hint: hint } = fields;
  return {
    ...(nodeId === undefined ? {} : { node_id: integerAt(nodeId, at("node_id"), NODE_IDS) }),
    ...(host === undefined ? {} : { host: hostAt(host, at("host")) }),
    ...(port === undefined ? {} : { port: integerAt(port, at("port"), PORTS) }),
    ...(hint === undefined ? {} : { location_hint: hintAt(hint, at("location_hint")) }),
  };
}

function hintAt(value: unknown, path: string): LocationHint {
  const hint = textAt(value, path);
  if (isLocationHint(hint)) return hint;
  throw invalid(path, `one of ${LOCATION_HINTS.join(", ")}`);
}

/** An even number of voters tolerates no more failures than one fewer would (KIP-500). */
function votersAt(value: unknown, path: string): number {
  const count = VOTERS.find((allowed) => allowed === value);
  if (count === undefined) throw new Problem("INVALID_REQUEST", `${path}: must be 1, 3 or 5`);
  return count;
}

function hostAt(value: unknown, path: string): string {
  const host = textAt(value, path);
  if (!/^[A-Za-z0-9._:-]{1,255}$/.test(host)) throw invalid(path, "a host name or address");
  return host;
}
