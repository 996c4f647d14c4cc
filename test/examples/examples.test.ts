/** The examples as their readers run them: processes of their own, judged by what they print. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { formCluster } from "../../client/cluster-client.ts";
import { runningQuorum } from "../worker/running-quorum.ts";
import type { RunningQuorum } from "../worker/running-quorum.ts";

const EXAMPLES = join(import.meta.dirname, "..", "..", "examples");

let quorum: RunningQuorum;
let folder: string;
let url: string;
const started: Example[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "kedge-examples-test-"));
  quorum = await runningQuorum(3);
});
// A cluster for each test: a broker that one of them left behind would be placed on in the next.
beforeEach(async () => {
  const { cluster_id: id } = await formCluster(quorum.edge, { voters: 1 });
  url = `${quorum.edge.url}/kafka/v3/clusters/${id}`;
});
afterEach(async () => {
  await Promise.all(started.splice(0).map((example) => example.end("SIGKILL")));
});
afterAll(async () => {
  await quorum.stop();
  await rm(folder, { recursive: true, force: true });
});

/** A running example: its lines of standard output, in order, as they come. */
class Example {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #exited: Promise<unknown>;
  #errors = "";

  constructor(command: string, args: readonly string[]) {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    // Standard output is read to its end before this settles.
    this.#exited = once(child, "close").then(
      ([code, signal]: readonly unknown[]) => code ?? signal,
    );
    child.stderr.on("data", (chunk: Buffer) => {
      this.#errors += chunk.toString();
    });
    started.push(this);
  }

  /** The next line; what the example said on standard error when it ended instead. */
  async line(): Promise<string> {
    const next = await this.#lines.next();
    if (next.done === true) throw new Error(`no further line; standard error: ${this.#errors}`);
    return next.value;
  }

  async lines(count: number): Promise<readonly string[]> {
    const lines: string[] = [];
    while (lines.length < count) lines.push(await this.line());
    return lines;
  }

  /** The lines that are left, and how the example ended by itself. */
  async rest(): Promise<readonly unknown[]> {
    const lines: string[] = [];
    for (let next = await this.#lines.next(); next.done !== true; next = await this.#lines.next()) {
      lines.push(next.value);
    }
    return [...lines, `exit ${String(await this.#exited)}`];
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    this.#child.kill(signal);
    await this.#exited;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }
}

const broker = (...args: readonly string[]): Example =>
  new Example("python3", [join(EXAMPLES, "broker.py"), url, ...args]);
const feed = (place: string): Example =>
  new Example(process.execPath, [join(EXAMPLES, "feed.ts"), url, place]);

/** Registers a broker that stays; its epoch. */
async function registered(example: Example, id: number): Promise<number> {
  const line = await example.line();
  expect(line).toMatch(new RegExp(`^registered as broker ${id} with epoch \\d+, fenced until`));
  expect(await example.line()).toMatch(/^unfenced by offset \d+$/);
  return Number(/epoch (\d+)/.exec(line)?.[1]);
}

async function request(method: string, path: string, body?: unknown): Promise<unknown> {
  const headers = { "Content-Type": "application/json" };
  const init = body === undefined ? { method } : { method, headers, body: JSON.stringify(body) };
  const response = await fetch(`${url}/${path}`, init);
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text === "" ? undefined : JSON.parse(text);
}

