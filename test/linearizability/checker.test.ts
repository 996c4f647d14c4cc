/** The search for an order: by hand, against all orders there are, and on histories of the size of a long run. */
import { describe, expect, test } from "vitest";
import { checkLinearizable } from "./checker.ts";
import { damaged, DAMAGES } from "./damage.ts";
import { drawHistory } from "./histories.ts";
import type { Model } from "./model.ts";
import type { Operation } from "./operation.ts";
import { register, type RegisterInput, type RegisterOutput } from "./register.ts";
import { topicsOf } from "./topic.ts";
import { drawsOf, registers, topicAdministration } from "./workloads.ts";

type RegisterOperation = Operation<RegisterInput, RegisterOutput>;

const read = (client: string, [callAt, returnAt]: Span, value: string | null): RegisterOperation =>
  operation(client, [callAt, returnAt], { kind: "read", key: "a" }, { kind: "value", value });

const write = (client: string, span: Span, value: string): RegisterOperation =>
  operation(
    client,
    span,
    { kind: "write", key: "a", value },
    span[1] === Infinity ? null : { kind: "written" },
  );

type Span = readonly [number, number];

const operation = (
  client: string,
  [callAt, returnAt]: Span,
  input: RegisterInput,
  output: RegisterOutput | null,
): RegisterOperation => ({ client, callAt, returnAt, input, output, place: null });

const verdictOf = (history: readonly RegisterOperation[]): string =>
  checkLinearizable(register, history).kind;

describe("a history of a register", () => {
  test("is linearizable in either order of what overlaps", () => {
    const writes = [write("x", [0, 10], "1"), write("y", [5, 15], "2")];
    expect(verdictOf([...writes, read("z", [20, 21], "1")])).toBe("linearizable");
    expect(verdictOf([...writes, read("z", [20, 21], "2")])).toBe("linearizable");
    expect(verdictOf([...writes, read("z", [20, 21], null)])).toBe("not-linearizable");
  });

  test("is not linearizable when a read goes back", () => {
    const history = [write("x", [0, 10], "1"), read("y", [2, 4], "1"), read("z", [5, 6], null)];
    expect(verdictOf(history)).toBe("not-linearizable");
    expect(verdictOf(history.slice(0, 2))).toBe("linearizable");
  });

  test("takes moments that are equal for concurrent", () => {
    const [first, second] = [write("x", [0, 5], "1"), read("y", [5, 6], null)];
    expect(verdictOf([first, second])).toBe("linearizable");
    expect(verdictOf([first, { ...second, callAt: 6 }])).toBe("not-linearizable");
  });

  test("lets what nobody heard of take effect late, or never, but not before its call", () => {
    const unknown = write("x", [10, Infinity], "1");
    expect(verdictOf([unknown, read("y", [100, 101], "1")])).toBe("linearizable");
    expect(verdictOf([unknown, read("y", [100, 101], null)])).toBe("linearizable");
    expect(verdictOf([unknown, read("y", [8, 9], "1")])).toBe("not-linearizable");
    const both = [read("y", [20, 21], "1"), write("y", [22, 23], "2"), read("y", [24, 25], "1")];
    expect(verdictOf([unknown, ...both])).toBe("not-linearizable");
  });

  test("says which answer no order explains, and how far the longest comes", () => {
    const history = [
      write("x", [0, 1], "1"),
      write("x", [2, 3], "2"),
      read("y", [4, 5], "1"),
      read("z", [6, 7], "2"),
    ];
    const verdict = checkLinearizable(register, history);
    expect(verdict.kind).toBe("not-linearizable");
    expect(verdict).toMatchObject({
      key: "a",
      sentence: [
        "no order of the operations on a explains the first 3 answers,",
        'the last of which is [y {"kind":"read","key":"a"} -> {"kind":"value","value":"1"}];',
        'the longest order is [x {"kind":"write","key":"a","value":"1"} -> {"kind":"written"},',
        'x {"kind":"write","key":"a","value":"2"} -> {"kind":"written"}], the state then "2",',
        'in which none of [y {"kind":"read","key":"a"} -> {"kind":"value","value":"1"}] fits',
      ].join(" "),
    });
  });

  test("is judged key by key", () => {
    const other = { kind: "read", key: "b" } as const;
    const history = [
      write("x", [0, 1], "1"),
      operation("y", [2, 3], other, { kind: "value", value: "1" }),
    ];
    expect(checkLinearizable(register, history)).toMatchObject({
      kind: "not-linearizable",
      key: "b",
    });
  });
});

