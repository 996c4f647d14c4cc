/** Ranges of addresses as hosts of access control entries (KIP-1276), against what Kafka's own class said of them. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { hostRangeFault, isInHostRange } from "../../../src/metadata/access/host-range.ts";

interface Said {
  readonly range: string;
  /** Where it was judged: what is wrong with it. */
  readonly fault?: string | null;
  /** Where a host was asked about: whether it is inside. */
  readonly host?: string;
  readonly inside?: boolean;
}

const said: readonly Said[] = readFileSync(
  new URL("../../fixtures/protocol/host-ranges.ndjson", import.meta.url),
  "utf8",
)
  .trim()
  .split("\n")
  .map((line) => JSON.parse(line));

/** Kafka takes a zone in a range where the controller's machine has it, and groups of more than four digits. */
const REFUSED_HERE: ReadonlySet<string> = new Set(["fe80::1%1/64", "00001::/16"]);
/** Kafka finds an address with a zone in a range where the controller's machine has that zone. */
const INSIDE_HERE: ReadonlySet<string> = new Set(["fe80:0:0:0:0:0:0:1%lo"]);

describe("a range", () => {
  const judged = said.filter(({ fault }) => fault !== undefined);

  test.each(judged.filter(({ range }) => !REFUSED_HERE.has(range)))(
    "$range is judged as Kafka judges it",
    ({ range, fault }) => {
      expect(hostRangeFault(range)).toBe(fault);
    },
  );

  test("that hangs on the machine, or is written otherwise than RFC 4291 has it, is none", () => {
    const here = judged.filter(({ range }) => REFUSED_HERE.has(range));
    expect(here.map(({ fault }) => fault)).toEqual([null, null]);
    expect(here.map(({ range }) => hostRangeFault(range))).toEqual([
      "Could not parse [fe80::1%1]",
      "Could not parse [00001::]",
    ]);
  });
});

describe("a host", () => {
  const asked = said.flatMap(({ range, host, inside }) =>
    host === undefined ? [] : [{ range, host, inside: inside === true || INSIDE_HERE.has(host) }],
  );

  test.each(asked)("$host in $range: $inside", ({ range, host, inside }) => {
    expect(isInHostRange(host, range)).toBe(inside);
  });

  test.each(["", "*", "localhost", "10.0.0", "10.0.0.1/32", "?"])("%j is in no range", (host) => {
    for (const range of ["0.0.0.0/0", "::/0", "10.0.0.0/8"])
      expect(isInHostRange(host, range)).toBe(false);
  });
});
