/**
 * A broker behind a gateway, as the controllers see one: over Kafka's TCP it registers, follows the metadata log by
 * Fetch, beats, and has topics and producer ids made, each with a connection of its own. It stores nothing but what it
 * was shown and told, which is judged afterwards.
 */
import { randomBytes } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { KafkaConnection } from "../../local/kafka-connection.ts";
import {
  AllocateProducerIds,
  BrokerHeartbeat,
  BrokerRegistration,
  CreateTopics,
  ErrorCode,
  errorName,
  Fetch,
  METADATA_TOPIC_ID,
  uuidFromBytes,
  type FetchResponse,
} from "../../src/protocol/index.ts";
import { BrokerStory } from "./broker-story.ts";
import { outsideOfLulls } from "./lulls.ts";

/** Where the controllers are reached, by this broker's account. */
export interface Route {
  readonly host: string;
  /** Who may vote, now. */
  readonly nodeIds: () => readonly number[];
  readonly portOf: (nodeId: number) => number;
}

export interface KafkaBrokerOptions {
  readonly id: number;
  readonly clusterId: string;
  readonly route: Route;
}

/** A heartbeat that was answered without an error; times are of `performance.now()`. */
export interface Beat {
  readonly sentMs: number;
  readonly answeredMs: number;
  readonly isFenced: boolean;
}

/** What a broker asked to be made, and what it was told of it. */
export interface Asked {
  /** Topics whose names nobody else has used, nor this broker twice; those that it was told are there. */
  readonly created: string[];
  /** Requests for producer ids: each that was executed wrote a record. */
  producerIdsAsked: number;
  /** Those that were refused, so that they wrote none. */
  producerIdsRefused: number;
  /** First bytes of what was given. */
  readonly producerIds: bigint[];
  /** What cannot have been told of a request that was executed once. */
  readonly complaints: string[];
}

/** What a 4.0 broker supports (KIP-584). */
const FEATURES = [
  { name: "group.version", minSupportedVersion: 0, maxSupportedVersion: 1 },
  { name: "kraft.version", minSupportedVersion: 0, maxSupportedVersion: 1 },
  { name: "metadata.version", minSupportedVersion: 7, maxSupportedVersion: 25 },
  { name: "transaction.version", minSupportedVersion: 0, maxSupportedVersion: 2 },
];

const PATIENCE_MS = 4_000;
const FETCH_WAIT_MS = 500;
const BEAT_MS = 500;
const WORK_MS = 400;
const RETRY_MS = 100;
const FETCH_BYTES = 1_048_576;

/** Codes by which AllocateProducerIds was certainly not executed. */
const NOT_EXECUTED = new Set<number>([
  ErrorCode.STALE_BROKER_EPOCH,
  ErrorCode.BROKER_ID_NOT_REGISTERED,
]);

export class KafkaBroker {
  readonly id: number;
  readonly story: BrokerStory;
  readonly beats: Beat[] = [];
  readonly asked: Asked = {
    created: [],
    producerIdsAsked: 0,
    producerIdsRefused: 0,
    producerIds: [],
    complaints: [],
  };
  readonly #options: KafkaBrokerOptions;
  readonly #incarnationId = uuidFromBytes(randomBytes(16));
  readonly #directoryId = uuidFromBytes(randomBytes(16));
  readonly #logDir = uuidFromBytes(randomBytes(16));
  readonly #alive = new AbortController();
  readonly #open = new Set<KafkaConnection>();
  #running: readonly Promise<void>[] = [];
  /** Who leads, as far as this broker knows. */
  #leader: { readonly id: number; readonly epoch: number } = { id: -1, epoch: 0 };
  #brokerEpoch = -1;
  #names = 0;

  constructor(options: KafkaBrokerOptions) {
    this.id = options.id;
    this.story = new BrokerStory(`broker ${options.id}`);
    this.#options = options;
  }

  get leaderId(): number {
    return this.#leader.id;
  }

  get epoch(): number {
    return this.#brokerEpoch;
  }

