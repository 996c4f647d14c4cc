/**
 * Relays inside workerd. The quorum that is observed is real: a cluster of this project's own, which knows of no
 * observer, and whose one voter the test's end of a relay reaches as a gateway reaches a JVM controller, by Kafka's
 * frames alone.
 */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { exports } from "cloudflare:workers";
import { describe, expect, test } from "vitest";
import { bearerHeader, UNLOCKED } from "../../durable-objects/bearer.ts";
import type { ClusterEntry } from "../../durable-objects/cluster-entry.ts";
import {
  isPrepareAnswer,
  readJson,
  urlOf,
  type VoterStatus,
} from "../../durable-objects/contract.ts";
import { LINK_HEADER, type LinkOpening } from "../../durable-objects/link-opening.ts";
import { readFromObserver, relayMessage, type FromObserver } from "../../src/link/index.ts";
import {
  decodeResponseFrame,
  Fetch,
  peekRequest,
  recordBatches,
  responseFrame,
} from "../../src/protocol/index.ts";
import { bringing } from "./bringing.ts";
import { openingOf } from "./linked.ts";
import { call, clusterOf, form, registration, rpc, stubOf, voterStatusOf } from "./quorum.ts";

const OBSERVER = 9_000;
const VOTER = 3_000;

let clusters = 0;
const nextId = (): string => {
  clusters += 1;
  return `RELAYRELAYRELAYRELA${String(clusters).padStart(2, "0")}A`;
};

/** The quorum, and the entry of the cluster that observes it. */
interface Pair {
  readonly source: ClusterEntry;
  readonly observed: ClusterEntry;
}

async function pair(clusterId = nextId()): Promise<Pair> {
  const source = clusterOf(clusterId, 1);
  await form(source);
  return { source, observed: await observedOf(clusterId) };
}

async function observedOf(clusterId: string): Promise<ClusterEntry> {
  const {
    initial_voters: [voter],
    ...identity
  } = clusterOf(clusterId, 1);
  if (voter === undefined) throw new Error("no voter");
  const plain = {
    ...identity,
    observed: true,
    initial_voters: [{ ...voter, node_id: OBSERVER }],
  } as const;
  const prepared = await call(plain, OBSERVER, { route: "prepare" });
  const drawn = await readJson(prepared, isPrepareAnswer);
  const observed = { ...plain, initial_voters: [{ ...voter, node_id: OBSERVER, ...drawn }] };
  const body = JSON.stringify({ cluster: observed, is_formed: false });
  const formed = await call(observed, OBSERVER, { route: "form", body });
  expect(formed.status).toBe(200);
  await formed.text();
  return observed;
}

const upgrade = (
  cluster: ClusterEntry,
  opening: LinkOpening = openingOf("gateway-1"),
): Promise<Response> =>
  stubOf(cluster, OBSERVER).fetch(urlOf("relay"), {
    headers: {
      Upgrade: "websocket",
      ...bearerHeader(UNLOCKED),
      [LINK_HEADER]: JSON.stringify(opening),
    },
  });

type Ask = Extract<FromObserver, { readonly kind: "ask" }>;
/** What the quorum answers; null for nothing. */
type Quorum = (ask: Ask) => Promise<Uint8Array | null>;

/** As a gateway does it, but over the binding. */
const reaching =
  (source: ClusterEntry): Quorum =>
  async ({ frame }) => {
    const response = await call(source, VOTER, { route: "frames", body: new Uint8Array(frame) });
    return new Uint8Array(await response.arrayBuffer());
  };

/** A gateway's end of a relay. */
class RelayEnd {
  readonly #socket: WebSocket;
  readonly asks: Ask[] = [];
  quorum: Quorum;
  closing: string | null = null;
  #isOver = false;

  constructor(socket: WebSocket, quorum: Quorum) {
    this.#socket = socket;
    this.quorum = quorum;
    socket.accept();
    socket.binaryType = "arraybuffer";
    socket.addEventListener("message", ({ data }) => {
      if (!(data instanceof ArrayBuffer)) throw new Error("no bytes");
      const envelope = readFromObserver(new Uint8Array(data));
      if (envelope.kind === "ask") void this.#answer(envelope);
    });
    socket.addEventListener("close", ({ code, reason }) => {
      this.closing = `${code} ${reason}`;
    });
  }

