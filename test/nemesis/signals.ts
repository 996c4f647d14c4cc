/** A process that stands still. */
import { readFile } from "node:fs/promises";

/** Stops a process where it stands (SIGSTOP); true once the system says that it stands. */
export async function stopped(pid: number): Promise<boolean> {
  process.kill(pid, "SIGSTOP");
  for (let look = 0; look < 100; look += 1) {
    const state = await readFile(`/proc/${pid}/stat`, "utf8");
    if (/\) T /.test(state)) return true;
    await new Promise((settle) => setTimeout(settle, 2));
  }
  return false;
}
