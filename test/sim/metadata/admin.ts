/**
 * An administrator who creates, grows, configures and deletes topics, moves replicas and asks for elections: the
 * operations that give brokers something to lead.
 */
import type {
  Operation,
  Outcome,
} from "../../../durable-objects/active-controller/active-controller.ts";
import { allTopics, CONFIG_RESOURCE } from "../../../src/metadata/index.ts";
import { alterPartitionReassignments } from "../../../src/metadata/control/alter-partition-reassignments.ts";
import { electLeaders } from "../../../src/metadata/control/elect-leaders.ts";
import { incrementalAlterConfigs } from "../../../src/metadata/control/incremental-alter-configs.ts";
import { updateFeatures } from "../../../src/metadata/control/update-features.ts";
import {
  AlterPartitionReassignments,
  type CreateTopicsResponse,
  ElectLeaders,
  IncrementalAlterConfigs,
  UpdateFeatures,
} from "../../../src/protocol/index.ts";
import { untilQuiet } from "../routine.ts";
import type { World } from "../world.ts";
import {
  configuration,
  creation,
  deletion,
  growth,
  TOPIC_NAMES,
  type TopicQuestion,
} from "./topic-questions.ts";

const EVERY_MS = 700;
/** Enough for brokers to lead, few enough to look at after every batch. */
const TOPICS_MAX = 5;
const PARTITIONS_MAX = 4;

export class Admin {
  readonly #world: World;
  #asked = 0;
  #configured = 0;

  constructor(world: World) {
    this.#world = world;
  }

  start(): void {
    untilQuiet(this.#world, EVERY_MS, () => this.#act());
  }

  #act(): void {
    const { chance, swarm, tally } = this.#world;
    tally.count("admin operations");
    const wish = chance.pick([
      "create",
      "create",
      "delete",
      "grow",
      "configure",
      "move",
      "move",
      "elect",
      "elect",
      ...(swarm.hasElr ? (["minimum", "minimum", "switch"] as const) : []),
    ] as const);
    const topic = chance.pick(TOPIC_NAMES) ?? "";
    if (wish === "create") this.#ask(this.#creation(topic));
    else if (wish === "delete") this.#ask(deletion(topic));
    else if (wish === "grow") this.#ask(growth(topic, chance.between(2, PARTITIONS_MAX)));
    else if (wish === "configure") this.#ask(configuration(topic, this.#nextValue()));
    else if (wish === "minimum") this.#submit(this.#minimum(chance.happens(0.3) ? "" : topic));
    else if (wish === "switch") this.#submit(this.#switched(chance.happens(0.7) ? 1 : 0));
    else if (wish === "move")
      this.#submit(this.#onSomeTopic((name, partitions) => this.#move(name, partitions)));
    else this.#submit(this.#onSomeTopic((name, partitions) => this.#election(name, partitions)));
  }

  /** A creation that does nothing where there are topics enough. */
  #creation(topic: string): TopicQuestion<CreateTopicsResponse> {
    const { chance } = this.#world;
    const { operation, ...question } = creation(topic, chance.between(1, 3), chance.between(1, 3));
    return {
      ...question,
      operation: (view, context) =>
        [...allTopics(view.topics)].length >= TOPICS_MAX
          ? { records: [], response: { throttleTimeMs: 0, topics: [] } }
          : operation(view, context),
    };
  }

  /** One that was not set before. */
  #nextValue(): string {
    this.#configured += 1;
    return `${3_600_000 + this.#configured}`;
  }

  /** An operation on a topic of the view as it is when the operation runs. */
  #onSomeTopic(
    operation: (name: string, partitions: number) => Operation<unknown>,
  ): Operation<unknown> {
    return (view, context) => {
      const topic = this.#world.chance.pick([...allTopics(view.topics)]);
      if (topic === undefined) return { records: [], response: null };
      return operation(topic.name, topic.partitionCount)(view, context);
    };
  }

  #move(name: string, partitions: number): Operation<unknown> {
    const { chance, brokers } = this.#world;
    const ids = chance.shuffled(brokers.map((broker) => broker.id)).slice(0, chance.between(1, 3));
    const replicas = chance.happens(0.2) ? null : ids;
    const request = AlterPartitionReassignments.request.fill({
      topics: [
        { name, partitions: [{ partitionIndex: chance.between(0, partitions - 1), replicas }] },
      ],
    });
    return (view, context) =>
      alterPartitionReassignments.run(view, request, { ...context, apiVersion: 1 });
  }

  /** Of a topic, or of all brokers, where some of what is asked is refused (KIP-966). */
  #minimum(topic: string): Operation<unknown> {
    const { chance } = this.#world;
    const operation = chance.happens(0.2) ? { configOperation: 1, value: null } : null;
    const config = operation ?? { configOperation: 0, value: `${chance.between(1, 3)}` };
    const resourceType = topic === "" ? CONFIG_RESOURCE.BROKER : CONFIG_RESOURCE.TOPIC;
    const configs = [{ name: "min.insync.replicas", ...config }];
    const resources = [{ resourceType, resourceName: topic, configs }];
    const request = IncrementalAlterConfigs.request.fill({ resources });
    return (view, context) => incrementalAlterConfigs.run(view, request, context);
  }

  #switched(maxVersionLevel: number): Operation<unknown> {
    const upgradeType = maxVersionLevel === 0 ? 2 : 1;
    const feature = "eligible.leader.replicas.version";
    const featureUpdates = [{ feature, maxVersionLevel, upgradeType }];
    const request = UpdateFeatures.request.fill({ featureUpdates });
    return (view, context) => updateFeatures.run(view, request, { ...context, apiVersion: 2 });
  }

  #election(name: string, partitions: number): Operation<unknown> {
    const { chance } = this.#world;
    const request = ElectLeaders.request.fill({
      electionType: chance.between(0, 1),
      topicPartitions: [{ topic: name, partitions: [chance.between(0, partitions - 1)] }],
    });
    return (view, context) => electLeaders.run(view, request, { ...context, apiVersion: 2 });
  }

  /** Asks something of one topic, which the world writes down. */
  #ask<Response>(question: TopicQuestion<Response>): void {
    const instance = this.#world.likelyLeader()?.instance;
    if (instance === undefined) return;
    this.#asked += 1;
    const client = `request ${this.#asked}`;
    this.#world.topics.submit({ ...question, instance, client }, (outcome) => this.#hear(outcome));
  }

  #submit(operation: Operation<unknown>): void {
    const instance = this.#world.likelyLeader()?.instance;
    instance?.submit(operation, 3, (outcome) => this.#hear(outcome));
  }

  #hear(outcome: Outcome<unknown> | null): void {
    const { tally } = this.#world;
    tally.count(`admin operations ${outcome?.kind ?? "unknown"}`);
    if (outcome?.kind === "failed")
      this.#world.complain("operations-succeed", String(outcome.cause));
  }
}
