/** `npm start` as a program meets it: one line of JSON, signals, ports in use, state that stays. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  authorized,
  clusterClient,
  posted,
  type ClusterClient,
} from "../../client/cluster-client.ts";
import { freePort, freePorts } from "../../local/ports.ts";

const START = join(import.meta.dirname, "..", "..", "command", "main.ts");

interface Ready {
  readonly edge: string;
  readonly cluster_id: string;
  readonly controllers: readonly { readonly node_id: number }[];
  readonly bootstrap_servers?: string;
  readonly token_file?: string;
}

let folder: string;
const started: ChildProcess[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "kedge-start-test-"));
});
afterAll(async () => {
  for (const child of started) child.kill("SIGTERM");
  await Promise.all(
    started
      .filter((child) => child.exitCode === null && child.signalCode === null)
      .map((child) => once(child, "exit")),
  );
  await rm(folder, { recursive: true, force: true });
});

function start(...args: readonly string[]): {
  readonly child: ChildProcess;
  readonly errors: () => string;
} {
  const child = spawn(
    process.execPath,
    [START, "up", "--persist-to", join(folder, "state"), ...args],
    {
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  started.push(child);
  let text = "";
  child.stderr.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  return { child, errors: () => text };
}

async function ready({ stdout }: ChildProcess): Promise<Ready> {
  if (stdout === null) throw new Error("no standard output");
  const [line]: readonly unknown[] = await once(createInterface({ input: stdout }), "line");
  const answer: Ready = JSON.parse(String(line));
  return answer;
}

async function clientOf(answer: Ready): Promise<ClusterClient> {
  const token = (await readFile(answer.token_file ?? "", "utf8")).trim();
  return clusterClient({ url: answer.edge, token }, answer.cluster_id);
}

/** Sends ApiVersions v0 as a broker would, and reads how the answer begins. */
async function apiVersions(port: number): Promise<unknown> {
  const socket = connect(port, "127.0.0.1");
  // Size prefix, api key 18, version 0, correlation id 7, null client id.
  socket.write(Uint8Array.from([0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 7, 0xff, 0xff]));
  const [chunk]: readonly unknown[] = await once(socket, "data");
  socket.destroy();
  if (!Buffer.isBuffer(chunk)) throw new Error("no bytes");
  return { correlationId: chunk.readInt32BE(4), errorCode: chunk.readInt16BE(8) };
}

const exit = async (child: ChildProcess): Promise<unknown> => (await once(child, "exit"))[0];

