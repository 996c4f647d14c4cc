/** The log as a feed: what all its readers hold at once is bounded, and given back. */
import { describe, expect, test } from "vitest";
import type { Controller } from "../../durable-objects/controller.ts";
import { readFeed } from "../../durable-objects/http/log-feed.ts";
import { ConfigRecord } from "../../src/protocol/index.ts";
import { World } from "./world.ts";

const MIB = 1_048_576;

/** A controller whose log has some 12 MiB. */
async function withLongLog(): Promise<{ readonly world: World; readonly controller: Controller }> {
  const world = new World();
  const controller = await world.inOffice();
  const value = "x".repeat(32_000);
  for (let batch = 0; batch < 13; batch += 1) {
    const records = Array.from({ length: 30 }, (_, at) =>
      ConfigRecord.of(0, { resourceType: 2, resourceName: "t", name: `c${at}`, value }),
    );
    // oxlint-disable-next-line no-await-in-loop -- a round at a time
    await world.submit(controller, () => ({ records, response: null }));
  }
  return { world, controller };
}

/** A caller that never hangs up. */
const patient = new AbortController().signal;

const read = (controller: Controller, maxBytes: number): Promise<Response> =>
  readFeed(
    controller,
    new URLSearchParams({ from_offset: "0", max_bytes: String(maxBytes) }),
    patient,
  );

const sizeOf = async (response: Response): Promise<number> =>
  (await response.arrayBuffer()).byteLength;

describe("many readers at once", () => {
  test("hold a bounded part of the log together, however many they are", async () => {
    const { controller } = await withLongLog();
    const answers = await Promise.all(Array.from({ length: 10 }, () => read(controller, 8 * MIB)));
    const sizes = await Promise.all(answers.map(sizeOf));
    expect(sizes[0]).toBeGreaterThan(7 * MIB);
    // The first batch of a range comes whole, whatever is left (KIP-74).
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(17 * MIB);
    // Taken, they are given back.
    expect(await sizeOf(await read(controller, 8 * MIB))).toBe(sizes[0]);
  });

  test("are told to come back while nothing is left, and give back what they do not want", async () => {
    const { controller } = await withLongLog();
    const from = controller.committedEnd - 30;
    const last = () =>
      readFeed(
        controller,
        new URLSearchParams({ from_offset: String(from), max_bytes: "1" }),
        patient,
      );
    const answers = await Promise.all(Array.from({ length: 30 }, last));
    expect(answers.map(({ status }) => status).filter((status) => status === 503)).toHaveLength(12);
    expect((await last()).status).toBe(503);
    await Promise.all(answers.map(async (answer) => answer.body?.cancel()));
    expect((await last()).status).toBe(200);
  });

  test("that wait for a commit are bounded in number", async () => {
    const world = new World();
    const controller = await world.inOffice();
    const query = { from_offset: String(controller.committedEnd), wait_ms: "30000" };
    const wait = () => readFeed(controller, new URLSearchParams(query), patient);
    const waiting = Array.from({ length: 1_000 }, wait);
    expect((await wait()).status).toBe(503);
    const records = [
      ConfigRecord.of(0, { resourceType: 2, resourceName: "t", name: "a", value: "" }),
    ];
    await world.submit(controller, () => ({ records, response: null }));
    const answers = await Promise.all(waiting);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    const again = await readFeed(controller, new URLSearchParams({ from_offset: "0" }), patient);
    expect(again.status).toBe(200);
  });
});
