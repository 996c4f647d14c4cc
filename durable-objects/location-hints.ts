/**
 * Where the platform can be asked to place an object: its location hints. A hint counts when an object is first
 * used, and is a wish.
 */
export const LOCATION_HINTS = [
  "wnam",
  "enam",
  "sam",
  "weur",
  "eeur",
  "apac",
  "apac-ne",
  "apac-se",
  "oc",
  "afr",
  "me",
] as const;

export type LocationHint = (typeof LOCATION_HINTS)[number];

export function isLocationHint(hint: string | undefined): hint is LocationHint {
  return LOCATION_HINTS.some((known) => known === hint);
}
