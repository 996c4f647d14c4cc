import { readFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { configureEdge, type Edge } from "../../local/edge.ts";
import { freePort } from "../../local/ports.ts";

let folder: string;
beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), "kedge-edge-"))));
afterEach(() => rm(folder, { recursive: true, force: true }));

const isLive = async ({ url }: Edge): Promise<boolean> => (await fetch(`${url}/health/live`)).ok;

test("a runtime that is configured once starts again after a kill, as the same Worker on its port", async () => {
  const port = await freePort();
  const configured = await configureEdge({ persistTo: folder, port });
  const first = await configured.start();
  expect([first.port, await isLive(first)]).toEqual([port, true]);
  await first.kill();
  expect(await first.exited).toBe("SIGKILL");
  const second = await configured.start();
  try {
    expect([second.port, await isLive(second), second.token]).toEqual([port, true, first.token]);
  } finally {
    await second.stop();
  }
});

test("a folder is free whose runtime is gone, though another one has its process id and its port", async () => {
  const other = await (await configureEdge({ persistTo: join(folder, "other") })).start();
  try {
    const configured = await configureEdge({ persistTo: join(folder, "own") });
    const owner = { pid: other.pid, parent: process.pid, port: other.port };
    const note = join(folder, "own", "runtime", "owner.json");
    await writeFile(note, JSON.stringify(owner));
    await expect(configured.start()).rejects.toThrow(/is in use by workerd/);
    await writeFile(note, JSON.stringify({ ...owner, started: "1" }));
    const own = await configured.start();
    expect(await isLive(own)).toBe(true);
    await own.stop();
  } finally {
    await other.stop();
  }
});

test("a launcher becomes the runtime, and has prepared it", async () => {
  const launcher = ["env", "--ignore-signal=XFSZ"];
  const edge = await (await configureEdge({ persistTo: folder, launcher })).start();
  try {
    expect(await isLive(edge)).toBe(true);
    const status = await readFile(`/proc/${edge.pid}/status`, "utf8");
    expect(status).toMatch(/^Name:\s*workerd/);
    const ignored = BigInt(`0x${/SigIgn:\s*(\w+)/.exec(status)?.[1] ?? "0"}`);
    const XFSZ = 25n;
    expect((ignored >> (XFSZ - 1n)) & 1n).toBe(1n);
  } finally {
    await edge.stop();
  }
});

test("what the Worker may call besides is a service of its own in the configuration", async () => {
  await configureEdge({ persistTo: folder, externals: { PEER: "127.0.0.1:9" } });
  const text = await readFile(join(folder, "runtime", "workerd.capnp"), "utf8");
  expect(text).toContain('(name = "PEER", external = (address = "127.0.0.1:9", http = ()))');
  expect(text).toContain('(name = "PEER", service = "PEER")');
});
