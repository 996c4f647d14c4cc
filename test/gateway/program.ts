/** A gateway as a process of its own, and what it says. */
import { spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { atEnd } from "./harness.ts";

const MAIN = join(import.meta.dirname, "..", "..", "gateway", "main.ts");

export interface ProgramOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Which Node runs it, and what: this one, and the checkout's, unless said. */
  readonly node?: string;
  readonly file?: string;
}

export class Program {
  readonly process: ChildProcess;
  readonly lines: string[] = [];
  readonly exited: Promise<number | null>;
  #wake = Promise.withResolvers<void>();

  constructor(
    args: readonly string[],
    { env = {}, node = process.execPath, file = MAIN }: ProgramOptions = {},
  ) {
    // What the gateway of whoever runs the tests is told is not for this one.
    const own = Object.entries(process.env).filter(([name]) => !name.startsWith("KEDGE_"));
    this.process = spawn(node, [file, ...args], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...Object.fromEntries(own), ...env },
    });
    atEnd(() => void this.process.kill("SIGKILL"));
    for (const stream of [this.process.stdout, this.process.stderr]) {
      if (stream === null) throw new Error("no output");
      createInterface({ input: stream }).on("line", (line) => {
        this.lines.push(line);
        this.#wake.resolve();
      });
    }
    this.exited = new Promise((settle) => {
      this.process.once("close", (code) => {
        settle(code);
        this.#wake.resolve();
      });
    });
  }

  /** Waits for a line that holds `text`, from the `from`th on. */
  async says(text: string, from = 0): Promise<string> {
    for (;;) {
      const found = this.lines.slice(from).find((line) => line.includes(text));
      if (found !== undefined) return found;
      if (this.process.exitCode !== null) throw new Error(`it ended: ${this.lines.join("\n")}`);
      this.#wake = Promise.withResolvers();
      await this.#wake.promise;
    }
  }

  /** Where its pages are, once it has said so. */
  async pages(): Promise<string> {
    return /http:[\w.:/]+/.exec(await this.says("/readyz"))?.[0] ?? "";
  }

  async hangUp(): Promise<number> {
    const { length } = this.lines;
    this.process.kill("SIGHUP");
    await this.says("what the edge is shown", length);
    return length;
  }
}
