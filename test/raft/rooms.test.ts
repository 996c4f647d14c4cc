/**
 * The order of the rooms in src/raft, as its README draws it. An arrow is an import; none may run back up.
 */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path";
import { describe, expect, test } from "vitest";

const ROOT = "src/raft";

/** From the bottom to the top: a floor may import its own files and those of the floors below. */
const FLOORS: readonly (readonly string[])[] = [
  ["messages.ts", "inputs.ts", "effects.ts", "config.ts", "log-summary.ts", "storage-identity.ts"],
  ["membership"],
  ["state.ts", "turn.ts", "leadership.ts", "heartbeat.ts"],
  ["exchange"],
  ["sleep"],
  ["reading"],
  ["snapshots"],
  ["replication"],
  ["election"],
  ["reconfiguration"],
  [
    "deadlines.ts",
    "time.ts",
    "due.ts",
    "doubts.ts",
    "responses.ts",
    "invariants.ts",
    "confirmed-age.ts",
    "describe-quorum.ts",
    "trace.ts",
  ],
  ["step.ts", "boot.ts"],
  ["index.ts"],
];

const files = execFileSync("git", ["ls-files", ROOT], { encoding: "utf8" })
  .split("\n")
  .filter((path) => path.endsWith(".ts") && existsSync(path));

const placeOf = (path: string): string =>
  dirname(path) === ROOT ? basename(path) : basename(dirname(path));
const floorOf = (path: string): number =>
  FLOORS.findIndex((places) => places.includes(placeOf(path)));

describe("the rooms of src/raft", () => {
  test("every file has its place in the order", () => {
    expect(files.filter((path) => floorOf(path) === -1)).toEqual([]);
  });

  test("no import runs back up", () => {
    const climbs = files.flatMap((path) =>
      [...readFileSync(path, "utf8").matchAll(/from "(\.[^"]+)"/g)]
        .map(([, to]) => normalize(join(dirname(path), to ?? "")))
        .filter((to) => to.startsWith(`${ROOT}/`) && floorOf(to) > floorOf(path))
        .map((to) => `${path} -> ${to}`),
    );
    expect(climbs).toEqual([]);
  });
});
