/** What Prometheus scrapes: the format, Kafka's names, and that dashboards and alerts find what they ask for. */
import { readFileSync } from "node:fs";
import parsePrometheus from "parse-prometheus-text-format";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { jsonBroker } from "../../client/json-broker.ts";
import { Exposition } from "../../worker/http/exposition.ts";
import { runningQuorum, type RunningQuorum } from "./running-quorum.ts";

type Family = ReturnType<typeof parsePrometheus>[number];

const parsed = (text: string): ReadonlyMap<string, Family> =>
  new Map(parsePrometheus(text).map((family) => [family.name, family]));

let quorum: RunningQuorum;
let text: string;
let families: ReadonlyMap<string, Family>;
beforeAll(async () => {
  quorum = await runningQuorum(3);
  for (const id of [1, 2, 3]) {
    const broker = jsonBroker(quorum.cluster, id);
    await broker.register();
    if (id < 3) await broker.heartbeat();
  }
  const topic = { name: "t", numPartitions: 4, replicationFactor: 2, assignments: [], configs: [] };
  await quorum.cluster.rpc("CreateTopics", { topics: [topic] });
  text = await scrape(`/kafka/v3/clusters/${quorum.formed.cluster_id}/metrics`);
  families = parsed(text);
});
afterAll(() => quorum.stop());

async function scrape(path: string): Promise<string> {
  const response = await quorum.edge.fetch(path);
  expect([response.status, response.headers.get("Content-Type")]).toEqual([
    200,
    "text/plain; version=0.0.4; charset=utf-8",
  ]);
  return await response.text();
}

const values = (name: string): readonly number[] =>
  (families.get(name)?.metrics ?? []).map(({ value }) => Number(value));
const value = (name: string): number | undefined => values(`kafka_${name}`)[0];

describe("a scrape", () => {
  test("says what the metadata has, with Kafka's meanings", () => {
    const kafkaController = [
      "activebrokercount",
      "fencedbrokercount",
      "controlledshutdownbrokercount",
      "globaltopiccount",
      "globalpartitioncount",
      "offlinepartitionscount",
      "preferredreplicaimbalancecount",
      "metadataerrorcount",
    ].map((name) => value(`controller_kafkacontroller_${name}`));
    expect(kafkaController).toEqual([2, 1, 0, 1, 4, 0, 0, 0]);
    expect(value("server_replicamanager_underreplicatedpartitions")).toBe(0);
    const states = families.get("kafka_controller_kafkacontroller_brokerregistrationstate");
    expect(states?.metrics.map(({ labels, value: state }) => [labels?.["broker"], state])).toEqual([
      ["1", "30"],
      ["2", "30"],
      ["3", "10"],
    ]);
  });

  test("says who leads, and how far every controller is", async () => {
    const { leader_id: leader, leader_epoch: epoch } = await quorum.cluster.quorum();
    expect(values("kafka_server_raftmetrics_current_leader")).toEqual([leader, leader, leader]);
    expect(values("kafka_server_raftmetrics_current_epoch")).toEqual([epoch, epoch, epoch]);
    const active = values("kafka_controller_kafkacontroller_activecontrollercount");
    expect(active.reduce((sum, each) => sum + each, 0)).toBe(1);
    const states = families.get("kafka_server_raftmetrics_current_state")?.metrics ?? [];
    const roles = states.map(({ labels }) => labels?.["current_state"]);
    expect(roles.filter((role) => role === "leader")).toHaveLength(1);
    expect(roles.filter((role) => role === "follower")).toHaveLength(2);
    expect(Math.max(...values("kafka_server_raftmetrics_append_records_rate"))).toBeGreaterThan(0);
    expect(Math.max(...values("kafka_server_raftmetrics_fetch_records_rate"))).toBeGreaterThan(0);
    expect(Math.min(...values("kafka_server_raftchannelmetrics_request_total"))).toBeGreaterThan(0);
  });

  test("counts requests by API, and how long they took", () => {
    const requests = families.get("kafka_network_requestmetrics_requests_total")?.metrics ?? [];
    const created = requests.filter(({ labels }) => labels?.["request"] === "CreateTopics");
    expect(created.map(({ value: count }) => count)).toEqual(["1"]);
    expect(families.get("kafka_network_requestmetrics_totaltimems")?.type).toBe("SUMMARY");
  });

  test("of all clusters says the same of each", async () => {
    const all = parsed(await scrape("/metrics"));
    expect([...all.keys()]).toEqual([...families.keys()]);
  });

  test("of a stopped controller says that it is not up", async () => {
    const { leader_id: leader } = await quorum.cluster.quorum();
    const other = [3000, 3001, 3002].find((id) => id !== leader);
    await quorum.cluster.post(`controllers/${other}:stop`);
    // An isolate asks a controller once in three seconds.
    await new Promise((settle) => setTimeout(settle, 3_100));
    const all = parsed(await scrape("/metrics"));
    const up = all.get("kedge_controller_up")?.metrics ?? [];
    const down = up.filter((sample) => sample.value === "0");
    expect(down.map(({ labels }) => labels?.["node_id"])).toEqual([String(other)]);
  });
});

/** Names that begin as Kafka's and ours do, in an expression or in all of a dashboard. */
const namesIn = (expression: string): readonly string[] =>
  expression.match(/\b(kafka|kedge)_[a-z_]+\b/g) ?? [];

const isFound = (name: string): boolean =>
  families.has(name) || families.has(name.replace(/_(sum|count)$/, ""));

describe("the expressions", () => {
  interface Wanted {
    readonly metric: string;
    readonly label?: string;
  }
  const { source: _, ...strimzi }: Readonly<Record<string, readonly Wanted[]>> = JSON.parse(
    readFileSync("test/fixtures/strimzi-metrics.json", "utf8"),
  );
  test.each(Object.entries(strimzi))("of Strimzi's %s find series", (_name, wanted) => {
    for (const { metric, label } of wanted) {
      const { metrics = [] } = families.get(metric) ?? {};
      expect(metrics.length, metric).toBeGreaterThan(0);
      if (label !== undefined) expect(metrics[0]?.labels, metric).toHaveProperty(label);
    }
  });

  test("of our own dashboard find series", () => {
    const dashboard = readFileSync("docs/grafana-dashboard.json", "utf8");
    const names = new Set(namesIn(dashboard));
    expect(names.size).toBeGreaterThan(20);
    expect([...names].filter((name) => !isFound(name))).toEqual([]);
  });
});

test("what stands in a label is escaped", () => {
  const to = new Exposition();
  const name = 'a"b\\c\nd}';
  to.gauge("kedge_test", "A test.", { name }, 1);
  expect(to.text).toBe(
    '# HELP kedge_test A test.\n# TYPE kedge_test gauge\nkedge_test{name="a\\"b\\\\c\\nd}"} 1\n',
  );
  expect(parsed(to.text).get("kedge_test")?.metrics[0]?.labels?.["name"]).toBe(name);
});
