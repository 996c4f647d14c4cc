/**
 * Who may do what, case by case, as Kafka's StandardAuthorizer has it. What it says to many more cases is compared with
 * Kafka's own class by `npm run differential`.
 */
import { describe, expect, test } from "vitest";
import type { AuthorizerSettings } from "../../../src/metadata/access/access.ts";
import { authorize } from "../../../src/metadata/access/standard-authorizer.ts";
import { entry, imageOf, question } from "./acl-notation.ts";

const STRICT: AuthorizerSettings = {
  superUsers: new Set(["User:admin", "User:a:b"]),
  allowEveryoneIfNoAclFound: false,
};
const OPEN: AuthorizerSettings = { ...STRICT, allowEveryoneIfNoAclFound: true };

interface Case {
  readonly rule: string;
  readonly acls: readonly string[];
  readonly allowed?: readonly string[];
  readonly denied?: readonly string[];
  /** `allow.everyone.if.no.acl.found`. */
  readonly open?: true;
}

const CASES: readonly Case[] = [
  {
    rule: "nothing is allowed that no entry allows",
    acls: [],
    denied: ["User:alice READ TOPIC a"],
  },
  {
    rule: "an entry is for its principal, operation, type and name, letter by letter",
    acls: ["ALLOW User:alice READ TOPIC =orders"],
    allowed: ["User:alice READ TOPIC orders"],
    denied: [
      "User:Alice READ TOPIC orders",
      "User:alic READ TOPIC orders",
      "user:alice READ TOPIC orders",
      "Group:alice READ TOPIC orders",
      "User:alice WRITE TOPIC orders",
      "User:alice READ GROUP orders",
      "User:alice READ TOPIC Orders",
      "User:alice READ TOPIC order",
      "User:alice READ TOPIC orders-eu",
    ],
  },
  {
    rule: "denying beats allowing, whichever is more special",
    acls: [
      "ALLOW User:alice READ TOPIC =orders",
      "DENY User:alice READ TOPIC ^ord",
      "ALLOW User:alice READ TOPIC ^bills",
      "DENY User:alice READ TOPIC =bills-eu",
      "ALLOW User:bob READ TOPIC =orders",
      "DENY User:bob READ TOPIC =*",
      "ALLOW User:carol READ TOPIC =orders",
      "DENY User:carol READ TOPIC =orders",
    ],
    allowed: ["User:alice READ TOPIC bills", "User:alice READ TOPIC bills-e"],
    denied: [
      "User:alice READ TOPIC orders",
      "User:alice READ TOPIC bills-eu",
      "User:bob READ TOPIC orders",
      "User:carol READ TOPIC orders",
    ],
  },
  {
    rule: "denying everyone denies whom another entry allows",
    acls: ["ALLOW User:alice READ TOPIC =a", "DENY User:* READ TOPIC =a"],
    denied: ["User:alice READ TOPIC a", "User:bob READ TOPIC a"],
  },
  {
    rule: "a prefix reaches every longer name, and its own",
    acls: ["ALLOW User:alice READ TOPIC ^team-"],
    allowed: ["User:alice READ TOPIC team-", "User:alice READ TOPIC team-a.very.long.name"],
    denied: ["User:alice READ TOPIC team", "User:alice READ TOPIC tea-", "User:alice READ TOPIC x"],
  },
  {
    rule: "of prefixes of each other each one counts, past others in between",
    acls: [
      "ALLOW User:alice READ TOPIC ^a",
      "ALLOW User:bob READ TOPIC ^abc",
      "ALLOW User:bob READ TOPIC ^abd",
      "ALLOW User:bob READ TOPIC ^ab-",
      "ALLOW User:bob READ TOPIC =ab",
      "DENY User:carol READ TOPIC ^abcd",
      "ALLOW User:carol READ TOPIC ^abc",
      "ALLOW User:dave READ TOPIC ^abcde",
    ],
    allowed: [
      "User:alice READ TOPIC abcde",
      "User:alice READ TOPIC a",
      "User:bob READ TOPIC abcde",
      "User:bob READ TOPIC ab",
      "User:carol READ TOPIC abc",
      "User:dave READ TOPIC abcde",
    ],
    denied: [
      "User:alice READ TOPIC b",
      "User:bob READ TOPIC a",
      "User:carol READ TOPIC abcde",
      "User:dave READ TOPIC abcd",
    ],
  },
  {
    rule: "the literal name * is every name of the type; as a prefix it is a letter",
    acls: [
      "ALLOW User:alice READ GROUP =*",
      "ALLOW User:bob READ GROUP ^*",
      "ALLOW User:carol READ GROUP =**",
    ],
    allowed: [
      "User:alice READ GROUP any",
      "User:alice READ GROUP *",
      "User:bob READ GROUP *",
      "User:bob READ GROUP *any",
      "User:carol READ GROUP **",
    ],
    denied: [
      "User:alice READ TOPIC any",
      "User:bob READ GROUP any",
      "User:carol READ GROUP any",
      "User:carol READ GROUP *",
      // As in Kafka: the wildcard is taken for the beginning of this name.
      "User:alice READ GROUP *any",
    ],
  },
  {
    rule: "an empty prefix is of every name, an empty name of none but itself",
    acls: ["ALLOW User:alice READ TOPIC ^", "ALLOW User:bob READ TOPIC ="],
    allowed: ["User:alice READ TOPIC a", "User:alice READ TOPIC ", "User:bob READ TOPIC "],
    denied: ["User:bob READ TOPIC a"],
  },
  {
    rule: "an entry for a range of addresses is for each of them, and denies before all that allow",
    acls: [
      "ALLOW User:alice READ TOPIC =a from 10.1.0.0/16",
      "ALLOW User:alice READ TOPIC =a from 2001:db8::/32",
      "ALLOW User:bob READ TOPIC =a",
      "DENY User:bob READ TOPIC =a from 10.1.2.0/24",
      "ALLOW User:carol READ TOPIC =a from 10.0.0.0/8",
      "DENY User:carol READ TOPIC =a from 10.1.0.0/16",
      "ALLOW User:carol READ TOPIC =a from 10.1.2.3",
      "ALLOW User:dave READ TOPIC =a from 10.1.0.0/33",
      "DENY User:* WRITE TOPIC ^ from 192.168.0.0/16",
      "ALLOW User:eve WRITE TOPIC =a",
    ],
    allowed: [
      "User:alice READ TOPIC a from 10.1.255.255",
      "User:alice READ TOPIC a from 2001:db8:0:0:0:0:0:1",
      "User:bob READ TOPIC a from 10.1.3.0",
      "User:bob READ TOPIC a from 2001:db8:0:0:0:0:0:1",
      "User:carol READ TOPIC a from 10.2.0.1",
      "User:eve WRITE TOPIC a from 192.169.0.1",
    ],
    denied: [
      "User:alice READ TOPIC a from 10.2.0.0",
      "User:alice READ TOPIC a from 2001:db9:0:0:0:0:0:1",
      "User:alice READ TOPIC a from ?",
      "User:bob READ TOPIC a from 10.1.2.255",
      "User:bob READ TOPIC a from ?",
      "User:carol READ TOPIC a from 10.1.2.3",
      "User:dave READ TOPIC a from 10.1.0.1",
      "User:eve WRITE TOPIC a from 192.168.7.7",
    ],
  },
  {
    rule: "an entry for one host is for that host, as text",
    acls: [
      "ALLOW User:alice READ TOPIC =a from 10.0.0.1",
      "ALLOW User:bob READ TOPIC =a",
      "DENY User:bob READ TOPIC =a from 10.0.0.1",
      "ALLOW User:carol READ TOPIC =a from ::1",
    ],
    allowed: ["User:alice READ TOPIC a from 10.0.0.1", "User:bob READ TOPIC a from 10.0.0.10"],
    denied: [
      "User:alice READ TOPIC a from 10.0.0.10",
      "User:bob READ TOPIC a from 10.0.0.1",
      "User:carol READ TOPIC a from 0:0:0:0:0:0:0:1",
    ],
  },
  {
    rule: "from a place that nobody knows, only what is for every host is allowed, and nothing that is denied anywhere",
    acls: [
      "ALLOW User:alice READ TOPIC =a from 10.0.0.1",
      "ALLOW User:bob READ TOPIC =a",
      "ALLOW User:carol READ TOPIC =a",
      "DENY User:carol READ TOPIC =a from 10.0.0.2",
      "DENY User:carol READ TOPIC =a from 10.0.0.3",
    ],
    allowed: ["User:bob READ TOPIC a from ?", "User:carol READ TOPIC a from 10.0.0.1"],
    denied: ["User:alice READ TOPIC a from ?", "User:carol READ TOPIC a from ?"],
  },
  {
    rule: "User:* is everyone of any type; other types have no everyone",
    acls: [
      "ALLOW User:* READ TOPIC =a",
      "ALLOW Group:* READ TOPIC =b",
      "DENY User:* READ TOPIC =c",
    ],
    allowed: ["User:alice READ TOPIC a", "Group:x READ TOPIC a", "Group:* READ TOPIC b"],
    denied: ["Group:x READ TOPIC b", "User:alice READ TOPIC b", "User:alice READ TOPIC c"],
  },
  {
    rule: "a type ends at its entry's first colon",
    acls: ["ALLOW User:cn=x:y READ TOPIC =a"],
    allowed: ["User:cn=x:y READ TOPIC a"],
    denied: ["User:cn=x READ TOPIC a"],
  },
  {
    rule: "READ, WRITE, DELETE and ALTER bring DESCRIBE with them, ALTER_CONFIGS brings DESCRIBE_CONFIGS",
    acls: [
      "ALLOW User:r READ TOPIC =a",
      "ALLOW User:w WRITE TOPIC =a",
      "ALLOW User:d DELETE TOPIC =a",
      "ALLOW User:a ALTER TOPIC =a",
      "ALLOW User:c CREATE TOPIC =a",
      "ALLOW User:ac ALTER_CONFIGS TOPIC =a",
      "ALLOW User:dc DESCRIBE_CONFIGS TOPIC =a",
      "ALLOW User:desc DESCRIBE TOPIC =a",
      "ALLOW User:all ALL TOPIC =a",
    ],
    allowed: [
      "User:r DESCRIBE TOPIC a",
      "User:w DESCRIBE TOPIC a",
      "User:d DESCRIBE TOPIC a",
      "User:a DESCRIBE TOPIC a",
      "User:ac DESCRIBE_CONFIGS TOPIC a",
      "User:desc DESCRIBE TOPIC a",
      "User:dc DESCRIBE_CONFIGS TOPIC a",
      "User:all DESCRIBE TOPIC a",
      "User:all ALTER_CONFIGS TOPIC a",
    ],
    denied: [
      "User:c DESCRIBE TOPIC a",
      "User:ac DESCRIBE TOPIC a",
      "User:dc DESCRIBE TOPIC a",
      "User:a DESCRIBE_CONFIGS TOPIC a",
      "User:a ALTER_CONFIGS TOPIC a",
      "User:desc READ TOPIC a",
      "User:dc ALTER_CONFIGS TOPIC a",
      "User:r WRITE TOPIC a",
    ],
  },
  {
    rule: "what is denied brings nothing with it, but for ALL",
    acls: [
      "ALLOW User:* DESCRIBE TOPIC =a",
      "ALLOW User:* DESCRIBE_CONFIGS TOPIC =a",
      "DENY User:alice READ TOPIC =a",
      "DENY User:alice ALTER TOPIC =a",
      "DENY User:alice ALTER_CONFIGS TOPIC =a",
      "DENY User:bob ALL TOPIC =a",
    ],
    allowed: ["User:alice DESCRIBE TOPIC a", "User:alice DESCRIBE_CONFIGS TOPIC a"],
    denied: ["User:alice READ TOPIC a", "User:bob DESCRIBE TOPIC a"],
  },
  {
    rule: "a super user may do what is denied to everyone; its name is compared as text",
    acls: ["DENY User:* ALL CLUSTER =kafka-cluster"],
    allowed: ["User:admin ALTER CLUSTER kafka-cluster", "User:a:b ALTER CLUSTER kafka-cluster"],
    denied: [
      "User:Admin ALTER CLUSTER kafka-cluster",
      "user:admin ALTER CLUSTER kafka-cluster",
      "Group:admin ALTER CLUSTER kafka-cluster",
      "User:admin2 ALTER CLUSTER kafka-cluster",
      "User:a ALTER CLUSTER kafka-cluster",
    ],
  },
  {
    rule: "what no entry is about is everybody's where the settings say so",
    open: true,
    acls: ["ALLOW User:alice READ TOPIC =a", "ALLOW User:alice READ TOPIC ^team-"],
    allowed: [
      "User:bob WRITE TOPIC b",
      "User:bob READ GROUP a",
      "User:bob READ TOPIC team",
      "User:alice READ TOPIC a",
    ],
    denied: [
      // An entry for somebody else, or for something else, takes it from everybody.
      "User:bob READ TOPIC a",
      "User:alice WRITE TOPIC a",
      "User:bob READ TOPIC team-x",
    ],
  },
  {
    rule: "a wildcard is about everything, also where the settings are open",
    open: true,
    acls: ["DENY User:mallory READ TOPIC =*"],
    allowed: ["User:bob READ GROUP a"],
    denied: ["User:bob READ TOPIC a", "User:mallory READ TOPIC a"],
  },
];

