/**
 * What becomes of partitions where eligible leader replicas are on (KIP-966), step by step, here and in a controller of
 * Kafka's: the same request to both on the same metadata, and every partition, minimum and level must be the same
 * afterwards. Where this project decides otherwise on purpose, the step says what Kafka makes of it, and the run fails
 * when that is no longer so.
 */
import { setTimeout } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import {
  applyRecords,
  configsOf,
  CONFIG_RESOURCE,
  controllerApis,
  emptyImage,
  finalizedLevel,
  partitionAt,
  topicByName,
  type MetadataImage,
} from "../../src/metadata/index.ts";
import { apis, type Api, type Uuid } from "../../src/protocol/index.ts";
import { directoryOf, registrationOf } from "../metadata/office.ts";
import { contextFor, line, replayed } from "../metadata/world.ts";
import { CLUSTER_ID, type Asked, type JvmController } from "./jvm-controller.ts";

const ELR = "eligible.leader.replicas.version";
const MIN_ISR = "min.insync.replicas";
const BROKERS = [1, 2, 3, 4] as const;
const UP_TO_DATE = 1_000_000;
/** How long Kafka's controller keeps another incarnation out; it hears from every broker that is up before each step. */
export const SHORT_SESSIONS = ["broker.session.timeout.ms=6000"];

/**
 * A story: its topic's partitions as manual assignments, and its steps with "|" between them. A step is words, and behind
 * "≠" what Kafka makes of the first partition instead.
 */
interface Story {
  readonly title: string;
  readonly replicas: readonly (readonly number[])[];
  readonly steps: string;
}

const STORIES: readonly Story[] = [
  {
    title: "two of three are lost, and come back",
    replicas: [[1, 2, 3]],
    steps: "min all 2 | fence 3 | fence 2 | fence 1 | up 3 | up 1 | up 2 | isr 1,2",
  },
  {
    title: "everybody is killed",
    replicas: [[1, 2, 3]],
    steps: "min all 2 | fence 1 | fence 2 | fence 3 | unclean 2 | up 2 | unclean 1 | up 1",
  },
  {
    title: "the last known leader is asked back",
    replicas: [[1, 2, 3]],
    steps:
      "min topic 3 | fence 1 | fence 2 | fence 3 | unclean 1 | unclean 2 | unclean 3 | up 1 | up 2 | " +
      "up 3",
  },
  {
    title: "an eligible replica stops cleanly, another does not",
    replicas: [[1, 2, 3, 4]],
    steps: "min topic 4 | fence 3 | fence 4 | clean 3 | unclean 4 | up 3 | up 4 | isr 1,2,3",
  },
  {
    title: "leaders shut down one after the other",
    replicas: [[1, 2, 3]],
    steps: "min topic 2 | stop 1 | stop 2 | stop 3 | fence 1 | clean 1 | up 1",
  },
  {
    title: "a minimum changes under the eligible",
    replicas: [[1, 2, 3]],
    steps:
      "min topic 3 | fence 3 | min topic 2 | fence 2 | min all 3 | min topic - | fence 1 | " +
      "min all 2 | min 1 2 | min all - | elect unclean | up 1 | up 2 | elect unclean",
  },
  {
    title: "replicas are moved while some are eligible",
    replicas: [[1, 2, 3]],
    steps:
      "min topic 3 | fence 3 | move 1,2,4 | isr 1,2,4 | up 3 | fence 2 | move 1,3 | " +
      "isr 1,4,3 ≠ 1,3 / 1,3 / 1 ; elr 2,4 | elect preferred",
  },
  {
    title: "a move is given up when only the eligible have the records",
    replicas: [[1, 2]],
    steps:
      "min topic 2 | move 3,4 | fence 1 | fence 2 | " +
      "give up ≠ 3,4,1,2 / - / -1 ; removing 1,2 ; adding 3,4 ; elr 1,2 ; last 2 | up 2",
  },
  {
    title: "an unclean election is asked for",
    replicas: [
      [1, 2, 3],
      [2, 1, 3],
    ],
    steps:
      "min topic 2 | fence 1 | fence 2 | fence 3 | elect unclean | unclean 3 | up 3 | elect unclean | " +
      "elect preferred | up 1 | isr 3,1",
  },
  {
    title: "the topic allows unclean elections",
    replicas: [[1, 2, 3]],
    steps:
      "min topic 2 | unclean topic true | fence 1 | fence 2 | fence 3 | unclean 2 | unclean 3 | " +
      "up 3 | up 1",
  },
  {
    title: "a broker is unregistered",
    replicas: [[1, 2, 3]],
    steps:
      "min topic 3 | fence 3 | unregister 2 ≠ 1,2,3 / 1 / 1 ; elr 2,3 | " +
      "unregister 3 ≠ 1,2,3 / 1 / 1 ; elr 2,3 | fence 1",
  },
  {
    title: "the feature is switched on over minimums of single brokers",
    replicas: [[1, 2, 3]],
    steps:
      "level 0 | min 1 3 | min 3 2 | min all - | min topic 2 | fence 3 | fence 2 | level 1 | " +
      "min 1 2 | min 3 - | min all - | min all 3 | fence 1 | unclean 1 | up 1",
  },
  {
    title: "the feature is off for a while",
    replicas: [[1, 2, 3]],
    steps:
      "min topic 2 | fence 3 | fence 2 | level 0 | up 2 | level 1 ≠ 1,2,3 / 1 / 1 ; elr 2 | fence 1",
  },
  {
    title: "the feature is off while nobody leads",
    replicas: [[1, 2, 3]],
    steps:
      "min topic 2 | fence 3 | fence 2 | fence 1 | level 0 | up 3 ≠ 1,2,3 / - / -1 ; last 1 | up 2 | " +
      "level 1",
  },
];

