/** The gate runs a few rows of the table at a time; that each still fits the code is asked of all of them. */
import { join } from "node:path";
import { expect, test } from "vitest";
import { complaintAbout } from "./staleness.ts";
import { MUTANTS } from "./table.ts";

const root = join(import.meta.dirname, "..", "..");

test("every mistake of the table can be made in the code as it is", async () => {
  const complaints = await Promise.all(MUTANTS.map((mutant) => complaintAbout(root, mutant)));
  expect(complaints.filter((complaint) => complaint !== undefined)).toEqual([]);
});
