/** What is not in REST v3, in its style: features, client quotas, SCRAM users, leader elections, reassignments. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { restCluster, type RestCluster } from "./rest-cluster.ts";

let cluster: RestCluster;
beforeAll(async () => {
  cluster = await restCluster();
  const orders = { topic_name: "orders", replicas_assignments: { "0": [1, 2], "1": [2, 1] } };
  expect((await cluster.ask("POST", "/topics", orders)).status).toBe(201);
}, 120_000);
afterAll(() => cluster.stop());

const answered = async (method: string, path: string, body?: object): Promise<unknown> => {
  const answer = await cluster.ask(method, path, body);
  return [answer.status, answer.body];
};

/** What every item of a list says of itself, at its own address. */
async function linked(path: string): Promise<readonly unknown[]> {
  const list: { readonly data: readonly { readonly metadata: { readonly self: string } }[] } =
    Object((await cluster.ask("GET", path)).body);
  return await Promise.all(list.data.map(({ metadata }) => answered("GET", metadata.self)));
}

const alterQuotas = (data: unknown, more: object = {}): Promise<unknown> =>
  answered("POST", "/client-quotas:alter", { data, ...more });
const alterUsers = (body: object): Promise<unknown> => answered("POST", "/scram-users:alter", body);
const elect = (body: object): Promise<unknown> => answered("POST", "/leader-elections", body);

describe("features", () => {
  test("are shown with the level that the log is at and those that are understood", async () => {
    const [status, body] = Object(await answered("GET", "/features"));
    expect(status).toBe(200);
    expect(body.kind).toBe("KafkaFeatureList");
    const feature = {
      kind: "KafkaFeature",
      name: "metadata.version",
      finalized_level: 25,
      finalized_release: "4.0-IV3",
      min_supported_level: expect.any(Number),
      max_supported_level: expect.any(Number),
    };
    expect(body.data).toContainEqual(expect.objectContaining(feature));
    expect(await answered("GET", "/features/metadata.version")).toMatchObject([200, feature]);
    expect(await answered("GET", "/features/colour")).toMatchObject([404, { error_code: 40410 }]);
    expect(body.data).toContainEqual(
      expect.objectContaining({ name: "share.version", finalized_level: 0 }),
    );
  });
});

/** What changing a feature is answered with. */
const alter = (change: object, more: object = {}): Promise<unknown> =>
  answered("POST", "/features:alter", { data: [change], ...more });
/** The level of a feature, as it is finalized. */
const level = async (name: string): Promise<unknown> =>
  Object((await cluster.ask("GET", `/features/${name}`)).body).finalized_level;

describe("a feature", () => {
  test("is moved down and up again, and only tried where that is asked", async () => {
    const name = "group.version";
    const down = { name, level: 0, upgrade_type: "SAFE_DOWNGRADE" };
    expect(await alter(down, { validate_only: true })).toEqual([204, undefined]);
    expect(await level(name)).toBe(1);
    expect(await alter(down)).toEqual([204, undefined]);
    expect(await level(name)).toBe(0);
    expect(await alter({ name, level: 1 })).toEqual([204, undefined]);
    expect(await level(name)).toBe(1);
  });

  test.each([
    ["a level that nobody has", { name: "group.version", level: 99 }],
    ["a feature that there is not", { name: "colour", level: 1 }],
    ["a way down that is not said", { name: "group.version", level: 0 }],
    ["a word of its own", { name: "group.version", level: 0, upgrade_type: "SIDEWAYS" }],
    ["a level below 0", { name: "group.version", level: -1 }],
  ])("is not moved by %s", async (_what, change) => {
    expect(await alter(change)).toMatchObject([400, { error_code: 40002 }]);
    expect(await level("group.version")).toBe(1);
  });
});

