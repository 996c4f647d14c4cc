/**
 * What can be chosen for a cluster under Kafka's names: the time-outs of its quorum, when its log is cut, whether its
 * ACLs decide, and what its active controller goes by. Chosen when the cluster is created and stored with its entry:
 * every voter goes by the same ones, and a later build's defaults change nothing. An entry of an earlier build lacks
 * what that build did not know: `settingsOf` fills it in.
 *
 * Those in `CHANGEABLE_SETTINGS` can be changed while the cluster lives. What was changed stands beside what it was
 * created with, under a version; the directory says it to every node (`directory/settings.ts`). The topic
 * defaults are no setting of a controller's: brokers go by them too, so they are configs in the log.
 */
import type { AuthorizerSettings } from "../src/metadata/index.ts";
import { conforms, isInteger, type Check, type Checks } from "./conforms.ts";
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

/** What the active controller waits for, and what a new topic gets that asks for nothing: those that are numbers. */
export const CONTROLLER_NUMBERS = [
  "controller.quorum.sleep.after.ms",
  "broker.session.timeout.ms",
  "leader.imbalance.check.interval.seconds",
  "unclean.leader.election.interval.ms",
  "delegation.token.max.lifetime.ms",
  "delegation.token.expiry.time.ms",
  "delegation.token.expiry.check.interval.ms",
  "metadata.max.idle.interval.ms",
  "num.partitions",
  "default.replication.factor",
  "controller.quota.window.num",
  "controller.quota.window.size.seconds",
  "create.topic.policy.max.partitions",
  "create.topic.policy.min.replication.factor",
  "create.topic.policy.max.replication.factor",
  "create.topic.policy.min.insync.replicas",
] as const;

/** What the active controller does, or allows. */
export const CONTROLLER_SWITCHES = ["auto.leader.rebalance.enable", "delete.topic.enable"] as const;

/**
 * What it asks of topics and configs as lists, with commas between their elements. Kafka's `*.policy.class.name` name
 * classes to be loaded; these say what such a class would.
 */
export const POLICY_LISTS = [
  "create.topic.policy.name.prefixes",
  "alter.config.policy.forbidden.configs",
] as const;

/** The settings that are numbers. */
export const NUMBER_SETTINGS = [
  ...QUORUM_SETTINGS,
  ...SNAPSHOT_SETTINGS,
  ...CONTROLLER_NUMBERS,
] as const;

/** Whether a cluster has an authorizer, and what that goes by beside the ACLs of the metadata. */
export const ACCESS_SETTINGS = [
  "authorizer.class.name",
  "super.users",
  "allow.everyone.if.no.acl.found",
] as const;

export const CLUSTER_SETTINGS = [
  ...NUMBER_SETTINGS,
  ...CONTROLLER_SWITCHES,
  ...POLICY_LISTS,
  ...ACCESS_SETTINGS,
] as const;

/** Those that may change: a quorum's time-outs may not, for a leader that waits otherwise than its voters falls. */
export const CHANGEABLE_SETTINGS = [
  ...SNAPSHOT_SETTINGS,
  ...CONTROLLER_NUMBERS,
  ...CONTROLLER_SWITCHES,
  ...POLICY_LISTS,
] as const;

/** What all topics have that say nothing else; kept in the log, as the configs of all brokers that they are. */
export const TOPIC_DEFAULTS = ["min.insync.replicas", "unclean.leader.election.enable"] as const;

/** The one authorizer that there is, as brokers name it. */
export const STANDARD_AUTHORIZER = "org.apache.kafka.metadata.authorizer.StandardAuthorizer";

export type QuorumSettings = Readonly<Record<(typeof QUORUM_SETTINGS)[number], number>>;
export type SnapshotSettings = Readonly<Record<(typeof SNAPSHOT_SETTINGS)[number], number>>;
export type ControllerSettings = Readonly<Record<(typeof CONTROLLER_NUMBERS)[number], number>> &
  Readonly<Record<(typeof CONTROLLER_SWITCHES)[number], boolean>> &
  Readonly<Record<(typeof POLICY_LISTS)[number], string>>;
