/**
 * A broker that speaks the controller protocol as JSON over HTTP, as far as membership goes: it registers, follows
 * the metadata log, sends heartbeats and falls silent when told to. It stores no partitions. The tour and the tests
 * show with it what any broker in any language could do.
 */
import {
  RefusedError,
  committedLog,
  type ClusterClient,
  type LogAnswer,
} from "./cluster-client.ts";

/** What BrokerHeartbeat is answered (KIP-631), as far as this broker reads it. */
export interface HeartbeatAnswer {
  readonly errorCode: number;
  readonly isCaughtUp: boolean;
  readonly isFenced: boolean;
  readonly shouldShutDown: boolean;
}

export interface JsonBroker {
  readonly id: number;
  /** The epoch that the controller gave this incarnation; -1 before it registered. */
  epoch(): number;
  /** Registers this incarnation; the broker is fenced until a heartbeat says that it has caught up. */
  register(): Promise<number>;
  /** Reads the committed log to its end and sends one heartbeat that says so. */
  heartbeat(): Promise<HeartbeatAnswer>;
  /** Sends heartbeats from now on, every half second, whether or not each succeeds. */
  keepAlive(): void;
  /** Stops sending. */
  fallSilent(): Promise<void>;
}

interface Registered {
  readonly errorCode: number;
  readonly brokerEpoch: number;
}

/** A quarter of Kafka's `broker.heartbeat.interval.ms`: quick enough to watch. */
const HEARTBEAT_MS = 500;

/** What a 4.0 broker supports (KIP-584); the controller refuses one that lacks a finalized feature. */
const FEATURES = [
  { name: "group.version", minSupportedVersion: 0, maxSupportedVersion: 1 },
  { name: "kraft.version", minSupportedVersion: 0, maxSupportedVersion: 1 },
  { name: "metadata.version", minSupportedVersion: 7, maxSupportedVersion: 25 },
  { name: "transaction.version", minSupportedVersion: 0, maxSupportedVersion: 2 },
];

/** One with a new disk, or with a log directory that an earlier incarnation had. */
export function jsonBroker(
  cluster: ClusterClient,
  id: number,
  logDir: string = kafkaUuid(),
): JsonBroker {
  const incarnationId = kafkaUuid();
  let epoch = -1;
  let read = 0;
  let timer: ReturnType<typeof setInterval> | undefined;
  let beating: Promise<unknown> = Promise.resolve();

  const heartbeat = async (): Promise<HeartbeatAnswer> => {
    ({ next: read } = await logFrom(cluster, read));
    const { body } = await cluster.rpc<HeartbeatAnswer>(
      "BrokerHeartbeat",
      {
        brokerId: id,
        brokerEpoch: epoch,
        currentMetadataOffset: read - 1,
        wantFence: false,
        wantShutDown: false,
        offlineLogDirs: [],
      },
      1,
    );
    return body;
  };

  return {
    id,
    epoch: () => epoch,
    async register() {
      const { body } = await cluster.rpc<Registered>("BrokerRegistration", {
        brokerId: id,
        clusterId: cluster.clusterId,
        incarnationId,
        listeners: [{ name: "PLAINTEXT", host: `broker-${id}`, port: 9092, securityProtocol: 0 }],
        features: FEATURES,
        rack: null,
        isMigratingZkBroker: false,
        logDirs: [logDir],
        previousBrokerEpoch: -1,
      });
      if (body.errorCode !== 0)
        throw new Error(`broker ${id} was refused with error ${body.errorCode}`);
      epoch = body.brokerEpoch;
      return epoch;
    },
    heartbeat,
    keepAlive() {
      timer = setInterval(() => {
        // A heartbeat that fails is a heartbeat missed, as in any broker.
        beating = heartbeat().catch(() => undefined);
      }, HEARTBEAT_MS);
    },
    async fallSilent() {
      clearInterval(timer);
      await beating;
    },
  };
}

/** The log from an offset on. It keeps no metadata, so of a log that was cut meanwhile it needs no snapshot either. */
async function logFrom(cluster: ClusterClient, offset: number): Promise<LogAnswer> {
  try {
    return await committedLog(cluster, offset);
  } catch (error) {
    const next = error instanceof RefusedError ? error.refusal.next_offset : undefined;
    if (next === undefined) throw error;
    return await committedLog(cluster, next);
  }
}

/** A random uuid in Kafka's form: 22 characters of base64url. */
function kafkaUuid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const base64 = btoa(String.fromCharCode(...bytes));
  return base64.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
