/**
 * A broker as the controllers see one: it registers, says with every heartbeat that it has read its own registration,
 * and falls silent when told to. It stores nothing, and reads the log only where a case does so for it.
 */
import { randomBytes } from "node:crypto";
import { until } from "../../local/until.ts";
import {
  BrokerHeartbeat,
  BrokerRegistration,
  ErrorCode,
  errorName,
  UnregisterBroker,
  uuidFromBytes,
  type BrokerHeartbeatResponse,
} from "../../src/protocol/index.ts";
import type { KafkaConnection } from "../../local/kafka-connection.ts";
import { toLeader, type Subject } from "./subject.ts";

/** What a 4.3 broker supports (KIP-584). */
const FEATURES = [
  { name: "eligible.leader.replicas.version", minSupportedVersion: 0, maxSupportedVersion: 1 },
  { name: "group.version", minSupportedVersion: 0, maxSupportedVersion: 1 },
  { name: "kraft.version", minSupportedVersion: 0, maxSupportedVersion: 1 },
  { name: "metadata.version", minSupportedVersion: 7, maxSupportedVersion: 30 },
  { name: "share.version", minSupportedVersion: 0, maxSupportedVersion: 1 },
  { name: "streams.version", minSupportedVersion: 0, maxSupportedVersion: 1 },
  { name: "transaction.version", minSupportedVersion: 0, maxSupportedVersion: 2 },
];

/** Enough to be alive whatever happens: a session is nine seconds. */
const ALIVE_MS = 1_000;
const BEATS_MAX = 100;
const RETRY_MS = 200;
/** A quorum that has just come up may still elect. */
const BRING_UP_MS = 60_000;

export class SimulatedBroker {
  readonly id: number;
  readonly #clusterId: string;
  readonly #incarnationId = uuidFromBytes(randomBytes(16));
  readonly #logDir = uuidFromBytes(randomBytes(16));
  #epoch = -1;
  #alive: AbortController | null = null;

  constructor(subject: Pick<Subject, "clusterId">, id: number) {
    this.#clusterId = subject.clusterId;
    this.id = id;
  }

  get epoch(): number {
    return this.#epoch;
  }

  /** Registers this incarnation; the broker is fenced until a heartbeat has been answered. */
  async register(connection: KafkaConnection): Promise<void> {
    const { errorCode, brokerEpoch } = await connection.call(BrokerRegistration, 4, {
      brokerId: this.id,
      clusterId: this.#clusterId,
      incarnationId: this.#incarnationId,
      listeners: [{ name: "PLAINTEXT", host: "127.0.0.1", port: 9092, securityProtocol: 0 }],
      features: FEATURES,
      rack: null,
      logDirs: [this.#logDir],
    });
    assertNone(errorCode, `BrokerRegistration of ${this.id}`);
    this.#epoch = brokerEpoch;
  }

  /** Sends heartbeats, one after the other, until it is unfenced. */
  async unfence(connection: KafkaConnection): Promise<void> {
    for (let beats = 0; beats < BEATS_MAX; beats += 1)
      if (!(await this.beat(connection)).isFenced) return;
    throw new Error(`broker ${this.id} is fenced after ${BEATS_MAX} heartbeats`);
  }

  async beat(connection: KafkaConnection): Promise<BrokerHeartbeatResponse> {
    const answer = await connection.call(BrokerHeartbeat, 1, this.#heartbeat());
    assertNone(answer.errorCode, `BrokerHeartbeat of ${this.id}`);
    return answer;
  }

  /** The frame of a heartbeat, to be sent again and again. */
  beatFrame(connection: KafkaConnection): Uint8Array {
    return connection.encode(BrokerHeartbeat, 1, this.#heartbeat());
  }

  /** Sends heartbeats from now on, to whoever leads. */
  keepAlive(subject: Subject): void {
    this.fallSilent();
    const alive = new AbortController();
    this.#alive = alive;
    void this.#beatUntil(subject, alive.signal);
  }

  fallSilent(): void {
    this.#alive?.abort();
    this.#alive = null;
  }

  async unregister(connection: KafkaConnection): Promise<void> {
    const { errorCode } = await connection.call(UnregisterBroker, 0, { brokerId: this.id });
    assertNone(errorCode, `UnregisterBroker of ${this.id}`);
  }

  async #beatUntil(subject: Subject, silenced: AbortSignal): Promise<void> {
    let connection: KafkaConnection | undefined;
    while (!silenced.aborted) {
      try {
        connection ??= await toLeader(subject);
        await this.beat(connection);
        await pause(ALIVE_MS);
      } catch {
        // Whoever led does not any more, or is gone.
        connection?.close();
        connection = undefined;
        await pause(RETRY_MS);
      }
    }
    connection?.close();
  }

  #heartbeat() {
    return {
      brokerId: this.id,
      brokerEpoch: this.#epoch,
      currentMetadataOffset: this.#epoch,
      wantFence: false,
      wantShutDown: false,
    };
  }
}

/** Registers and unfences brokers, one after the other, and keeps them alive. A new leader is waited for. */
export async function bringUp(
  subject: Subject,
  ids: readonly number[],
): Promise<readonly SimulatedBroker[]> {
  const brokers = ids.map((id) => new SimulatedBroker(subject, id));
  for (const each of brokers) {
    await until(`broker ${each.id} is unfenced`, { withinMs: BRING_UP_MS }, async () => {
      const connection = await toLeader(subject);
      try {
        await each.register(connection);
        await each.unfence(connection);
        return true;
      } finally {
        connection.close();
      }
    });
    each.keepAlive(subject);
  }
  return brokers;
}

export function assertNone(errorCode: number, what: string): void {
  if (errorCode !== ErrorCode.NONE) throw new Error(`${what}: ${errorName(errorCode)}`);
}

const pause = (ms: number): Promise<void> => new Promise((settle) => setTimeout(settle, ms));
