/**
 * The authorizer against the rule as one would write it down, with no index: a look at every entry.
 */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type {
  Access,
  AuthorizationResult,
  AuthorizerSettings,
} from "../../../src/metadata/access/access.ts";
import { authorize } from "../../../src/metadata/access/standard-authorizer.ts";
import {
  ACL_OPERATION,
  ACL_RESOURCE,
  withAcl,
  withoutAcl,
} from "../../../src/metadata/image/acls-image.ts";
import { uuidOf } from "../record-streams.ts";
import { imageOf, type Entry } from "./acl-notation.ts";

const BRINGS: Readonly<Record<number, readonly number[]>> = {
  [ACL_OPERATION.DESCRIBE]: [3, 4, 6, 7],
  [ACL_OPERATION.DESCRIBE_CONFIGS]: [11],
};

function ruled(
  entries: readonly Entry[],
  access: Access,
  settings: AuthorizerSettings,
): AuthorizationResult {
  const { principal, host, resourceName } = access;
  const operation = ACL_OPERATION[access.operation];
  if (settings.superUsers.has(`${principal.type}:${principal.name}`)) return "ALLOWED";
  const about = entries.filter((acl) => {
    if (acl.resourceType !== ACL_RESOURCE[access.resourceType]) return false;
    if (acl.patternType !== 3) return resourceName.startsWith(acl.resourceName);
    if (acl.resourceName === resourceName) return true;
    return acl.resourceName === "*" && !resourceName.startsWith("*");
  });
  const meant = about.filter((acl) => {
    if (acl.principal !== "User:*") {
      const colon = acl.principal.indexOf(":");
      if (colon < 0 || acl.principal.slice(0, colon) !== principal.type) return false;
      if (acl.principal.slice(colon + 1) !== principal.name) return false;
    }
    if (acl.host === "*" || acl.host === host) return true;
    if (acl.host === "10.0.0.0/24" && host?.startsWith("10.0.0.") === true) return true;
    return host === null && acl.permissionType !== 3;
  });
  const isExact = (acl: Entry): boolean => acl.operation === operation || acl.operation === 2;
  if (meant.some((acl) => acl.permissionType !== 3 && isExact(acl))) return "DENIED";
  const allows = meant.some(
    (acl) =>
      acl.permissionType === 3 &&
      (isExact(acl) || BRINGS[operation]?.includes(acl.operation) === true),
  );
  return allows || (about.length === 0 && settings.allowEveryoneIfNoAclFound)
    ? "ALLOWED"
    : "DENIED";
}

/** Letters that make many prefixes; two of them sort otherwise by code point, and two sort below the wildcard. */
const name = fc
  .array(fc.constantFrom("a", "b", "*", "!", " ", "\u{1F600}", "\uE000", "\uD800"), {
    maxLength: 4,
  })
  .map((letters) => letters.join(""));
const principalName = fc.constantFrom("alice", "*", "", "a:b", "b", "Alice");
const host = fc.constantFrom("10.0.0.1", "10.0.0.10", "0:0:0:0:0:0:0:1");
const code = (...meant: readonly number[]): fc.Arbitrary<number> =>
  fc.oneof(
    { weight: 9, arbitrary: fc.constantFrom(...meant) },
    { weight: 1, arbitrary: fc.integer({ min: -128, max: 127 }) },
  );

const anEntry: fc.Arbitrary<Entry> = fc.record({
  resourceType: code(2, 2, 2, 3),
  resourceName: name,
  patternType: code(3, 4),
  principal: fc.oneof(
    principalName.map((each) => `User:${each}`),
    fc.constantFrom("User:*", "alice", "", ":", "Group:alice"),
  ),
  host: fc.oneof(host, fc.constantFrom("*", "*", "*", "", "10.0.0.0/24")),
  operation: code(2, 3, 4, 8, 10, 11),
  permissionType: code(2, 3, 3),
});

const anAccess: fc.Arbitrary<Access> = fc.record({
  principal: fc.record({
    type: fc.constantFrom("User", "User", "Group", "User:a", ""),
    name: principalName,
  }),
  host: fc.oneof(host, fc.constant(null)),
  operation: fc.constantFrom("READ", "WRITE", "DESCRIBE", "DESCRIBE_CONFIGS", "CREATE"),
  resourceType: fc.constantFrom("TOPIC", "TOPIC", "GROUP"),
  resourceName: name,
});

const settings = fc.record({
  superUsers: fc.constantFrom(new Set<string>(), new Set(["User:Alice", "User:a:b"])),
  allowEveryoneIfNoAclFound: fc.boolean(),
});

test("it says what the rule says", () => {
  const seen = { ALLOWED: 0, DENIED: 0 };
  fc.assert(
    fc.property(
      fc.array(anEntry, { maxLength: 30, size: "max" }),
      fc.array(anAccess, { minLength: 20, maxLength: 20 }),
      settings,
      (entries, accesses, set) => {
        const acls = imageOf(entries);
        for (const access of accesses) {
          const expected = ruled(entries, access, set);
          seen[expected] += 1;
          expect(authorize(acls, access, set).result).toBe(expected);
        }
      },
    ),
    { numRuns: 400 },
  );
  expect(Math.min(seen.ALLOWED, seen.DENIED)).toBeGreaterThan(1_000);
});

test("entries that came and went, or changed under their id, leave no trace", () => {
  fc.assert(
    fc.property(
      fc.array(anEntry, { minLength: 2, maxLength: 20 }),
      fc.array(fc.tuple(fc.nat({ max: 30 }), anEntry), { maxLength: 30 }),
      fc.array(anAccess, { minLength: 20, maxLength: 20 }),
      settings,
      (entries, changes, accesses, set) => {
        let acls = imageOf(entries);
        const kept = new Map(entries.map((entry, at) => [at + 1, entry]));
        for (const [id, entry] of changes) {
          if (kept.delete(id)) acls = withoutAcl(acls, uuidOf(id));
          else acls = withAcl(acls, { ...entry, id: uuidOf(id) });
          if (!acls.byId.has(uuidOf(id))) continue;
          acls = withAcl(acls, { ...entry, resourceName: "a", id: uuidOf(id) });
          kept.set(id, { ...entry, resourceName: "a" });
        }
        expect(acls.byPattern.size).toBe(kept.size);
        for (const access of accesses) {
          expect(authorize(acls, access, set).result).toBe(ruled([...kept.values()], access, set));
        }
      },
    ),
    { numRuns: 150 },
  );
});