describe("what takes too many steps", () => {
  /** Twelve writes at once, twice, and a read that none of them explains. */
  const hard = [
    ...Array.from({ length: 12 }, (_, at) => write(`x${at}`, [0, 10], `${at}`)),
    read("y", [20, 21], "nothing like it"),
  ];

  test("is not judged, and does not pass", () => {
    const verdict = checkLinearizable(register, hard, 1_000);
    expect(verdict).toEqual({
      kind: "too-long",
      key: "a",
      sentence: "1000 steps say nothing of the 13 operations on a",
    });
    expect(verdictOf(hard)).toBe("not-linearizable");
  });

  test("is not hidden by another key that is wrong, nor by one that is right", () => {
    const right = operation(
      "x",
      [0, 1],
      { kind: "write", key: "b", value: "1" },
      {
        kind: "written",
      },
    );
    const wrong = operation(
      "x",
      [2, 3],
      { kind: "read", key: "b" },
      {
        kind: "value",
        value: null,
      },
    );
    expect(checkLinearizable(register, [...hard, right], 1_000).kind).toBe("too-long");
    expect(checkLinearizable(register, [...hard, right, wrong], 1_000).kind).toBe(
      "not-linearizable",
    );
  });

  test("is not a hundred writes of which nobody heard", () => {
    const unknown = Array.from({ length: 100 }, (_, at) =>
      write(`x${at}`, [at, Infinity], `${at}`),
    );
    const seen = Array.from({ length: 50 }, (_, at) =>
      read("y", [200 + 2 * at, 201 + 2 * at], `${2 * at}`),
    );
    expect(verdictOf([...unknown, ...seen])).toBe("linearizable");
    expect(verdictOf([...unknown, ...seen, read("z", [400, 401], "2")])).toBe("not-linearizable");
  });
});

describe("drawn histories", () => {
  test.each([
    ["registers", (seed: number) => compareWithAllOrders(() => register, registers(1), seed)],
    ["topics", (seed: number) => compareWithAllOrders(topicsOf, topicAdministration(1), seed)],
  ] as const)("of %s get the verdict that a try of all orders gets", (_, compare) => {
    const counts = { linearizable: 0, "not-linearizable": 0, "too-long": 0 };
    for (let seed = 1; seed <= 600; seed += 1) counts[compare(seed)] += 1;
    expect(counts.linearizable).toBeGreaterThan(200);
    expect(counts["not-linearizable"]).toBeGreaterThan(100);
    expect(counts["too-long"]).toBe(0);
  });

  test("of 10,000 operations and 20 clients are judged within 10 s", () => {
    const shape = { clients: 20, operations: 10_000, unansweredOneIn: 100 };
    for (const keys of [4, 10]) {
      const values = drawHistory(registers(keys), shape, drawsOf(keys));
      const never = { kind: "value", value: "never" } as const;
      const administration = drawHistory(topicAdministration(keys), shape, drawsOf(keys));
      const odd = { kind: "described", topicId: "id-1", partitions: 99 } as const;
      const startedAt = performance.now();
      expect(checkLinearizable(register, values).kind).toBe("linearizable");
      expect(checkLinearizable(register, withAnswer(values, "read", never)).kind).toBe(
        "not-linearizable",
      );
      expect(checkLinearizable(topicsOf(administration), administration).kind).toBe("linearizable");
      const spoiled = withAnswer(administration, "describe", odd);
      expect(checkLinearizable(topicsOf(spoiled), spoiled).kind).toBe("not-linearizable");
      expect(performance.now() - startedAt).toBeLessThan(4 * 10_000);
    }
  });
});

/** The history with another answer to an operation of that kind in its middle. */
function withAnswer<Input extends { readonly kind: string }, Output>(
  history: readonly Operation<Input, Output>[],
  kind: Input["kind"],
  output: Output,
): readonly Operation<Input, Output>[] {
  const at = history.findIndex(
    (asked, index) =>
      index > history.length / 2 && asked.input.kind === kind && asked.output !== null,
  );
  return history.map((asked, index) => (index === at ? { ...asked, output } : asked));
}

/** A small history, whole or spoiled: the verdict, which must be that of all orders. */
function compareWithAllOrders<World, State, Input extends { readonly kind: string }, Output>(
  modelOf: (history: readonly Operation<Input, Output>[]) => Model<State, Input, Output>,
  workload: Parameters<typeof drawHistory<World, Input, Output>>[0],
  seed: number,
): ReturnType<typeof checkLinearizable>["kind"] {
  const draw = drawsOf(seed);
  const shape = { clients: 3, operations: 7, unansweredOneIn: 4, losesWrite: seed % 5 === 1 };
  const whole = drawHistory(workload, shape, draw);
  const { keyOf } = modelOf([]);
  const kind = DAMAGES[(seed % 5) - 2];
  const spoiled = kind === undefined ? null : damaged(whole, kind, { keyOf, draw });
  const history = spoiled ?? whole;
  const model = modelOf(history);
  const verdict = checkLinearizable(model, history).kind;
  const isGood = isOrdered(model, model.init, history);
  expect(verdict, `seed ${seed}`).toBe(isGood ? "linearizable" : "not-linearizable");
  return verdict;
}

/** Whether one of all the orders of what is left explains it. */
function isOrdered<State, Input, Output>(
  model: Model<State, Input, Output>,
  state: State,
  left: readonly Operation<Input, Output>[],
): boolean {
  if (left.every(({ output }) => output === null)) return true;
  return left.some((first) => {
    if (left.some((other) => other.returnAt < first.callAt)) return false;
    const next = model.step(state, first.input, first.output);
    const rest = left.filter((other) => other !== first);
    return next !== null && isOrdered(model, next, rest);
  });
}