describe("the broker in Python", () => {
  test("is unfenced, answers a fencing by catching up, and is let go", async () => {
    const example = broker("--id", "7");
    const brokerEpoch = await registered(example, 7);
    const heartbeat = {
      brokerId: 7,
      brokerEpoch,
      currentMetadataOffset: brokerEpoch,
      wantFence: true,
      wantShutDown: false,
      offlineLogDirs: [],
    };
    expect(await request("POST", "rpc/BrokerHeartbeat?version=1", heartbeat)).toMatchObject({
      errorCode: 0,
      isFenced: true,
    });
    expect(await example.line()).toMatch(/^fenced by offset \d+$/);
    expect(await example.line()).toMatch(/^unfenced by offset \d+$/);
    expect(await request("GET", "brokers/7")).toMatchObject({
      broker_epoch: brokerEpoch,
      fenced: false,
    });
    example.signal("SIGTERM");
    expect(await example.rest()).toEqual(["let go: every leadership has moved", "exit 0"]);
    expect(await request("GET", "brokers/7")).toMatchObject({ fenced: true });
  });

  test("registers again when an operator has unregistered it", async () => {
    const example = broker("--id", "8");
    const first = await registered(example, 8);
    await request("POST", "rpc/UnregisterBroker", { brokerId: 8 });
    expect(await example.line()).toMatch(/^unregistered by offset \d+$/);
    expect(await registered(example, 8)).toBeGreaterThan(first);
  });

  test("ends when another incarnation of its id registers", async () => {
    const first = broker("--id", "6");
    await registered(first, 6);
    // Leaving ends the session at once, so that the second need not wait until it runs out.
    first.signal("SIGSTOP");
    const { broker_epoch: brokerEpoch } = Object(await request("GET", "brokers/6"));
    const fence = { brokerId: 6, brokerEpoch, currentMetadataOffset: brokerEpoch, wantFence: true };
    await request("POST", "rpc/BrokerHeartbeat?version=1", {
      ...fence,
      wantShutDown: false,
      offlineLogDirs: [],
    });
    await registered(broker("--id", "6"), 6);
    first.signal("SIGCONT");
    const said = await first.rest();
    expect(said.at(-1)).toBe("exit 1");
    await expect(first.line()).rejects.toThrow("another incarnation of broker 6 has registered");
  });

  test("ends with the controller's sentence when it is refused", async () => {
    const example = new Example("python3", [join(EXAMPLES, "broker.py"), `${url}x`]);
    expect(await example.rest()).toEqual(["exit 1"]);
    await expect(example.line()).rejects.toThrow(/refused: \{"error_code":\d+,"message":/);
  });
});

describe("the reader of the feed", () => {
  test("prints topics as they change, and goes on where it stopped", async () => {
    await registered(broker("--id", "9"), 9);
    const place = join(folder, "topics.json");
    const first = feed(place);
    expect(await first.line()).toBe("reading from offset 0");
    await request("POST", "topics", { topic_name: "before", partitions_count: 2 });
    const [created = "", ...partitions] = await first.lines(3);
    const offset = Number(/^(\d+) topic before was created, id \S{22}$/.exec(created)?.[1]);
    expect(partitions).toEqual([
      `${offset + 1} before-0 is led by 9, isr 9`,
      `${offset + 2} before-1 is led by 9, isr 9`,
    ]);
    // A change that is printed is not yet saved; the next one is read only after it was.
    await request("PATCH", "topics/before", { partitions_count: 3 });
    expect(await first.line()).toMatch(/^\d+ before-2 is led by 9, isr 9$/);
    await first.end("SIGKILL");

    await request("DELETE", "topics/before");
    await request("POST", "topics", { topic_name: "after", partitions_count: 1 });
    const second = feed(place);
    const resumed = Number(/^reading from offset (\d+)$/.exec(await second.line())?.[1]);
    expect(resumed).toBeGreaterThan(offset + 2);
    const missed: string[] = [];
    while (!missed.some((line) => line.includes("after-0"))) missed.push(await second.line());
    const fresh = missed.filter((line) => !line.includes(" before-2 "));
    expect(fresh.map((line) => line.replace(/^\d+ /, ""))).toEqual([
      "topic before was deleted with 3 partitions",
      expect.stringMatching(/^topic after was created, id \S{22}$/),
      "after-0 is led by 9, isr 9",
    ]);
  });
});

describe("the script with curl", () => {
  test("forms a cluster, fails over, writes again, and leaves nothing", async () => {
    const script = join(EXAMPLES, "first-cluster.sh");
    const example = new Example("sh", [script, quorum.edge.url]);
    const [formed = ""] = await example.lines(1);
    const id = /^cluster (\S{22}) is formed$/.exec(formed)?.[1];
    const said = await example.rest();
    expect(said).toEqual([
      expect.stringMatching(/^broker 1 is registered with epoch \d+$/),
      "broker 1 is fenced: false",
      expect.stringMatching(/^topic orders has 3 partitions, id \S{22}$/),
      "orders-2 is led by broker 1",
      expect.stringMatching(/^controller 300[012] leads in epoch \d+$/),
      expect.stringMatching(/^controller 300[012] is restarted$/),
      "topic orders has 4 partitions",
      expect.stringMatching(/^controller 300[012] leads in epoch \d+$/),
      "exit 0",
    ]);
    const epochs = said.flatMap((line) => /in epoch (\d+)$/.exec(String(line))?.[1] ?? []);
    expect(Number(epochs[1])).toBeGreaterThan(Number(epochs[0]));
    expect((await quorum.edge.fetch(`/kafka/v3/clusters/${id}`)).status).toBe(404);
  });

  test("ends with the server's sentence when it is refused", async () => {
    const script = join(EXAMPLES, "first-cluster.sh");
    const example = new Example("sh", [script, `${quorum.edge.url}/elsewhere`]);
    expect(await example.rest()).toEqual(["exit 1"]);
    await expect(example.line()).rejects.toThrow("404");
  });
});
