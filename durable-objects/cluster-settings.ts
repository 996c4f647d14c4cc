/**
 * What can be chosen for a cluster under Kafka's names: the time-outs of its quorum, when its log is cut, and whether
 * its ACLs decide. Chosen once, when the cluster is created, and stored with its entry: every voter goes by the same ones, and a later build's
 * defaults change nothing. An entry of an earlier build lacks what that build did not know: `settingsOf` fills it in.
 */
import type { AuthorizerSettings } from "../src/metadata/index.ts";
import type { LocationHint } from "./location-hints.ts";

/** How long a quorum waits; all in milliseconds. */
export const QUORUM_SETTINGS = [
  "controller.quorum.election.timeout.ms",
  "controller.quorum.election.backoff.max.ms",
  "controller.quorum.fetch.timeout.ms",
  "controller.quorum.request.timeout.ms",
  "controller.quorum.retry.backoff.ms",
] as const;

/** When a snapshot is made, and how much of the log and of older ones stays beside it; bytes and milliseconds. */
export const SNAPSHOT_SETTINGS = [
  "metadata.log.max.record.bytes.between.snapshots",
  "metadata.log.max.snapshot.interval.ms",
  "metadata.max.retention.bytes",
  "metadata.max.retention.ms",
] as const;

/** The settings that are numbers. */
export const NUMBER_SETTINGS = [...QUORUM_SETTINGS, ...SNAPSHOT_SETTINGS] as const;

/** Whether a cluster has an authorizer, and what that goes by beside the ACLs of the metadata. */
export const ACCESS_SETTINGS = [
  "authorizer.class.name",
  "super.users",
  "allow.everyone.if.no.acl.found",
] as const;

export const CLUSTER_SETTINGS = [...NUMBER_SETTINGS, ...ACCESS_SETTINGS] as const;

/** The one authorizer that there is, as brokers name it. */
export const STANDARD_AUTHORIZER = "org.apache.kafka.metadata.authorizer.StandardAuthorizer";

export type QuorumSettings = Readonly<Record<(typeof QUORUM_SETTINGS)[number], number>>;
export type SnapshotSettings = Readonly<Record<(typeof SNAPSHOT_SETTINGS)[number], number>>;
export type NumberSetting = (typeof NUMBER_SETTINGS)[number];

export interface AccessSettings {
  /** Empty: there is none, and whoever a token lets in may do what its role may. */
  readonly "authorizer.class.name": "" | typeof STANDARD_AUTHORIZER;
  /** Principals as "User:ann", each once and in order, with ";" between them. */
  readonly "super.users": string;
  readonly "allow.everyone.if.no.acl.found": boolean;
}

export type ClusterSettings = QuorumSettings & SnapshotSettings & AccessSettings;

/**
 * For objects of one continent, with round trips below 100 ms. Kafka's, but for the fetch and the request time-out (2,000
 * each). Only a leader that hangs is waited for so long: three times the longest wait of a Fetch is enough, and the
 * request time-out is the shorter one, so that no follower shields the leader any more (V-5) when the first gives it up.
 */
const ONE_CONTINENT: QuorumSettings = {
  "controller.quorum.election.timeout.ms": 1_000,
  "controller.quorum.election.backoff.max.ms": 1_000,
  "controller.quorum.fetch.timeout.ms": 1_500,
  "controller.quorum.request.timeout.ms": 1_250,
  "controller.quorum.retry.backoff.ms": 20,
};

/**
 * Voters on several continents. An eighth of the election time-out is the step between two that stand for election; it
 * must exceed a round trip and a commit, and the longest round trips between continents take 300 ms.
 */
const SEVERAL_CONTINENTS: QuorumSettings = {
  "controller.quorum.election.timeout.ms": 3_000,
  "controller.quorum.election.backoff.max.ms": 3_000,
  "controller.quorum.fetch.timeout.ms": 6_000,
  "controller.quorum.request.timeout.ms": 5_000,
  "controller.quorum.retry.backoff.ms": 20,
};

