/**
 * A broker that means something by what it fetches: it registers, sends heartbeats, proposes ISRs for the
 * partitions it leads by its own image, and now and then for some that it does not. It dies and comes back as
 * another incarnation. Its calls to controllers go over the same bad network as all others.
 */
import type { Operation } from "../../../durable-objects/active-controller/active-controller.ts";
import {
  allPartitions,
  brokerById,
  emptyImage,
  type PartitionRow,
} from "../../../src/metadata/index.ts";
import {
  AlterPartition,
  BrokerHeartbeat,
  BrokerRegistration,
  ErrorCode,
  errorName,
  type AlterPartitionResponse,
  type BrokerHeartbeatResponse,
  type Uuid,
} from "../../../src/protocol/index.ts";
import { alterPartition } from "../../../src/metadata/control/alter-partition.ts";
import { heartbeat } from "../../../src/metadata/control/broker-heartbeat.ts";
import { registerBroker } from "../../../src/metadata/control/broker-registration.ts";
import type { Broker } from "../broker.ts";
import { directoryOf } from "../directories.ts";
import type { Instance } from "../instance.ts";
import { nameOf } from "../observation.ts";
import type { World } from "../world.ts";
import { ReplayedImage } from "./replayed-image.ts";

const TICK_MS = 400;
const ELR = "eligible.leader.replicas.version";

export class BrokerProcess {
  readonly #world: World;
  readonly #broker: Broker;
  readonly #replayed = new ReplayedImage();
  #incarnation: Uuid;
  /** Known once registered. */
  #epoch: number | undefined;
  #previousEpoch = -1;
  #downUntil = 0;

