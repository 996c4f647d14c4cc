/**
 * What JVM controllers answered to brokers, to other controllers and about the cluster, asked of ours: the same
 * answer in every field. The recording has the exchanges of one API together, so each is asked of a cluster in the
 * state that the exchange itself tells of: the epochs, the partitions and the directories that it names.
 */
import { describe, expect, test } from "vitest";
import type { ControlContext } from "../../../src/metadata/control/operation.ts";
import type { MetadataImage } from "../../../src/metadata/image/metadata-image.ts";
import { initialLiveness } from "../../../src/metadata/liveness/broker-heartbeats.ts";
import type { ApiName } from "../../../src/protocol/index.ts";
import { ask, conversationsOf, type Asked, type Conversation } from "../conversations.ts";
import { directoryOf } from "../partition-notation.ts";
import { record, replayed, world } from "../world.ts";

const RELEASES = [
  ["4.0.2", 25],
  ["4.1.2", 27],
  ["4.3.1", 30],
] as const;

/** Longer than a session after anything that happened before. */
const LATER_MS = 1_000_000;
const UNASSIGNED = "AAAAAAAAAAAAAAAAAAAAAA";

/** The conversations of one API, seen as what they are. */
function held<Request, Response>(kafka: string, name: ApiName): readonly Held<Request, Response>[] {
  const all = conversationsOf(kafka, new Set([name]));
  expect(all.length).toBeGreaterThan(0);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the recording of that very API
  return all as readonly Held<Request, Response>[];
}

type Held<Request, Response> = Conversation & {
  readonly request: Request;
  readonly response: Response;
};

interface Registration {
  readonly brokerId: number;
  readonly clusterId: string;
}
interface Registered {
  readonly brokerEpoch: number;
}
interface OfIncarnation {
  readonly brokerId: number;
  readonly brokerEpoch: number;
}

const registrationsWith = (kafka: string): readonly Held<Registration, Registered>[] =>
  held(kafka, "BrokerRegistration");

/** A broker of the recording registers: at the offset that became its epoch, long after anything it did before. */
function register(view: MetadataImage, registration: Held<Registration, Registered>): Asked {
  return ask(view, registration, {
    nowMs: LATER_MS,
    clusterId: registration.request.clusterId,
    nextOffset: registration.response.brokerEpoch,
  });
}

/** The cluster once the incarnation that speaks is registered. */
function withIncarnation(
  view: MetadataImage,
  { brokerId, brokerEpoch }: OfIncarnation,
  registrations: readonly Held<Registration, Registered>[],
): MetadataImage {
  if (view.cluster.brokers.get(brokerId)?.epoch === brokerEpoch) return view;
  const own = registrations.find(({ response }) => response.brokerEpoch === brokerEpoch);
  if (own === undefined) throw new Error(`no registration of broker ${brokerId}`);
  return register(view, own).view;
}

interface TopicPartitions {
  readonly topicId: string;
  readonly partitions: readonly { readonly partitionIndex: number }[];
}

/** Adds topics of the recording, each partition in the state that `stateOf` gives it. */
function withPartitions<Topic extends TopicPartitions>(
  view: MetadataImage,
  topics: readonly Topic[],
  stateOf: (partition: Topic["partitions"][number]) => object,
): MetadataImage {
  const records = topics.flatMap(({ topicId, partitions }) => [
    record("TOPIC_RECORD", 0, { name: `topic-${topicId}`, topicId }),
    ...partitions.map((partition) =>
      record("PARTITION_RECORD", 2, {
        topicId,
        partitionId: partition.partitionIndex,
        ...stateOf(partition),
      }),
    ),
  ]);
  return replayed(view, records);
}

