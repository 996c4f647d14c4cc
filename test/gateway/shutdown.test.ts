/** A program is told of signals, and of the end of the npm that started it. */
import { spawn, type ChildProcess } from "node:child_process";
import { on } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { expect, test } from "vitest";

const MODULE = join(import.meta.dirname, "..", "..", "gateway", "shutdown.ts");
/** Prints its id, and then the reason to stop. It ends by itself, so that no failure leaves it behind. */
const PROGRAM = `
  import { onShutdown } from ${JSON.stringify(MODULE)};
  onShutdown((how) => { console.log(how); process.exit(); });
  setTimeout(() => process.exit(), 20_000);
  console.log(process.pid);
`;

/** The program below a shell of its own, as npm runs it. */
function underShell(environment: Readonly<Record<string, string>>): ChildProcess {
  // The shell has something left to do, or it would become the program.
  return spawn("sh", ["-c", '"$0" --input-type=module --eval "$1"; :', process.execPath, PROGRAM], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, ...environment },
  });
}

async function conversation(
  shell: ChildProcess,
  then: (programId: number) => void,
): Promise<string> {
  if (shell.stdout === null) throw new Error("no standard output");
  const lines = on(createInterface({ input: shell.stdout }), "line", { close: ["close"] });
  const said: string[] = [];
  for await (const [line] of lines) {
    said.push(String(line));
    if (said.length === 1) then(Number(line));
    else return String(line);
  }
  throw new Error(`it ended without a word: ${said.join(" ")}`);
}

test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("%s is heard", async (signal) => {
  const shell = underShell({});
  expect(await conversation(shell, (pid) => process.kill(pid, signal))).toBe(signal);
});

test("the end of the shell between npm and the program is heard", async () => {
  const shell = underShell({ npm_lifecycle_event: "start" });
  expect(await conversation(shell, () => void shell.kill("SIGTERM"))).toBe("npm ended");
});
