/**
 * The schemas against Kafka's own definitions, as they work at every version: which fields there are, in which order,
 * of which type, nullable or not, tagged or not, with which default, and whether they may be dropped. Notation does not
 * count: "0+" and "2+" are one in a message that begins at version 2.
 */
import { describe, expect, test } from "vitest";
import {
  apis,
  ApiKey,
  covers,
  DefaultPrincipalData,
  KRaftVersionRecord,
  LeaderChangeMessage,
  recordSchemas,
  RequestHeader,
  ResponseHeader,
  SnapshotFooterRecord,
  SnapshotHeaderRecord,
  versionsOf,
  VotersRecord,
  type AnyMessage,
  type Api,
  type Range,
} from "../../src/protocol/index.ts";
import { fallbackOf } from "../../src/protocol/schema/fallback.ts";
import {
  PRIVATE_TAG,
  type AnyField,
  type Fields,
  type Shape,
} from "../../src/protocol/schema/field.ts";
import { kafkaMessages, type FieldFacts, type MessageFacts } from "./fixtures.ts";

/** A field at one version, in words that both sides can be put into. */
interface Projection {
  readonly name: string;
  readonly type: string;
  readonly nullable: boolean;
  readonly tag: number | null;
  readonly fallback: unknown;
  readonly inflexible: boolean;
  readonly fields: readonly Projection[] | null;
}

const messages: readonly AnyMessage[] = [
  ...Object.values<Api>(apis)
    .filter(isKafkas)
    .flatMap(({ request, response }): AnyMessage[] => [request, response]),
  ...Object.values(recordSchemas),
  RequestHeader,
  ResponseHeader,
  DefaultPrincipalData,
  KRaftVersionRecord,
  LeaderChangeMessage,
  SnapshotFooterRecord,
  SnapshotHeaderRecord,
  VotersRecord,
];
const byName = new Map(messages.map((message) => [message.name, message]));

/** Ours have no counterpart. */
function isKafkas({ unadvertised }: Api): boolean {
  return !unadvertised;
}

const smallFirst = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);

/** Kafka's notation read anew, so that a fault of our own reading of it cannot hide on both sides. */
function isIn(range: Range | "none" | undefined, version: number): boolean {
  const bounds = /^(\d+)(?:-(\d+)|(\+))?$/.exec(range ?? "none");
  if (bounds === null) return false;
  const [, low, high, open] = bounds;
  const last = open === "+" ? Infinity : Number(high ?? low);
  return version >= Number(low) && version <= last;
}

describe("an API of ours", () => {
  const own = Object.values<Api>(apis).filter((api) => !isKafkas(api));

  test("is FenceBroker alone, and far from Kafka's by its key", () => {
    expect(own.map(({ name }) => name)).toEqual(["FenceBroker"]);
    const taken = kafkaMessages.flatMap(({ apiKey, type }) => (type === "request" ? [apiKey] : []));
    for (const { key } of own) expect(key).toBeGreaterThan(100 * Math.max(...taken.map(Number)));
  });

  test("has a name that no message of Kafka's has", () => {
    const names = new Set(kafkaMessages.map(({ name }) => name));
    for (const { request, response } of own)
      expect([names.has(request.name), names.has(response.name)]).toEqual([false, false]);
  });
});

describe("Kafka's side", () => {
  test("names exactly the messages that we have", () => {
    expect(messages.map(({ name }) => name).toSorted()).toEqual(
      kafkaMessages.map(({ name }) => name).toSorted(),
    );
  });
});

describe.each(kafkaMessages)("$name", (facts) => {
  const schema = byName.get(facts.name);
  if (schema === undefined) throw new Error(`no schema of ${facts.name}`);

  test("has Kafka's versions and key", () => {
    expect([schema.valid, schema.flexible]).toEqual([facts.validVersions, facts.flexibleVersions]);
    if (facts.apiKey !== undefined) expect(keyOf(schema)).toBe(facts.apiKey);
  });

  test.each(versionsOf(facts.validVersions))("has Kafka's fields at version %i", (version) => {
    expect(ours(schema.fields, version)).toEqual(kafkas(facts, facts.fields, version));
  });

  test("lets drop what Kafka lets drop", () => {
    expect(oursDroppable(schema.fields, "", schema)).toEqual(
      kafkasDroppable(facts, facts.fields, ""),
    );
  });
});

function keyOf({ name }: AnyMessage): number | undefined {
  const keys: Readonly<Record<string, number>> = ApiKey;
  const record = Object.values(recordSchemas).find((schema) => schema.name === name);
  return record?.key ?? keys[name.replace(/(Request|Response)$/, "")];
}

