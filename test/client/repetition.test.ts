/** What a client repeats, and what it does not, over a network that fails a call before or after it arrives. */
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Fetch } from "../../client/caller.ts";
import { kedge, type Cluster } from "../../client/kedge.ts";
import { RefusedError } from "../../client/refused-error.ts";
import { runningQuorum, type RunningQuorum } from "../worker/running-quorum.ts";

let quorum: RunningQuorum;
beforeAll(async () => {
  quorum = await runningQuorum(1);
}, 120_000);
afterAll(() => quorum.stop());

type Fault = "lost" | "answer lost" | "503 undone" | "503 unknown" | "none";

/** The cluster over a network that treats one call after the other so, and all further ones well. */
function faulty(faults: readonly Fault[]): { readonly cluster: Cluster; calls: () => number } {
  let calls = 0;
  const broken: Fetch = async (url, init) => {
    const fault = faults[calls] ?? "none";
    calls += 1;
    if (fault === "lost") throw new TypeError("fetch failed");
    if (fault === "503 undone") return refused(50_301);
    const response = await fetch(url, init);
    if (fault === "answer lost") throw new TypeError("terminated");
    return fault === "503 unknown" ? refused(50_302) : response;
  };
  const { url, token } = quorum.edge;
  const cluster = kedge({ url, token, send: broken }).cluster(quorum.formed.cluster_id);
  return { cluster, calls: () => calls };
}

const refused = (code: number): Response =>
  Response.json(
    { error_code: code, message: "a test says so" },
    { status: 503, headers: { "Retry-After": "0" } },
  );

test("a read is repeated through losses and 503s", async () => {
  const { cluster, calls } = faulty(["lost", "503 undone", "answer lost", "503 unknown"]);
  expect(await cluster.topics.list()).toEqual([]);
  expect(calls()).toBe(5);
});

test("a change whose outcome is unknown is not repeated", async () => {
  for (const fault of ["answer lost", "lost", "503 unknown"] as const) {
    const { cluster, calls } = faulty([fault]);
    const made = cluster.topics.delete("none");
    await expect(made).rejects.toThrow(RefusedError);
    expect(calls()).toBe(1);
  }
});

test("a change that was not begun is repeated", async () => {
  const { cluster, calls } = faulty(["503 undone", "503 undone"]);
  await expect(cluster.topics.delete("none")).rejects.toThrow("40403");
  expect(calls()).toBe(3);
});

test("a change that is the same done twice is repeated", async () => {
  const { cluster, calls } = faulty(["answer lost", "503 unknown"]);
  await cluster.configs.defaults.set("log.cleaner.threads", "3");
  expect(calls()).toBe(3);
});

test("patience has an end", async () => {
  const { cluster, calls } = faulty(Array.from({ length: 20 }, () => "503 undone" as const));
  await expect(cluster.topics.list()).rejects.toThrow("a test says so");
  expect(calls()).toBe(6);
});

test("a refusal that time does not mend is told at once", async () => {
  const { cluster, calls } = faulty([]);
  await expect(cluster.topics.get("none")).rejects.toThrow("40403");
  expect(calls()).toBe(1);
});
