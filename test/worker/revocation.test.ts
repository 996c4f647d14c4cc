/** A revoked token at the Worker: which requests refuse it, from when on, and with whose word. */
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { positionHeaders } from "../../durable-objects/contract.ts";
import type { ClusterEntry } from "../../durable-objects/cluster-entry.ts";
import type { Revoked } from "../../durable-objects/listed-cluster.ts";
import {
  mint as mintWith,
  NOTHING_REVOKED,
  signingKey,
  type Minted,
  type Revocation,
  type Revocations,
  type TokenRequest,
} from "../../src/access/index.ts";
import { PERMISSIONS } from "../../worker/access/permissions.ts";
import { app } from "../../worker/app.ts";
import type { Bindings } from "../../worker/env.ts";
import { giveUp } from "./given-up.ts";
import { edgeWith, type Arrival } from "./network.ts";
import { refusalOf } from "./running-quorum.ts";
import { authorized, posted } from "../../client/cluster-client.ts";

const SECRET = "a secret of this test, and of no deployment";
const NEXT_SECRET = "the secret that comes after the one of this test";

/** An isolate remembers what it was told, so each test begins later than the one before has ended. */
let beginsMs = Date.parse("2026-03-01T12:00:00Z");

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date", "setTimeout", "clearTimeout"] });
  vi.setSystemTime((beginsMs += 3_600_000));
});
afterEach(() => {
  vi.useRealTimers();
});

async function mint(request: TokenRequest, secret = SECRET): Promise<Minted> {
  const id = crypto.randomUUID().replaceAll("-", "").slice(0, 22);
  const key = await signingKey(secret);
  const minted = await mintWith(key, { cluster: "*", ...request }, { nowMs: Date.now(), id });
  if (typeof minted === "string") throw new Error(minted);
  return minted;
}

const revoking = (version: number, ...tokens: readonly Minted[]): Revocations => ({
  version,
  not_before: 0,
  revoked: tokens.map(({ claims }) => ({ id: claims.id, expires_at: claims.expiresAt })),
});

const never = (): Promise<never> => new Promise(() => undefined);

/** A deployment that asks for tokens, in front of one formed cluster. */
interface Scene {
  readonly env: Bindings;
  readonly entry: ClusterEntry;
  /** What controllers say is revoked in the cluster: all of them, or each as it has heard. */
  access: ((nodeId: number) => Revocations) | Revocations | undefined;
  /** What the directory says is revoked, to whoever asks it; `never` when it does not answer. */
  directory: Revocations | "never";
  /** How often it was asked for that, and for the cluster. */
  asked: number;
  /** What the directory was told to revoke. */
  readonly wishes: (readonly [string, Revocation])[];
  /** What it answers to that. */
  revoked: Revoked | null;
  readonly ask: (path: string, by: Minted, init?: RequestInit) => Promise<Response>;
  readonly askCluster: (path: string, by: Minted, init?: RequestInit) => Promise<Response>;
}

function scene(): Scene {
  const respond = async ({ route, nodeId }: Arrival): Promise<Response> => {
    if (route !== "entry")
      return new Response("a frame", { headers: positionHeaders({ offset: 41, epoch: 3 }) });
    return Response.json({ ...entry, access: accessOf(made.access, nodeId) });
  };
  const answer = async <Answer>(said: (revocations: Revocations) => Answer): Promise<Answer> => {
    made.asked += 1;
    return made.directory === "never" ? await never() : said(made.directory);
  };
  const { entry, env: unlocked } = edgeWith([3000, 3001, 3002], respond, {
    get: () =>
      answer((access) => ({
        state: "formed",
        cluster: access.version === 0 ? entry : { ...entry, access },
      })),
    list: () => answer(() => [entry]),
    revocations: () => answer((revocations) => revocations),
    revoke: async (scope, revocation) => {
      made.wishes.push([scope, revocation]);
      return made.revoked;
    },
  });
  const { KEDGE_AUTH: _, ...open } = unlocked;
  const env: Bindings = { ...open, KEDGE_KEY: SECRET };
  const ask: Scene["ask"] = async (path, { token }, init) => {
    return app.request(`http://localhost${path}`, authorized(token, init), env);
  };
  const made: Scene = {
    env,
    entry,
    access: undefined,
    directory: NOTHING_REVOKED,
    asked: 0,
    wishes: [],
    revoked: null,
    ask,
    askCluster: (path, by, init) => ask(`/kafka/v3/clusters/${entry.cluster_id}/${path}`, by, init),
  };
  return made;
}

const accessOf = (access: Scene["access"], nodeId: number): Revocations | undefined =>
  typeof access === "function" ? access(nodeId) : access;

const FRAME: RequestInit = {
  method: "POST",
  headers: { "Content-Type": "application/octet-stream" },
  body: new Uint8Array(8),
};
const FRAMES = "controllers/3000/frames";
const REVOKED = { status: 401, error_code: 40_101, message: "the token was revoked" };

