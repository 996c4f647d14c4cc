/**
 * The gateway as it is shipped: the bundle alone in a folder, told by its environment, before a running quorum, on
 * every Node that this machine has; and the unit, the container and the page that say how it is run.
 */
import { execFile, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { chmod, copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { VARIABLES } from "../../gateway/options.ts";
import { ROOT } from "../../local/checkout.ts";
import { bundleProgram, GATEWAY } from "../../local/program-bundle.ts";
import { startQuorum, type Quorum } from "../../local/quorum.ts";
import {
  decodeResponseFrame,
  DescribeCluster,
  requestFrame,
  type ResponseOf,
} from "../../src/protocol/index.ts";
import type { Client } from "./client.ts";
import { client } from "./harness.ts";
import { NODES } from "../installed-nodes.ts";
import { Program } from "./program.ts";

const DEPLOY = join(ROOT, "gateway", "deploy");
const deployed = (name: string): string => readFileSync(join(DEPLOY, name), "utf8");

let folder: string;
let file: string;
let quorum: Quorum;
let tokenFile: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "kedge-bundle-"));
  file = join(folder, "alone", "kedge-gateway");
  const built = join(folder, "built", GATEWAY.name);
  const [started] = await Promise.all([startQuorum(), bundleProgram(GATEWAY, built)]);
  quorum = started;
  await mkdir(join(folder, "alone"));
  await copyFile(built, file);
  await chmod(file, 0o755);
  tokenFile = join(folder, "token");
  await writeFile(tokenFile, quorum.edge.gatewayToken ?? "");
});

afterAll(async () => {
  await quorum.stop();
  await rm(folder, { recursive: true });
});

const environment = (): Record<string, string> => ({
  KEDGE_EDGE: quorum.edge.url,
  KEDGE_CLUSTER: quorum.formed.cluster_id,
  KEDGE_LISTEN: "127.0.0.1:0",
  KEDGE_HTTP: "127.0.0.1:0",
  KEDGE_TOKEN_FILE: tokenFile,
  KEDGE_LOG_FORMAT: "json",
});

let correlations = 0;

async function described(kafka: Client): Promise<ResponseOf<typeof DescribeCluster>> {
  correlations += 1;
  const header = { apiVersion: 1, correlationId: correlations, clientId: "test" };
  const body = { includeClusterAuthorizedOperations: false, endpointType: 2 };
  kafka.send(Buffer.from(requestFrame(DescribeCluster, header, body)));
  const frame = await kafka.frame();
  if (frame === undefined) throw new Error("closed");
  return decodeResponseFrame(DescribeCluster, 1, frame).body;
}

/** Of a started program: what a line of its log says of the controllers' ports. */
async function portsOf(program: Program): Promise<readonly number[]> {
  const line = await program.says("are reached at");
  return [...line.matchAll(/127\.0\.0\.1:(\d+)/g)].map(([, port]) => Number(port));
}

async function read(url: string): Promise<{ readonly status: number; readonly text: string }> {
  const response = await fetch(url);
  return { status: response.status, text: await response.text() };
}

test("there is a Node to try it with, and nothing beside the file", async () => {
  expect(NODES.length).toBeGreaterThan(0);
  expect(await readdir(join(folder, "alone"))).toEqual(["kedge-gateway"]);
});

