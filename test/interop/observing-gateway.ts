/** A gateway that observes, as a process of its own. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { ROOT } from "../../local/checkout.ts";
import { freePort } from "../../local/ports.ts";
import { until } from "../../local/until.ts";

export interface ObservingGateway {
  readonly lines: readonly string[];
  /** Text of its page, and the status. */
  readonly page: (path: string) => Promise<{ readonly status: number; readonly text: string }>;
  /** Waits for a line of its log. */
  readonly line: (pattern: RegExp, withinMs: number) => Promise<string>;
  /** SIGKILL. */
  readonly kill: () => Promise<void>;
}

export interface Observing {
  readonly servers: string;
  readonly clusterId: string;
  readonly edge: string;
  readonly token: string;
}

const running = new Set<number>();
process.once("exit", () => {
  for (const pid of running) process.kill(pid, "SIGKILL");
});

export async function startObservingGateway(to: Observing): Promise<ObservingGateway> {
  const httpPort = await freePort();
  const options = ["--observe", to.servers, "--cluster", to.clusterId, "--edge", to.edge];
  const child = spawn(
    process.execPath,
    ["gateway/main.ts", ...options, "--http", `127.0.0.1:${httpPort}`],
    {
      cwd: ROOT,
      env: { ...process.env, KEDGE_TOKEN: to.token, npm_lifecycle_event: undefined },
      stdio: ["ignore", "ignore", "pipe"],
    },
  );
  const pid = child.pid ?? 0;
  running.add(pid);
  const lines: string[] = [];
  createInterface({ input: child.stderr }).on("line", (line) => lines.push(line));
  const gone = new Promise<void>((resolve) => {
    child.once("exit", () => {
      running.delete(pid);
      resolve();
    });
  });
  return {
    lines,
    page: async (path) => {
      const response = await fetch(`http://127.0.0.1:${httpPort}${path}`);
      return { status: response.status, text: await response.text() };
    },
    line: (pattern, withinMs) =>
      until(
        `a line like ${pattern.source} of the gateway`,
        { withinMs, evidence: () => lines.slice(-20).join("\n") },
        () => lines.find((line) => pattern.test(line)),
      ),
    kill: async () => {
      child.kill("SIGKILL");
      await gone;
    },
  };
}
