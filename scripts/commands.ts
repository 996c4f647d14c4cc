/**
 * Running the tools that `check`, `fix`, `test` and `deploy` are made of, in the checkout's root, with the
 * environment that keeps them local and quiet.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { ROOT, RUNTIME_ENVIRONMENT } from "../local/checkout.ts";

/** Runs `command` with this process's streams; its exit status, or 1 when a signal ended it. */
export async function run(command: string, args: readonly string[]): Promise<number> {
  const child = spawn(command, args, {
    cwd: ROOT,
    stdio: "inherit",
    env: { ...process.env, ...RUNTIME_ENVIRONMENT },
    // npm's launchers are scripts on Windows, which only a shell can start.
    shell: process.platform === "win32",
  });
  const [code]: readonly unknown[] = await once(child, "exit");
  return typeof code === "number" ? code : 1;
}

/** Runs `command` and keeps what it prints; errors are part of the text only when it fails. */
export async function output(
  command: string,
  args: readonly string[],
): Promise<{ readonly code: number; readonly text: string }> {
  const child = spawn(command, args, {
    cwd: ROOT,
    stdio: ["inherit", "pipe", "pipe"],
    env: { ...process.env, ...RUNTIME_ENVIRONMENT },
    shell: process.platform === "win32",
  });
  let printed = "";
  let errors = "";
  child.stdout.on("data", (chunk: Buffer) => (printed += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  const [code]: readonly unknown[] = await once(child, "close");
  return code === 0
    ? { code, text: printed }
    : { code: typeof code === "number" ? code : 1, text: `${printed}${errors}` };
}

export interface Step {
  readonly title: string;
  readonly command: string;
  readonly args: readonly string[];
}

/** Runs every step, also after one has failed, so that one run shows everything; true when all went well. */
export async function runAll(steps: readonly Step[]): Promise<boolean> {
  const failed: string[] = [];
  for (const { title, command, args } of steps) {
    console.log(`==> ${title}: ${command} ${args.join(" ")}`);
    if ((await run(command, args)) !== 0) failed.push(title);
  }
  if (failed.length > 0) console.log(`failed: ${failed.join(", ")}`);
  return failed.length === 0;
}
