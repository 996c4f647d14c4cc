/**
 * Links inside workerd: many frames in a message, one round for them all; sockets that outlive the object's memory; and
 * whatever no gateway would send.
 */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { exports } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import type { Bearer } from "../../durable-objects/bearer.ts";
import type { ClusterEntry } from "../../durable-objects/cluster-entry.ts";
import type { LinkOpening } from "../../durable-objects/link-opening.ts";
import type { FromController, FromGateway } from "../../src/link/index.ts";
import { METADATA_TOPIC_ID } from "../../src/protocol/index.ts";
import { bringing } from "./bringing.ts";
import { bodyOf, Linked, openingOf, upgrade, type Call } from "./linked.ts";
import { call, clusterOf, form, registration, stubOf, voterStatusOf } from "./quorum.ts";

let clusters = 0;

/** A cluster of one voter, whose object every link of a test is to. */
async function formed(): Promise<ClusterEntry> {
  clusters += 1;
  const cluster = clusterOf(`LINKLINKLINKLINKLINK${String(clusters).padStart(2, "0")}`, 1);
  await form(cluster);
  return cluster;
}

const DESCRIBE: Call = {
  api: "DescribeQuorum",
  body: { topics: [{ topicName: "__cluster_metadata", partitions: [{ partitionIndex: 0 }] }] },
};

/** An observer's fetch at the end of the log, parked for as long as it says. */
const fetchAt = (
  cluster: ClusterEntry,
  {
    fetchOffset,
    epoch,
    replicaId = 1,
  }: { readonly fetchOffset: number; readonly epoch: number; readonly replicaId?: number },
): Call => ({
  api: "Fetch",
  version: 17,
  body: {
    clusterId: cluster.cluster_id,
    replicaState: { replicaId, replicaEpoch: -1 },
    maxWaitMs: 20_000,
    minBytes: 1,
    maxBytes: 1_000_000,
    isolationLevel: 0,
    sessionId: 0,
    sessionEpoch: -1,
    topics: [
      {
        topicId: METADATA_TOPIC_ID,
        partitions: [
          {
            partition: 0,
            currentLeaderEpoch: epoch,
            fetchOffset,
            lastFetchedEpoch: epoch,
            logStartOffset: -1,
            partitionMaxBytes: 1_000_000,
          },
        ],
      },
    ],
    forgottenTopicsData: [],
    rackId: "",
  },
});

const VERSIONS = {
  api: "ApiVersions",
  body: { clientSoftwareName: "test", clientSoftwareVersion: "1" },
} as const;

/** Takes the memory of the object and leaves its sockets. A timer that is armed would keep it. */
async function hibernate(cluster: ClusterEntry): Promise<void> {
  await runInDurableObject(stubOf(cluster, 3000), ({ voter }) => voter?.stop());
  await evictDurableObject(stubOf(cluster, 3000), { webSockets: "hibernate" });
}

const batchesOf = (cluster: ClusterEntry): Promise<number> =>
  runInDurableObject(stubOf(cluster, 3000), (_, { storage }) =>
    Number(storage.sql.exec("SELECT count(*) AS batches FROM log").one()["batches"]),
  );

