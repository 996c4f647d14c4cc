/**
 * Random lives of a cluster, told to both controllers: runs of a hundred requests, each in a world of its own on one
 * pair of controllers. A run is a list of seeds, one for each request, so that it can be told again with some of them
 * left out.
 */
import { apis, type MetadataRecord } from "../../src/protocol/index.ts";
import { CONFIG_RESOURCE, type MetadataImage } from "../../src/metadata/index.ts";
import { partitionAt } from "../../src/metadata/image/topics-image.ts";
import { BrokerLives, BROKERS } from "./broker-lives.ts";
import { comparableResponse, inJson, kindsOf } from "./comparable.ts";
import type { ControllerPair, Difference } from "./controller-pair.ts";
import { asking, createTopics, drawnOperation, type Scene } from "./drawn-operations.ts";
import type { Asked } from "./jvm-controller.ts";
import { knownDifference, type Known } from "./known.ts";
import { drawsOf, type Draw } from "./draws.ts";

const STEPS_PER_RUN = 100;
/** One run of so many goes by its own records, so that what is in no image would come to light. */
const DRIFTING = 10;
const RESIGNATION_WORDS = 400;
const STEP_SEED = 1_000_003;

export interface WalkResult {
  steps: number;
  /** By title, how often. */
  readonly known: Map<string, number>;
  /** What Kafka's controller did that ends an office. */
  readonly resignations: string[];
}

export const noSteps = (): WalkResult => ({ steps: 0, known: new Map(), resignations: [] });

export interface WalkOptions {
  readonly elr: boolean;
  /** Filled on the way. */
  readonly result: WalkResult;
  /** How often a run is told again to make it shorter. */
  readonly shrinks?: number;
}

/** It is said at once, and counted. */
export function noteResignation(result: WalkResult, asked: Asked, fault: string): void {
  const text = `${asked.name} v${asked.version} ${inJson(asked.body)}`.slice(0, RESIGNATION_WORDS);
  console.log(`     Kafka's controller resigned at ${text}: ${fault.slice(0, RESIGNATION_WORDS)}`);
  result.resignations.push(text);
}

/** A difference that the ledger does not have, with what led to it. */
export class UnknownDifferenceError extends Error {
  override readonly name = "UnknownDifferenceError";
}

export class Walk {
  readonly #pair: ControllerPair;
  readonly #elr: boolean;
  readonly #result: WalkResult;
  readonly #shrinks: number;
  #lives = new BrokerLives();
  /** The requests of the present run. */
  #asked: Asked[] = [];
  #drifts = false;
  /** How many requests of the present run were drawn and told. */
  #told = 0;
  /** Kafka's controller has resigned: what its office remembered is lost, and the run with it. */
  #isOver = false;
  /** The broker that has just amended its registration: it is heard from before anything else happens. */
  #amended: number | null = null;

  constructor(pair: ControllerPair, { elr, result, shrinks = 40 }: WalkOptions) {
    this.#pair = pair;
    this.#elr = elr;
    this.#result = result;
    this.#shrinks = shrinks;
  }

