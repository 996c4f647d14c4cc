/**
 * Which quota holds for a client: Kafka's eight levels, each beaten by every one above it, and who shares a bucket.
 */
import { describe, expect, test } from "vitest";
import { clientQuotaOf, quotaNotation } from "./quota-notation.ts";

/** Kafka's order, the first the strongest; "*" is a default. */
const LEVELS = [
  "user=ann,client-id=app",
  "user=ann,client-id=*",
  "user=ann",
  "user=*,client-id=app",
  "user=*,client-id=*",
  "user=*",
  "client-id=app",
  "client-id=*",
] as const;

const shared = (user: string, clientId: string): string => JSON.stringify([user, clientId]);

describe("the most specific entity decides", () => {
  const pairs = LEVELS.flatMap((stronger, at) =>
    LEVELS.slice(at + 1).map((weaker) => [stronger, weaker] as const),
  );
  test.each(pairs)("%s before %s", (stronger, weaker) => {
    const quotas = quotaNotation({ [weaker]: 1, [stronger]: 2 });
    expect(clientQuotaOf(quotas, "ann", "app")?.limit).toBe(2);
  });

  test.each([
    ["user=ann,client-id=app", shared("ann", "app")],
    ["user=ann,client-id=*", shared("ann", "app")],
    ["user=ann", shared("ann", "")],
    ["user=*,client-id=app", shared("ann", "app")],
    ["user=*,client-id=*", shared("ann", "app")],
    ["user=*", shared("ann", "")],
    ["client-id=app", shared("", "app")],
    ["client-id=*", shared("", "app")],
  ])("of %s the bucket is %s", (entity, sharedBy) => {
    expect(clientQuotaOf(quotaNotation({ [entity]: 3 }), "ann", "app")).toEqual({
      limit: 3,
      sharedBy,
    });
  });
});

describe("nothing limits", () => {
  test.each([
    ["where there are no quotas", {}],
    ["another user", { "user=bob": 1 }],
    ["another client id", { "client-id=other": 1 }],
    ["the user with another client id", { "user=ann,client-id=other": 1 }],
    ["another user with the client id", { "user=bob,client-id=app": 1 }],
    ["an address", { "ip=10.0.0.7": 1 }],
  ])("%s", (_claim, entities) => {
    expect(clientQuotaOf(quotaNotation(entities), "ann", "app")).toBeNull();
  });

  test("a quota of another kind", () => {
    const quotas = quotaNotation({ "user=ann": 1 }, "producer_byte_rate");
    expect(clientQuotaOf(quotas, "ann", "app")).toBeNull();
  });

  test("a weaker level counts where a stronger one has quotas of another kind only", () => {
    const quotas = quotaNotation(
      { "user=*": 2 },
      "controller_mutation_rate",
      quotaNotation({ "user=ann": 1 }, "producer_byte_rate"),
    );
    expect(clientQuotaOf(quotas, "ann", "app")?.limit).toBe(2);
  });
});

test.each(["user=ann,client-id=*", "user=*,client-id=*", "client-id=*"])(
  "a client without an id is not of %s",
  (entity) => {
    expect(clientQuotaOf(quotaNotation({ [entity]: 1 }), "ann", "")).toBeNull();
    expect(clientQuotaOf(quotaNotation({ [entity]: 1, "user=*": 2 }), "ann", "")?.limit).toBe(2);
  },
);

test("names of any length make a bucket's name of bounded length", () => {
  const quotas = quotaNotation({ "client-id=*": 1 });
  const named = (clientId: string): string =>
    clientQuotaOf(quotas, "ann", clientId)?.sharedBy ?? "";
  expect(named("x".repeat(32_767)).length).toBeLessThan(600);
  expect(named(`${"x".repeat(249)}a`)).not.toBe(named(`${"x".repeat(249)}b`));
});
