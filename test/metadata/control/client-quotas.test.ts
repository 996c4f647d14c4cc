/**
 * Client quotas as `kafka-configs` alters them: Kafka's answers, code and words, as `ClientQuotaControlManager` gives
 * them, and where ours differ.
 */
import { describe, expect, test } from "vitest";
import { isIpAddress } from "../../../src/metadata/access/ip-address.ts";
import type { Office } from "../office.ts";
import { officeOf } from "../office.ts";
import { told } from "../world.ts";

/** "user=ann client-id=app"; "user=" is the default of users, "user" one without a name. */
const entityOf = (words: string) =>
  words
    .split(" ")
    .filter(Boolean)
    .map((word) => {
      const [entityType = "", name] = word.split("=");
      return { entityType, entityName: name === undefined ? "" : name || null };
    });

/** Null removes. */
type Quotas = Readonly<Record<string, number | null>>;

const entry = (words: string, quotas: Quotas) => ({
  entity: entityOf(words),
  ops: Object.entries(quotas).map(([key, value]) => ({
    key,
    value: value ?? 0,
    remove: value === null,
  })),
});

const ask = (one: Office, ...entries: readonly object[]): readonly string[] =>
  one
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the parts are the test's own
    .ask("AlterClientQuotas", { entries } as never)
    .entries.map(told);

const quotasOf = ({ view }: Office): readonly string[] =>
  Array.from(view.clientQuotas.values(), ({ entity, values }) => {
    const names = entity.map(({ entityType, entityName }) => `${entityType}=${entityName ?? ""}`);
    const pairs = Array.from(values, ([key, value]) => `${key} ${value}`);
    return `${names.join(" ")}: ${pairs.join(", ")}`;
  });

const RATE = "producer_byte_rate";

const crowd = (count: number) =>
  Array.from({ length: count }, (_, at) => entry(`user=u${at}`, { [RATE]: 1 }));

