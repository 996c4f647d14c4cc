/**
 * The absurd requests of the property test (`test/metadata/absurdity.ts`) put to both controllers: null wherever it may
 * be, lists that are empty and full of duplicates, counts that are negative and huge, names of no letter and of too
 * many, ids that nothing has; mixed with what both hold. Each is drawn from a seed of its own, so that it can be asked
 * again; after a few the cluster is as it was at first.
 *
 * Not asked is what has no answer, or would cost Kafka's controller its life or its office, or make it another one:
 * partitions beyond any heap, operations on configs, security protocols, ports and listeners that mean nothing, names at which its
 * authorizer never returns, other levels of metadata.version, and registrations of controllers, which it writes of its
 * own accord.
 */
import { apis, type ApiName } from "../../src/protocol/index.ts";
import { CONFIG_RESOURCE, controllerApis } from "../../src/metadata/index.ts";
import { topicByName } from "../../src/metadata/image/topics-image.ts";
import {
  Absurdity,
  ABSURD_EPOCHS,
  ABSURD_TEXTS,
  ABSURD_UUIDS,
  MEANT_EVERYWHERE,
  type Vocabulary,
} from "../metadata/absurdity.ts";
import { registrationOf } from "../metadata/office.ts";
import { directoryOf } from "../metadata/partition-notation.ts";
import { BROKERS, directoriesOf } from "./broker-lives.ts";
import { inJson } from "./comparable.ts";
import type { ControllerPair } from "./controller-pair.ts";
import { drawsOf, pick } from "./draws.ts";
import { CLUSTER_ID, type Asked } from "./jvm-controller.ts";
import { Questions } from "./questions.ts";
import { Telling } from "./telling.ts";
import { clearedWorld, type WalkResult } from "./walk.ts";

const REQUESTS_PER_CLUSTER = 25;
const REQUEST_SEED = 1_000_003;
const TIMEOUT_MS = 60_000;

const isApi = (name: string): name is ApiName => Object.hasOwn(apis, name);
const APIS: readonly ApiName[] = Object.keys(controllerApis)
  .filter(isApi)
  .filter((name) => name !== "ControllerRegistration");

/** Rejects with every kind of difference that the ledger does not have. */
export async function compareAbsurd(
  pair: ControllerPair,
  { count, from, result }: { count: number; from: number; result: WalkResult },
): Promise<string> {
  const questions = new Questions(pair, result);
  for (let at = 0, isNew = true; at < count; at += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one request after the other
    if (isNew || at % REQUESTS_PER_CLUSTER === 0) await setUp(questions);
    const seed = from * REQUEST_SEED + at;
    const asked = absurd(pair, seed);
    if (asked === null) continue;
    // oxlint-disable-next-line no-await-in-loop -- one request after the other
    ({ hasResigned: isNew } = await questions.ask(asked, `request ${at} of seed ${from}: `));
  }
  questions.conclude();
  return `${count} requests`;
}

/** Six brokers, of which one is fenced and one stops; topics that the vocabulary names; configs of every kind. */
async function setUp(questions: Questions): Promise<void> {
  await clearedWorld(questions.pair);
  const told = new Telling(questions.pair);
  await told.up(0, 1, 2, 3, 5);
  await told.register(4);
  await told.topic("t", [
    [0, 1, 2],
    [2, 1],
    [1, 4],
  ]);
  await told.topic("moved", [[0]]);
  await told.reassign("moved", [2, 3]);
  await told.topic("unclean", [[3, 0]], { "unclean.leader.election.enable": "true" });
  await told.topic("a.b", [[5, 0]]);
  await told.beat(5, { wantShutDown: true });
  await told.ask("IncrementalAlterConfigs", {
    resources: [
      setting(4, "", "num.io.threads", "4"),
      setting(32, "g", "consumer.session.timeout.ms", "50000"),
      setting(16, "m", "interval.ms", "1000"),
    ],
  });
  for (const difference of told.differences) questions.note(difference);
}

