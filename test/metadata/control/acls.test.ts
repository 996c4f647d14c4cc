/**
 * ACLs as tools write, read and remove them: Kafka's answers, code and words, as `AclApis` and `AclControlManager` give
 * them, and where ours differ.
 */
import { describe, expect, test } from "vitest";
import { createAcls } from "../../../src/metadata/control/create-acls.ts";
import { RECORDS_PER_OPERATION_MAX } from "../../../src/metadata/control/operation.ts";
import {
  ACL_OPERATION,
  ACL_PATTERN,
  ACL_PERMISSION,
  ACL_RESOURCE,
} from "../../../src/metadata/image/acls-image.ts";
import type { AccessControlEntryRecord } from "../../../src/protocol/index.ts";
import { entry, EVERY_ACL } from "../access/acl-notation.ts";
import { withAcls } from "../authorized/asking.ts";
import { uuidOf } from "../record-streams.ts";
import { officeOf, Office } from "../office.ts";
import { contextFor, record, replayed, told, world } from "../world.ts";

const creation = (line: string, parts: object = {}) => {
  const { patternType, ...rest } = entry(line);
  return { ...rest, resourcePatternType: patternType, ...parts };
};

const officeWith = (...lines: readonly string[]): Office => new Office(withAcls(lines));

const create = (office: Office, ...lines: readonly string[]): readonly string[] =>
  office.ask("CreateAcls", { creations: lines.map((line) => creation(line)) }).results.map(told);

/** Everything, unless `parts` say less. */
const filter = (parts: object = {}) => ({ ...EVERY_ACL, ...parts });

const remove = (office: Office, ...filters: readonly object[]) =>
  office.ask("DeleteAcls", { filters: filters.map(filter) }).filterResults;

const nameIn = (table: Readonly<Record<string, number>>, code: number): string =>
  Object.entries(table).find(([, number]) => number === code)?.[0] ?? `#${code}`;

type Shown = Omit<AccessControlEntryRecord, "id">;

const inWords = (acl: Shown): string =>
  [
    nameIn(ACL_PERMISSION, acl.permissionType),
    acl.principal,
    nameIn(ACL_OPERATION, acl.operation),
    nameIn(ACL_RESOURCE, acl.resourceType),
    (acl.patternType === ACL_PATTERN.PREFIXED ? "^" : "=") + acl.resourceName,
    ...(acl.host === "*" ? [] : [`from ${acl.host}`]),
  ].join(" ");

const aclsOf = ({ view }: Office): readonly string[] =>
  Array.from(view.acls.byPattern.values(), inWords);

const described = (office: Office, parts: object = {}): readonly string[] => {
  const { resources, ...outcome } = office.ask("DescribeAcls", filter(parts));
  expect(told(outcome)).toBe("NONE");
  return resources.flatMap(({ acls, ...pattern }) =>
    acls.map((acl) => inWords({ ...pattern, ...acl })),
  );
};

const crowd = (count: number) =>
  Array.from({ length: count }, (_, at) => creation(`ALLOW User:u${at} READ TOPIC =t${at % 2}`));

/** A cluster with many entries, half of them about "t0". */
const crowded = (count: number): Office =>
  new Office(
    replayed(
      world({}),
      crowd(count).map(({ resourcePatternType: patternType, ...rest }, at) =>
        record("ACCESS_CONTROL_ENTRY_RECORD", 0, { ...rest, patternType, id: uuidOf(1_000 + at) }),
      ),
    ),
  );

/** What a new entry from this host is told. */
const createdAt = (metadataVersion: number, host: string): string | undefined =>
  create(officeOf({ metadataVersion }), `ALLOW User:ann READ TOPIC =t from ${host}`)[0];

