/**
 * What JVM controllers answered about themselves and their log, asked of a running quorum in the recorded bytes. The
 * cluster's id and the leader's epoch are put in for the recorded ones; what is each quorum's own (offsets, times,
 * addresses, directories) is compared as being there or not, everything else as it is.
 */
import { authorized } from "../../client/cluster-client.ts";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  apiByName,
  decodeResponseFrame,
  Fetch,
  requestFrame,
  type ApiVersionsResponse,
  type FetchRequest,
} from "../../src/protocol/index.ts";
import { conversationsOf, type Conversation } from "../metadata/conversations.ts";
import { directoryOf } from "../metadata/partition-notation.ts";
import { kafkaMessages } from "../protocol/fixtures.ts";
import { runningQuorum } from "./running-quorum.ts";
import type { RunningQuorum } from "./running-quorum.ts";

interface QuorumData {
  readonly leader_id: number;
  readonly leader_epoch: number;
  readonly high_watermark: number;
}

let quorum: RunningQuorum;
let leader: QuorumData;
beforeAll(async () => {
  quorum = await runningQuorum(3);
  leader = (await quorum.cluster.get<QuorumData>("quorum")).body;
});
afterAll(() => quorum.stop());

/** The conversation's request to the leader, and what it answers. */
async function ask({
  name,
  version,
  request,
}: Pick<Conversation, "name" | "version"> & { readonly request: object }): Promise<unknown> {
  const api = apiByName(name);
  if (api === undefined) throw new Error(`${name} is not spoken`);
  const header = { apiVersion: version, correlationId: 7, clientId: "replay" };
  const { edge, formed } = quorum;
  const { gatewayToken: token } = edge;
  const url = `${edge.url}/kafka/v3/clusters/${formed.cluster_id}/controllers/${leader.leader_id}/frames`;
  const frame = requestFrame(api, header, { ...api.request.fill(request) });
  const init = {
    method: "POST",
    headers: { "Content-Type": "application/octet-stream" },
    body: new Uint8Array(frame),
  };
  const response = await fetch(url, authorized(token, init));
  expect(response.status).toBe(200);
  const answer = decodeResponseFrame(api, version, new Uint8Array(await response.arrayBuffer()));
  expect(answer.correlationId).toBe(7);
  return answer.body;
}

const BROKER_IDS: readonly number[] = [1, 2, 3];

const OWN_NUMBERS: ReadonlySet<string> = new Set([
  "leaderId",
  "leaderEpoch",
  "highWatermark",
  "logEndOffset",
  "lastFetchTimestamp",
  "lastCaughtUpTimestamp",
  "nodeId",
  "port",
]);

interface Replica {
  readonly replicaId: number;
}
const byReplica = (a: Replica, b: Replica): number => a.replicaId - b.replicaId;

/** What two quorums must agree on: where one has a value, the other has one too. */
function comparable(response: unknown): unknown {
  const text = JSON.stringify(response, (key, value: unknown) => {
    if (typeof value === "number" && OWN_NUMBERS.has(key)) return value < 0 ? -1 : `a ${key}`;
    if (key === "replicaDirectoryId") return "a directory";
    if (key === "host") return "a host";
    if (key === "observers" && Array.isArray(value)) return value.toSorted(byReplica);
    if (value instanceof Uint8Array) return value.length === 0 ? "no records" : "records";
    return value;
  });
  return JSON.parse(text);
}

/** The Fetches with which brokers began to read the log. */
function firstFetches(kafka: string): readonly (Conversation & { readonly body: FetchRequest })[] {
  return conversationsOf(kafka, new Set(["Fetch"])).flatMap((conversation) => {
    const body = Fetch.request.fill(conversation.request);
    const partition = body.topics[0]?.partitions[0];
    const isBroker = BROKER_IDS.includes(body.replicaState.replicaId);
    return isBroker && partition?.fetchOffset === 0 ? [{ ...conversation, body }] : [];
  });
}

type PartitionFetch = FetchRequest["topics"][number]["partitions"][number];

/** The Fetch as that broker would send it here; each broker has one directory, whatever the release. */
function sentHere(
  fetched: FetchRequest,
  brokerId: number,
  parts: Partial<PartitionFetch> = {},
): { readonly request: FetchRequest } {
  const topics = fetched.topics.map((topic) => ({
    ...topic,
    partitions: topic.partitions.map((partition) => ({
      ...partition,
      currentLeaderEpoch: partition.currentLeaderEpoch === 0 ? 0 : leader.leader_epoch,
      replicaDirectoryId: directoryOf(brokerId),
      ...parts,
    })),
  }));
  const { cluster_id: clusterId } = quorum.formed;
  const replicaState = { ...fetched.replicaState, replicaId: brokerId };
  return { request: { ...fetched, clusterId, replicaState, topics } };
}

