/** One large batch and many brokers that wait for it: it is read and encoded once, whoever asks, be it the largest. */
import { expect, test } from "vitest";
import type { Controller } from "../../durable-objects/controller.ts";
import { UNLOCKED } from "../../durable-objects/bearer.ts";
import { answerFrame } from "../../durable-objects/listener/listener.ts";
import {
  ConfigRecord,
  Fetch,
  METADATA_TOPIC_ID,
  decodeResponseFrame,
  requestFrame,
} from "../../src/protocol/index.ts";
import { CLUSTER, World } from "./world.ts";

const sender = {
  origin: "client",
  bearer: UNLOCKED,
  signal: new AbortController().signal,
} as const;

const BROKERS = 90;
/** The bytes of a record's value. */
const VALUE_BYTES = 32_000;

/** A Fetch of an observer for whatever comes after `fetchOffset`; it waits. */
const fetchOf = (controller: Controller, replicaId: number, apiVersion: number): Uint8Array => {
  const { epoch } = controller.state.election;
  const partition = {
    partition: 0,
    currentLeaderEpoch: epoch,
    fetchOffset: controller.committedEnd,
    lastFetchedEpoch: epoch,
    partitionMaxBytes: 8_388_608,
  };
  const header = { apiVersion, correlationId: 1_000 + replicaId, clientId: "broker" };
  return requestFrame(Fetch, header, {
    clusterId: CLUSTER.cluster_id,
    replicaState: { replicaId, replicaEpoch: -1 },
    maxWaitMs: 500,
    minBytes: 1,
    maxBytes: 8_388_608,
    sessionEpoch: -1,
    topics: [{ topicId: METADATA_TOPIC_ID, partitions: [partition] }],
    forgottenTopicsData: [],
  });
};

/** The parts of a body as they were handed to the platform. */
async function partsOf(response: Response): Promise<readonly Uint8Array[]> {
  const parts: Uint8Array[] = [];
  for await (const part of response.body ?? []) parts.push(part);
  return parts;
}

test.each([
  ["of 640 KB", 20],
  ["of nearly 8 MiB", 261],
])(
  "a commit %s that wakes every broker is read once, and its bytes are shared",
  async (_size, records) => {
    const world = new World();
    const controller = await world.inOffice();
    const node = { voter: controller, cluster: CLUSTER };
    const versions = [16, 17];
    const answers = Array.from({ length: BROKERS }, (_, id) =>
      answerFrame(node, fetchOf(controller, id, versions[id % 2] ?? 17), sender),
    );
    await world.pass(0);
    const before = world.disk.bytesRead;
    const value = "x".repeat(VALUE_BYTES);
    const written = await world.submit(controller, () => ({
      records: Array.from({ length: records }, (__, at) =>
        ConfigRecord.of(0, { resourceType: 2, resourceName: "t", name: `c${at}`, value }),
      ),
      response: null,
    }));
    expect(written).toMatchObject({ kind: "committed" });
    const parts = await Promise.all((await Promise.all(answers)).map(partsOf));
    const bytes = records * VALUE_BYTES;
    expect(world.disk.bytesRead - before).toBeLessThan(1.01 * bytes);
    // One shared part for each version that was asked, and the correlation id of each broker before it.
    const buffers = new Set(parts.flat().map(({ buffer }) => buffer));
    expect(buffers.size).toBe(versions.length + BROKERS);
    // All that is held for all of them together.
    const held = [...buffers].reduce((sum, { byteLength }) => sum + byteLength, 0);
    expect(held).toBeLessThan(1.01 * versions.length * bytes);
    for (const [id, [own = new Uint8Array(), shared = new Uint8Array()]] of parts.entries()) {
      expect(own.byteLength).toBe(4);
      const frame = new Uint8Array([...own, ...shared.subarray(0, 200)]);
      expect(new DataView(frame.buffer).getInt32(0)).toBe(1_000 + id);
    }
    const [own = new Uint8Array(), shared = new Uint8Array()] = parts[1] ?? [];
    const { correlationId, body } = decodeResponseFrame(Fetch, 17, Buffer.concat([own, shared]));
    expect(correlationId).toBe(1_001);
    expect(body.responses[0]?.partitions[0]?.records?.byteLength).toBeGreaterThan(bytes);
  },
);