describe("AlterClientQuotas", () => {
  test("sets quotas of every kind of entity, and removes them", () => {
    const one = officeOf({});
    const all = { [RATE]: 1_024, consumer_byte_rate: 2_048, request_percentage: 56.623_67 };
    const entries = [
      entry("user=ann", { ...all, controller_mutation_rate: 0.5 }),
      entry("user=ann client-id=app", { [RATE]: 1 }),
      entry("client-id=app user=", { [RATE]: 2 }),
      entry("client-id=", { [RATE]: 3 }),
      entry("ip=10.0.0.1", { connection_creation_rate: 4 }),
      entry("ip=", { connection_creation_rate: 5 }),
    ];
    expect(ask(one, ...entries)).toEqual(entries.map(() => "NONE"));
    expect(new Set(one.records.map(({ type, version }) => `${type} ${version}`))).toEqual(
      new Set(["CLIENT_QUOTA_RECORD 0"]),
    );
    expect(quotasOf(one).toSorted()).toEqual(
      [
        `client-id=: ${RATE} 3`,
        `client-id=app user=: ${RATE} 2`,
        `client-id=app user=ann: ${RATE} 1`,
        "ip=10.0.0.1: connection_creation_rate 4",
        "ip=: connection_creation_rate 5",
        `user=ann: ${RATE} 1024, consumer_byte_rate 2048, request_percentage 56.62367, ` +
          "controller_mutation_rate 0.5",
      ].toSorted(),
    );
    const removals = [
      entry("client-id=app user=ann", { [RATE]: null }),
      entry("ip=", { connection_creation_rate: null }),
      entry("user=ann", { [RATE]: null, consumer_byte_rate: 4_096 }),
    ];
    expect(ask(one, ...removals)).toEqual(removals.map(() => "NONE"));
    expect(one.records).toHaveLength(4);
    expect(quotasOf(one)).toHaveLength(4);
  });

  test("writes only what changes, and knows an entity in whatever order it is named", () => {
    const one = officeOf({});
    ask(one, entry("user=ann client-id=app", { [RATE]: 1, consumer_byte_rate: 2 }));
    const again = entry("client-id=app user=ann", {
      [RATE]: 1,
      consumer_byte_rate: 3,
      request_percentage: null,
      "no.such.quota": null,
    });
    expect(ask(one, again)).toEqual(["NONE"]);
    expect(one.records).toMatchObject([{ data: { key: "consumer_byte_rate", value: 3 } }]);
  });

  test("tells each entity as it was named", () => {
    const entries = [entry("client-id=app user=", { [RATE]: 2 })];
    const { entries: results } = officeOf({}).ask("AlterClientQuotas", { entries });
    expect(results.map(({ entity }) => entity)).toEqual([entityOf("client-id=app user=")]);
  });

  test("only validates where it is told so", () => {
    const one = officeOf({});
    const entries = [entry("user=ann", { [RATE]: 1 }), entry("user=bob", { [RATE]: -1 })];
    const { entries: results } = one.ask("AlterClientQuotas", { entries, validateOnly: true });
    expect(results.map(({ errorCode }) => errorCode)).toEqual([0, 42]);
    expect(one.records).toEqual([]);
  });

  const COMBINED =
    "Invalid quota entity combination, IP entity shouldnot be combined with User or ClientId";
  test.each<[string, Quotas, string]>([
    ["", { [RATE]: 1 }, "Invalid empty client quota entity"],
    ["group=g", { [RATE]: 1 }, "Unhandled client quota entity type: group"],
    ["user", { [RATE]: 1 }, "Empty user not supported"],
    ["client-id", { [RATE]: 1 }, "Empty client-id not supported"],
    ["ip", { connection_creation_rate: 1 }, "Empty ip not supported"],
    ["ip=10.0.0.1 user=ann", { [RATE]: 1 }, COMBINED],
    ["client-id= ip=", { connection_creation_rate: 1 }, COMBINED],
    [
      "ip=1.2.3.4.5",
      { connection_creation_rate: 1 },
      "1.2.3.4.5 is not a valid IP or resolvable host.",
    ],
    [
      "user=ann",
      { connection_creation_rate: 1 },
      "Invalid configuration key connection_creation_rate",
    ],
    ["ip=10.0.0.1", { [RATE]: 1 }, `Invalid configuration key ${RATE}`],
    ["user=ann", { constructor: 1 }, "Invalid configuration key constructor"],
    ["user=ann", { [RATE]: 0 }, `Quota ${RATE} must be greater than 0`],
    ["user=ann", { [RATE]: -2 }, `Quota ${RATE} must be greater than 0`],
    ["user=ann", { [RATE]: 2.245 }, `${RATE} cannot be a fractional value.`],
    ["user=ann", { [RATE]: 2 ** 65 }, `Proposed value for ${RATE} is too large for a LONG.`],
    [
      "ip=::1",
      { connection_creation_rate: 2_147_483_648 },
      "Proposed value for connection_creation_rate is too large for an INT.",
    ],
  ])("refuses %j with %j", (words, quotas, message) => {
    const one = officeOf({});
    expect(ask(one, entry(words, { ...quotas }), entry("user=zoe", { [RATE]: 1 }))).toEqual([
      `INVALID_REQUEST: ${message}`,
      "NONE",
    ]);
    expect(quotasOf(one)).toEqual([`user=zoe: ${RATE} 1`]);
  });

  test.each([1_235.000_000_1, 1, 2 ** 63])("takes %d bytes a second", (value) => {
    expect(ask(officeOf({}), entry("user=ann", { [RATE]: value }))).toEqual(["NONE"]);
  });

  test("takes nothing of an entity of which one quota is wrong", () => {
    const one = officeOf({});
    const wrong = entry("user=ann", { [RATE]: 1, consumer_byte_rate: -1 });
    expect(ask(one, wrong)).toEqual([
      "INVALID_REQUEST: Quota consumer_byte_rate must be greater than 0",
    ]);
    expect(one.records).toEqual([]);
  });

  test("takes no entity that is named twice, of which Kafka writes the first", () => {
    const one = officeOf({});
    const twice = [
      entry("user=ann client-id=app", { [RATE]: 1 }),
      entry("client-id=app user=ann", { [RATE]: 2 }),
    ];
    expect(ask(one, ...twice)).toEqual([
      "INVALID_REQUEST: Ignoring duplicate entity ClientQuotaEntity(entries={user=ann, client-id=app})",
    ]);
    const [op] = entry("user=bob", { [RATE]: 1 }).ops;
    expect(ask(one, { entity: entityOf("user=bob"), ops: [op, op] })).toEqual([
      "INVALID_REQUEST: Ignoring duplicate entity ClientQuotaEntity(entries={user=bob})",
    ]);
    expect(one.records).toEqual([]);
  });

  test("takes no entity that has two names of one type, of which Kafka takes the last", () => {
    const one = officeOf({});
    expect(ask(one, entry("user=ann user=bob", { [RATE]: 1 }))).toEqual([
      "INVALID_REQUEST: Invalid client quota entity, duplicate entity entry user",
    ]);
    expect(one.records).toEqual([]);
  });

  test("takes no value that is no number, which Kafka takes", () => {
    const one = officeOf({});
    for (const key of [RATE, "request_percentage"])
      expect(ask(one, entry("user=ann", { [key]: Number.NaN }))).toEqual([
        `INVALID_REQUEST: Quota ${key} must be greater than 0`,
      ]);
  });

  test("takes 10,000 at once, and of more none", () => {
    const one = officeOf({});
    expect(new Set(ask(one, ...crowd(10_001)))).toEqual(
      new Set(["POLICY_VIOLATION: Unable to perform excessively large batch operation."]),
    );
    expect(one.records).toEqual([]);
    ask(one, ...crowd(10_000));
    expect(one.records).toHaveLength(10_000);
  });
});

test.each([
  ["0.0.0.0", true],
  ["255.255.255.255", true],
  ["256.0.0.1", false],
  ["1.2.3", false],
  ["1.2.3.4 ", false],
  ["::", true],
  ["::1", true],
  ["1::", true],
  ["2001:db8:0:0:0:0:0:1", true],
  ["2001:DB8::ff", true],
  ["1:2:3:4:5:6:7::", true],
  ["1:2:3:4:5:6:7:8", true],
  ["1:2:3:4:5:6:7:8::", false],
  ["1:2:3:4:5:6:7", false],
  ["1:2:3:4:5:6:7:8:9", false],
  ["::ffff:10.0.0.1", true],
  ["1:2:3:4:5:6:10.0.0.1", true],
  ["1:2:3:4:5:6:7:10.0.0.1", false],
  ["10.0.0.1::", false],
  ["1::2::3", false],
  [":::", false],
  [":1", false],
  ["12345::", false],
  ["g::", false],
  ["fe80::1%eth0", false],
  ["[::1]", false],
  ["localhost", false],
  ["", false],
])("%j is an address: %s, whatever a name server says", (text, isOne) => {
  expect(isIpAddress(text)).toBe(isOne);
});
