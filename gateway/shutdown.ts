/** Calls back on a signal to stop, or when the npm that started us exits. */

/** How often to look whether npm is still there. */
const PARENT_MS = 250;

type StopSignal = "SIGINT" | "SIGTERM" | "SIGHUP";

/**
 * Calls `stop` with the reason, once for each signal and when npm ends. Keeps no process alive. A program to which
 * SIGHUP means something else leaves it out.
 */
export function onShutdown(
  stop: (reason: string) => void,
  signals: readonly StopSignal[] = ["SIGINT", "SIGTERM", "SIGHUP"],
): void {
  for (const signal of signals) process.on(signal, () => stop(signal));
  // npm signals the shell between itself and this process, and that shell dies without passing the signal on.
  if (process.env["npm_lifecycle_event"] === undefined) return;
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    stop("npm ended");
  }, PARENT_MS).unref();
}
