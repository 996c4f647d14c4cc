/** What an answer's ETag says: a client keeps the answer while there is neither a newer one nor a newer Worker. */
import { beforeEach, expect, test } from "vitest";
import { app } from "../../worker/app.ts";
import { cutCluster, type CutCluster } from "./cut-log.ts";

const ONE = "0f3c9a51-6b1d-4f0e-9f57-6d1c3a6b2f10";
const NEXT = "0f3c9a52-6b1d-4f0e-9f57-6d1c3a6b2f10";

let log: CutCluster["log"];
let edge: CutCluster["edge"];
beforeEach(() => {
  ({ log, edge } = cutCluster(() => undefined));
});

/** The status of a read by that build of the Worker, and its tag. */
async function read(build: string, held?: string): Promise<readonly [number, string | null]> {
  const path = `/kafka/v3/clusters/${edge.entry.cluster_id}/topics`;
  const headers: Record<string, string> = held === undefined ? {} : { "If-None-Match": held };
  const env = { ...edge.env, BUILD: { id: build } };
  const response = await app.request(`http://localhost${path}`, { headers }, env);
  return [response.status, response.headers.get("ETag")];
}

/** The tag of an answer at that offset. */
const tagAt = (offset: number, build = "0f3c9a51"): string =>
  `"1:${offset}:${edge.entry.created_ms.toString(36)}:${build}"`;

test("names the position, the life and the build, and is a 304 in every form of it that a client may send", async () => {
  const tag = tagAt(49);
  expect(await read(ONE)).toEqual([200, tag]);
  for (const held of [tag, `W/${tag}`, `${tagAt(48)}, W/${tag}`, "*"])
    expect(await read(ONE, held)).toEqual([304, tag]);
});

test("is another one after a commit, and after a deploy", async () => {
  const [, tag] = await read(ONE);
  expect(await read(NEXT, tag ?? "")).toEqual([200, tagAt(49, "0f3c9a52")]);
  log.appendTopic("another");
  expect(await read(ONE, tag ?? "")).toEqual([200, tagAt(50)]);
});

test("of another life of the cluster, and one that names no build, are not held", async () => {
  expect((await read(ONE, '"1:49:another:0f3c9a51"'))[0]).toBe(200);
  expect((await read(ONE, '"1:49"'))[0]).toBe(200);
});
