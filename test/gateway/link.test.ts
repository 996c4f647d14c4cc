/**
 * The gateway's end of links: clients' connections as streams of one WebSocket, what becomes of them when it ends, and
 * HTTP for whatever no link carries.
 */
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, test, vi } from "vitest";
import { beatOf, INTERVAL_MS, introduced } from "./broker-beats.ts";
import { client, gateway, CLUSTER_ID, type Opened, type OpenOptions } from "./harness.ts";
import { linkingEdge, type LinkingEdge, type LinkingOptions } from "./linking-edge.ts";
import type { Client } from "./client.ts";

/** A gateway before an edge, with a link that is open. */
async function linked(
  options: LinkingOptions = {},
  gatewayOptions: OpenOptions = {},
): Promise<{ readonly edge: LinkingEdge; readonly opened: Opened }> {
  const edge = await linkingEdge(options);
  const opened = await gateway(edge.url, { transport: "link", ...gatewayOptions });
  await warm(opened);
  return { edge, opened };
}

/** The first frame goes by HTTP and has a link opened. */
async function warm({ ports, metrics }: Opened): Promise<void> {
  const before = metrics.linksOpen;
  const first = await client(ports[0]);
  first.send("the first");
  await first.text();
  await expect.poll(() => metrics.linksOpen).toBeGreaterThan(before);
  first.close();
}

const exchange = async (kafka: Client, frame: string): Promise<string | undefined> => {
  kafka.send(frame);
  return await kafka.text();
};

/** Responses to nobody, without a frame: 13 bytes each. */
function tinyEnvelopes(count: number): Uint8Array {
  const message = new Uint8Array(1 + 13 * count);
  message[0] = 1;
  for (let at = 1; at < message.byteLength; at += 13) message.set([4, 0, 0, 0, 0, 0, 0, 0, 9], at);
  return message;
}

const framesOf = (of: number): string[] =>
  Array.from({ length: 10 }, (_, at) => `client ${of}, frame ${at}`);

describe("frames over a link", () => {
  test("go one after the other on each connection, in order, and many connections share one socket", async () => {
    let most = 0;
    const under = new Map<number, number>();
    const { edge, opened } = await linked({
      handle: (link, request) => {
        const now = (under.get(request.stream) ?? 0) + 1;
        under.set(request.stream, now);
        most = Math.max(most, now);
        setTimeout(() => {
          under.set(request.stream, now - 1);
          link.answer(request);
        }, Math.random() * 5);
      },
    });
    const clients = await Promise.all(Array.from({ length: 20 }, () => client(opened.ports[0])));
    for (const [of, kafka] of clients.entries()) kafka.send(...framesOf(of));
    for (const [of, kafka] of clients.entries())
      for (const frame of framesOf(of)) expect(await kafka.text()).toBe(frame);
    expect(most).toBe(1);
    expect(edge.links).toHaveLength(1);
    expect(edge.posted).toEqual(["the first"]);
    expect(opened.metrics.framesLinked).toBe(200);
  });

  test("that are ready in one turn leave in one message", async () => {
    const { edge, opened } = await linked();
    const clients = await Promise.all(Array.from({ length: 30 }, () => client(opened.ports[0])));
    for (const kafka of clients) expect(await exchange(kafka, "begin it")).toBe("begin it");
    const [link] = edge.links;
    const before = link?.messages.length ?? 0;
    // Sockets that were written to in one turn here are read in few turns there.
    for (const kafka of clients) kafka.send("together");
    for (const kafka of clients) expect(await kafka.text()).toBe("together");
    const sent = link?.messages.slice(before) ?? [];
    expect(sent.flat()).toHaveLength(30);
    expect(sent.length).toBeLessThan(15);
  });

  test("carry the principal of a certificate in the stream, and the token in the upgrade", async () => {
    const { edge, opened } = await linked({}, { credentials: { token: "own" } });
    const stream = opened.tunnel.stream(3000, { by: "gateway", principal: "CN=broker-1" });
    await stream.send(Buffer.from("frame 001"), AbortSignal.timeout(5_000));
    const [link] = edge.links;
    expect(link?.headers).toMatchObject({
      authorization: "Bearer own",
      "sec-websocket-protocol": "kedge.link.1",
    });
    expect(link?.headers["kedge-principal"]).toBeUndefined();
    expect(link?.url).toMatch(
      new RegExp(
        `^/kafka/v3/clusters/${CLUSTER_ID}/controllers/3000/link\\?gateway_id=[0-9a-f-]{36}$`,
      ),
    );
    expect(link?.messages.flat()).toContainEqual({
      kind: "begin",
      stream: 1,
      principal: "CN=broker-1",
    });
  });

  test("of a client with a token of its own go over a link of that token's", async () => {
    const { edge, opened } = await linked({}, { credentials: { token: "own" } });
    const theirs = opened.tunnel.stream(3000, { by: "token", token: "theirs" });
    await theirs.send(Buffer.from("frame 001"), AbortSignal.timeout(5_000));
    await expect.poll(() => opened.metrics.linksOpen).toBe(2);
    await theirs.send(Buffer.from("frame 002"), AbortSignal.timeout(5_000));
    expect(edge.links.map(({ headers }) => headers.authorization)).toEqual([
      "Bearer own",
      "Bearer theirs",
    ]);
    expect(edge.links[1]?.requests.map(({ frame }) => String(frame))).toHaveLength(1);
  });

  test("of eight megabytes go through unchanged, beside small ones", async () => {
    const { edge, opened } = await linked();
    const [large, small] = [await client(opened.ports[0]), await client(opened.ports[0])];
    const frame = Buffer.alloc(8 * 1_048_576, "large ");
    large.send(frame);
    small.send("small one");
    expect((await large.frame())?.equals(frame)).toBe(true);
    expect(await small.text()).toBe("small one");
    // What was read is told, so that the controller may send more.
    await expect
      .poll(() => edge.links[0]?.messages.flat().some(({ kind }) => kind === "taken"))
      .toBe(true);
  });

  test("end their stream when the client goes, and its late answer harms nobody", async () => {
    const held: (() => void)[] = [];
    const { edge, opened } = await linked({
      handle: (link, request) => {
        const isParked = Buffer.from(request.frame).toString() === "parked 01";
        if (isParked) held.push(() => link.answer(request));
        else link.answer(request);
      },
    });
    const kafka = await client(opened.ports[0]);
    kafka.send("parked 01");
    await expect.poll(() => held.length).toBe(1);
    kafka.close();
    await expect
      .poll(() => edge.links[0]?.messages.flat().filter(({ kind }) => kind === "end").length)
      .toBeGreaterThan(0);
    for (const answer of held) answer();
    expect(await exchange(await client(opened.ports[0]), "another 1")).toBe("another 1");
    expect(edge.links).toHaveLength(1);
  });
});

