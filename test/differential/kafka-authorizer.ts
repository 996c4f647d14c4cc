/**
 * Kafka's own `StandardAuthorizer` in a Java process of its own, asked over its standard input
 * (`AuthorizerDriver.java`).
 */
import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Kafka } from "../../local/kafka-release.ts";
import { ACL_OPERATION, ACL_RESOURCE } from "../../src/metadata/image/acls-image.ts";
import type { Question, RuleSet } from "./rule-set.ts";

/** The answers to one set come within seconds; compiling the driver is the longest of it. */
const ANSWERS_MS = 120_000;
const HEAP_MB = 384;

const base64 = (text: string): string => Buffer.from(text).toString("base64");

function* linesOf(set: RuleSet): Generator<string, void, undefined> {
  yield ["new", set.allowEveryone, base64(set.superUsers.join(";"))].join("\t");
  for (const acl of set.acls) {
    const codes = [acl.resourceType, acl.patternType, acl.permissionType, acl.operation];
    yield ["acl", ...codes, ...[acl.resourceName, acl.principal, acl.host].map(base64)].join("\t");
  }
  for (const question of set.questions) yield lineOf(question);
}

function lineOf({ resourceName, principal, ...question }: Question): string {
  return [
    resourceName === null ? "any" : "ask",
    ACL_RESOURCE[question.resourceType],
    ACL_OPERATION[question.operation],
    ...[principal.type, principal.name, question.host].map(base64),
    ...(resourceName === null ? [] : [base64(resourceName)]),
  ].join("\t");
}

export class KafkaAuthorizer {
  readonly #java: ChildProcessWithoutNullStreams;
  readonly #errors: string[] = [];
  readonly #killOnExit: () => void;
  #answers: string[] = [];
  #wanted = 0;
  #settle: (answers: readonly string[]) => void = () => undefined;
  #fail: (error: Error) => void = () => undefined;

  constructor({ lib }: Kafka) {
    this.#java = spawn("java", [
      `-Xmx${HEAP_MB}m`,
      "-XX:+UseSerialGC",
      "-Dlog4j2.level=OFF",
      "-cp",
      `${lib}/*`,
      join(import.meta.dirname, "AuthorizerDriver.java"),
    ]);
    this.#killOnExit = () => this.#java.kill("SIGKILL");
    process.once("exit", this.#killOnExit);
    createInterface({ input: this.#java.stderr }).on("line", (line) => this.#errors.push(line));
    createInterface({ input: this.#java.stdout }).on("line", (line) => this.#take(line));
    // A process that has ended takes no more input, and says so by ending.
    this.#java.stdin.on("error", () => undefined);
    this.#java.once("close", (code) => this.#fail(this.#failure(`ended with status ${code}`)));
    this.#java.once("error", (error) => this.#fail(error));
  }

  /** What Kafka says to each question of a set, in their order. One set at a time. */
  async answers(set: RuleSet): Promise<readonly string[]> {
    const { promise, resolve, reject } = Promise.withResolvers<readonly string[]>();
    this.#answers = [];
    this.#wanted = set.questions.length;
    this.#settle = resolve;
    this.#fail = reject;
    const late = (): void => reject(this.#failure(`no answer within ${ANSWERS_MS} ms`));
    const timer = setTimeout(late, ANSWERS_MS);
    this.#java.stdin.write(`${[...linesOf(set)].join("\n")}\n`);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
    }
  }

  async stop(): Promise<void> {
    process.off("exit", this.#killOnExit);
    this.#fail = () => undefined;
    if (this.#java.exitCode !== null) return;
    const closed = once(this.#java, "close");
    this.#java.kill("SIGKILL");
    await closed;
  }

  #take(line: string): void {
    this.#answers.push(line);
    if (this.#answers.length === this.#wanted) this.#settle(this.#answers);
  }

  #failure(what: string): Error {
    return new Error(`the driver ${what}\n${this.#errors.slice(-20).join("\n")}`);
  }
}
