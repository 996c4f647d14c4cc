/**
 * Records without what is secret in them, for whoever may read the log but not its secrets. Which these are is Kafka's
 * own judgement (`RecordRedactor`, `KafkaConfigSchema.isSensitive`, and for tokens `MetadataNodeRedactionCriteria`):
 *
 * - the value of a config of type password, and of one that this build does not know;
 * - salt and keys of a SCRAM credential: whoever has them can try passwords, or pose as a broker;
 * - of a delegation token its id, which the token's password is made of, and the names of those whom it concerns.
 *
 * A redacted record is a record: it can be replayed, and says which thing it is about.
 */
import type { MetadataRecord } from "../protocol/index.ts";
import { isSensitive } from "./configs/definitions.ts";

/** Kafka's word in place of a secret. */
export const REDACTED = "(redacted)";

/** The record as it may be shown. */
export const redacted = (record: MetadataRecord): MetadataRecord => withWord(record, REDACTED);

/**
 * The record as it is replayed into an image that is to hold no secret. The word says in which batch it was written, by
 * the end of that: so a later image tells that a secret was written anew, and neither says a thing about its value.
 */
export const redactedIn = (record: MetadataRecord, endOffset: number): MetadataRecord =>
  withWord(record, `${REDACTED} @${endOffset}`);

function withWord(record: MetadataRecord, word: string): MetadataRecord {
  switch (record.type) {
    case "CONFIG_RECORD": {
      const { resourceType, name, value } = record.data;
      if (value === null || !isSensitive(resourceType, name)) return record;
      return { ...record, data: { ...record.data, value: word } };
    }
    case "USER_SCRAM_CREDENTIAL_RECORD": {
      const bytes = asBytes(word);
      const keys = { salt: bytes, storedKey: bytes, serverKey: bytes };
      return { ...record, data: { ...record.data, ...keys } };
    }
    case "DELEGATION_TOKEN_RECORD": {
      const { tokenId, renewers } = record.data;
      const names = {
        owner: REDACTED,
        requester: REDACTED,
        renewers: renewers.map(() => REDACTED),
      };
      return { ...record, data: { ...record.data, ...names, tokenId: standInFor(tokenId) } };
    }
    case "REMOVE_DELEGATION_TOKEN_RECORD":
      return { ...record, data: { ...record.data, tokenId: standInFor(record.data.tokenId) } };
    default:
      return record;
  }
}

/** The word is ASCII. */
const asBytes = (word: string): Uint8Array =>
  Uint8Array.from(word, (letter) => letter.charCodeAt(0));

const FNV_OFFSET = 0xcbf2_9ce4_8422_2325n;
const FNV_PRIME = 0x100_0000_01b3n;

/**
 * The same for all records of one token, or the end of a token would be the end of another. A token's id is 128 bits
 * that nobody can guess; from 64 that are made of it (FNV-1a) it cannot be had back, whatever the function.
 */
function standInFor(tokenId: string): string {
  let hash = FNV_OFFSET;
  for (let at = 0; at < tokenId.length; at += 1) {
    hash = BigInt.asUintN(64, (hash ^ BigInt(tokenId.charCodeAt(at))) * FNV_PRIME);
  }
  return `${REDACTED} ${hash.toString(16).padStart(16, "0")}`;
}
