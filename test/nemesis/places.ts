/**
 * Which process a controller runs in: one of four places, by its id. So three voters have a place each and one is free;
 * who replaces a voter gets an id of that one, since ids are given once.
 */

export const PLACES = 4;

export const placeOf = (nodeId: number): number => nodeId % PLACES;

/** The name of a place's process, and of the binding through which the others call it. */
export const placeName = (place: number): string => `PLACE_${place}`;
