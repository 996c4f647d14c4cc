/** The examples as their readers run them: processes of their own, judged by what they print. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { authorized, formCluster } from "../../client/cluster-client.ts";
import { runningQuorum } from "../worker/running-quorum.ts";
import type { RunningQuorum } from "../worker/running-quorum.ts";

const EXAMPLES = join(import.meta.dirname, "..", "..", "examples");

let quorum: RunningQuorum;
let folder: string;
let url: string;
let clusterId: string;
const started: Example[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "kedge-examples-test-"));
  quorum = await runningQuorum(3);
});
// A cluster for each test: a broker that one of them left behind would be placed on in the next.
beforeEach(async () => {
  ({ cluster_id: clusterId } = await formCluster(quorum.edge, { voters: 1 }));
  url = `${quorum.edge.url}/kafka/v3/clusters/${clusterId}`;
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

  constructor(
    command: string,
    args: readonly string[],
    token: string | null = null,
    env: Readonly<Record<string, string>> = {},
  ) {
    const child = spawn(command, args, {
      stdio: ["ignore", "pipe", "pipe"],
      // Not that of whoever runs the test.
      env: { ...process.env, ...env, KEDGE_TOKEN: token ?? undefined },
    });
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

const brokerToken = (...brokerIds: readonly number[]): Promise<string> =>
  quorum.edge.mint({ role: "broker", cluster: clusterId, brokerIds });

/** A broker with a token of its own. */
const broker = async (id: number): Promise<Example> => {
  const args = [join(EXAMPLES, "broker.py"), url, "--id", String(id)];
  return new Example("python3", args, await brokerToken(id));
};

/** Writes a token where an example is told to find it. */
async function tokenFile(token: string): Promise<string> {
  const file = join(folder, `${crypto.randomUUID()}.token`);
  await writeFile(file, `${token}\n`);
  return file;
}

const feed = async (place: string): Promise<Example> => {
  const token = await quorum.edge.mint({ role: "viewer", cluster: clusterId });
  const args = ["--token-file", await tokenFile(token), url, place];
  return new Example(process.execPath, [join(EXAMPLES, "feed.ts"), ...args]);
};

/** Registers a broker that stays; its epoch. */
async function registered(example: Example, id: number): Promise<number> {
  const line = await example.line();
  expect(line).toMatch(new RegExp(`^registered as broker ${id} with epoch \\d+, fenced until`));
  expect(await example.line()).toMatch(/^unfenced by offset \d+$/);
  return Number(/epoch (\d+)/.exec(line)?.[1]);
}

/** As an admin, unless another token is given. */
async function request(
  method: string,
  path: string,
  body?: unknown,
  token: string | null = quorum.edge.token,
): Promise<unknown> {
  const headers = { "Content-Type": "application/json" };
  const init = body === undefined ? { method } : { method, headers, body: JSON.stringify(body) };
  const response = await fetch(`${url}/${path}`, authorized(token, init));
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return text === "" ? undefined : JSON.parse(text);
}

