/** Lines for operators: objects, which the platform indexes, with a sentence that can be searched for. */
import { afterEach, expect, test, vi } from "vitest";
import { operatorLogOf } from "../../durable-objects/operator-log.ts";
import { edgeWith } from "./network.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

/** The arguments of each line that was printed. */
function printed(method: "warn" | "error"): readonly unknown[][] {
  return vi.spyOn(console, method).mockImplementation(() => undefined).mock.calls;
}

test("a line says which node it is of, what happened, and how severe it is", () => {
  const [warnings, errors] = [printed("warn"), printed("error")];
  const log = operatorLogOf({ cluster_id: "JEXY6aqzQY-32P5TStzaFg", node_id: 3001 });
  log.warn("stood-still", "stood still for 9000 ms or more");
  log.error("duty-defect", "a standing duty met a defect", new RangeError("no such thing"));
  const of = { cluster_id: "JEXY6aqzQY-32P5TStzaFg", node_id: 3001 };
  const warning = { level: "warn", event: "stood-still", ...of };
  expect(warnings).toEqual([[{ ...warning, message: "stood still for 9000 ms or more" }]]);
  const cause = expect.stringContaining("RangeError: no such thing\n    at ");
  const error = { level: "error", event: "duty-defect", ...of, cause };
  expect(errors).toEqual([[{ ...error, message: "a standing duty met a defect" }]]);
});

test("a defect of the Worker is a line with its cluster, and is not told to the client", async () => {
  const errors = printed("error");
  const edge = edgeWith([3000], () => Response.json({ what: "no status" }));
  const response = await edge.request("metadata-log");
  expect(response.status).toBe(500);
  expect(await response.text()).not.toContain("wanted");
  const of = { cluster_id: edge.entry.cluster_id, node_id: null };
  expect(errors).toMatchObject([[{ level: "error", event: "unexpected", ...of }]]);
});
