/** What becomes of answers, refusals and silence when a client's history is judged. */
import { expect, test } from "vitest";
import type { Outcome } from "../../durable-objects/active-controller/active-controller.ts";
import { emptyImage } from "../../src/metadata/index.ts";
import { encodeMetadataRecord, ConfigRecord } from "../../src/protocol/index.ts";
import {
  register,
  type RegisterInput,
  type RegisterOutput,
  type RegisterState,
} from "../linearizability/register.ts";
import { contextFor } from "../metadata/world.ts";
import { GhostLog } from "./checkers/ghost.ts";
import { ClientHistory, type Asked } from "./client-history.ts";
import { fingerprintOfBytes } from "./entries.ts";

type Told = string | null;

const recordOf = (value: string): ReturnType<typeof ConfigRecord.of> =>
  ConfigRecord.of(0, { resourceType: 2, resourceName: "register", name: "a", value });

/** One office of epoch 3, whose log ends at `end`, and what it says of the operations that it runs. */
class Office implements Asked {
  readonly state = { election: { epoch: 3 } };
  readonly replica = { name: "1" };
  end = 0;
  kind: Outcome<unknown>["kind"] | "silent" | "not run" = "committed";

  submit: Asked["submit"] = (operation, apiVersion, answered) => {
    if (this.kind === "not run") return answered({ kind: "not-controller" });
    const context = contextFor(emptyImage, { nextOffset: this.end, apiVersion });
    const { records, response } = operation(emptyImage, context);
    if (this.kind !== "refused" && this.kind !== "not-controller") this.end += records.length;
    switch (this.kind) {
      case "committed":
        return answered({ kind: "committed", response, endOffset: this.end });
      case "not-controller":
        return answered({ kind: "not-controller" });
      case "abandoned":
        return answered({ kind: "abandoned" });
      case "refused":
        return answered({ kind: "refused", reason: "overloaded" });
      default:
        return undefined;
    }
  };
}

/** A history, its office, and what is committed of it. */
class Stage {
  readonly office = new Office();
  readonly committed = new GhostLog();
  readonly history = new ClientHistory<RegisterState, RegisterInput, RegisterOutput>(
    () => register,
  );

  /** Writes `value` and is told `before`, or what `kind` says. */
  write(value: string, before: Told, kind: Office["kind"] = "committed"): this {
    this.office.kind = kind;
    this.#submit({ kind: "exchange", key: "a", value }, [recordOf(value)], before);
    return this;
  }

  /** An answer without records: a refusal, as far as the history can see. */
  refuse(value: Told): this {
    this.office.kind = "committed";
    this.#submit({ kind: "read", key: "a" }, [], value);
    return this;
  }

  /** The next record of the committed log. */
  commit(value: string, epoch = 3): this {
    const fingerprint = fingerprintOfBytes(encodeMetadataRecord(recordOf(value)));
    const { end } = this.committed;
    const entry = { baseOffset: end, lastOffset: end, epoch, fingerprint };
    this.committed.append({ ...entry, records: [fingerprint] });
    return this;
  }

  verdict(): string | undefined {
    return this.history.judge(this.committed)?.checker;
  }

  #submit(input: RegisterInput, records: ReturnType<typeof recordOf>[], value: Told): void {
    this.history.submit(
      {
        instance: this.office,
        client: "x",
        input,
        operation: () => ({ records, response: null }),
        apiVersion: 0,
        outputOf: () => ({ kind: "value", value }),
      },
      () => undefined,
    );
  }
}

test("answers that follow each other pass, others do not", () => {
  expect(new Stage().write("1", null).write("2", "1").verdict()).toBeUndefined();
  expect(new Stage().write("1", null).write("2", null).verdict()).toBe("linearizable");
});

test.each(["abandoned", "silent"] as const)(
  "%s: it has happened if the committed log holds it, and only then",
  (kind) => {
    const lost = (): Stage => new Stage().write("1", null).write("2", null, kind);
    expect(lost().write("3", "2").commit("1").commit("2").commit("3").verdict()).toBeUndefined();
    expect(lost().write("3", "2").commit("1").verdict()).toBe("linearizable");
    // Another epoch has taken its place, or another record of the same epoch.
    expect(lost().write("3", "2").commit("1").commit("2", 4).verdict()).toBe("linearizable");
    expect(lost().write("3", "2").commit("1").commit("9").verdict()).toBe("linearizable");
    // Some order would explain it, without the second; that of the log does not.
    expect(lost().write("3", "1").commit("1").commit("2").verdict()).toBe("follows-the-log");
  },
);

test("what was refused, or never run, has not happened", () => {
  for (const kind of ["refused", "not-controller", "not run"] as const) {
    const refused = (): Stage => new Stage().write("1", null).write("2", null, kind);
    expect(refused().write("3", "1").verdict()).toBeUndefined();
    expect(refused().write("3", "2").verdict()).toBe("linearizable");
  }
});

test("an answer without records owes what was true at its offset", () => {
  expect(new Stage().write("1", null).refuse("1").verdict()).toBeUndefined();
  expect(new Stage().write("1", null).refuse(null).verdict()).toBe("no-read-goes-back");
});

/** The verdict on two writes and a stale read. */
function read(endOffset: number, value: Told): string | undefined {
  const stage = new Stage().write("1", null).write("2", "1");
  stage.history.read({
    session: "y",
    endOffset,
    epoch: 3,
    input: { kind: "read", key: "a" },
    output: { kind: "value", value },
  });
  return stage.verdict();
}

test("a stale read owes no real time, but the truth", () => {
  expect(read(1, "1")).toBeUndefined();
  expect(read(2, "1")).toBe("no-read-goes-back");
});
