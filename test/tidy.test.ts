/**
 * The style guide as a test: what no linter knows. Every rule reads the files that git tracks, so a file that
 * nobody added is not judged, and one that was is judged wherever it lies.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path";
import { describe, expect, test } from "vitest";

/** This file names what no other may. */
const SELF = "test/tidy.test.ts";

const tracked = execFileSync("git", ["ls-files"], { encoding: "utf8" })
  .split("\n")
  .filter(existsSync);
const read = (path: string): string => readFileSync(path, "utf8");
const isFixture = (path: string): boolean => path.startsWith("test/fixtures/");
const code = tracked.filter((path) => /\.(ts|js)$/.test(path) && !isFixture(path));
const prose = tracked.filter((path) => path.endsWith(".md"));
const sources = code.filter((path) =>
  /^(src|durable-objects|worker|gateway|client|local)\//.test(path),
);

/** Code lines, without blanks and comments. */
function codeLines(text: string): number {
  const withoutBlocks = text.replace(/\/\*[\s\S]*?\*\//g, "");
  return withoutBlocks.split("\n").filter((line) => !/^\s*(\/\/.*)?$/.test(line)).length;
}

/** The folder of the theory that a path lies in. */
const roomOf = (path: string): string =>
  path.startsWith("src/") ? path.split("/").slice(0, 2).join("/") : (path.split("/")[0] ?? "");

/** The modules that `path` imports from this tree, as paths from the root. */
function imports(path: string): string[] {
  return [...read(path).matchAll(/from "(\.[^"]+)"|import\("(\.[^"]+)"\)/g)].map(([, from, lazy]) =>
    normalize(join(dirname(path), from ?? lazy ?? "")),
  );
}

describe("a source file", () => {
  test("stays within 400 lines of code", () => {
    const over = sources
      .map((path) => `${path}: ${codeLines(read(path))}`)
      .filter((line) => Number(line.split(": ")[1]) > 400);
    expect(over).toEqual([]);
  });

  test("opens with a paragraph that says what it is", () => {
    expect(sources.filter((path) => !/^(#!.*\n)?\s*\/\*\*/.test(read(path)))).toEqual([]);
  });

  test("is imported by something, or is a door that something outside starts", () => {
    const doors = new Set(["worker/index.ts", "gateway/main.ts", "local/runtime-config.ts"]);
    const imported = new Set(code.flatMap(imports));
    expect(sources.filter((path) => !imported.has(path) && !doors.has(path))).toEqual([]);
  });

  test("has a name that says a noun of the theory", () => {
    const empty = /(^|\/)(utils?|helpers?|common|types|constants|misc|manager|service)(\.ts|\/)/;
    expect(sources.filter((path) => empty.test(path))).toEqual([]);
  });

  test("leaves no unfinished business behind", () => {
    const marks = /TODO|FIXME|XXX|HACK/;
    expect(code.filter((path) => path !== SELF && marks.test(read(path)))).toEqual([]);
  });
});

describe("the dependency rule", () => {
  const allowed: Readonly<Record<string, readonly string[]>> = {
    "src/std": [],
    "src/raft": ["src/std"],
    "src/protocol": ["src/std"],
    "src/metadata": ["src/std", "src/protocol"],
    "durable-objects": ["src/std", "src/raft", "src/protocol", "src/metadata"],
    worker: ["durable-objects", "src/std", "src/protocol", "src/metadata"],
    gateway: ["src/std"],
  };

  test.each(Object.entries(allowed))("%s imports only %j and itself", (room, others) => {
    const strays = sources
      .filter((path) => roomOf(path) === room)
      .flatMap((path) => imports(path).map((to) => [path, to] as const))
      .filter(([, to]) => roomOf(to) !== room && !others.includes(roomOf(to)));
    expect(strays).toEqual([]);
  });

  test("a folder under src is entered through its door", () => {
    const strays = sources.flatMap((path) =>
      imports(path)
        .filter(
          (to) =>
            to.startsWith("src/") && roomOf(to) !== roomOf(path) && !to.startsWith("src/std/"),
        )
        .filter((to) => !to.endsWith("/index.ts"))
        .map((to) => `${path} -> ${to}`),
    );
    expect(strays).toEqual([]);
  });
});

describe("the prose", () => {
  test("every folder of code has a README of its own or just above it", () => {
    const folders = [...new Set(sources.map((path) => dirname(path)))];
    expect(
      folders.filter(
        (folder) =>
          !existsSync(join(folder, "README.md")) && !existsSync(join(dirname(folder), "README.md")),
      ),
    ).toEqual([]);
  });

  test("every Markdown file opens with one title", () => {
    expect(prose.filter((path) => !isFixture(path) && !/^# \S/.test(read(path)))).toEqual([]);
  });

  test("names no source file that is not there", () => {
    const names = new Set(code.map((path) => basename(path)));
    const gone = prose.flatMap((path) =>
      [...read(path).matchAll(/(?<![\w.<>*-])(?:[\w-]+\/)*([\w-][\w.-]*\.ts)\b/g)]
        .filter(([, name]) => !names.has(name ?? ""))
        .map(([named]) => `${path} -> ${named}`),
    );
    expect(gone).toEqual([]);
  });

  test("every relative link leads somewhere", () => {
    const dead = prose.flatMap((path) =>
      [...read(path).matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)(?:#[^)]*)?\)/g)]
        .map(([, to]) => join(dirname(path), to ?? ""))
        .filter((to) => !existsSync(to))
        .map((to) => `${path} -> ${to}`),
    );
    expect(dead).toEqual([]);
  });

  test("no file names a path that exists on one machine only", () => {
    const local = /\/(work|root|home\/[a-z]+)\//;
    const text = tracked.filter(
      (path) => path !== SELF && !isFixture(path) && !/package-lock|LICENSE/.test(path),
    );
    expect(text.filter((path) => local.test(read(path)))).toEqual([]);
  });
});
