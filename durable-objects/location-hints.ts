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
  "oc",
  "afr",
  "me",
] as const;

export function isLocationHint(hint: string | undefined): hint is (typeof LOCATION_HINTS)[number] {
  return LOCATION_HINTS.some((known) => known === hint);
}
