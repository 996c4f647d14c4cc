/**
 * An administrator who creates and deletes topics, grows them, moves replicas and asks for elections: the
 * operations that give brokers something to lead.
 */
import type { Operation } from "../../../durable-objects/active-controller/active-controller.ts";
import { allTopics } from "../../../src/metadata/index.ts";
import { alterPartitionReassignments } from "../../../src/metadata/control/alter-partition-reassignments.ts";
import { createPartitions } from "../../../src/metadata/control/create-partitions.ts";
import { createTopics } from "../../../src/metadata/control/create-topics.ts";
import { deleteTopics } from "../../../src/metadata/control/delete-topics.ts";
import { electLeaders } from "../../../src/metadata/control/elect-leaders.ts";
import {
  AlterPartitionReassignments,
  CreatePartitions,
  CreateTopics,
  DeleteTopics,
  ElectLeaders,
} from "../../../src/protocol/index.ts";
import type { World } from "../world.ts";

const EVERY_MS = 700;
/** Enough for brokers to lead, few enough to look at after every batch. */
const TOPICS_MAX = 5;
const PARTITIONS_MAX = 4;

export class Admin {
  readonly #world: World;
  #created = 0;

  constructor(world: World) {
    this.#world = world;
  }

  start(): void {
    const { timeline, chance } = this.#world;
    timeline.after(chance.between(0, 2 * EVERY_MS), () => {
      if (this.#world.isQuiet) return;
      this.#act();
      this.start();
    });
  }

  #act(): void {
    const { chance } = this.#world;
    const wish = chance.pick([
      "create",
      "create",
      "delete",
      "grow",
      "move",
      "move",
      "elect",
      "elect",
    ] as const);
    if (wish === "create") this.#submit(this.#creation());
    else if (wish === "delete") this.#submit(this.#onSomeTopic((name) => this.#deletion(name)));
    else if (wish === "grow")
      this.#submit(this.#onSomeTopic((name, partitions) => this.#growth(name, partitions)));
    else if (wish === "move")
      this.#submit(this.#onSomeTopic((name, partitions) => this.#move(name, partitions)));
    else this.#submit(this.#onSomeTopic((name, partitions) => this.#election(name, partitions)));
  }

  #creation(): Operation<unknown> {
    const { chance } = this.#world;
    this.#created += 1;
    const request = CreateTopics.request.fill({
      topics: [
        {
          name: `topic-${this.#created}`,
          numPartitions: chance.between(1, 3),
          replicationFactor: chance.between(1, 3),
        },
      ],
    });
    return (view, context) => {
      if ([...allTopics(view.topics)].length >= TOPICS_MAX) return { records: [], response: null };
      return createTopics.run(view, request, context);
    };
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

  #deletion(name: string): Operation<unknown> {
    const request = DeleteTopics.request.fill({ topics: [{ name }] });
    return (view, context) => deleteTopics.run(view, request, { ...context, apiVersion: 6 });
  }

  #growth(name: string, partitions: number): Operation<unknown> {
    const count = Math.min(PARTITIONS_MAX, partitions + 1);
    const request = CreatePartitions.request.fill({ topics: [{ name, count, assignments: null }] });
    return (view, context) => createPartitions.run(view, request, context);
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

  #election(name: string, partitions: number): Operation<unknown> {
    const { chance } = this.#world;
    const request = ElectLeaders.request.fill({
      electionType: chance.between(0, 1),
      topicPartitions: [{ topic: name, partitions: [chance.between(0, partitions - 1)] }],
    });
    return (view, context) => electLeaders.run(view, request, { ...context, apiVersion: 2 });
  }

  #submit(operation: Operation<unknown>): void {
    this.#world.tally.count("admin operations");
    this.#world.likelyLeader()?.instance?.submit(operation, 3, (outcome) => {
      this.#world.tally.count(`admin operations ${outcome?.kind ?? "unknown"}`);
      if (outcome?.kind === "failed")
        this.#world.complain("operations-succeed", String(outcome.cause));
    });
  }
}
