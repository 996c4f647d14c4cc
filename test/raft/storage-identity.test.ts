import { expect, test } from "vitest";
import { refusalOf } from "../../src/raft/index.ts";

const storage = { directoryId: "JEXY6aqzQY-32P5TStzaFg", objectId: "one" };

test("T-4: a storage is run by the object in which it was drawn, and by no other", () => {
  expect(refusalOf(storage, "one")).toBeNull();
  expect(refusalOf(storage, "another")).toBe("its storage is that of object one");
});
