/**
 * The clients of a run: each does one operation after the other on topics that all of them share, never waits for
 * another, and writes down what it was told. Topics come in generations, so that many operations meet on few names and
 * yet no name's history grows for ever.
 */
import type { Position } from "../../durable-objects/contract.ts";
import type { Recorder } from "../linearizability/recorder.ts";
import type { TopicInput, TopicOutput } from "../linearizability/topic.ts";
import { Chance } from "../sim/chance.ts";
import { outsideOfLulls } from "./lulls.ts";
import { describe, write, type Told, type TopicCaller } from "./topic-calls.ts";

export type TopicRecorder = Recorder<TopicInput, TopicOutput>;

/** What a client was shown of a topic, by a read that is not linearizable. */
export interface Shown {
  readonly client: string;
  readonly topic: string;
  /** What the client had been shown before, at least: the read demanded it. */
  readonly before: Position;
  readonly position: Position;
  readonly output: TopicOutput;
}

export interface ClientsOptions {
  /** Clients are spread over them, and stay with theirs. */
  readonly callers: readonly TopicCaller[];
  readonly recorder: TopicRecorder;
  readonly count: number;
  readonly seed: number;
}

/** What the clients were told, all together. */
export interface Tally {
  ok: number;
  refused: number;
  unknown: number;
  /** When writes were acknowledged, in ms of `performance.now()`, in order. */
  readonly acks: number[];
  /** In order of arrival, by client. */
  readonly shown: Shown[];
  /** What no fault explains, with how often it was told. */
  readonly unexpected: Map<string, number>;
}

export const CONFIG = "retention.ms";
const TOPICS_PER_GENERATION = 8;
const GENERATION_MS = 5_000;
const PARTITIONS_MAX = 9;
/** After an answer that is none: a client that is refused at once must not do nothing else. */
const PAUSE_MS = 25;
/** A run that is told so many different things is over: each stands in memory. */
const UNEXPECTED_MAX = 100;

export class Clients {
  readonly tally: Tally = {
    ok: 0,
    refused: 0,
    unknown: 0,
    acks: [],
    shown: [],
    unexpected: new Map(),
  };
  /** Every topic that somebody may have created. */
  readonly topics = new Set<string>();
  readonly #options: ClientsOptions;
  readonly #startedMs = performance.now();
  readonly #running: readonly Promise<void>[];
  #isOver = false;
  /** Makes every value of a config another one. */
  #values = 0;

  constructor(options: ClientsOptions) {
    this.#options = options;
    this.#running = Array.from({ length: options.count }, (_, at) => this.#run(at));
  }

  /** Lets every client finish the operation that it is in. */
  async finish(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#running);
  }

  async #run(at: number): Promise<void> {
    const chance = new Chance(this.#options.seed * 1_000 + at);
    let before: Position = { offset: -1, epoch: 0 };
    const caller = this.#options.callers[at % this.#options.callers.length];
    if (caller === undefined) throw new Error("there is nobody to call");
    for (let incarnation = 0; !this.#isOver; incarnation += 1) {
      await outsideOfLulls();
      const client = `client ${at}`;
      const input = this.#next(chance);
      this.topics.add(input.topic);
      const told =
        input.kind === "describe" && chance.happens(0.5)
          ? await this.#readOfAnyAge({ client, caller }, input.topic, before)
          : await this.#record({ client: `${client}.${incarnation}`, caller }, input);
      if (told.kind === "answered") before = further(before, told.position);
      else await new Promise((settle) => setTimeout(settle, PAUSE_MS));
    }
  }

  #next(chance: Chance): TopicInput {
    const generation = Math.floor((performance.now() - this.#startedMs) / GENERATION_MS);
    const topic = `g${generation}-${chance.between(1, TOPICS_PER_GENERATION)}`;
    const draw = chance.between(1, 100);
    if (draw <= 25) return { kind: "create", topic, partitions: chance.between(1, 3) };
    if (draw <= 38) return { kind: "delete", topic };
    if (draw <= 55) return { kind: "grow", topic, partitions: chance.between(2, PARTITIONS_MAX) };
    if (draw > 72) return { kind: "describe", topic };
    this.#values += 1;
    return { kind: "set-config", topic, name: CONFIG, value: String(1_000_000 + this.#values) };
  }

  /** A write, or a read that promises to be as fresh as one. */
  async #record({ client, caller }: Session, input: TopicInput): Promise<Told> {
    const call = this.#options.recorder.call(client, input);
    const told =
      input.kind === "describe"
        ? await describe(caller, input.topic, "consistency=linearizable")
        : await write(caller, input);
    if (told.kind === "answered") {
      call.returned(told.output);
      if (input.kind !== "describe") this.tally.acks.push(performance.now());
    } else if (told.kind === "refused") call.withoutEffect();
    else call.unknown();
    this.#count(told);
    return told;
  }

  async #readOfAnyAge({ client, caller }: Session, topic: string, before: Position): Promise<Told> {
    const told = await describe(caller, topic, `min_offset=${before.offset}`);
    if (told.kind === "answered") {
      const { output, position } = told;
      this.tally.shown.push({ client, topic, before, position, output });
    }
    this.#count(told);
    return told;
  }

  #count(told: Told): void {
    const { tally } = this;
    if (told.kind === "answered") tally.ok += 1;
    else if (told.kind === "unexpected") {
      const { why } = told;
      if (tally.unexpected.size < UNEXPECTED_MAX)
        tally.unexpected.set(why, (tally.unexpected.get(why) ?? 0) + 1);
    } else tally[told.kind] += 1;
  }
}

/** Who asks, and which Worker. */
interface Session {
  readonly client: string;
  readonly caller: TopicCaller;
}

const further = (one: Position, other: Position): Position =>
  other.offset > one.offset ? other : one;
