/** How a program that runs until it is told to stop is told: by a signal, or under npm by the end of what started it. */

/** How often to look whether npm is still there. */
const PARENT_MS = 250;

/** Calls `told` with what happened, each time something does. Keeps no process alive. */
export function onShutdown(told: (how: string) => void): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => told(signal));
  }
  // npm hands a signal to the shell that stands between it and this process, and that shell dies of it in silence.
  if (process.env["npm_lifecycle_event"] === undefined) return;
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    told("npm ended");
  }, PARENT_MS).unref();
}
