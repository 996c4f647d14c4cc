/** Reads that come at the same time: who asks, and what the others are given. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Problem } from "../../worker/http/errors.ts";
import { inOneRound } from "../../worker/observer/shared-rounds.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

let names = 0;

/** Work that ends when the test says so. */
class Work {
  readonly name = `cluster-${(names += 1)}`;
  readonly begun: PromiseWithResolvers<void>[] = [];

  read(signal?: AbortSignal): Promise<void> {
    const ask = (): Promise<void> => {
      const round = Promise.withResolvers<void>();
      this.begun.push(round);
      return round.promise;
    };
    return inOneRound(this.name, ask, signal);
  }
}

const settled = async (): Promise<void> => {
  await vi.advanceTimersByTimeAsync(1);
};

test("a hundred reads are two rounds: the one under way, and the next for all who came meanwhile", async () => {
  const work = new Work();
  const first = work.read();
  const others = Array.from({ length: 99 }, () => work.read());
  await settled();
  expect(work.begun).toHaveLength(1);
  work.begun[0]?.resolve();
  await first;
  await settled();
  expect(work.begun).toHaveLength(2);
  work.begun[1]?.resolve();
  await Promise.all(others);
  expect(work.begun).toHaveLength(2);
});

test("a read is never given what was asked before it came", async () => {
  const work = new Work();
  const first = work.read();
  let isGiven = false;
  const second = work.read().then(() => (isGiven = true));
  work.begun[0]?.resolve();
  await first;
  await settled();
  expect(isGiven).toBe(false);
  work.begun[1]?.resolve();
  await second;
});

test("reads one after the other have a round each", async () => {
  const work = new Work();
  for (let at = 0; at < 3; at += 1) {
    const read = work.read();
    work.begun[at]?.resolve();
    await read;
  }
  expect(work.begun).toHaveLength(3);
});

test("a refusal is everybody's, and a defect of one leads the next to ask for itself", async () => {
  const work = new Work();
  const first = work.read();
  const second = work.read();
  const third = work.read();
  const refused = [second, third].map((read) => expect(read).rejects.toThrow("all are down"));
  work.begun[0]?.resolve();
  await first;
  await settled();
  work.begun[1]?.reject(new Problem("CONTROLLER_UNREACHABLE", "all are down"));
  await Promise.all(refused);
  const fourth = expect(work.read()).rejects.toThrow("a defect");
  const fifth = work.read();
  work.begun[2]?.reject(new Error("a defect"));
  await fourth;
  await settled();
  work.begun[3]?.resolve();
  await fifth;
});

test("a round ends with its client, and the next one begins", async () => {
  const work = new Work();
  const client = new AbortController();
  void work.read(client.signal);
  const others = [work.read(), work.read()];
  client.abort();
  await settled();
  expect(work.begun).toHaveLength(2);
  work.begun[1]?.resolve();
  await Promise.all(others);
  expect(work.begun).toHaveLength(2);
});

test("a round that takes too long holds up nobody for long", async () => {
  const work = new Work();
  void work.read();
  const second = work.read();
  await vi.advanceTimersByTimeAsync(12_000);
  expect(work.begun).toHaveLength(2);
  work.begun[1]?.resolve();
  await second;
});