  static async open(
    cluster: ClusterEntry,
    quorum: Quorum,
    opening?: LinkOpening,
  ): Promise<RelayEnd> {
    const response = await upgrade(cluster, opening);
    if (response.webSocket === null) throw new Error(`${response.status} ${await response.text()}`);
    return new RelayEnd(response.webSocket, quorum);
  }

  sendRaw(message: string | Uint8Array): void {
    this.#socket.send(message);
  }

  close(): void {
    this.#isOver = true;
    this.#socket.close(1000, "done");
  }

  async closed(): Promise<string> {
    for (;;) {
      if (this.closing !== null) return this.closing;
      await scheduler.wait(10);
    }
  }

  async #answer(ask: Ask): Promise<void> {
    this.asks.push(ask);
    const { correlation } = ask;
    const frame = await this.quorum(ask).catch((error: unknown) => String(error));
    if (frame === null || this.#isOver || this.closing !== null) return;
    this.#socket.send(
      typeof frame === "string"
        ? relayMessage({ kind: "failed", correlation, sentence: frame })
        : relayMessage({ kind: "answer", correlation, frame }),
    );
  }
}

const statusOf = (cluster: ClusterEntry): Promise<VoterStatus> => voterStatusOf(cluster, OBSERVER);

/** Waits until the observer has what the quorum has committed; the test's own time-out is the bound. */
async function level({ source, observed }: Pair): Promise<VoterStatus> {
  for (;;) {
    const theirs = await voterStatusOf(source, VOTER);
    const ours = await statusOf(observed);
    if (
      ours.high_watermark === theirs.high_watermark &&
      ours.applied_offset + 1 === ours.high_watermark
    )
      return ours;
    await scheduler.wait(20);
  }
}

/** The committed log of a node, as it is stored. */
async function logOf(cluster: ClusterEntry, nodeId: number): Promise<readonly number[]> {
  const response = await call(cluster, nodeId, { route: "log" });
  return [...new Uint8Array(await response.arrayBuffer())];
}