/** One config that is set, as IncrementalAlterConfigs takes it. */
const setting = (resourceType: number, resourceName: string, name: string, value: string) => ({
  resourceType,
  resourceName,
  configs: [{ name, value, configOperation: 0 }],
});

function absurd(pair: ControllerPair, seed: number): Asked | null {
  const draw = drawsOf(seed);
  const name = pick(
    APIS.filter((each) => pair.jvm.versionsOf(each).length > 0),
    draw,
  );
  const versions = pair.jvm.versionsOf(name);
  const version = pick(versions, draw);
  const { request, forwardable } = apis[name];
  const absurdity = new Absurdity(seed, vocabularyOf(pair, name));
  const drawn = absurdity.struct(request.fields, version);
  // What takes time is not compared.
  const body = "timeoutMs" in drawn ? { ...drawn, timeoutMs: TIMEOUT_MS } : drawn;
  const isForwarded = forwardable && draw(2) === 0;
  return spared({ name, version, body, isForwarded });
}

/** Null where Kafka's controller would not live on. */
function spared(asked: Asked): Asked | null {
  const { name, version, body } = asked;
  if (FATAL[name]?.test(inJson(body)) === true) return null;
  if (name === "UpdateFeatures") {
    return version === 0 ? null : { ...asked, body: { ...body, validateOnly: true } };
  }
  if (name === "AlterConfigs" && isUnknownTwice(body)) return null;
  return name === "CreatePartitions" && asksForCrowds(body) ? null : asked;
}

/** What of a request makes Kafka's controller resign. */
const FATAL: Partial<Record<ApiName, RegExp>> = {
  BrokerRegistration: /"securityProtocol":(?![0-3]\b)|"port":0\b|"name":"","host"/,
  IncrementalAlterConfigs: /"configOperation":(?![0-3]\b)/,
};

/** Whether two resources of unknown types have one name: to Kafka they are one, named twice, and have no answer. */
function isUnknownTwice(body: object): boolean {
  const types: readonly number[] = Object.values(CONFIG_RESOURCE);
  const found = [...inJson(body).matchAll(/"resourceType":(-?\d+),"resourceName":("[^"]*")/g)]
    .filter(([, type]) => !types.includes(Number(type)))
    .map(([, , name]) => name);
  return new Set(found).size < found.length;
}

const CROWD = 10_000;

const asksForCrowds = (body: object): boolean =>
  "topics" in body &&
  Array.isArray(body.topics) &&
  body.topics.some((topic: unknown) => {
    const isTopic = topic !== null && typeof topic === "object" && "count" in topic;
    return isTopic && Number(topic.count) > CROWD;
  });

/** An authorizer of Kafka's may never come back from a name that begins below `*`. */
const fitsAcls = (text: string): boolean => text === "" || text >= "*";

function vocabularyOf({ image, jvm }: ControllerPair, name: ApiName): Vocabulary {
  const epochs = [...image.cluster.brokers.values()].map(({ epoch }) => epoch);
  const topic = topicByName(image.topics, "t");
  const registration: object = registrationOf(1);
  const texts = name.endsWith("Acls") ? ABSURD_TEXTS.filter(fitsAcls) : ABSURD_TEXTS;
  return {
    texts,
    uuids: [
      ...image.topics.byId.keys(),
      ...BROKERS.flatMap((id) => directoriesOf(id)),
      directoryOf(99),
      ...ABSURD_UUIDS,
    ],
    epochs: [...epochs, ...ABSURD_EPOCHS],
    meant: {
      ...MEANT_EVERYWHERE,
      brokerId: (id) => Math.abs(id + 1) % BROKERS.length,
      brokerEpoch: (id) => image.cluster.brokers.get(id)?.epoch ?? 5,
      clusterId: () => CLUSTER_ID,
      features: () => ("features" in registration ? registration.features : []),
      listeners: () => ("listeners" in registration ? registration.listeners : []),
      logDirs: (id) => directoriesOf(id),
      incarnationId: (id) => image.cluster.brokers.get(id)?.incarnationId ?? directoryOf(8_000),
      currentMetadataOffset: () => jvm.endOffset - 1,
      topicId: () => topic?.id,
    },
  };
}