/** Kafka's own, which a quorum that others run has unless they chose: how old a leader's word may be rests on them. */
export const OBSERVED_QUORUM: Pick<
  QuorumSettings,
  "controller.quorum.fetch.timeout.ms" | "controller.quorum.request.timeout.ms"
> = {
  "controller.quorum.fetch.timeout.ms": 2_000,
  "controller.quorum.request.timeout.ms": 2_000,
};

/** Kafka's: 20 MiB of records or an hour, then 100 MiB or seven days. */
const SNAPSHOT_DEFAULTS: SnapshotSettings = {
  "metadata.log.max.record.bytes.between.snapshots": 20 * 1_024 * 1_024,
  "metadata.log.max.snapshot.interval.ms": 3_600_000,
  "metadata.max.retention.bytes": 100 * 1_024 * 1_024,
  "metadata.max.retention.ms": 604_800_000,
};

const NO_AUTHORIZER: AccessSettings = {
  "authorizer.class.name": "",
  "super.users": "",
  "allow.everyone.if.no.acl.found": false,
};

const CONTINENTS: Readonly<Record<LocationHint, string>> = {
  wnam: "North America",
  enam: "North America",
  sam: "South America",
  weur: "Europe",
  eeur: "Europe",
  apac: "Asia",
  "apac-ne": "Asia",
  "apac-se": "Asia",
  oc: "Oceania",
  afr: "Africa",
  me: "Middle East",
};
const continentOf: ReadonlyMap<string, string> = new Map(Object.entries(CONTINENTS));

/** What a cluster gets that asks for nothing: time-outs by how far its voters' location hints lie apart. */
export function defaultSettings(hints: readonly (string | undefined)[]): ClusterSettings {
  const continents = new Set(hints.flatMap((hint) => continentOf.get(hint ?? "") ?? []));
  const quorum = continents.size > 1 ? SEVERAL_CONTINENTS : ONE_CONTINENT;
  return { ...quorum, ...SNAPSHOT_DEFAULTS, ...NO_AUTHORIZER };
}

/** The settings of a cluster, with those that the build that created it did not know. */
export const settingsOf = (cluster: {
  readonly settings?: Partial<ClusterSettings>;
}): ClusterSettings => ({
  ...ONE_CONTINENT,
  ...SNAPSHOT_DEFAULTS,
  ...NO_AUTHORIZER,
  ...cluster.settings,
});

/** What the authorizer of a cluster goes by; null for a cluster without one. */
export const authorizerOf = (settings: AccessSettings): AuthorizerSettings | null =>
  settings["authorizer.class.name"] === ""
    ? null
    : {
        superUsers: new Set(principalsIn(settings["super.users"])),
        allowEveryoneIfNoAclFound: settings["allow.everyone.if.no.acl.found"],
      };

/** The principals of `super.users`, as Kafka reads it: blanks around them, and empty ones, are nothing. */
export const principalsIn = (text: string): readonly string[] =>
  text
    .split(";")
    .map((principal) => principal.trim())
    .filter((principal) => principal !== "");

/** What each number may be. An interval of 0 makes no snapshot for its age alone; a retention of -1 knows no end. */
export const SETTING_BOUNDS: Readonly<Record<NumberSetting, { min: number; max: number }>> = {
  "controller.quorum.election.timeout.ms": { min: 100, max: 60_000 },
  "controller.quorum.election.backoff.max.ms": { min: 1, max: 60_000 },
  "controller.quorum.fetch.timeout.ms": { min: 200, max: 120_000 },
  "controller.quorum.request.timeout.ms": { min: 200, max: 120_000 },
  "controller.quorum.retry.backoff.ms": { min: 1, max: 10_000 },
  "metadata.log.max.record.bytes.between.snapshots": { min: 1, max: Number.MAX_SAFE_INTEGER },
  "metadata.log.max.snapshot.interval.ms": { min: 0, max: Number.MAX_SAFE_INTEGER },
  "metadata.max.retention.bytes": { min: -1, max: Number.MAX_SAFE_INTEGER },
  "metadata.max.retention.ms": { min: -1, max: Number.MAX_SAFE_INTEGER },
};
