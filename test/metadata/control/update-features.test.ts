/**
 * UpdateFeatures: upgrades while brokers run, what each node must understand, and every refusal in Kafka's words.
 */
import { describe, expect, test } from "vitest";
import { takeOver } from "../../../src/metadata/activation.ts";
import { defaultBootstrap } from "../../../src/metadata/bootstrap.ts";
import { OWN_FEATURES } from "../../../src/metadata/features/supported.ts";
import { emptyImage } from "../../../src/metadata/image/metadata-image.ts";
import { directoryOf, Office, registrationOf } from "../office.ts";
import { contextFor, record, replayed } from "../world.ts";

const controllers = [3000, 3001, 3002].map((id) => ({
  id,
  directoryId: directoryOf(id),
  endpoints: [{ name: "CONTROLLER", host: "localhost", port: 9_093, securityProtocol: 0 }],
}));

/** A cluster of three voters at `level`, with one broker of 4.3. */
function formed(level = 25): Office {
  const { records } = takeOver(
    emptyImage,
    contextFor(emptyImage, { controllers }),
    defaultBootstrap(level),
  );
  const office = new Office(replayed(emptyImage, records), { controllers });
  office.ask("BrokerRegistration", registrationOf(1));
  return office;
}

const update = (
  office: Office,
  wishes: string,
  options: {
    readonly type?: number;
    readonly validateOnly?: boolean;
    readonly version?: number;
  } = {},
): string => {
  const featureUpdates = wishes.split(" ").map((wish) => {
    const [feature = "", level] = wish.split("=");
    return {
      feature,
      maxVersionLevel: Number(level),
      upgradeType: options.type ?? 1,
      allowDowngrade: false,
    };
  });
  const { validateOnly = false } = options;
  const { errorCode, errorMessage } = office.ask(
    "UpdateFeatures",
    { featureUpdates, validateOnly },
    options.version,
  );
  const prefix = "The update failed for all features since the following feature had an error: ";
  return errorCode === 0 ? "done" : `${errorCode} ${(errorMessage ?? "").replace(prefix, "")}`;
};

describe("what is done", () => {
  test("metadata.version 25 to 30 while brokers run, and what becomes possible with it", () => {
    const office = formed();
    expect(update(office, "share.version=1 metadata.version=30 streams.version=1")).toBe("done");
    expect(office.wrote).toEqual(["metadata.version 30", "share.version 1", "streams.version 1"]);
    expect(office.view.features.metadataVersion).toBe(30);
    office.ask("BrokerRegistration", { ...registrationOf(1), rack: "r" });
    expect(office.wrote[0]).toMatch(/^register 1 v4/);
  });

  test("a feature back to 0 is gone", () => {
    const office = formed();
    expect(update(office, "group.version=0", { type: 2 })).toBe("done");
    expect(office.view.features.levels.has("group.version")).toBe(false);
  });

  test("eligible leader replicas, behind the minimum that they stand on, and off again", () => {
    const office = formed();
    const elr = "eligible.leader.replicas.version";
    expect(update(office, `${elr}=1`, { validateOnly: true })).toBe("done");
    expect(office.records).toEqual([]);
    expect(update(office, `${elr}=1`)).toBe("done");
    expect(office.wrote).toEqual(["CONFIG_RECORD", `${elr} 1`]);
    expect(update(office, `${elr}=1`)).toBe("done");
    expect(office.records).toEqual([]);
    expect(update(office, `${elr}=0`, { type: 2 })).toBe("done");
    expect(office.wrote).toEqual([`${elr} 0`]);
  });

  test("the present level again writes nothing, that of kraft.version included", () => {
    const office = formed();
    expect(update(office, "metadata.version=25 kraft.version=1 group.version=1")).toBe("done");
    expect(office.records).toEqual([]);
  });

  test("nothing, when it is only to be validated", () => {
    const office = formed();
    expect(update(office, "metadata.version=30", { validateOnly: true })).toBe("done");
    expect(office.records).toEqual([]);
  });

  test("a downgrade that crosses no change of records", () => {
    const office = formed(29);
    expect(update(office, "metadata.version=24", { type: 2 })).toBe("done");
    expect(office.view.features.metadataVersion).toBe(24);
  });

  test("the levels of 4.4, where every broker knows them, and back over the one that brought no records", () => {
    const office = formed(30);
    office.ask("UnregisterBroker", { brokerId: 1 });
    expect(update(office, "metadata.version=31 share.version=2")).toBe("done");
    expect(office.wrote).toEqual(["metadata.version 31", "share.version 2"]);
    expect(update(office, "metadata.version=30 share.version=1", { type: 2 })).toBe("done");
    expect(update(office, "metadata.version=33")).toBe("done");
    for (const level of [32, 31]) {
      expect(update(office, `metadata.version=${level}`, { type: 2 })).toBe(
        `95 Unsupported metadata.version downgrade from 33 to ${level}. Refusing to perform the ` +
          "requested downgrade because it might delete metadata information.",
      );
    }
  });

  test("crossing 3.7-IV0 registers the controllers in the same batch", () => {
    const office = formed(14);
    expect(office.view.cluster.controllers.size).toBe(0);
    expect(update(office, "metadata.version=15")).toBe("done");
    expect([...office.view.cluster.controllers.keys()]).toEqual([3000, 3001, 3002]);
  });

  test.each([0, 1])("version %i answers feature by feature", (version) => {
    const featureUpdates = [
      { feature: "metadata.version", maxVersionLevel: 26, upgradeType: 1, allowDowngrade: false },
    ];
    const { results } = formed().ask("UpdateFeatures", { featureUpdates }, version);
    expect(results).toEqual([{ feature: "metadata.version", errorCode: 0, errorMessage: null }]);
  });
});

