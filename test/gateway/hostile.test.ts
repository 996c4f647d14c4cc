/**
 * What nobody should send, through the gateway to real controllers: garbage, half frames, huge lengths, unknown keys
 * and versions, forged requests of the quorum. Connections are closed or refused, and that is all that happens: nothing
 * is written, no controller changes its role or its epoch, and others are served.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { FrameCutter, sizePrefix } from "../../gateway/tcp/frame-cutter.ts";
import {
  ApiVersions,
  BeginQuorumEpoch,
  EndQuorumEpoch,
  ErrorCode,
  Fetch,
  METADATA_TOPIC_ID,
  Vote,
  decodeResponseFrame,
  requestFrame,
} from "../../src/protocol/index.ts";
import { startQuorum, type Quorum } from "../../local/quorum.ts";
import type { QuorumState } from "../../client/cluster-client.ts";

const LONG_FRAME = 8 * 1_048_576;
const HEADER = { apiVersion: 0, correlationId: 7, clientId: "hostile" };
const TOPIC = "__cluster_metadata";

let quorum: Quorum;

beforeAll(async () => {
  quorum = await startQuorum({ gateway: { ports: "free" } });
});

afterAll(() => quorum.stop());

async function footprint(): Promise<QuorumState> {
  const { leader_id, leader_epoch, high_watermark } = await quorum.cluster.quorum();
  return { leader_id, leader_epoch, high_watermark };
}

/** Holds when `act` has left the quorum as it was and the gateway still serves. */
async function changesNothing(act: () => Promise<void>): Promise<void> {
  const before = await footprint();
  await act();
  const answer = await ask(requestFrame(ApiVersions, HEADER, {}));
  expect(decodeResponseFrame(ApiVersions, 0, answer).body.errorCode).toBe(0);
  expect(await footprint()).toEqual(before);
}

async function open(nodeId = 3000): Promise<Socket> {
  const socket = connect(quorum.gatewayPort(nodeId), "127.0.0.1");
  socket.on("error", () => undefined);
  await once(socket, "connect");
  return socket;
}

/** Sends one frame and resolves with the answer. */
async function ask(frame: Uint8Array, nodeId?: number): Promise<Uint8Array> {
  const socket = await open(nodeId);
  const cutter = new FrameCutter(LONG_FRAME);
  socket.write(Buffer.concat([sizePrefix(frame), frame]));
  try {
    for (;;) {
      const [chunk]: readonly Buffer[] = await once(socket, "data");
      const [answer] = chunk === undefined ? [] : cutter.push(chunk);
      if (answer !== undefined) return answer;
    }
  } finally {
    socket.destroy();
  }
}

/** Sends bytes as they are and resolves when the other side has closed the connection. */
async function closedUpon(bytes: Uint8Array): Promise<void> {
  const socket = await open();
  const closed = once(socket, "close");
  socket.resume();
  socket.write(bytes);
  await closed;
}

const framed = (frame: Uint8Array): Uint8Array => Buffer.concat([sizePrefix(frame), frame]);

describe("a connection is closed upon", () => {
  test.each([
    ["a negative length", Uint8Array.of(0xff, 0xff, 0xff, 0xff)],
    ["a huge length", Uint8Array.of(0x7f, 0xff, 0xff, 0xff)],
    ["another protocol", Buffer.from("GET / HTTP/1.1\r\nhost: kedge\r\n\r\n")],
    [
      "random bytes in a frame",
      framed(Uint8Array.from({ length: 512 }, (_, at) => (at * 151) & 255)),
    ],
    ["an unknown API", framed(Uint8Array.of(3, 232, 0, 0, 0, 0, 0, 1, 255, 255))],
    ["an unknown version", framed(Uint8Array.of(0, 62, 0, 99, 0, 0, 0, 1, 255, 255))],
    [
      "a truncated body",
      framed(requestFrame(ApiVersions, { ...HEADER, apiVersion: 4 }, {}).subarray(0, 12)),
    ],
  ])("%s, and nothing changes", async (_, bytes) => {
    await changesNothing(() => closedUpon(bytes));
  });
});

describe("an outsider is not believed", () => {
  const epoch = 1_000;

  test("that asks for votes", async () => {
    const frame = requestFrame(
      Vote,
      { ...HEADER, apiVersion: 2 },
      {
        clusterId: quorum.formed.cluster_id,
        voterId: 3000,
        topics: [
          {
            topicName: TOPIC,
            partitions: [
              {
                partitionIndex: 0,
                replicaEpoch: epoch,
                replicaId: 3002,
                lastOffsetEpoch: epoch - 1,
                lastOffset: 9_999,
                preVote: false,
              },
            ],
          },
        ],
      },
    );
    await changesNothing(async () => {
      const { body } = decodeResponseFrame(Vote, 2, await ask(frame));
      expect(body.errorCode).toBe(ErrorCode.CLUSTER_AUTHORIZATION_FAILED);
    });
  });

  test("that says that it leads, or that the leader has resigned", async () => {
    const topics = [
      { topicName: TOPIC, partitions: [{ partitionIndex: 0, leaderId: 3002, leaderEpoch: epoch }] },
    ];
    const begin = requestFrame(
      BeginQuorumEpoch,
      { ...HEADER, apiVersion: 1 },
      { topics, leaderEndpoints: [] },
    );
    const end = requestFrame(
      EndQuorumEpoch,
      { ...HEADER, apiVersion: 1 },
      { topics, leaderEndpoints: [] },
    );
    await changesNothing(async () => {
      const begun = decodeResponseFrame(BeginQuorumEpoch, 1, await ask(begin)).body;
      const ended = decodeResponseFrame(EndQuorumEpoch, 1, await ask(end)).body;
      expect([begun.errorCode, ended.errorCode]).toEqual([
        ErrorCode.CLUSTER_AUTHORIZATION_FAILED,
        ErrorCode.CLUSTER_AUTHORIZATION_FAILED,
      ]);
    });
  });

  test("that acknowledges records as a voter", async () => {
    const { leader_id, leader_epoch } = await footprint();
    const voter = quorum.formed.controllers.find(({ node_id }) => node_id !== leader_id);
    const frame = requestFrame(
      Fetch,
      { ...HEADER, apiVersion: 17 },
      {
        replicaState: { replicaId: voter?.node_id ?? -1, replicaEpoch: -1 },
        maxWaitMs: 0,
        minBytes: 0,
        topics: [
          {
            topicId: METADATA_TOPIC_ID,
            partitions: [
              {
                partition: 0,
                currentLeaderEpoch: leader_epoch,
                fetchOffset: 9_999,
                lastFetchedEpoch: leader_epoch,
                partitionMaxBytes: 0,
              },
            ],
          },
        ],
        forgottenTopicsData: [],
      },
    );
    await changesNothing(async () => {
      const { body } = decodeResponseFrame(Fetch, 17, await ask(frame, leader_id));
      expect(body.errorCode).toBe(ErrorCode.CLUSTER_AUTHORIZATION_FAILED);
    });
  });
});