export type NumberSetting = (typeof NUMBER_SETTINGS)[number];
export type ChangeableSettings = Pick<ClusterSettings, (typeof CHANGEABLE_SETTINGS)[number]>;

/** Absent where the log says nothing: then Kafka's defaults hold. */
export interface TopicDefaults {
  readonly "min.insync.replicas"?: number;
  readonly "unclean.leader.election.enable"?: boolean;
}

export interface AccessSettings {
  /** Empty: there is none, and whoever a token lets in may do what its role may. */
  readonly "authorizer.class.name": "" | typeof STANDARD_AUTHORIZER;
  /** Principals as "User:ann", each once and in order, with ";" between them. */
  readonly "super.users": string;
  readonly "allow.everyone.if.no.acl.found": boolean;
}

export type ClusterSettings = QuorumSettings &
  SnapshotSettings &
  ControllerSettings &
  AccessSettings;

/** What was changed of a cluster's settings since it was created; the higher `version` is the newer. */
export interface SettingChanges {
  readonly version: number;
  readonly settings: Partial<ChangeableSettings>;
}

/** What is to be changed; null for what the cluster was created with. */
export type SettingWish = {
  readonly [Name in keyof ChangeableSettings]?: ChangeableSettings[Name] | null;
};

/** Of a cluster, what its settings follow from. */
export interface Settled {
  readonly settings?: Partial<ClusterSettings>;
  readonly setting_changes?: SettingChanges;
}

/**
 * For objects of one continent, with round trips below 100 ms. Kafka's, but for the fetch and the request time-out
 * (2,000 each). Only a leader that hangs is waited for so long: three times the longest wait of a Fetch is enough, and
 * the request time-out is the shorter one, so that no follower shields the leader any more (V-5) when the first gives
 * it up.
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

export interface SettingBounds {
  readonly min: number;
  readonly max: number;
  /** Below `min` it may be 0, which is never. */
  readonly orZero?: true;
}

const INT_MAX = 0x7fff_ffff;
const SHORT_MAX = 0x7fff;

/** Kafka's, but for records that say nothing; and no policy. */
const CONTROLLER_DEFAULTS: ControllerSettings = {
  // Kafka's controllers never sleep. Two falls asleep a minute at most cost less than the time that they save.
  "controller.quorum.sleep.after.ms": 10_000,
  "broker.session.timeout.ms": 9_000,
  "leader.imbalance.check.interval.seconds": 300,
  "unclean.leader.election.interval.ms": 300_000,
  "delegation.token.max.lifetime.ms": 604_800_000,
  "delegation.token.expiry.time.ms": 86_400_000,
  "delegation.token.expiry.check.interval.ms": 3_600_000,
  // Kafka's 500 would be a hundred thousand records a day on every voter, each of them billed.
  "metadata.max.idle.interval.ms": 0,
  "num.partitions": 1,
  "default.replication.factor": 1,
  "controller.quota.window.num": 11,
  "controller.quota.window.size.seconds": 1,
  "create.topic.policy.max.partitions": INT_MAX,
  "create.topic.policy.min.replication.factor": 1,
  "create.topic.policy.max.replication.factor": SHORT_MAX,
  "create.topic.policy.min.insync.replicas": 1,
  "create.topic.policy.name.prefixes": "",
  "alter.config.policy.forbidden.configs": "",
  "auto.leader.rebalance.enable": true,
  "delete.topic.enable": true,
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
  return { ...quorum, ...SNAPSHOT_DEFAULTS, ...CONTROLLER_DEFAULTS, ...NO_AUTHORIZER };
}

/** The settings of a cluster, with those that the build that created it did not know. */
export const settingsOf = (cluster: Settled): ClusterSettings => ({
  ...createdSettings(cluster),
  ...cluster.setting_changes?.settings,
});

/** The same, as it was created. */
export const createdSettings = ({ settings }: Settled): ClusterSettings => ({
  ...ONE_CONTINENT,
  ...SNAPSHOT_DEFAULTS,
  ...CONTROLLER_DEFAULTS,
  ...NO_AUTHORIZER,
  ...settings,
});

