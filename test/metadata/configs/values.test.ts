import { describe, expect, test } from "vitest";
import {
  booleanIn,
  doubleIn,
  durationIn,
  elementsIn,
  integerIn,
  splitAt,
  trimmed,
} from "../../../src/metadata/configs/values.ts";

// Each as Java reads it: judgements.test.ts holds thousands of texts against a JVM, these say what was read.

test.each([
  [" \t\u0000a b\n", "a b"],
  ["\u00a0a", "\u00a0a"],
  ["\u0001", ""],
])("%j trimmed is %j", (text, expected) => {
  expect(trimmed(text)).toBe(expected);
});

test.each([
  [" TRUE ", true],
  ["false", false],
  ["\u00a0true", null],
  ["1", null],
])("%j is the boolean %s", (text, expected) => {
  expect(booleanIn(text)).toBe(expected);
});

describe("integers", () => {
  test.each([
    ["+7", 7n],
    ["-0", 0n],
    ["0".repeat(100) + "9", 9n],
    ["9223372036854775807", 9_223_372_036_854_775_807n],
    ["-9223372036854775808", -9_223_372_036_854_775_808n],
    ["9223372036854775808", null],
    ["\u0661\u0968\uff13", 123n],
    ["\u0e59\u06f0", 90n],
    ["\u{1d7ce}", null],
    ["9".repeat(30_000), null],
    ["1e3", null],
    ["", null],
    ["-", null],
  ])("%j is %s", (text, expected) => {
    expect(integerIn(text, "long")).toBe(expected);
  });

  test("end where their type does", () => {
    expect([integerIn("32767", "short"), integerIn("32768", "short")]).toEqual([32_767n, null]);
    expect([integerIn("-2147483648", "int"), integerIn("2147483648", "int")]).toEqual([
      -2_147_483_648n,
      null,
    ]);
  });
});

test.each([
  ["0.5d", 0.5],
  ["1.", 1],
  [".5F", 0.5],
  ["-5e-1", -0.5],
  ["0x1.8p1", 3],
  ["-0x.8p0", -0.5],
  ["0x1", null],
  ["NaN", Number.NaN],
  ["-Infinity", Number.NEGATIVE_INFINITY],
  ["nan", null],
  ["0,5", null],
])("%j is the double %d", (text, expected) => {
  expect(doubleIn(text)).toBe(expected);
});

test.each([
  ["", []],
  [" ", []],
  [" a ,\tb", ["a", "b"]],
  ["a,,b,", ["a", "", "b", ""]],
  ["a\u00a0,b", ["a\u00a0", "b"]],
])("%j is a list of %j", (text, expected) => {
  expect(elementsIn(text)).toEqual(expected);
});

test.each([
  ["", [""]],
  [",", []],
  ["a,,b,,", ["a", "", "b"]],
])("%j has the parts %j", (text, expected) => {
  expect(splitAt(text, ",")).toEqual(expected);
});

test.each([
  ["P1DT2H3M4.5S", 93_784_500_000_000n],
  ["-PT1S", -1_000_000_000n],
  ["PT-0.5S", -500_000_000n],
  ["P-1DT25H", 3_600_000_000_000n],
  ["pt0s", 0n],
  ["P1DT", null],
  ["P", null],
  ["P1W", null],
])("%j lasts %s ns", (text, expected) => {
  expect(durationIn(text)).toBe(expected);
});