describe("heartbeats (LK-2)", () => {
  test("of several brokers leave in one message, and others do not wait for them", async () => {
    const { edge, opened } = await linked({}, { heartbeatBatchMs: 1_000 });
    const [one, two, other] = [
      await client(opened.ports[0]),
      await client(opened.ports[0]),
      await client(opened.ports[0]),
    ];
    const requestsSince = (message: number): number[] =>
      (edge.links[0]?.messages ?? [])
        .slice(message)
        .map((envelopes) => envelopes.filter(({ kind }) => kind === "request").length);
    await introduced(one, two);
    const first = edge.links[0]?.messages.length ?? 0;
    two.send(beatOf(2));
    await pause(20);
    one.send(beatOf(1));
    expect([await two.frame(), await one.frame()].map((each) => each?.equals(beatOf(9)))).toEqual([
      false,
      false,
    ]);
    expect(requestsSince(first)).toEqual([2]);
    await pause(INTERVAL_MS);
    const second = edge.links[0]?.messages.length ?? 0;
    two.send(beatOf(2));
    await pause(20);
    expect(requestsSince(second)).toEqual([]);
    // And takes along what has waited so far.
    expect(await exchange(other, "at once 1")).toBe("at once 1");
    await two.frame();
    expect(requestsSince(second)).toEqual([2]);
  });

  test("of a broker that goes meanwhile are not sent", async () => {
    const { edge, opened } = await linked({}, { heartbeatBatchMs: 400 });
    const [one, two] = [await client(opened.ports[0]), await client(opened.ports[0])];
    await introduced(one, two);
    two.send(beatOf(2));
    await pause(50);
    two.close();
    await pause(50);
    expect(await exchange(one, "another 1")).toBe("another 1");
    await pause(500);
    const frames = edge.links.flatMap(({ requests }) =>
      requests.map(({ frame }) => Buffer.from(frame)),
    );
    const times = [1, 2].map((id) => frames.filter((frame) => frame.equals(beatOf(id))).length);
    expect(times).toEqual([1, 1]);
  });

  test("without a link are asked of the edge, and nobody answers them when it is gone", async () => {
    const { edge, opened } = await linked({ handle: () => undefined });
    const kafka = await client(opened.ports[0]);
    kafka.send(beatOf(1));
    await expect.poll(() => edge.links[0]?.requests.length).toBe(1);
    await edge.close();
    await kafka.closed;
    const again = await client(opened.ports[0]);
    again.send(beatOf(1));
    await again.closed;
    expect(opened.metrics.fetchesObserved).toBe(0);
  });
});