  start(): void {
    this.#running = [
      this.#again((signal) => this.#follow(signal)),
      this.#again((signal) => this.#beat(signal)),
      this.#again((signal) => this.#work(signal)),
    ];
  }

  /** Ends as a process does that is killed: its connections are closed, and what it has sent is sent. */
  async die(): Promise<void> {
    this.#alive.abort();
    for (const connection of this.#open) connection.close();
    await Promise.all(this.#running);
  }

  /** Sends one more heartbeat, whose answer nobody waits for. */
  async beatOnce(): Promise<void> {
    const connection = await this.#connect(this.#leader.id);
    void this.#sendBeat(connection).catch(() => undefined);
  }

  /** Runs it until the broker dies, again whenever a connection ends. */
  async #again(run: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const { signal } = this.#alive;
    while (!signal.aborted) {
      await run(signal).catch(() => undefined);
      await pause(RETRY_MS);
    }
  }

  async #connect(nodeId: number): Promise<KafkaConnection> {
    const { host, portOf } = this.#options.route;
    const connection = await KafkaConnection.open(portOf(nodeId), {
      clientId: "nemesis",
      patienceMs: PATIENCE_MS,
      host,
    });
    for (const each of this.#open) if (!each.isOpen) this.#open.delete(each);
    this.#open.add(connection);
    if (this.#alive.signal.aborted) connection.close();
    return connection;
  }

  /** Follows the log at one controller, as long as that one leads. */
  async #follow(signal: AbortSignal): Promise<void> {
    const nodeIds = this.#options.route.nodeIds();
    const any = nodeIds[Math.floor(Math.random() * nodeIds.length)] ?? -1;
    const at = nodeIds.includes(this.#leader.id) ? this.#leader.id : any;
    const connection = await this.#connect(at);
    try {
      while (!signal.aborted) {
        const response = await this.#fetch(connection);
        if (!this.#take(response) || this.#leader.id !== at) break;
      }
    } catch (error) {
      // Whoever led may be gone, and somebody else knows.
      this.#leader = { ...this.#leader, id: -1 };
      throw error;
    } finally {
      connection.close();
    }
  }

  #fetch(connection: KafkaConnection): Promise<FetchResponse> {
    const { story } = this;
    const partition = {
      partition: 0,
      currentLeaderEpoch: this.#leader.epoch,
      fetchOffset: story.end,
      lastFetchedEpoch: story.lastEpoch,
      partitionMaxBytes: FETCH_BYTES,
      replicaDirectoryId: this.#directoryId,
    };
    return connection.call(Fetch, 17, {
      clusterId: this.#options.clusterId,
      replicaState: { replicaId: this.id, replicaEpoch: -1 },
      maxWaitMs: FETCH_WAIT_MS,
      minBytes: 1,
      maxBytes: FETCH_BYTES,
      topics: [{ topicId: METADATA_TOPIC_ID, partitions: [partition] }],
    });
  }

  /** Whether the log was served. */
  #take({ responses }: FetchResponse): boolean {
    const [partition] = responses[0]?.partitions ?? [];
    if (partition === undefined) return false;
    const { leaderId: id, leaderEpoch: epoch } = partition.currentLeader;
    if (epoch >= this.#leader.epoch && id >= 0) this.#leader = { id, epoch };
    else if (epoch > this.#leader.epoch) this.#leader = { id: -1, epoch };
    if (partition.errorCode !== ErrorCode.NONE) return false;
    if (partition.divergingEpoch.endOffset >= 0)
      this.story.complain(`is told at ${this.story.end} that its log has parted`);
    else if (partition.snapshotId.endOffset >= 0)
      this.story.complain(`is sent to a snapshot at ${this.story.end}`);
    else
      this.story.shown({
        highWatermark: partition.highWatermark,
        records: partition.records ?? new Uint8Array(),
      });
    return true;
  }

  async #beat(signal: AbortSignal): Promise<void> {
    const at = this.#leader.id;
    if (at < 0) return;
    const connection = await this.#connect(at);
    try {
      while (!signal.aborted && this.#leader.id === at) {
        if (this.#brokerEpoch < 0) await this.#register(connection);
        if (!(await this.#sendBeat(connection))) break;
        await pause(BEAT_MS);
      }
    } finally {
      connection.close();
    }
  }

  async #register(connection: KafkaConnection): Promise<void> {
    const { errorCode, brokerEpoch } = await connection.call(BrokerRegistration, 4, {
      brokerId: this.id,
      clusterId: this.#options.clusterId,
      incarnationId: this.#incarnationId,
      listeners: [{ name: "PLAINTEXT", host: "127.0.0.1", port: 9092, securityProtocol: 0 }],
      features: FEATURES,
      rack: null,
      logDirs: [this.#logDir],
    });
    if (errorCode !== ErrorCode.NONE) throw new Error(errorName(errorCode));
    this.#brokerEpoch = brokerEpoch;
  }

  /** Whether it was answered without an error. */
  async #sendBeat(connection: KafkaConnection): Promise<boolean> {
    const sentMs = performance.now();
    const { errorCode, isFenced } = await connection.call(BrokerHeartbeat, 1, {
      brokerId: this.id,
      brokerEpoch: this.#brokerEpoch,
      currentMetadataOffset: Math.max(this.story.end - 1, 0),
      wantFence: false,
      wantShutDown: false,
    });
    // Registered anew, and the answer was lost.
    if (errorCode === ErrorCode.STALE_BROKER_EPOCH) this.#brokerEpoch = -1;
    if (errorCode !== ErrorCode.NONE) return false;
    this.beats.push({ sentMs, answeredMs: performance.now(), isFenced });
    return true;
  }

  /** Has a topic made, and then producer ids, and so on, at whoever leads. */
  async #work(signal: AbortSignal): Promise<void> {
    const at = this.#leader.id;
    if (at < 0 || this.#brokerEpoch < 0) return;
    const connection = await this.#connect(at);
    try {
      while (!signal.aborted && this.#leader.id === at) {
        await outsideOfLulls(signal);
        await this.#createTopic(connection);
        await this.#allocate(connection);
        await pause(WORK_MS);
      }
    } finally {
      connection.close();
    }
  }

  /** The name is used for this one request, ever: if there is such a topic, this request was executed before. */
  async #createTopic(connection: KafkaConnection): Promise<void> {
    this.#names += 1;
    const name = `once-${this.id}-${this.#names}`;
    const { topics } = await connection.call(CreateTopics, 7, {
      topics: [{ name, numPartitions: 1, replicationFactor: 1, assignments: [], configs: [] }],
      timeoutMs: PATIENCE_MS,
      validateOnly: false,
    });
    const errorCode = topics[0]?.errorCode;
    if (errorCode === ErrorCode.NONE) this.asked.created.push(name);
    else if (errorCode === ErrorCode.TOPIC_ALREADY_EXISTS)
      this.asked.complaints.push(
        `broker ${this.id} asked for ${name} once, and it is there already`,
      );
  }

  async #allocate(connection: KafkaConnection): Promise<void> {
    this.asked.producerIdsAsked += 1;
    const answer = await connection.call(AllocateProducerIds, 0, {
      brokerId: this.id,
      brokerEpoch: this.#brokerEpoch,
    });
    if (answer.errorCode === ErrorCode.NONE)
      this.asked.producerIds.push(BigInt(answer.producerIdStart));
    else if (NOT_EXECUTED.has(answer.errorCode)) this.asked.producerIdsRefused += 1;
  }
}