describe("frames of one message", () => {
  test("are answered, and what they write is one batch of the log", async () => {
    const cluster = await formed();
    const linked = await Linked.open(cluster, 3000);
    const ids = Array.from({ length: 20 }, (_, index) => index + 1);
    linked.begin(...ids);
    const before = await batchesOf(cluster);
    linked.say(...ids.map((id) => linked.request(id, registration(cluster, id))));
    const answers: FromController[] = [];
    for (const _ of ids) answers.push(await linked.next());
    expect(answers.map((each) => bodyOf(each, registration(cluster, 1))["errorCode"])).toEqual(
      ids.map(() => 0),
    );
    expect(await batchesOf(cluster)).toBe(before + 1);
    // They were committed together, so they left together.
    expect(linked.sizes.at(-1)).toBe(ids.length);
  });

  test("that are ready leave in one message, also when they write nothing", async () => {
    const cluster = await formed();
    const linked = await Linked.open(cluster, 3000);
    linked.begin(1, 2, 3);
    // One that needs no round of the quorum, as what is certain to be current does.
    linked.say(...[1, 2, 3].map((id) => linked.request(id, VERSIONS)));
    for (const _ of [1, 2, 3])
      expect(bodyOf(await linked.next(), VERSIONS)).toMatchObject({ errorCode: 0 });
    expect(linked.sizes.at(-1)).toBe(3);
  });

  test("do not wait for one that is parked, and an end of its stream lets that one go", async () => {
    const cluster = await formed();
    const { log_end_offset: end, epoch } = await voterStatusOf(cluster, 3000);
    const linked = await Linked.open(cluster, 3000);
    linked.begin(1, 2);
    linked.say(
      linked.request(1, fetchAt(cluster, { fetchOffset: end, epoch })),
      linked.request(2, DESCRIBE),
    );
    expect(await linked.next()).toMatchObject({ kind: "response", stream: 2 });
    const parked = (): Promise<number> =>
      runInDurableObject(stubOf(cluster, 3000), ({ voter }) => {
        const role = voter?.state.role;
        return role?.kind === "leader" ? role.parkedObservers.size : -1;
      });
    expect(await parked()).toBe(1);
    linked.say({ kind: "end", stream: 1 });
    await expect.poll(parked).toBe(0);
    expect(linked.closing).toBeNull();
  });

  test("a parked fetch is answered by the write of another stream", async () => {
    const cluster = await formed();
    const { log_end_offset: end, epoch } = await voterStatusOf(cluster, 3000);
    const linked = await Linked.open(cluster, 3000);
    linked.begin(1, 2);
    linked.say(linked.request(1, fetchAt(cluster, { fetchOffset: end, epoch })));
    linked.say(linked.request(2, registration(cluster, 2)));
    const answers = [await linked.next(), await linked.next()];
    const streams = answers.map((each) => (each.kind === "response" ? each.stream : -1));
    expect(new Set(streams)).toEqual(new Set([1, 2]));
  });

  test("that cannot be answered in kind end their stream with a sentence, and no other", async () => {
    const cluster = await formed();
    const linked = await Linked.open(cluster, 3000);
    linked.begin(1, 2);
    const garbage = {
      kind: "request",
      correlation: 7,
      frame: new Uint8Array(9).fill(255),
    } as const;
    linked.say({ ...garbage, stream: 1 }, linked.request(2, DESCRIBE));
    const answers = [await linked.next(), await linked.next()];
    expect(answers.find(({ kind }) => kind === "refusal")).toMatchObject({ stream: 1 });
    expect(answers.find(({ kind }) => kind === "response")).toMatchObject({ stream: 2 });
  });

  test("a frame of eight megabytes arrives, and is refused by its API and not by the link", async () => {
    const cluster = await formed();
    const linked = await Linked.open(cluster, 3000);
    linked.begin(1);
    const frame = new Uint8Array(8 * 1_048_576);
    linked.say({ kind: "request", stream: 1, correlation: 1, frame });
    expect(await linked.next()).toMatchObject({ kind: "refusal", stream: 1 });
  });
});

describe("whose memory was lost", () => {
  test("says hello again under the open socket; what was under way is refused, and not executed", async () => {
    const cluster = await formed();
    const linked = await Linked.open(cluster, 3000);
    linked.begin(1);
    expect(await linked.ask(1, DESCRIBE)).toMatchObject({ errorCode: 0 });
    const { incarnation } = linked;
    await hibernate(cluster);

    // The gateway does not know yet.
    linked.say(linked.request(1, registration(cluster, 7)));
    await linked.greet();
    expect(linked.incarnation).not.toBe(incarnation);
    expect(await linked.next()).toMatchObject({
      kind: "refusal",
      stream: 1,
      sentence: "the controller's memory began anew: nothing was executed",
    });
    linked.begin(1);
    const described = await linked.ask(1, {
      api: "DescribeCluster",
      body: {
        includeClusterAuthorizedOperations: false,
        endpointType: 1,
        includeFencedBrokers: true,
      },
    });
    expect(described["refused"]).toBeUndefined();
    await expect
      .poll(async () => (await linked.ask(1, registration(cluster, 7)))["errorCode"])
      .toBe(0);
  });

  test("keeps who asks: a broker's token speaks for its own ids afterwards too", async () => {
    const cluster = await formed();
    const bearer: Bearer = {
      role: "broker",
      broker_ids: [1],
      principal: "broker-1",
      client_address: null,
      token_id: "AAAAAAAAAAAAAAAAAAAAAA",
    };
    const linked = await Linked.open(cluster, 3000, { bearer });
    await hibernate(cluster);
    await call(cluster, 3000, { route: "status" });
    await linked.greet();
    linked.begin(1);
    await expect
      .poll(async () => (await linked.ask(1, registration(cluster, 1)))["errorCode"])
      .toBe(0);
    expect(await linked.ask(1, registration(cluster, 2))).toMatchObject({ errorCode: 31 });
  });
});

