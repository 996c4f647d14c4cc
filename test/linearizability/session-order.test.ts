/** Stale reads: what was once true, and in each session never less than before. */
import { expect, test } from "vitest";
import type { Operation } from "./operation.ts";
import { register, type RegisterInput, type RegisterOutput } from "./register.ts";
import { complaintAboutSessions, type StaleRead } from "./session-order.ts";

const write = (value: string, endOffset: number): Operation<RegisterInput, RegisterOutput> => ({
  client: "writer",
  callAt: endOffset,
  returnAt: endOffset + 1,
  input: { kind: "write", key: "a", value },
  output: { kind: "written" },
  place: { endOffset, records: 2 },
});

const read = (
  session: string,
  endOffset: number,
  value: string | null,
  epoch = 1,
): StaleRead<RegisterInput, RegisterOutput> => ({
  session,
  endOffset,
  epoch,
  input: { kind: "read", key: "a" },
  output: { kind: "value", value },
});

const complaint = (
  ...reads: readonly StaleRead<RegisterInput, RegisterOutput>[]
): string | undefined => complaintAboutSessions(register, [write("2", 6), write("1", 3)], reads);

test("reads may be as old as they like, session by session", () => {
  const old = [read("x", 0, null), read("x", 4, "1"), read("x", 4, "1"), read("x", 9, "2")];
  expect(complaint(read("y", 9, "2"), ...old)).toBeUndefined();
});

test("no session goes back, in offsets or in epochs", () => {
  expect(complaint(read("x", 9, "2"), read("x", 8, "2"))).toMatch(/up to 8 .* after .* up to 9/);
  expect(complaint(read("x", 8, "2", 3), read("x", 9, "2", 2))).toMatch(/epoch 2 after .* epoch 3/);
});

test("what is shown was true at its offset, and of whole operations", () => {
  expect(complaint(read("x", 6, "1"))).toMatch(/but the log below says "2"/);
  expect(complaint(read("x", 3, null))).toMatch(/but the log below says "1"/);
  expect(complaint(read("x", 5, "1"))).toMatch(/in the middle of .*"2"/);
});
