/** What a recorder makes of calls and returns. */
import { expect, test } from "vitest";
import { checkLinearizable } from "./checker.ts";
import { Recorder } from "./recorder.ts";
import { register, type RegisterInput, type RegisterOutput } from "./register.ts";

const recorder = (): Recorder<RegisterInput, RegisterOutput> => new Recorder();
const write = (value: string): RegisterInput => ({ kind: "write", key: "a", value });
const READ: RegisterInput = { kind: "read", key: "a" };

test("calls and returns stand in the order in which they were told", () => {
  const recorded = recorder();
  const first = recorded.call("x", write("1"));
  const second = recorded.call("y", READ);
  second.returned({ kind: "value", value: null }, { endOffset: 3, records: 0 });
  first.returned({ kind: "written" });
  const [written, read] = recorded.history;
  expect(written).toMatchObject({ client: "x", callAt: 1, returnAt: 4, place: null });
  expect(read).toMatchObject({ callAt: 2, returnAt: 3, place: { endOffset: 3, records: 0 } });
  const later = recorded.call("y", READ);
  later.returned({ kind: "value", value: null });
  expect(checkLinearizable(register, recorded.history).kind).toBe("not-linearizable");
});

test("what is not known may have happened, what had no effect is no part of it", () => {
  const recorded = recorder();
  recorded.call("x", write("1")).unknown({ endOffset: 1, records: 1 });
  recorded.call("y", write("2")).withoutEffect();
  recorded.call("z", write("3"));
  expect(recorded.history.map(({ input }) => input)).toEqual([write("1"), write("3")]);
  expect(recorded.history).toMatchObject([
    { returnAt: Infinity, output: null, place: { endOffset: 1, records: 1 } },
    { returnAt: Infinity, output: null, place: null },
  ]);
  recorded.call("w", READ).returned({ kind: "value", value: "3" });
  expect(checkLinearizable(register, recorded.history).kind).toBe("linearizable");
  recorded.call("w", READ).returned({ kind: "value", value: "2" });
  expect(checkLinearizable(register, recorded.history).kind).toBe("not-linearizable");
});

test("nobody is told twice what became of an operation", () => {
  const call = recorder().call("x", READ);
  call.unknown();
  expect(() => call.returned({ kind: "value", value: null })).toThrow(/told twice/);
});

test("a history has a bound", () => {
  const recorded = new Recorder<RegisterInput, RegisterOutput>(2);
  recorded.call("x", READ);
  recorded.call("x", READ).withoutEffect();
  recorded.call("x", READ);
  expect(() => recorded.call("x", READ)).toThrow(RangeError);
  expect(recorded.history).toHaveLength(2);
});
