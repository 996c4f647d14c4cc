/** The log as a stream of events, and what both forms of the feed say of causes, of filters and of other logs. */
import { once } from "node:events";
import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { authorized } from "../../client/cluster-client.ts";
import { jsonBroker } from "../../client/json-broker.ts";
import { EventReader, type ReadEvent } from "./event-reader.ts";
import { refusalOf, runningQuorum, type RunningQuorum } from "./running-quorum.ts";

let quorum: RunningQuorum;
beforeAll(async () => {
  quorum = await runningQuorum(3);
  for (const id of [1, 2, 3]) {
    const broker = jsonBroker(quorum.cluster, id);
    await broker.register();
    await broker.heartbeat();
  }
});
afterAll(() => quorum.stop());

const create = async (name: string, partitions = 1): Promise<void> => {
  const topic = {
    name,
    numPartitions: partitions,
    replicationFactor: 3,
    assignments: [],
    configs: [],
  };
  await quorum.cluster.rpc("CreateTopics", { topics: [topic] });
};

const ask = (query: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> =>
  quorum.edge.fetch(`/kafka/v3/clusters/${quorum.formed.cluster_id}/metadata-log${query}`, {
    headers,
  });

async function follow(
  query: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<EventReader<Line>> {
  const response = await ask(query, { Accept: "text/event-stream", ...headers });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  return new EventReader(response);
}

interface Line {
  readonly offset: number;
  readonly leader_epoch: number;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly cause?: Readonly<Record<string, unknown>>;
}

const LINES = "application/x-ndjson";
const RAW = "application/vnd.kafka.records";
const EVENTS = "text/event-stream";

describe("the form of the log", () => {
  test.each([
    ["", LINES],
    ["*/*", LINES],
    ["application/*", LINES],
    ["application/json", LINES],
    ["application/ndjson", LINES],
    ["Application/X-NDJSON ; q=0.5", LINES],
    // A browser's address bar, and what programs send that take anything in the end.
    ["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", LINES],
    ["application/json, text/plain, */*", LINES],
    ["text/event-stream;q=0, */*", LINES],
    [RAW, RAW],
    [`text/html, ${RAW};q=0.1`, RAW],
    ["Text/Event-Stream", EVENTS],
    ["text/event-stream, */*;q=0.1", EVENTS],
    ["text/*", EVENTS],
    ["text/*, application/json;q=0.9", LINES],
  ])("for %j is %s", async (accept, type) => {
    const { cluster_id: cluster } = quorum.formed;
    const token = await quorum.edge.mint({ role: "broker", cluster, brokerIds: [1] });
    const response = await fetch(
      `${quorum.edge.url}/kafka/v3/clusters/${cluster}/metadata-log`,
      authorized(token, { headers: { Accept: accept } }),
    );
    await response.body?.cancel();
    expect([response.status, response.headers.get("Content-Type")]).toEqual([200, type]);
  });

  test("is what a client without Accept gets as lines", async () => {
    const { port } = new URL(quorum.edge.url);
    const path = `/kafka/v3/clusters/${quorum.formed.cluster_id}/metadata-log`;
    const headers = { Authorization: `Bearer ${quorum.edge.token}` };
    const [answer] = await once(request({ port, path, headers }).end(), "response");
    answer.resume();
    expect([answer.statusCode, answer.headers["content-type"]]).toEqual([200, LINES]);
  });

  test.each([
    "text/html",
    "application/xml",
    "application/x-ndjsonx",
    "*/*;q=0",
    "application/json;q=0.0",
    ",",
  ])("is none for %j, which is told what there is", async (accept) => {
    const response = await ask("", { Accept: accept });
    expect([response.status, response.headers.get("Vary")]).toEqual([406, "Accept"]);
    expect(await response.json()).toEqual({
      error_code: 40_601,
      message: `Accept: the log is to be had as ${LINES}, ${RAW} or ${EVENTS}`,
    });
  });
});

const isEnd = ({ event }: ReadEvent<Line>): boolean => event === "position";
const linesIn = (events: readonly ReadEvent<Line>[]): readonly Line[] =>
  events.filter(({ event }) => event === "message").map(({ data }) => data);

const linesOf = async (query: string): Promise<readonly Line[]> =>
  (await (await ask(query)).text())
    .split("\n")
    .filter((text) => text !== "")
    .map((text): Line => JSON.parse(text));

describe("a stream of events", () => {
  test("shows the log from its first record on, then what is committed while it lasts", async () => {
    const reader = await follow("");
    expect(reader.response.headers.get("Content-Type")).toBe("text/event-stream");
    const before = linesIn(await reader.until(isEnd));
    const { lines } = await quorum.cluster.log(0);
    expect(before.map(({ offset }) => offset)).toEqual(lines.map(({ offset }) => offset));
    expect(reader.retryMs).toBeGreaterThan(0);
    await create("while-it-lasts");
    const after = linesIn(await reader.until(isEnd));
    expect(after.map(({ type }) => type)).toContain("TOPIC_RECORD");
    expect(after[0]?.offset).toBe((before.at(-1)?.offset ?? 0) + 1);
    await reader.close();
  });

  test("goes on behind the last event that its reader has seen", async () => {
    const first = await follow("");
    const events = await first.until(({ id }) => id?.endsWith(":5") === true);
    await first.close();
    const seen = events.at(-1)?.id ?? "";
    const second = await follow("?from_offset=0", { "Last-Event-ID": seen });
    const [next] = linesIn(await second.until(isEnd));
    expect(next?.offset).toBe(6);
    await second.close();
  });

  test("is refused to a reader whose last record was of another epoch", async () => {
    const { leader_epoch: epoch } = await quorum.cluster.quorum();
    const refused = await refusalOf(
      ask("", { Accept: "text/event-stream", "Last-Event-ID": `${epoch + 3}:5` }),
    );
    expect(refused).toMatchObject({ status: 409, error_code: 40909 });
    expect(refused.message).toContain("another log");
  });
});

describe("either feed", () => {
  test("beyond the end that a majority confirms is told so, instead of waiting", async () => {
    for (const query of ["?from_offset=999999", "?from_offset=999999&wait_ms=20000"])
      expect(await refusalOf(ask(query))).toMatchObject({ status: 409, error_code: 40909 });
    const events = ask("?from_offset=999999", { Accept: "text/event-stream" });
    expect(await refusalOf(events)).toMatchObject({ status: 409, error_code: 40909 });
  });

  test("of another epoch is told so, and of the same one goes on", async () => {
    const lines = await linesOf("");
    const { offset = 0, leader_epoch: epoch = 0 } = lines[7] ?? {};
    const [next] = await linesOf(`?from_offset=${offset + 1}&from_epoch=${epoch}`);
    expect(next?.offset).toBe(offset + 1);
    const other = ask(`?from_offset=${offset + 1}&from_epoch=${epoch + 1}`);
    expect(await refusalOf(other)).toMatchObject({ status: 409, error_code: 40909 });
  });

  test("says who caused a record, and of what the controller did by itself that it did", async () => {
    const before = (await linesOf("")).length;
    await create("who-did-it");
    const lines = await linesOf(`?from_offset=${before}`);
    const created = lines.find(({ data }) => data["name"] === "who-did-it");
    expect(created?.cause).toEqual({
      api: "CreateTopics",
      principal: expect.stringMatching(/^User:/),
      client_id: "kedge-worker",
    });
    const { leader_id: leader } = await quorum.cluster.quorum();
    const all = await linesOf("");
    const own = all.find(({ type }) => type === "REGISTER_CONTROLLER_RECORD");
    expect(own?.cause).toEqual({ controller_id: leader });
    const registered = all.find(({ type }) => type === "REGISTER_BROKER_RECORD");
    expect(registered?.cause).toMatchObject({ api: "BrokerRegistration" });
    expect(all.find(({ type }) => type === "LEADER_CHANGE")?.cause).toBeUndefined();
  });

  test("shows some types alone, and some topics", async () => {
    await create("wanted", 3);
    await create("unwanted", 3);
    const types = await linesOf("?types=TOPIC_RECORD,LEADER_CHANGE");
    expect(new Set(types.map(({ type }) => type))).toEqual(
      new Set(["TOPIC_RECORD", "LEADER_CHANGE"]),
    );
    const about = await linesOf("?topics=wanted");
    expect(about.map(({ type }) => type)).toEqual([
      "TOPIC_RECORD",
      "PARTITION_RECORD",
      "PARTITION_RECORD",
      "PARTITION_RECORD",
    ]);
    const id = about[0]?.data["topicId"];
    expect(await linesOf(`?topics=${String(id)}&types=TOPIC_RECORD`)).toHaveLength(1);
    const reader = await follow("?topics=comes-later");
    expect(linesIn(await reader.until(isEnd))).toEqual([]);
    await create("comes-later");
    const events = await reader.until(({ data }) => data.type === "PARTITION_RECORD");
    expect(linesIn(events).map(({ type }) => type)).toEqual(["TOPIC_RECORD", "PARTITION_RECORD"]);
    await reader.close();
  });

  test.each([
    ["?types=TOPIC", "TOPIC is none"],
    ["?types=", "1 to 100 names"],
    ["?from_epoch=1", "from_offset"],
    ["?from_offset=1&from_epoch=-1", "from_epoch"],
  ])("refuses %s", async (query, sentence) => {
    const refused = await refusalOf(ask(query));
    expect(refused).toMatchObject({ status: 400, error_code: 40002 });
    expect(refused.message).toContain(sentence);
  });

  test.each(["5", "1:2:3", "99999999999:1", "x:1", "1:-1"])(
    "refuses the last event %s",
    async (id) => {
      const refused = await refusalOf(
        ask("", { Accept: "text/event-stream", "Last-Event-ID": id }),
      );
      expect(refused).toMatchObject({ status: 400, error_code: 40002 });
    },
  );
});

test("whoever says an epoch that the log has elsewhere has read another log, too", async () => {
  const { leader_id: leaderId, leader_epoch: before } = await quorum.cluster.quorum();
  const path = `/kafka/v3/clusters/${quorum.formed.cluster_id}/controllers/${leaderId}:restart`;
  await quorum.edge.fetch(path, { method: "POST" });
  await create("in-another-epoch");
  const epoch = (await linesOf("")).at(-1)?.leader_epoch ?? 0;
  expect(epoch).toBeGreaterThan(before);
  const lines = ask(`?from_offset=5&from_epoch=${epoch}`);
  expect(await refusalOf(lines)).toMatchObject({ status: 409, error_code: 40909 });
  const events = ask("", { Accept: "text/event-stream", "Last-Event-ID": `${epoch}:4` });
  expect(await refusalOf(events)).toMatchObject({ status: 409, error_code: 40909 });
});