describe("a link that ends", () => {
  test("closes the connections whose frame has no answer, and no other; no frame is sent twice", async () => {
    const { edge, opened } = await linked({ handle: () => undefined });
    const [waiting, idle] = [await client(opened.ports[0]), await client(opened.ports[0])];
    waiting.send("waiting 1");
    await expect.poll(() => edge.links[0]?.requests.length).toBe(1);
    edge.links[0]?.socket.terminate();
    await waiting.closed;
    expect(opened.lines.at(-1)).toContain("the link to controller 3000 ended");
    expect(await exchange(idle, "goes on 1")).toBe("goes on 1");
    const frames = [
      ...edge.posted,
      ...edge.links.flatMap(({ requests }) =>
        requests.map(({ frame }) => Buffer.from(frame).toString()),
      ),
    ];
    expect(frames.filter((frame) => frame === "waiting 1")).toHaveLength(1);
    expect(opened.metrics.linksLost).toBe(1);
  });

  test("is opened again after a random pause, and used again", async () => {
    const { edge, opened } = await linked();
    edge.links[0]?.socket.terminate();
    const kafka = await client(opened.ports[0]);
    await expect
      .poll(async () => {
        await exchange(kafka, "goes on 1");
        return edge.links[1]?.requests.length ?? 0;
      })
      .toBeGreaterThan(0);
  });

  test("from another incarnation: what is under way is lost, and idle streams begin anew", async () => {
    const { edge, opened } = await linked({
      handle: (link, request) => {
        if (Buffer.from(request.frame).toString() !== "waiting 1") link.answer(request);
      },
    });
    const [waiting, idle] = [await client(opened.ports[0]), await client(opened.ports[0])];
    expect(await exchange(idle, "goes on 1")).toBe("goes on 1");
    waiting.send("waiting 1");
    await expect.poll(() => edge.links[0]?.requests.length).toBe(2);
    edge.links[0]?.hello("two");
    await waiting.closed;
    expect(opened.lines.at(-1)).toContain("controller 3000 has lost its memory");
    expect(await exchange(idle, "goes on 2")).toBe("goes on 2");
    const said = edge.links[0]?.messages.flat() ?? [];
    const anew = said.findIndex((each) => each.kind === "hello" && each.greeting.includes('"two"'));
    const begun = said.slice(anew).filter(({ kind }) => kind === "begin");
    expect(begun).toHaveLength(1);
    expect(edge.links).toHaveLength(1);
  });

  test("by a goodbye: what is under way is answered, and nothing further is asked on it", async () => {
    const held: (() => void)[] = [];
    const { edge, opened } = await linked({
      handle: (link, request) => void held.push(() => link.answer(request)),
    });
    const [waiting, idle] = [await client(opened.ports[0]), await client(opened.ports[0])];
    waiting.send("waiting 1");
    await expect.poll(() => held.length).toBe(1);
    edge.links[0]?.say({ kind: "goaway", leaderId: 3001, sentence: "restarting" });
    await expect
      .poll(async () => {
        expect(await exchange(idle, "goes on 1")).toBe("goes on 1");
        return edge.posted.length;
      })
      .toBeGreaterThan(1);
    expect(held).toHaveLength(1);
    held[0]?.();
    expect(await waiting.text()).toBe("waiting 1");
  });

  test("by a refusal of one stream ends that connection alone, with the sentence", async () => {
    const { opened } = await linked({
      handle: (link, request) => {
        const { stream, correlation, frame } = request;
        if (Buffer.from(frame).toString() !== "malformed") return link.answer(request);
        return link.say({ kind: "refusal", stream, correlation, sentence: "no API has key 99" });
      },
    });
    const [bad, good] = [await client(opened.ports[0]), await client(opened.ports[0])];
    bad.send("malformed");
    await bad.closed;
    expect(opened.lines.at(-1)).toContain("no API has key 99");
    expect(await exchange(good, "goes on 1")).toBe("goes on 1");
  });

  test.each<[string, (edge: LinkingEdge) => void, string]>([
    ["text", ({ links }) => links[0]?.socket.send("hello"), "a link speaks in binary messages"],
    ["nothing", ({ links }) => links[0]?.socket.send(new Uint8Array()), "a message of no bytes"],
    ["garbage", ({ links }) => links[0]?.socket.send(Uint8Array.of(9)), "a message of version 9"],
    [
      "half an envelope",
      ({ links }) =>
        links[0]?.socket.send(Uint8Array.of(1, 4, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 1, 7)),
      "an envelope says that it has 9 bytes, and 1 are there",
    ],
    [
      "an unknown kind",
      ({ links }) =>
        links[0]?.socket.send(Uint8Array.of(1, 77, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1)),
      "an envelope of kind 77 is not for a controller to send",
    ],
    [
      "a million tiny envelopes",
      ({ links }) => links[0]?.socket.send(tinyEnvelopes(1_000_000)),
      "more than 256 envelopes in a message",
    ],
    [
      "a hello from elsewhere",
      ({ links }) => links[0]?.hello("one", { cluster_id: "another" }),
      "a hello is from another controller",
    ],
    [
      "more than an answer may hold",
      ({ links }) => links[0]?.socket.send(new Uint8Array(40 * 1_048_576)),
      "Max payload size exceeded",
    ],
  ])("by what no controller sends: %s", async (_, act, reason) => {
    const { edge, opened } = await linked({ handle: () => undefined });
    const kafka = await client(opened.ports[0]);
    kafka.send("waiting 1");
    await expect.poll(() => edge.links[0]?.requests.length).toBe(1);
    act(edge);
    await kafka.closed;
    expect(opened.lines.at(-1)).toContain(reason);
  });

  test("answers for nobody, and answers twice: nobody hears of them", async () => {
    const { edge, opened } = await linked({
      handle: (link, request) => {
        const { stream, correlation } = request;
        const frame = Buffer.from("another's");
        link.say({ kind: "response", stream: stream + 7, correlation, frame });
        link.say({ kind: "response", stream, correlation: correlation + 1, frame });
        link.answer(request);
        link.answer(request);
      },
    });
    const kafka = await client(opened.ports[0]);
    for (const frame of ["frame 001", "frame 002", "frame 003"])
      expect(await exchange(kafka, frame)).toBe(frame);
    expect(edge.links).toHaveLength(1);
  });
});

