/** What the core answers is said in every version of its API: an old one leaves out where the leader is. */
import { expect, test } from "vitest";
import {
  beginQuorumEpochResponse,
  endQuorumEpochResponse,
  fetchResponse,
  fetchSnapshotResponse,
  voteResponse,
} from "../../durable-objects/replica/quorum-wire.ts";
import {
  BeginQuorumEpoch,
  decodeResponseFrame,
  EndQuorumEpoch,
  Fetch,
  FetchSnapshot,
  responseFrame,
  versionsOf,
  Vote,
} from "../../src/protocol/index.ts";

const reply = {
  error: "NONE",
  epoch: 3,
  leaderId: 3_000,
  leaderEndpoints: [{ name: "CONTROLLER", host: "leader", port: 9_093 }],
} as const;
const stored = { readLog: () => new Uint8Array(0), readSnapshot: () => new Uint8Array(0) };
const fetched = {
  ...reply,
  api: "fetch",
  highWatermark: 1,
  logStartOffset: 0,
  records: null,
  diverging: null,
  snapshotId: null,
} as const;
const range = {
  ...reply,
  api: "fetch-snapshot",
  snapshotId: { endOffset: 1, epoch: 1 },
  size: 0,
  position: 0,
  bytes: null,
} as const;

const ANSWERS = [
  [Fetch, 16, (version: number) => fetchResponse(fetched, stored, version)],
  [FetchSnapshot, 1, (version: number) => fetchSnapshotResponse(range, stored, version)],
  [
    Vote,
    1,
    (version: number) => voteResponse({ ...reply, api: "vote", granted: true }, stored, version),
  ],
  [
    BeginQuorumEpoch,
    1,
    (version: number) =>
      beginQuorumEpochResponse({ ...reply, api: "begin-quorum-epoch" }, stored, version),
  ],
  [
    EndQuorumEpoch,
    1,
    (version: number) =>
      endQuorumEpochResponse({ ...reply, api: "end-quorum-epoch" }, stored, version),
  ],
] as const;

for (const [api, since, answerOf] of ANSWERS)
  test.each(versionsOf(api.valid))(`${api.name} v%i`, (apiVersion) => {
    const frame = responseFrame(api, { apiVersion, correlationId: 1 }, answerOf(apiVersion));
    const { body } = decodeResponseFrame(api, apiVersion, frame);
    expect(body.nodeEndpoints).toHaveLength(apiVersion < since ? 0 : 1);
  });