/** Kafka's controller, and what its log says. */
class Pair {
  readonly #kafka: JvmController;
  readonly #topic: string;
  #incarnations = 0;
  image: MetadataImage = emptyImage;

  constructor(kafka: JvmController, topic: string) {
    this.#kafka = kafka;
    this.#topic = topic;
  }

  /** Asks Kafka's controller alone, and takes over what it has written. */
  async prepare(asked: Asked): Promise<object> {
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- until the session of the incarnation before is over
      const response = await this.#kafka.ask(asked.name, asked.version, asked.body);
      // oxlint-disable-next-line no-await-in-loop -- likewise
      await this.read();
      if (!/"errorCode":101\b/.test(JSON.stringify(response))) return response;
      // oxlint-disable-next-line no-await-in-loop -- likewise
      await this.#stayInSession();
      // oxlint-disable-next-line no-await-in-loop -- likewise
      await setTimeout(100);
    }
  }

  async #stayInSession(): Promise<void> {
    for (const { id, fenced, inControlledShutdown } of this.image.cluster.brokers.values()) {
      if (fenced || inControlledShutdown) continue;
      const { name, version, body } = this.#asked(`up ${id}`);
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await this.#kafka.ask(name, version, body);
    }
  }

  async read(): Promise<void> {
    const records = await this.#kafka.records();
    const provenance = { endOffset: records.length, epoch: 1, timestampMs: 0 };
    this.image = applyRecords(emptyImage, records, provenance);
  }

  /** Every broker is there, the feature is on, and every topic has Kafka's minimum. */
  async reset(): Promise<void> {
    await this.read();
    if (finalizedLevel(this.image.features, ELR) === 0) await this.prepare(this.#asked("level 1"));
    await this.prepare(this.#asked("min all 1"));
    for (const id of BROKERS) {
      const broker = this.image.cluster.brokers.get(id);
      const isStopping = broker?.inControlledShutdown === true;
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      if (isStopping && !broker.fenced) await this.prepare(this.#asked(`fence ${id}`));
      const isGone = broker === undefined || isStopping;
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      if (isGone) await this.prepare(this.#asked(`clean ${id}`));
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await this.prepare(this.#asked(`up ${id}`));
    }
  }

  /** Takes the step on both; what each made of it. */
  async take(step: string): Promise<{ readonly ours: Outcome; readonly theirs: Outcome }> {
    await this.#stayInSession();
    const asked = this.#asked(step);
    const { response, after } = answeredHere(this.image, asked);
    const theirs = await this.prepare(asked);
    return {
      ours: outcomeOf(response, after, this.#topic),
      theirs: outcomeOf(theirs, this.image, this.#topic),
    };
  }

  async create(replicas: Story["replicas"]): Promise<void> {
    const assignments = replicas.map((brokerIds, partitionIndex) => ({
      partitionIndex,
      brokerIds,
    }));
    const topic = { name: this.#topic, numPartitions: -1, replicationFactor: -1, assignments };
    await this.prepare({ name: "CreateTopics", version: 7, body: { topics: [topic] } });
  }

  #asked(step: string): Asked {
    const [verb = "", first = "", second = ""] = step.split(" ");
    switch (verb) {
      case "up":
        return this.#heartbeat(Number(first), {});
      case "fence":
        return this.#heartbeat(Number(first), { wantFence: true });
      case "stop":
        return this.#heartbeat(Number(first), { wantShutDown: true });
      case "clean":
        return this.#registration(Number(first), this.#epochOf(Number(first)));
      case "unclean":
        return first === "topic"
          ? altered(CONFIG_RESOURCE.TOPIC, this.#topic, ["unclean.leader.election.enable", second])
          : this.#registration(Number(first), -1);
      case "min":
        return first === "topic"
          ? altered(CONFIG_RESOURCE.TOPIC, this.#topic, [MIN_ISR, second])
          : altered(CONFIG_RESOURCE.BROKER, first === "all" ? "" : first, [MIN_ISR, second]);
      case "isr":
        return this.#proposal(first.split(",").map(Number));
      case "move":
        return this.#move(first.split(",").map(Number));
      case "give":
        return this.#move(null);
      case "elect":
        return this.#election(first === "unclean" ? 1 : 0);
      case "unregister":
        return { name: "UnregisterBroker", version: 0, body: { brokerId: Number(first) } };
      case "level":
        return leveled(Number(first));
      default:
        throw new RangeError(`no step is called ${step}`);
    }
  }

  #epochOf = (brokerId: number): number => this.image.cluster.brokers.get(brokerId)?.epoch ?? -1;

  #heartbeat(brokerId: number, wish: object): Asked {
    const brokerEpoch = this.#epochOf(brokerId);
    const body = { brokerId, brokerEpoch, currentMetadataOffset: UP_TO_DATE, ...wish };
    return { name: "BrokerHeartbeat", version: 1, body };
  }

  #registration(brokerId: number, previousBrokerEpoch: number): Asked {
    this.#incarnations += 1;
    const incarnationId = directoryOf(100_000 * Number(this.#topic.slice(1)) + this.#incarnations);
    const clusterId = CLUSTER_ID;
    const body = { ...registrationOf(brokerId), clusterId, incarnationId, previousBrokerEpoch };
    return { name: "BrokerRegistration", version: 4, body };
  }

  #proposal(isr: readonly number[]): Asked {
    const topicId = this.#topicId();
    const partition = partitionAt(this.image.topics, topicId, 0);
    const { leader: brokerId = -1, leaderEpoch, partitionEpoch } = partition ?? {};
    const members = isr.map((id) => ({ brokerId: id, brokerEpoch: this.#epochOf(id) }));
    const asked = { partitionIndex: 0, leaderEpoch, partitionEpoch, newIsrWithEpochs: members };
    const topics = [{ topicId, partitions: [asked] }];
    const body = { brokerId, brokerEpoch: this.#epochOf(brokerId), topics };
    return { name: "AlterPartition", version: 3, body };
  }

  #topicId(): Uuid {
    const topic = topicByName(this.image.topics, this.#topic);
    if (topic === undefined) throw new Error(`there is no topic ${this.#topic}`);
    return topic.id;
  }

  #move(replicas: readonly number[] | null): Asked {
    const partitions = [{ partitionIndex: 0, replicas }];
    const body = { topics: [{ name: this.#topic, partitions }] };
    return { name: "AlterPartitionReassignments", version: 0, body };
  }

  #election(electionType: number): Asked {
    const topicPartitions = [{ topic: this.#topic, partitions: [0, 1] }];
    return { name: "ElectLeaders", version: 2, body: { electionType, topicPartitions } };
  }
}

function altered(
  resourceType: number,
  resourceName: string,
  [name, value]: readonly [string, string],
): Asked {
  const config =
    value === "-" ? { name, configOperation: 1, value: null } : { name, configOperation: 0, value };
  const resources = [{ resourceType, resourceName, configs: [config] }];
  return { name: "IncrementalAlterConfigs", version: 1, body: { resources } };
}

function leveled(maxVersionLevel: number): Asked {
  const upgradeType = maxVersionLevel === 0 ? 2 : 1;
  const featureUpdates = [{ feature: ELR, maxVersionLevel, upgradeType }];
  return { name: "UpdateFeatures", version: 2, body: { featureUpdates } };
}

function answeredHere(view: MetadataImage, { name, version, body }: Asked) {
  const api: Api = apis[name];
  const operation = controllerApis[name];
  if (operation === undefined) throw new RangeError(`${name} is not served`);
  const context = contextFor(view, { apiVersion: version, clusterId: "" });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- made for that very API
  const request = api.request.fill({ ...body, clusterId: "" }) as never;
  const { records, response } = operation.run(view, request, context);
  const codec = api.response.at(version);
  return { response: codec.decode(codec.encode(response)), after: replayed(view, records) };
}

interface Outcome {
  readonly errors: readonly string[];
  readonly partitions: readonly string[];
  readonly rest: readonly string[];
}

/** The errors in a response, the topic's partitions, and what their eligible replicas stand on. */
function outcomeOf(response: unknown, image: MetadataImage, topic: string): Outcome {
  const text = JSON.stringify(response) ?? "";
  const set = (type: number, name: string): string =>
    `${MIN_ISR} of "${name}": ${configsOf(image.configs, type, name).get(MIN_ISR) ?? "-"}`;
  return {
    errors: [...text.matchAll(/"error(?:Code|Message)":(?:-?\d+|"[^"]*"|null)/g)].map(String),
    partitions: [0, 1].map((partition) => line(image, topic, partition)),
    rest: [
      `level ${finalizedLevel(image.features, ELR)}`,
      set(CONFIG_RESOURCE.TOPIC, topic),
      ...["", ...BROKERS.map(String)].map((name) => set(CONFIG_RESOURCE.BROKER, name)),
    ],
  };
}

/** "1,2,3 / 1 / 1 / 4 / 9 ; elr 2" without its epochs. */
const withoutEpochs = (partition: string | undefined): string =>
  (partition ?? "").replace(/^([^/]+ \/ [^/]+ \/ -?\d+) \/ \d+ \/ \d+/, "$1");

/** Puts every story to both; rejects at the first difference that no step foretells, and where one does not come. */
export async function compareElrSteps(kafka: JvmController): Promise<string> {
  let steps = 0;
  let foretold = 0;
  for (const [at, { title, replicas, steps: wanted }] of STORIES.entries()) {
    const pair = new Pair(kafka, `e${at}`);
    // oxlint-disable-next-line no-await-in-loop -- each story begins where the one before has left
    await pair.reset();
    // oxlint-disable-next-line no-await-in-loop -- likewise
    await pair.create(replicas);
    for (const words of wanted.split(" | ")) {
      const [step = "", other] = words.split(" ≠ ");
      // oxlint-disable-next-line no-await-in-loop -- step by step
      const { ours, theirs } = await pair.take(step);
      steps += 1;
      const isSame = isDeepStrictEqual(ours, theirs);
      const isForetold = other !== undefined && withoutEpochs(theirs.partitions[0]) === other;
      if (isSame ? other === undefined : isForetold) {
        foretold += Number(!isSame);
        continue;
      }
      throw new Error(
        `${title}, after "${step}"\nthis says ${JSON.stringify(ours)}\nKafka says ${JSON.stringify(theirs)}`,
      );
    }
  }
  return `${steps} steps, ${foretold} of which are otherwise here on purpose`;
}
