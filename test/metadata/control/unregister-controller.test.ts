/**
 * UnregisterController (KIP-1312): codes, words and their order as Kafka's `QuorumController` and
 * `ClusterControlManager` have them, and what is left when the record is in.
 */
import { describe, expect, test } from "vitest";
import { controllerRegistrations } from "../../../src/metadata/control/own-registrations.ts";
import { imageToRecords } from "../../../src/metadata/image/image-to-records.ts";
import { directoryOf, officeOf, type Office } from "../office.ts";
import { record, replayed } from "../world.ts";

const endpoints = [{ name: "CONTROLLER", host: "h", port: 9_093, securityProtocol: 0 }];
const voter = (id: number) => ({ id, directoryId: directoryOf(id), endpoints });
const VOTERS = [3000, 3001].map(voter);

/** A quorum of two, and the registration of a third that has left it. */
function formed(metadataVersion: number): Office {
  const office = officeOf({ metadataVersion }, { controllerId: 3000, controllers: VOTERS });
  const registrations = controllerRegistrations(office.view.cluster, [...VOTERS, voter(3002)]);
  office.view = replayed(office.view, registrations);
  return office;
}

const registered = ({ view }: Office): readonly number[] => [...view.cluster.controllers.keys()];

const ask = (office: Office, controllerId: number): string => {
  const { errorCode, errorMessage } = office.ask("UnregisterController", { controllerId });
  return `${errorCode} ${errorMessage}`;
};

test("forgets a controller that has left the quorum, and no other", () => {
  const office = formed(33);
  expect(registered(office)).toEqual([3000, 3001, 3002]);
  expect(ask(office, 3002)).toBe("0 ");
  expect(office.records).toEqual([
    record("UNREGISTER_CONTROLLER_RECORD", 0, { controllerId: 3002 }),
  ]);
  expect(registered(office)).toEqual([3000, 3001]);
  const inSnapshot = [...imageToRecords(office.view)].flatMap(({ type, data }) =>
    type === "REGISTER_CONTROLLER_RECORD" ? [data.controllerId] : [],
  );
  expect(inSnapshot).toEqual([3000, 3001]);
  expect(ask(office, 3002)).toBe("136 Controller ID 3002 is not currently registered.");
});

test("one that votes again registers again", () => {
  const office = formed(33);
  ask(office, 3002);
  const again = controllerRegistrations(office.view.cluster, [...VOTERS, voter(3002)]);
  expect(again.map(({ data }) => data)).toMatchObject([{ controllerId: 3002 }]);
  office.view = replayed(office.view, again);
  expect(registered(office)).toEqual([3000, 3001, 3002]);
});

describe("is refused", () => {
  const self = "42 Controller cannot unregister itself while it is active.";
  const voting = "42 Cannot unregister controller 3001 because it is part of the voter set.";
  const old = "35 The current MetadataVersion is too old to support controller unregistration.";

  test.each([
    ["of the active controller itself", 33, 3000, self],
    ["of the active controller itself, at any level", 30, 3000, self],
    ["of a voter", 33, 3001, voting],
    ["of a voter, at any level", 32, 3001, voting],
    ["below 4.4-IV2", 32, 3002, old],
    ["below 4.4-IV2, whoever is meant", 25, 7, old],
    ["of nobody", 33, 7, "136 Controller ID 7 is not currently registered."],
    ["of an id that none can have", 33, -1, "136 Controller ID -1 is not currently registered."],
  ])("%s", (_claim, metadataVersion, controllerId, refusal) => {
    const office = formed(metadataVersion);
    expect(ask(office, controllerId)).toBe(refusal);
    expect(office.records).toEqual([]);
    expect(registered(office)).toEqual([3000, 3001, 3002]);
  });
});

test("a record for a controller that is not registered stops its reader", () => {
  const stray = record("UNREGISTER_CONTROLLER_RECORD", 0, { controllerId: 7 });
  expect(() => replayed(formed(33).view, [stray])).toThrow(
    "controller 7 is unregistered but is not registered",
  );
});
