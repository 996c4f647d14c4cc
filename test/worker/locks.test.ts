/** Route by role: who gets as far as an object. The table is the product's own; the routes are what is mounted. */
import { describe, expect, test } from "vitest";
import { from, mayCall, ROLE_NAMES, type Role } from "../../src/access/index.ts";
import { apis, isApiName, type Api } from "../../src/protocol/index.ts";
import { PERMISSIONS, RAW_ROLES } from "../../worker/access/permissions.ts";
import { app } from "../../worker/app.ts";
import { codeOf, lockedWorker, SECRET, type LockedWorker } from "./locked.ts";

const UNAUTHENTICATED = [401, 40101];
const FORBIDDEN = [403, 40301];
const LOCKED = [503, 50307];

const HERE = "http://127.0.0.1:8787";
const LOCAL = { KEDGE_KEY: SECRET, KEDGE_LOOPBACK: "true" };
const OPEN = { KEDGE_AUTH: "none", KEDGE_LOOPBACK: "true" };

/** One path of each route. */
const NAMED: Readonly<Record<string, string>> = {
  ":node_id": "3000",
  ":action": "3000:restart",
  ":api": "DescribeQuorum",
  ":broker_id": "1",
  ":topic_name": "orders",
  ":partition_id": "0",
  ":id": "1-1",
  ":folder": "page",
  ":file": "main.ts",
};

const ROWS = Object.entries(PERMISSIONS).map(([route, roles]) => {
  const [method = "", path = ""] = route.split(" ");
  return { route, method, path, roles };
});

const pathAt = (path: string, clusterId: string): string =>
  path.startsWith("/kafka/v3/clusters/:action")
    ? `/kafka/v3/clusters/${clusterId}:undelete`
    : filled(path, clusterId);

const filled = (path: string, clusterId: string): string =>
  path.replaceAll(/(?<=\/)(:\w+)(?:\{[^/]*\})?/g, (_, name: string) =>
    name === ":cluster_id" ? clusterId : (NAMED[name] ?? `no path for ${name}`),
  );

/** Sends what a route takes: what all may ask for whom the route lets in. */
const bodyOf = (method: string, clusterId: string): RequestInit => ({
  method,
  ...(method === "POST" || method === "PATCH"
    ? { body: JSON.stringify({ fork_of: clusterId }) }
    : {}),
});

const askAt = (
  worker: LockedWorker,
  { method, path }: (typeof ROWS)[number],
  token: string | null,
) => worker.ask(pathAt(path, worker.clusterId), token, bodyOf(method, worker.clusterId));