describe.each(RELEASES)("Kafka %s and we say the same", (kafka, metadataVersion) => {
  const empty = world({ metadataVersion });
  const registrations = registrationsWith(kafka);
  const present = registrations
    .slice(0, 3)
    .reduce((view, each) => register(view, each).view, empty);

  test("to a broker that registers", () => {
    let view = empty;
    for (const registration of registrations) {
      const ours = register(view, registration);
      expect(ours.response).toEqual(registration.response);
      view = ours.view;
    }
  });

  test("to the heartbeats of a broker that boots and lives", () => {
    let view = empty;
    for (const heartbeat of held<OfIncarnation, unknown>(kafka, "BrokerHeartbeat")) {
      view = withIncarnation(view, heartbeat.request, registrations);
      const ours = ask(view, heartbeat, {
        nowMs: LATER_MS,
        liveness: initialLiveness(view, LATER_MS),
      });
      expect({ ...heartbeat, response: ours.response }).toEqual(heartbeat);
      view = ours.view;
    }
  });

  test("to a leader that alters the ISR", () => {
    interface Member {
      readonly brokerId: number;
      readonly brokerEpoch: number;
    }
    interface Altered {
      readonly partitionIndex: number;
      readonly leaderEpoch: number;
      readonly partitionEpoch: number;
      readonly newIsrWithEpochs: readonly Member[];
    }
    interface Request extends OfIncarnation {
      readonly topics: readonly {
        readonly topicId: string;
        readonly partitions: readonly Altered[];
      }[];
    }
    for (const alteration of held<Request, unknown>(kafka, "AlterPartition")) {
      const { brokerId: leader, topics } = alteration.request;
      const members = topics.flatMap(({ partitions }) =>
        partitions.flatMap(({ newIsrWithEpochs }) => newIsrWithEpochs),
      );
      const brokers = [...new Map(members.map((each) => [each.brokerId, each])).values()];
      const withBrokers = replayed(
        empty,
        brokers.map(({ brokerId, brokerEpoch }) =>
          record("REGISTER_BROKER_RECORD", 3, { brokerId, brokerEpoch, fenced: false }),
        ),
      );
      const view = withPartitions(withBrokers, topics, (partition) => ({
        replicas: partition.newIsrWithEpochs.map(({ brokerId }) => brokerId),
        directories: partition.newIsrWithEpochs.map(() => UNASSIGNED),
        isr: [leader],
        leader,
        leaderEpoch: partition.leaderEpoch,
        partitionEpoch: partition.partitionEpoch,
      }));
      expect(ask(view, alteration).response).toEqual(alteration.response);
    }
  });

  test("to a broker that says where its replicas are", () => {
    interface Request extends OfIncarnation {
      readonly directories: readonly { readonly topics: readonly TopicPartitions[] }[];
    }
    for (const assignment of held<Request, unknown>(kafka, "AssignReplicasToDirs")) {
      const { brokerId, directories } = assignment.request;
      const topics = Map.groupBy(
        directories.flatMap((directory) => directory.topics),
        ({ topicId }) => topicId,
      );
      const merged = [...topics].map(([topicId, parts]) => ({
        topicId,
        partitions: parts.flatMap(({ partitions }) => partitions),
      }));
      const registered = withIncarnation(present, assignment.request, registrations);
      const view = withPartitions(registered, merged, () => ({
        replicas: [brokerId],
        directories: [UNASSIGNED],
        isr: [brokerId],
        leader: brokerId,
      }));
      const ours = ask(view, assignment);
      expect(ours.response).toEqual(assignment.response);
      // It was believed, not only answered.
      expect(ours.view.topics).not.toEqual(view.topics);
    }
  });

  test("to brokers that need producer ids", () => {
    let view = present;
    for (const allocation of held<OfIncarnation, unknown>(kafka, "AllocateProducerIds")) {
      const ours = ask(view, allocation);
      expect(ours.response).toEqual(allocation.response);
      view = ours.view;
    }
  });

  test("to tools that unregister a broker or update a feature", () => {
    const names: ReadonlySet<string> = new Set(["UnregisterBroker", "UpdateFeatures"]);
    const conversations = conversationsOf(kafka, names);
    expect(conversations.length).toBeGreaterThan(4);
    for (const conversation of conversations) {
      const ours = ask(present, conversation);
      expect(comparable(ours.response)).toEqual(comparable(conversation.response));
    }
  });

  test("to controllers that register", () => {
    interface Request {
      readonly controllerId: number;
      readonly listeners: ControlContext["controllers"][number]["endpoints"];
    }
    const conversations = held<Request, unknown>(kafka, "ControllerRegistration");
    const controllers = conversations.map(({ request }) =>
      voter(request.controllerId, request.listeners),
    );
    for (const registration of conversations) {
      const ours = ask(empty, registration, { controllers });
      expect(ours.response).toEqual(registration.response);
    }
  });

  test("to a tool that asks for the controllers", () => {
    interface Described {
      readonly clusterId: string;
      readonly controllerId: number;
      readonly brokers: readonly {
        readonly brokerId: number;
        readonly host: string;
        readonly port: number;
      }[];
    }
    for (const description of held<object, Described>(kafka, "DescribeCluster")) {
      const { clusterId, controllerId, brokers } = description.response;
      const records = brokers.map(({ brokerId, host, port }) =>
        record("REGISTER_CONTROLLER_RECORD", 0, {
          controllerId: brokerId,
          endPoints: [{ name: "CONTROLLER", host, port, securityProtocol: 0 }],
        }),
      );
      const ours = ask(replayed(empty, records), description, {
        clusterId,
        activeControllerId: controllerId,
        controllers: brokers.map(({ brokerId }) => voter(brokerId)),
      });
      expect(ours.response).toEqual(description.response);
    }
  });
});

/** A voter as the recording had it. */
const voter = (
  id: number,
  endpoints: ControlContext["controllers"][number]["endpoints"] = [],
): ControlContext["controllers"][number] => ({ id, directoryId: directoryOf(id), endpoints });

/** 4.0 refuses without words, and each release names the newest `metadata.version` that it knows itself. */
function comparable(response: unknown): unknown {
  const text = JSON.stringify(response)
    .replace(/only supports versions 7-\d+/, "only supports versions 7-")
    .replace(/Broker ID \d+ is not currently registered/, "");
  return JSON.parse(text);
}