describe("npm start", () => {
  test("says in one line of JSON where a formed cluster is, and stops on SIGTERM with all of it", async () => {
    const { child } = start("--port", "0", "--voters", "3", "--json", "--no-gateway");
    const answer = await ready(child);
    expect(answer.controllers.map((each) => each.node_id)).toEqual([3000, 3001, 3002]);
    const token = (await readFile(answer.token_file ?? "", "utf8")).trim();
    const asked = (init: RequestInit): Promise<Response> =>
      fetch(`${answer.edge}/health/ready`, init);
    expect((await asked(authorized(token))).status).toBe(200);
    expect((await asked({})).status).toBe(401);
    for (const file of ["secret", "admin-token", "admin-header"]) {
      const { mode } = await stat(join(folder, "state", file));
      expect(mode & 0o777).toBe(0o600);
    }
    const exited = exit(child);
    child.kill("SIGTERM");
    expect(await exited).toBe(0);
    await expect(fetch(`${answer.edge}/health/live`)).rejects.toThrow("fetch failed");
  });

  const SCRAM_USERS = ["ann", "bob"].flatMap((name) => [
    "--add-scram",
    `SCRAM-SHA-256=[name=${name},password=s3cret]`,
  ]);

  test("forms its cluster with the features of the release and the users that are named", async () => {
    const args = ["--port", "0", "--json", "--no-gateway", "--voters", "1"] as const;
    const state = join(folder, "released");
    const named = start(...args, "--persist-to", state, "--release-version", "4.3", ...SCRAM_USERS);
    const client = await clientOf(await ready(named.child));
    const { body } = await client.get<{ data: readonly object[] }>("scram-users");
    const credentials = [{ mechanism: "SCRAM-SHA-256", iterations: 4_096 }];
    expect(body.data).toMatchObject(["ann", "bob"].map((user) => ({ user, credentials })));
    expect(named.errors()).not.toContain("s3cret");
    const { lines } = await client.log(0);
    const levels = lines.filter(({ type }) => type === "FEATURE_LEVEL_RECORD");
    expect(levels.map(({ data }) => [data["name"], data["featureLevel"]])).toEqual([
      ["metadata.version", 30],
      ["eligible.leader.replicas.version", 1],
      ["group.version", 1],
      ["share.version", 1],
      ["streams.version", 1],
      ["transaction.version", 2],
    ]);
    const exited = exit(named.child);
    named.child.kill("SIGTERM");
    expect(await exited).toBe(0);
    const unknown = start(...args, "--persist-to", `${state}-5`, "--release-version", "5.0");
    expect(await exit(unknown.child)).toBe(1);
    expect(unknown.errors()).toContain("release_version: must be a release or a level of it");
    expect(unknown.errors()).not.toContain("    at ");
  });

  test("finds its cluster again, also after SIGKILL", async () => {
    const first = start("--port", "0", "--json", "--no-gateway");
    const before = await ready(first.child);
    const { highWatermark } = await (await clientOf(before)).log(0);
    const exited = exit(first.child);
    first.child.kill("SIGKILL");
    await exited;

    const second = start("--port", "0", "--json", "--no-gateway");
    const after = await ready(second.child);
    expect(after.cluster_id).toBe(before.cluster_id);
    const log = await (await clientOf(after)).log(0);
    expect(log.highWatermark).toBeGreaterThanOrEqual(highWatermark);

    const third = start("--port", "0");
    expect(await exit(third.child)).toBe(1);
    expect(third.errors()).toMatch(/kedge: \S+ is in use by workerd \d+; end it \(kill \d+\)/);
  });

  test("opens a gateway where Kafka is spoken over TCP, on the ports that the log names", async () => {
    const port = await freePort();
    const state = join(folder, "with-gateway");
    const args = ["--port", "0", "--voters", "1", "--json", "--persist-to", state] as const;
    const first = start(...args, "--gateway-port", String(port));
    const answer = await ready(first.child);
    expect(answer.bootstrap_servers).toBe(`127.0.0.1:${port}`);
    expect(await apiVersions(port)).toEqual({ correlationId: 7, errorCode: 0 });
    const exited = exit(first.child);
    first.child.kill("SIGINT");
    expect(await exited).toBe(0);

    const moved = start(...args, "--gateway-port", String(port + 1));
    expect(await exit(moved.child)).toBe(1);
    expect(moved.errors()).toContain(`was formed with the gateway on port ${port}`);

    const server = createServer();
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    const blocked = start(...args);
    expect(await exit(blocked.child)).toBe(1);
    expect(blocked.errors()).toContain(
      `kedge: port ${port} of 127.0.0.1, which the gateway needs, is in use`,
    );
    server.close();
  });

  test("finds a cluster whose voters have changed, and opens a port for each of them", async () => {
    const [port = 0, next = 0] = await freePorts(2);
    const args = ["--port", "0", "--json", "--persist-to", join(folder, "changed")] as const;
    const first = start(...args, "--voters", "1", "--gateway-port", String(port));
    const answer = await ready(first.child);
    const token = (await readFile(answer.token_file ?? "", "utf8")).trim();
    const controllers = `${answer.edge}/kafka/v3/clusters/${answer.cluster_id}/controllers`;
    const added = await fetch(controllers, authorized(token, posted({ host: "127.0.0.1" })));
    expect(added.status).toBe(201);
    const exited = exit(first.child);
    first.child.kill("SIGINT");
    expect(await exited).toBe(0);

    const second = await ready(start(...args).child);
    expect(second.bootstrap_servers).toBe(`127.0.0.1:${port},127.0.0.1:${next}`);
    for (const each of [port, next])
      expect(await apiVersions(each)).toEqual({ correlationId: 7, errorCode: 0 });
  });

  test("says in one line that its port is in use", async () => {
    const server = createServer();
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    const port = address !== null && typeof address === "object" ? address.port : 0;
    const { child, errors } = start(
      "--port",
      String(port),
      "--persist-to",
      join(folder, "other"),
      "--json",
    );
    expect(await exit(child)).toBe(1);
    expect(errors()).toContain(
      `kedge: port ${port} of 127.0.0.1 is in use; choose another with --port\n`,
    );
    expect(errors()).not.toContain(" at ");
    server.close();
  });

  test.each([
    [["--voters", "2"], "--voters must be 1, 3 or 5"],
    [["--port", "http"], "--port must be a number from 0 to 65535"],
    [["--gateway-port", "0"], "--gateway-port must be a number"],
    [["--add-scram", "ann=s3cret"], "kedge: --add-scram must be given as 'SCRAM-SHA-256=["],
    [["--quick"], "kedge: unknown option '--quick'"],
  ])("%j is refused with a sentence", async (args, message) => {
    const { child, errors } = start(...args);
    expect(await exit(child)).toBe(1);
    expect(errors()).toContain(message);
  });
});
