/**
 * How delegation tokens end, from what leaders append and what is committed: nobody sweeps one that may still be used,
 * and none comes back (KIP-48).
 */
import type { MetadataRecord } from "../../../src/protocol/index.ts";

export class TokenEnds {
  /** By id: the earliest end that was ever written of it. A renewal that was lost leaves an earlier one. */
  readonly #soonest = new Map<string, number>();
  readonly #asked = new Set<string>();
  readonly #gone = new Set<string>();

  /** Somebody asked for the end of this token. */
  ended(tokenId: string): void {
    this.#asked.add(tokenId);
  }

  /** A leader whose clock says `nowMs` has appended it; null, or what is wrong with it. `onSwept`: told of a sweep. */
  appended(record: MetadataRecord, nowMs: number, onSwept: () => void): string | null {
    if (record.type === "DELEGATION_TOKEN_RECORD") {
      const { tokenId, expirationTimestamp, maxTimestamp } = record.data;
      const end = Math.min(expirationTimestamp, maxTimestamp);
      this.#soonest.set(tokenId, Math.min(end, this.#soonest.get(tokenId) ?? end));
    }
    if (record.type !== "REMOVE_DELEGATION_TOKEN_RECORD") return null;
    const { tokenId } = record.data;
    if (this.#asked.has(tokenId)) return null;
    onSwept();
    const end = this.#soonest.get(tokenId) ?? Infinity;
    return end < nowMs ? null : `token ${tokenId} is swept at ${nowMs}, and lasts until ${end}`;
  }

  /** It is committed; null, or what is wrong with it. */
  committed(record: MetadataRecord): string | null {
    if (record.type === "REMOVE_DELEGATION_TOKEN_RECORD") this.#gone.add(record.data.tokenId);
    if (record.type !== "DELEGATION_TOKEN_RECORD") return null;
    const { tokenId } = record.data;
    return this.#gone.has(tokenId) ? `token ${tokenId} has come back` : null;
  }
}
