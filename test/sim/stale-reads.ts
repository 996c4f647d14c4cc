/**
 * Clients that read what a replica has at hand, without asking how old it is: of any replica, whatever it is. They have
 * a source of chance of their own, so that a world takes the same steps whether it is read or not.
 */
import type { Operation } from "../../durable-objects/active-controller/active-controller.ts";
import type { MetadataImage } from "../../src/metadata/index.ts";
import { Chance } from "./chance.ts";
import { keyName, KEYS, valueOf } from "./clients.ts";
import type { Instance } from "./instance.ts";
import { configReading, description, TOPIC_NAMES } from "./metadata/topic-questions.ts";
import type { Replica } from "./replica.ts";
import type { World } from "./world.ts";

const EVERY_MS = 300;

export class StaleReads {
  readonly #world: World;
  readonly #chance: Chance;

  constructor(world: World, seed: number) {
    this.#world = world;
    this.#chance = new Chance(seed ^ 0x5e55);
  }

  start(): void {
    this.#world.timeline.after(this.#chance.between(1, 2 * EVERY_MS), () => {
      if (this.#world.isQuiet) return;
      const replica = this.#chance.pick([...this.#world.replicas.values()]);
      if (replica !== undefined) this.#read(replica);
      this.start();
    });
  }

  #read({ name, instance }: Replica): void {
    if (instance === undefined) return;
    const { registers, topics, swarm } = this.#world;
    const session = `replica ${name}#${instance.incarnation}`;
    const key = keyName(this.#chance.between(1, KEYS));
    this.#ask(
      instance,
      (image) => valueOf(image, key),
      ({ output: value, ...log }) =>
        registers.read({
          session,
          input: { kind: "read", key },
          output: { kind: "value", value },
          ...log,
        }),
    );
    const topic = this.#chance.pick(TOPIC_NAMES) ?? "";
    const { input, outcomeIn } = this.#chance.happens(0.5)
      ? description(topic)
      : configReading(topic);
    if (swarm.hasMetadata)
      this.#ask(instance, outcomeIn, (shown) => topics.read({ session, input, ...shown }));
  }

  #ask<Output>(
    instance: Instance,
    outputIn: (image: MetadataImage) => Output,
    heard: (shown: Shown<Output>) => void,
  ): void {
    const look: Operation<Omit<Shown<Output>, "endOffset">> = (image) => ({
      records: [],
      response: { output: outputIn(image), epoch: image.provenance.epoch },
    });
    instance.read(look, 0, (outcome) => {
      const { tally, bench } = this.#world;
      if (outcome.kind === "failed")
        this.#world.complain("operations-succeed", String(outcome.cause));
      if (outcome.kind !== "committed") return;
      const { endOffset, response } = outcome;
      tally.count("stale reads");
      if (endOffset < bench.ghost.committed.end) tally.count("situation: a read was out of date");
      heard({ endOffset, ...response });
    });
  }
}

/** What a read shows, and of which log. */
interface Shown<Output> {
  readonly output: Output;
  readonly endOffset: number;
  readonly epoch: number;
}