describe("the table of routes", () => {
  test("has a row for every route that is mounted, and no other", () => {
    const mounted = app.routes
      .filter(({ method }) => method !== "ALL")
      .map(({ method, path }) => `${method} ${path}`);
    expect(Object.keys(PERMISSIONS).toSorted()).toEqual([...new Set(mounted)].toSorted());
  });

  test("lets each of the first four roles do what the next one may", () => {
    const ladder = from("viewer");
    expect(ladder).toEqual(["viewer", "editor", "operator", "admin"]);
    for (const { route, roles } of ROWS) {
      if (roles === null) continue;
      const lowest = ladder.findIndex((role) => roles.includes(role));
      const above = lowest < 0 ? [] : ladder.slice(lowest);
      expect([route, ladder.filter((role) => roles.includes(role))]).toEqual([route, above]);
    }
  });

  test.each([
    ["POST /topics", "CreateTopics"],
    ["PATCH /topics/:topic_name", "CreatePartitions"],
    ["DELETE /topics/:topic_name", "DeleteTopics"],
    ["POST /topics/:topic_name/configs:alter", "IncrementalAlterConfigs"],
    ["PUT /broker-configs/:name", "IncrementalAlterConfigs"],
    ["DELETE /brokers/:broker_id/configs/:name", "IncrementalAlterConfigs"],
    ["GET /topics/:topic_name/configs", "DescribeConfigs"],
    ["GET /topics/-/partitions/-/reassignment", "ListPartitionReassignments"],
    [
      "POST /topics/:topic_name/partitions/:partition_id{[0-9]+}/reassignment",
      "AlterPartitionReassignments",
    ],
    ["GET /acls", "DescribeAcls"],
    ["POST /acls", "CreateAcls"],
    ["POST /acls:batch", "CreateAcls"],
    ["DELETE /acls", "DeleteAcls"],
    ["POST /client-quotas:alter", "AlterClientQuotas"],
    ["POST /scram-users:alter", "AlterUserScramCredentials"],
    ["POST /leader-elections", "ElectLeaders"],
  ] as const)("lets use %s who may call %s", (route, api) => {
    // A gateway speaks in frames: what its clients may is for the authorizer.
    const roles = ROLE_NAMES.filter((role) => role !== "gateway" && mayCall(role, api));
    const row = PERMISSIONS[route.replace(" ", " /kafka/v3/clusters/:cluster_id")];
    expect(row).toBeDefined();
    expect(new Set(row)).toEqual(new Set(roles));
  });

  test("lets a viewer change nothing but by what its APIs let it", () => {
    const changes = ROWS.filter(({ method }) => method !== "GET");
    const open = changes.filter(({ roles }) => roles?.includes("viewer") === true);
    expect(open.map(({ path }) => path.replace(/^.*:cluster_id/, ""))).toEqual([
      "/controllers/:node_id/frames",
      "/rpc/:api",
      // A batch of reads, which has a body.
      "/reads",
    ]);
    expect(ROWS.filter(({ roles }) => roles === null).map(({ route }) => route)).toEqual([
      "GET /",
      "GET /:folder{page|client}/:file{[a-z0-9-]+\\.(?:ts|css|svg)}",
      "GET /openapi.json",
      "GET /health/live",
    ]);
  });
});

describe.each(ROWS)("$route", (row) => {
  const { roles } = row;

  test.each(ROLE_NAMES)("with a token of role %s", async (role) => {
    const worker = lockedWorker({ isFormed: false });
    const answer = await codeOf(await askAt(worker, row, await worker.mint({ role })));
    if (roles === null || roles.includes(role)) {
      expect(answer).not.toEqual(FORBIDDEN);
      expect(answer).not.toEqual(UNAUTHENTICATED);
      if (needsAnObject(row.path)) expect(worker.calls.length).toBeGreaterThan(0);
    } else {
      expect(answer).toEqual(FORBIDDEN);
      expect(worker.calls).toEqual([]);
    }
  });

  test("without a token, and with one of another cluster", async () => {
    const worker = lockedWorker({ isFormed: false });
    const nobody = await codeOf(await askAt(worker, row, null));
    if (roles === null) expect(nobody).toEqual([200, 0]);
    else expect(nobody).toEqual(UNAUTHENTICATED);
    expect(worker.calls).toEqual([]);
    if (!row.path.includes(":cluster_id")) return;
    // An admin's is for every cluster, so of those that may the last is asked; the first stand for the rest.
    const role = roles?.find((each) => each !== "admin");
    if (role === undefined) return;
    const foreign = await worker.mint({ role, cluster: "AAAAAAAAAAAAAAAAAAAAAA" });
    expect(await codeOf(await askAt(worker, row, foreign))).toEqual(FORBIDDEN);
    expect(worker.calls).toEqual([]);
  });
});

const needsAnObject = (path: string): boolean =>
  !/^\/$|^\/:folder|\/(openapi\.json|live|tokens|tokens:revoke)$/.test(path);