describe("a clock that jumps", () => {
  test("back by an hour while the edge is left alone: frames go on when the pause is over, and so do links", async () => {
    let serves = false;
    const edge = await linkingEdge({
      refusal: () => (serves ? null : { status: 503, message: "not now" }),
      answers: () => serves,
    });
    const opened = await gateway(edge.url, { transport: "link" });
    const cut = await client(opened.ports[0]);
    cut.send("frame 001");
    await cut.closed;
    await expect.poll(() => edge.refused.length).toBeGreaterThan(0);
    const hourAgo = Date.now() - 3_600_000;
    vi.spyOn(Date, "now").mockReturnValue(hourAgo);
    serves = true;
    const frame = async (): Promise<string | undefined> => {
      const kafka = await client(opened.ports[0]);
      return await exchange(kafka, "frame 002").catch(() => undefined);
    };
    await expect.poll(frame, { timeout: 5_000 }).toBe("frame 002");
    await expect
      .poll(async () => [await frame(), opened.metrics.linksOpen])
      .toEqual(["frame 002", 1]);
    vi.restoreAllMocks();
  });

  test("forward by an hour: an open link, its heartbeats and whoever is connected stay", async () => {
    const { edge, opened } = await linked({}, { heartbeatBatchMs: 100 });
    const kafka = await client(opened.ports[0]);
    vi.spyOn(Date, "now").mockReturnValue(Date.now() + 3_600_000);
    for (const frame of ["frame 001", "frame 002"])
      expect(await exchange(kafka, frame)).toBe(frame);
    await pause(600);
    expect(await exchange(kafka, "frame 003")).toBe("frame 003");
    expect([edge.links.length, opened.metrics.standstills]).toEqual([1, 0]);
    vi.restoreAllMocks();
  });
});

