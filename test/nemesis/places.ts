/**
 * Which process a controller runs in: one of four places, by its id. So three voters have a place each and one is free;
 * who replaces a voter gets an id of that one, since ids are given once. Workers have processes of their own.
 */

export const PLACES = 4;

export const placeOf = (nodeId: number): number => nodeId % PLACES;

/**
 * The name of the Workers' processes, which are places of no controller. The first has the object that lists clusters.
 */
export const EDGES = ["EDGE_0", "EDGE_1"] as const;

export const DIRECTORY_SERVER = EDGES[0];

/** The name of a place's process, and of the binding through which the others call it. */
export const placeName = (place: number): string => `PLACE_${place}`;

export const PLACE_NAMES: readonly string[] = Array.from({ length: PLACES }, (_, place) =>
  placeName(place),
);
