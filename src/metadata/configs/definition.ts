/**
 * What a configuration key is: its type, its default and what values it takes, with Kafka's own words for a
 * refusal. A vocabulary for tables; which keys there are stands in `tables/` and its neighbours.
 */
import { unreachable } from "../../std/assert.ts";

export type ConfigType =
  | "boolean"
  | "string"
  | "int"
  | "short"
  | "long"
  | "double"
  | "list"
  | "class"
  | "password";

export interface ConfigDefinition {
  readonly name: string;
  readonly type: ConfigType;
  /** As it is written in a config, and shown when nothing is set. */
  readonly default: string;
  /** Bounds of a number, both inclusive. */
  readonly min?: number;
  readonly max?: number;
  /** The only values of a string, or of each element of a list. */
  readonly oneOf?: readonly string[];
  /** A rule of its own: the reason why `value` is refused, or null. */
  readonly refuses?: (value: string) => string | null;
  /** Broker configs that give the default, in order of precedence. */
  readonly brokerSynonyms?: readonly BrokerSynonym[];
}

/** A broker config that means the same, perhaps in another unit. */
export interface BrokerSynonym {
  readonly name: string;
  /** How many of the topic config's units one unit of the broker's is; 1 where both are the same. */
  readonly factor: number;
}

export type ConfigDefinitions = ReadonlyMap<string, ConfigDefinition>;

export const byName = (definitions: readonly ConfigDefinition[]): ConfigDefinitions =>
  new Map(definitions.map((definition) => [definition.name, definition]));

/** The numbers of config types on the wire (KIP-569). */
export const CONFIG_TYPE_CODES: Readonly<Record<ConfigType, number>> = {
  boolean: 1,
  string: 2,
  int: 3,
  short: 4,
  long: 5,
  double: 6,
  list: 7,
  class: 8,
  password: 9,
};

/** Longer values do not fit the strings of older protocol versions: no client could read them (KAFKA-19028). */
export const CONFIG_VALUE_BYTES_MAX = 32_767;

/** Why a value cannot be kept at all, whatever its key; null when it can. */
export function sizeRefusalOf(value: string): string | null {
  // A UTF-16 code unit takes at most three bytes, so most values need no count.
  if (value.length * 3 <= CONFIG_VALUE_BYTES_MAX || utf8Length(value) <= CONFIG_VALUE_BYTES_MAX) {
    return null;
  }
  return (
    "The configuration value cannot be added because it exceeds the maximum value size of " +
    `${CONFIG_VALUE_BYTES_MAX} bytes.`
  );
}

function utf8Length(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x1_0000 ? 3 : 4;
  }
  return bytes;
}

/** Why `value` is no value of this key, in Kafka's words; null when it is one. */
export function refusalOf(definition: ConfigDefinition, value: string): string | null {
  const reason = typeRefusal(definition.type, value) ?? rangeRefusal(definition, value);
  const own = reason ?? definition.refuses?.(value) ?? null;
  return own === null
    ? null
    : `Invalid value ${value} for configuration ${definition.name}: ${own}`;
}

/** The elements of a list as written, blanks trimmed. An empty text is an empty list. */
export function listElements(value: string): readonly string[] {
  const trimmed = value.trim();
  return trimmed === "" ? [] : trimmed.split(",").map((element) => element.trim());
}

function typeRefusal(type: ConfigType, value: string): string | null {
  switch (type) {
    case "boolean":
      return /^(true|false)$/i.test(value.trim())
        ? null
        : "Expected value to be either true or false";
    case "int":
      return integerRefusal(value, "INT", 2n ** 31n);
    case "short":
      return integerRefusal(value, "SHORT", 2n ** 15n);
    case "long":
      return integerRefusal(value, "LONG", 2n ** 63n);
    case "double":
      return /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(value.trim())
        ? null
        : "Not a number of type DOUBLE";
    case "string":
    case "list":
    case "class":
    case "password":
      return null;
    default:
      return unreachable(type);
  }
}

function integerRefusal(value: string, name: string, limit: bigint): string | null {
  const refusal = `Not a number of type ${name}`;
  // The length keeps a text of a million digits from becoming a number before it is refused.
  if (!/^[+-]?\d{1,40}$/.test(value.trim())) return refusal;
  const number = BigInt(value.trim().replace(/^\+/, ""));
  return -limit <= number && number < limit ? null : refusal;
}

function rangeRefusal(definition: ConfigDefinition, value: string): string | null {
  const { type, min, max, oneOf } = definition;
  if (oneOf !== undefined) {
    const values = type === "list" ? listElements(value) : [value];
    const isKnown = values.every((element) => oneOf.includes(element));
    if (!isKnown) return `String must be one of: ${oneOf.join(", ")}`;
  }
  if (type === "string" || type === "list" || type === "boolean") return null;
  // Bounds are small numbers: rounding a long beyond 2^53 never moves it over one.
  const number = Number(value.trim());
  if (min !== undefined && number < min) return `Value must be at least ${min}`;
  if (max !== undefined && number > max) return `Value must be no more than ${max}`;
  return null;
}