const positionAt = (offset: number, epoch: number): FromGateway => ({
  kind: "position",
  stream: 1,
  position: { end: { offset, epoch, begins: true }, brokers: [] },
});

describe("a gateway that says its position", () => {
  test("is pushed what is committed from there on, beside its answers", async () => {
    const cluster = await formed();
    const { log_end_offset: end, epoch } = await voterStatusOf(cluster, 3000);
    const linked = await Linked.open(cluster, 3000);
    linked.begin(1);
    linked.say(positionAt(end, epoch));
    expect(await linked.next()).toMatchObject({
      kind: "push",
      push: { epoch, leader: { id: 3000 }, records: null },
    });
    linked.say(linked.request(1, registration(cluster, 1)));
    const heard = [await linked.next(), await linked.next()];
    expect(heard.map(({ kind }) => kind).toSorted()).toEqual(["push", "response"]);
    const [push] = heard.flatMap((each) => (each.kind === "push" ? [each.push] : []));
    expect(push?.records?.from).toBe(end);
    expect(push?.records?.batches.byteLength).toBeGreaterThan(0);
  });

  test("says it again to the next incarnation, and is pushed on from there", async () => {
    const cluster = await formed();
    const linked = await Linked.open(cluster, 3000);
    linked.begin(1);
    linked.say(positionAt(-1, 0));
    const first = await linked.next();
    const from = first.kind === "push" ? (first.push.records?.from ?? -1) : -1;
    expect(from).toBeGreaterThan(0);
    await hibernate(cluster);
    // Of a stream that this incarnation has not heard begin: passed over, since it was not greeted.
    linked.say(positionAt(from, 1));
    await linked.greet();
    linked.begin(1);
    linked.say(positionAt(from, first.kind === "push" ? first.push.epoch : 0));
    await expect
      .poll(async () => {
        const next = await linked.next();
        return next.kind === "push" ? (next.push.records?.from ?? null) : null;
      })
      .toBe(from);
  });

  test("that cannot be is told where the log goes on, and garbage closes the link", async () => {
    const cluster = await formed();
    const linked = await Linked.open(cluster, 3000);
    const { log_end_offset: end } = await voterStatusOf(cluster, 3000);
    linked.begin(1);
    linked.say(positionAt(end + 1_000, 99));
    expect(await linked.next()).toMatchObject({ push: { records: { from: end } } });
    linked.sendRaw(Uint8Array.of(1, 8, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 0, 1, 2, 3));
    expect(await linked.closed()).toBe(
      "1002 a position of 3 bytes holds no whole number of brokers",
    );
  });
});

/** Streams that end and never began: 14 bytes each. */
function tinyEnvelopes(count: number): Uint8Array {
  const message = new Uint8Array(1 + 14 * count);
  message[0] = 1;
  for (let at = 1; at < message.byteLength; at += 14)
    message.set([2, 0, 0, 0, 1, 0, 0, 0, 9, 0, 0, 0, 0, 1], at);
  return message;
}

