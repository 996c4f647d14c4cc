/**
 * Rule sets drawn from small vocabularies, so that entries and questions meet, and from names that are prefixes of each
 * other, look like wildcards, or sort oddly.
 */
import {
  ACL_OPERATION,
  ACL_PATTERN,
  ACL_PERMISSION,
  ACL_RESOURCE,
} from "../../src/metadata/image/acls-image.ts";
import type { Operation, ResourceType } from "../../src/metadata/index.ts";
import { pick, type Draw } from "./draws.ts";
import type { Entry, Question, RuleSet } from "./rule-set.ts";

/** What one kind of rule set is made of. */
export interface Vocabulary {
  readonly title: string;
  /** Entries and questions of a set, at most. */
  readonly entries: number;
  readonly questions: number;
  readonly types: readonly ResourceType[];
  readonly operations: readonly Operation[];
  readonly names: (draw: Draw) => string;
  /** Type and name. */
  readonly principals: readonly (readonly [string, string])[];
  readonly hosts: readonly string[];
  /** Principals and hosts that only entries have. */
  readonly entryPrincipals?: readonly string[];
  readonly entryHosts?: readonly string[];
  /** Numbers in entries beside those that mean something. */
  readonly codes?: readonly number[];
  /** Whether questions are about any resource of a type. */
  readonly byType?: true;
  /** The first release that reads such entries as this project does. */
  readonly since?: string;
}

const textOf =
  (letters: readonly string[], lengthMax: number) =>
  (draw: Draw): string =>
    Array.from({ length: draw(lengthMax + 1) }, () => pick(letters, draw)).join("");

const oneOf =
  (names: readonly string[]) =>
  (draw: Draw): string =>
    pick(names, draw);

const ALICE = ["User", "alice"] as const;
const HERE = "10.0.0.1";
const EVERY_TYPE = keysOf(ACL_RESOURCE);
const EVERY_OPERATION = keysOf(ACL_OPERATION).filter((name) => name !== "ALL");

/** Letters in an order by UTF-16 that is not the order by code point. */
const ODD_LETTERS = ["a", "*", "é", "e\u0301", "\u{1F600}", "\u{10000}", "\uFFFD", "\uE000", "."];

export const VOCABULARIES: readonly Vocabulary[] = [
  {
    title: "names that are prefixes of each other",
    entries: 12,
    questions: 60,
    types: ["TOPIC"],
    operations: ["READ"],
    names: textOf(["a", "b", "*", "-"], 5),
    principals: [ALICE],
    hosts: [HERE],
  },
  {
    title: "operations that imply others",
    entries: 8,
    questions: 60,
    types: ["TOPIC"],
    operations: EVERY_OPERATION,
    names: oneOf(["a", "ab", "b", "*"]),
    principals: [ALICE],
    hosts: [HERE],
  },
  {
    title: "principals, hosts and super users",
    entries: 20,
    questions: 80,
    types: ["GROUP"],
    operations: ["READ", "DESCRIBE"],
    names: oneOf(["a", "ab", "*"]),
    principals: [
      ALICE,
      ["User", "Alice"],
      ["user", "alice"],
      ["Group", "alice"],
      ["Group", "*"],
      ["User", "a:b"],
      ["User:a", "b"],
      ["User", "ANONYMOUS"],
      ["User", "CN=alice,O=x"],
      ["User", ""],
      ["", "alice"],
    ],
    hosts: [
      HERE,
      "10.0.0.10",
      "192.168.1.1",
      "0:0:0:0:0:0:0:1",
      "2001:db8:0:0:0:0:0:1",
      "255.255.255.255",
    ],
    entryPrincipals: ["User:*", "Group:*", ":", "User:alic", "User:alice*"],
    entryHosts: ["*", "*", "", "10.0.0.", "10.0.0.*", "::1", "localhost"],
  },
  {
    title: "ranges of addresses as hosts",
    entries: 12,
    questions: 80,
    types: ["TOPIC"],
    operations: ["READ", "DESCRIBE"],
    names: oneOf(["a", "ab", "*"]),
    principals: [ALICE, ["User", "bob"]],
    hosts: [
      HERE,
      "10.0.0.255",
      "10.128.0.0",
      "0.0.0.0",
      "255.255.255.255",
      "0:0:0:0:0:0:0:1",
      "2001:db8:0:0:0:0:0:1",
      "2001:db8:ffff:0:0:0:0:1",
      "fe80:0:0:0:0:0:0:1",
    ],
    entryPrincipals: ["User:*"],
    entryHosts: [
      "*",
      "10.0.0.0/8",
      "10.0.0.0/9",
      "10.0.0.7/24",
      "10.0.0.1/32",
      "10.0.0.1/31",
      "0.0.0.0/0",
      "::/0",
      "2001:db8::/32",
      "[2001:db8::]/48",
      "2001:db8::1/128",
      "fe80::/10",
      "::ffff:10.0.0.0/104",
      "10.0.0.0/33",
      "::/129",
      "10.0.0/8",
      "/",
      "!/8",
      "::1/+0x8",
    ],
    since: "4.4",
  },
  {
    title: "letters beyond ASCII",
    entries: 16,
    questions: 60,
    types: ["TRANSACTIONAL_ID"],
    operations: ["WRITE"],
    names: textOf(ODD_LETTERS, 4),
    principals: [ALICE, ["User", "élan"], ["User", "e\u0301lan"], ["User", "\u{1F600}"]],
    hosts: [HERE],
  },
  {
    title: "every type of resource",
    entries: 40,
    questions: 80,
    types: EVERY_TYPE,
    operations: EVERY_OPERATION,
    names: oneOf(["kafka-cluster", "kafka", "k", "*", "orders", "orders-eu"]),
    principals: [ALICE, ["User", "bob"]],
    hosts: [HERE, "10.0.0.10"],
    entryPrincipals: ["User:*"],
    entryHosts: ["*"],
  },
  {
    title: "numbers that mean nothing",
    entries: 16,
    questions: 60,
    types: ["TOPIC", "CLUSTER"],
    operations: ["READ", "ALTER", "DESCRIBE", "ALTER_CONFIGS", "DESCRIBE_CONFIGS"],
    names: textOf(["a", "*"], 2),
    principals: [ALICE],
    hosts: [HERE],
    codes: [-1, 0, 1, 2, 5, 99, 127],
  },
  {
    title: "any resource of a type",
    entries: 8,
    questions: 10,
    types: ["TOPIC"],
    operations: ["WRITE", "DESCRIBE"],
    names: (draw) => (draw(12) === 0 ? "hardcode" : textOf(["a", "a", "b", "*"], 4)(draw)),
    principals: [ALICE, ["User", "bob"]],
    hosts: [HERE],
    entryPrincipals: ["User:*", "User:*"],
    entryHosts: ["*", "*", "10.0.0.10"],
    byType: true,
  },
];