describe("without a link", () => {
  test("frames go by HTTP; it is said once in the log, on /readyz and in the counters, until one is opened", async () => {
    let refuses = true;
    const edge = await linkingEdge({
      refusal: () => (refuses ? { status: 426, message: "no upgrades here" } : null),
    });
    let aheadMs = 0;
    const clock = (): number => performance.now() + aheadMs;
    const opened = await gateway(edge.url, { transport: "link", clock });
    const kafka = await client(opened.ports[0]);
    expect(await exchange(kafka, "frame 001")).toBe("frame 001");
    await expect.poll(() => opened.metrics.linksRefused).toBe(1);
    for (let at = 0; at < 5; at++) expect(await exchange(kafka, "frame 002")).toBe("frame 002");
    const sentence =
      "controller 3000: frames go by HTTP, since an upgrade was answered with 426: no upgrades here";
    expect(opened.lines).toEqual([sentence]);
    const page = await opened.page("/readyz");
    expect(page.status).toBe(200);
    expect(page.text.split("\n").slice(0, -1)).toEqual([
      "ready",
      expect.stringContaining("a client's frame was answered "),
      "controller 3000: no link",
      sentence,
    ]);
    expect((await opened.page("/metrics")).text).toContain("kedge_gateway_links_refused_total 1\n");
    expect(edge.refused).toHaveLength(1);

    refuses = false;
    aheadMs = 100_000;
    expect(await exchange(kafka, "frame 003")).toBe("frame 003");
    await expect.poll(() => opened.metrics.linksOpen).toBe(1);
    expect(opened.lines).toEqual([sentence, "controller 3000: frames go over a link again"]);
    expect((await opened.page("/readyz")).text).toMatch(
      /^ready\na client's frame was answered \d\.\d s ago\ncontroller 3000: a link, up for \d+\.\d s\n$/,
    );
  });

  test("an edge that is away is asked again, with pauses, and no refusal is claimed", async () => {
    const edge = await linkingEdge({ refusal: () => ({ status: 503, message: "away" }) });
    const opened = await gateway(edge.url, { transport: "link" });
    const kafka = await client(opened.ports[0]);
    await expect
      .poll(async () => {
        expect(await exchange(kafka, "frame 001")).toBe("frame 001");
        return edge.refused.length;
      })
      .toBeGreaterThan(1);
    expect(edge.refused.length).toBeLessThan(20);
    expect(opened.lines).toEqual([]);
    expect(opened.metrics.linksRefused).toBe(0);
  });

  test("an edge that never finishes an upgrade keeps nobody waiting", async () => {
    const edge = await linkingEdge({ opened: () => undefined });
    const opened = await gateway(edge.url, { transport: "link" });
    const kafka = await client(opened.ports[0]);
    for (let at = 0; at < 5; at++) expect(await exchange(kafka, "frame 001")).toBe("frame 001");
    expect(edge.posted).toHaveLength(5);
  });

  test("requests beyond what a controller takes on go by HTTP", async () => {
    const held: (() => void)[] = [];
    const { edge, opened } = await linked({
      opened: (link) => link.hello("one", { requests_max: 2 }),
      handle: (link, request) => void held.push(() => link.answer(request)),
    });
    const clients = await Promise.all([1, 2, 3].map(() => client(opened.ports[0])));
    for (const kafka of clients.slice(0, 2)) kafka.send("on a link");
    await expect.poll(() => held.length).toBe(2);
    expect(await exchange(clients[2] ?? (await client(0)), "by HTTP 1")).toBe("by HTTP 1");
    expect(edge.posted).toContain("by HTTP 1");
    for (const answer of held) answer();
    for (const kafka of clients.slice(0, 2)) expect(await kafka.text()).toBe("on a link");
  });

  test("with --transport http, none is asked for", async () => {
    const edge = await linkingEdge();
    const { ports } = await gateway(edge.url, { transport: "http" });
    expect(await exchange(await client(ports[0]), "frame 001")).toBe("frame 001");
    await pause(50);
    expect(edge.links).toHaveLength(0);
  });
});

describe("SIGHUP", () => {
  test("lets what is under way end on the old link, and shows the new token on the next", async () => {
    const held: (() => void)[] = [];
    const { edge, opened } = await linked(
      { handle: (link, request) => void held.push(() => link.answer(request)) },
      { credentials: { token: "old" } },
    );
    const kafka = await client(opened.ports[0]);
    kafka.send("waiting 1");
    await expect.poll(() => held.length).toBe(1);
    opened.tunnel.renew({ token: "new", headers: {}, tls: {} });
    held[0]?.();
    expect(await kafka.text()).toBe("waiting 1");
    kafka.send("frame 002");
    expect(await kafka.text()).toBe("frame 002");
    await expect.poll(() => edge.links.length).toBe(2);
    expect(edge.links[1]?.headers.authorization).toBe("Bearer new");
  });
});
