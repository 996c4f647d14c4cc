/**
 * What a simulated world shows to its checkers: the facts that are durable, and the facts that left a
 * replica. Nothing here comes from a replica's memory before its outputs were let go, because no one else could
 * have seen it. A history is an array of these, so a bad one can be written by hand.
 */

/** How observations name a replica: by its node. One with another storage than its node began with says that, too. */
export const nameOf = (node: number): string => `${node}`;

/** How they name the replay of the committed log that the world itself makes. */
export const REPLAY = "history";

/** One batch of the log, as checkers see it: its place, and a fingerprint of what it says. */
export interface EntryMark {
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly epoch: number;
  readonly fingerprint: number;
  /** The fingerprint of each record in it; of a batch without any, the one above says all. */
  readonly records?: readonly number[];
  /** The voter set that it holds, if it holds one, and a fingerprint of all that it says of them. */
  readonly voters?: readonly string[];
  readonly votersPrint?: number;
}

/** What the writer of a message vouches for by sending it. Each must be durable at that moment. */
export type Promise =
  | { readonly kind: "vote"; readonly epoch: number; readonly candidate: string }
  | { readonly kind: "candidacy"; readonly epoch: number }
  | { readonly kind: "leadership"; readonly epoch: number }
  /** Everything below `endOffset`, whose last record is of `lastEpoch`, is held. */
  | { readonly kind: "log"; readonly endOffset: number; readonly lastEpoch: number };

/** A change of the voter set that a leader of `epoch` has called committed. */
export interface VotersChanged {
  readonly change: "added" | "removed";
  readonly voter: string;
  readonly epoch: number;
}

export type Observation =
  /** A transaction of the replica's storage became durable. */
  | {
      readonly kind: "durable";
      readonly replica: string;
      readonly election?: {
        readonly epoch: number;
        readonly leader: number | null;
        readonly voted: string | null;
      };
      readonly truncateTo?: number;
      readonly append?: readonly EntryMark[];
      /** The log was replaced by a snapshot that ends here. */
      readonly installed?: number;
      /** The log was cut: it begins here. */
      readonly logStart?: number;
      /** Where log and snapshots begin and end afterwards, if the transaction touched any of that. */
      readonly kept?: {
        readonly start: number;
        readonly end: number;
        /** Where the whole ones end, oldest first. */
        readonly snapshots: readonly number[];
      };
    }
  /** A snapshot became whole, durably: one that the replica has made or fetched. */
  | {
      readonly kind: "snapshot";
      readonly replica: string;
      readonly endOffset: number;
      readonly epoch: number;
      /** Of the image that its records make; null when they cannot be read. */
      readonly digest: number | null;
      /** Of its bytes. */
      readonly fingerprint: number;
      /** In its header, and a fingerprint of all that it says of them. */
      readonly voters: readonly string[];
      readonly votersPrint: number;
      /** Who has made it says of which build it is; null where it was fetched. */
      readonly build: number | null;
    }
  /** A replica asks for a range of the snapshot `id`. */
  | {
      readonly kind: "range-asked";
      readonly replica: string;
      readonly incarnation: number;
      readonly leader: number;
      readonly epoch: number;
      readonly id: string;
      readonly position: number;
    }
  /** A copy of the storage of replica `original` took the place of what this replica had stored. */
  | { readonly kind: "copied"; readonly replica: string; readonly original: string }
  /** The outputs of a step were let go: this is what the world may now believe of the replica. */
  | {
      readonly kind: "shown";
      readonly replica: string;
      /** Counts the boots of the replica; memory lives as long as one incarnation. */
      readonly incarnation: number;
      readonly role: string;
      readonly epoch: number;
      readonly leader: number | null;
      /** Null while it is unknown. */
      readonly highWatermark: number | null;
      readonly voters: readonly string[];
      /** Where its log ends, of one that sleeps; absent of one that is awake. */
      readonly asleepAt?: number;
    }
  /** A message or a reply left the replica. */
  | { readonly kind: "promised"; readonly replica: string; readonly promise: Promise }
  /** Whoever asked for a change of the voter set was told that it is committed. */
  | ({ readonly kind: "voters-changed" } & VotersChanged)
  /** A client was told that its write is committed, and that its last record lies at `lastOffset`. */
  | {
      readonly kind: "acknowledged";
      readonly operation: number;
      readonly lastOffset: number;
      readonly epoch: number;
      /** Of that record. */
      readonly fingerprint: number;
    }
  /**
   * A client has read, and may hold what it was shown for current: since it began to ask, or of the age that was told.
   */
  | {
      readonly kind: "read";
      readonly read: number;
      readonly replica: string;
      readonly promise: "linearizable" | "age";
      /** Exclusive: the end of all that clients had been told, or shown, by the moment of which the read speaks. */
      readonly known: number;
      /** Exclusive: the end of what the read shows. */
      readonly end: number;
    }
  /** A broker was served a part of the log. */
  | {
      readonly kind: "served";
      readonly broker: number;
      /** Where its log ended before. */
      readonly from: number;
      readonly epoch: number;
      readonly highWatermark: number;
      readonly entries: readonly EntryMark[];
    }
  /** The replica applied everything below `endOffset` to its image. */
  | {
      readonly kind: "applied";
      readonly replica: string;
      readonly endOffset: number;
      readonly digest: number;
    }
  /** A partition in the committed image, after a batch. */
  | {
      readonly kind: "partition";
      readonly endOffset: number;
      readonly key: string;
      readonly leader: number;
      readonly leaderIsFenced: boolean;
      readonly isr: readonly number[];
      /** Members of the ISR that were not in it before this batch, and are fenced. */
      readonly fencedNewcomers: readonly number[];
      readonly replicas: readonly number[];
      readonly elr: readonly number[];
      readonly lastKnownElr: readonly number[];
      /** Eligible leader replicas are in use (KIP-966): the ISR may run empty. */
      readonly mayBeEmpty: boolean;
      readonly leaderEpoch: number;
      readonly partitionEpoch: number;
    }
  /** A committed batch that a broker's AlterPartition gave rise to has changed an ISR. */
  | {
      readonly kind: "isr-changed";
      readonly endOffset: number;
      readonly key: string;
      readonly proposer: number;
      /** Who led just before. */
      readonly leader: number;
    };