describe("the broker in Python", () => {
  test("is unfenced, answers a fencing by catching up, and is let go", async () => {
    const example = await broker(7);
    const brokerEpoch = await registered(example, 7);
    const heartbeat = {
      brokerId: 7,
      brokerEpoch,
      currentMetadataOffset: brokerEpoch,
      wantFence: true,
      wantShutDown: false,
      offlineLogDirs: [],
    };
    const token = await brokerToken(7);
    expect(await request("POST", "rpc/BrokerHeartbeat?version=1", heartbeat, token)).toMatchObject({
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
    const example = await broker(8);
    const first = await registered(example, 8);
    await request("POST", "rpc/UnregisterBroker", { brokerId: 8 });
    expect(await example.line()).toMatch(/^unregistered by offset \d+$/);
    expect(await registered(example, 8)).toBeGreaterThan(first);
  });

  test("ends when another incarnation of its id registers", async () => {
    const first = await broker(6);
    await registered(first, 6);
    // Leaving ends the session at once, so that the second need not wait until it runs out.
    first.signal("SIGSTOP");
    const { broker_epoch: brokerEpoch } = Object(await request("GET", "brokers/6"));
    const fence = { brokerId: 6, brokerEpoch, currentMetadataOffset: brokerEpoch, wantFence: true };
    const heartbeat = { ...fence, wantShutDown: false, offlineLogDirs: [] };
    const token = await brokerToken(6);
    await request("POST", "rpc/BrokerHeartbeat?version=1", heartbeat, token);
    await registered(await broker(6), 6);
    first.signal("SIGCONT");
    const said = await first.rest();
    expect(said.at(-1)).toBe("exit 1");
    await expect(first.line()).rejects.toThrow("another incarnation of broker 6 has registered");
  });

  test.each([
    ["without a token", () => null, "40101"],
    ["with an admin's", () => quorum.edge.token, "40301"],
    ["with one of another cluster", () => foreignToken(), "40301"],
  ])("ends with the server's sentence %s", async (_how, token, errorCode) => {
    const args = [join(EXAMPLES, "broker.py"), url, "--id", "5"];
    const example = new Example("python3", args, await token());
    expect(await example.rest()).toEqual(["exit 1"]);
    await expect(example.line()).rejects.toThrow(`refused: {"error_code":${errorCode},"message":`);
  });

  test("ends when its token does not speak for its id", async () => {
    const file = await tokenFile(await brokerToken(4, 6));
    const args = [join(EXAMPLES, "broker.py"), url, "--id", "5", "--token-file", file];
    const example = new Example("python3", args);
    expect(await example.rest()).toEqual(["exit 1"]);
    // CLUSTER_AUTHORIZATION_FAILED.
    await expect(example.line()).rejects.toThrow("refused with error 31");
  });

  test("says which file it cannot read", async () => {
    const args = [join(EXAMPLES, "broker.py"), url, "--token-file", join(folder, "absent")];
    const example = new Example("python3", args);
    expect(await example.rest()).toEqual(["exit 2"]);
    await expect(example.line()).rejects.toThrow("absent");
  });
});

const foreignToken = (): Promise<string> =>
  quorum.edge.mint({ role: "broker", cluster: "AAAAAAAAAAAAAAAAAAAAAA", brokerIds: [5] });

describe("the reader of the feed", () => {
  test("prints topics as they change, and goes on where it stopped", async () => {
    await registered(await broker(9), 9);
    const place = join(folder, "topics.json");
    const first = await feed(place);
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
    const second = await feed(place);
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
    const file = quorum.edge.tokenFile ?? "";
    // The file that is named goes before the environment.
    const example = new Example("sh", [script, quorum.edge.url, file], await brokerToken(1));
    const [formed = ""] = await example.lines(1);
    const id = /^cluster (\S{22}) is formed$/.exec(formed)?.[1];
    const said = await example.rest();
    expect(said).toEqual([
      "a token for User:broker-1 is made",
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
    const args = [script, `${quorum.edge.url}/elsewhere`];
    const lost = new Example("sh", args, quorum.edge.token);
    expect(await lost.rest()).toEqual(["exit 1"]);
    await expect(lost.line()).rejects.toThrow("404");
    const viewer = await quorum.edge.mint({ role: "viewer", cluster: "*" });
    const example = new Example("sh", [script, quorum.edge.url], viewer);
    expect(await example.rest()).toEqual(["exit 1"]);
    await expect(example.line()).rejects.toThrow("40301");
  });

  test("shows its tokens to no list of processes", async () => {
    const script = join(EXAMPLES, "first-cluster.sh");
    const shown = join(folder, "arguments");
    // A curl that notes its arguments before it does what it is asked.
    const bin = join(folder, "bin");
    await mkdir(bin, { recursive: true });
    const noting = `#!/bin/sh\nprintf '%s\\n' "$*" >> ${shown}\nPATH=$REAL_PATH exec curl "$@"\n`;
    await writeFile(join(bin, "curl"), noting, { mode: 0o755 });
    const { PATH = "" } = process.env;
    const env = { REAL_PATH: PATH, PATH: `${bin}:${PATH}` };
    const example = new Example("sh", [script, quorum.edge.url], quorum.edge.token, env);
    expect((await example.rest()).at(-1)).toBe("exit 0");
    const noted = await readFile(shown, "utf8");
    expect(noted).toContain("/rpc/BrokerRegistration");
    expect(noted).not.toContain("kedge.");
  });
});
