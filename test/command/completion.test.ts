/** What is completed, as a real shell does it. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";

const MAIN = join(import.meta.dirname, "..", "..", "command", "main.ts");

let script: string;
beforeAll(() => {
  const { stdout } = spawnSync(process.execPath, [MAIN, "completion", "bash"], {
    encoding: "utf8",
  });
  script = stdout;
});

/** What bash offers for the last of `words`. */
function offered(...words: readonly string[]): readonly string[] {
  const quoted = words.map((word) => `'${word}'`).join(" ");
  const asked = `${script}\nCOMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}; _kedge; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const { stdout, stderr } = spawnSync("bash", ["-c", asked], { encoding: "utf8" });
  expect(stderr).toBe("");
  return stdout.split("\n").filter((line) => line !== "");
}

describe("bash's completion", () => {
  test("knows the commands", () => {
    expect(offered("kedge", "to")).toEqual(["tour", "topics", "token"].toSorted(byHelp));
  });

  test("knows what is below a command, and its options", () => {
    expect(offered("kedge", "topics", "cr")).toEqual(["create"]);
    expect(offered("kedge", "topics", "create", "--pa")).toEqual(["--partitions"]);
    expect(offered("kedge", "topics", "create", "orders", "--val")).toEqual(["--validate-only"]);
  });

  test("knows what may stand there", () => {
    expect(offered("kedge", "completion", "z")).toEqual(["zsh"]);
    expect(offered("kedge", "kafka", "console-p")).toEqual(["console-producer"]);
  });

  test("offers nothing for what is no command", () => {
    expect(offered("kedge", "nothing-of-the-kind")).toEqual([]);
  });
});

/** In the order of the help. */
const byHelp = (left: string, right: string): number => ORDER.indexOf(left) - ORDER.indexOf(right);
const ORDER = ["tour", "topics", "token"];
