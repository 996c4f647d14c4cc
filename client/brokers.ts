/** The registered brokers of a cluster, fenced ones included. */
import type { Asking, ClusterCalls, Reading } from "./cluster-calls.ts";
import { RefusedError } from "./refused-error.ts";
import type { Replica } from "./topics.ts";

export interface Broker {
  readonly broker_id: number;
  /** Of its first listener, like `port`; null where it has none. */
  readonly host: string | null;
  readonly port: number | null;
  readonly rack: string | null;
  /** The offset at which this incarnation registered. */
  readonly broker_epoch: number;
  readonly incarnation_id: string;
  readonly fenced: boolean;
  readonly in_controlled_shutdown: boolean;
  readonly listeners: readonly {
    readonly name: string;
    readonly host: string;
    readonly port: number;
    readonly security_protocol: number;
  }[];
  readonly features: readonly {
    readonly name: string;
    readonly min_supported_version: number;
    readonly max_supported_version: number;
  }[];
  readonly log_dirs: readonly string[];
}

export interface FencedBroker {
  readonly broker_id: number;
  readonly fenced: true;
  /** Already, so nothing was written. */
  readonly was_fenced: boolean;
  /** How many partitions go on without it. */
  readonly partitions_changed: number;
}

export interface Brokers {
  list(reading?: Reading): Promise<readonly Broker[]>;
  get(id: number, reading?: Reading): Promise<Broker>;
  /** What is to be on the broker, by topic and partition. */
  replicas(id: number, reading?: Reading): Promise<readonly Replica[]>;
  /**
   * Ends its session now, as if it had been silent for `broker.session.timeout.ms`. One that is alive is back with its
   * next heartbeat.
   */
  fence(id: number, asking?: Asking): Promise<FencedBroker>;
  /**
   * Ends a registration (UnregisterBroker, KIP-500), by `rpc`. Kafka's refusal is a `RefusedError` of status 200 whose
   * message has Kafka's name and words.
   */
  unregister(id: number, asking?: Asking): Promise<void>;
}

interface Unregistered {
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

export const brokersOf = ({ list, read, write }: ClusterCalls): Brokers => ({
  list: (reading) => list(["brokers"], reading),
  get: (id, reading) => read(["brokers", id], reading),
  replicas: (id, reading) => list(["brokers", id, "partition-replicas"], reading),
  fence: async (id, asking) =>
    (await write<FencedBroker>(["brokers", id], { tail: ":fence" }, asking)).body,
  unregister: async (brokerId, asking) => {
    const path = ["rpc", "UnregisterBroker"];
    const { body, headers } = await write<Unregistered>(path, { body: { brokerId } }, asking);
    if (body.errorCode === 0) return;
    const name = headers.get("Kafka-Error") ?? `error ${body.errorCode}`;
    const message = `${name}: ${body.errorMessage ?? `broker ${brokerId} cannot be unregistered`}`;
    const refusal = { error_code: body.errorCode, message };
    throw new RefusedError(`unregister broker ${brokerId}`, { status: 200, refusal });
  },
});