const turn = (): Promise<null> => new Promise((settle) => setImmediate(() => settle(null)));

/** Waits for an answer while the clock runs: signatures take real time, and waits that of the clock. */
async function settled<Answer>(answer: Promise<Answer>): Promise<Answer> {
  for (;;) {
    const first = await Promise.race([answer.then((value) => ({ value })), turn()]);
    if (first !== null) return first.value;
    await vi.advanceTimersByTimeAsync(50);
  }
}

const statusOf = async (answer: Promise<Response>): Promise<number> => (await answer).status;

/** A route of the table as a path that reaches it. */
const filled = (path: string, clusterId: string): string =>
  path
    .replace(":cluster_id", clusterId)
    .replace(":action{[A-Za-z0-9_-]+:[a-z]+}", `${clusterId}:undelete`)
    .replace(":action{[0-9]+:[a-z]+}", "3000:stop")
    .replace(":api", "DescribeCluster")
    .replaceAll(/(?<=\/):\w+(\{[^/]*\})?/g, "1");

describe("every route that asks who comes", () => {
  const guarded = Object.entries(PERMISSIONS).flatMap(([route, roles]) => {
    const [role] = roles ?? [];
    const [method = "", path = ""] = route.split(" ");
    return role === undefined ? [] : [{ route, method, path, role }];
  });

  test.each(guarded)("$route refuses a revoked token", async ({ method, path, role }) => {
    const brokerIds = role === "broker" ? [1] : [];
    const one = await mint({ role, brokerIds });
    const another = await mint({ role, brokerIds });
    const cut = { ...revoking(6, one), not_before: another.claims.issuedAt + 1 };
    for (const [revocations, by] of [
      [revoking(5, one), one],
      [cut, another],
    ] as const) {
      vi.advanceTimersByTime(10_000);
      const locked = scene();
      locked.directory = revocations;
      const refused = refusalOf(locked.ask(filled(path, locked.entry.cluster_id), by, { method }));
      expect(await refused).toMatchObject(REVOKED);
      expect(locked.wishes).toEqual([]);
    }
  });

  test("of health refuses one by the cluster that is asked for", async () => {
    const locked = scene();
    const by = await mint({ role: "metrics", cluster: locked.entry.cluster_id });
    locked.directory = revoking(5, by);
    const path = `/health/ready?cluster_id=${locked.entry.cluster_id}`;
    expect(await refusalOf(locked.ask(path, by))).toMatchObject(REVOKED);
    expect(await statusOf(locked.ask("/health/live", by))).toBe(200);
  });
});

/** Lets time pass without a timer that fires. */
const later = (ms: number): unknown => vi.setSystemTime(Date.now() + ms);

describe("what is asked of a cluster", () => {
  test("is refused within ten seconds by an isolate that knew the token, without the directory", async () => {
    const warm = scene();
    const by = await mint({ role: "gateway" });
    const other = await mint({ role: "gateway" });
    expect(await statusOf(warm.askCluster(FRAMES, by, FRAME))).toBe(200);
    warm.directory = "never";
    warm.access = revoking(5, by);
    vi.advanceTimersByTime(9_999);
    expect(await statusOf(warm.askCluster(FRAMES, by, FRAME))).toBe(200);
    vi.advanceTimersByTime(1);
    expect(await refusalOf(warm.askCluster(FRAMES, by, FRAME))).toMatchObject(REVOKED);
    expect(await statusOf(warm.askCluster(FRAMES, other, FRAME))).toBe(200);
  });

  test("is refused by one that knows nothing, without the directory", async () => {
    const cold = scene();
    const by = await mint({ role: "gateway" });
    cold.directory = "never";
    cold.access = revoking(5, by);
    const refused = settled(refusalOf(cold.askCluster(FRAMES, by, FRAME)));
    expect(await refused).toMatchObject(REVOKED);
  });

  test("stays refused when the controller that is asked has not heard of it", async () => {
    const warm = scene();
    const by = await mint({ role: "gateway" });
    warm.directory = revoking(5, by);
    expect(await refusalOf(warm.askCluster(FRAMES, by, FRAME))).toMatchObject(REVOKED);
    warm.access = revoking(4);
    vi.advanceTimersByTime(10_000);
    expect(await refusalOf(warm.askCluster(FRAMES, by, FRAME))).toMatchObject(REVOKED);
    // What is newer counts, whoever says it.
    warm.access = revoking(6);
    vi.advanceTimersByTime(10_000);
    expect(await statusOf(warm.askCluster(FRAMES, by, FRAME))).toBe(200);
  });

  test("cannot be kept open by who gives up each request that would find it out", async () => {
    const warm = scene();
    const by = await mint({ role: "gateway" });
    expect(await statusOf(warm.askCluster(FRAMES, by, FRAME))).toBe(200);
    warm.directory = "never";
    const path = `/kafka/v3/clusters/${warm.entry.cluster_id}/${FRAMES}`;
    const ask = authorized(by.token, FRAME);
    const giveUpOne = (): Promise<void> => giveUp(warm.env, `http://localhost${path}`, ask);
    warm.access = revoking(5, by);
    later(10_000);
    await giveUpOne();
    expect(await statusOf(warm.askCluster(FRAMES, by, FRAME))).toBe(200);
    later(2_499);
    expect(await statusOf(warm.askCluster(FRAMES, by, FRAME))).toBe(200);
    later(1);
    await giveUpOne();
    // It is not let in while it is not known whether the one that asks was given up.
    const beganMs = Date.now();
    const refused = settled(refusalOf(warm.askCluster(FRAMES, by, FRAME)));
    expect(await refused).toMatchObject(REVOKED);
    expect(Date.now() - beganMs).toBe(2_500);
  });
});

