/** The committed log of a cluster: one range of it, all of it raw, and what changed between two offsets. */
import type { Answer, Parameters } from "./caller.ts";
import type { Asking, ClusterCalls } from "./cluster-calls.ts";

/** One line of the log: one record, as kafka-dump-log names it. */
export interface LogLine {
  readonly offset: number;
  readonly leader_epoch: number;
  readonly timestamp_ms: number;
  readonly type: string;
  readonly version: number;
  readonly data: Readonly<Record<string, unknown>>;
  /** Who wrote it, where the cluster still knows. Null: the controller itself, or unknown. */
  readonly cause?: Cause | null;
}

/** The call that wrote a record, and in whose name. */
export interface Cause {
  readonly api: string;
  /** As Kafka writes it: `User:ann`. */
  readonly principal: string;
  readonly client_id: string;
}

/** One range of the committed log. */
export interface LogAnswer {
  readonly lines: readonly LogLine[];
  /** Where to go on reading. */
  readonly next: number;
  /** Exclusive. */
  readonly highWatermark: number;
}

export interface RangeWish extends Asking {
  readonly from: number;
  /** Holds an answer that would be empty, at most 30,000. */
  readonly waitMs?: number;
  readonly maxBytes?: number;
}

/** What changed between two offsets. */
export interface MetadataDiff {
  readonly from_offset: number;
  readonly to_offset: number;
  readonly change_count: number;
  readonly data: readonly {
    readonly entity: string;
    readonly change: "CREATED" | "CHANGED" | "DELETED";
    readonly id: Readonly<Record<string, unknown>>;
    readonly fields: Readonly<Record<string, { readonly from: unknown; readonly to: unknown }>>;
  }[];
}

export interface MetadataLog {
  range(wish: RangeWish): Promise<LogAnswer>;
  /** From an offset, the first one unless said, to its end: record batches, end to end. It takes a broker's token. */
  raw(from?: number, asking?: Asking): Promise<Uint8Array>;
  /** At most 5,000 changes; to the newest record unless said. */
  diff(from: number, to?: number, asking?: Asking): Promise<MetadataDiff>;
}

const PATH = ["metadata-log"];
const DIFF_CHANGES_MAX = 5_000;

export const metadataLogOf = ({ response, ask }: ClusterCalls): MetadataLog => ({
  range: async ({ from, waitMs = 0, maxBytes, signal }) => {
    const parameters = { from_offset: from, wait_ms: waitMs, max_bytes: maxBytes };
    const answer = await response(PATH, { parameters, signal });
    return { ...placeOf(answer), lines: linesIn(await answer.text()) };
  },
  raw: async (from = 0, { signal } = {}) => {
    const chunks: Uint8Array[] = [];
    for (let next = from; ;) {
      const parameters: Parameters = { from_offset: next };
      const accept = "application/vnd.kafka.records";
      const answer = await response(PATH, { parameters, accept, as: "broker", signal });
      chunks.push(new Uint8Array(await answer.arrayBuffer()));
      const place = placeOf(answer);
      if (place.next >= place.highWatermark) return joined(chunks);
      ({ next } = place);
    }
  },
  diff: (from, to, asking) =>
    ask(["metadata-diff"], asking, { from, to, page_size: DIFF_CHANGES_MAX }),
});

/** Where a range ends, and where the log does. */
export const placeOf = ({
  headers,
}: Pick<Answer<unknown>, "headers">): Omit<LogAnswer, "lines"> => ({
  next: Number(headers.get("Kafka-Next-Offset")),
  highWatermark: Number(headers.get("Kafka-High-Watermark")),
});

function linesIn(text: string): readonly LogLine[] {
  const lines: LogLine[] = [];
  for (const each of text.split("\n")) {
    if (each === "") continue;
    const line: LogLine = JSON.parse(each);
    lines.push(line);
  }
  return lines;
}

function joined(chunks: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(chunks.reduce((size, chunk) => size + chunk.byteLength, 0));
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
}
