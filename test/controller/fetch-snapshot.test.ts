/** FetchSnapshot as anybody may send it to a controller's listener, in both versions (KIP-630, KIP-853). */
import { describe, expect, test } from "vitest";
import type { Controller } from "../../durable-objects/controller.ts";
import { UNLOCKED } from "../../durable-objects/bearer.ts";
import { answerFrame } from "../../durable-objects/listener/listener.ts";
import type { Origin } from "../../durable-objects/listener/answer.ts";
import {
  ErrorCode,
  FetchSnapshot,
  decodeResponseFrame,
  requestFrame,
  type FetchSnapshotResponse,
  type InputOf,
} from "../../src/protocol/index.ts";
import type { StoredSnapshot } from "../../src/raft/index.ts";
import { CLUSTER, VOTER, World } from "./world.ts";

type Body = InputOf<typeof FetchSnapshot.request>;

/** A controller in office that has made a snapshot, and the bytes of that from 50 on, to the end of their chunk. */
async function withSnapshot(): Promise<{
  readonly controller: Controller;
  readonly snapshot: StoredSnapshot;
  readonly from50: Uint8Array | null;
}> {
  const world = new World();
  const settings = { "metadata.log.max.record.bytes.between.snapshots": 1 };
  const controller = await world.inOffice({ ...CLUSTER, settings });
  const snapshot = controller.state.log.snapshots.at(-1);
  if (snapshot === undefined) throw new Error("no snapshot was made");
  const from50 = world.disk.snapshots.read({ id: snapshot, position: 50, maxBytes: 60 });
  return { controller, snapshot, from50 };
}

async function answerTo(
  controller: Controller,
  body: Body,
  { apiVersion = 1, origin = "client" }: { apiVersion?: number; origin?: Origin } = {},
): Promise<FetchSnapshotResponse> {
  const node = { voter: controller, cluster: CLUSTER };
  const frame = requestFrame(
    FetchSnapshot,
    { apiVersion, correlationId: 1, clientId: "broker" },
    body,
  );
  const { signal } = new AbortController();
  const response = await answerFrame(node, frame, { origin, signal, bearer: UNLOCKED });
  const bytes = new Uint8Array(await response.arrayBuffer());
  return decodeResponseFrame(FetchSnapshot, apiVersion, bytes).body;
}

const bodyOf = (
  controller: Controller,
  snapshotId: { readonly endOffset: number; readonly epoch: number },
  position = 0,
): Body & { readonly topics: readonly [Body["topics"][number]] } => ({
  clusterId: CLUSTER.cluster_id,
  replicaId: 1,
  maxBytes: 60,
  topics: [
    {
      name: "__cluster_metadata",
      partitions: [
        {
          partition: 0,
          currentLeaderEpoch: controller.state.election.epoch,
          snapshotId,
          position,
        },
      ],
    },
  ],
});

const partitionOf = (body: FetchSnapshotResponse) => body.topics[0]?.partitions[0];

describe("a FetchSnapshot", () => {
  test.each([0, 1])("of version %i brings bytes from a position on", async (apiVersion) => {
    const { controller, snapshot, from50 } = await withSnapshot();
    const { endOffset, epoch, size } = snapshot;
    const body = await answerTo(controller, bodyOf(controller, { endOffset, epoch }, 50), {
      apiVersion,
    });
    expect(body.errorCode).toBe(ErrorCode.NONE);
    expect(partitionOf(body)).toMatchObject({
      index: 0,
      errorCode: ErrorCode.NONE,
      snapshotId: { endOffset, epoch },
      currentLeader: { leaderId: VOTER.node_id, leaderEpoch: controller.state.election.epoch },
      size,
      position: 50,
      unalignedRecords: from50,
    });
    // Version 0 cannot say where the leader is.
    expect(body.nodeEndpoints.map(({ nodeId }) => nodeId)).toEqual(
      apiVersion === 0 ? [] : [VOTER.node_id],
    );
  });

  test("beyond the end, or of another snapshot, is refused in the partition", async () => {
    const { controller, snapshot } = await withSnapshot();
    const beyond = await answerTo(controller, bodyOf(controller, snapshot, snapshot.size));
    expect(partitionOf(beyond)?.errorCode).toBe(ErrorCode.POSITION_OUT_OF_RANGE);
    const other = { endOffset: snapshot.endOffset - 1, epoch: snapshot.epoch };
    const unknown = await answerTo(controller, bodyOf(controller, other));
    expect(partitionOf(unknown)?.errorCode).toBe(ErrorCode.SNAPSHOT_NOT_FOUND);
  });

  test("about anything but the metadata partition, or of another cluster, is refused as a whole", async () => {
    const { controller, snapshot } = await withSnapshot();
    const body = bodyOf(controller, snapshot);
    const [topic] = body.topics;
    const bad: readonly (readonly [Body, number])[] = [
      [{ ...body, topics: [{ ...topic, name: "another" }] }, ErrorCode.INVALID_REQUEST],
      [{ ...body, topics: [topic, topic] }, ErrorCode.INVALID_REQUEST],
      [{ ...body, topics: [] }, ErrorCode.INVALID_REQUEST],
      [{ ...body, clusterId: "another" }, ErrorCode.INCONSISTENT_CLUSTER_ID],
    ];
    for (const [request, errorCode] of bad) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await answerTo(controller, request)).toMatchObject({ errorCode, topics: [] });
    }
  });

  test("that claims to be a voter's is believed from a peer alone: it keeps a leader in office", async () => {
    const { controller, snapshot } = await withSnapshot();
    const body = { ...bodyOf(controller, snapshot), replicaId: VOTER.node_id };
    expect(await answerTo(controller, body)).toMatchObject({
      errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED,
      topics: [],
    });
    // A leader does not fetch from itself: this one got as far as the core.
    const peers = await answerTo(controller, body, { origin: "peer" });
    expect(partitionOf(peers)?.errorCode).toBe(ErrorCode.INVALID_REQUEST);
  });
});