describe("an observer", () => {
  test("has what its quorum has, byte by byte, and votes never", async () => {
    const both = await pair();
    const relay = await RelayEnd.open(both.observed, reaching(both.source));
    await rpc(both.source, VOTER, registration(both.source, 1));
    const status = await level(both);
    expect(status).toMatchObject({
      role: "follower",
      leader_id: VOTER,
      is_voter: false,
      active: false,
      observed: {
        relays: 1,
        problem: null,
        voters: [{ node_id: VOTER, host: "localhost", port: 9093 }],
      },
    });
    expect(status.observed?.age_ms).toBeGreaterThanOrEqual(3_000);
    expect(await logOf(both.observed, OBSERVER)).toEqual(await logOf(both.source, VOTER));
    // It asks what they speak, then fetches: first of any server, then of the leader that was named.
    expect(new Set(relay.asks.map(({ frame }) => peekRequest(frame).apiKey))).toEqual(
      new Set([18, 1]),
    );
    expect(relay.asks[0]?.to).toBeNull();
    expect(relay.asks.at(-1)?.to).toEqual({ host: "localhost", port: 9093 });
    relay.close();
  });

  test("changes nothing, whoever asks: POLICY_VIOLATION ends the attempt", async () => {
    const both = await pair();
    const relay = await RelayEnd.open(both.observed, reaching(both.source));
    await level(both);
    const asked = await rpc(both.observed, OBSERVER, registration(both.source, 7));
    expect(asked).toMatchObject({ status: 200, notController: undefined, body: { errorCode: 44 } });
    const removal = {
      clusterId: both.source.cluster_id,
      voterId: VOTER,
      voterDirectoryId: "JEXY6aqzQY-32P5TStzaFg",
    };
    expect(
      await rpc(both.observed, OBSERVER, { api: "RemoveRaftVoter", body: removal }),
    ).toMatchObject({
      body: { errorCode: 44 },
    });
    const { log_end_offset: end } = await voterStatusOf(both.source, VOTER);
    expect((await statusOf(both.observed)).log_end_offset).toBe(end);
    relay.close();
  });

  test("takes the whole batches of an answer that ends within one, as Kafka's may", async () => {
    const both = await pair();
    for (const id of [1, 2, 3]) await rpc(both.source, VOTER, registration(both.source, id));
    const real = reaching(both.source);
    const seen = { cut: 0 };
    const relay = await RelayEnd.open(both.observed, async (ask) => {
      const frame = (await real(ask)) ?? new Uint8Array();
      const asked = peekRequest(ask.frame);
      if (asked.apiKey !== Fetch.key) return frame;
      const { body } = decodeResponseFrame(Fetch, asked.apiVersion, frame);
      const bytes = body.responses[0]?.partitions[0]?.records ?? new Uint8Array();
      const ends = [...recordBatches(bytes)].map((batch) => batch.size);
      if (ends.length < 2) return frame;
      seen.cut += 1;
      const responses = body.responses.map((topic) => ({
        ...topic,
        partitions: topic.partitions.map((each) => ({ ...each, records: bytes.subarray(0, -7) })),
      }));
      return responseFrame(Fetch, asked, { ...body, responses });
    });
    await level(both);
    expect(seen.cut).toBeGreaterThan(0);
    expect(await logOf(both.observed, OBSERVER)).toEqual(await logOf(both.source, VOTER));
    relay.close();
  });

  test("turns to another gateway when the newest brings nothing", async () => {
    const both = await pair();
    const good = await RelayEnd.open(both.observed, reaching(both.source), openingOf("good"));
    const silent = await RelayEnd.open(both.observed, async () => null, openingOf("silent"));
    const broken = await RelayEnd.open(
      both.observed,
      async () => Promise.reject(new Error("no route")),
      openingOf("broken"),
    );
    await level(both);
    expect([silent.asks.length > 0, broken.asks.length > 0]).toEqual([true, true]);
    for (const end of [good, silent, broken]) end.close();
  });

  test("goes on where it was when its memory was lost and the socket stayed", async () => {
    const both = await pair();
    const relay = await RelayEnd.open(both.observed, reaching(both.source));
    await level(both);
    await runInDurableObject(stubOf(both.observed, OBSERVER), ({ voter }) => voter?.stop());
    await evictDurableObject(stubOf(both.observed, OBSERVER), { webSockets: "hibernate" });
    await rpc(both.source, VOTER, registration(both.source, 2));
    expect((await level(both)).observed).toMatchObject({ relays: 1, problem: null });
    expect(relay.closing).toBeNull();
    relay.close();
  });

  test("without a gateway keeps what it has, says of what age, and goes on with the next one", async () => {
    const both = await pair();
    const first = await RelayEnd.open(both.observed, reaching(both.source));
    const before = await level(both);
    first.close();
    await scheduler.wait(1_500);
    const alone = await statusOf(both.observed);
    expect(alone.high_watermark).toBe(before.high_watermark);
    expect(alone.observed).toMatchObject({ relays: 0, problem: "the gateway is gone" });
    expect(alone.observed?.age_ms).toBeGreaterThan((before.observed?.age_ms ?? 0) + 1_000);
    await rpc(both.source, VOTER, registration(both.source, 3));
    const second = await RelayEnd.open(
      both.observed,
      reaching(both.source),
      openingOf("gateway-2"),
    );
    await level(both);
    second.close();
  });

  test("uses the newest gateway, and the one before it when that is gone", async () => {
    const both = await pair();
    const ends: RelayEnd[] = [];
    for (const name of ["a", "b", "c", "d"])
      ends.push(await RelayEnd.open(both.observed, reaching(both.source), openingOf(name)));
    const fifth = await upgrade(both.observed, openingOf("e"));
    expect(fifth.status).toBe(429);
    await fifth.text();
    await level(both);
    const again = await RelayEnd.open(both.observed, reaching(both.source), openingOf("a"));
    expect(await ends[0]?.closed()).toMatch(/^1008 a newer relay of the same gateway/);
    again.close();
    ends[3]?.close();
    await rpc(both.source, VOTER, registration(both.source, 4));
    await level(both);
    expect(ends[2]?.asks.length).toBeGreaterThan(0);
    for (const end of ends) end.close();
  });
});