/** Without what controllers of this project say to each other: Kafka skips it, as it skips any tag. */
const kafkasOwn = (fields: Fields): [string, AnyField][] =>
  Object.entries(fields).filter(([, { traits }]) => traits.tag !== PRIVATE_TAG);

function ours(fields: Fields, version: number): Projection[] {
  return kafkasOwn(fields)
    .filter(([, field]) => existsAt(field, version))
    .map(([name, field]) => {
      const { shape, traits } = field;
      const inner = structOf(shape);
      return {
        name,
        type: typeOf(shape),
        nullable: traits.nullable !== undefined && covers(traits.nullable, version),
        tag: traits.tag ?? null,
        fallback: plain(fallbackOf(field), shape),
        inflexible: shape.kind === "legacyString",
        fields: inner === null ? null : ours(inner, version),
      };
    });
}

const existsAt = ({ traits }: AnyField, version: number): boolean =>
  traits.versions === undefined || covers(traits.versions, version);

function structOf(shape: Shape): Fields | null {
  if (shape.kind === "struct") return shape.fields;
  return shape.kind === "array" ? structOf(shape.element) : null;
}

function typeOf(shape: Shape): string {
  if (shape.kind === "array") return `[]${typeOf(shape.element)}`;
  if (shape.kind === "legacyString") return "string";
  return shape.kind === "offset" || shape.kind === "timestamp" ? "int64" : shape.kind;
}

/** A default in the words of Kafka's definitions; that of a struct is those of its fields. */
function plain(fallback: unknown, shape: Shape): string {
  if (fallback === null) return "null";
  if (typeof fallback === "string") return shape.kind === "uuid" ? "" : fallback;
  return typeof fallback === "object"
    ? ""
    : JSON.stringify(fallback, bigintAsText).replaceAll('"', "");
}

const bigintAsText = (_: string, value: unknown): unknown =>
  typeof value === "bigint" ? value.toString() : value;

function kafkas(
  message: MessageFacts,
  fields: readonly FieldFacts[],
  version: number,
): Projection[] {
  return fields
    .filter((field) => isIn(field.versions, version))
    .map((field) => {
      const inner = innerOf(message, field);
      return {
        name: smallFirst(field.name),
        type: field.type.replace(/[A-Z].*$/, "struct"),
        nullable: isIn(field.nullableVersions, version),
        tag: isIn(field.taggedVersions, version) ? (field.tag ?? null) : null,
        fallback: kafkasDefault(field),
        inflexible: field.flexibleVersions === "none",
        fields: inner === null ? null : kafkas(message, inner, version),
      };
    });
}

function innerOf(message: MessageFacts, field: FieldFacts): readonly FieldFacts[] | null {
  const name = field.type.replace("[]", "");
  if (!/^[A-Z]/.test(name)) return null;
  const shared = message.commonStructs?.find((struct) => struct.name === name);
  return field.fields ?? shared?.fields ?? [];
}

function kafkasDefault({ type, default: declared }: FieldFacts): string {
  if (declared !== undefined) {
    const text = String(declared).toLowerCase();
    return text.startsWith("0x") ? String(Number(text)) : text;
  }
  if (type === "bool") return "false";
  return /^(u?int|float)/.test(type) ? "0" : "";
}

/** The fields that are absent in some version, and whether a value may then be dropped. */
function oursDroppable(
  fields: Fields,
  path: string,
  message: AnyMessage,
  within = versionsOf(message.valid),
): string[] {
  return kafkasOwn(fields).flatMap(([name, field]) => {
    const here = within.filter((version) => existsAt(field, version));
    const inner = structOf(field.shape);
    const below = inner === null ? [] : oursDroppable(inner, `${path}${name}.`, message, here);
    const droppable = here.length < within.length && field.traits.ignorable === true;
    return [...(droppable ? [path + name] : []), ...below];
  });
}

function kafkasDroppable(
  message: MessageFacts,
  fields: readonly FieldFacts[],
  path: string,
  within = versionsOf(message.validVersions),
): string[] {
  return fields.flatMap((field) => {
    const name = smallFirst(field.name);
    const here = within.filter((version) => isIn(field.versions, version));
    const inner = innerOf(message, field);
    const below = inner === null ? [] : kafkasDroppable(message, inner, `${path}${name}.`, here);
    const droppable = here.length < within.length && field.ignorable === true;
    return [...(droppable ? [path + name] : []), ...below];
  });
}
