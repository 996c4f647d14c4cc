/**
 * Whether there is any resource of a type that somebody may use. What Kafka says is compared by
 * `npm run differential`.
 */
import { describe, expect, test } from "vitest";
import type { AuthorizerSettings } from "../../../src/metadata/access/access.ts";
import { authorizeByResourceType } from "../../../src/metadata/access/authorize-by-resource-type.ts";
import { entry, imageOf, question } from "./acl-notation.ts";

const STRICT: AuthorizerSettings = {
  superUsers: new Set(["User:admin"]),
  allowEveryoneIfNoAclFound: false,
};
const OPEN: AuthorizerSettings = { ...STRICT, allowEveryoneIfNoAclFound: true };

interface Case {
  readonly rule: string;
  readonly acls: readonly string[];
  readonly asked?: string;
  readonly settings?: AuthorizerSettings;
  readonly result: "ALLOWED" | "DENIED";
}

const A = "User:alice WRITE TOPIC";

const CASES: readonly Case[] = [
  { rule: "no entry", acls: [], result: "DENIED" },
  { rule: "no entry, in open settings", acls: [], settings: OPEN, result: "ALLOWED" },
  {
    rule: "an entry about everything, in open settings",
    acls: ["ALLOW User:bob WRITE TOPIC =*"],
    settings: OPEN,
    result: "DENIED",
  },
  { rule: "one name", acls: ["ALLOW User:alice WRITE TOPIC =a"], result: "ALLOWED" },
  { rule: "one prefix", acls: ["ALLOW User:alice WRITE TOPIC ^a"], result: "ALLOWED" },
  { rule: "for everyone", acls: ["ALLOW User:* ALL TOPIC =a"], result: "ALLOWED" },
  { rule: "for somebody else", acls: ["ALLOW User:bob WRITE TOPIC =a"], result: "DENIED" },
  { rule: "of another type", acls: ["ALLOW User:alice WRITE GROUP =a"], result: "DENIED" },
  { rule: "of another operation", acls: ["ALLOW User:alice READ TOPIC =a"], result: "DENIED" },
  {
    rule: "from another host",
    acls: ["ALLOW User:alice WRITE TOPIC =a from 10.0.0.2"],
    result: "DENIED",
  },
  {
    rule: "from this host",
    acls: ["ALLOW User:alice WRITE TOPIC =a from 10.0.0.1"],
    result: "ALLOWED",
  },
  {
    rule: "from a range that this host is in",
    acls: ["ALLOW User:alice WRITE TOPIC =a from 10.0.0.0/24"],
    result: "ALLOWED",
  },
  {
    rule: "denied from a range that this host is in",
    acls: ["ALLOW User:alice WRITE TOPIC =a", "DENY User:alice WRITE TOPIC ^a from 10.0.0.0/24"],
    result: "DENIED",
  },
  {
    rule: "from one host, asked from nobody knows where",
    acls: ["ALLOW User:alice WRITE TOPIC =a from 10.0.0.1"],
    asked: "User:alice WRITE TOPIC x from ?",
    result: "DENIED",
  },
  {
    rule: "denied from one host, asked from nobody knows where",
    acls: ["ALLOW User:alice WRITE TOPIC =a", "DENY User:alice WRITE TOPIC ^a from 10.0.0.2"],
    asked: "User:alice WRITE TOPIC x from ?",
    result: "DENIED",
  },
  {
    rule: "the only name is denied",
    acls: ["ALLOW User:alice WRITE TOPIC =a", "DENY User:alice WRITE TOPIC =a"],
    result: "DENIED",
  },
  {
    rule: "the only name is denied to everyone by a prefix",
    acls: ["ALLOW User:alice WRITE TOPIC =abc", "DENY User:* ALL TOPIC ^ab"],
    result: "DENIED",
  },
  {
    rule: "a name of a prefix is denied, others are left",
    acls: ["ALLOW User:alice WRITE TOPIC ^a", "DENY User:alice WRITE TOPIC =a"],
    result: "ALLOWED",
  },
  {
    rule: "a longer prefix is denied, others are left",
    acls: ["ALLOW User:alice WRITE TOPIC ^a", "DENY User:alice WRITE TOPIC ^ab"],
    result: "ALLOWED",
  },
  {
    rule: "every prefix is denied by a shorter one, past others in between",
    acls: [
      "ALLOW User:alice WRITE TOPIC ^abc",
      "ALLOW User:alice WRITE TOPIC =bx",
      "DENY User:alice WRITE TOPIC ^ab",
      "DENY User:alice WRITE TOPIC ^abb",
      "DENY User:alice WRITE TOPIC ^b",
      "DENY User:alice WRITE TOPIC ^aa",
    ],
    result: "DENIED",
  },
  {
    rule: "everything is denied",
    acls: ["ALLOW User:alice WRITE TOPIC =a", "DENY User:alice WRITE TOPIC =*"],
    result: "DENIED",
  },
  {
    rule: "everything is allowed, much of it denied",
    acls: ["ALLOW User:alice WRITE TOPIC =*", "DENY User:alice WRITE TOPIC ^h"],
    result: "ALLOWED",
  },
  {
    rule: "a super user, though everything is denied",
    acls: ["DENY User:* ALL TOPIC =*"],
    asked: "User:admin WRITE TOPIC x",
    result: "ALLOWED",
  },
  {
    rule: "what another operation would imply does not count",
    acls: ["ALLOW User:alice READ TOPIC =a"],
    asked: "User:alice DESCRIBE TOPIC x",
    result: "DENIED",
  },
  {
    rule: "nor does an empty prefix that denies, as in Kafka",
    acls: ["ALLOW User:alice WRITE TOPIC =a", "DENY User:alice WRITE TOPIC ^"],
    result: "ALLOWED",
  },
];

describe("any resource of a type:", () => {
  test.each(CASES)("$rule: $result", ({ acls, asked = `${A} x`, settings = STRICT, result }) => {
    const { resourceName: _, ...access } = question(asked);
    const image = imageOf(acls.map(entry));
    expect(authorizeByResourceType(image, access, settings)).toBe(result);
  });

  test("codes that mean nothing allow nothing and deny nothing", () => {
    const image = imageOf([
      { ...entry("ALLOW User:alice WRITE TOPIC =a"), patternType: 2 },
      { ...entry("ALLOW User:alice WRITE TOPIC =a"), permissionType: 1 },
      { ...entry("DENY User:alice WRITE TOPIC =*"), patternType: 0 },
    ]);
    const { resourceName: _, ...access } = question("User:alice WRITE TOPIC x");
    expect(authorizeByResourceType(image, access, STRICT)).toBe("DENIED");
  });
});