describe.each(NODES)("on Node %s", (_, node) => {
  test("it says its version, its options, and what is wrong with them", async () => {
    const { version }: { readonly version: string } = JSON.parse(
      readFileSync(join(ROOT, "package.json"), "utf8"),
    );
    const said = new Program(["--version"], { node, file });
    expect(await said.exited).toBe(0);
    expect(said.lines).toEqual([version]);
    const help = new Program(["--help"], { node, file });
    expect(await help.exited).toBe(0);
    expect(help.lines[0]).toContain("usage: kedge-gateway --cluster ID");
    const wrong = new Program([], { node, file, env: { KEDGE_TRANSPORT: "tcp" } });
    expect(await wrong.exited).toBe(1);
    expect(wrong.lines[0]).toContain("--cluster is missing");
  });

  test("it carries Kafka's frames to a quorum, measures them, says that it is ready, and stops", async () => {
    const program = new Program([], { node, file, env: environment() });
    const [ports, pages] = [await portsOf(program), await program.pages()];
    expect(ports).toHaveLength(3);
    const kafka = await client(ports[0]);
    const { clusterId } = await described(kafka);
    expect(clusterId).toBe(quorum.formed.cluster_id);
    for (let at = 0; at < 9; at++) await described(kafka);

    const { text: metrics } = await read(`${pages}/metrics`);
    const series = `{api="DescribeCluster",controller="${quorum.formed.controllers[0]?.node_id}"}`;
    expect(metrics).toContain(`kedge_gateway_frame_seconds_count${series} 10\n`);
    expect(metrics).toMatch(/^process_resident_memory_bytes [1-9]/m);
    expect(metrics).toMatch(/^kedge_gateway_last_answer_timestamp_seconds [1-9]/m);
    const live = await read(`${pages}/livez`);
    expect(live).toEqual({ status: 200, text: expect.stringMatching(/^alive\nversion /) });
    const ready = await read(`${pages}/readyz`);
    expect(ready.status).toBe(200);
    expect(ready.text).toMatch(/^ready\na client's frame was answered \d\.\d s ago\n/);
    await expect
      .poll(async () => (await read(`${pages}/readyz`)).text, { timeout: 10_000 })
      .toMatch(/: a link, up for \d+\.\d s$/m);

    program.process.kill("SIGTERM");
    expect(await program.exited).toBe(0);
    await kafka.closed;
    const events = program.lines.map((line): unknown => JSON.parse(line));
    expect(events).toEqual([
      expect.objectContaining({ level: "info", event: "started" }),
      expect.objectContaining({ event: "started", cluster_id: quorum.formed.cluster_id }),
      expect.objectContaining({ event: "stopping", message: "SIGTERM: stopping" }),
    ]);
  });
});

test("while the edge is gone it lives, is not ready at once, and is again when the edge is back", async () => {
  const program = new Program([], { file, env: environment() });
  const [ports, pages] = [await portsOf(program), await program.pages()];
  const kafka = await client(ports[0]);
  await described(kafka);
  expect((await read(`${pages}/readyz`)).status).toBe(200);
  await quorum.kill();
  kafka.send(Buffer.from(requestFrame(DescribeCluster, HEADER, BODY)));
  await kafka.closed;
  const unready = await read(`${pages}/readyz`);
  expect(unready.status).toBe(503);
  expect(unready.text).toContain("no answer from the edge");
  expect((await read(`${pages}/livez`)).status).toBe(200);
  expect((await read(`${pages}/metrics`)).text).toContain("kedge_gateway_frames_failed_total 1\n");
  await quorum.restart();
  await quorum.untilReady();
  await expect
    .poll(async () => (await read(`${pages}/readyz`)).status, { timeout: 10_000 })
    .toBe(200);
});

const HEADER = { apiVersion: 1, correlationId: 1, clientId: "test" };
const BODY = { includeClusterAuthorizedOperations: false, endpointType: 2 };

const named = (text: string): string[] =>
  [...new Set([...text.matchAll(/\bKEDGE_[A-Z_]+\b/g)].map(([name]) => name))].toSorted();

describe("what runs it", () => {
  test("the file of variables has every option, and no other", () => {
    expect(named(deployed("gateway.env"))).toEqual(VARIABLES.toSorted());
  });

  test.each(["kedge-gateway.service", "Containerfile"])(
    "%s names no variable that is none",
    (name) => {
      const names = named(deployed(name));
      expect(names.length).toBeGreaterThan(0);
      expect(names.filter((each) => !VARIABLES.includes(each))).toEqual([]);
    },
  );

  test("the unit is one that systemd takes, and gives the process few rights", async () => {
    const unit = deployed("kedge-gateway.service");
    for (const line of [
      "DynamicUser=yes",
      "CapabilityBoundingSet=",
      "EnvironmentFile=/etc/kedge/gateway.env",
    ])
      expect(unit.split("\n")).toContain(line);
    const settings = unit.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    expect(settings.filter((line) => !/^(\[\w+\]|[A-Z]\w+=.*)$/.test(line))).toEqual([]);
    if (spawnSync("systemd-analyze", ["--version"]).status !== 0) return;
    const path = join(folder, "kedge-gateway.service");
    await writeFile(path, unit.replace("/usr/local/bin/kedge-gateway", file));
    const { status, stderr } = spawnSync("systemd-analyze", ["verify", "--man=no", path], {
      encoding: "utf8",
    });
    expect(stderr).toBe("");
    expect(status).toBe(0);
  });

  test("the container runs the bundle as nobody, on a pinned Node, and its health check is true", async () => {
    const text = deployed("Containerfile");
    expect(text).toMatch(/^FROM docker\.io\/library\/node:2[0-9]-slim$/m);
    expect(text).toMatch(/^USER [1-9]\d+:[1-9]\d+$/m);
    expect(text).toContain(`COPY --chmod=0755 ${GATEWAY.name} /usr/local/bin/kedge-gateway`);
    expect(text).toContain('ENTRYPOINT ["kedge-gateway"]');
    const [, words = "[]"] = /^HEALTHCHECK .*\\\n {2}CMD (\[.*\])$/m.exec(text) ?? [];
    const [command, ...args]: readonly string[] = JSON.parse(words);
    expect(command).toBe("node");
    const check = async (http: string): Promise<number | null> => {
      const child = execFile(process.execPath, args, {
        env: { ...process.env, KEDGE_HTTP: http },
      });
      const [code]: readonly unknown[] = await once(child, "close");
      return typeof code === "number" ? code : null;
    };
    const program = new Program([], { file, env: environment() });
    const { host } = new URL(await program.pages());
    expect(await check(host)).toBe(0);
    program.process.kill("SIGKILL");
    await program.exited;
    expect(await check(host)).toBe(1);
  });
});
