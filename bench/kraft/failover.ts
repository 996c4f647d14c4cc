/**
 * For how long nothing is acknowledged when the leader fails: a writer allocates producer ids without a break and goes
 * from controller to controller when it is refused. A leader is aborted, as by a crash, or stopped, as by an operator.
 */
import { until } from "../../local/until.ts";
import { AllocateProducerIds } from "../../src/protocol/index.ts";
import { KafkaConnection } from "../../local/kafka-connection.ts";
import { assertNone, type SimulatedBroker } from "./simulated-broker.ts";
import { CLIENT, askAll, leaderOf, untilInStep, type Subject } from "./subject.ts";
import { at } from "./topics.ts";

const WARM_UP_MS = 1_000;
/** The fault comes at any moment of the fetch loop, whose period is half a second. */
const PHASE_MS = 500;
const GIVEN_UP_MS = 30_000;
const LOOK_MS = 20;
/** A controller that does not answer for so long is left. */
const PATIENCE_MS = 500;
/** When none of them has acknowledged. */
const PAUSE_MS = 5;

/** In ms. Afterwards every controller is back and in step. */
export async function failOver(
  subject: Subject,
  broker: SimulatedBroker,
  fault: "abort" | "halt",
): Promise<number> {
  const writer = startWriter(subject, broker);
  const leader = await leaderOf(subject);
  try {
    await pause(WARM_UP_MS + Math.random() * PHASE_MS);
    const faultAtMs = performance.now();
    await subject[fault](leader.id);
    const electedAtMs = await until(
      "another epoch",
      { withinMs: GIVEN_UP_MS, everyMs: LOOK_MS },
      async () => {
        const now = await askAll(subject);
        return now !== undefined && now.epoch > leader.epoch ? performance.now() : undefined;
      },
    );
    const isAcknowledged = (): boolean => (writer.acks.at(-1) ?? 0) > electedAtMs;
    await until(
      "an acknowledgement of it",
      { withinMs: GIVEN_UP_MS, everyMs: LOOK_MS },
      () => isAcknowledged() || undefined,
    );
    return longestGap(writer.acks, { from: faultAtMs, to: electedAtMs });
  } finally {
    writer.stop();
    await subject.start(leader.id);
    await untilInStep(subject);
  }
}

/** The longest time between two acknowledgements, of those that ended after `from` and began before `to`. */
function longestGap(acks: readonly number[], { from, to }: { from: number; to: number }): number {
  const gaps = acks.slice(1).map((ack, nth) => ({ begun: at(acks, nth), ended: ack }));
  const within = gaps.filter(({ begun, ended }) => ended > from && begun < to);
  return Math.max(...within.map(({ begun, ended }) => ended - begun));
}

interface Writer {
  /** When something was acknowledged. */
  readonly acks: readonly number[];
  stop(): void;
}

function startWriter(subject: Subject, broker: SimulatedBroker): Writer {
  const acks: number[] = [];
  const ports = [...subject.ports.values()];
  const over = new AbortController();
  const write = async (): Promise<void> => {
    let nth = 0;
    while (!over.signal.aborted) {
      await writeTo(at(ports, nth % ports.length), broker, acks, over.signal).catch(
        () => undefined,
      );
      nth += 1;
      if (nth % ports.length === 0) await pause(PAUSE_MS);
    }
  };
  void write();
  return { acks, stop: () => over.abort() };
}

/** Writes to one controller until it refuses. */
async function writeTo(
  port: number,
  { id, epoch }: SimulatedBroker,
  acks: number[],
  over: AbortSignal,
): Promise<void> {
  const connection = await KafkaConnection.open(port, { ...CLIENT, patienceMs: PATIENCE_MS });
  try {
    while (!over.aborted) {
      const { errorCode } = await connection.call(AllocateProducerIds, 0, {
        brokerId: id,
        brokerEpoch: epoch,
      });
      assertNone(errorCode, "AllocateProducerIds");
      acks.push(performance.now());
    }
  } finally {
    connection.close();
  }
}

const pause = (ms: number): Promise<void> => new Promise((settle) => setTimeout(settle, ms));
