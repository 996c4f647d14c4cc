/** `kedge` as its users run it: a process before a real quorum, judged by what it prints and how it ends. */
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { formCluster } from "../../client/cluster-client.ts";
import { isAsleep } from "../../client/controllers.ts";
import { jsonBroker } from "../../client/json-broker.ts";
import { kedge as kedgeOf } from "../../client/kedge.ts";
import { freePorts } from "../../local/ports.ts";
import { startQuorum, type Quorum } from "../../local/quorum.ts";

const MAIN = join(import.meta.dirname, "..", "..", "command", "main.ts");

let folder: string;
let quorum: Quorum;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "kedge-command-test-"));
  // Brokers are told these ports, and somebody else may have Kafka's own.
  const ports = await freePorts(3);
  const controllers = ports.map((port) => ({ host: "127.0.0.1", port }));
  quorum = await startQuorum({
    form: (edge) => formCluster(edge, { controllers }),
    gateway: { ports: "named" },
  });
  const broker = jsonBroker(quorum.cluster, 1);
  await broker.register();
  await broker.heartbeat();
  broker.keepAlive();
}, 60_000);
afterAll(async () => {
  await quorum.stop();
  await rm(folder, { recursive: true, force: true });
});

interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number | null;
}

/** Runs it in a folder that holds no state. */
function kedge(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const { PATH } = process.env;
  const KEDGE_TOKEN = quorum.edge.token ?? "";
  const child = spawn(process.execPath, [MAIN, ...args], {
    cwd: folder,
    env: { PATH, KEDGE_EDGE: quorum.edge.url, KEDGE_TOKEN, ...env },
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  return new Promise((settle) => {
    child.once("close", (status) => settle({ stdout, stderr, status }));
  });
}

/** The same where it must go well; its lines. */
async function lines(...args: readonly string[]): Promise<readonly string[]> {
  const { stdout, stderr, status } = await kedge(args);
  expect([stderr, status]).toEqual(["", 0]);
  return stdout.trimEnd().split("\n");
}

async function json<Body>(...args: readonly string[]): Promise<Body> {
  const [line = ""] = await lines(...args, "--json");
  const body: Body = JSON.parse(line);
  return body;
}

describe("kedge", () => {
  test("lists clusters, and shows the only one", async () => {
    const [head, row] = await lines("clusters");
    expect(head).toMatch(/^CLUSTER +VOTERS +METADATA VERSION/);
    expect(row).toMatch(new RegExp(`^${quorum.formed.cluster_id} +3 `));
    const shown = await lines("clusters", "show");
    expect(shown[0]).toBe(
      `cluster           ${quorum.formed.cluster_id}`.replace(
        / +/,
        shown[0]?.match(/ +/)?.[0] ?? " ",
      ),
    );
  });

  test("creates a topic, sets a config, adds partitions, deletes it", async () => {
    const created = await lines(
      "topics",
      "create",
      "orders",
      "--partitions",
      "3",
      "--replication-factor",
      "1",
    );
    expect(created[0]).toMatch(/^orders: 3 partitions, 1 replicas each, \S{22}$/);
    expect(await lines("topics", "set", "orders", "retention.ms=60000")).toEqual([
      "retention.ms=60000 (DYNAMIC_TOPIC_CONFIG)",
    ]);
    expect(await lines("topics", "grow", "orders", "5")).toEqual(["orders: 5 partitions"]);
    const shown = await lines("topics", "show", "orders");
    expect(shown).toContain("  retention.ms=60000");
    expect(shown.filter((line) => /^ *\d+ +1 +0 +1 +1/.test(line))).toHaveLength(5);
    const [unset] = await lines("topics", "set", "orders", "retention.ms");
    expect(unset).toMatch(/^retention\.ms=604800000 \(DEFAULT_CONFIG\)$/);
    expect(await lines("topics", "delete", "orders", "--yes")).toEqual(["orders: deleted"]);
    expect(await json<readonly unknown[]>("topics")).toEqual([]);
  });

  test("shows brokers and the quorum", async () => {
    const brokers = await lines("brokers");
    expect(brokers[1]).toMatch(/^ *1 +active /);
    const [leads, , ...rows] = await lines("quorum");
    expect(leads).toMatch(/^controller \d+ leads in epoch \d+; everything below \d+ is committed$/);
    expect(rows).toHaveLength(3);
  });

  test("fails over, and says how long it took", async () => {
    const {
      from,
      to,
      took_ms: ms,
    } = await json<{ from: number; to: number; took_ms: number }>("quorum", "failover", "--yes");
    expect(to).not.toBe(from);
    expect(ms).toBeGreaterThan(0);
  });

  test("reads the log to its end", async () => {
    const all = await lines("feed", "--no-follow");
    expect(all[0]).toMatch(/^0 \S+Z LEADER_CHANGE /);
    const some = await lines("feed", "--no-follow", "--types", "REGISTER_BROKER_RECORD");
    expect(some).toHaveLength(1);
    expect(some[0]).toContain("brokerId=1 ");
  });

  test("forks a cluster, and then wants to be told which", async () => {
    const fork = await json<{ cluster_id: string }>("fork");
    const { stderr, status } = await kedge(["topics"]);
    expect(status).toBe(1);
    expect(stderr).toBe(
      `kedge: there are 2 clusters; say which with --cluster ID or KEDGE_CLUSTER:\n` +
        [quorum.formed.cluster_id, fork.cluster_id]
          .toSorted((left, right) => stderr.indexOf(left) - stderr.indexOf(right))
          .map((id) => `  ${id}\n`)
          .join(""),
    );
    const named = await kedge(["topics", "--cluster", fork.cluster_id]);
    expect(named.status).toBe(0);
    expect((await kedge(["clusters", "delete", fork.cluster_id, "--yes"])).status).toBe(0);
    expect((await kedge(["clusters", "--deleted"])).stdout).toContain(fork.cluster_id);
  });

  test("writes a broker's properties, which the doctor finds in order", async () => {
    const { stdout } = await kedge(["broker-properties", "7"]);
    expect(stdout).toContain("node.id=7\n");
    const file = join(folder, "server.properties");
    await writeFile(file, stdout);
    const { stdout: said, status } = await kedge(["doctor", "--properties", file]);
    expect(said).toContain("✓ server.properties fits the cluster\n");
    expect(said).toMatch(/✓ controller \d+ leads in epoch \d+, and can commit\n/);
    expect(said).toMatch(/✓ every controller's port opens, the slowest in /);
    expect(said).toContain("✓ the token is an admin's for every cluster, until ");
    expect(status).toBe(0);
  });

  test.each([
    [["topcs"], "kedge: unknown command 'topcs'\n(Did you mean topics?)\n"],
    [
      ["brokers", "fnce", "3"],
      "kedge: unknown command 'fnce'\n(Did you mean fence?)\n(kedge brokers --help says more)\n",
    ],
    [["brokers", "fence", "x", "--yes", "--edge", "http://127.0.0.1:9"], "kedge: the broker's id "],
    [["topics", "create", "x", "--partition", "1"], "(Did you mean --partitions?)\n"],
    [
      ["topics", "create", "x", "--partitions", "many"],
      "kedge: --partitions must be a number from 1 ",
    ],
    [["topics", "delete", "x"], "kedge: required option '--yes' not specified\n"],
    [["topics", "show", "absent"], " 404 40403 "],
    [["topics", "set", "x", "=1"], "kedge: =1: must be name=value\n"],
    [["brokers", "show", "-1"], "kedge: the broker's id must be a number from 0 to 2147483647\n"],
    [["clusters", "--edge", "ftp://x"], "kedge: --edge must be the URL of a Worker"],
    [
      ["clusters", "--edge", "http://127.0.0.1:9"],
      "kedge: nothing answers at http://127.0.0.1:9; ",
    ],
    [["clusters", "--token-file", "absent"], "kedge: --token-file: ENOENT: "],
    [["doctor", "--properties", "absent"], "kedge: --properties: ENOENT: "],
    [["cost", "--voters", "0"], "kedge: --voters must be a number from 1 to 7\n"],
    [["up", "--voters", "2"], "kedge: --voters must be 1, 3 or 5\n"],
    [["kafka", "tpics"], "Allowed choices are broker, topics, "],
  ])("refuses %j with a sentence", async (args, sentence) => {
    const { stdout, stderr, status } = await kedge(args);
    expect([stdout, status]).toEqual(["", 1]);
    expect(stderr).toContain(sentence);
    expect(stderr).not.toContain("    at ");
  });

  test("says so when the token lets nobody in, and never repeats it", async () => {
    const KEDGE_TOKEN = "kedge.deadbeef.c2VjcmV0.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    const { stderr, status } = await kedge(["topics"], { KEDGE_TOKEN });
    expect(status).toBe(1);
    expect(stderr).toContain("40101");
    expect(stderr).not.toContain("c2VjcmV0");
  });
});

/** One whose leader is out of memory: any look loads it, and wakes nobody. */
test("a quorum that sleeps is shown as that, and woken to fail over or to be examined", async () => {
  const settings = { "controller.quorum.sleep.after.ms": 1_000 };
  const sleeper = await startQuorum({
    form: (edge) => formCluster(edge, { voters: 3, settings }),
  });
  const env = { KEDGE_EDGE: sleeper.edge.url, KEDGE_TOKEN: sleeper.edge.token ?? "" };
  try {
    const { quorum: asked } = kedgeOf(sleeper.edge).cluster(sleeper.formed.cluster_id);
    const sleeps = async (): Promise<boolean> => isAsleep(await asked.describe());
    const asleep = async (): Promise<void> => {
      await expect.poll(sleeps, { timeout: 20_000 }).toBe(true);
      await sleeper.kill();
      await sleeper.restart();
    };
    await asleep();
    const { stdout: shown } = await kedge(["quorum"], env);
    expect(shown).toContain("asleep, and led again when somebody wants something\n");
    expect(shown).not.toMatch(/ -1( |$)/m);
    const { stdout: fell, stderr } = await kedge(["quorum", "failover", "--yes"], env);
    expect(stderr).toBe("");
    expect(fell).toMatch(/^controller \d+ fell, \d+ leads in epoch \d+ after \d+ ms\n$/);
    await asleep();
    const { stdout: examined } = await kedge(["doctor"], env);
    expect(examined).toMatch(/✓ controller \d+ leads in epoch \d+, and can commit\n/);
  } finally {
    await sleeper.stop();
  }
}, 60_000);
