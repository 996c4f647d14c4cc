/** Finding the active controller: who is asked, in which order, and what is never asked twice. */
import { describe, expect, test } from "vitest";
import { OUTCOME_UNKNOWN, notControllerHeader } from "../../durable-objects/contract.ts";
import { Problem } from "../../worker/http/errors.ts";
import {
  callActive,
  forgetActive,
  likelyActive,
  rememberActive,
} from "../../worker/channel/active.ts";
import type { ActiveCall } from "../../worker/channel/active.ts";

const LIMITS = { searchMs: 40, pauseMs: 5, pauseMaxMs: 10, silentMs: 10 };

/** A cluster of three, each answering by `answers`; `asked` is the order in which they were. */
function quorum(answers: (nodeId: number, attempt: number) => Response | Error | "silence"): {
  readonly asked: number[];
  readonly call: (more?: Partial<ActiveCall>) => Promise<Response>;
  readonly clusterKey: string;
} {
  const asked: number[] = [];
  const clusterKey = crypto.randomUUID();
  const send = (nodeId: number): Promise<Response> => {
    asked.push(nodeId);
    const answer = answers(nodeId, asked.length);
    if (answer === "silence") return new Promise(() => undefined);
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  const base = { clusterKey, nodeIds: [3000, 3001, 3002], repeatable: false, limits: LIMITS, send };
  return { asked, call: (more = {}) => callActive({ ...base, ...more }), clusterKey };
}

/** What a standby answers: Kafka's NOT_CONTROLLER in a frame, and the contract's header beside it. */
const refusal = (leaderId: number): Response =>
  new Response("a frame", { headers: notControllerHeader(leaderId) });

/** What a leader answers that lost its office with the request on its way. */
const abandoned = (): Response => new Response("a frame", { headers: OUTCOME_UNKNOWN });

/** What a node outside the quorum answers. */
const outside = (): Response =>
  Response.json(
    { error_code: 41, message: "controller 3000 has stopped itself" },
    { status: 421, headers: notControllerHeader(-1) },
  );

async function problemOf(answer: Promise<unknown>): Promise<string> {
  const error: unknown = await answer.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return error instanceof Problem ? error.kind : `no problem: ${String(error)}`;
}

describe("a call for the active controller", () => {
  test("follows a refusal to the leader that it names", async () => {
    const { asked, call } = quorum((id) => (id === 3002 ? new Response("done") : refusal(3002)));
    expect(await (await call()).text()).toBe("done");
    expect(asked).toEqual([3000, 3002]);
  });

  test("starts at the controller that answered last", async () => {
    const { asked, call } = quorum((id) => (id === 3002 ? new Response("done") : refusal(3002)));
    await call();
    await call();
    expect(asked).toEqual([3000, 3002, 3002]);
  });

  test("tries every controller when none names a leader, and asks again after a pause", async () => {
    const { asked, call } = quorum((id, attempt) =>
      attempt > 3 && id === 3001 ? new Response("done") : refusal(-1),
    );
    await call();
    expect(asked).toEqual([3000, 3001, 3002, 3000, 3001]);
  });

  test("never asks one controller twice in a round, even when refusals point in a circle", async () => {
    const { asked, call } = quorum((id) => refusal(id === 3000 ? 3001 : 3000));
    expect(await problemOf(call())).toBe("NO_ACTIVE_CONTROLLER");
    expect(asked.slice(0, 3)).toEqual([3000, 3001, 3002]);
  });

  test("asks a leader that it has not heard of once: voters change", async () => {
    const { asked, call } = quorum((id) => (id === 3001 ? new Response("done") : refusal(9)));
    await call();
    expect(asked).toEqual([3000, 9, 3001]);
  });

  test("gives up after its time and forgets who was active", async () => {
    const { call } = quorum(() => refusal(-1));
    expect(await problemOf(call({ clusterKey: "gone" }))).toBe("NO_ACTIVE_CONTROLLER");
    expect(likelyActive("gone", [7, 8])).toBe(7);
    forgetActive("gone");
  });

  test("passes over a node outside the quorum, and tells its reason when no other is active", async () => {
    const { asked, call } = quorum((id) => (id === 3001 ? new Response("done") : outside()));
    await call();
    expect(asked).toEqual([3000, 3001]);
    const { call: hopeless } = quorum(outside);
    await expect(hopeless()).rejects.toThrow("controller 3000 has stopped itself");
  });

  test("goes round from where it began, so that one which was passed over comes last", async () => {
    const { asked, call, clusterKey } = quorum((id) =>
      id === 3000 ? new Response("done") : refusal(-1),
    );
    rememberActive(clusterKey, 3001);
    await call();
    expect(asked).toEqual([3001, 3002, 3000]);
  });

  test("that waits with many others asks for all of them", async () => {
    const leaderless = { until: Date.now() + 60 };
    const { asked, call } = quorum((id) =>
      id === 3002 && Date.now() > leaderless.until ? new Response("done") : refusal(-1),
    );
    const limits = { ...LIMITS, searchMs: 5_000 };
    const answers = await Promise.all(Array.from({ length: 100 }, () => call({ limits })));
    expect(await Promise.all(answers.map((answer) => answer.text()))).toEqual(
      Array.from({ length: 100 }, () => "done"),
    );
    // Each asks all three when it comes, and is answered by one; what is asked between is for all.
    expect(asked.length - 100 * 3 - 100).toBeLessThan(100);
  });

  test("returns an answer that is not a refusal, whatever it is", async () => {
    const { asked, call } = quorum(() => new Response("bad field", { status: 400 }));
    expect((await call()).status).toBe(400);
    expect(asked).toEqual([3000]);
  });
});

describe("a call that got no answer", () => {
  const lost = new Error("the object was reset");

  test("is not repeated when it may have been executed", async () => {
    const { asked, call } = quorum(() => lost);
    expect(await problemOf(call())).toBe("OUTCOME_UNKNOWN");
    expect(asked).toEqual([3000]);
  });

  test("is not repeated either when its leader lost office meanwhile", async () => {
    const { asked, call } = quorum(abandoned);
    expect(await problemOf(call())).toBe("OUTCOME_UNKNOWN");
    expect(asked).toEqual([3000]);
    const { call: repeated } = quorum((id) => (id === 3001 ? new Response("done") : abandoned()));
    expect(await (await repeated({ repeatable: true })).text()).toBe("done");
  });

  test("goes elsewhere when repeating it changes nothing", async () => {
    const { asked, call } = quorum((id) => (id === 3001 ? new Response("done") : lost));
    await call({ repeatable: true });
    expect(asked).toEqual([3000, 3001]);
  });

  test("leaves those to come to the others, which name who leads by then", async () => {
    const led = { by: 3000 };
    const { asked, call } = quorum((id) => {
      if (id === 3000) return "silence";
      return led.by === id ? new Response("done") : refusal(led.by);
    });
    void call();
    await new Promise((settle) => setTimeout(settle, LIMITS.silentMs * 2));
    led.by = 3002;
    expect(await (await call()).text()).toBe("done");
    await call();
    expect(asked).toEqual([3000, 3001, 3002, 3002]);
  });

  test("says nothing of the successor that has been found meanwhile", async () => {
    const { call, clusterKey } = quorum(() => lost);
    const answer = problemOf(call());
    rememberActive(clusterKey, 3002);
    expect(await answer).toBe("OUTCOME_UNKNOWN");
    expect(likelyActive(clusterKey, [3000, 3001, 3002])).toBe(3002);
  });

  test("is not repeated when the platform refused to queue it", async () => {
    const overload = Object.assign(new Error("Too many requests queued"), { overloaded: true });
    const { asked, call } = quorum(() => overload);
    expect(await problemOf(call({ repeatable: true }))).toBe("OVERLOADED");
    expect(asked).toEqual([3000]);
  });
});
