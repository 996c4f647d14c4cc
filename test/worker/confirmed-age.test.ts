/** The age that a leader tells of what it serves: it counts from when the isolate asked, and only where it is told. */
import { afterEach, expect, test, vi } from "vitest";
import { HEADERS, notControllerHeader, refusal } from "../../durable-objects/contract.ts";
import { edgeWith, type Arrival } from "./network.ts";
import { refusalOf } from "./running-quorum.ts";

afterEach(() => {
  vi.useRealTimers();
});

/** The empty log of a controller that says this age, or none. */
function logOf(age: number | undefined): Response {
  const headers = new Headers({
    [HEADERS.nextOffset]: "0",
    [HEADERS.highWatermark]: "0",
    [HEADERS.logStartOffset]: "0",
  });
  if (age !== undefined) headers.set(HEADERS.confirmedAge, String(age));
  return new Response("", { headers });
}

/** A quorum whose log has that age; how often it was asked to confirm what is current. */
function edgeOfAge(age: number | undefined, answerMs = 0) {
  let confirmations = 0;
  const edge = edgeWith([3000], async ({ route }) => {
    if (route === "readIndex") {
      confirmations += 1;
      return Response.json({ node_id: 3000, epoch: 1, read_index: 0 });
    }
    await new Promise((settle) => setTimeout(settle, answerMs));
    return route === "log"
      ? logOf(age)
      : Response.json({ snapshots: [], log_start_offset: 0, high_watermark: 0 });
  });
  return { edge, confirmations: () => confirmations };
}

test.each([
  [900, 0],
  [1_100, 1],
  [undefined, 1],
])("of an age of %s ms a bound of a second makes %i rounds", async (age, rounds) => {
  vi.useFakeTimers();
  const { edge, confirmations } = edgeOfAge(age);
  for (const path of ["topics", "topics?max_staleness_ms=1000"]) {
    const read = edge.request(path);
    await vi.advanceTimersByTimeAsync(10);
    expect((await read).status).toBe(200);
  }
  expect(confirmations()).toBe(rounds);
});

test("the way back makes it no younger", async () => {
  vi.useFakeTimers();
  // Asked for its snapshots, then for its log.
  const { edge, confirmations } = edgeOfAge(850, 200);
  for (const path of ["topics", "topics?max_staleness_ms=1000"]) {
    const read = edge.request(path);
    await vi.advanceTimersByTimeAsync(401);
    expect((await read).status).toBe(200);
  }
  expect(confirmations()).toBe(1);
});

test("a round is asked of the leader, whoever serves the log, and a refusal says whose it was", async () => {
  const asked: string[] = [];
  const edge = edgeWith([3000, 3001], ({ nodeId, route }: Arrival) => {
    asked.push(`${nodeId} ${route}`);
    if (nodeId === 3001)
      return refusal(
        503,
        "no majority of the voters has confirmed in time that controller 3001 leads",
      );
    return Response.json(
      { error_code: 6, message: "controller 3000 does not lead" },
      { status: 409, headers: notControllerHeader(3001) },
    );
  });
  const refused = await refusalOf(edge.request("brokers?consistency=linearizable"));
  expect(refused).toMatchObject({ status: 503, error_code: 50308, confirmed_age_ms: null });
  expect(refused.message).toContain("that controller 3001 leads");
  expect(asked).toEqual(["3000 readIndex", "3001 readIndex"]);
});