/** The changes of `one` or those of `other`, whichever are the newer. */
export const newerChanges = (
  one: SettingChanges | undefined,
  other: SettingChanges | undefined,
): SettingChanges | undefined => ((one?.version ?? 0) >= (other?.version ?? 0) ? one : other);

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

/** Whether what came from elsewhere are changes. Names that this build does not know are another build's. */
export const isSettingChanges: Check = (value) => conforms(value, SETTING_CHANGES);

const SETTING_CHANGES = {
  version: isInteger,
  settings: (settings) => typeof settings === "object" && settings !== null,
} satisfies Checks<SettingChanges>;

/**
 * To a node: what was changed of its cluster's settings. `created_ms` tells that cluster from a later one of its id.
 */
export interface SettingsRequest {
  readonly created_ms: number;
  readonly changes: SettingChanges;
}

const SETTINGS_REQUEST = {
  created_ms: isInteger,
  changes: isSettingChanges,
} satisfies Checks<SettingsRequest>;

export const isSettingsRequest = (value: unknown): value is SettingsRequest =>
  conforms(value, SETTINGS_REQUEST);

/** The elements of a list in a setting. */
export const elementsOf = (list: string): readonly string[] =>
  list
    .split(",")
    .map((element) => element.trim())
    .filter((element) => element !== "");

/**
 * What each number may be. An interval of 0 makes no snapshot for its age alone; a retention of -1 knows no end. Kafka
 * gives a session and the sweeps no such floor; here each is a wake-up of an object, and a shorter session than a second
 * ends between two heartbeats. Kafka gives times no end but 2^63; 10^12 ms are 31 years.
 */
export const SETTING_BOUNDS: Readonly<Record<NumberSetting, SettingBounds>> = {
  "controller.quorum.sleep.after.ms": { min: 1_000, max: INT_MAX, orZero: true },
  "controller.quorum.election.timeout.ms": { min: 100, max: 60_000 },
  "controller.quorum.election.backoff.max.ms": { min: 1, max: 60_000 },
  "controller.quorum.fetch.timeout.ms": { min: 200, max: 120_000 },
  "controller.quorum.request.timeout.ms": { min: 200, max: 120_000 },
  "controller.quorum.retry.backoff.ms": { min: 1, max: 10_000 },
  "metadata.log.max.record.bytes.between.snapshots": { min: 1, max: Number.MAX_SAFE_INTEGER },
  "metadata.log.max.snapshot.interval.ms": { min: 0, max: Number.MAX_SAFE_INTEGER },
  "metadata.max.retention.bytes": { min: -1, max: Number.MAX_SAFE_INTEGER },
  "metadata.max.retention.ms": { min: -1, max: Number.MAX_SAFE_INTEGER },
  "broker.session.timeout.ms": { min: 1_000, max: INT_MAX },
  "leader.imbalance.check.interval.seconds": { min: 1, max: 1_000_000_000 },
  "unclean.leader.election.interval.ms": { min: 1_000, max: 1_000_000_000_000 },
  "delegation.token.max.lifetime.ms": { min: 1, max: 1_000_000_000_000 },
  "delegation.token.expiry.time.ms": { min: 1, max: 1_000_000_000_000 },
  "delegation.token.expiry.check.interval.ms": { min: 1_000, max: 1_000_000_000_000 },
  "metadata.max.idle.interval.ms": { min: 1_000, max: INT_MAX, orZero: true },
  "num.partitions": { min: 1, max: INT_MAX },
  "default.replication.factor": { min: 1, max: SHORT_MAX },
  "controller.quota.window.num": { min: 1, max: INT_MAX },
  "controller.quota.window.size.seconds": { min: 1, max: INT_MAX },
  "create.topic.policy.max.partitions": { min: 1, max: INT_MAX },
  "create.topic.policy.min.replication.factor": { min: 1, max: SHORT_MAX },
  "create.topic.policy.max.replication.factor": { min: 1, max: SHORT_MAX },
  "create.topic.policy.min.insync.replicas": { min: 1, max: SHORT_MAX },
};

export const MIN_ISR_BOUNDS = { min: 1, max: INT_MAX } as const;
