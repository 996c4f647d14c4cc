/** What a peer answers that cannot be read: the call fails, and an operator hears of it once. */
import { expect, test } from "vitest";
import { ObjectPeers } from "../../durable-objects/replica/peers.ts";
import type { CallOutcome, SendEffect } from "../../durable-objects/replica/ports.ts";
import {
  BATCH_BYTES_MAX,
  BATCH_HEADER_BYTES,
  dataRecordBytes,
  encodeDataBatch,
  Fetch,
  responseFrame,
} from "../../src/protocol/index.ts";
import { clusterOf } from "./quorum.ts";

const cluster = clusterOf("peers-that-answer", 3);

const send: SendEffect = {
  kind: "send",
  to: 3001,
  correlation: 7,
  deadline: 2_000,
  request: {
    api: "fetch",
    clusterId: cluster.cluster_id,
    replica: { id: 3000, directoryId: "JEXY6aqzQY-32P5TStzaFg" },
    epoch: 1,
    fetchOffset: 0,
    lastFetchedEpoch: 0,
    highWatermark: null,
    maxWaitMs: 500,
    maxBytes: 1,
    incarnation: null,
  },
};

/** Peers that all answer with the frame of a Fetch with those records; asks one as often as is said. */
async function asked(
  records: Uint8Array,
  times: number,
): Promise<{ readonly outcomes: readonly CallOutcome[]; readonly lines: readonly string[] }> {
  const partition = { partitionIndex: 0, errorCode: 0, highWatermark: 1, records };
  const body = Fetch.response.fill({
    throttleTimeMs: 0,
    responses: [
      { topic: "__cluster_metadata", partitions: [{ ...partition, abortedTransactions: null }] },
    ],
  });
  const frame = responseFrame(Fetch, { apiVersion: 18, correlationId: 7 }, body);
  const namespace = {
    idFromName: (name: string) => name,
    get: () => ({ fetch: () => Promise.resolve(new Response(frame)) }),
  };
  const lines: string[] = [];
  const peers = new ObjectPeers(
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what the peers ask of a namespace is all here
    namespace as unknown as DurableObjectNamespace,
    { cluster, nodeId: 3000 },
    { error: (_, line) => void lines.push(line) },
  );
  const outcomes: CallOutcome[] = [];
  for (let time = 0; time < times; time += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one call after the other
    outcomes.push(
      await new Promise((ended) => peers.ask(send, new AbortController().signal, ended)),
    );
  }
  return { outcomes, lines };
}

const largest = (): Uint8Array => {
  const room = BATCH_BYTES_MAX - BATCH_HEADER_BYTES;
  const value = new Uint8Array(room - (dataRecordBytes(room, 0) - room));
  return encodeDataBatch({ baseOffset: 0, leaderEpoch: 1, timestampMs: 0 }, [value]);
};

test("the largest batch is taken", async () => {
  const { outcomes, lines } = await asked(largest(), 1);
  expect(outcomes).toMatchObject([{ kind: "answered", body: { records: [{ lastOffset: 0 }] } }]);
  expect(lines).toEqual([]);
});

test("a larger one is not, and is said once", async () => {
  const batch = new Uint8Array(BATCH_BYTES_MAX + 1);
  batch.set(largest());
  new DataView(batch.buffer).setInt32(8, batch.length - 12);
  const { outcomes, lines } = await asked(batch, 3);
  const failed = { kind: "failed", failure: "unreadable" };
  expect(outcomes).toEqual([failed, failed, failed]);
  expect(lines).toEqual([
    expect.stringMatching(/^what controller 3001 answered cannot be read: .*the limit is 8388608/),
  ]);
});
