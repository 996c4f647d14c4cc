/**
 * What an answer of `log` tells of who caused its records: in a header, since the body is the log's own bytes. Both
 * sides of the call may be of different builds, so it is checked; what is not understood is not known.
 */
import { conforms, isInteger, isText, type Check, type Checks } from "./conforms.ts";
import { HEADERS } from "./contract.ts";

/** What caused a record: an API that was called, in whose name, and the client id of that request. */
export interface Cause {
  readonly api: string;
  /** As Kafka writes a principal: `User:alice`. */
  readonly principal: string;
  readonly clientId: string;
}

/** First offset, the offset after the last, API, principal, client id. */
export type CauseSpan = readonly [number, number, string, string, string];

/** What the active controller knows of the causes of a range's records. */
export interface KnownCauses {
  readonly node_id: number;
  /** Only of records of this epoch anything is said. */
  readonly epoch: number;
  /** A data record from this offset on that is in no span was written by the controller itself. */
  readonly since: number;
  readonly spans: readonly CauseSpan[];
}

const isCauseSpan: Check = (value) =>
  Array.isArray(value) &&
  value.length === 5 &&
  value.slice(0, 2).every(isInteger) &&
  value.slice(2).every(isText);

const KNOWN_CAUSES = {
  node_id: isInteger,
  epoch: isInteger,
  since: isInteger,
  spans: (value) => Array.isArray(value) && value.every(isCauseSpan),
} satisfies Checks<KnownCauses>;

const isKnownCauses = (value: unknown): value is KnownCauses => conforms(value, KNOWN_CAUSES);

/** A header holds no letter beyond Latin-1, and a name may: those are written as JSON escapes them. */
export const causesHeader = (causes: KnownCauses | null): Readonly<Record<string, string>> =>
  causes === null
    ? {}
    : { [HEADERS.causes]: JSON.stringify(causes).replaceAll(BEYOND_ASCII, escaped) };

const BEYOND_ASCII = /[^ -~]/g;
const escaped = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** What an answer tells of causes; null when it tells nothing in the terms of this build. */
export function causesIn(headers: Headers): KnownCauses | null {
  const text = headers.get(HEADERS.causes);
  if (text === null) return null;
  try {
    const value: unknown = JSON.parse(text);
    return isKnownCauses(value) ? value : null;
  } catch {
    return null;
  }
}