describe("where more than the route decides", () => {
  // At once: whom it lets through waits for what does not come.
  test.concurrent.each(ROLE_NAMES)(
    "%s reads record batches, which are not redacted, if it is a broker's or a gateway's",
    async (role) => {
      const worker = lockedWorker();
      const path = `/kafka/v3/clusters/${worker.clusterId}/metadata-log`;
      const init = { headers: { Accept: "application/vnd.kafka.records" } };
      const answer = await codeOf(await worker.ask(path, await worker.mint({ role }), init));
      if (RAW_ROLES.includes(role)) expect(answer).not.toEqual(FORBIDDEN);
      else expect(answer).toEqual(FORBIDDEN);
      expect(controllersIn(worker) > 0).toBe(RAW_ROLES.includes(role));
    },
  );

  test("an operator forks a cluster of its own, and makes no other", async () => {
    const worker = lockedWorker();
    const token = await worker.mint({ role: "operator" });
    const post = async (body: unknown) =>
      codeOf(
        await worker.ask("/kafka/v3/clusters", token, {
          method: "POST",
          body: JSON.stringify(body),
        }),
      );
    expect(await post({ voters: 1 })).toEqual(FORBIDDEN);
    expect(await post({ fork_of: "AAAAAAAAAAAAAAAAAAAAAA" })).toEqual(FORBIDDEN);
    // The directory says whether the token was revoked, and is asked for nothing else.
    expect(controllersIn(worker)).toBe(0);
    expect(await post({ fork_of: worker.clusterId })).not.toEqual(FORBIDDEN);
    expect(worker.calls.length).toBeGreaterThan(0);
  });

  test("a list has the clusters of the token, and health tells of no other", async () => {
    const worker = lockedWorker();
    const foreign = await worker.mint({ role: "viewer", cluster: "AAAAAAAAAAAAAAAAAAAAAA" });
    for (const path of ["/kafka/v3/clusters", "/health/ready"]) {
      const own = await worker.ask(path, await worker.mint({ role: "viewer" }));
      expect(await own.text()).toContain(worker.clusterId);
      expect(await (await worker.ask(path, foreign)).text()).not.toContain(worker.clusterId);
    }
    const named = await worker.ask(`/health/ready?cluster_id=${worker.clusterId}`, foreign);
    expect(await codeOf(named)).toEqual(FORBIDDEN);
  });

  const spoken = Object.values<Api>(apis).filter(({ framesOnly }) => !framesOnly);
  const speakers = ROLE_NAMES.filter((role) => role !== "metrics");
  test.each(speakers)("%s calls the APIs of its role by /rpc, and no other", async (role) => {
    const worker = lockedWorker();
    const token = await worker.mint({ role });
    const refused: string[] = [];
    for (const { name } of spoken) {
      const path = `/kafka/v3/clusters/${worker.clusterId}/rpc/${name}`;
      const [status] = await codeOf(await worker.ask(path, token, { method: "POST", body: "{}" }));
      if (status === 403) refused.push(name);
    }
    const forbidden = spoken.flatMap(({ name }) =>
      isApiName(name) && mayCall(role, name) ? [] : [name],
    );
    expect(refused).toEqual(forbidden);
  });
});

const controllersIn = ({ calls, clusterId }: LockedWorker): number =>
  calls.filter(({ name }) => name.startsWith(`${clusterId}/`)).length;

