/** `docs/HTTP.md` against the code: every path and every refusal is on the page, and nothing else is. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { app } from "../../worker/app.ts";
import { CODES } from "../../worker/http/errors.ts";

const page = readFileSync("docs/HTTP.md", "utf8");

/** A path as the page writes it: `:name{pattern}` is `{name}`. */
const written = (path: string): string =>
  path.replaceAll(/(?<=\/):(\w+)(?:\{[^/]*\})?/g, "{$1}").replace(/(?<=.)\/$/, "");

test("the page has a section for every path, and no other", () => {
  const served = app.routes
    .filter(({ method }) => method !== "ALL")
    .map(({ method, path }) => `${method} ${written(path)}`);
  const described = [...page.matchAll(/^### `(.+)`$/gm)].map(([, heading = ""]) => heading);
  expect(described.toSorted()).toEqual(served.toSorted());
});

test("the page lists every refusal with its status and its code", () => {
  const listed = [...page.matchAll(/^\| (\d{3}) +\| (\d{5}) /gm)].map(([, status, code]) => [
    Number(status),
    Number(code),
  ]);
  expect(listed).toEqual(Object.values(CODES));
});
