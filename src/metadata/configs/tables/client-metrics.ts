/**
 * The configs of a client metrics subscription (KIP-714): which metrics clients push, how often, and which clients.
 */
import {
  byName,
  listElements,
  type ConfigDefinition,
  type ConfigDefinitions,
} from "../definition.ts";

/** What a match pattern may speak of. */
const SELECTORS: ReadonlySet<string> = new Set([
  "client_instance_id",
  "client_id",
  "client_software_name",
  "client_software_version",
  "client_source_address",
  "client_source_port",
]);

const refusesPatterns = (value: string): string | null => {
  for (const pattern of listElements(value)) {
    const [selector = "", expression, ...rest] = pattern.split("=");
    if (expression === undefined || rest.length > 0)
      return `Illegal client matching pattern: ${pattern}`;
    if (!SELECTORS.has(selector.trim()) || !isRegularExpression(expression.trim())) {
      return `Illegal client matching pattern: ${pattern}`;
    }
  }
  return null;
};

const definitions: readonly ConfigDefinition[] = [
  { name: "interval.ms", type: "int", default: "300000" },
  { name: "match", type: "list", default: "", refuses: refusesPatterns },
  { name: "metrics", type: "list", default: "" },
];

export const CLIENT_METRICS_CONFIGS: ConfigDefinitions = byName(definitions);

/** Ten pushes a second to one an hour. */
export const INTERVAL_MS_MIN = 100;
export const INTERVAL_MS_MAX = 3_600_000;

function isRegularExpression(text: string): boolean {
  try {
    return new RegExp(text) instanceof RegExp;
  } catch {
    return false;
  }
}
