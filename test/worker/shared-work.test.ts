/** Work that several requests want done: who does it, for how long, and what the others are given. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Problem } from "../../worker/http/errors.ts";
import { SharedWork } from "../../worker/observer/shared-work.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const shared = (): SharedWork => new SharedWork({ worksMax: 100, stalledMs: 15_000 });

test("is done once for all who come meanwhile, and they go on in the moment it is done", async () => {
  const works = shared();
  const work = Promise.withResolvers<string>();
  let begun = 0;
  const want = (): Promise<string | undefined> =>
    works.run("a load", () => {
      begun += 1;
      return work.promise;
    });
  const beganMs = Date.now();
  const all = Array.from({ length: 16 }, want);
  await vi.advanceTimersByTimeAsync(1_234);
  work.resolve("an image");
  expect(await Promise.all(all)).toEqual(["an image", ...Array(15).fill(undefined)]);
  expect([begun, Date.now() - beganMs, vi.getTimerCount()]).toEqual([1, 1_234, 0]);
});

test("is begun anew when who did it stands still, and what that one does then counts no more", async () => {
  const works = shared();
  const done: string[] = [];
  const hung = Promise.withResolvers<void>();
  const gone = works.run("a load", async (progress) => {
    await hung.promise;
    progress.step();
    done.push("the first");
  });
  const second = (): Promise<void> =>
    works.run("a load", async () => {
      done.push("the second");
    });
  const waiting = second();
  await vi.advanceTimersByTimeAsync(15_000);
  await waiting;
  await second();
  hung.resolve();
  await gone;
  expect(done).toEqual(["the second"]);
});

test("is waited for as long as it makes progress", async () => {
  const works = shared();
  let begun = 0;
  const want = (): Promise<void> =>
    works.run("a load", async (progress) => {
      begun += 1;
      for (let at = 0; at < 10; at += 1) {
        await new Promise((settle) => setTimeout(settle, 10_000));
        progress.step();
      }
    });
  const all = [want(), want()];
  await vi.advanceTimersByTimeAsync(100_000);
  await Promise.all(all);
  expect(begun).toBe(1);
});

test("fails for all who wait for it in the words of who did it", async () => {
  const works = shared();
  const work = Promise.withResolvers<void>();
  const doing = works.run("a load", () => work.promise);
  const waiting = works.run("a load", async () => undefined);
  work.reject(new Problem("CONTROLLER_UNREACHABLE", "out of order"));
  await expect(doing).rejects.toThrow("out of order");
  await expect(waiting).rejects.toThrow("out of order");
});

test("ends with the client of who does it where the platform lets it not go on", async () => {
  const works = shared();
  const client = new AbortController();
  void works.run("a load", () => new Promise(() => undefined), { signal: client.signal });
  const waiting = works.run("a load", async () => "another image");
  client.abort();
  await waiting;
  expect(await works.run("a load", async () => "another image")).toBe("another image");
});

test("goes on without that client where the platform lets it, and nobody begins a second", async () => {
  const works = shared();
  const client = new AbortController();
  const kept: Promise<unknown>[] = [];
  const keepAlive = (work: Promise<unknown>): void => void kept.push(work);
  const work = Promise.withResolvers<string>();
  const gone = works.run("a load", () => work.promise, { signal: client.signal, keepAlive });
  client.abort();
  const next = works.run("a load", async () => "a second image", { keepAlive });
  await vi.advanceTimersByTimeAsync(10_000);
  work.resolve("an image");
  expect(await Promise.all([gone, next])).toEqual(["an image", undefined]);
  expect(kept).toHaveLength(1);
});

test("that fails is no failure of the platform's event", async () => {
  const works = shared();
  const kept: Promise<unknown>[] = [];
  const work = Promise.withResolvers<void>();
  const keepAlive = (doing: Promise<unknown>): void => void kept.push(doing);
  const doing = works.run("a load", () => work.promise, { keepAlive });
  work.reject(new Error("a defect"));
  await expect(doing).rejects.toThrow("a defect");
  await expect(Promise.all(kept)).resolves.toEqual([undefined]);
});
