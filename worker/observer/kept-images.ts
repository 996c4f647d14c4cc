/**
 * The images that an isolate keeps: what it has observed of each cluster, and a few of the past. They are the largest
 * things it has, and all of them together must fit it: an image of two million partitions leaves no room for a second.
 */
import type { MetadataImage } from "../../src/metadata/index.ts";
import { Recent } from "../recent.ts";
import type { Observation } from "./observation.ts";

/** An image at an offset of the past. */
export interface PastObservation extends Observation {
  /** The earlier one from which it came about, whose chunks it shares; undefined when it was loaded. */
  readonly base?: MetadataImage | undefined;
}

/** Each is looked at when one is kept; what bounds large ones is their bytes. */
const PRESENT_MAX = 100;
/** A difference needs two, and its next page again. */
const PAST_MAX = 4;
/** Of the 128 MB of an isolate. */
const BYTES_MAX = 80_000_000;
/** A snapshot above this is loaded with nothing beside it, since nobody knows before how large its image will be. */
const LARGE_SNAPSHOT_BYTES = 8 * 1_024 * 1_024;

const present = new Recent<Observation>(PRESENT_MAX);
const past = new Recent<PastObservation>(PAST_MAX);

/** What was observed of a cluster last; undefined when nothing was, or it had to go. */
export const presentOf = (key: string): Observation | undefined => present.get(key);

export function keepPresent(key: string, observation: Observation): void {
  present.set(key, observation);
  makeRoom(BYTES_MAX, observation);
}

export const forgetPresent = (key: string): void => present.delete(key);

/** The image at an offset of the past, by cluster and offset. */
export const pastOf = (key: string): PastObservation | undefined => past.get(key);

export function keepPast(key: string, observation: PastObservation): void {
  past.set(key, observation);
  makeRoom(BYTES_MAX, observation);
}

/** A snapshot of so many bytes is about to be loaded: nothing that is kept may stand beside a large one. */
export function makeRoomForSnapshot(bytes: number): void {
  if (bytes > LARGE_SNAPSHOT_BYTES) makeRoom(0);
}

/** An image is about to be read that is not kept, and of which nobody knows how large it will be. */
export const makeRoomForImage = (): void => makeRoom(0);

/**
 * Drops the oldest but `spared` until the rest has at most so many bytes: of the past first, which nothing waits for.
 */
function makeRoom(bytesMax: number, spared?: Observation): void {
  for (const images of [past, present]) {
    for (const [key, observation] of images.entries()) {
      if (bytesKept() <= bytesMax) return;
      if (observation !== spared) images.delete(key);
    }
  }
}

const bytesKept = (): number =>
  [...past.entries(), ...present.entries()].reduce((sum, [, { image }]) => sum + bytesOf(image), 0);

/** Of an image of nothing, roundly. */
const EMPTY_BYTES = 20_000;
/** Of an access control entry, and of a broker, with all that names them. */
const ENTRY_BYTES = 1_000;

/**
 * Measured: a packed row of three replicas whose numbers need 32 bits, which is twice what most take, and a topic with
 * its names and its chunk.
 */
const bytesOf = ({ topics, acls, cluster }: MetadataImage): number =>
  EMPTY_BYTES +
  topics.partitionCount * 38 +
  topics.byId.size * 900 +
  (acls.byId.size + cluster.brokers.size) * ENTRY_BYTES;