describe("what is asked of no cluster", () => {
  test("is judged by what the directory said in the last ten seconds, and by no older word", async () => {
    const made = scene();
    const by = await mint({ role: "viewer", cluster: made.entry.cluster_id });
    const list = (): Promise<Response> => made.ask("/kafka/v3/clusters", by);
    expect(await statusOf(list())).toBe(200);
    // Once for what is revoked, and once for each list.
    expect(await statusOf(list())).toBe(200);
    expect(made.asked).toBe(3);
    made.directory = revoking(5, by);
    vi.advanceTimersByTime(9_999);
    expect(await statusOf(list())).toBe(200);
    vi.advanceTimersByTime(1);
    expect(await refusalOf(list())).toMatchObject(REVOKED);
    made.directory = "never";
    vi.advanceTimersByTime(10_000);
    expect(await settled(refusalOf(list()))).toMatchObject({ status: 503, error_code: 50_306 });
  });

  test("is refused at once by the isolate that revoked it", async () => {
    const made = scene();
    const admin = await mint({ role: "admin" });
    const by = await mint({ role: "viewer", cluster: made.entry.cluster_id });
    expect(await statusOf(made.ask("/kafka/v3/clusters", by))).toBe(200);
    made.directory = revoking(5, by);
    made.revoked = {
      outcome: "revoked",
      revocations: made.directory,
      unconfirmed: [],
      clusters_untold: 0,
    };
    const body = { token: by.token };
    expect(await statusOf(made.ask("/kafka/v3/tokens:revoke", admin, posted(body)))).toBe(200);
    expect(await refusalOf(made.ask("/kafka/v3/clusters", by))).toMatchObject(REVOKED);
    expect(await refusalOf(made.askCluster(FRAMES, by, FRAME))).toMatchObject(REVOKED);
  });
});

async function revoke(made: Scene, body: unknown): Promise<Response> {
  const init = posted(body);
  return made.ask("/kafka/v3/tokens:revoke", await mint({ role: "admin" }), init);
}