describe("a deployment that lets nobody in", () => {
  const everywhere = [
    ...ROWS.filter(({ roles }) => roles !== null).map(({ method, path }) => ({ method, path })),
    { method: "GET", path: "/none" },
    { method: "PUT", path: "/kafka/v3/clusters" },
  ];

  test.each([
    ["no secret", {}, "wrangler secret put KEDGE_KEY"],
    ["an empty one", { KEDGE_KEY: "" }, "wrangler secret put KEDGE_KEY"],
    ["a short one", { KEDGE_KEY: "hunter2" }, "KEDGE_KEY has fewer than 32 characters"],
    [
      "a short one before it",
      { KEDGE_KEY: SECRET, KEDGE_KEY_PREVIOUS: "hunter2" },
      "KEDGE_KEY_PREVIOUS has fewer than 32 characters",
    ],
    ["--no-auth beyond loopback", { KEDGE_AUTH: "none" }, "wrangler secret put KEDGE_KEY"],
  ])(
    "with %s answers /health/live and the page alone, and says what to set",
    async (_why, settings, sentence) => {
      const worker = lockedWorker({ settings });
      const token = await worker.mint({ role: "admin" });
      for (const { method, path } of everywhere) {
        const at = pathAt(path, worker.clusterId);
        const response = await worker.ask(at, token, bodyOf(method, worker.clusterId));
        expect(response.headers.get("Retry-After")).toBe("1");
        const text = await response.clone().text();
        expect(await codeOf(response)).toEqual(LOCKED);
        expect(text).toContain(sentence);
        expect(text).not.toContain("hunter2");
      }
      expect(worker.calls).toEqual([]);
      expect((await worker.ask("/health/live", null)).status).toBe(200);
      expect((await worker.ask("/", null)).status).toBe(200);
    },
  );

  test("asks for tokens although it was told to ask for none: that is for loopback", async () => {
    const worker = lockedWorker({ settings: { KEDGE_KEY: SECRET, KEDGE_AUTH: "none" } });
    expect(await codeOf(await worker.ask("/kafka/v3/clusters", null))).toEqual(UNAUTHENTICATED);
    const open = lockedWorker({ settings: OPEN, at: HERE });
    expect(await codeOf(await open.ask("/kafka/v3/clusters", null))).toEqual([200, 0]);
  });
});

describe("on loopback", () => {
  const path = "/kafka/v3/clusters";

  test.each<[string, Readonly<Record<string, string>>]>([
    ["a name that was pointed here", { Host: "evil.example" }],
    ["such a name with the port", { Host: "evil.example:8787" }],
    ["a name that begins like one of here", { Host: "localhost.evil.example:8787" }],
    ["an address of the network", { Host: "192.0.2.1:8787" }],
    ["a page of elsewhere", { Origin: "https://evil.example" }],
    ["a page without an origin", { Origin: "null" }],
    ["a page of another port here", { Origin: "http://127.0.0.1:3000" }],
    ["a page of here by TLS", { Origin: "https://127.0.0.1:8787" }],
    ["a page of a name that begins like here", { Origin: "http://127.0.0.1:8787.evil.example" }],
  ])("%s is refused, whatever it brings", async (_who, headers) => {
    for (const settings of [LOCAL, OPEN]) {
      const worker = lockedWorker({ settings, at: HERE });
      const token = await worker.mint({ role: "admin" });
      for (const method of ["GET", "POST", "OPTIONS"]) {
        const response = await worker.ask(path, token, { method, headers });
        expect(await codeOf(response)).toEqual(FORBIDDEN);
      }
      expect(await codeOf(await worker.ask("/health/live", token, { headers }))).toEqual(FORBIDDEN);
      expect(worker.calls).toEqual([]);
    }
  });

  test.each([
    ["127.0.0.1:8787", "http://127.0.0.1:8787"],
    ["localhost:8787", "http://localhost:8787"],
    ["[::1]:8787", "http://[::1]:8787"],
  ])("a page of %s itself is let in with a token, and not without", async (host, origin) => {
    const worker = lockedWorker({ settings: LOCAL, at: HERE });
    const token = await worker.mint({ role: "viewer" });
    const headers = { Host: host, Origin: origin };
    expect(await codeOf(await worker.ask(path, token, { headers }))).toEqual([200, 0]);
    expect(await codeOf(await worker.ask(path, null, { headers }))).toEqual(UNAUTHENTICATED);
  });
});

test("a role of a token is one of the table's", () => {
  const used = new Set(ROWS.flatMap(({ roles }): readonly Role[] => roles ?? []));
  expect([...used].toSorted()).toEqual(ROLE_NAMES.toSorted());
});
