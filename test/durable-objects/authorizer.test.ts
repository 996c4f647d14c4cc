/**
 * An authorizer on a real object, whose ACLs came with the state that its log begins after, as those of a fork do.
 */
import { describe, expect, test } from "vitest";
import { bearerHeader, UNLOCKED } from "../../durable-objects/bearer.ts";
import { STANDARD_AUTHORIZER } from "../../durable-objects/cluster-settings.ts";
import {
  ROUTES,
  isPrepareAnswer,
  readJson,
  urlOf,
  type FormRequest,
  type RouteName,
  type RouteQuery,
} from "../../durable-objects/contract.ts";
import type { ClusterEntry } from "../../durable-objects/cluster-entry.ts";
import { forkWriting } from "../../durable-objects/snapshots/fork-writing.ts";
import { applyRecords, emptyImage } from "../../src/metadata/index.ts";
import {
  AccessControlEntryRecord,
  CreateTopics,
  decodeResponseFrame,
  FeatureLevelRecord,
  requestFrame,
} from "../../src/protocol/index.ts";
import { uuidOf } from "../metadata/record-streams.ts";
import { activeOf, clusterOf, stubOf } from "./quorum.ts";

const END = { end_offset: 40, epoch: 7 };
const VERSION = 7;

/** "ann" may create topics that begin with "or", from anywhere. */
const ANN_MAY = AccessControlEntryRecord.of(0, {
  id: uuidOf(1),
  resourceType: 2,
  resourceName: "or",
  patternType: 4,
  principal: "User:ann",
  host: "*",
  operation: 5,
  permissionType: 3,
});

interface Call {
  readonly route: RouteName;
  readonly query?: RouteQuery;
  readonly body?: string | Uint8Array<ArrayBuffer>;
}

const send = (cluster: ClusterEntry, { route, query, body }: Call): Promise<Response> =>
  stubOf(cluster, 3000).fetch(urlOf(route, query), {
    method: ROUTES[route].method,
    body: body ?? null,
  });

/** One voter with an authorizer, which begins with that entry. */
async function formed(clusterId: string): Promise<ClusterEntry> {
  const plain = clusterOf(clusterId, 1);
  const { directory_id } = await readJson(await send(plain, { route: "prepare" }), isPrepareAnswer);
  const cluster: ClusterEntry = {
    ...plain,
    initial_voters: plain.initial_voters.map((voter) => ({ ...voter, directory_id })),
    settings: { "authorizer.class.name": STANDARD_AUTHORIZER, "super.users": "User:root" },
    fork_of: {
      cluster_id: "AAAAAAAAAAAAAAAAAAAH9A",
      created_ms: 1,
      offset: 39,
      epoch: 7,
      at_offset: null,
    },
  };
  const level = FeatureLevelRecord.of(0, { name: "metadata.version", featureLevel: 25 });
  const provenance = { endOffset: END.end_offset, epoch: END.epoch, timestampMs: 1_000 };
  const writing = forkWriting(applyRecords(emptyImage, [level, ANN_MAY], provenance), cluster);
  let position = 0;
  for (const piece of [writing.header(), ...writing.slice(10).batches]) {
    const query = { ...END, position };
    await send(cluster, { route: "seed", query, body: piece.slice() });
    position += piece.length;
  }
  const { size, timestampMs } = writing.stored;
  const end = JSON.stringify({ ...END, size, timestamp_ms: timestampMs });
  await send(cluster, { route: "endSeed", body: end });
  const request: FormRequest = { cluster, is_formed: false };
  const response = await send(cluster, { route: "form", body: JSON.stringify(request) });
  expect(response.status).toBe(200);
  await activeOf(cluster);
  return cluster;
}

/** What somebody is answered who would create a topic. */
async function created(
  cluster: ClusterEntry,
  principal: string,
  name: string,
): Promise<number | undefined> {
  const topics = [{ name, numPartitions: 1, replicationFactor: 1 }];
  const header = { apiVersion: VERSION, correlationId: 1, clientId: "test" };
  const response = await stubOf(cluster, 3000).fetch(urlOf("frames"), {
    method: "POST",
    body: requestFrame(CreateTopics, header, CreateTopics.request.fill({ topics })),
    headers: bearerHeader({ ...UNLOCKED, role: "gateway", principal }),
  });
  const bytes = new Uint8Array(await response.arrayBuffer());
  return decodeResponseFrame(CreateTopics, VERSION, bytes).body.topics[0]?.errorCode;
}

describe("a cluster that begins with ACLs", () => {
  test("goes by them, and by its super users", async () => {
    const cluster = await formed("AAAAAAAAAAAAAAAAAAAJ0A");
    const DENIED = 29;
    // No broker is there to hold a topic: it was allowed.
    const ALLOWED = 38;
    expect(await created(cluster, "ann", "orders")).toBe(ALLOWED);
    expect(await created(cluster, "ann", "stock")).toBe(DENIED);
    expect(await created(cluster, "bob", "orders")).toBe(DENIED);
    expect(await created(cluster, "root", "stock")).toBe(ALLOWED);
  });
});
