/**
 * This product as `npm start` runs it: a process of its own, in which the gateway is, and a workerd below it with three
 * controllers. Its controllers are aborted, stopped and started over HTTP, as an operator does it.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { rmSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { clusterClient } from "../../client/cluster-client.ts";
import { ROOT } from "../../local/checkout.ts";
import { freePort, freePorts } from "../../local/ports.ts";
import type { Subject } from "./subject.ts";

const START_MS = 90_000;
const STOP_MS = 10_000;

/** What `npm start -- --json` says once it is ready, as far as it is read here. */
interface Started {
  readonly edge: string;
  readonly cluster_id: string;
  readonly controllers: readonly { readonly node_id: number; readonly port: number }[];
  readonly token_file: string;
}

export async function startKedgeQuorum(): Promise<Subject> {
  const folder = await mkdtemp(join(tmpdir(), "kedge-bench-"));
  const [gatewayPort = 0] = await freePorts(3);
  const child = spawn(
    process.execPath,
    [
      join(ROOT, "scripts", "start.ts"),
      "--json",
      `--port=${await freePort()}`,
      `--gateway-port=${gatewayPort}`,
      `--persist-to=${folder}`,
    ],
    // Without npm's own variables: it would end when another npm than its own does.
    { stdio: ["ignore", "pipe", "pipe"], env: { ...process.env, npm_lifecycle_event: undefined } },
  );
  // It ends its runtime; what both still write goes with the folder.
  const endNow = (): void => {
    child.kill("SIGTERM");
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  };
  process.once("exit", endNow);
  const stop = async (): Promise<void> => {
    await ended(child);
    process.off("exit", endNow);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    return subjectOf(await firstLine(child), stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

async function subjectOf(text: string, stop: () => Promise<void>): Promise<Subject> {
  const started: Started = JSON.parse(text);
  const token = (await readFile(started.token_file, "utf8")).trim();
  const cluster = clusterClient({ url: started.edge, token }, started.cluster_id);
  return {
    name: "kedge",
    clusterId: started.cluster_id,
    ports: new Map(started.controllers.map(({ node_id, port }) => [node_id, port])),
    abort: async (nodeId) => void (await cluster.post(`controllers/${nodeId}:restart`)),
    halt: async (nodeId) => void (await cluster.post(`controllers/${nodeId}:stop`)),
    start: async (nodeId) => void (await cluster.post(`controllers/${nodeId}:start`)),
    stop,
  };
}

/** The one line on standard output; rejects with what was said instead. */
function firstLine(child: ChildProcess): Promise<string> {
  return new Promise((settle, fail) => {
    const { stdout, stderr } = child;
    if (stdout === null || stderr === null) throw new Error("no streams");
    let said = "";
    stderr.on("data", (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(-2_000)));
    const timer = setTimeout(() => fail(new Error(`not ready after ${START_MS} ms`)), START_MS);
    createInterface({ input: stdout }).once("line", (line) => {
      clearTimeout(timer);
      settle(line);
    });
    child.once("exit", () => {
      clearTimeout(timer);
      fail(new Error(`npm start ended: ${said}`));
    });
  });
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = new Promise<void>((settle) => child.once("exit", () => settle()));
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), STOP_MS);
  await exited;
  clearTimeout(timer);
}