/** One set; `draw` decides it wholly. */
export function ruleSet(vocabulary: Vocabulary, draw: Draw): RuleSet {
  const acls = Array.from({ length: draw(vocabulary.entries + 1) }, () => entry(vocabulary, draw));
  const principals = vocabulary.principals.map((principal) => principal.join(":"));
  return {
    allowEveryone: draw(2) === 0,
    superUsers: principals.filter(() => draw(6) === 0),
    acls,
    questions: Array.from({ length: vocabulary.questions }, () => question(vocabulary, acls, draw)),
  };
}

/** One set of 5,000 entries, most of them about names that begin alike. */
export function manyEntries(draw: Draw): RuleSet {
  const names = (): string => `orders-${draw(700)}`.slice(0, 7 + draw(4));
  return ruleSet(
    {
      title: "",
      entries: 5_000,
      questions: 2_000,
      types: ["TOPIC"],
      operations: ["READ", "WRITE", "DESCRIBE"],
      names,
      principals: Array.from({ length: 300 }, (_, at) => ["User", `user-${at}`] as const),
      hosts: [HERE, "10.0.0.10"],
      entryHosts: ["*"],
    },
    (bound) => (bound === 5_001 ? 5_000 : draw(bound)),
  );
}

function entry(vocabulary: Vocabulary, draw: Draw): Entry {
  const { codes = [], entryPrincipals = [], entryHosts = ["*"] } = vocabulary;
  const code = (meant: number): number =>
    codes.length > 0 && draw(4) === 0 ? pick(codes, draw) : meant;
  const isForAll = draw(8) === 0;
  const principals = vocabulary.principals.map((principal) => principal.join(":"));
  return {
    resourceType: code(ACL_RESOURCE[pick(vocabulary.types, draw)]),
    resourceName: vocabulary.names(draw),
    patternType: code(draw(2) === 0 ? ACL_PATTERN.LITERAL : ACL_PATTERN.PREFIXED),
    principal: pick([...principals, ...entryPrincipals], draw),
    host: pick([...vocabulary.hosts, ...entryHosts], draw),
    operation: code(
      isForAll ? ACL_OPERATION.ALL : ACL_OPERATION[pick(vocabulary.operations, draw)],
    ),
    permissionType: code(draw(3) === 0 ? ACL_PERMISSION.DENY : ACL_PERMISSION.ALLOW),
  };
}

function question(vocabulary: Vocabulary, acls: readonly Entry[], draw: Draw): Question {
  const [type, name] = pick(vocabulary.principals, draw);
  return {
    principal: { type, name },
    host: pick(vocabulary.hosts, draw),
    operation: pick(vocabulary.operations, draw),
    resourceType: pick(vocabulary.types, draw),
    resourceName: vocabulary.byType === true ? null : askedName(vocabulary, acls, draw),
  };
}

/** Half of the names are near one that an entry has. */
function askedName(vocabulary: Vocabulary, acls: readonly Entry[], draw: Draw): string {
  if (acls.length === 0 || draw(2) === 0) return vocabulary.names(draw);
  const { resourceName } = pick(acls, draw);
  switch (draw(3)) {
    case 0:
      return resourceName + vocabulary.names(draw);
    case 1:
      // By code points: half a pair cannot be sent.
      return Array.from(resourceName)
        .slice(0, draw(resourceName.length + 1))
        .join("");
    default:
      return resourceName;
  }
}

function keysOf<Name extends string>(table: Readonly<Record<Name, number>>): readonly Name[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a constant table has no other keys
  return Object.keys(table) as Name[];
}