const say = (level: number, feature: string, reason: string): string =>
  `95 Invalid update version ${level} for feature ${feature}. ${reason}`;

/** A registration of a controller that knows metadata.version up to `max`. */
const controllerOf = (controllerId: number, max: number): ReturnType<typeof record> =>
  record("REGISTER_CONTROLLER_RECORD", 0, {
    controllerId,
    features: OWN_FEATURES.map((range) =>
      range.name === "metadata.version" ? { ...range, maxSupportedVersion: max } : range,
    ),
  });

describe("what is refused", () => {
  const up =
    "Can't downgrade the version of this feature without setting the upgrade type to either safe or unsafe downgrade.";
  const refuse =
    "Refusing to perform the requested downgrade because it might delete metadata information.";
  test.each<readonly [string, string, number, string]>([
    [
      "an upgrade type that is none",
      "group.version=1",
      0,
      say(1, "group.version", "The controller does not support the given upgrade type."),
    ],
    [
      "a negative level",
      "group.version=-1",
      1,
      say(-1, "group.version", "A feature version cannot be less than 0."),
    ],
    [
      "a level that no release of ours knows",
      "metadata.version=34",
      1,
      say(34, "metadata.version", "Local controller 3000 only supports versions 7-33"),
    ],
    [
      "a level that a broker of 4.3 does not know",
      "metadata.version=31",
      1,
      say(31, "metadata.version", "Broker 1 only supports versions 7-30"),
    ],
    [
      "share groups with dead letters, which a broker of 4.3 does not know",
      "share.version=2",
      1,
      say(2, "share.version", "Broker 1 only supports versions 0-1"),
    ],
    [
      "a level of old",
      "metadata.version=6",
      3,
      say(6, "metadata.version", "Local controller 3000 only supports versions 7-33"),
    ],
    [
      "a feature that nobody knows",
      "x.version=1",
      1,
      say(1, "x.version", "Local controller 3000 does not support this feature."),
    ],
    [
      "the removal of a feature that nobody knows",
      "x.version=0",
      2,
      say(0, "x.version", "Feature x.version not found."),
    ],
    [
      "a level of eligible leader replicas that there is not yet",
      "eligible.leader.replicas.version=2",
      1,
      say(
        2,
        "eligible.leader.replicas.version",
        "Local controller 3000 only supports versions 0-1",
      ),
    ],
    [
      "a downgrade called an upgrade",
      "transaction.version=1",
      1,
      say(1, "transaction.version", up),
    ],
    [
      "an upgrade called a downgrade",
      "metadata.version=26",
      2,
      say(26, "metadata.version", "Can't downgrade to a newer version."),
    ],
    [
      "a downgrade that loses records",
      "metadata.version=22",
      2,
      `95 Unsupported metadata.version downgrade from 25 to 22. ${refuse}`,
    ],
    [
      "the same by force",
      "metadata.version=22",
      3,
      "95 Unsupported metadata.version downgrade from 25 to 22. Unsafe metadata downgrade is not supported in this version.",
    ],
    [
      "kraft.version 0",
      "kraft.version=0",
      2,
      say(0, "kraft.version", "Can't downgrade the version of this feature."),
    ],
    [
      "a feature twice",
      "group.version=1 group.version=1",
      1,
      "42 A feature is named more than once.",
    ],
  ])("%s", (_claim, wishes, type, expected) => {
    const office = formed();
    expect(update(office, wishes, { type })).toBe(expected);
    expect(office.records).toEqual([]);
  });

  test("all of a request, for one feature in it", () => {
    const office = formed();
    expect(update(office, "metadata.version=30 x.version=1")).toMatch(/^95/);
    expect(office.records).toEqual([]);
  });

  test("what a registered broker does not understand, until it does", () => {
    const office = formed();
    const old = (registrationOf(2).features ?? []).map((range) =>
      range.name === "metadata.version" ? { ...range, maxSupportedVersion: 27 } : range,
    );
    office.ask("BrokerRegistration", { ...registrationOf(2), features: old });
    const expected = say(30, "metadata.version", "Broker 2 only supports versions 7-27");
    expect(update(office, "metadata.version=30")).toBe(expected);
    expect(update(office, "metadata.version=27")).toBe("done");
    office.ask("BrokerRegistration", registrationOf(2));
    expect(update(office, "metadata.version=30")).toBe("done");
  });

  test("what a voter does not understand or has not registered; a controller that is no voter does not matter", () => {
    const office = formed();
    office.view = replayed(office.view, [controllerOf(3009, 25)]);
    expect(update(office, "metadata.version=26")).toBe("done");
    office.view = replayed(office.view, [controllerOf(3002, 26)]);
    const expected = say(27, "metadata.version", "Controller 3002 only supports versions 7-26");
    expect(update(office, "metadata.version=27")).toBe(expected);
    const wider = new Office(office.view, {
      controllers: [...controllers, { id: 3003, directoryId: directoryOf(3003), endpoints: [] }],
    });
    wider.view = replayed(wider.view, [controllerOf(3002, 30)]);
    expect(update(wider, "metadata.version=27")).toBe(
      say(
        27,
        "metadata.version",
        "controller 3003 has not registered, and may not support this feature",
      ),
    );
  });
});
