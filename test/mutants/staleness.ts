import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Mutant } from "./mutant.ts";

/** What is wrong with a line of the table: every text must be found exactly once, in the tree at `root`. */
export async function complaintAbout(
  root: string,
  { name, edits }: Mutant,
): Promise<string | undefined> {
  for (const { file, find, replace } of edits) {
    // oxlint-disable-next-line no-await-in-loop -- two or three small files
    const times = (await readFile(join(root, file), "utf8").catch(() => "")).split(find).length - 1;
    if (times !== 1) return `the table is stale: "${name}" finds a text ${times} times in ${file}`;
    if (find === replace) return `the table is stale: "${name}" changes nothing in ${file}`;
  }
  return undefined;
}
