/**
 * Secrets in a running quorum: they are in its log, in its snapshots and in its brokers' frames, and in no answer that
 * is decoded, no refusal and no line that the runtime prints.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { authorized, formCluster } from "../../client/cluster-client.ts";
import { jsonBroker, type JsonBroker } from "../../client/json-broker.ts";
import { startQuorum, type Quorum } from "../../local/quorum.ts";
import {
  apis,
  decodeResponseFrame,
  encodeMetadataRecord,
  encodePrincipal,
  ErrorCode,
  requestFrame,
} from "../../src/protocol/index.ts";
import type {
  AlterUserScramCredentialsResponse,
  CreateTopicsResponse,
  IncrementalAlterConfigsResponse,
} from "../../src/protocol/index.ts";
import {
  BROKER_SECRETS,
  CONFIG_RECORDS,
  SECRET_RECORDS,
  isRaw,
  leaksIn,
  plant,
  plantValue,
  readPaths,
} from "./planted.ts";
import { BOOTSTRAP_USERS, bootstrapUsers, usersOf } from "../../worker/clusters/bootstrap-users.ts";
import { valueAt } from "../../worker/http/fields.ts";
import { record } from "../metadata/world.ts";
import { appendStored, onlyDatabase } from "./stored-log.ts";

/** Snapshots are made, and the log stays: both are read. */
const SETTINGS = { "metadata.log.max.record.bytes.between.snapshots": 4_000 };

/** Whom the cluster begins with: the salt is in the log as any user's, the passwords are nowhere. */
const FIRST_SALT = plant("first-salt");
const FIRST_USERS = [
  { user: "first", password: plant("first-password") },
  {
    user: "salted",
    salted_password: Buffer.from(plant("first-salted-password")).toString("base64"),
  },
].map((user) => ({
  ...user,
  mechanism: "SCRAM-SHA-256",
  salt: Buffer.from(FIRST_SALT).toString("base64"),
}));

const printed: string[] = [];
let folder: string;
let database: string;
let quorum: Quorum;
let broker: JsonBroker;
/** The last offset of each step in which secrets were written. */
const steps: number[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "kedge-secrets-"));
  // In the log their keys are bytes; as text they would be those of the directory.
  const users = usersOf(valueAt(BOOTSTRAP_USERS, FIRST_USERS, "scram_users")) ?? [];
  for (const { stored_key, server_key } of await bootstrapUsers(users)) {
    plantValue(stored_key);
    plantValue(server_key);
  }
  process.env["DELEGATION_TOKEN_SECRET_KEY"] = plant("token-key");
  quorum = await startQuorum({
    persistTo: folder,
    form: (edge) => formCluster(edge, { voters: 1, settings: SETTINGS, scram_users: FIRST_USERS }),
    onLine: (line) => printed.push(line),
  });
  database = await onlyDatabase(folder);
  broker = jsonBroker(quorum.cluster, 1);
  await broker.register();
  await broker.heartbeat();
  broker.keepAlive();
  await createTopic("orders");
  for (const [resourceName, name, value] of BROKER_SECRETS) {
    expect(await set(resourceName, name, value)).toBe(0);
  }
  expect(await writeUser("bob", 4_096)).toBe(0);
  expect(await writeUser("mallory", 1)).toBe(93);
  expect(await createToken()).toBe(ErrorCode.NONE);
});

afterAll(async () => {
  await broker.fallSilent();
  await quorum.stop();
  delete process.env["DELEGATION_TOKEN_SECRET_KEY"];
  await rm(folder, { recursive: true, force: true });
});

async function createTopic(name: string): Promise<void> {
  const topic = { name, numPartitions: 2, replicationFactor: 1, assignments: [], configs: [] };
  const { body } = await quorum.cluster.rpc<CreateTopicsResponse>("CreateTopics", {
    topics: [topic],
  });
  expect(body.topics[0]?.errorCode).toBe(0);
}

/** Sets a config of a broker; Kafka's code. */
async function set(resourceName: string, name: string, value: string): Promise<number | undefined> {
  const configs = [{ name, configOperation: 0, value }];
  const { body, offset } = await quorum.cluster.rpc<IncrementalAlterConfigsResponse>(
    "IncrementalAlterConfigs",
    { resources: [{ resourceType: 4, resourceName, configs }], validateOnly: false },
  );
  steps.push(offset);
  return body.responses[0]?.errorCode;
}

