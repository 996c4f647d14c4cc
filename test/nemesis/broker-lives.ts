/**
 * What the committed log says of brokers, held against what they were told: who was fenced although a controller had
 * heard from him, which request was executed twice, what was acknowledged and is not there.
 */
import type { LogLine } from "../../client/cluster-client.ts";
import type { Asked, Beat } from "./kafka-broker.ts";

/** What one broker can tell. */
export interface BrokerEvidence {
  readonly id: number;
  readonly beats: readonly Beat[];
  readonly asked: Asked;
}

/** A broker was fenced, or unfenced. */
export interface FencingChange {
  readonly id: number;
  readonly epoch: number;
  readonly isFenced: boolean;
  readonly offset: number;
  /** By the clock of who led, in ms since 1970. */
  readonly atMs: number;
}

/** Kafka's `broker.session.timeout.ms`. */
export const SESSION_MS = 9_000;
/**
 * A leader that is deposed and does not know it may still answer heartbeats, for as long as it takes to miss its
 * majority; whoever follows it has heard nothing of them.
 */
const DEPOSED_MS = 4_500;

interface Data {
  readonly brokerId?: number;
  readonly brokerEpoch?: number;
  readonly fenced?: number;
  readonly name?: string;
}

export function fencingChangesOf(lines: readonly LogLine[]): readonly FencingChange[] {
  return lines.flatMap(({ type, data, offset, timestamp_ms: atMs }) => {
    const { brokerId: id = -1, brokerEpoch: epoch = -1, fenced = 0 }: Data = data;
    if (type !== "BROKER_REGISTRATION_CHANGE_RECORD" || fenced === 0) return [];
    return [{ id, epoch, isFenced: fenced > 0, offset, atMs }];
  });
}

/**
 * The first fencing of a broker of which a controller has heard lately: one of its heartbeats was sent no longer ago,
 * and answered. `originMs` is when the clock of the beats was 0, in ms since 1970.
 */
export function complaintAboutFencing(
  brokers: readonly Pick<BrokerEvidence, "id" | "beats">[],
  changes: readonly FencingChange[],
  originMs: number,
): string | undefined {
  for (const { id, isFenced, atMs, offset } of changes) {
    const fencedMs = atMs - originMs;
    const beats = brokers.find((broker) => broker.id === id)?.beats ?? [];
    const heard = beats.find(
      ({ sentMs, answeredMs }) =>
        answeredMs < fencedMs && sentMs > fencedMs - SESSION_MS + DEPOSED_MS,
    );
    if (isFenced && heard !== undefined)
      return `broker ${id} was fenced at ${offset}, ${(fencedMs - heard.sentMs).toFixed(0)} ms after a heartbeat that was answered`;
  }
  return undefined;
}

/** A time during which nothing passed between a gateway and its edge. */
export interface Cut {
  readonly fromMs: number;
  readonly untilMs: number;
}

/** The first heartbeat that was sent and answered while the broker's gateway had no way to a controller. */
export function complaintAboutInvented(
  { id, beats }: Pick<BrokerEvidence, "id" | "beats">,
  cuts: readonly Cut[],
): string | undefined {
  const invented = beats.find(({ sentMs, answeredMs }) =>
    cuts.some(({ fromMs, untilMs }) => sentMs >= fromMs && answeredMs <= untilMs),
  );
  return invented === undefined
    ? undefined
    : `broker ${id} was answered a heartbeat at ${invented.answeredMs.toFixed(0)} by a gateway without a link`;
}

/** The first sign that a request was executed twice, or not although it was said to be; undefined when there is none. */
export function complaintAboutRequests(
  brokers: readonly BrokerEvidence[],
  lines: readonly LogLine[],
): string | undefined {
  const names = new Set<string>();
  const blocks = new Map<number, number>();
  for (const { type, data } of lines) {
    const { name = "", brokerId = -1 }: Data = data;
    if (type === "TOPIC_RECORD") names.add(name);
    if (type === "PRODUCER_IDS_RECORD") blocks.set(brokerId, (blocks.get(brokerId) ?? 0) + 1);
  }
  const given = new Set<bigint>();
  for (const { id, asked } of brokers) {
    const [first] = asked.complaints;
    if (first !== undefined) return first;
    const lost = asked.created.find((name) => !names.has(name));
    if (lost !== undefined) return `broker ${id} was told that ${lost} is there, and it is not`;
    const written = blocks.get(id) ?? 0;
    const possible = asked.producerIdsAsked - asked.producerIdsRefused;
    if (written > possible)
      return `broker ${id} asked ${possible} times for producer ids, and was given some ${written} times`;
    if (written < asked.producerIds.length)
      return `broker ${id} was given producer ids ${asked.producerIds.length} times, and the log has ${written}`;
    for (const block of asked.producerIds) {
      if (given.has(block)) return `the producer ids from ${block} on were given twice`;
      given.add(block);
    }
  }
  return undefined;
}
