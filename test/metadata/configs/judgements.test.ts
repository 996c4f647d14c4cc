import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { changesRefusal, configsRefusal } from "../../../src/metadata/configs/validate.ts";
import { CONFIG_RESOURCE } from "../../../src/metadata/image/configs-image.ts";

/**
 * What Kafka's own ControllerConfigurationValidator said in release 4.3.1, and of a broker's configs its ConfigDef: the
 * fixtures' README.md.
 */
interface Judgement {
  readonly type: "topic" | "group" | "client-metrics" | "broker";
  readonly set: Readonly<Record<string, string>>;
  readonly before?: Readonly<Record<string, string>>;
  readonly tiered?: true;
  /** "ERROR_NAME: words"; null where it accepted. */
  readonly said: string | null;
  /** What a broker of some release throws when it reads what was accepted. */
  readonly fault?: string;
}

const isJudgement = (row: unknown): row is Judgement =>
  typeof row === "object" && row !== null && "set" in row && "said" in row;

const judgements = readFileSync(
  new URL("../../fixtures/protocol/configs/judgements.ndjson", import.meta.url),
  "utf8",
)
  .trim()
  .split("\n")
  .map((line): unknown => JSON.parse(line))
  .filter(isJudgement);

const RESOURCE_TYPES = {
  topic: CONFIG_RESOURCE.TOPIC,
  group: CONFIG_RESOURCE.GROUP,
  "client-metrics": CONFIG_RESOURCE.CLIENT_METRICS,
  broker: CONFIG_RESOURCE.BROKER,
} as const;

function saidHere({ type, set, before = {}, tiered }: Judgement): string | null {
  const clusterDefaults = new Map(tiered ? [["remote.log.storage.system.enable", "true"]] : []);
  const resource = { resourceType: RESOURCE_TYPES[type], resourceName: "1" };
  const change = { after: new Map(Object.entries(set)), before: new Map(Object.entries(before)) };
  const rules = {
    clusterDefaults,
    hasCordonedDirectories: true,
    isForwarded: true,
  };
  const refusal =
    changesRefusal(resource, [...change.after], change.before, rules) ??
    configsRefusal(resource, change, rules);
  return refusal === null ? null : `${refusal.error}: ${refusal.message}`;
}

/** Names that Kafka has brought since, and that are known here. */
const isKnownSince = ({ set }: Judgement): boolean =>
  Object.keys(set).some((name) => name.startsWith("errors.deadletterqueue."));

const subjectOf = ({ type, set }: Judgement): string =>
  `${type}: ${Object.keys(set).join(", ") || "nothing"}`;

test("a name that 4.4.0 has brought was unknown to 4.3.1", () => {
  const since = judgements.filter(isKnownSince);
  expect(since.length).toBeGreaterThan(1);
  for (const { said } of since) expect(said).toMatch(/: Unknown \w+ config name/);
});

describe("with Kafka's code and words, as far as brokers can read what it accepts", () => {
  test("thousands of values are judged", () => {
    expect(judgements.length).toBeGreaterThan(3_300);
  });

  const stillSo = judgements.filter((row) => !isKnownSince(row));

  test.each([...new Set(stillSo.map(subjectOf))])("%s", (subject) => {
    const rows = judgements.filter((row) => subjectOf(row) === subject && row.fault === undefined);
    const here = rows.map((row) => ({ ...row, said: saidHere(row) }));
    expect(here).toEqual(rows);
  });
});

test.each(judgements.filter(({ fault }) => fault !== undefined))(
  "what Kafka accepts and its brokers fault at is refused: $set",
  (judgement) => {
    expect(judgement.said).toBeNull();
    expect(saidHere(judgement)).toMatch(/^INVALID_CONFIG: /);
  },
);