describe("CreateAcls", () => {
  describe("of hosts that are ranges of addresses (KIP-1276)", () => {
    const old =
      "UNSUPPORTED_VERSION: CIDR-based ACL host patterns require metadata version 4.4-IV1 or higher.";

    test.each([
      [32, "10.0.0.0/8", "NONE"],
      [33, "2001:db8::/32", "NONE"],
      [32, "0.0.0.0/0", "NONE"],
      [
        32,
        "10.0.0.0/33",
        "INVALID_REQUEST: Invalid CIDR notation '10.0.0.0/33': Value [33] not in range [0,32]",
      ],
      [
        33,
        "::/129",
        "INVALID_REQUEST: Invalid CIDR notation '::/129': Could not parse [::/129] - prefix length must be between 0 and 128",
      ],
      [32, "host/8", "INVALID_REQUEST: Invalid CIDR notation 'host/8': Could not parse [host/8]"],
      [31, "10.0.0.0/8", old],
      [25, "2001:db8::/32", old],
      [25, "nonsense/", old],
      // What is no range is taken as it is.
      [25, "10.0.0.1", "NONE"],
      [32, "nonsense", "NONE"],
    ])("at level %i, %s: %s", (metadataVersion, host, expected) => {
      expect(createdAt(metadataVersion, host)).toBe(expected);
    });

    test("each by itself, and the empty host is refused at every level", () => {
      const office = officeOf({ metadataVersion: 25 });
      const line = "ALLOW User:ann READ TOPIC =t";
      const creations = ["", "10.0.0.0/8", "10.0.0.1"].map((host) => creation(line, { host }));
      expect(office.ask("CreateAcls", { creations }).results.map(told)).toEqual([
        "INVALID_REQUEST: Host pattern cannot be null or empty",
        old,
        "NONE",
      ]);
      expect(aclsOf(office)).toEqual([`${line} from 10.0.0.1`]);
    });

    test("once: the same range again writes nothing", () => {
      const office = officeOf({ metadataVersion: 33 });
      const line = "DENY User:ann READ TOPIC =t from 10.0.0.0/8";
      expect(create(office, line, line, `${line.slice(0, -1)}9`)).toEqual(["NONE", "NONE", "NONE"]);
      expect(office.records).toHaveLength(2);
      expect(create(office, line)).toEqual(["NONE"]);
      expect(office.records).toEqual([]);
    });
  });

  test("writes an entry for each, under ids that nothing else has", () => {
    const lines = [
      "ALLOW User:ann READ TOPIC =orders",
      "DENY User:* ALL GROUP ^team- from 10.0.0.1",
      "ALLOW User:ann ALTER CLUSTER =kafka-cluster",
      "ALLOW User:ann CREATE_TOKENS USER =User:bob",
    ];
    const office = officeOf({});
    expect(create(office, ...lines)).toEqual(lines.map(() => "NONE"));
    expect(office.records.map(({ type, version }) => [type, version])).toEqual(
      lines.map(() => ["ACCESS_CONTROL_ENTRY_RECORD", 0]),
    );
    expect(office.view.acls.byId.size).toBe(lines.length);
    expect(aclsOf(office).toSorted()).toEqual(lines.toSorted());
  });

  test("writes what is there already no second time, nor what it names twice", () => {
    const [orders, denied] = ["ALLOW User:ann READ TOPIC =a", "DENY User:ann READ TOPIC =a"];
    const office = officeWith(orders);
    expect(create(office, orders, denied, denied)).toEqual(["NONE", "NONE", "NONE"]);
    expect(office.records).toHaveLength(1);
    expect(aclsOf(office).toSorted()).toEqual([orders, denied]);
  });

  test.each([
    ["ALLOW User:ann READ TOPIC =a"],
    ["ALLOW User:ann WRITE TOPIC ^orders"],
    ["ALLOW User:ann READ GROUP =orders"],
    ["ALLOW User:an READ TOPIC =orders"],
    ["ALLOW User:ann READ TOPIC =orders from 10.0.0.1"],
    ["ALLOW User:ann WRITE TOPIC =orders"],
    ["DENY User:ann READ TOPIC =orders"],
  ])("tells %s from its neighbours", (line) => {
    const office = officeWith(
      "ALLOW User:ann READ TOPIC =orders",
      "ALLOW User:ann READ TOPIC ^orders",
      "ALLOW User:anna READ TOPIC =a",
    );
    create(office, line);
    expect(office.records).toHaveLength(1);
    create(office, line);
    expect(office.records).toEqual([]);
  });

  const GOOD = "ALLOW User:ann READ TOPIC =orders";
  test.each([
    [{ resourceType: 0 }, "Invalid resourceType UNKNOWN"],
    [{ resourceType: 1 }, "Invalid resourceType ANY"],
    [{ resourceType: 99 }, "Invalid resourceType UNKNOWN"],
    [{ resourcePatternType: 0 }, "Invalid patternType UNKNOWN"],
    [{ resourcePatternType: 1 }, "Invalid patternType ANY"],
    [{ resourcePatternType: 2 }, "Invalid patternType MATCH"],
    [{ operation: 0 }, "Invalid operation UNKNOWN"],
    [{ operation: 1 }, "Invalid operation ANY"],
    [{ operation: 16 }, "Invalid operation UNKNOWN"],
    [{ permissionType: 0 }, "Invalid permissionType UNKNOWN"],
    [{ permissionType: 1 }, "Invalid permissionType ANY"],
    [{ resourceName: "" }, "Invalid empty resource name"],
    [{ resourceType: 4 }, "The only valid name for the CLUSTER resource is kafka-cluster"],
    [
      { principal: "ann" },
      "Could not parse principal from `ann` (no colon is present separating the principal type from the " +
        "principal name)",
    ],
    // In Kafka's order.
    [{ resourceType: 1, resourceName: "" }, "Invalid empty resource name"],
    [{ resourceType: 1, operation: 1 }, "Invalid resourceType ANY"],
    [{ permissionType: 1, operation: 1 }, "Invalid operation ANY"],
  ])("refuses %j, and that alone", (parts, message) => {
    const office = officeOf({});
    const creations = [creation(GOOD, parts), creation(GOOD)];
    expect(office.ask("CreateAcls", { creations }).results.map(told)).toEqual([
      `INVALID_REQUEST: ${message}`,
      "NONE",
    ]);
    expect(aclsOf(office)).toEqual([GOOD]);
  });

  test("takes 10,000 at once, and of more none", () => {
    const view = world({});
    const context = contextFor(view);
    const run = (count: number) => createAcls.run(view, { creations: crowd(count) }, context);
    expect(run(RECORDS_PER_OPERATION_MAX).records).toHaveLength(RECORDS_PER_OPERATION_MAX);
    const refused = run(RECORDS_PER_OPERATION_MAX + 1);
    expect(refused.records).toEqual([]);
    expect(new Set(refused.response.results.map(told))).toEqual(
      new Set(["POLICY_VIOLATION: Unable to perform excessively large batch operation."]),
    );
  });
});