/** The same of a broker that has all of the log. */
function atTheEnd(fetched: FetchRequest, brokerId: number): { readonly request: FetchRequest } {
  return sentHere({ ...fetched, maxWaitMs: 0 }, brokerId, {
    currentLeaderEpoch: leader.leader_epoch,
    fetchOffset: leader.high_watermark,
    lastFetchedEpoch: leader.leader_epoch,
  });
}

const nameOf = (key: number): string =>
  kafkaMessages
    .find(({ apiKey, type }) => apiKey === key && type === "request")
    ?.name.replace(/Request$/, "") ?? String(key);

/** The versions that both know, of the APIs that both serve. */
const settled = (
  ours: ApiVersionsResponse["apiKeys"],
  theirs: ApiVersionsResponse["apiKeys"],
): ApiVersionsResponse["apiKeys"] =>
  theirs.flatMap((their) => {
    const own = ours.find(({ apiKey }) => apiKey === their.apiKey);
    if (own === undefined) return [];
    const minVersion = Math.max(own.minVersion, their.minVersion);
    const maxVersion = Math.min(own.maxVersion, their.maxVersion);
    return [{ ...their, minVersion, maxVersion }];
  });

/** The levels to which features can be raised where brokers are of the release `known`. */
const raisable = (
  { supportedFeatures }: ApiVersionsResponse,
  known: ApiVersionsResponse,
): ReadonlyMap<string, readonly [number, number]> =>
  new Map(
    known.supportedFeatures
      .filter(({ name }) => name !== "eligible.leader.replicas.version")
      .flatMap(({ name, minVersion, maxVersion }) => {
        const own = supportedFeatures.find((feature) => feature.name === name);
        if (own === undefined) return [];
        const low = Math.max(own.minVersion, minVersion);
        return [[name, [low, Math.min(own.maxVersion, maxVersion)]]];
      }),
  );

/** APIs of the recorded listeners that this one does not serve yet. */
const NOT_SERVED: readonly string[] = [
  "SaslHandshake",
  "SaslAuthenticate",
  "DescribeDelegationToken",
  "DescribeUserScramCredentials",
];

describe.each(["4.0.2", "4.1.2", "4.3.1"])("Kafka %s and we say the same", (kafka) => {
  test("to a broker that begins to read the log", async () => {
    const fetches = firstFetches(kafka);
    expect(fetches.length).toBeGreaterThan(1);
    for (const conversation of fetches) {
      const { replicaId } = conversation.body.replicaState;
      const ours = await ask({ ...conversation, ...sentHere(conversation.body, replicaId) });
      expect(comparable(ours)).toEqual(comparable(conversation.response));
    }
  });

  test("to a tool that asks for the state of the quorum", async () => {
    const [first] = firstFetches(kafka);
    if (first === undefined) throw new Error("no Fetch of a broker");
    for (const id of BROKER_IDS) await ask({ ...first, ...atTheEnd(first.body, id) });
    const descriptions = conversationsOf(kafka, new Set(["DescribeQuorum"]));
    expect(descriptions.length).toBeGreaterThan(3);
    for (const conversation of descriptions) {
      expect(comparable(await ask(conversation))).toEqual(comparable(conversation.response));
    }
  });

  test("to any client what is served, but for what we do not serve", async () => {
    const conversations = conversationsOf(kafka, new Set(["ApiVersions"]));
    expect(conversations.length).toBeGreaterThan(10);
    for (const conversation of conversations) {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the recording of that API
      const theirs = conversation.response as ApiVersionsResponse;
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- asked with that API
      const ours = (await ask(conversation)) as ApiVersionsResponse;
      const { apiKeys } = ours;
      const { errorCode, throttleTimeMs, zkMigrationReady } = theirs;
      expect(ours).toMatchObject({ errorCode, throttleTimeMs, zkMigrationReady });
      expect(ours.finalizedFeaturesEpoch).toBeGreaterThan(0);
      // What a client of that release and this listener settle on is what it settled on with Kafka.
      expect(settled(apiKeys, theirs.apiKeys)).toEqual(
        theirs.apiKeys.filter(({ apiKey }) => !NOT_SERVED.includes(nameOf(apiKey))),
      );
      expect(apiKeys.filter(({ apiKey }) => NOT_SERVED.includes(nameOf(apiKey)))).toEqual([]);
      expect(raisable(ours, theirs)).toEqual(raisable(theirs, theirs));
    }
  });
});
