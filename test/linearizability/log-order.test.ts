/** The order of the log, by hand, and held against the search for any order. */
import { describe, expect, test } from "vitest";
import { checkLinearizable } from "./checker.ts";
import { damaged, DAMAGES } from "./damage.ts";
import { drawHistory } from "./histories.ts";
import { complaintAboutOrder } from "./log-order.ts";
import type { Model } from "./model.ts";
import type { LogPlace, Operation } from "./operation.ts";
import { register, type RegisterInput, type RegisterOutput } from "./register.ts";
import { topicsOf } from "./topic.ts";
import { drawsOf, registers, topicAdministration, type Workload } from "./workloads.ts";

type RegisterOperation = Operation<RegisterInput, RegisterOutput>;

const read = (
  [callAt, returnAt]: readonly [number, number],
  value: string | null,
  endOffset: number,
): RegisterOperation => ({
  client: "reader",
  callAt,
  returnAt,
  input: { kind: "read", key: "a" },
  output: { kind: "value", value },
  place: { endOffset, records: 0 },
});

const write = (
  [callAt, returnAt]: readonly [number, number],
  value: string,
  place: LogPlace | null,
): RegisterOperation => ({
  client: "writer",
  callAt,
  returnAt,
  input: { kind: "write", key: "a", value },
  output: returnAt === Infinity ? null : { kind: "written" },
  place,
});

const complaint = (...history: readonly RegisterOperation[]): string | undefined =>
  complaintAboutOrder(register, history);

describe("the order of the log", () => {
  test("is the one that counts, where operations overlap", () => {
    const writes = [
      write([0, 10], "1", { endOffset: 4, records: 2 }),
      write([0, 10], "2", { endOffset: 2, records: 1 }),
    ];
    expect(complaint(...writes, read([11, 12], "1", 4))).toBeUndefined();
    expect(complaint(...writes, read([5, 6], "2", 2))).toBeUndefined();
    expect(complaint(...writes, read([11, 12], "2", 4))).toMatch(/but the log below says "1"/);
  });

  test("is that of real time", () => {
    const first = write([0, 1], "1", { endOffset: 5, records: 1 });
    const second = write([2, 3], "2", { endOffset: 3, records: 1 });
    expect(complaint(first, second)).toMatch(/"1".* had returned before .*"2".* was called/s);
    expect(complaint(first, { ...second, callAt: 1 })).toBeUndefined();
    expect(complaint(first, read([7, 8], "1", 4))).toMatch(/had returned before/);
  });

  test("gives no record to two operations, and shows nobody half of one", () => {
    const two = write([0, 9], "1", { endOffset: 5, records: 2 });
    expect(complaint(two, write([0, 9], "2", { endOffset: 6, records: 2 }))).toMatch(/begins befo/);
    expect(complaint(two, read([0, 9], null, 4))).toMatch(/begins before/);
    expect(complaint(two, read([0, 9], null, 3))).toBeUndefined();
  });

  test("knows the place of everything that was answered", () => {
    expect(complaint(write([0, 1], "1", null))).toMatch(/has no place in the log/);
    expect(complaint(write([0, Infinity], "1", null), read([5, 6], null, 0))).toBeUndefined();
  });

  test("holds what nobody was told as well", () => {
    const unknown = write([0, Infinity], "1", { endOffset: 5, records: 1 });
    expect(complaint(unknown, read([5, 6], "1", 5))).toBeUndefined();
    expect(complaint(unknown, read([5, 6], null, 5))).toMatch(/but the log below says "1"/);
    expect(complaint({ ...unknown, callAt: 7 }, read([5, 6], "1", 5))).toMatch(/had returned/);
  });
});

describe("the two judges", () => {
  test.each([
    ["registers", (seed: number) => compare(() => register, registers(2), seed)],
    ["topics", (seed: number) => compare(topicsOf, topicAdministration(2), seed)],
  ] as const)("agree on drawn histories of %s", (_, verdictOf) => {
    const counts = { good: 0, bad: 0, reordered: 0 };
    for (let seed = 1; seed <= 500; seed += 1) counts[verdictOf(seed)] += 1;
    expect(counts.good).toBeGreaterThan(100);
    expect(counts.bad).toBeGreaterThan(150);
  });
});

/** Asks both about one history, whole or damaged. `reordered`: another order than that of the log would do. */
function compare<World, State, Input extends { readonly kind: string }, Output>(
  modelOf: (history: readonly Operation<Input, Output>[]) => Model<State, Input, Output>,
  workload: Workload<World, Input, Output>,
  seed: number,
): "good" | "bad" | "reordered" {
  const draw = drawsOf(seed);
  const losesWrite = seed % 5 === 1;
  const shape = { clients: 4, operations: 40, unansweredOneIn: 8, losesWrite };
  const whole = drawHistory(workload, shape, draw);
  const kind = DAMAGES[(seed % 5) - 2];
  const { keyOf } = modelOf([]);
  const history = (kind === undefined ? null : damaged(whole, kind, { keyOf, draw })) ?? whole;
  const complained = complaintAboutOrder(modelOf(history), history) !== undefined;
  if (seed % 5 === 0) expect(complained, `seed ${seed} is whole`).toBe(false);
  const ordered = checkLinearizable(inLog(modelOf(history)), inLogHistory(history)).kind;
  expect(ordered, `seed ${seed}`).toBe(complained ? "not-linearizable" : "linearizable");
  const anyhow = checkLinearizable(modelOf(history), history).kind;
  if (anyhow === "not-linearizable") expect(complained, `seed ${seed}`).toBe(true);
  if (!complained) return "good";
  return anyhow === "linearizable" ? "reordered" : "bad";
}

/** The same object, and beside it the log: all keys are one, and every operation says its place. */
function inLog<State, Input, Output>(
  model: Model<State, Input, Output>,
): Model<
  { readonly states: ReadonlyMap<string, State>; readonly end: number },
  { readonly input: Input; readonly place: LogPlace },
  { readonly output: Output | null }
> {
  return {
    init: { states: new Map(), end: 0 },
    step: ({ states, end }, { input, place: { endOffset, records } }, told) => {
      if (endOffset - records < end) return null;
      const key = model.keyOf(input);
      const next = model.step(states.get(key) ?? model.init, input, told?.output ?? null);
      return next === null ? null : { states: new Map(states).set(key, next), end: endOffset };
    },
    keyOf: () => "the log",
    isRead: ({ input }) => model.isRead(input),
    fingerprint: ({ states, end }) =>
      [
        end,
        ...[...states].map(([key, state]) => `${key}=${model.fingerprint(state)}`).toSorted(),
      ].join(" "),
  };
}

/** What is in the log has happened: that nobody was told of it makes it no less certain. */
const inLogHistory = <Input, Output>(
  history: readonly Operation<Input, Output>[],
): readonly Operation<
  { readonly input: Input; readonly place: LogPlace },
  { readonly output: Output | null }
>[] =>
  history.flatMap(({ input, output, place, ...rest }) =>
    place === null ? [] : [{ ...rest, input: { input, place }, output: { output }, place }],
  );
