/**
 * The words of access control entries (Kafka's `ResourceType`, `PatternType`, `AclOperation`, `AclPermissionType`) and
 * their numbers on the wire. Those that only filters have stand apart: no entry is of any type.
 */
import {
  ACL_OPERATION,
  ACL_PATTERN,
  ACL_PERMISSION,
  ACL_RESOURCE,
} from "../../src/metadata/index.ts";
import * as v from "valibot";
import { invalid, text } from "../http/fields.ts";

/** What an entry says, and what a search may ask. */
export const ACL_FIELDS = [
  "resource_type",
  "resource_name",
  "pattern_type",
  "principal",
  "host",
  "operation",
  "permission",
] as const;
export type AclField = (typeof ACL_FIELDS)[number];

/** A kind of words: those of entries, and those of filters besides. */
export interface Words {
  readonly ofEntries: Readonly<Record<string, number>>;
  readonly ofFilters: Readonly<Record<string, number>>;
}

const ANY = { ANY: 1 } as const;

export const RESOURCE_TYPES: Words = { ofEntries: ACL_RESOURCE, ofFilters: ANY };
export const PATTERN_TYPES: Words = { ofEntries: ACL_PATTERN, ofFilters: { ...ANY, MATCH: 2 } };
export const OPERATIONS: Words = { ofEntries: ACL_OPERATION, ofFilters: ANY };
export const PERMISSIONS: Words = { ofEntries: ACL_PERMISSION, ofFilters: ANY };

/** A word of an entry, in capitals or not, as Kafka's tools take it; it becomes its number. */
export const entryWord = ({ ofEntries }: Words) =>
  v.pipe(
    text,
    v.check(
      (word) => codeIn(ofEntries, word) !== undefined,
      `must be one of ${Object.keys(ofEntries).join(", ")}`,
    ),
    v.transform((word) => codeIn(ofEntries, word) ?? 0),
  );

/** The number of a filter's word. */
export function filterCode({ ofFilters, ofEntries }: Words, word: string, path: string): number {
  const table = { ...ofFilters, ...ofEntries };
  const code = codeIn(table, word);
  if (code === undefined) throw invalid(path, `one of ${Object.keys(table).join(", ")}`);
  return code;
}

const codeIn = (table: Readonly<Record<string, number>>, word: string): number | undefined =>
  Object.hasOwn(table, word.toUpperCase()) ? table[word.toUpperCase()] : undefined;

/** The word of a number; UNKNOWN where this build has none, as Kafka's clients say. */
export const wordOf = ({ ofEntries }: Words, code: number): string =>
  Object.entries(ofEntries).find(([, each]) => each === code)?.[0] ?? "UNKNOWN";
