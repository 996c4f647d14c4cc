/**
 * `kafka-features upgrade` and `downgrade --release-version`: every feature of a release in one request, as the tool
 * makes it of what Kafka's own definitions say are the release's defaults. Eligible leader replicas, which the releases
 * from 4.1 on have at 1, bring the minimum that they stand on.
 */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { takeOver } from "../../../src/metadata/activation.ts";
import { defaultBootstrap } from "../../../src/metadata/bootstrap.ts";
import { metadataVersionName } from "../../../src/metadata/features/levels.ts";
import { levelOfRelease } from "../../../src/metadata/features/releases.ts";
import { emptyImage } from "../../../src/metadata/image/metadata-image.ts";
import { Office, registrationOf } from "../office.ts";
import { contextFor, replayed } from "../world.ts";

const ELR = "eligible.leader.replicas.version";
const UPGRADE = 1;
const SAFE_DOWNGRADE = 2;

const definitions = readFileSync(
  new URL("../../fixtures/protocol/configs/defs-4.4.0.txt", import.meta.url),
  "utf8",
);

/** Each feature's default at each level of metadata.version: feature → name of the level → default. */
const defaults: ReadonlyMap<string, ReadonlyMap<string, number>> = new Map(
  definitions.split(/^FEATURE\t/m).flatMap((section) => {
    const pairs = [...section.matchAll(/([\d.]+-IV\d+)->(\d+)/g)];
    const [name = ""] = section.split("\t");
    const byLevel = new Map(pairs.map(([, at = "", level]) => [at, Number(level)]));
    return pairs.length === 0 ? [] : [[name, byLevel]];
  }),
);

/** What the tool asks for: of an upgrade no feature at 0, of a downgrade all. */
function updatesOf(release: string, upgradeType: number) {
  const level = levelOfRelease(release) ?? -1;
  const others = [...defaults].map(([name, byLevel]) => ({
    feature: name,
    maxVersionLevel: byLevel.get(metadataVersionName(level)) ?? 0,
  }));
  const asked = others.filter(
    ({ maxVersionLevel: at }) => upgradeType === SAFE_DOWNGRADE || at > 0,
  );
  return [{ feature: "metadata.version", maxVersionLevel: level }, ...asked].map((each) => ({
    ...each,
    upgradeType,
    allowDowngrade: false,
  }));
}

/** A cluster as it is formed at a release, with one broker of 4.3. */
function formedAt(release: string): Office {
  const bootstrap = defaultBootstrap(levelOfRelease(release) ?? -1);
  const { records } = takeOver(emptyImage, contextFor(emptyImage), bootstrap);
  const office = new Office(replayed(emptyImage, records));
  office.ask("BrokerRegistration", registrationOf(1));
  return office;
}

const ask = (
  office: Office,
  release: string,
  upgradeType: number,
): { readonly errorCode: number; readonly errorMessage: string | null } =>
  office.ask("UpdateFeatures", {
    featureUpdates: updatesOf(release, upgradeType),
    validateOnly: false,
  });

test("the releases' defaults are what the tool would ask for", () => {
  expect([...defaults.keys()].toSorted()).toEqual([
    "eligible.leader.replicas.version",
    "group.version",
    "kraft.version",
    "share.version",
    "streams.version",
    "transaction.version",
  ]);
  expect(updatesOf("4.3", UPGRADE)).toHaveLength(7);
  expect(updatesOf("3.9", UPGRADE)).toHaveLength(2);
});

describe("is done", () => {
  test.each([
    ["3.9", "4.0", ["metadata.version 25", "group.version 1", "transaction.version 2"]],
    ["4.0", "4.0", []],
    ["4.0-IV1", "4.0-IV2", ["metadata.version 24", "transaction.version 2"]],
    ["4.0", "4.1", ["CONFIG_RECORD", "metadata.version 27", `${ELR} 1`]],
    [
      "4.0",
      "4.3",
      ["CONFIG_RECORD", "metadata.version 30", `${ELR} 1`, "share.version 1", "streams.version 1"],
    ],
    ["4.1", "4.2", ["metadata.version 29", "share.version 1", "streams.version 1"]],
    ["4.2", "4.3", ["metadata.version 30"]],
  ])("an upgrade from %s to %s", (from, to, wrote) => {
    const office = formedAt(from);
    expect(ask(office, to, UPGRADE)).toMatchObject({ errorCode: 0, errorMessage: null });
    expect(office.wrote).toEqual(wrote);
  });

  test.each([
    ["4.2", "4.0", ["metadata.version 25", `${ELR} 0`, "share.version 0", "streams.version 0"]],
    ["4.2", "4.1", ["metadata.version 27", "share.version 0", "streams.version 0"]],
    ["4.1", "4.0", ["metadata.version 25", `${ELR} 0`]],
    ["4.0", "4.0-IV1", ["metadata.version 23", "transaction.version 0"]],
  ])("a downgrade from %s to %s", (from, to, wrote) => {
    const office = formedAt(from);
    expect(ask(office, to, SAFE_DOWNGRADE)).toMatchObject({ errorCode: 0, errorMessage: null });
    expect(office.wrote).toEqual(wrote);
  });
});

describe("is refused as a whole", () => {
  test("an upgrade that a broker of an older release would not understand", () => {
    const office = formedAt("4.0");
    const { features = [], ...rest } = registrationOf(2);
    const known = features.filter(({ name }) => name !== ELR);
    office.ask("BrokerRegistration", { ...rest, features: known });
    expect(ask(office, "4.1", UPGRADE)).toMatchObject({
      errorCode: 95,
      errorMessage:
        "The update failed for all features since the following feature had an error: " +
        `Invalid update version 1 for feature ${ELR}. Broker 2 does not support this feature.`,
    });
    expect(office.records).toEqual([]);
  });

  test("a downgrade to a release that had more", () => {
    const office = formedAt("4.1");
    office.ask("UpdateFeatures", {
      featureUpdates: [
        { feature: ELR, maxVersionLevel: 0, upgradeType: SAFE_DOWNGRADE, allowDowngrade: false },
      ],
    });
    expect(office.wrote).toEqual([`${ELR} 0`]);
    expect(ask(office, "4.1", SAFE_DOWNGRADE).errorMessage).toMatch(
      /Invalid update version 1 for feature .* Can't downgrade to a newer version\.$/,
    );
    expect(office.records).toEqual([]);
  });

  test.each([
    ["4.3", "4.2", "30 to 29"],
    ["4.0", "3.9", "25 to 21"],
  ])("a downgrade from %s to %s, over records that are new", (from, to, levels) => {
    const office = formedAt(from);
    const { errorCode, errorMessage } = ask(office, to, SAFE_DOWNGRADE);
    expect([errorCode, errorMessage]).toEqual([
      95,
      expect.stringContaining(`Unsupported metadata.version downgrade from ${levels}.`),
    ]);
    expect(office.records).toEqual([]);
  });
});
