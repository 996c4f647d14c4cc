/** Finding the active controller: who is asked, in which order, and what is never asked twice. */
import { describe, expect, test } from "vitest";
import { notControllerHeader } from "../../durable-objects/contract.ts";
import { Problem } from "../../worker/http/errors.ts";
import { callActive, forgetActive, likelyActive } from "../../worker/channel/active.ts";
import type { ActiveCall } from "../../worker/channel/active.ts";

const LIMITS = { searchMs: 40, pauseMs: 5, pauseMaxMs: 10 };

/** A cluster of three, each answering by `answers`; `asked` is the order in which they were. */
function quorum(answers: (nodeId: number, attempt: number) => Response | Error): {
  readonly asked: number[];
  readonly call: (more?: Partial<ActiveCall>) => Promise<Response>;
} {
  const asked: number[] = [];
  const clusterKey = crypto.randomUUID();
  const send = (nodeId: number): Promise<Response> => {
    asked.push(nodeId);
    const answer = answers(nodeId, asked.length);
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  const base = { clusterKey, nodeIds: [3000, 3001, 3002], repeatable: false, limits: LIMITS, send };
  return { asked, call: (more = {}) => callActive({ ...base, ...more }) };
}

/** What a standby answers: Kafka's NOT_CONTROLLER in a frame, and the contract's header beside it. */
const refusal = (leaderId: number): Response =>
  new Response("a frame", { headers: notControllerHeader(leaderId) });

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

  test("ignores a leader that is not of this cluster", async () => {
    const { asked, call } = quorum((id) => (id === 3001 ? new Response("done") : refusal(9)));
    await call();
    expect(asked).toEqual([3000, 3001]);
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

  test("goes elsewhere when repeating it changes nothing", async () => {
    const { asked, call } = quorum((id) => (id === 3001 ? new Response("done") : lost));
    await call({ repeatable: true });
    expect(asked).toEqual([3000, 3001]);
  });

  test("is not repeated when the platform refused to queue it", async () => {
    const overload = Object.assign(new Error("Too many requests queued"), { overloaded: true });
    const { asked, call } = quorum(() => overload);
    expect(await problemOf(call({ repeatable: true }))).toBe("OVERLOADED");
    expect(asked).toEqual([3000]);
  });
});