describe("client quotas", () => {
  const entity = [
    { entity_type: "client-id", entity_name: null },
    { entity_type: "user", entity_name: "ann" },
  ];

  test("that are used up refuse a change with 429, and nothing is changed", async () => {
    // Who asks is anybody here: the quota is that of all users.
    const all = [{ entity_type: "user", entity_name: null }];
    const rate = (limit: number | null): Promise<unknown> =>
      alterQuotas([{ entity: all, quotas: { controller_mutation_rate: limit } }]);
    expect(await rate(0.1)).toEqual([204, undefined]);
    const wide = (name: string): Promise<unknown> =>
      answered("POST", "/topics", {
        topic_name: name,
        partitions_count: 20,
        replication_factor: 1,
      });
    expect(await wide("within")).toMatchObject([201, {}]);
    expect(await wide("beyond")).toMatchObject([
      429,
      { error_code: 42901, message: expect.stringContaining("THROTTLING_QUOTA_EXCEEDED") },
    ]);
    expect(await answered("GET", "/topics/beyond")).toMatchObject([404, {}]);
    expect(await rate(null)).toEqual([204, undefined]);
    expect(await answered("DELETE", "/topics/within")).toEqual([204, undefined]);
  });

  test("are set, tried, seen and taken away", async () => {
    const quotas = { producer_byte_rate: 1000, consumer_byte_rate: 2000 };
    expect(await alterQuotas([{ entity, quotas }])).toEqual([204, undefined]);
    expect(
      await alterQuotas([{ entity, quotas: { request_percentage: 5 } }], { validate_only: true }),
    ).toEqual([204, undefined]);
    expect(await answered("GET", "/client-quotas")).toMatchObject([
      200,
      { kind: "KafkaClientQuotaList", data: [{ kind: "KafkaClientQuota", entity, quotas }] },
    ]);
    expect(await linked("/client-quotas")).toMatchObject([[200, { entity, quotas }]]);
    const odd = [
      { entity_type: "client-id", entity_name: null },
      { entity_type: "user", entity_name: "a/b, <default>=ü%2F" },
    ];
    const some = { producer_byte_rate: 7 };
    expect(await alterQuotas([{ entity: odd, quotas: some }])).toEqual([204, undefined]);
    expect(await linked("/client-quotas")).toHaveLength(2);
    expect(await linked("/client-quotas")).toContainEqual([
      200,
      expect.objectContaining({ entity: odd, quotas: some }),
    ]);
    expect(await alterQuotas([{ entity: odd, quotas: { producer_byte_rate: null } }])).toEqual([
      204,
      undefined,
    ]);
    expect(await answered("GET", "/client-quotas/user=nobody")).toMatchObject([
      404,
      { error_code: 40412 },
    ]);
    const none = { producer_byte_rate: null, consumer_byte_rate: null };
    expect(await alterQuotas([{ entity, quotas: none }])).toEqual([204, undefined]);
    expect(await answered("GET", "/client-quotas")).toMatchObject([200, { data: [] }]);
  });

  test.each([
    ["a list that is none", "all"],
    [
      "an entity of no kind",
      [
        {
          entity: [{ entity_type: "planet", entity_name: "x" }],
          quotas: { producer_byte_rate: 1 },
        },
      ],
    ],
    ["a quota that there is not", [{ entity, quotas: { moon_rate: 1 } }]],
    ["a limit that is a text", [{ entity, quotas: { producer_byte_rate: "1" } }]],
    ["a limit below 0", [{ entity, quotas: { producer_byte_rate: -1 } }]],
    ["a field too many", [{ entity, quotas: {}, ops: [] }]],
  ])("refuse %s, and change nothing", async (_what, data) => {
    expect(await alterQuotas(data)).toMatchObject([400, { error_code: 40002 }]);
    expect(await answered("GET", "/client-quotas")).toMatchObject([200, { data: [] }]);
  });
});