  constructor(world: World, broker: Broker) {
    this.#world = world;
    this.#broker = broker;
    this.#incarnation = world.uuid();
    broker.onEntry = (entry) => this.#replayed.replay(entry);
    broker.onSnapshot = (image) => (this.#replayed.image = image);
    broker.onEmptied = () => {
      this.#replayed.image = emptyImage;
      this.#restart(true);
    };
  }

  start(): void {
    this.#world.timeline.after(this.#world.chance.between(0, TICK_MS), () => this.#tick());
  }

  #tick(): void {
    const { timeline, chance, isHealed } = this.#world;
    timeline.after(chance.between(TICK_MS / 2, TICK_MS), () => this.#tick());
    if (timeline.now < this.#downUntil || this.#world.lulls.silencesBrokers) return;
    if (!isHealed && chance.happens(0.01)) {
      this.#restart(this.#world.swarm.hasElr && chance.happens(0.5));
      this.#downUntil = timeline.now + chance.logUniform(10, 30_000);
    } else if (this.#epoch === undefined) this.#register();
    else {
      this.#beat(this.#epoch);
      if (!this.#world.lulls.isLull && chance.happens(0.5)) this.#proposeIsr(this.#epoch);
    }
  }

  /** Killed, it may have lost the end of what it held, and cannot say which epoch it had. */
  #restart(isKilled: boolean): void {
    this.#world.tally.count("broker restarts");
    this.#incarnation = this.#world.uuid();
    this.#previousEpoch = isKilled ? -1 : (this.#epoch ?? -1);
    this.#epoch = undefined;
    if (this.#previousEpoch === -1) this.#world.history.killed(this.#incarnation);
  }

  #register(): void {
    const { id } = this.#broker;
    const incarnationId = this.#incarnation;
    const request = BrokerRegistration.request.fill({
      brokerId: id,
      clusterId: this.#world.cluster.cluster_id,
      incarnationId,
      listeners: [{ name: "PLAINTEXT", host: "localhost", port: 9_000 + id, securityProtocol: 0 }],
      features: [
        { name: "metadata.version", minSupportedVersion: 7, maxSupportedVersion: 29 },
        { name: "transaction.version", minSupportedVersion: 0, maxSupportedVersion: 2 },
        { name: "group.version", minSupportedVersion: 0, maxSupportedVersion: 1 },
        { name: "kraft.version", minSupportedVersion: 0, maxSupportedVersion: 1 },
        { name: ELR, minSupportedVersion: 0, maxSupportedVersion: 1 },
      ],
      logDirs: [directoryOf(id)],
      previousBrokerEpoch: this.#previousEpoch,
    });
    this.#call(
      () => (view, context) => registerBroker.run(view, request, context),
      (response) => {
        this.#world.tally.count(`registration: ${errorName(response.errorCode)}`);
        if (response.errorCode === ErrorCode.NONE && incarnationId === this.#incarnation)
          this.#epoch = response.brokerEpoch;
      },
    );
  }

  #beat(brokerEpoch: number): void {
    const { chance } = this.#world;
    const request = BrokerHeartbeat.request.fill({
      brokerId: this.#broker.id,
      brokerEpoch,
      currentMetadataOffset: this.#broker.end - 1,
      wantFence: !this.#world.isHealed && chance.happens(0.02),
      wantShutDown: !this.#world.isHealed && chance.happens(0.01),
    });
    const { history } = this.#world;
    const { id } = this.#broker;
    const beat =
      (instance: Instance): Operation<BrokerHeartbeatResponse> =>
      (view, context) => {
        const { epoch } = instance.state.election;
        const { nextOffset } = context;
        const result = heartbeat.run(view, request, context);
        // A heartbeat that changes the registration fences its broker at its own wish, or ends that.
        history.heard(id, result.records.length > 0 ? null : { epoch, nextOffset });
        return result;
      };
    this.#call(beat, (response) => {
      if (response.errorCode === ErrorCode.STALE_BROKER_EPOCH && brokerEpoch === this.#epoch)
        this.#epoch = undefined;
    });
  }

  #proposeIsr(brokerEpoch: number): void {
    const { chance } = this.#world;
    const { image } = this.#replayed;
    const { id } = this.#broker;
    const rows = [...allPartitions(image.topics)];
    // Some proposals come from a broker that only believes it leads, or means harm.
    const row = chance.pick(
      chance.happens(0.8) ? rows.filter(({ partition }) => partition.leader === id) : rows,
    );
    if (row === undefined) return;
    const newIsrWithEpochs = this.#proposedIsr(row).map((brokerId) => ({
      brokerId,
      brokerEpoch: chance.happens(0.2) ? -1 : (brokerById(image.cluster, brokerId)?.epoch ?? -1),
    }));
    const request = AlterPartition.request.fill({
      brokerId: id,
      brokerEpoch,
      topics: [
        {
          topicId: row.topicId,
          partitions: [
            {
              partitionIndex: row.partitionId,
              leaderEpoch: row.partition.leaderEpoch,
              partitionEpoch: row.partition.partitionEpoch,
              newIsrWithEpochs,
            },
          ],
        },
      ],
    });
    const propose =
      (instance: Instance): Operation<AlterPartitionResponse> =>
      (view, context) => {
        const result = alterPartition.run(view, request, context);
        const { epoch } = instance.state.election;
        const at = { epoch, baseOffset: context.nextOffset, count: result.records.length };
        this.#world.history.proposed({ ...at, proposer: id });
        return result;
      };
    this.#call(propose, (response) => {
      const code = response.topics[0]?.partitions[0]?.errorCode ?? response.errorCode;
      this.#world.tally.count(`ISR proposal: ${errorName(code)}`);
    });
  }

  /** The leader, and each other replica by a coin; now and then one is missing, or one too many. */
  #proposedIsr({ partition }: PartitionRow): readonly number[] {
    const { chance } = this.#world;
    const keeper = chance.happens(0.9) ? partition.leader : this.#broker.id;
    const others = partition.replicas.filter(
      (replica) => replica !== keeper && chance.happens(0.7),
    );
    return [keeper, ...others];
  }

  #call<Response>(
    operation: (instance: Instance) => Operation<Response>,
    hear: (response: Response) => void,
  ): void {
    const { network } = this.#world;
    const target = this.#world.likelyLeader();
    const name = nameOf(this.#broker.id);
    if (target === undefined) return;
    network.carry(name, target.name, () => {
      target.reach();
      const { instance } = target;
      instance?.submit(operation(instance), 3, (outcome) => {
        if (outcome?.kind === "failed")
          this.#world.complain("operations-succeed", String(outcome.cause));
        if (outcome?.kind !== "committed") return;
        network.carry(target.name, name, () => hear(outcome.response));
      });
    });
  }
}
