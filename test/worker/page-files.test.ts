/** The files of the page, as the Worker hands them out. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { refusalOf, runningQuorum, type RunningQuorum } from "./running-quorum.ts";

let quorum: RunningQuorum;
beforeAll(async () => {
  quorum = await runningQuorum(1);
}, 120_000);
afterAll(() => quorum.stop());

const asked = (path: string, init?: RequestInit): Promise<Response> =>
  fetch(`${quorum.edge.url}${path}`, init);

test("the page and all that it loads come without a token, and each file names only files that come", async () => {
  const waiting = ["/"];
  const seen = new Set(waiting);
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const response = await asked(path);
    expect(response.status, path).toBe(200);
    const text = await response.text();
    for (const [, address = ""] of text.matchAll(/(?:src=|href=|from |import )"([./][^"]*)"/g)) {
      const { pathname } = new URL(address, `${quorum.edge.url}${path}`);
      if (seen.has(pathname)) continue;
      seen.add(pathname);
      waiting.push(pathname);
    }
  }
  expect(seen).toContain("/page/main.ts");
  expect(seen).toContain("/client/kedge.ts");
  expect(seen.size).toBeGreaterThan(30);
});

test("a browser runs nothing but this origin's files, and no text as markup", async () => {
  for (const path of ["/", "/page/main.ts", "/page/kedge.css"]) {
    const { headers } = await asked(path);
    const policy = headers.get("Content-Security-Policy") ?? "";
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self'");
    expect(policy).toContain("require-trusted-types-for 'script'");
    expect(policy).not.toContain("unsafe");
    expect(headers.get("X-Content-Type-Options")).toBe("nosniff");
    expect(headers.get("Cache-Control")).toBe("no-cache");
  }
  expect((await asked("/page/main.ts")).headers.get("Content-Type")).toContain("text/javascript");
});

test("types are left out, and names are not", async () => {
  const code = await (await asked("/page/numbers.ts")).text();
  expect(code).toContain("duration");
  expect(code).not.toContain(": number");
});

test("HEAD is answered, other methods are not", async () => {
  const head = await asked("/", { method: "HEAD" });
  expect([head.status, await head.text()]).toEqual([200, ""]);
  expect((await quorum.edge.fetch("/", { method: "POST" })).status).toBe(405);
});

test.each([
  "/page/tsconfig.json",
  "/page/README.md",
  "/page/none.ts",
  "/page/..%2fworker.js",
  "/client/%2e%2e/worker.js",
  "/worker.js",
  "/page/",
  "/src/raft/step.ts",
])("%s is no file of the page", async (path) => {
  expect(await refusalOf(quorum.edge.fetch(path))).toMatchObject({
    status: 404,
    error_code: 40_406,
  });
});
