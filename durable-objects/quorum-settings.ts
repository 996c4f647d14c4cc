/**
 * The time-outs of a quorum, as settings of its cluster under Kafka's names. They are chosen once, when the cluster is
 * created, and stored with its entry: every voter goes by the same ones, and a later build's defaults change nothing.
 */
import type { LOCATION_HINTS } from "./location-hints.ts";

/** Which settings there are; the values are milliseconds. */
export const QUORUM_SETTINGS = [
  "controller.quorum.election.timeout.ms",
  "controller.quorum.election.backoff.max.ms",
  "controller.quorum.fetch.timeout.ms",
  "controller.quorum.request.timeout.ms",
  "controller.quorum.retry.backoff.ms",
] as const;

export type QuorumSetting = (typeof QUORUM_SETTINGS)[number];
export type QuorumSettings = Readonly<Record<QuorumSetting, number>>;

/**
 * For objects of one continent, with round trips below 100 ms. Kafka's, but for the fetch and the request time-out (2,000
 * each). Only a leader that hangs is waited for so long: three times the longest wait of a Fetch is enough, and the
 * request time-out is the shorter one, so that no follower shields the leader any more (V-5) when the first gives it up.
 */
export const ONE_CONTINENT: QuorumSettings = {
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
export const SEVERAL_CONTINENTS: QuorumSettings = {
  "controller.quorum.election.timeout.ms": 3_000,
  "controller.quorum.election.backoff.max.ms": 3_000,
  "controller.quorum.fetch.timeout.ms": 6_000,
  "controller.quorum.request.timeout.ms": 5_000,
  "controller.quorum.retry.backoff.ms": 20,
};

const CONTINENTS: Readonly<Record<(typeof LOCATION_HINTS)[number], string>> = {
  wnam: "North America",
  enam: "North America",
  sam: "South America",
  weur: "Europe",
  eeur: "Europe",
  apac: "Asia",
  oc: "Oceania",
  afr: "Africa",
  me: "Middle East",
};
const continentOf: ReadonlyMap<string, string> = new Map(Object.entries(CONTINENTS));

/** What a cluster gets that asks for nothing: by how far its voters' location hints lie apart. */
export function defaultSettings(hints: readonly (string | undefined)[]): QuorumSettings {
  const continents = new Set(hints.flatMap((hint) => continentOf.get(hint ?? "") ?? []));
  return continents.size > 1 ? SEVERAL_CONTINENTS : ONE_CONTINENT;
}

/** What each may be. */
export const SETTING_BOUNDS: Readonly<Record<QuorumSetting, { min: number; max: number }>> = {
  "controller.quorum.election.timeout.ms": { min: 100, max: 60_000 },
  "controller.quorum.election.backoff.max.ms": { min: 1, max: 60_000 },
  "controller.quorum.fetch.timeout.ms": { min: 200, max: 120_000 },
  "controller.quorum.request.timeout.ms": { min: 200, max: 120_000 },
  "controller.quorum.retry.backoff.ms": { min: 1, max: 10_000 },
};
