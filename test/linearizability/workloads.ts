/**
 * What the clients of a drawn history ask for, and an object that answers each in an instant. It is written for itself,
 * not in terms of the models, so that a mistake in a model is seen.
 */
import { nextInt, seeded } from "../../src/std/random.ts";
import type { RegisterInput, RegisterOutput } from "./register.ts";
import type { TopicInput, TopicOutput } from "./topic.ts";

/** Draws an integer in [0, bound). */
export type Draw = (bound: number) => number;

export function drawsOf(seed: number): Draw {
  let random = seeded(Math.imul(seed, 0x2545f491));
  return (bound) => {
    const drawn = nextInt(random, bound);
    ({ random } = drawn);
    return drawn.value;
  };
}

export interface Workload<State, Input, Output> {
  readonly init: State;
  /** What a client asks next. `serial` is given once: what is made with it is of no other operation. */
  readonly ask: (draw: Draw, serial: number) => Input;
  readonly run: (state: State, input: Input, serial: number) => Effect<State, Output>;
}

export interface Effect<State, Output> {
  readonly state: State;
  readonly output: Output;
  /** Whether it goes to the log. */
  readonly isWritten: boolean;
}

type Values = ReadonlyMap<string, string>;

/** Registers under `keys` keys. */
export const registers = (keys: number): Workload<Values, RegisterInput, RegisterOutput> => ({
  init: new Map(),
  ask: (draw, serial) => {
    const key = `key-${draw(keys)}`;
    const value = `${serial}`;
    // What is expected is a recent value, so that it is there now and then.
    const expected = `${Math.max(0, serial - 1 - draw(6))}`;
    const kinds: readonly RegisterInput[] = [
      { kind: "read", key },
      { kind: "read", key },
      { kind: "write", key, value },
      { kind: "exchange", key, value },
      { kind: "compare-and-set", key, expected, value },
    ];
    return kinds[draw(kinds.length)] ?? { kind: "read", key };
  },
  run: (state, input) => {
    const value = state.get(input.key) ?? null;
    if (input.kind === "read") return { state, output: { kind: "value", value }, isWritten: false };
    if (input.kind === "compare-and-set" && value !== input.expected)
      return { state, output: { kind: "compared", isSet: false }, isWritten: false };
    const after = new Map(state).set(input.key, input.value);
    return { state: after, output: answerTo(input, value), isWritten: true };
  },
});

function answerTo(
  { kind }: Exclude<RegisterInput, { kind: "read" }>,
  value: string | null,
): RegisterOutput {
  if (kind === "exchange") return { kind: "value", value };
  return kind === "write" ? { kind: "written" } : { kind: "compared", isSet: true };
}

interface Topic {
  readonly id: string;
  readonly partitions: number;
  readonly configs: Values;
}

type Topics = ReadonlyMap<string, Topic>;

const CONFIGS = ["retention.ms", "segment.bytes"] as const;

/** A cluster with topics of so many names. */
export const topicAdministration = (names: number): Workload<Topics, TopicInput, TopicOutput> => ({
  init: new Map(),
  ask: (draw, serial) => {
    const topic = `topic-${draw(names)}`;
    const name = CONFIGS[draw(CONFIGS.length)] ?? CONFIGS[0];
    const kinds: readonly TopicInput[] = [
      { kind: "create", topic, partitions: 1 + draw(3) },
      { kind: "create", topic, partitions: 1 + draw(3) },
      { kind: "delete", topic },
      { kind: "grow", topic, partitions: 2 + draw(6) },
      { kind: "set-config", topic, name, value: `${serial}` },
      { kind: "describe", topic },
      { kind: "describe", topic },
      { kind: "read-config", topic, name },
    ];
    return kinds[draw(kinds.length)] ?? { kind: "describe", topic };
  },
  run: (state, input, serial) => {
    const topic = state.get(input.topic);
    if (topic === undefined) return onNoTopic(state, input, serial);
    const said = (output: TopicOutput): Effect<Topics, TopicOutput> => ({
      state,
      output,
      isWritten: false,
    });
    const changed = (after: Topic, output: TopicOutput): Effect<Topics, TopicOutput> => ({
      state: new Map(state).set(input.topic, after),
      output,
      isWritten: true,
    });
    switch (input.kind) {
      case "create":
        return said({ kind: "exists" });
      case "delete": {
        const left = new Map(state);
        left.delete(input.topic);
        return { state: left, output: { kind: "deleted" }, isWritten: true };
      }
      case "grow":
        if (input.partitions <= topic.partitions) return said({ kind: "not-more" });
        return changed({ ...topic, partitions: input.partitions }, { kind: "grown" });
      case "set-config": {
        const configs = new Map(topic.configs).set(input.name, input.value);
        return changed({ ...topic, configs }, { kind: "config-set" });
      }
      case "describe":
        return said({ kind: "described", topicId: topic.id, partitions: topic.partitions });
      case "read-config":
        return said({ kind: "config", value: topic.configs.get(input.name) ?? null });
    }
  },
});

function onNoTopic(state: Topics, input: TopicInput, serial: number): Effect<Topics, TopicOutput> {
  if (input.kind !== "create")
    return { state, output: { kind: "unknown-topic" }, isWritten: false };
  const id = `id-${serial}`;
  const created = { id, partitions: input.partitions, configs: new Map<string, string>() };
  return {
    state: new Map(state).set(input.topic, created),
    output: { kind: "created", topicId: id },
    isWritten: true,
  };
}