/** Of a password that a client has written: it is kept, as the password is not. */
const SALT = plant("written-salt");

/** Gives a user a password to log in with by SCRAM; Kafka's code. */
async function writeUser(name: string, iterations: number): Promise<number | undefined> {
  const salt = Buffer.from(SALT).toString("base64");
  const saltedPassword = Buffer.from(plant("salted-password")).toString("base64");
  const upsertions = [{ name, mechanism: 1, iterations, salt, saltedPassword }];
  const { body, offset } = await quorum.cluster.rpc<AlterUserScramCredentialsResponse>(
    "AlterUserScramCredentials",
    { deletions: [], upsertions },
  );
  steps.push(offset);
  return body.results[0]?.errorCode;
}

/** Of a token that a client had made: it is in the log, with its id, and its HMAC is not. */
const OWNER = plant("token-owner");
const tokenIds: string[] = [];

/** Makes a delegation token as a broker forwards it; Kafka's code. What is answered is planted from then on. */
async function createToken(): Promise<number> {
  const api = apis.CreateDelegationToken;
  const header = { apiVersion: 3, correlationId: 1, clientId: "test" };
  const principal = { type: "User", name: OWNER, tokenAuthenticated: false };
  const envelope = apis.Envelope.request.fill({
    requestData: requestFrame(api, header, api.request.fill({ maxLifetimeMs: -1n })),
    requestPrincipal: encodePrincipal(principal),
    clientHostAddress: Uint8Array.of(127, 0, 0, 1),
  });
  const path = `${own()}/controllers/3000/frames`;
  const answer = await fetch(
    `${quorum.edge.url}${path}`,
    authorized(quorum.edge.gatewayToken, {
      method: "POST",
      headers: { "Content-Type": "application/octet-stream" },
      body: requestFrame(apis.Envelope, { ...header, apiVersion: 0 }, envelope),
    }),
  );
  const frame = new Uint8Array(await answer.arrayBuffer());
  const { responseData } = decodeResponseFrame(apis.Envelope, 0, frame).body;
  const { errorCode, tokenId, hmac } = decodeResponseFrame(
    api,
    3,
    responseData ?? new Uint8Array(),
  ).body;
  tokenIds.push(tokenId);
  plantValue(tokenId);
  plantValue(Buffer.from(hmac).toString("base64"));
  steps.push((await quorum.cluster.quorum()).high_watermark - 1);
  return errorCode;
}

const posted = (body: string): RequestInit => ({
  method: "POST",
  headers: { "Content-Type": "application/json" },
  body,
});

interface Found {
  readonly path: string;
  readonly status: number;
  readonly leaks: readonly string[];
}

async function search(path: string, init?: RequestInit): Promise<Found> {
  const { url, token, gatewayToken } = quorum.edge;
  const response = await fetch(
    `${url}${path}`,
    authorized(isRaw(path) ? gatewayToken : token, init),
  );
  const headers = [...response.headers].join("\n");
  const leaks = leaksIn(
    `${headers}\n${Buffer.from(await response.arrayBuffer()).toString("latin1")}`,
  );
  return { path, status: response.status, leaks };
}

const own = (): string => `/kafka/v3/clusters/${quorum.formed.cluster_id}`;

/** Every answer to a GET, as it is asked for without parameters and with each that changes what is shown. */
async function searchAll(): Promise<readonly Found[]> {
  const places = {
    cluster_id: quorum.formed.cluster_id,
    node_id: 3000,
    topic_name: "orders",
    partition_id: 0,
    broker_id: 1,
    name: "ssl.key.password",
    path: "any",
    user: "salted",
    entity: "user=salted",
    id: await snapshotId(),
  };
  const { high_watermark: end } = await quorum.cluster.quorum();
  const offsets = [steps[0] ?? 0, steps.at(-1) ?? 0, end - 1];
  const questions = [
    "",
    "?page_size=1&from=0",
    "?wait_ms=x&page_token=x&from=x&at_offset=x",
    `?at_time=${Date.now()}`,
    `?at_offset=${Number.MAX_SAFE_INTEGER}&from=${end}&from_offset=${end}`,
    ...offsets.map((at) => `?at_offset=${at}&from=${at}&from_offset=${at}`),
    ...offsets.map((at) => `?from=0&to=${at}&max_bytes=${at}`),
  ];
  const found: Found[] = [];
  for (const { path, parameters } of readPaths(places)) {
    const asked = questions.map((question) => known(question, parameters));
    for (const question of new Set(["?of=nobody", ...asked]))
      found.push(await search(`${path}${question}`));
  }
  return found;
}

