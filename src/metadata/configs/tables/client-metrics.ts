/**
 * The configs of a client metrics subscription (KIP-714): which metrics clients push, how often, and which clients.
 */
import { byName, type ConfigDefinition, type ConfigDefinitions } from "../definition.ts";
import { isJavaPattern } from "../java-pattern/java-pattern.ts";
import { elementsIn, splitAt, trimmed } from "../values.ts";

/** What a match pattern may speak of. */
const SELECTORS: ReadonlySet<string> = new Set([
  "client_instance_id",
  "client_id",
  "client_software_name",
  "client_software_version",
  "client_source_address",
  "client_source_port",
]);

const definitions: readonly ConfigDefinition[] = [
  { name: "interval.ms", type: "int", default: "300000" },
  { name: "match", type: "list", default: "" },
  { name: "metrics", type: "list", default: "" },
];

/** Why a client could not be matched with `match`, in Kafka's words; null when it can. */
export function matchRefusal(match: string): string | null {
  const illegal = elementsIn(match).find((element) => !isMatch(element));
  return illegal === undefined ? null : `Illegal client matching pattern: ${illegal}`;
}

function isMatch(element: string): boolean {
  const [selector = "", pattern, ...rest] = splitAt(element, "=");
  if (pattern === undefined || rest.length > 0) return false;
  return SELECTORS.has(trimmed(selector)) && isJavaPattern(trimmed(pattern));
}

export const CLIENT_METRICS_CONFIGS: ConfigDefinitions = byName(definitions);

/** Ten pushes a second to one an hour. */
export const INTERVAL_MS_MIN = 100;
export const INTERVAL_MS_MAX = 3_600_000;