describe("what no gateway sends closes the link, with a reason", () => {
  test.each<[string, string | Uint8Array, string]>([
    ["text", "hello", "1003 a link speaks in binary messages, and this is text"],
    ["nothing", new Uint8Array(), "1002 a message of no bytes"],
    ["garbage", Uint8Array.of(9, 9, 9), "1002 a message of version 9; this link speaks 1"],
    [
      "half an envelope",
      Uint8Array.of(1, 3, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 1, 7),
      "1002 an envelope says that it has 9 bytes, and 1 are there",
    ],
    [
      "an unknown kind",
      Uint8Array.of(1, 77, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1),
      "1002 an envelope of kind 77 is not for a gateway to send",
    ],
    [
      "nine megabytes",
      new Uint8Array(9 * 1_048_576).fill(1),
      "1002 a message of 9437184 bytes; at most 8392704 are accepted",
    ],
    [
      "thirty-two megabytes less a few",
      new Uint8Array(32 * 1_048_576 - 64).fill(1),
      "1002 a message of 33554368 bytes; at most 8392704 are accepted",
    ],
    [
      "as many tiny envelopes as four megabytes hold",
      tinyEnvelopes(299_000),
      "1002 more than 256 envelopes in a message",
    ],
    [
      "a million tiny envelopes",
      tinyEnvelopes(1_000_000),
      "1002 a message of 14000001 bytes; at most 8392704 are accepted",
    ],
    [
      "tiny envelopes without number",
      Uint8Array.from([
        1,
        ...Array.from({ length: 300 }, () => [2, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0]).flat(),
      ]),
      "1002 more than 256 envelopes in a message",
    ],
  ])("%s", async (_, message, reason) => {
    const linked = await Linked.open(await formed(), 3000);
    linked.sendRaw(message);
    expect(await linked.closed()).toBe(reason);
  });

  test("a stream that has not begun, one that begins twice, and two requests on one", async () => {
    const cluster = await formed();
    const { log_end_offset: end, epoch } = await voterStatusOf(cluster, 3000);
    const unknown = await Linked.open(cluster, 3000);
    unknown.say(unknown.request(9, DESCRIBE));
    expect(await unknown.closed()).toBe("1002 stream 9 has not begun");
    const twice = await Linked.open(cluster, 3000);
    twice.begin(1, 1);
    expect(await twice.closed()).toBe("1002 stream 1 has begun already");
    const two = await Linked.open(cluster, 3000);
    two.begin(1);
    two.say(
      two.request(1, fetchAt(cluster, { fetchOffset: end, epoch })),
      two.request(1, DESCRIBE),
    );
    expect(await two.closed()).toBe("1002 stream 1 has a request without an answer already");
  });

  test("more streams than a link may have", async () => {
    const linked = await Linked.open(await formed(), 3000);
    for (let from = 1; from <= 4_097; from += 241)
      linked.begin(...Array.from({ length: 241 }, (_, at) => from + at));
    expect(await linked.closed()).toBe("1002 more than 4096 streams on a link");
  });

  test("more answers taken than were sent, and a hello to nobody", async () => {
    const cluster = await formed();
    const taking = await Linked.open(cluster, 3000);
    taking.say({ kind: "taken", bytes: 1 });
    expect(await taking.closed()).toBe("1002 1 bytes were taken, and only 0 were sent");
    const greeting = await Linked.open(cluster, 3000);
    greeting.say({ kind: "hello", greeting: "{}" });
    expect(await greeting.closed()).toBe("1002 a hello does not say to which incarnation");
  });

  test("more requests without an answer than the bound: the one too many is refused", async () => {
    const cluster = await formed();
    const { log_end_offset: end, epoch } = await voterStatusOf(cluster, 3000);
    const linked = await Linked.open(cluster, 3000);
    const ids = Array.from({ length: 1_025 }, (_, index) => index + 1);
    for (let at = 0; at < ids.length; at += 100) {
      const some = ids.slice(at, at + 100);
      linked.begin(...some);
      linked.say(
        ...some.map((id) =>
          linked.request(id, fetchAt(cluster, { fetchOffset: end, epoch, replicaId: id })),
        ),
      );
    }
    expect(await linked.next()).toMatchObject({
      kind: "refusal",
      stream: 1_025,
      sentence: "1024 requests of this link have no answer yet",
    });
    linked.close();
  });
});

const until = (expiresAt: number, id = "AAAAAAAAAAAAAAAAAAAAAA"): LinkOpening => ({
  gateway_id: "gateway-1",
  token: { id, issued_at: 1, expires_at: expiresAt },
});
const gatewayBearer: Bearer = {
  role: "gateway",
  broker_ids: [],
  principal: "ANONYMOUS",
  client_address: null,
  token_id: "AAAAAAAAAAAAAAAAAAAAAA",
};
const LATER = 4_000_000_000;