describe("DescribeAcls", () => {
  const ACLS = [
    "ALLOW User:ann READ TOPIC =orders",
    "DENY User:bob READ TOPIC =orders from 10.0.0.1",
    "ALLOW User:ann WRITE TOPIC ^ord",
    "ALLOW User:ann WRITE TOPIC ^orders",
    "ALLOW User:ann WRITE TOPIC ^x",
    "ALLOW User:* READ TOPIC =*",
    "ALLOW User:ann READ GROUP =orders",
    "ALLOW User:ann ALTER CLUSTER =kafka-cluster",
  ];
  const [orders, bob, ord, ordersPrefix, x, wildcard, group, cluster] = ACLS;

  test.each([
    ["everything", {}, ACLS],
    [
      "one type",
      { resourceTypeFilter: ACL_RESOURCE.TOPIC },
      [orders, bob, ord, ordersPrefix, x, wildcard],
    ],
    [
      "a name of either pattern",
      { resourceNameFilter: "orders" },
      [orders, bob, ordersPrefix, group],
    ],
    [
      "a name, literally",
      { resourceNameFilter: "orders", patternTypeFilter: 3 },
      [orders, bob, group],
    ],
    [
      "a prefix, by its own name",
      { resourceNameFilter: "orders", patternTypeFilter: 4 },
      [ordersPrefix],
    ],
    [
      "all that is about a name",
      { resourceNameFilter: "orders", patternTypeFilter: 2, resourceTypeFilter: 2 },
      [orders, bob, ord, ordersPrefix, wildcard],
    ],
    ["all prefixes", { patternTypeFilter: 4 }, [ord, ordersPrefix, x]],
    ["of any pattern that could match", { patternTypeFilter: 2 }, ACLS],
    ["a principal", { principalFilter: "User:bob" }, [bob]],
    ["a principal, not its wildcard", { principalFilter: "User:*" }, [wildcard]],
    ["a host", { hostFilter: "10.0.0.1" }, [bob]],
    ["an operation", { operation: ACL_OPERATION.ALTER }, [cluster]],
    ["no operation but ALL itself", { operation: ACL_OPERATION.ALL }, []],
    ["a permission", { permissionType: ACL_PERMISSION.DENY }, [bob]],
    ["an empty name", { resourceNameFilter: "" }, []],
    ["a type that means nothing", { resourceTypeFilter: 99 }, []],
    ["a pattern that means nothing", { patternTypeFilter: 0 }, []],
  ])("finds %s", (_what, parts, expected) => {
    expect(described(officeWith(...ACLS), parts).toSorted()).toEqual(
      [...expected].map(String).toSorted(),
    );
  });

  test("tells each pattern once, with its entries", () => {
    const { resources } = officeWith(...ACLS).ask("DescribeAcls", filter());
    const patterns = resources.map((resource) => JSON.stringify({ ...resource, acls: [] }));
    expect(new Set(patterns).size).toBe(patterns.length);
    expect(resources.find(({ acls }) => acls.length === 2)?.resourceName).toBe("orders");
  });
});

