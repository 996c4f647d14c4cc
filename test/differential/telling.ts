/**
 * A few requests told to both controllers, one after the other, in a world that begins without brokers and topics. An
 * entry of the ledger shows with it that it still occurs.
 */
import type { MetadataImage } from "../../src/metadata/image/metadata-image.ts";
import type { Partition } from "../../src/metadata/image/partition.ts";
import { partitionAt, topicByName } from "../../src/metadata/image/topics-image.ts";
import type { ApiName, Uuid } from "../../src/protocol/index.ts";
import { BrokerLives } from "./broker-lives.ts";
import type { Compared, ControllerPair, Difference } from "./controller-pair.ts";
import type { Asked } from "./jvm-controller.ts";

export class Telling {
  readonly #pair: ControllerPair;
  readonly #lives = new BrokerLives();
  readonly differences: Difference[] = [];

  constructor(pair: ControllerPair) {
    this.#pair = pair;
  }

  get image(): MetadataImage {
    return this.#pair.image;
  }

  get endOffset(): number {
    return this.#pair.jvm.endOffset;
  }

  get metadataVersion(): number {
    return this.image.features.metadataVersion;
  }

  /** At the highest version that both speak, or a lower one. */
  async ask(name: ApiName, body: object, parts: Partial<Asked> = {}): Promise<Compared> {
    const version = Math.max(...this.#pair.jvm.versionsOf(name));
    const compared = await this.#pair.ask({ name, version, body, ...parts });
    if (compared.difference !== null) this.differences.push(compared.difference);
    return compared;
  }

  /** Registers a new process of each broker. */
  async register(...brokerIds: readonly number[]): Promise<void> {
    for (const brokerId of brokerIds) {
      const incarnationId = this.#lives.nextIncarnation();
      const body = this.#lives.registration(brokerId, { incarnationId });
      // oxlint-disable-next-line no-await-in-loop -- one request after the other
      const { theirs } = await this.ask("BrokerRegistration", body);
      this.#lives.hear(
        { name: "BrokerRegistration", version: 0, body },
        theirs.response,
        this.image,
      );
    }
  }

  /** The same process registers again, and says something else of itself. */
  async amend(brokerId: number, change: object = {}): Promise<void> {
    await this.ask("BrokerRegistration", this.#lives.registration(brokerId, change));
  }

  /** Registered, unfenced and heard from. */
  async up(...brokerIds: readonly number[]): Promise<void> {
    await this.register(...brokerIds);
    for (const brokerId of [...brokerIds, ...brokerIds]) {
      // oxlint-disable-next-line no-await-in-loop -- one request after the other
      await this.beat(brokerId);
    }
  }

  async beat(brokerId: number, parts: object = {}): Promise<Compared> {
    return await this.ask("BrokerHeartbeat", {
      brokerId,
      brokerEpoch: this.image.cluster.brokers.get(brokerId)?.epoch ?? -1,
      currentMetadataOffset: this.endOffset - 1,
      ...parts,
    });
  }

  /** A topic whose partitions have these replicas. */
  async topic(
    name: string,
    assignments: readonly (readonly number[])[],
    configs: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    await this.ask("CreateTopics", {
      topics: [
        {
          name,
          numPartitions: -1,
          replicationFactor: -1,
          assignments: assignments.map((brokerIds, partitionIndex) => ({
            partitionIndex,
            brokerIds,
          })),
          configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
        },
      ],
    });
  }

  async configure(topic: string, name: string, value: string): Promise<void> {
    const configs = [{ name, value, configOperation: 0 }];
    const resources = [{ resourceType: 2, resourceName: topic, configs }];
    await this.ask("IncrementalAlterConfigs", { resources });
  }

  /** The leader of a topic's first partition proposes its ISR. */
  async propose(topic: string, isr: readonly number[]): Promise<void> {
    const { leader, leaderEpoch, partitionEpoch } = this.partition(topic);
    const newIsrWithEpochs = isr.map((brokerId) => ({ brokerId, brokerEpoch: -1 }));
    const partitions = [{ partitionIndex: 0, leaderEpoch, partitionEpoch, newIsrWithEpochs }];
    await this.ask("AlterPartition", {
      brokerId: leader,
      brokerEpoch: this.image.cluster.brokers.get(leader)?.epoch ?? -1,
      topics: [{ topicId: this.idOf(topic), partitions }],
    });
  }

  /** The broker says in which of its directories it has the topic's first partition. */
  async assign(brokerId: number, topic: string, directoryId: Uuid | undefined): Promise<void> {
    const topics = [{ topicId: this.idOf(topic), partitions: [{ partitionIndex: 0 }] }];
    await this.ask("AssignReplicasToDirs", {
      brokerId,
      brokerEpoch: this.image.cluster.brokers.get(brokerId)?.epoch ?? -1,
      directories: [{ id: directoryId, topics }],
    });
  }

  async reassign(name: string, replicas: readonly number[] | null): Promise<Compared> {
    const topics = [{ name, partitions: [{ partitionIndex: 0, replicas }] }];
    return await this.ask("AlterPartitionReassignments", { topics });
  }

  idOf(name: string): Uuid {
    const topic = topicByName(this.image.topics, name);
    if (topic === undefined) throw new Error(`there is no topic ${name}`);
    return topic.id;
  }

  /** The topic's first partition. */
  partition(name: string): Partition {
    const state = partitionAt(this.image.topics, this.idOf(name), 0);
    if (state === undefined) throw new Error(`there is no partition of ${name}`);
    return state;
  }
}