describe("SCRAM users", () => {
  const ann = {
    user: "ann",
    mechanism: "SCRAM-SHA-256",
    iterations: 8192,
    salt: btoa("a salt of some length"),
    salted_password: btoa("x".repeat(32)),
  };

  test("are written, shown without any secret, and removed", async () => {
    const bob = {
      ...ann,
      user: "bob",
      mechanism: "SCRAM-SHA-512",
      salted_password: btoa("y".repeat(64)),
    };
    expect(await alterUsers({ upsertions: [ann, bob] })).toEqual([204, undefined]);
    const shown = await answered("GET", "/scram-users");
    expect(shown).toMatchObject([
      200,
      {
        kind: "KafkaScramUserList",
        data: [
          { user: "ann", credentials: [{ mechanism: "SCRAM-SHA-256", iterations: 8192 }] },
          { user: "bob", credentials: [{ mechanism: "SCRAM-SHA-512", iterations: 8192 }] },
        ],
      },
    ]);
    expect(JSON.stringify(shown)).not.toMatch(/salt|key|redacted/i);
    const one = await answered("GET", "/scram-users/bob");
    expect(one).toMatchObject([200, { kind: "KafkaScramUser", user: "bob" }]);
    expect(JSON.stringify(one)).not.toMatch(/salt|key|redacted/i);
    expect(await answered("GET", "/scram-users/eve")).toMatchObject([404, { error_code: 40411 }]);
    const deletions = [ann, bob].map(({ user, mechanism }) => ({ user, mechanism }));
    expect(await alterUsers({ deletions })).toEqual([204, undefined]);
    expect(await answered("GET", "/scram-users")).toMatchObject([200, { data: [] }]);
  });

  test.each([
    ["a mechanism that there is not", { upsertions: [{ ...ann, mechanism: "PLAIN" }] }],
    ["too few iterations", { upsertions: [{ ...ann, iterations: 10 }] }],
    ["what is no base64", { upsertions: [{ ...ann, salted_password: "hunter2!" }] }],
    ["to delete what is not there", { deletions: [{ user: "eve", mechanism: "SCRAM-SHA-256" }] }],
    ["a password", { upsertions: [{ ...ann, password: "hunter2!" }] }],
  ])("refuse %s, without a word of any secret", async (_what, body) => {
    const answer = await alterUsers(body);
    expect(answer).toMatchObject([400, { error_code: 40002 }]);
    expect(JSON.stringify(answer)).not.toContain("hunter2");
    expect(await answered("GET", "/scram-users")).toMatchObject([200, { data: [] }]);
  });
});

describe("leader elections", () => {
  test("say of each partition what became of it", async () => {
    const topic_partitions = [
      { topic_name: "orders", partition_ids: [0] },
      { topic_name: "none", partition_ids: [0] },
    ];
    const [status, body] = Object(await elect({ election_type: "PREFERRED", topic_partitions }));
    expect([status, body.kind]).toEqual([200, "KafkaLeaderElectionList"]);
    expect(body.data).toContainEqual(
      expect.objectContaining({
        topic_name: "orders",
        partition_id: 0,
        error: "ELECTION_NOT_NEEDED",
      }),
    );
    expect(body.data).toContainEqual(
      expect.objectContaining({ topic_name: "none", error: "UNKNOWN_TOPIC_OR_PARTITION" }),
    );
    expect(await elect({ election_type: "PREFERRED", topic_partitions: null })).toMatchObject([
      200,
      { data: [] },
    ]);
  });

  test.each([
    ["another type", { election_type: "FAIR", topic_partitions: null }],
    ["no partitions", { election_type: "PREFERRED" }],
    [
      "a partition below 0",
      {
        election_type: "UNCLEAN",
        topic_partitions: [{ topic_name: "orders", partition_ids: [-1] }],
      },
    ],
  ])("refuse %s", async (_what, body) => {
    expect(await elect(body)).toMatchObject([400, { error_code: 40002 }]);
  });
});

describe("a reassignment", () => {
  const path = "/topics/orders/partitions/0/reassignment";

  test("is begun, changed and cancelled", async () => {
    const begun = { adding_replicas: [3], removing_replicas: [1] };
    expect(await answered("POST", path, { replicas: [3, 2] })).toMatchObject([200, begun]);
    expect(await answered("GET", path)).toMatchObject([200, begun]);
    const changed = { adding_replicas: [3], removing_replicas: [] };
    expect(await answered("POST", path, { replicas: [1, 2, 3] })).toMatchObject([200, changed]);
    const none = { adding_replicas: [], removing_replicas: [] };
    expect(await answered("POST", path, { replicas: null })).toMatchObject([200, none]);
    expect(await answered("GET", path)).toMatchObject([200, none]);
  });

  test("that Kafka does not take is refused", async () => {
    expect(await answered("POST", path, { replicas: [9] })).toMatchObject([
      400,
      { error_code: 40002 },
    ]);
    expect(await answered("POST", path, { replicas: null })).toMatchObject([
      400,
      { error_code: 40002 },
    ]);
    expect(await answered("POST", path, {})).toMatchObject([400, { error_code: 40002 }]);
    const none = path.replace("orders", "none");
    expect(await answered("POST", none, { replicas: [1] })).toMatchObject([
      404,
      { error_code: 40403 },
    ]);
  });
});