describe("what is no good changes nothing", () => {
  const wrong: readonly (readonly [string, string | Uint8Array, string])[] = [
    ["text", "hello", "1003 a relay speaks in binary messages"],
    ["half an envelope", Uint8Array.of(1, 4, 0), "1002 a message of 3 bytes"],
    [
      "another version",
      Uint8Array.of(9, 4, 0, 0, 0, 0),
      "1002 a message of version 9; this relay speaks 1",
    ],
    [
      "an envelope of a controller's",
      Uint8Array.of(1, 2, 0, 0, 0, 0),
      "1002 an envelope of kind 2 is not for a gateway to send",
    ],
    [
      "a sentence that is no UTF-8",
      Uint8Array.of(1, 5, 0, 0, 0, 0, 0xff),
      "1002 a sentence is no UTF-8",
    ],
    [
      "more than a batch can have",
      new Uint8Array(9 * 1_048_576),
      "1002 a message of 9437184 bytes",
    ],
  ];
  test.each(wrong)("%s ends the relay in words", async (_, message, closing) => {
    const observed = await observedOf(nextId());
    const relay = await RelayEnd.open(observed, async () => null);
    relay.sendRaw(message);
    expect(await relay.closed()).toBe(closing);
    expect((await statusOf(observed)).log_end_offset).toBe(0);
  });

  test("answers for nobody", async () => {
    const both = await pair();
    const relay = await RelayEnd.open(both.observed, reaching(both.source));
    for (let correlation = 0; correlation < 100; correlation += 1)
      relay.sendRaw(relayMessage({ kind: "answer", correlation, frame: new Uint8Array(20) }));
    await level(both);
    expect(relay.closing).toBeNull();
    relay.close();
  });

  test("frames that are none, are cut, or have a byte that is another", async () => {
    const both = await pair();
    await rpc(both.source, VOTER, registration(both.source, 5));
    const real = reaching(both.source);
    const bent: readonly ((frame: Uint8Array) => Uint8Array)[] = [
      () => new Uint8Array(),
      () => crypto.getRandomValues(new Uint8Array(200)),
      (frame) => frame.subarray(0, frame.byteLength - 1),
      // In the middle lie the records, which a checksum covers.
      (frame) => frame.with(frame.byteLength >> 1, (frame[frame.byteLength >> 1] ?? 0) ^ 1),
    ];
    const seen = { answers: 0 };
    const relay = await RelayEnd.open(both.observed, async (ask) => {
      const frame = (await real(ask)) ?? new Uint8Array();
      // The records come with the answer to a Fetch of the leader.
      if (peekRequest(ask.frame).apiKey !== 1 || frame.byteLength < 300) return frame;
      seen.answers += 1;
      return bent[seen.answers % bent.length]?.(frame) ?? frame;
    });
    const problems = new Set<string>();
    while (seen.answers < 12) {
      problems.add(
        (await statusOf(both.observed)).observed?.problem?.replaceAll(/\d+/g, "n") ?? "none",
      );
      await scheduler.wait(20);
    }
    expect([...problems].join()).toMatch(/RecordBatch vn, crc: n where n was expected/);
    const {
      log_end_offset: end,
      high_watermark: highWatermark,
      tripped,
    } = await statusOf(both.observed);
    expect([end, highWatermark, tripped]).toEqual([0, null, null]);
    relay.quorum = real;
    await level(both);
    relay.close();
  });

  test("a quorum of another cluster, whose gateway is shown out", async () => {
    const other = await pair();
    const observed = await observedOf(nextId());
    const relay = await RelayEnd.open(observed, reaching(other.source));
    expect(await relay.closed()).toBe(
      "1008 the quorum that this gateway reaches is of another cluster",
    );
    const status = await statusOf(observed);
    expect([status.log_end_offset, status.observed?.problem]).toEqual([
      0,
      "the quorum that this gateway reaches is of another cluster",
    ]);
  });

  test("another history under the same id: what is known stays, and the status says why", async () => {
    const both = await pair();
    const relay = await RelayEnd.open(both.observed, reaching(both.source));
    for (const id of [1, 2, 3]) await rpc(both.source, VOTER, registration(both.source, id));
    const { high_watermark: before, epoch } = await level(both);
    // The quorum was formed anew, and has come to the same epoch with less in its log.
    const wiped = await stubOf(both.source, VOTER).fetch(
      urlOf("wipe", { created_ms: both.source.created_ms }),
      { method: "DELETE" },
    );
    await wiped.text();
    await form(both.source);
    const parted = /parted from this one|has two leaders/;
    for (;;) {
      const { observed: now, epoch: of } = await statusOf(both.observed);
      expect(of).toBeGreaterThanOrEqual(epoch);
      if (parted.test(now?.problem ?? "")) break;
      await scheduler.wait(20);
    }
    const after = await statusOf(both.observed);
    expect([after.high_watermark, after.tripped]).toEqual([before, null]);
    relay.close();
  });
});