/** What of a question a path knows: one unknown parameter, and nothing would be answered. */
function known(question: string, parameters: readonly string[]): string {
  const asked = [...new URLSearchParams(question)].filter(([name]) => parameters.includes(name));
  return asked.length === 0 ? "" : `?${new URLSearchParams(asked).toString()}`;
}

async function snapshotId(): Promise<string> {
  for (;;) {
    const [newest] = await quorum.cluster.snapshots();
    if (newest !== undefined && newest.end_offset > (steps.at(-1) ?? 0)) {
      return `${newest.end_offset}-${newest.epoch}`;
    }
    await createTopic(`more-${steps.length}-${(topics += 1)}`);
  }
}
let topics = 0;

/** All that was planted in the log, as it stands there. */
const allRecords = (): Uint8Array =>
  Buffer.concat([
    ...[...CONFIG_RECORDS, ...SECRET_RECORDS].map(encodeMetadataRecord),
    ...[SALT, FIRST_SALT, OWNER, ...tokenIds].map((text) => Buffer.from(text)),
  ]);

/** Answers with a secret in them, but for files; and files without one, in which the search finds what is there. */
const told = (all: readonly Found[]): readonly Found[] =>
  all.filter(({ path, leaks }) => !isRaw(path) && leaks.length > 0);
const filesWithout = (all: readonly Found[]): readonly Found[] =>
  all.filter(({ path, status, leaks }) => isRaw(path) && status === 200 && leaks.length === 0);

const countOf = (all: readonly Found[], status: number): number =>
  all.filter((each) => each.status === status).length;

/** The body that gives a config of resource 1 a value. */
const alter = (resourceType: number, name: string, given: unknown): object => ({
  resources: [
    { resourceType, resourceName: "1", configs: [{ name, configOperation: 0, value: given }] },
  ],
  validateOnly: false,
});

describe("a secret that a client wrote", () => {
  test("is in no answer to who asks for a cluster with SCRAM users, and for it again", async () => {
    const clusters = "/kafka/v3/clusters";
    const [first] = FIRST_USERS;
    const again = (user: object, more: object = {}): Promise<Found> => {
      const { cluster_id, controllers } = quorum.formed;
      const ids = controllers.map(({ node_id }) => ({ node_id }));
      const formed = {
        cluster_id,
        controllers: ids,
        settings: SETTINGS,
        scram_users: [user, FIRST_USERS[1]],
      };
      return search(clusters, posted(JSON.stringify({ ...formed, ...more })));
    };
    expect(await again({ ...first })).toMatchObject({ status: 200, leaks: [] });
    const other = { ...first, password: plant("other-password") };
    expect(await again(other)).toMatchObject({ status: 409, leaks: [] });
    expect(await again(other, { voters: 7 })).toMatchObject({ status: 400, leaks: [] });
    expect(await again({ ...other, iterations: 1 })).toMatchObject({ status: 400, leaks: [] });
    expect(await again({ ...other, salt: "!" })).toMatchObject({ status: 400, leaks: [] });
    const { body } = await quorum.cluster.get<{ data: readonly object[] }>("scram-users");
    expect(body.data).toMatchObject(["bob", "first", "salted"].map((user) => ({ user })));
  });

  test("is in no answer, whether the image was read from the log or begins in a snapshot", async () => {
    expect(told(await searchAll())).toEqual([]);
    await quorum.kill();
    await quorum.restart();
    await quorum.untilReady();
    expect(told(await searchAll())).toEqual([]);
  });

  test("is not described", async () => {
    const resources = ["1", ""].map((resourceName) => ({
      resourceType: 4,
      resourceName,
      configurationKeys: null,
    }));
    const body = JSON.stringify({ resources, includeSynonyms: true, includeDocumentation: true });
    const found = await search(`${own()}/rpc/DescribeConfigs`, posted(body));
    expect(found).toMatchObject({ status: 200, leaks: [] });
  });

  const value = plant("refused");
  test.each<[string, string, string]>([
    [
      "is too long",
      "rpc/IncrementalAlterConfigs",
      JSON.stringify(alter(4, "ssl.key.password", value.repeat(2_000))),
    ],
    [
      "is of a topic",
      "rpc/IncrementalAlterConfigs",
      JSON.stringify(alter(2, "ssl.key.password", value)),
    ],
    [
      "is of nothing",
      "rpc/IncrementalAlterConfigs",
      JSON.stringify(alter(99, "ssl.key.password", value)),
    ],
    [
      "is a list",
      "rpc/IncrementalAlterConfigs",
      JSON.stringify(alter(4, "ssl.key.password", [value])),
    ],
    [
      "is of a new topic",
      "topics",
      JSON.stringify({ topic_name: "t", configs: [{ name: "x", value }] }),
    ],
    [
      "is no base64",
      "rpc/AlterUserScramCredentials",
      JSON.stringify({
        deletions: [],
        upsertions: [
          { name: "u", mechanism: 1, iterations: 1, salt: value, saltedPassword: value },
        ],
      }),
    ],
  ])("is not in the refusal when it %s", async (_, path, body) => {
    expect((await search(`${own()}/${path}`, posted(body))).leaks).toEqual([]);
  });
});

