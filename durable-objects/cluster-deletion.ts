/**
 * Deleting a cluster takes two steps: its nodes are taken out, with all that they have stored, and for a day they can
 * be brought back; then, or when somebody says the id twice, they are wiped. The directory decides, and tells the nodes
 * again until each has confirmed. These are its words to them.
 */
import { conforms, isInteger, isText, type Checks } from "./conforms.ts";

/** For how long a cluster that was deleted can be undeleted. */
export const UNDELETE_MS = 24 * 3_600_000;

/** One deletion of a cluster. Times are milliseconds since the Unix epoch, by the directory's clock. */
export interface Deletion {
  /** Drawn for this deletion: what is said late of one that was undone counts no more. */
  readonly deletion_id: string;
  readonly deleted_ms: number;
  /** From then on the cluster is wiped. */
  readonly undelete_until_ms: number;
}

/** To a node: its cluster is deleted. `created_ms` tells that cluster from a later one of the same id. */
export interface DeleteRequest {
  readonly created_ms: number;
  readonly deletion: Deletion;
}

/** To a node: that deletion is undone. */
export interface UndeleteRequest {
  readonly created_ms: number;
  readonly deletion_id: string;
}

/** To a node: the cluster of that time is wiped. */
export interface WipeQuery {
  readonly created_ms: number;
}

const DELETION = {
  deletion_id: isText,
  deleted_ms: isInteger,
  undelete_until_ms: isInteger,
} satisfies Checks<Deletion>;

const DELETE_REQUEST = {
  created_ms: isInteger,
  deletion: (value) => conforms(value, DELETION),
} satisfies Checks<DeleteRequest>;

const UNDELETE_REQUEST = {
  created_ms: isInteger,
  deletion_id: isText,
} satisfies Checks<UndeleteRequest>;

export const isDeleteRequest = (value: unknown): value is DeleteRequest =>
  conforms(value, DELETE_REQUEST);

export const isUndeleteRequest = (value: unknown): value is UndeleteRequest =>
  conforms(value, UNDELETE_REQUEST);

/** For a sentence: when the time to undelete ends. */
export const undeletableUntil = (undeleteUntilMs: number): string =>
  `it can be undeleted until ${new Date(undeleteUntilMs).toISOString()}`;
