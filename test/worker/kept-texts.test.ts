/** Texts of answers: each stands for its position alone, all of them fit, and the least recently used go first. */
import { expect, test } from "vitest";
import { keepText, textAt } from "../../worker/observer/kept-texts.ts";

const here = { offset: 7, epoch: 2 };

test("a text answers its address at its position, of its cluster", () => {
  keepText("a@1", "/topics", { text: "[1]", ...here });
  expect(textAt("a@1", "/topics", here)).toBe("[1]");
  expect(textAt("a@1", "/topics", { offset: 8, epoch: 2 })).toBeUndefined();
  expect(textAt("a@1", "/topics", { offset: 7, epoch: 3 })).toBeUndefined();
  expect(textAt("a@1", "/brokers", here)).toBeUndefined();
  // Another life of the same cluster may stand at the same position.
  expect(textAt("a@2", "/topics", here)).toBeUndefined();
  keepText("a@1", "/topics", { text: "[2]", offset: 9, epoch: 2 });
  expect(textAt("a@1", "/topics", here)).toBeUndefined();
  expect(textAt("a@1", "/topics", { offset: 9, epoch: 2 })).toBe("[2]");
});

test("all texts have 4 Mi letters, and a long one is not kept", () => {
  const text = "x".repeat(60 * 1_024);
  const asked = (at: number): boolean => textAt("b@1", `/topics/${at}`, here) !== undefined;
  for (let at = 0; at < 100; at += 1) {
    keepText("b@1", `/topics/${at}`, { text, ...here });
    // In use all the time, so it stays.
    expect(asked(0)).toBe(true);
  }
  const kept = Array.from({ length: 100 }, (_, at) => at).filter(asked);
  expect(kept).toHaveLength(68);
  expect(kept).toEqual([0, ...Array.from({ length: 67 }, (_, at) => 33 + at)]);
  keepText("b@1", "/long", { text: "x".repeat(64 * 1_024), ...here });
  expect(textAt("b@1", "/long", here)).toBeUndefined();
});