describe("who may", () => {
  test("name a principal: a gateway's token and no other", async () => {
    const cluster = await formed();
    const gateway = await Linked.open(cluster, 3000, {
      bearer: gatewayBearer,
      opening: until(LATER),
    });
    gateway.say({ kind: "begin", stream: 1, principal: "CN=broker-1" });
    expect(await gateway.ask(1, DESCRIBE)).toMatchObject({ errorCode: 0 });
    const broker = await Linked.open(cluster, 3000, {
      bearer: { ...gatewayBearer, role: "broker", broker_ids: [1] },
      opening: until(LATER, "BBBBBBBBBBBBBBBBBBBBBB"),
    });
    broker.say({ kind: "begin", stream: 1, principal: "CN=broker-1" });
    expect(await broker.closed()).toBe('1002 only a token of role "gateway" may name a principal');
  });

  test("a token's end ends its link at the next message", async () => {
    const cluster = await formed();
    const opening = until(Math.ceil(Date.now() / 1_000) + 1);
    const linked = await Linked.open(cluster, 3000, { bearer: gatewayBearer, opening });
    await expect
      .poll(
        () => {
          if (linked.closing === null) linked.begin();
          if (linked.closing === null) linked.say({ kind: "end", stream: 1 });
          return linked.closing;
        },
        { timeout: 5_000 },
      )
      .toEqual({ code: 1008, reason: "the token has expired" });
  });

  test("a revocation closes the links of its token, and no other", async () => {
    const cluster = await formed();
    const [one, other] = [until(LATER), until(LATER, "BBBBBBBBBBBBBBBBBBBBBB")];
    const revoked = await Linked.open(cluster, 3000, { bearer: gatewayBearer, opening: one });
    const stays = await Linked.open(cluster, 3000, { bearer: gatewayBearer, opening: other });
    const access = {
      version: 2,
      not_before: 0,
      revoked: [{ id: "AAAAAAAAAAAAAAAAAAAAAA", expires_at: LATER }],
    };
    const said = { created_ms: cluster.created_ms, access };
    const told = await call(cluster, 3000, { route: "access", body: JSON.stringify(said) });
    expect(told.status).toBe(200);
    expect(await revoked.closed()).toBe("1008 the token was revoked");
    stays.begin(1);
    expect(await stays.ask(1, DESCRIBE)).toMatchObject({ errorCode: 0 });
  });

  test("a newer link of the same gateway replaces the older, and a token has four of others", async () => {
    const cluster = await formed();
    const open = (id: string): Promise<Linked> =>
      Linked.open(cluster, 3000, {
        bearer: gatewayBearer,
        opening: { ...until(LATER), gateway_id: id },
      });
    const first = await open("one");
    await Promise.all(["two", "three", "four"].map(open));
    const fifth = await upgrade(cluster, 3000, {
      bearer: gatewayBearer,
      opening: { ...until(LATER), gateway_id: "five" },
    });
    expect([fifth.status, await fifth.json()]).toEqual([
      429,
      { error_code: 429, message: "this controller has 4 links of this token, and takes no more" },
    ]);
    await open("one");
    expect(await first.closed()).toBe("1008 a newer link of the same gateway replaces this");
  });

  test("an object takes 256 links of a thousand gateways that ask, and serves these", async () => {
    const cluster = await formed();
    const links: Linked[] = [];
    for (let id = 0; id < 256; id++)
      links.push(await Linked.open(cluster, 3000, { opening: openingOf(`gateway-${id}`) }));
    for (let id = 256; id < 1_000; id++) {
      const { status } = await upgrade(cluster, 3000, { opening: openingOf(`gateway-${id}`) });
      expect(status).toBe(429);
    }
    const last = links[255];
    last?.begin(1);
    expect(await last?.ask(1, DESCRIBE)).toMatchObject({ errorCode: 0 });
    // One that goes makes room for one.
    links[0]?.close();
    await expect
      .poll(async () => (await upgrade(cluster, 3000, { opening: openingOf("another") })).status)
      .toBe(101);
  });

  test("say nothing: a silent link is told nothing but hello, and keeps nobody waiting", async () => {
    const cluster = await formed();
    const { webSocket: silent } = await upgrade(cluster, 3000, { opening: openingOf("silent") });
    silent?.accept();
    let messages = 0;
    silent?.addEventListener("message", () => {
      messages += 1;
    });
    const linked = await Linked.open(cluster, 3000);
    linked.begin(1);
    expect(await linked.ask(1, DESCRIBE)).toMatchObject({ errorCode: 0 });
    expect(messages).toBe(1);
    silent?.close();
  });

  test("nobody who is not named in the terms of this build", async () => {
    const cluster = await formed();
    const response = await stubOf(cluster, 3000).fetch("https://controller/link", {
      headers: { Upgrade: "websocket" },
    });
    expect(response.status).toBe(403);
  });
});

