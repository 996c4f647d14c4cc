/**
 * The style guide as a test: what no linter knows. Every rule reads the files that git tracks, so a file that
 * nobody added is not judged, and one that was is judged wherever it lies.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path";
import { describe, expect, test } from "vitest";
import { ENDS, ENTRANCE, FOLDERS, KNOWN, ROOMS, type Rule } from "./house.ts";

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

/** The folder of the house that a path lies in; of `src` the core. */
const folderOf = (path: string): string =>
  path.startsWith("src/") ? path.split("/").slice(0, 2).join("/") : (path.split("/")[0] ?? "");

/** What `path` imports, types included, in whatever form. */
const specifiers = (path: string): string[] =>
  [
    ...read(path).matchAll(
      /^(?:import|export|\}) .*?from "([^"]+)"|^import "([^"]+)"|\bimport\("([^"]+)"\)/gm,
    ),
  ].map(([, from, bare, lazy]) => from ?? bare ?? lazy ?? "");

/** The modules that `path` imports from this tree, as paths from the root. */
const imports = (path: string): string[] =>
  specifiers(path)
    .filter((to) => to.startsWith("."))
    .map((to) => normalize(join(dirname(path), to)));

const comments = (path: string): string =>
  [...read(path).matchAll(/\/\*\*?[\s\S]*?\*\/|(?<=^|\s)\/\/ .*$/gm)].join("\n");