describe("POST /tokens:revoke", () => {
  const CLUSTER = "AAAAAAAAAAAAAAAAAAAZ0A";
  const ID = "AAAAAAAAAAAAAAAAAAAAAA";
  test("says what holds now, and who has not heard of it", async () => {
    const made = scene();
    const expires_at = Date.parse("2030-04-01T00:00:00Z") / 1000;
    made.revoked = {
      outcome: "revoked",
      revocations: { version: 5, not_before: 1_700_000_000, revoked: [{ id: ID, expires_at }] },
      unconfirmed: [{ cluster_id: CLUSTER, node_id: 3001, reason: "it was reset" }],
      clusters_untold: 3,
    };
    const asked = { id: ID, cluster_id: CLUSTER, expires_at: "2030-04-01T00:00:00Z" };
    const response = await revoke(made, asked);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      cluster_id: CLUSTER,
      not_before: "2023-11-14T22:13:20.000Z",
      revoked: [{ id: ID, expires_at: "2030-04-01T00:00:00.000Z" }],
      unconfirmed: [{ cluster_id: CLUSTER, node_id: 3001, reason: "it was reset" }],
      clusters_untold: 3,
    });
    expect(made.wishes).toEqual([[CLUSTER, { kind: "token", token: { id: ID, expires_at } }]]);
  });

  test("takes what it needs from a token, and of an id as long as a token may live", async () => {
    const made = scene();
    const nowS = Date.now() / 1000;
    const lost = await mint({ role: "viewer", cluster: CLUSTER, lifetimeS: 60 });
    for (const body of [
      { token: lost.token },
      { id: ID, cluster_id: "*" },
      { cluster_id: "*", not_before: nowS },
      { cluster_id: CLUSTER, not_before: new Date(Date.now() - 999).toISOString() },
    ])
      expect((await revoke(made, body)).status).toBe(404);
    expect(made.wishes).toEqual([
      [CLUSTER, { kind: "token", token: { id: lost.claims.id, expires_at: nowS + 60 } }],
      ["*", { kind: "token", token: { id: ID, expires_at: nowS + 10 * 366 * 86_400 } }],
      ["*", { kind: "not-before", not_before: nowS }],
      [CLUSTER, { kind: "not-before", not_before: nowS }],
    ]);
  });

  test("says what to do when there are too many", async () => {
    const made = scene();
    made.revoked = { outcome: "full", max: 1_000 };
    const refused = await refusalOf(revoke(made, { id: ID, cluster_id: "*" }));
    expect(refused).toMatchObject({ status: 409, error_code: 40_905 });
    expect(refused.message).toContain("raise not_before instead");
  });

  test("refuses what it does not understand, changes nothing, and repeats no token", async () => {
    const made = scene();
    const foreign = await mint({ role: "viewer" }, NEXT_SECRET);
    const over = await mint({ role: "viewer", lifetimeS: 1 });
    vi.advanceTimersByTime(1_000);
    const inOneSecond = Math.floor(Date.now() / 1000) + 2;
    for (const [body, says] of [
      [{}, "the body: must be one of token, id and not_before"],
      [{ id: ID, not_before: 1, cluster_id: "*" }, "one of token, id and not_before"],
      [{ token: foreign.token }, "token: nobody is let in with it"],
      [{ token: over.token }, "(expired)"],
      [{ token: "kedge.x" }, "(malformed)"],
      [{ token: 7 }, "token: must be a string"],
      [{ token: over.token, cluster_id: "*" }, "cluster_id: must be left out"],
      [{ token: over.token, expires_at: 1 }, "expires_at: must be left out"],
      [{ id: ID }, "cluster_id: must be a string"],
      [{ id: ID, cluster_id: "x" }, 'cluster_id: must be the id of a cluster, or "*"'],
      [{ id: "short", cluster_id: "*" }, "id: must be 22 characters"],
      [{ id: ID, cluster_id: "*", expires_at: 1 }, "expires_at: must be in the future"],
      [{ id: ID, cluster_id: "*", expires_at: 9e9 }, "expires_at: must be in the future"],
      [{ id: ID, cluster_id: "*", expires_at: "soon" }, "expires_at: must be seconds"],
      [{ cluster_id: "*", not_before: "2026-03-01T12:00" }, "not_before: must be seconds"],
      [{ cluster_id: "*", not_before: -1 }, "not_before: must be seconds"],
      [{ cluster_id: "*", not_before: inOneSecond }, "not_before: lies in the future"],
      [{ cluster_id: "*", not_before: 1, why: "" }, "why: unknown field"],
    ] as const) {
      const refused = await refusalOf(revoke(made, body));
      expect(refused).toMatchObject({ status: 400, message: expect.stringContaining(says) });
      expect(refused.message).not.toContain(foreign.token.slice(-20));
    }
    expect(made.wishes).toEqual([]);
  });

  test("is an admin's", async () => {
    const made = scene();
    const by = await mint({ role: "operator" });
    const body = { token: by.token };
    const refused = refusalOf(made.ask("/kafka/v3/tokens:revoke", by, posted(body)));
    expect(await refused).toMatchObject({ status: 403 });
  });
});

test("a token of the secret before is believed while that is set, and not after", async () => {
  const made = scene();
  const old = await mint({ role: "gateway" });
  const frames = `http://localhost/kafka/v3/clusters/${made.entry.cluster_id}/${FRAMES}`;
  const ask = (env: Bindings, by: Minted): Promise<number> =>
    statusOf(Promise.resolve(app.request(frames, authorized(by.token, FRAME), env)));
  const rotating = { ...made.env, KEDGE_KEY: NEXT_SECRET, KEDGE_KEY_PREVIOUS: SECRET };
  const rotated = { ...made.env, KEDGE_KEY: NEXT_SECRET };
  const renewed = await mint({ role: "gateway" }, NEXT_SECRET);
  expect(await ask(made.env, old)).toBe(200);
  expect(await ask(made.env, renewed)).toBe(401);
  expect([await ask(rotating, old), await ask(rotating, renewed)]).toEqual([200, 200]);
  expect([await ask(rotated, old), await ask(rotated, renewed)]).toEqual([401, 200]);
  // What is minted meanwhile is signed with the new one.
  const admin = await mint({ role: "admin" });
  const minted = await app.request(
    "http://localhost/kafka/v3/tokens",
    authorized(admin.token, posted({ role: "gateway", cluster_id: "*" })),
    rotating,
  );
  const { token }: { readonly token: string } = JSON.parse(await minted.text());
  expect(await ask(rotated, { ...renewed, token })).toBe(200);
});