describe.each(CASES)("$rule", ({ acls, allowed = [], denied = [], open }) => {
  const image = imageOf(acls.map(entry));
  const settings = open === true ? OPEN : STRICT;

  test.each(allowed)("%s: ALLOWED", (line) => {
    expect(authorize(image, question(line), settings).result).toBe("ALLOWED");
  });

  test.each(denied)("%s: DENIED", (line) => {
    expect(authorize(image, question(line), settings).result).toBe("DENIED");
  });
});

test("a principal is its type and its name, not the text of both", () => {
  const acls = imageOf([entry("ALLOW User:x:y READ TOPIC =a")]);
  const asked = question("User:x:y READ TOPIC a");
  const result = (type: string, name: string): string =>
    authorize(acls, { ...asked, principal: { type, name } }, STRICT).result;
  expect(result("User", "x:y")).toBe("ALLOWED");
  expect(result("User:x", "y")).toBe("DENIED");
  // A super user is compared as text, as in Kafka.
  expect(result("User:a", "b")).toBe("ALLOWED");
});

describe("a decision names its rule:", () => {
  const image = imageOf(
    [
      "ALLOW User:alice READ TOPIC ^a",
      "ALLOW User:alice READ TOPIC =ab",
      "DENY User:* READ TOPIC =ac",
    ].map(entry),
  );
  const ruleOf = (line: string, settings = STRICT): unknown => {
    const { rule } = authorize(image, question(line), settings);
    if (rule.kind !== "acl") return rule.kind;
    const { id: _, ...acl } = rule.acl;
    return acl;
  };

  test("the super user's", () => expect(ruleOf("User:admin READ TOPIC ac")).toBe("super-user"));

  test("the entry that denies", () =>
    expect(ruleOf("User:alice READ TOPIC ac")).toEqual(entry("DENY User:* READ TOPIC =ac")));

  test("of entries that allow the most special one", () =>
    expect(ruleOf("User:alice READ TOPIC ab")).toEqual(entry("ALLOW User:alice READ TOPIC =ab")));

  test("a prefix", () =>
    expect(ruleOf("User:alice READ TOPIC abc")).toEqual(entry("ALLOW User:alice READ TOPIC ^a")));

  test("none", () => {
    expect(ruleOf("User:bob READ TOPIC ab")).toBe("default");
    expect(ruleOf("User:bob READ TOPIC b", OPEN)).toBe("default");
  });
});