describe("a secret of any kind that is in the log", () => {
  let all: readonly Found[];

  beforeAll(async () => {
    await quorum.kill();
    steps.push(await appendStored(database, SECRET_RECORDS.map(encodeMetadataRecord)));
    await quorum.restart();
    await quorum.untilReady();
    expect(leaksIn(await quorum.cluster.rawLog())).toEqual(leaksIn(allRecords()));
    all = await searchAll();
  });

  test("is in no answer, before and after a restart", async () => {
    expect(told(all)).toEqual([]);
    await quorum.kill();
    await quorum.restart();
    await quorum.untilReady();
    expect(told(await searchAll())).toEqual([]);
  });

  test("is in the files, where the search finds it", () => {
    expect(filesWithout(all)).toEqual([]);
    expect(all.filter(({ path, leaks }) => isRaw(path) && leaks.length > 0).length).toBeGreaterThan(
      1,
    );
    expect([countOf(all, 200) > 40, countOf(all, 400) > 10]).toEqual([true, true]);
  });

  test("is in a fork: its brokers need it as well", async () => {
    const { cluster_id: clusterId } = await formCluster(quorum.edge, {
      fork_of: quorum.formed.cluster_id,
      voters: 1,
    });
    const { leaks } = await search(`/kafka/v3/clusters/${clusterId}/snapshots/latest`);
    const withoutTokens = [...CONFIG_RECORDS, ...SECRET_RECORDS].filter(
      ({ type }) => !type.includes("TOKEN"),
    );
    expect(leaks).toEqual(
      leaksIn(
        Buffer.concat([
          ...withoutTokens.map(encodeMetadataRecord),
          Buffer.from(SALT),
          Buffer.from(FIRST_SALT),
        ]),
      ),
    );
    const lines = await search(`/kafka/v3/clusters/${clusterId}/topics`);
    expect(lines).toMatchObject({ status: 200, leaks: [] });
  });

  test("is not told by a controller that cannot read it, and in no line that was printed", async () => {
    await quorum.kill();
    const value = plant("damaged");
    const config = { resourceType: 4, resourceName: "1", name: "ssl.key.password", value };
    const bytes = encodeMetadataRecord(record("CONFIG_RECORD", 0, config));
    await appendStored(database, [Buffer.concat([bytes, Buffer.from("too long")])]);
    await quorum.restart();
    await expect
      .poll(async () => (await quorum.cluster.get("controllers/3000")).body, { timeout: 20_000 })
      .toMatchObject({ status: { tripped: expect.stringContaining("ConfigRecord") } });
    for (const path of ["controllers/3000", "quorum", "topics"]) {
      expect((await search(`${own()}/${path}`)).leaks).toEqual([]);
    }
    expect(printed.join("\n")).toContain("ConfigRecord");
    expect(printed.filter((line) => leaksIn(line).length > 0)).toEqual([]);
  });
});
