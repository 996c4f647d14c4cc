/** How calls to peers end, and in which order they begin. */
import { describe, expect, test } from "vitest";
import { CallQueue } from "../../durable-objects/replica/call-queue.ts";
import { Calls } from "../../durable-objects/replica/calls.ts";
import { failureOf } from "../../durable-objects/replica/call-failure.ts";
import type { CallOutcome, SendEffect } from "../../durable-objects/replica/ports.ts";
import type { Request, RequestFailure } from "../../src/raft/index.ts";
import { settled } from "./world.ts";

const fetch: Request = {
  api: "fetch",
  clusterId: null,
  replica: { id: 1, directoryId: "dir-1" },
  epoch: 1,
  fetchOffset: 0,
  lastFetchedEpoch: 0,
  highWatermark: null,
  maxWaitMs: 500,
  maxBytes: 1,
  incarnation: null,
};
const send: SendEffect = { kind: "send", to: 2, correlation: 7, request: fetch, deadline: 2_000 };

const never = (): Promise<never> => new Promise(() => undefined);

/** Peers that answer when told, and timers that run when told. */
class Bench {
  readonly signals: AbortSignal[] = [];
  readonly outcomes: CallOutcome[] = [];
  readonly delays: number[] = [];
  fail: (failure: RequestFailure) => void = () => undefined;
  runTimer: () => void = () => undefined;
  readonly calls = new Calls({
    peers: {
      ask: (_, signal, ended) => {
        this.signals.push(signal);
        this.fail = (failure) => ended({ kind: "failed", failure });
      },
    },
    timers: {
      set: (delayMs, run) => {
        this.delays.push(delayMs);
        this.runTimer = run;
        return () => undefined;
      },
    },
  });

  start(): void {
    this.calls.start(send, 2_000, (outcome) => this.outcomes.push(outcome));
  }
}

describe("a call to a peer", () => {
  test("is given up at the core's own deadline, and its connection with it", async () => {
    const bench = new Bench();
    bench.start();
    expect(bench.delays).toEqual([2_000]);
    bench.runTimer();
    expect(bench.outcomes).toEqual([{ kind: "failed", failure: "timeout" }]);
    expect(bench.signals[0]?.aborted).toBe(true);
    bench.fail("reset");
    expect(bench.outcomes).toHaveLength(1);
  });

  test("is dropped with the role that made it: nothing comes of it any more", async () => {
    const bench = new Bench();
    bench.start();
    bench.calls.dropAll();
    expect(bench.signals[0]?.aborted).toBe(true);
    bench.fail("reset");
    expect(bench.outcomes).toEqual([]);
  });

  test("says what kind of failure it met", async () => {
    const bench = new Bench();
    bench.start();
    bench.fail("refused");
    expect(bench.outcomes).toEqual([{ kind: "failed", failure: "refused" }]);
  });

  test("is waited for by a goodbye, and by none for longer than it may", async () => {
    const bench = new Bench();
    const ended: string[] = [];
    bench.calls.whenIdle(200, () => ended.push("at once"));
    bench.start();
    bench.calls.whenIdle(200, () => ended.push("idle"));
    expect(ended).toEqual(["at once"]);
    bench.fail("reset");
    expect(ended).toEqual(["at once", "idle"]);
    bench.start();
    bench.calls.whenIdle(200, () => ended.push("late"));
    bench.runTimer();
    bench.fail("reset");
    expect(ended).toEqual(["at once", "idle", "late"]);
  });
});

test.each([
  [Object.assign(new Error("overloaded"), { overloaded: true, retryable: true }), "overloaded"],
  [Object.assign(new Error("reset"), { durableObjectReset: true, retryable: true }), "reset"],
  [Object.assign(new Error("busy"), { retryable: true }), "retryable"],
  [new Error("Network connection lost."), "reset"],
  ["nonsense", "reset"],
])("the platform's error %s is %s to consensus", (error, failure) => {
  expect(failureOf(error)).toBe(failure);
});

describe("calls beyond six connections", () => {
  test("begin by urgency: votes before fetches before goodbyes", async () => {
    const queue = new CallQueue();
    const { signal } = new AbortController();
    const begun: string[] = [];
    const ends: (() => void)[] = [];
    const call = (name: string) => (): Promise<void> => {
      begun.push(name);
      return new Promise((resolve) => ends.push(resolve));
    };
    for (let at = 0; at < 6; at += 1) void queue.run("fetch", signal, call("open"));
    void queue.run("end-quorum-epoch", signal, call("goodbye"));
    void queue.run("fetch", signal, call("fetch"));
    void queue.run("vote", signal, call("vote"));
    await settled();
    expect(begun).toHaveLength(6);
    for (const end of ends.splice(0)) {
      end();
      // oxlint-disable-next-line no-await-in-loop -- one place at a time becomes free
      await settled();
    }
    expect(begun.slice(6)).toEqual(["vote", "fetch", "goodbye"]);
  });

  test("are not begun once they are given up", async () => {
    const queue = new CallQueue();
    const abort = new AbortController();
    for (let at = 0; at < 6; at += 1) void queue.run("fetch", new AbortController().signal, never);
    const waiting = queue.run("vote", abort.signal, never);
    abort.abort();
    await expect(waiting).rejects.toMatchObject({ failure: "timeout" });
  });
});