describe("a relay ends", () => {
  const token = { id: "t-1", issued_at: 1, expires_at: 2 };

  test("with its token's time, at the next message", async () => {
    const both = await pair();
    const opening = { gateway_id: "g", token };
    const relay = await RelayEnd.open(both.observed, reaching(both.source), opening);
    expect(await relay.closed()).toBe("1008 the token has expired");
  });

  test("with its token, when that is revoked", async () => {
    const both = await pair();
    const opening = { gateway_id: "g", token: { ...token, expires_at: 99_999_999_999 } };
    const relay = await RelayEnd.open(both.observed, reaching(both.source), opening);
    await level(both);
    const access = {
      version: 1,
      not_before: 0,
      revoked: [{ id: token.id, expires_at: 99_999_999_999 }],
    };
    await runInDurableObject(stubOf(both.observed, OBSERVER), (node) => node.writeAccess(access));
    expect(await relay.closed()).toBe("1008 the token was revoked");
  });

  test("with the node that is stopped, and is refused by one that observes nothing", async () => {
    const both = await pair();
    const relay = await RelayEnd.open(both.observed, reaching(both.source));
    await level(both);
    await (await call(both.observed, OBSERVER, { route: "stop" })).text();
    expect(await relay.closed()).toMatch(/^1012 /);
    expect((await upgrade(both.observed)).status).toBe(421);
    const voter = await stubOf(both.source, VOTER).fetch(urlOf("relay"), {
      headers: { Upgrade: "websocket", ...bearerHeader(UNLOCKED) },
    });
    expect(voter.status).toBe(409);
    await voter.text();
  });
});

const posted = (body: unknown): RequestInit => ({ method: "POST", body: JSON.stringify(body) });

