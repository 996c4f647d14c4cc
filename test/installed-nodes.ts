/** The Nodes that this machine has, for what must run on each: that of the test, and others on the path. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

const OLDEST = 20;

/** Version and path of each, from 20 on. */
export const NODES: readonly (readonly [version: string, path: string])[] = [
  process.execPath,
  ...(process.env["PATH"] ?? "").split(delimiter),
]
  .map((place) => (place === process.execPath ? place : join(place, "node")))
  .filter((path) => !path.includes("node_modules/.bin") && existsSync(path))
  .map((path) => [versionOf(path), path] as const)
  .filter(([version], at, all) => all.findIndex(([other]) => other === version) === at)
  .filter(([version]) => Number(/^v(\d+)/.exec(version)?.[1]) >= OLDEST);

function versionOf(node: string): string {
  return execFileSync(node, ["--version"], { encoding: "utf8" }).trim();
}
