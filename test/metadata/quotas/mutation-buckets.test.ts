/**
 * Buckets of tokens: filled at their rate up to what they hold, overdrawn once, waited for in proportion, and no more
 * of them than there is room for. The figures are those of Kafka's own example (KIP-599): a rate of 5 over 100 windows
 * of a second, of which 560 are asked.
 */
import { describe, expect, test } from "vitest";
import {
  drawTokens,
  MUTATION_BUCKETS_MAX,
  NO_MUTATION_BUCKETS,
  type MutationBuckets,
} from "../../../src/metadata/quotas/mutation-buckets.ts";

const WINDOW = { count: 100, seconds: 1 };

class Bucket {
  buckets: MutationBuckets = NO_MUTATION_BUCKETS;
  nowMs = 1_000_000;
  limit = 5;

  /** "given", "given, wait 3" or "refused, wait 3", in ms. */
  take(tokens: number, { isStrict = true, sharedBy = "a" } = {}): string {
    const quota = { limit: this.limit, sharedBy };
    const draw = { quota, window: WINDOW, nowMs: this.nowMs, tokens };
    const { buckets, isGiven, waitMs } = drawTokens(this.buckets, draw, isStrict);
    this.buckets = buckets;
    return `${isGiven ? "given" : "refused"}${waitMs > 0 ? `, wait ${waitMs}` : ""}`;
  }
}

describe("a strict quota", () => {
  test("gives what a full bucket holds, and the request that overdraws it, whole", () => {
    const bucket = new Bucket();
    expect(bucket.take(560)).toBe("given");
    expect(bucket.take(1)).toBe("refused, wait 12000");
  });

  test("is at nothing and not below: the next is given", () => {
    const bucket = new Bucket();
    expect(bucket.take(500)).toBe("given");
    expect(bucket.take(1)).toBe("given");
    expect(bucket.take(1)).toBe("refused, wait 200");
  });

  test("refuses until what is owed is filled, to the millisecond, and takes nothing meanwhile", () => {
    const bucket = new Bucket();
    bucket.take(560);
    bucket.nowMs += 11_999;
    expect(bucket.take(7)).toBe("refused, wait 1");
    bucket.nowMs += 1;
    expect(bucket.take(7)).toBe("given");
    expect(bucket.take(1)).toBe("refused, wait 1400");
  });

  test("holds no more than its windows bring, however long nobody asks", () => {
    const bucket = new Bucket();
    bucket.take(1);
    bucket.nowMs += 1_000_000_000;
    bucket.take(500);
    bucket.take(1);
    expect(bucket.take(1)).toBe("refused, wait 200");
  });
});

test("a quota that is not strict gives, and says how long to wait for what is owed", () => {
  const bucket = new Bucket();
  expect(bucket.take(500, { isStrict: false })).toBe("given");
  expect(bucket.take(60, { isStrict: false })).toBe("given, wait 12000");
  expect(bucket.take(5, { isStrict: false })).toBe("given, wait 13000");
});

test("those that share nothing are not charged for each other", () => {
  const bucket = new Bucket();
  bucket.take(560);
  expect(bucket.take(1, { sharedBy: "b" })).toBe("given");
  expect(bucket.take(1)).toBe("refused, wait 12000");
});

test("a quota that is changed goes on with what the bucket holds, at the new rate", () => {
  const bucket = new Bucket();
  bucket.take(560);
  bucket.limit = 60;
  expect(bucket.take(1)).toBe("refused, wait 1000");
  bucket.nowMs += 1_000;
  expect(bucket.take(1)).toBe("given");
});

test("a clock that goes back fills nothing and takes nothing away", () => {
  const bucket = new Bucket();
  bucket.take(560);
  bucket.nowMs -= 60_000;
  expect(bucket.take(1)).toBe("refused, wait 12000");
});

test("a rate that is next to nothing asks for no wait that is no number", () => {
  const bucket = new Bucket();
  bucket.limit = Number.MIN_VALUE;
  expect(bucket.take(1, { isStrict: false })).toBe("given, wait 2147483647");
});

describe("of more buckets than there is room for", () => {
  test("full ones are forgotten, which changes nothing", () => {
    const bucket = new Bucket();
    bucket.take(560, { sharedBy: "owes" });
    for (let at = 0; at < MUTATION_BUCKETS_MAX - 1; at += 1) bucket.take(1, { sharedBy: `${at}` });
    expect(bucket.buckets.size).toBe(MUTATION_BUCKETS_MAX);
    bucket.nowMs += 1_000;
    bucket.take(1, { sharedBy: "new" });
    expect([...bucket.buckets.keys()]).toEqual(["new", "owes"]);
    expect(bucket.take(1, { sharedBy: "owes" })).toBe("refused, wait 11000");
  });

  test("the one that was used the longest ago is, where none is full", () => {
    const bucket = new Bucket();
    for (let at = 0; at < MUTATION_BUCKETS_MAX; at += 1) {
      bucket.nowMs += 1;
      bucket.take(560, { sharedBy: `${at}` });
    }
    bucket.take(560, { sharedBy: "new" });
    expect(bucket.buckets.size).toBe(MUTATION_BUCKETS_MAX);
    expect(bucket.buckets.has("0")).toBe(false);
    expect(bucket.buckets.has("1")).toBe(true);
  });
});
