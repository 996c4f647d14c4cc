/** `docs/HTTP.md` against the code: every path and every refusal is on the page, and nothing else is. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { app } from "../../worker/app.ts";
import { CODES } from "../../worker/http/errors.ts";
import { PARAMETERS, written } from "../../worker/routes/parameters.ts";

const page = readFileSync("docs/HTTP.md", "utf8");

const served = app.routes
  .filter(({ method }) => method !== "ALL")
  .map(({ method, path }) => `${method} ${written(path)}`);

test("the page has a section for every path, and no other", () => {
  const described = [...page.matchAll(/^### `(.+)`$/gm)].map(([, heading = ""]) => heading);
  expect(described.toSorted()).toEqual(served.toSorted());
});

test("parameters are listed of paths that there are, and are on the page", () => {
  for (const [route, names] of PARAMETERS) {
    expect(served).toContain(route);
    for (const name of names) expect(page).toContain(name);
  }
});

test("the page lists every refusal with its status and its code", () => {
  const listed = [...page.matchAll(/^\| (\d{3}) +\| (\d{5}) /gm)].map(([, status, code]) => [
    Number(status),
    Number(code),
  ]);
  expect(listed).toEqual(Object.values(CODES));
});
