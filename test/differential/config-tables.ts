/**
 * Every config that one of the releases defines, put through the validator of the release that is asked: at its bounds
 * and one beside them, with what is of another type, set, appended, subtracted, deleted and replaced, on topics that
 * are there and on new ones, brokers, groups and subscriptions. The definitions were taken out of the jars
 * (`test/fixtures/protocol/configs`).
 *
 * Most is asked with `validateOnly`, many resources in a request with one value for each; where the two differ on one
 * of them, each is asked by itself. What was accepted is then done.
 */
import { readFileSync } from "node:fs";
import { inJson } from "./comparable.ts";
import type { ControllerPair } from "./controller-pair.ts";
import { BROKERS } from "./broker-lives.ts";
import type { Asked } from "./jvm-controller.ts";
import { knownDifference } from "./known.ts";
import { Questions } from "./questions.ts";
import { Telling } from "./telling.ts";
import { clearedWorld, type WalkResult } from "./walk.ts";

export interface ConfigDefinition {
  readonly kind: string;
  readonly name: string;
  readonly type: string;
  readonly fallback: string;
  readonly bounds: string;
}

/** One value for one key, and what is done with it: 0 set, 1 delete, 2 append, 3 subtract. */
interface Trial {
  readonly kind: Kind;
  readonly name: string;
  readonly value: string | null;
  readonly configOperation: number;
}

/** The kinds of the tables, as a request names them. */
const RESOURCE_TYPES = { TOPIC: 2, BROKER: 4, CLIENT_METRICS: 16, GROUP: 32 } as const;
type Kind = keyof typeof RESOURCE_TYPES;

const RELEASES = ["4.3.1", "4.1.2", "4.0.2"];
const TOPICS = 20;
const SET = 0;
const DELETE = 1;
const APPEND = 2;
const SUBTRACT = 3;

function tableOf(release: string): readonly ConfigDefinition[] {
  return ["defs", "brokers"].flatMap((file) => {
    const path = `../fixtures/protocol/configs/${file}-${release}.txt`;
    return readFileSync(new URL(path, import.meta.url), "utf8")
      .split("\n")
      .map((line) => line.split("\t"))
      .map(([kind = "", name = "", type = "", fallback = "", bounds = ""]) => ({
        kind,
        name,
        type,
        fallback,
        bounds,
      }))
      .filter(({ kind }) => kind === "STATIC" || Object.hasOwn(RESOURCE_TYPES, kind));
  });
}

/** Of every name that a release knows: the definition of `release`, or of the newest that has it. */
function definitionsFor(release: string): readonly ConfigDefinition[] {
  const found = new Map<string, ConfigDefinition>();
  for (const from of [release, ...RELEASES]) {
    for (const definition of tableOf(from)) {
      const { kind, name } = definition;
      const key = `${kind === "STATIC" ? "BROKER" : kind} ${name}`;
      if (!found.has(key)) found.set(key, definition);
    }
  }
  return [...found.values()];
}

const INT_MAX = 2n ** 31n - 1n;
const LONG_MAX = 2n ** 63n - 1n;

/** Values at the bounds and beside them, and such as are of another type. */
export function valuesFor({ type, fallback, bounds }: ConfigDefinition): readonly string[] {
  const options = /^\[([^.:]+)\]$/.exec(bounds)?.[1]?.split(", ") ?? [];
  const given = fallback === "null" || fallback === "NO_DEFAULT" ? [] : [fallback];
  switch (type) {
    case "BOOLEAN":
      return ["true", "FALSE", "yes", "1", ""];
    case "DOUBLE": {
      const ends = numbersIn(bounds).flatMap((end) => [`${end - 0.1}`, `${end}`, `${end + 0.1}`]);
      return [...given, ...ends, "NaN", "x", ""];
    }
    case "INT":
    case "SHORT":
    case "LONG": {
      const largest = type === "LONG" ? LONG_MAX : INT_MAX;
      const ends = [...numbersIn(bounds).map(BigInt), largest, -largest - 1n];
      const beside = ends.flatMap((end) => [end - 1n, end, end + 1n]).map(String);
      return [...new Set([...given, ...beside, "0", "-1"]), "x", "1.5", "true", ""];
    }
    case "LIST":
      return [...given, ...options, options.join(), "x", "x,x", "x,,y", ",", ""];
    default:
      return [...given, ...options, ...options.map((option) => option.toUpperCase()), "x", "", " "];
  }
}

