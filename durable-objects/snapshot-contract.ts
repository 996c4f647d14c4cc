/**
 * What a controller node and its callers say of snapshots: part of the contract in `contract.ts`. A snapshot goes over
 * it in ranges of bytes. Ranges of two nodes are never one file: the same id may have other bytes elsewhere.
 */
import { conforms, isInteger, type Checks } from "./conforms.ts";

/** A snapshot's name (KIP-630): its exclusive end, and the epoch of the last record in it. */
export interface SnapshotName {
  readonly end_offset: number;
  readonly epoch: number;
}

/** One that a node has whole. */
export interface ListedSnapshot extends SnapshotName {
  /** Bytes. */
  readonly size: number;
  /** That of the last record it stands for, in milliseconds since the Unix epoch. */
  readonly timestamp_ms: number;
}

export interface SnapshotList {
  /** Oldest first. */
  readonly snapshots: readonly ListedSnapshot[];
  /** 0, or the end of one of them. */
  readonly log_start_offset: number;
  /** Exclusive; null until this incarnation has learned one. */
  readonly high_watermark: number | null;
}

/** The parameters of `snapshot`. */
export interface SnapshotQuery extends SnapshotName {
  /** The first wanted byte. */
  readonly position: number;
  readonly max_bytes: number;
}

/**
 * The parameters of `seed`; its body is the bytes at `position`. Position 0 begins a seed and drops any other; a later
 * one must be where the bytes so far end.
 */
export interface SeedQuery extends SnapshotName {
  readonly position: number;
}

/** The body of `endSeed`: what the bytes are now, all of them. */
export type SeedEnd = ListedSnapshot;

const LISTED_SNAPSHOT = {
  end_offset: isInteger,
  epoch: isInteger,
  size: isInteger,
  timestamp_ms: isInteger,
} satisfies Checks<ListedSnapshot>;

export const isListedSnapshot = (value: unknown): value is ListedSnapshot =>
  conforms(value, LISTED_SNAPSHOT);

const SNAPSHOT_LIST = {
  snapshots: (value) => Array.isArray(value) && value.every(isListedSnapshot),
  log_start_offset: isInteger,
  high_watermark: (value) => value === null || isInteger(value),
} satisfies Checks<SnapshotList>;

export const isSnapshotList = (value: unknown): value is SnapshotList =>
  conforms(value, SNAPSHOT_LIST);

export const isSeedEnd: (value: unknown) => value is SeedEnd = isListedSnapshot;