/** Passes when `found` is what `KNOWN` lists under that name. */
function expectKnown(rule: Rule, found: readonly string[], message: string): void {
  const known = KNOWN[rule];
  expect(
    found.filter((each) => !known.includes(each)),
    message,
  ).toEqual([]);
  expect(
    known.filter((each) => !found.includes(each)),
    "take this out of KNOWN.",
  ).toEqual([]);
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
    const doors = new Set([
      "worker/index.ts",
      "gateway/main.ts",
      "command/main.ts",
      "local/runtime-bundle.ts",
    ]);
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

/** The row that a file of `folder` belongs to. */
function roomOf(folder: string, path: string): string {
  const [first = "", ...below] = path.slice(folder.length + 1).split("/");
  if (below.length > 0) return first;
  const name = basename(first, ".ts");
  const rows = Object.entries(ROOMS[folder] ?? {});
  return rows.find(([, { files }]) => files?.includes(name) === true)?.[0] ?? ENTRANCE;
}

/** The imports that leave `folder` for one that is not allowed. */
const strays = (folder: string, isAllowed: (to: string) => boolean): string[] =>
  code
    .filter((path) => folderOf(path) === folder)
    .flatMap((path) => imports(path).map((to) => [path, to] as const))
    .filter(([, to]) => folderOf(to) !== folder && !isAllowed(folderOf(to)))
    .map(([path, to]) => `${path} -> ${to}`);

describe("the dependency rule of the folders", () => {
  test("has a row for every folder that holds code", () => {
    const folders = new Set(code.filter((path) => path.includes("/")).map(folderOf));
    expect([...folders].toSorted()).toEqual([...Object.keys(FOLDERS), ...ENDS].toSorted());
  });

  test.each(Object.entries(FOLDERS))("%s imports its row and itself", (folder, row) => {
    const packages = code
      .filter((path) => folderOf(path) === folder)
      .flatMap((path) => specifiers(path).map((to) => [path, to] as const))
      .filter(([, to]) => !to.startsWith(".") && !row.packages.test(to));
    const rule = `${folder} may import ${row.mayImport.join(", ") || "nothing of this tree"}.`;
    expect(
      strays(folder, (to) => row.mayImport.includes(to)),
      rule,
    ).toEqual([]);
    expect(packages, `${folder} may import packages like ${row.packages.source}.`).toEqual([]);
  });

  test.each(ENDS)("%s imports any folder of the product, and nothing imports it", (folder) => {
    const rule = `Nothing imports ${ENDS.join(", ")}, not even each other.`;
    expect(
      strays(folder, (to) => to in FOLDERS),
      rule,
    ).toEqual([]);
  });

  test("the Worker knows of a controller no more than its contract", () => {
    // A fork is seeded with what a voter would have written: the Worker does not write snapshots in a way of its own.
    const known =
      /^durable-objects\/(bearer|bootstrap-users|link-opening|contract|cause-contract|snapshot-contract|cluster-entry|listed-cluster|cluster-deletion|cluster-settings|location-hints|jurisdictions|operator-log|random-uuid|snapshots\/fork-writing)\.ts$/;
    const peeks = sources
      .filter((path) => path.startsWith("worker/") && path !== "worker/index.ts")
      .flatMap((path) => imports(path).map((to) => [path, to] as const))
      .filter(([, to]) => to.startsWith("durable-objects/") && !known.test(to));
    expect(peeks).toEqual([]);
  });

  test("a folder under src is entered through its door", () => {
    const climbers = sources.flatMap((path) =>
      imports(path)
        .filter(
          (to) =>
            to.startsWith("src/") && folderOf(to) !== folderOf(path) && !to.startsWith("src/std/"),
        )
        .filter((to) => !to.endsWith("/index.ts"))
        .map((to) => `${path} -> ${to}`),
    );
    expect(climbers).toEqual([]);
  });
});

describe("the dependency rule of the rooms", () => {
  test.each(Object.entries(ROOMS))("the plan of %s runs upwards only", (_, rooms) => {
    const names = Object.keys(rooms);
    const downwards = Object.entries(rooms).filter(([name, { mayImport }]) =>
      mayImport.some((other) => !names.slice(0, names.indexOf(name)).includes(other)),
    );
    expect(downwards, "A row may name only rows above it.").toEqual([]);
  });

  test("a room imports its row and itself", () => {
    const breaches = Object.entries(ROOMS).flatMap(([folder, rooms]) =>
      code
        .filter((path) => folderOf(path) === folder)
        .flatMap((path) => imports(path).map((to) => [path, to] as const))
        .filter(([, to]) => folderOf(to) === folder)
        .map(([path, to]) => ({ path, to, from: roomOf(folder, path), into: roomOf(folder, to) }))
        .filter(({ from, into }) => {
          if (from === into || from === ENTRANCE) return false;
          return rooms[from]?.mayImport.includes(into) !== true;
        })
        .map(({ path, to, from, into }) => `${path} -> ${to}: ${from} may not import ${into}`),
    );
    expectKnown("rooms", breaches, "Rooms and their order stand in test/house.ts.");
  });

  test("no files import each other in a circle, types included", () => {
    expectKnown("circles", circles(sources), "One of these imports has to go.");
  });
});

/** The circles among the imports of `paths`, each as its files in alphabetical order. */
function circles(paths: readonly string[]): string[] {
  const reached = new Map(paths.map((path) => [path, reach(path)]));
  const inCircle = paths.filter((path) => reached.get(path)?.has(path) === true);
  const groups = inCircle.map((path) =>
    inCircle
      .filter((other) => reached.get(path)?.has(other) && reached.get(other)?.has(path))
      .join(", "),
  );
  return [...new Set(groups)];
}

const importsOf = new Map<string, readonly string[]>();

/** Every file that `path` imports, and those that they import. */
function reach(path: string): ReadonlySet<string> {
  const seen = new Set<string>();
  const next = [path];
  for (let at = next.pop(); at !== undefined; at = next.pop()) {
    const direct = importsOf.get(at) ?? (existsSync(at) ? imports(at) : []);
    importsOf.set(at, direct);
    for (const to of direct) {
      if (seen.has(to)) continue;
      seen.add(to);
      next.push(to);
    }
  }
  return seen;
}

/** Names of source files and of pages under docs in a text; `*.ts` and `<api>.ts` are no names. */
const namedFiles = (text: string): string[] =>
  [...text.matchAll(/(?<![\w.<>*/-])(?:[\w.-]+\/)*[\w-][\w.-]*\.ts\b|\bdocs\/[\w/.-]+\.md\b/g)].map(
    ([named]) => named.replace(/^(\.\.?\/)+/, ""),
  );
const isThere = (named: string): boolean =>
  tracked.some((path) => path === named || path.endsWith(`/${named}`));

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
    const gone = prose.flatMap((path) =>
      namedFiles(read(path))
        .filter((named) => !isThere(named))
        .map((named) => `${path} -> ${named}`),
    );
    expectKnown("prose", gone, "These files are not there.");
  });

  test("in comments names no source file and no page that is not there", () => {
    const gone = code
      .filter((path) => path !== SELF)
      .flatMap((path) =>
        namedFiles(comments(path))
          .filter((named) => !isThere(named))
          .map((named) => `${path} -> ${named}`),
      );
    expectKnown("comments", gone, "These files are not there.");
  });

  test("keeps within 120 columns, but for code and for a link that stands alone", () => {
    const wide = prose.filter((path) => {
      const lines = read(path)
        .replace(/^```[\s\S]*?^```/gm, "")
        .split("\n");
      const isLink = /^\s*([-*] )?(\[[^\]]*\](\([^)]*\)|: \S+)|<?https?:\S+)[.,]?$/;
      return lines.some((line) => line.length > 120 && !isLink.test(line));
    });
    expectKnown("columns", wide, "A table whose cells hold sentences becomes a list.");
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
