/**
 * Entries and names that somebody chose to hurt: many, long, alike, or of no meaning at all. A decision stays cheap,
 * never throws, and allows nothing by accident.
 */
import { describe, expect, test } from "vitest";
import type { AuthorizerSettings } from "../../../src/metadata/access/access.ts";
import { authorize } from "../../../src/metadata/access/standard-authorizer.ts";
import { NO_ACLS, withAcl } from "../../../src/metadata/image/acls-image.ts";
import { uuidOf } from "../record-streams.ts";
import { entry, imageOf, question, type Entry } from "./acl-notation.ts";

const STRICT: AuthorizerSettings = { superUsers: new Set(), allowEveryoneIfNoAclFound: false };
const OPEN: AuthorizerSettings = { ...STRICT, allowEveryoneIfNoAclFound: true };

const ENTRIES = 20_000;
/** A look into the map compares about 17 keys, a decision takes some tens of looks. */
const KEYS_READ_MAX = 1_500;

const CROWDS: Readonly<Record<string, (at: number) => string>> = {
  "on as many topics": (at) => `ALLOW User:alice READ TOPIC =orders-${at}`,
  "on as many prefixes": (at) => `ALLOW User:alice READ TOPIC ^orders-${at}`,
  "on one name, for as many principals": (at) => `ALLOW User:${at} READ TOPIC =orders-1234`,
  "on everything, for as many principals": (at) => `DENY User:${at} READ TOPIC =*`,
  "for one principal, from as many hosts": (at) =>
    `DENY User:alice READ TOPIC =orders-1234 from host-${at}`,
};

describe(`${ENTRIES} entries`, () => {
  test.each(Object.entries(CROWDS))("%s: a decision looks at few of them", (_, lineOf) => {
    let keysRead = 0;
    let acls = NO_ACLS;
    for (let at = 0; at < ENTRIES; at += 1) {
      const record = { ...entry(lineOf(at)), id: uuidOf(at) };
      const { resourceType } = record;
      // Every comparison of keys begins with the type.
      const counted = Object.defineProperty(record, "resourceType", {
        get: () => {
          keysRead += 1;
          return resourceType;
        },
      });
      acls = withAcl(acls, counted);
    }
    for (const line of ["User:alice READ TOPIC orders-1234", "User:17 WRITE TOPIC orders-99x"]) {
      keysRead = 0;
      authorize(acls, question(line), OPEN);
      expect(keysRead).toBeGreaterThan(0);
      expect(keysRead).toBeLessThan(KEYS_READ_MAX);
    }
  });
});

test("a thousand prefixes of each other and a name of 32,767 letters", () => {
  const acls = imageOf(
    Array.from({ length: 1_000 }, (_, at) =>
      entry(`${at === 0 ? "DENY" : "ALLOW"} User:alice READ GROUP ^${"x".repeat(at + 1)}`),
    ),
  );
  const long = "x".repeat(32_767);
  expect(authorize(acls, question(`User:alice READ GROUP ${long}`), STRICT).result).toBe("DENIED");
  expect(authorize(acls, question(`User:bob READ GROUP ${long}`), STRICT).result).toBe("DENIED");
  const other = authorize(acls, question(`User:bob READ GROUP y${long}`), OPEN);
  expect(other.result).toBe("ALLOWED");
});

describe("an entry whose principal has no type", () => {
  const acls = imageOf(
    ["alice", "", "User", "User:"].map((principal) => ({
      ...entry("ALLOW User:x READ TOPIC =a"),
      principal,
    })),
  );

  test("is for nobody", () => {
    for (const line of ["User:alice READ TOPIC a", ":alice READ TOPIC a", ": READ TOPIC a"])
      expect(authorize(acls, question(line), STRICT).result).toBe("DENIED");
    expect(authorize(acls, question("User: READ TOPIC a"), STRICT).result).toBe("ALLOWED");
  });

  test("takes its resource from everybody all the same", () => {
    expect(authorize(acls, question("User:alice READ TOPIC a"), OPEN).result).toBe("DENIED");
  });
});

describe("codes that mean nothing, as in Kafka", () => {
  const allow = entry("ALLOW User:alice READ TOPIC =a");
  const result = (acl: Entry, line = "User:alice READ TOPIC a"): string =>
    authorize(imageOf([acl, { ...allow, resourceName: "b" }]), question(line), STRICT).result;

  test.each([-128, 0, 1, 13, 99])("operation %i allows nothing", (operation) => {
    expect(result({ ...allow, operation })).toBe("DENIED");
  });

  test.each([-128, 0, 1, 8, 99])("resource type %i is none", (resourceType) => {
    expect(result({ ...allow, resourceType })).toBe("DENIED");
  });

  test.each([-128, 0, 1, 4, 99])("permission %i denies", (permissionType) => {
    const acl = { ...allow, resourceName: "b", permissionType };
    expect(result(acl, "User:alice READ TOPIC b")).toBe("DENIED");
  });

  test.each([-128, 0, 1, 2, 5, 99])("pattern type %i is a prefix", (patternType) => {
    expect(result({ ...allow, patternType }, "User:alice READ TOPIC ax")).toBe("ALLOWED");
    expect(result({ ...allow, patternType }, "User:alice READ TOPIC x")).toBe("DENIED");
  });
});

describe("names at which Kafka's authorizer throws, or never ends, are names", () => {
  const acls = imageOf(
    ["ALLOW User:alice READ GROUP =!b", "ALLOW User:* READ GROUP =!abc"].map(entry),
  );

  test.each([
    ["User:alice READ GROUP !b", "ALLOWED"],
    ["User:alice READ GROUP !a", "DENIED"],
    ["User:alice READ GROUP !abd", "DENIED"],
    ["User:* READ GROUP !abc", "ALLOWED"],
    ["User:* READ GROUP !b", "DENIED"],
  ])("%s: %s", (line, result) => {
    expect(authorize(acls, question(line), STRICT).result).toBe(result);
  });
});

test.each(["__proto__", "constructor", "\u0000", "\uD800", "\uFFFF", "a\nb", "=^", "%2e"])(
  "the name %j is a name",
  (name) => {
    const acl = { ...entry("ALLOW User:alice READ TOPIC =a"), resourceName: name };
    const access = { ...question("User:alice READ TOPIC a"), resourceName: name };
    expect(authorize(imageOf([acl]), access, STRICT).result).toBe("ALLOWED");
    const prefix = imageOf([{ ...acl, patternType: 4 }]);
    const longer = { ...access, resourceName: `${name}\uDC00` };
    expect(authorize(prefix, longer, STRICT).result).toBe("ALLOWED");
    expect(authorize(imageOf([acl]), longer, STRICT).result).toBe("DENIED");
    const asPrincipal = { ...access.principal, name };
    const theirs = imageOf([{ ...acl, principal: `User:${name}` }]);
    expect(authorize(theirs, { ...access, principal: asPrincipal }, STRICT).result).toBe("ALLOWED");
    expect(authorize(theirs, access, STRICT).result).toBe("DENIED");
  },
);
