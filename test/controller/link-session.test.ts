/** A link's session over a controller in Node: what one event takes on, and how it ends. */
import { expect, test, vi } from "vitest";
import { UNLOCKED } from "../../durable-objects/bearer.ts";
import { Followers } from "../../durable-objects/link/followers.ts";
import { Session, type LinkHost, type LinkSocket } from "../../durable-objects/link/session.ts";
import { operatorLogOf } from "../../durable-objects/operator-log.ts";
import {
  FROM_CONTROLLER,
  FROM_GATEWAY,
  readFromController,
  writeMessages,
  type FromController,
  type FromGateway,
} from "../../src/link/index.ts";
import { ApiVersions, requestFrame } from "../../src/protocol/index.ts";
import { CLUSTER, World } from "./world.ts";

const INCARNATION = "one";

/** A session of a controller in office, whose gateway has said hello to that incarnation. */
async function opened(incarnation = INCARNATION) {
  const world = new World();
  const controller = await world.inOffice();
  const heard: FromController[] = [];
  const closings: string[] = [];
  const socket: LinkSocket = {
    send: (message) => {
      if (typeof message === "string" || !(message instanceof Uint8Array)) return;
      heard.push(...readFromController(message, FROM_CONTROLLER));
    },
    close: (code, reason) => void closings.push(`${code} ${reason}`),
  };
  const host: LinkHost = {
    node: { voter: controller, cluster: CLUSTER },
    clusterId: CLUSTER.cluster_id,
    nodeId: 3000,
    operatorLog: operatorLogOf({ cluster_id: null, node_id: null }),
  };
  const greeting = {
    cluster_id: CLUSTER.cluster_id,
    node_id: 3000,
    incarnation: INCARNATION,
    requests_max: 1,
    streams_max: 1,
    fetch_bytes_max: 1_048_576,
  };
  const attachment = { bearer: UNLOCKED, opening: { gateway_id: "one", token: null } };
  const followers = new Followers({
    voter: () => host.node?.voter ?? null,
    failed: (cause) => void closings.push(String(cause)),
    clock: () => world.nowMs,
  });
  const session = new Session(socket, attachment, { greeting, host, followers });
  const say = (...envelopes: FromGateway[]): void => {
    for (const { buffer } of writeMessages(envelopes, FROM_GATEWAY)) session.receive(buffer);
  };
  say({ kind: "hello", greeting: JSON.stringify({ incarnation }) });
  return { world, controller, session, heard, closings, say };
}

const asking = (stream: number): FromGateway => ({
  kind: "request",
  stream,
  correlation: stream,
  frame: requestFrame(
    ApiVersions,
    { apiVersion: 3, correlationId: stream, clientId: "test" },
    { clientSoftwareName: "test", clientSoftwareVersion: "1" },
  ),
});

const beginning = (stream: number): FromGateway => ({ kind: "begin", stream, principal: null });

const STREAMS = Array.from({ length: 12 }, (_, at) => at + 1);

test("a message is one event; where its records fill a round the rest is for the next", async () => {
  const { controller, heard, say } = await opened();
  const together = vi.spyOn(controller, "together");
  say(...STREAMS.map(beginning));
  expect(together).toHaveBeenCalledTimes(1);
  const full = vi.spyOn(controller, "hasFullRound", "get").mockReturnValue(true);
  say(...STREAMS.map(asking));
  expect(together).toHaveBeenCalledTimes(2);
  // What comes meanwhile waits behind what came first.
  say(beginning(13), asking(13));
  await expect
    .poll(() => heard.flatMap((each) => (each.kind === "response" ? [each.stream] : [])))
    .toEqual([...STREAMS, 13]);
  expect(together).toHaveBeenCalledTimes(1 + STREAMS.length + 2);
  full.mockRestore();
});

test("what waits for the next event is bounded: a link that sends more is closed", async () => {
  const { controller, closings, say } = await opened();
  vi.spyOn(controller, "hasFullRound", "get").mockReturnValue(true);
  const large = new Uint8Array(8 * 1_048_576);
  say(...STREAMS.map(beginning));
  say({ kind: "request", stream: 1, correlation: 1, frame: large });
  expect(closings).toEqual([]);
  say({ kind: "request", stream: 2, correlation: 2, frame: large });
  expect(closings).toEqual(["1002 more was sent than this controller has got round to"]);
});

test("a million tiny envelopes in whole messages leave nothing behind, and the link goes on", async () => {
  const { session, heard, closings, say } = await opened();
  const streams = Array.from({ length: 128 }, (_, at) => at + 100);
  const [message] = writeMessages(
    [...streams.map(beginning), ...streams.map((stream) => ({ kind: "end", stream }) as const)],
    FROM_GATEWAY,
  );
  if (message === undefined) throw new Error("no message");
  for (let at = 0; at < 1_000_000; at += 256) session.receive(message.buffer);
  expect(closings).toEqual([]);
  expect(heard.length).toBeLessThanOrEqual(1);
  // Were they kept, these would be too many.
  for (let from = 1; from <= 4_096; from += 256)
    say(...Array.from({ length: 256 }, (_, at) => beginning(from + at)));
  say(asking(4_096));
  await expect.poll(() => heard.at(-1)?.kind).toBe("response");
  expect(closings).toEqual([]);
});

test("after a goodbye no request is taken, and what is under way is answered", async () => {
  const { session, heard, say } = await opened();
  say(beginning(1), beginning(2), asking(1));
  session.sayGoodbye(3001, "an operator asked for a restart");
  say(asking(2));
  await expect
    .poll(() => heard.map(({ kind }) => kind))
    .toEqual(["hello", "goaway", "refusal", "response"]);
  expect(heard[1]).toMatchObject({ leaderId: 3001 });
  expect(heard[2]).toMatchObject({ stream: 2, sentence: "an operator asked for a restart" });
});

test("what was sent to an earlier incarnation is refused, and does not end the link", async () => {
  const { heard, closings, say } = await opened("another");
  say(beginning(1), asking(1));
  await expect.poll(() => heard.map(({ kind }) => kind)).toEqual(["hello", "refusal"]);
  expect(heard[1]).toMatchObject({ stream: 1, correlation: 1 });
  say({ kind: "hello", greeting: JSON.stringify({ incarnation: INCARNATION }) });
  say(beginning(1), asking(1));
  await expect.poll(() => heard.at(-1)?.kind).toBe("response");
  expect(closings).toEqual([]);
});