describe("a controller that leaves", () => {
  test.each(["stop", "restart", "delete"] as const)(
    "says goodbye before it closes: %s",
    async (route) => {
      const cluster = await formed();
      const { log_end_offset: end, epoch } = await voterStatusOf(cluster, 3000);
      const linked = await Linked.open(cluster, 3000);
      linked.begin(1);
      linked.say(linked.request(1, fetchAt(cluster, { fetchOffset: end, epoch })));
      const deletion = { deletion_id: "one", deleted_ms: 0, undelete_until_ms: 4_000_000_000_000 };
      const said = JSON.stringify({ created_ms: cluster.created_ms, deletion });
      const told = await call(cluster, 3000, { route, body: route === "delete" ? said : "" });
      expect(told.ok).toBe(true);
      expect(await linked.next()).toMatchObject({ kind: "goaway" });
      const reason = await linked.closed();
      expect(reason).toMatch(/^(1012|1006) /);
    },
  );

  test("one that is stopped opens no link", async () => {
    const cluster = await formed();
    await call(cluster, 3000, { route: "stop" });
    expect((await upgrade(cluster, 3000)).status).toBe(421);
  });
});

describe("through the Worker", () => {
  const BASE = "https://kedge.example/kafka/v3/clusters";

  test("a link is opened with a token, and needs an upgrade, its protocol and the gateway's id", async () => {
    const made = await exports.default.fetch(
      BASE,
      await bringing("admin", { method: "POST", body: JSON.stringify({ voters: 1 }) }),
    );
    const { cluster_id: id }: { cluster_id: string } = await made.json();
    const path = `${BASE}/${id}/controllers/3000/link`;
    const at = async (query: string, headers: HeadersInit): Promise<readonly unknown[]> => {
      const response = await exports.default.fetch(
        `${path}${query}`,
        await bringing("gateway", { headers }),
      );
      const { message }: { message: string } = await response.json();
      return [response.status, message];
    };
    expect(await at("?gateway_id=one", {})).toEqual([
      426,
      "a link is a WebSocket: ask with Upgrade: websocket",
    ]);
    const upgrading = { Upgrade: "websocket" };
    expect(await at("?gateway_id=one", upgrading)).toEqual([
      400,
      "Sec-WebSocket-Protocol: must offer kedge.link.1, which is what is spoken here",
    ]);
    const speaking = { ...upgrading, "Sec-WebSocket-Protocol": "kedge.link.1" };
    expect((await at("?gateway_id=o%20e", speaking))[0]).toBe(400);
    const opened = await exports.default.fetch(
      `${path}?gateway_id=one`,
      await bringing("gateway", { headers: speaking }),
    );
    expect(opened.headers.get("Sec-WebSocket-Protocol")).toBe("kedge.link.1");
    const linked = await Linked.over(opened);
    linked.begin(1);
    expect(await linked.ask(1, DESCRIBE)).toMatchObject({ errorCode: 0 });
    const stranger = await exports.default.fetch(`${path}?gateway_id=one`, { headers: speaking });
    expect(stranger.status).toBe(401);
    // A gateway of another cluster.
    const elsewhere = await bringing("gateway", { headers: speaking }, "AAAAAAAAAAAAAAAAAAAAAA");
    const other = await exports.default.fetch(`${path}?gateway_id=two`, elsewhere);
    expect(other.status).toBe(403);
    expect(other.webSocket).toBeNull();
    linked.close();
  });
});