const numbersIn = (bounds: string): readonly number[] =>
  [...bounds.matchAll(/-?\d+/g)].map(([digits]) => Number(digits));

/** Rejects with every kind of difference that the ledger does not have. */
export async function compareConfigTables(
  pair: ControllerPair,
  result: WalkResult,
): Promise<string> {
  const tables = new ConfigTables(new Questions(pair, result));
  return await tables.compare(definitionsFor(pair.jvm.kafka.version));
}

class ConfigTables {
  readonly #questions: Questions;
  /** By "kind name": the first value that was accepted. */
  readonly #accepted = new Map<string, string>();

  constructor(questions: Questions) {
    this.#questions = questions;
  }

  async compare(definitions: readonly ConfigDefinition[]): Promise<string> {
    await this.#setUp();
    const trials = definitions.flatMap((definition) => trialsOf(definition));
    for (const kind of ["TOPIC", "GROUP", "CLIENT_METRICS", "BROKER"] as const) {
      const ofKind = trials.filter((trial) => trial.kind === kind);
      // oxlint-disable no-await-in-loop -- one request after the other
      for (const some of inParts(ofKind, namesOf(kind).length)) await this.#try(some);
      await this.#alterWholly(ofKind);
      if (kind === "TOPIC") await this.#create(ofKind);
      await this.#carryOut(kind, ofKind);
      // oxlint-enable no-await-in-loop
    }
    this.#questions.conclude();
    return `${definitions.length} definitions, ${trials.length} values and operations`;
  }

  async #setUp(): Promise<void> {
    await clearedWorld(this.#questions.pair);
    const told = new Telling(this.#questions.pair);
    await told.up(...BROKERS);
    for (const name of namesOf("TOPIC")) {
      // oxlint-disable-next-line no-await-in-loop -- one request after the other
      await told.topic(name, [[0]]);
    }
    for (const difference of told.differences) this.#questions.note(difference);
  }

  /** Each on a resource of its own; by themselves where that meets a difference that is not known. */
  async #try(trials: readonly Trial[]): Promise<void> {
    const { pair } = this.#questions;
    const resources = trials.map((trial, at) => resourceOf(trial, at));
    const asked = this.#asked("IncrementalAlterConfigs", { resources, validateOnly: true });
    const { difference, theirs } = await pair.ask(asked);
    this.#questions.count();
    this.#learn(trials, theirs.response);
    if (difference === null || trials.length === 1 || knownDifference(difference) !== undefined) {
      if (difference !== null) this.#questions.note(difference);
      return;
    }
    // oxlint-disable-next-line no-await-in-loop -- one request after the other
    for (const trial of trials) await this.#try([trial]);
  }

  #asked(name: "IncrementalAlterConfigs" | "AlterConfigs" | "CreateTopics", body: object): Asked {
    const version = Math.max(...this.#questions.pair.jvm.versionsOf(name));
    return { name, version, body, isForwarded: true };
  }

  #learn(trials: readonly Trial[], response: unknown): void {
    for (const [at, { kind, name, value, configOperation }] of trials.entries()) {
      const { resourceName } = resourceOf({ kind, name, value, configOperation }, at);
      if (configOperation !== SET || value === null || !accepts(response, resourceName)) continue;
      const key = `${kind} ${name}`;
      if (!this.#accepted.has(key)) this.#accepted.set(key, value);
    }
  }