  /** Puts `steps` requests to both. Rejects with an `UnknownDifferenceError`. */
  async walk(steps: number, seed: number): Promise<void> {
    for (let done = 0, run = 0; done < steps; done += Math.max(this.#told, 1), run += 1) {
      const runSeed = seed + run;
      const length = Math.min(STEPS_PER_RUN, steps - done);
      const seeds = Array.from({ length }, (_, at) => runSeed * STEP_SEED + at);
      // oxlint-disable-next-line no-await-in-loop -- one run after the other
      const unknown = await this.#run(runSeed, seeds);
      // oxlint-disable-next-line no-await-in-loop -- the last thing that is done
      if (unknown !== null) throw new UnknownDifferenceError(await this.#shrunk(runSeed, unknown));
    }
  }

  get #scene(): Scene {
    const { image, jvm } = this.#pair;
    return {
      image,
      endOffset: jvm.endOffset,
      lives: this.#lives,
      versionsOf: (name) => jvm.versionsOf(name),
      elr: this.#elr,
      isManual: this.#drifts,
    };
  }

  /** The seeds up to the first difference that is not known, and that difference; null where there is none. */
  async #run(
    runSeed: number,
    seeds: readonly number[],
  ): Promise<{ readonly seeds: readonly number[]; readonly difference: Difference } | null> {
    await this.#beginAnew();
    this.#drifts = runSeed % DRIFTING === 0;
    if (this.#drifts) this.#pair.letDrift();
    this.#asked = [];
    this.#told = 0;
    this.#isOver = false;
    const draw = drawsOf(runSeed);
    for (const begin of settingUp(draw)) {
      // oxlint-disable-next-line no-await-in-loop -- one request after the other
      const difference = await this.#step(begin(this.#scene));
      if (difference !== null) return { seeds: [], difference };
      if (this.#isOver) return null;
    }
    for (const [at, seed] of seeds.entries()) {
      this.#told += 1;
      const drawOfStep = drawsOf(seed);
      const asked = this.#next(drawOfStep);
      const { forwardable } = apis[asked.name];
      const isForwarded = forwardable && drawOfStep(10) === 0;
      // oxlint-disable-next-line no-await-in-loop -- one request after the other
      const difference = await this.#step({ ...asked, isForwarded });
      if (difference !== null) return { seeds: seeds.slice(0, at + 1), difference };
      if (this.#isOver) return null;
    }
    return null;
  }

  #next(draw: Draw): Asked {
    const amended = this.#amended;
    this.#amended = null;
    const broker = amended === null ? undefined : this.#pair.image.cluster.brokers.get(amended);
    if (broker === undefined) return drawnOperation(this.#scene, draw);
    return asking(
      this.#scene,
      "BrokerHeartbeat",
      draw,
    )({
      brokerId: broker.id,
      brokerEpoch: broker.epoch,
      currentMetadataOffset: this.#pair.jvm.endOffset - 1,
    });
  }

  async #step(asked: Asked): Promise<Difference | null> {
    const known = this.#pair.image.cluster.brokers;
    this.#asked.push(asked);
    const { theirs, difference, hasResigned, fault } = await this.#pair.ask(asked);
    this.#lives.hear(asked, theirs.response, theirs.image);
    this.#result.steps += 1;
    this.#amended = amendedBy(asked, theirs.response, known);
    if (hasResigned) {
      // A finding of its own: what it was about to write is lost, and so is the rest of the run.
      this.#isOver = true;
      noteResignation(this.#result, asked, fault);
      return null;
    }
    if (difference === null) return null;
    const entry: Known | undefined = knownDifference(difference);
    if (entry === undefined) return difference;
    this.#result.known.set(entry.title, (this.#result.known.get(entry.title) ?? 0) + 1);
    return null;
  }

  async #beginAnew(): Promise<void> {
    this.#lives = new BrokerLives();
    this.#amended = null;
    this.#pair.resynchronise();
    await clearedWorld(this.#pair);
  }

  /** The difference with as few requests before it as were found to lead to it. */
  async #shrunk(
    runSeed: number,
    found: { readonly seeds: readonly number[]; readonly difference: Difference },
  ): Promise<string> {
    let best = found;
    let asked = this.#asked;
    let tries = 0;
    for (let part = found.seeds.length >> 1; part > 0; part >>= 1) {
      for (let from = 0; from < best.seeds.length - 1 && tries < this.#shrinks;) {
        tries += 1;
        const fewer = best.seeds.toSpliced(from, Math.min(part, best.seeds.length - 1 - from));
        // oxlint-disable-next-line no-await-in-loop -- each try depends on the one before
        const again = await this.#run(runSeed, fewer);
        if (again !== null && isAlike(again.difference, best.difference)) {
          best = again;
          asked = this.#asked;
        } else from += part;
      }
    }
    const { difference, seeds } = best;
    const before = asked.slice(-Math.max(seeds.length, 1) - 1, -1);
    return [
      inWords(difference),
      `after ${Math.max(seeds.length - 1, 0)} requests of run ${runSeed}:`,
      ...before.map(({ name, version, body }) => `  ${name} v${version} ${inJson(body)}`),
    ].join("\n");
  }
}

/** The broker that has amended its registration with this request; null where none has. */
function amendedBy(
  { name, body }: Asked,
  response: unknown,
  registered: MetadataImage["cluster"]["brokers"],
): number | null {
  if (name !== "BrokerRegistration" || !("brokerId" in body)) return null;
  const broker = registered.get(Number(body.brokerId));
  const isAccepted =
    response !== null &&
    typeof response === "object" &&
    "errorCode" in response &&
    response.errorCode === 0;
  return isAccepted && broker !== undefined ? broker.id : null;
}

/** Leaves nothing of the world before but its log. */
export async function clearedWorld(pair: ControllerPair): Promise<void> {
  const ask = (name: Asked["name"], body: object) =>
    pair.prepare({ name, version: Math.max(...pair.jvm.versionsOf(name)), body });
  const topics = [...pair.image.topics.byId.keys()].map((topicId) => ({ name: null, topicId }));
  if (topics.length > 0) await ask("DeleteTopics", { topics, timeoutMs: 1_000 });
  const resources = [...pair.image.configs.values()]
    .filter(({ resourceType }) => resourceType !== CONFIG_RESOURCE.TOPIC)
    .map(({ resourceType, resourceName, values }) => ({
      resourceType,
      resourceName,
      configs: [...values.keys()].map((name) => ({ name, configOperation: 1, value: null })),
    }));
  if (resources.length > 0) await ask("IncrementalAlterConfigs", { resources });
  for (const brokerId of pair.image.cluster.brokers.keys()) {
    // oxlint-disable-next-line no-await-in-loop -- a request has one broker
    await ask("UnregisterBroker", { brokerId });
  }
}

const highest = (scene: Scene, name: Asked["name"], body: object): Asked => ({
  name,
  version: Math.max(...scene.versionsOf(name)),
  body,
});

/** Six brokers that are registered and unfenced, and topics. */
function settingUp(draw: Draw): readonly ((scene: Scene) => Asked)[] {
  const brokers = BROKERS.flatMap((brokerId) => [
    (scene: Scene): Asked => {
      const incarnationId = scene.lives.nextIncarnation();
      const body = scene.lives.registration(brokerId, { incarnationId });
      return highest(scene, "BrokerRegistration", body);
    },
    (scene: Scene): Asked =>
      highest(scene, "BrokerHeartbeat", {
        brokerId,
        brokerEpoch: scene.image.cluster.brokers.get(brokerId)?.epoch ?? -1,
        currentMetadataOffset: scene.endOffset - 1,
        wantFence: draw(8) === 0,
      }),
  ]);
  const topics = [0, 1, 2, 3, 4].map(
    () =>
      (scene: Scene): Asked =>
        createTopics(scene, draw) ?? highest(scene, "DescribeCluster", {}),
  );
  return [...brokers, ...topics];
}

const isAlike = (a: Difference, b: Difference): boolean =>
  a.asked.name === b.asked.name && a.in === b.in;

/** The request, the rows that it is about, and what both made of it. */
export function inWords(difference: Difference): string {
  const { asked, release, before, ours, theirs } = difference;
  const said = (side: Difference["ours"]): string =>
    [
      JSON.stringify(comparableResponse(asked.name, side.response)),
      ...side.records.map(({ type, version, data }) => `  ${type} v${version} ${inJson(data)}`),
      `  (${kindsOf(side.records).join(", ")})`,
    ].join("\n");
  const text = JSON.stringify(asked.body);
  const brokers = [...before.cluster.brokers.values()].map(
    ({ id, epoch, fenced, inControlledShutdown, logDirs }) =>
      `broker ${id} epoch ${epoch}${fenced ? " fenced" : ""}${inControlledShutdown ? " stopping" : ""} ${logDirs.join(",")}`,
  );
  const topics = [...before.topics.byId.values()].filter(
    ({ id, name }) => text.includes(id) || text.includes(JSON.stringify(name)),
  );
  return [
    `${asked.name} v${asked.version}${asked.isForwarded === true ? " in an Envelope" : ""} to ${release}: the ${difference.in} differs`,
    text,
    `metadata.version ${before.features.metadataVersion} ${JSON.stringify([...before.features.levels])}`,
    ...brokers,
    ...topics.map((topic) => inJson(topic)),
    ...changedPartitions(before, [...ours.records, ...theirs.records]),
    `this: ${said(ours)}`,
    `Kafka: ${said(theirs)}`,
  ].join("\n");
}

/** Each partition that one of these records changes, as it was before. */
function changedPartitions(
  before: MetadataImage,
  records: readonly MetadataRecord[],
): readonly string[] {
  const lines = records.flatMap(({ type, data }) => {
    if (type !== "PARTITION_CHANGE_RECORD") return [];
    const { topicId, partitionId } = data;
    const partition = partitionAt(before.topics, topicId, partitionId);
    return `partition ${topicId}-${partitionId} ${inJson(partition ?? null)}`;
  });
  return [...new Set(lines)];
}
