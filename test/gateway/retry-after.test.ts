/** `Retry-After` in both of its forms, and what it may not do. */
import { expect, test } from "vitest";
import { RETRY_AFTER_MAX_MS, retryAfterMs } from "../../gateway/edge/retry-after.ts";

const NOW = Date.UTC(2026, 0, 1, 12, 0, 0);

test.each<[string | undefined, number | null]>([
  ["0", 0],
  ["7", 7_000],
  [" 7 ", 7_000],
  ["Thu, 01 Jan 2026 12:00:09 GMT", 9_000],
  ["Thu, 01 Jan 2026 11:59:00 GMT", 0],
  ["99999", RETRY_AFTER_MAX_MS],
  ["Fri, 01 Jan 2100 00:00:00 GMT", RETRY_AFTER_MAX_MS],
  [undefined, null],
  ["", null],
  ["-5", null],
  ["1.5", null],
  ["soon", null],
  ["2026-01-01T12:00:09Z", null],
  ["Thu, 99 Xxx 2026", null],
  ["9".repeat(400), null],
])("%j asks for %j ms", (header, ms) => {
  expect(retryAfterMs(header, NOW)).toBe(ms);
});
