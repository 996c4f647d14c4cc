/**
 * An image of a cluster's metadata, and which record it reaches to.
 */
import { emptyImage, type MetadataImage } from "../../src/metadata/index.ts";
import type { Position } from "../../durable-objects/contract.ts";

export interface Observation {
  readonly image: MetadataImage;
  /** The last record that the image holds. */
  readonly position: Position;
  /** Everything that was committed before this moment is in the image, as a majority has confirmed. */
  readonly confirmedMs: number;
}

/** One that a reader is shown. */
export interface Seen extends Observation {
  /** It was asked for as it was then. */
  readonly isPast: boolean;
}

export const NOTHING: Observation = {
  image: emptyImage,
  position: { offset: -1, epoch: 0 },
  confirmedMs: Number.NEGATIVE_INFINITY,
};

/** An image that nobody has confirmed to be the newest. */
export const observationOf = (image: MetadataImage): Observation => ({
  ...NOTHING,
  image,
  position: positionOf(image),
});

export const positionOf = ({ provenance }: MetadataImage): Position => ({
  offset: provenance.endOffset - 1,
  epoch: Math.max(0, provenance.epoch),
});