describe("over the Worker", () => {
  const BASE = "https://kedge.example/kafka/v3/clusters";

  const asked = async (
    path: string,
    init: RequestInit = {},
    role: "admin" | "gateway" = "admin",
  ): Promise<readonly [number, Readonly<Record<string, unknown>>]> => {
    const response = await exports.default.fetch(`${BASE}${path}`, await bringing(role, init));
    const text = await response.text();
    const fields: Readonly<Record<string, unknown>> = text === "" ? {} : JSON.parse(text);
    return [response.status, fields];
  };

  test("it is made, read, shown and deleted, and never changed", async () => {
    const clusterId = nextId();
    const source = clusterOf(clusterId, 1);
    await form(source);
    const made = await asked("", posted({ cluster_id: clusterId, observed: true }));
    expect(made).toMatchObject([
      201,
      { observed: true, metadata_version: 0, controllers: [{ node_id: OBSERVER }] },
    ]);
    expect((await asked("", posted({ cluster_id: clusterId, observed: true })))[0]).toBe(200);
    // Nothing is known of it yet, and it is there.
    expect(await asked(`/${clusterId}`)).toMatchObject([200, { observed: true }]);
    expect((await asked(`/${clusterId}/brokers`))[0]).toBe(503);
    expect(await asked("", posted({ cluster_id: clusterId }))).toMatchObject([
      409,
      { error_code: 40_901 },
    ]);

    const path = `/${clusterId}`;
    const init = { headers: { Upgrade: "websocket", "Sec-WebSocket-Protocol": "kedge.relay.1" } };
    const relayPath = `${path}/controllers/${OBSERVER}/relay?gateway_id=g`;
    expect((await asked(relayPath, init))[0]).toBe(403);
    expect((await asked(relayPath, {}, "gateway"))[0]).toBe(426);
    const opened = await exports.default.fetch(
      `${BASE}${relayPath}`,
      await bringing("gateway", init),
    );
    expect(opened.status).toBe(101);
    if (opened.webSocket === null) throw new Error("no socket");
    const relay = new RelayEnd(opened.webSocket, reaching(source));
    await rpc(source, VOTER, registration(source, 6));
    const observed = { ...source, initial_voters: [] };
    await level({ source, observed });

    expect(await asked(`${path}/brokers?max_staleness_ms=60000`)).toMatchObject([
      200,
      { data: [{ broker_id: 6 }] },
    ]);
    expect(await asked(`${path}/brokers?consistency=linearizable`)).toMatchObject([
      409,
      { error_code: 40_908 },
    ]);
    expect(await asked(`${path}/brokers?max_staleness_ms=1&wait_ms=100`)).toMatchObject([
      503,
      { error_code: 50_308 },
    ]);
    const batch = { paths: ["brokers"], max_staleness_ms: 60_000 };
    expect(await asked(`${path}/reads`, posted(batch))).toMatchObject([
      200,
      { answers: [{ status: 200, body: { data: [{ broker_id: 6 }] } }] },
    ]);
    const refused = [409, { error_code: 40_908 }];
    expect(await asked(`${path}/topics`, posted({ topic_name: "t" }))).toMatchObject(refused);
    expect(await asked(`${path}/topics/t`, { method: "DELETE" })).toMatchObject(refused);
    expect(await asked(`${path}/controllers`, { method: "POST" })).toMatchObject(refused);
    expect(await asked(`${path}/controllers/9000`, { method: "DELETE" })).toMatchObject(refused);
    expect(await asked(`${path}/quorum`)).toMatchObject([
      200,
      { leader_id: VOTER, voters: [{ replica_id: VOTER }] },
    ]);
    const ready = await exports.default.fetch(
      `https://kedge.example/health/ready?cluster_id=${clusterId}`,
      await bringing("admin"),
    );
    expect([ready.status, await ready.json()]).toMatchObject([
      200,
      { clusters: [{ ready: true, leader_id: VOTER }] },
    ]);
    const fork = await asked("", posted({ fork_of: clusterId, voters: 1 }));
    expect(fork).toMatchObject([201, { fork_of: { cluster_id: clusterId } }]);
    expect(await asked(`/${String(fork[1]["cluster_id"])}/brokers`)).toMatchObject([
      200,
      { data: [{ broker_id: 6 }] },
    ]);
    expect(await asked(path, { method: "DELETE" })).toMatchObject([200, {}]);
    expect(await relay.closed()).toMatch(/^1012 the cluster was deleted/);
  });

  test("fields that make no sense are refused, and make nothing", async () => {
    const clusterId = nextId();
    const bodies = [
      { observed: true },
      { observed: "yes", cluster_id: clusterId },
      { observed: true, cluster_id: clusterId, voters: 3 },
      { observed: true, cluster_id: clusterId, metadata_version: 25 },
      { observed: true, cluster_id: clusterId, controllers: [{}, {}] },
      { observed: true, cluster_id: clusterId, fork_of: "RELAYRELAYRELAYRELA99A" },
    ];
    for (const body of bodies) expect((await asked("", posted(body)))[0]).toBe(400);
    expect((await asked(`/${clusterId}`))[0]).toBe(404);
  });
});
