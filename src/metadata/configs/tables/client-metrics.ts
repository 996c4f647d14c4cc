/**
 * The configs of a client metrics subscription (KIP-714): which metrics clients push, how often, and which clients.
 */
import {
  byName,
  listElements,
  refusalOf,
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
const INTERVAL_MS_MIN = 100;
const INTERVAL_MS_MAX = 3_600_000;

/** Why a subscription cannot have these configs, in Kafka's words; null when it can. */
export function clientMetricsConfigsRefusal(configs: ReadonlyMap<string, string>): string | null {
  for (const [name, value] of configs) {
    const definition = CLIENT_METRICS_CONFIGS.get(name);
    if (definition === undefined) return `Unknown client metrics configuration: ${name}`;
    const refusal = refusalOf(definition, value);
    if (refusal !== null) return refusal;
  }
  const interval = Number(configs.get("interval.ms") ?? INTERVAL_MS_MIN);
  if (interval >= INTERVAL_MS_MIN && interval <= INTERVAL_MS_MAX) return null;
  return (
    `Invalid value ${interval} for interval.ms, interval must be between ` +
    `${INTERVAL_MS_MIN} and ${INTERVAL_MS_MAX} (1 hour)`
  );
}

function isRegularExpression(text: string): boolean {
  try {
    return new RegExp(text) instanceof RegExp;
  } catch {
    return false;
  }
}
