/**
 * What kafka-dump-log says of a metadata log, in the words of our own `/metadata-log`: Kafka's decoder of the same
 * bytes, to be held against ours record by record.
 */
import type { LogLine } from "../../client/cluster-client.ts";
import { redacted } from "../../src/metadata/index.ts";
import { metadataRecordFromJson, metadataRecordToJson } from "../../src/protocol/index.ts";

const BATCH = /^baseOffset: \d+ .*\bpartitionLeaderEpoch: (\d+) .*\bisvalid: (true|false)$/;
const RECORD = /^\| offset: (\d+) CreateTime: (\d+) .*\bheaderKeys: \[\] (.*)$/;
const METADATA = /^payload: (\{"type".*)$/;
const CONTROL_TYPE = /^controlType: ([A-Z_]+)\(\d+\)$/;
const CONTROL = /^(\w+):? (\{.*)$/;

/** The control records that it decodes, by the word it puts before each; Kafka's ControlRecordType. */
const CONTROL_TYPES: Readonly<Record<string, string>> = {
  LeaderChange: "LEADER_CHANGE",
  KRaftVersion: "KRAFT_VERSION",
  KRaftVoters: "KRAFT_VOTERS",
};

/** What it says of one record. Before 4.1 it names a control record's type and no more. */
export type DumpedRecord = Omit<LogLine, "version" | "data"> & Partial<LogLine>;

/**
 * The records of a dump made with `--cluster-metadata-decoder`, oldest first. Throws on a line that is not one of a
 * valid batch, a control record of KRaft or a decoded metadata record: what Kafka could not read it says in such lines.
 */
export function dumpedRecords(dump: string): readonly DumpedRecord[] {
  const records: DumpedRecord[] = [];
  let leaderEpoch = -1;
  for (const line of dump.split("\n")) {
    if (line === "" || /^(Dumping|Log starting offset:) /.test(line)) continue;
    const batch = BATCH.exec(line);
    const record = RECORD.exec(line);
    if (batch?.[2] === "true") leaderEpoch = Number(batch[1]);
    else if (record !== null) {
      const [, offset, timestampMs, said = ""] = record;
      records.push({
        offset: Number(offset),
        leader_epoch: leaderEpoch,
        timestamp_ms: Number(timestampMs),
        ...payload(said),
      });
    } else throw new Error(`kafka-dump-log says: ${line}`);
  }
  return records;
}

/** Kafka's decoder tells secrets, and our feed does not. */
const MAY_BE_SECRET = /^(CONFIG|USER_SCRAM_CREDENTIAL|(REMOVE_)?DELEGATION_TOKEN)_RECORD$/;

/** What the feed says of a record that was dumped. */
export function asTold(dumped: DumpedRecord): DumpedRecord {
  const { type, version, data } = dumped;
  if (!MAY_BE_SECRET.test(type)) return dumped;
  const record = metadataRecordFromJson({ type, version, data });
  const told = redacted(record);
  return told === record ? dumped : { ...dumped, ...metadataRecordToJson(told) };
}

type Payload = Pick<DumpedRecord, "type" | "version" | "data">;

function payload(said: string): Payload {
  const [, metadata] = METADATA.exec(said) ?? [];
  if (metadata !== undefined) {
    const decoded: Payload = JSON.parse(metadata);
    return decoded;
  }
  const [, alone] = CONTROL_TYPE.exec(said) ?? [];
  if (alone !== undefined) return { type: alone };
  const [, name = "", control] = CONTROL.exec(said) ?? [];
  const type = CONTROL_TYPES[name];
  if (type === undefined || control === undefined) throw new Error(`kafka-dump-log says: ${said}`);
  // Control records carry their version as a field.
  const data: { readonly version: number } = JSON.parse(control);
  return { type, version: data.version, data };
}
