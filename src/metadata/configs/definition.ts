/**
 * What a configuration key is: its type, its default and what values it takes, with Kafka's own words for a
 * refusal. A vocabulary for tables; which keys there are stands in `tables/` and its neighbours.
 */
import { utf8Size } from "../../protocol/index.ts";
import { unreachable } from "../../std/assert.ts";
import { booleanIn, doubleIn, elementsIn, integerIn, isIntegerType, trimmed } from "./values.ts";

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
  /** As it is written in a config, and shown when nothing is set; "" also where Kafka has none. */
  readonly default: string;
  /** Bounds of a number, both inclusive. */
  readonly min?: number;
  readonly max?: number;
  /** The only values of a string, or of each element of a list. */
  readonly oneOf?: readonly string[];
  /** A rule of its own: the reason why `value` is refused, or null. Of a list, the whole refusal. */
  readonly refuses?: (value: string) => string | null;
  /** A list whose elements `refuses` alone judges: they may be empty. */
  readonly hasOwnElements?: true;
  /** Kafka's own tests use it; it is shown only where it is set. */
  readonly isInternal?: true;
  /** A release has brought it that most clusters are not of: it is shown only where it is set. */
  readonly isNew?: true;
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
  if (value.length * 3 <= CONFIG_VALUE_BYTES_MAX || utf8Size(value) <= CONFIG_VALUE_BYTES_MAX) {
    return null;
  }
  return (
    "The configuration value cannot be added because it exceeds the maximum value size of " +
    `${CONFIG_VALUE_BYTES_MAX} bytes.`
  );
}

/** Why `value` is no value of this key, in Kafka's words; null when it is one. */
export function refusalOf(definition: ConfigDefinition, value: string): string | null {
  const { name, type } = definition;
  const refused = typeRefusal(type, value);
  if (refused !== null) return invalidValue(name, value, refused);
  return type === "list" ? listRefusal(definition, value) : scalarRefusal(definition, value);
}

export const invalidValue = (name: string, value: string, reason: string): string =>
  `Invalid value ${value} for configuration ${name}: ${reason}`;

function typeRefusal(type: ConfigType, value: string): string | null {
  switch (type) {
    case "boolean":
      return booleanIn(value) === null ? "Expected value to be either true or false" : null;
    case "int":
    case "short":
    case "long":
      return integerIn(value, type) === null ? `Not a number of type ${type.toUpperCase()}` : null;
    case "double":
      return doubleIn(value) === null ? "Not a number of type DOUBLE" : null;
    case "string":
    case "list":
    case "class":
    case "password":
      return null;
    default:
      return unreachable(type);
  }
}

function scalarRefusal(definition: ConfigDefinition, value: string): string | null {
  const { name, type, oneOf } = definition;
  const read = asRead(type, value);
  const reason =
    oneOf !== undefined && !oneOf.includes(read)
      ? `String must be one of: ${oneOf.join(", ")}`
      : (rangeRefusal(definition, value) ?? definition.refuses?.(read) ?? null);
  return reason === null ? null : invalidValue(name, read, reason);
}

/** The value as Kafka's words quote it. */
function asRead(type: ConfigType, value: string): string {
  if (isIntegerType(type)) return `${integerIn(value, type)}`;
  const number = type === "double" ? doubleIn(value) : null;
  if (number === null) return trimmed(value);
  return Number.isInteger(number) ? number.toFixed(1) : `${number}`;
}

function rangeRefusal({ type, min, max }: ConfigDefinition, value: string): string | null {
  // Bounds are small numbers: rounding a long beyond 2^53 never moves it over one. What is not a number is in no
  // order with them, and Kafka lets it pass.
  const number = isIntegerType(type) ? Number(integerIn(value, type)) : doubleIn(value);
  if (number === null) return null;
  if (min !== undefined && number < min) return `Value must be at least ${min}`;
  return max !== undefined && number > max ? `Value must be no more than ${max}` : null;
}

/** No element is empty (KIP-1161); one that is named twice counts once. */
function listRefusal(definition: ConfigDefinition, value: string): string | null {
  const { name, oneOf, refuses, hasOwnElements = false } = definition;
  const own = refuses?.(value) ?? null;
  if (own !== null) return own;
  if (hasOwnElements) return null;
  for (const element of elementsIn(value)) {
    if (element === "") return `Configuration '${name}' values must not be empty.`;
    if (oneOf !== undefined && !oneOf.includes(element)) {
      return invalidValue(name, element, `String must be one of: ${oneOf.join(", ")}`);
    }
  }
  return null;
}