describe("DeleteAcls", () => {
  test("removes what any filter means once, and tells it under each", () => {
    const [orders, stock] = [
      "ALLOW User:ann READ TOPIC =orders",
      "ALLOW User:ann READ TOPIC =stock",
    ];
    const office = officeWith(orders, stock);
    const results = remove(
      office,
      {},
      { resourceNameFilter: "orders" },
      { resourceNameFilter: "no" },
    );
    expect(results.map(told)).toEqual(["NONE", "NONE", "NONE"]);
    expect(results.map(({ matchingAcls }) => matchingAcls.map(inWords).toSorted())).toEqual([
      [orders, stock],
      [orders],
      [],
    ]);
    expect(results[0]?.matchingAcls.map(told)).toEqual(["NONE", "NONE"]);
    expect(office.wrote).toEqual(Array(2).fill("REMOVE_ACCESS_CONTROL_ENTRY_RECORD"));
    expect(aclsOf(office)).toEqual([]);
  });

  test.each([
    [{ resourceTypeFilter: 0 }, "Unknown patternFilter."],
    [{ resourceTypeFilter: 8 }, "Unknown patternFilter."],
    [{ patternTypeFilter: 0 }, "Unknown patternFilter."],
    [{ patternTypeFilter: 5 }, "Unknown patternFilter."],
    [{ operation: 0 }, "Unknown entryFilter."],
    [{ permissionType: 4 }, "Unknown entryFilter."],
    [{ permissionType: 4, patternTypeFilter: 0 }, "Unknown patternFilter."],
  ])("refuses the filter %j, and that alone", (parts, message) => {
    const office = officeWith("ALLOW User:ann READ TOPIC =orders");
    const results = remove(office, parts, { resourceNameFilter: "orders" });
    expect(results.map(told)).toEqual([`INVALID_REQUEST: ${message}`, "NONE"]);
    expect(office.view.acls.byId.size).toBe(0);
  });

  const TOO_MANY =
    "INVALID_REQUEST: Cannot remove more than 10000 acls in a single delete operation.";

  test("KAFKA-19411: removes 10,000 at once, and of more none", () => {
    const office = crowded(RECORDS_PER_OPERATION_MAX + 1);
    expect(remove(office, {}).map(told)).toEqual([TOO_MANY]);
    const [first, second] = [{ resourceNameFilter: "t0" }, { resourceNameFilter: "t1" }];
    expect(remove(office, first, second).map(told)).toEqual([TOO_MANY, TOO_MANY]);
    expect(office.records).toEqual([]);
    create(office, "ALLOW User:ann READ TOPIC =orders");
    expect(remove(office, { principalFilter: "User:u0" }).map(told)).toEqual(["NONE"]);
    expect(remove(office, { resourceTypeFilter: 2, resourceNameFilter: "t0" }).map(told)).toEqual([
      "NONE",
    ]);
    expect(office.records).toHaveLength(RECORDS_PER_OPERATION_MAX / 2);
  });

  test("is bounded in what it tells and in what it compares, where filters repeat each other", () => {
    const office = crowded(2_000);
    expect(remove(office, ...Array(5).fill({})).map(told)).toEqual(Array(5).fill("NONE"));
    expect(remove(crowded(2_000), ...Array(6).fill({})).map(told)).toEqual(Array(6).fill(TOO_MANY));
    const nothing = Array(5_001).fill({ resourceNameFilter: "no" });
    expect(new Set(remove(crowded(2_000), ...nothing).map(told))).toEqual(
      new Set(["POLICY_VIOLATION: Unable to perform excessively large batch operation."]),
    );
  });
});

describe("without an authorizer nobody writes or reads ACLs", () => {
  const office = new Office(withAcls(["ALLOW User:ann READ TOPIC =orders"]), {
    hasAuthorizer: false,
  });
  const says = "SECURITY_DISABLED: No Authorizer is configured";

  test("CreateAcls", () => {
    const [line] = ["ALLOW User:bob READ TOPIC =orders"];
    expect(create(office, line, line)).toEqual([`${says}.`, `${says}.`]);
    expect(office.records).toEqual([]);
  });

  test("DeleteAcls", () => {
    expect(remove(office, {}).map(told)).toEqual([`${says}.`]);
    expect(office.records).toEqual([]);
  });

  test("DescribeAcls", () => {
    const { resources, ...outcome } = office.ask("DescribeAcls", filter());
    expect([told(outcome), resources]).toEqual([`${says} on the broker`, []]);
  });
});