  /** AlterConfigs (KIP-133): the resource is to have this value and no other. */
  async #alterWholly(trials: readonly Trial[]): Promise<void> {
    const sets = trials.filter(({ configOperation }) => configOperation === SET);
    for (const some of inParts(sets, namesOf(sets[0]?.kind ?? "TOPIC").length)) {
      const resources = some.map((trial, at) => {
        const { configs: _, ...resource } = resourceOf(trial, at);
        return { ...resource, configs: [{ name: trial.name, value: trial.value }] };
      });
      // oxlint-disable no-await-in-loop -- one request after the other
      await this.#bySome(resources, (part) =>
        this.#asked("AlterConfigs", { resources: part, validateOnly: true }),
      );
      // oxlint-enable no-await-in-loop
    }
  }

  /** New topics with one value each. */
  async #create(trials: readonly Trial[]): Promise<void> {
    const sets = trials.filter(({ configOperation }) => configOperation === SET);
    for (const some of inParts(sets, TOPICS)) {
      const topics = some.map(({ name, value }, at) => ({
        name: `new-${at}`,
        numPartitions: -1,
        replicationFactor: -1,
        assignments: [{ partitionIndex: 0, brokerIds: [0] }],
        configs: [{ name, value }],
      }));
      // oxlint-disable no-await-in-loop -- one request after the other
      await this.#bySome(topics, (part) =>
        this.#asked("CreateTopics", { topics: part, validateOnly: true }),
      );
      // oxlint-enable no-await-in-loop
    }
  }

  /** All in one request; each by itself where that meets a difference that is not known. */
  async #bySome<Item>(
    items: readonly Item[],
    asking: (items: readonly Item[]) => Asked,
  ): Promise<void> {
    const { difference } = await this.#questions.pair.ask(asking(items));
    this.#questions.count();
    if (difference === null) return;
    if (items.length === 1 || knownDifference(difference) !== undefined) {
      this.#questions.note(difference);
      return;
    }
    // oxlint-disable-next-line no-await-in-loop -- one request after the other
    for (const item of items) await this.#bySome([item], asking);
  }

  /** What was accepted is set, on one resource after the other; then something is appended, subtracted and deleted. */
  async #carryOut(kind: Kind, trials: readonly Trial[]): Promise<void> {
    const keys = [...new Set(trials.map(({ name }) => name))];
    const steps = keys.flatMap((name) => {
      const value = this.#accepted.get(`${kind} ${name}`);
      return value === undefined ? [] : [{ name, value }];
    });
    for (const some of inParts(steps, namesOf(kind).length)) {
      for (const configOperation of [SET, APPEND, SUBTRACT, DELETE]) {
        const resources = some.map(({ name, value }, at) =>
          resourceOf({ kind, name, value, configOperation }, at),
        );
        const asked = this.#asked("IncrementalAlterConfigs", { resources, validateOnly: false });
        // oxlint-disable-next-line no-await-in-loop -- one request after the other
        await this.#questions.ask(asked);
      }
    }
  }
}

function trialsOf(definition: ConfigDefinition): readonly Trial[] {
  const { name } = definition;
  const isStatic = definition.kind === "STATIC";
  const kind = isStatic ? "BROKER" : kindIn(definition.kind);
  const values = isStatic ? valuesFor(definition).slice(-1) : valuesFor(definition);
  const sets = values.map((value) => ({ kind, name, value, configOperation: SET }));
  const lists = [APPEND, SUBTRACT].flatMap((configOperation) =>
    ["x", definition.fallback, ""].map((value) => ({ kind, name, value, configOperation })),
  );
  const rest = [{ kind, name, value: null, configOperation: DELETE }];
  return [...sets, ...lists.slice(0, isStatic ? 1 : lists.length), ...rest];
}

function kindIn(text: string): Kind {
  switch (text) {
    case "TOPIC":
    case "BROKER":
    case "CLIENT_METRICS":
    case "GROUP":
      return text;
    default:
      throw new RangeError(`no kind ${text}`);
  }
}

/** The resources of a kind: of brokers those that are registered. */
const namesOf = (kind: Kind): readonly string[] =>
  kind === "BROKER"
    ? BROKERS.map(String)
    : Array.from({ length: TOPICS }, (_, at) => `${kind.toLowerCase()}-${at}`);

const resourceOf = ({ kind, name, value, configOperation }: Trial, at: number) => ({
  resourceType: RESOURCE_TYPES[kind],
  resourceName: namesOf(kind)[at] ?? "",
  configs: [{ name, value: configOperation === DELETE ? null : value, configOperation }],
});

function inParts<Item>(items: readonly Item[], length: number): readonly (readonly Item[])[] {
  const count = Math.ceil(items.length / length);
  return Array.from({ length: count }, (_, at) => items.slice(at * length, (at + 1) * length));
}

/** Whether the resource is answered without a code. */
function accepts(response: unknown, resourceName: string): boolean {
  const text = inJson(response);
  const row = new RegExp(`\\{[^{}]*"resourceName":"${resourceName}"[^{}]*\\}`).exec(text)?.[0];
  return row?.includes('"errorCode":0') ?? false;
}
