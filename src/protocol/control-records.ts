/**
 * Control records: what the log says about itself. KIP-595 (leader change), KIP-630 (the ends of a snapshot), KIP-853
 * (kraft.version and voters). The key is two int16, a version and a type; the value is a flexible struct that begins
 * with a version of its own. Readers of Kafka's parse all values as version 0, so that is what is written.
 */
import { assert } from "../std/assert.ts";
import { DecodeError, inMessage, within } from "./bytes/errors.ts";
import { Reader } from "./bytes/reader.ts";
import { Writer } from "./bytes/writer.ts";
import { KRaftVersionRecord } from "./records/kraft-version-record.ts";
import { LeaderChangeMessage } from "./records/leader-change-message.ts";
import { SnapshotFooterRecord } from "./records/snapshot-footer-record.ts";
import { SnapshotHeaderRecord } from "./records/snapshot-header-record.ts";
import { VotersRecord } from "./records/voters-record.ts";
import type { AnyMessage } from "./schema/message.ts";

export type ControlRecord =
  | { readonly type: "LEADER_CHANGE"; readonly data: LeaderChangeMessage }
  | { readonly type: "SNAPSHOT_HEADER"; readonly data: SnapshotHeaderRecord }
  | { readonly type: "SNAPSHOT_FOOTER"; readonly data: SnapshotFooterRecord }
  | { readonly type: "KRAFT_VERSION"; readonly data: KRaftVersionRecord }
  | { readonly type: "KRAFT_VOTERS"; readonly data: VotersRecord };

export type ControlRecordType = ControlRecord["type"];

interface Kind {
  readonly type: ControlRecordType;
  readonly key: number;
  readonly schema: AnyMessage;
}

const KINDS: readonly Kind[] = [
  { type: "LEADER_CHANGE", key: 2, schema: LeaderChangeMessage },
  { type: "SNAPSHOT_HEADER", key: 3, schema: SnapshotHeaderRecord },
  { type: "SNAPSHOT_FOOTER", key: 4, schema: SnapshotFooterRecord },
  { type: "KRAFT_VERSION", key: 5, schema: KRaftVersionRecord },
  { type: "KRAFT_VOTERS", key: 6, schema: VotersRecord },
];
const kindByType = new Map(KINDS.map((kind) => [kind.type, kind]));
const kindByKey = new Map(KINDS.map((kind) => [kind.key, kind]));

export const isControlRecordType = (type: string): type is ControlRecordType =>
  KINDS.some((kind) => kind.type === type);

/** The version of key and value alike. */
const VERSION = 0;

/** The key and the value of a control record as they stand in a batch. */
export interface ControlBytes {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

/** The schema of a control record's value. */
export function controlRecordSchema(type: ControlRecordType): AnyMessage {
  const kind = kindByType.get(type);
  assert(kind !== undefined, `${type} is a control record`);
  return kind.schema;
}

export function encodeControlRecord(record: ControlRecord): ControlBytes {
  const kind = kindByType.get(record.type);
  assert(kind !== undefined, `${record.type} is a control record`);
  const key = new Writer(4);
  key.int16(VERSION);
  key.int16(kind.key);
  return { key: key.bytes(), value: kind.schema.at(VERSION).encode({ ...record.data }) };
}

/** Transaction markers and unknown types have no place in this log: they are a `DecodeError`, as for Kafka. */
export function decodeControlRecord({ key, value }: ControlBytes): ControlRecord {
  const kind = kindOf(key);
  const data = kind.schema.at(VERSION).decode(value);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the kind has chosen type and schema together
  return { type: kind.type, data } as unknown as ControlRecord;
}

function kindOf(key: Uint8Array): Kind {
  try {
    const reader = new Reader(key);
    const version = reader.int16();
    if (version !== VERSION) throw new DecodeError(`version ${version} is not ${VERSION}`, 0);
    const kind = kindByKey.get(reader.int16());
    if (kind === undefined) throw new DecodeError("the type has no place in this log", 2);
    reader.expectEnd();
    return kind;
  } catch (error) {
    throw inMessage(within(error, "key"), "ControlRecord", VERSION);
  }
}
