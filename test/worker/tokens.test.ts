/** `POST /tokens`: what it makes, what that is good for, and what it will not make. */
import { describe, expect, test } from "vitest";
import { codeOf, lockedWorker, SECRET, type LockedWorker } from "./locked.ts";

const CLUSTER = "4L6g3nShT-eMCtK--X86sw";
const OTHER_SECRET = "another secret of a test, not shorter than it has to be";

async function post(worker: LockedWorker, body: string): Promise<Response> {
  const token = await worker.mint({ role: "admin" });
  return worker.ask("/kafka/v3/tokens", token, { method: "POST", body });
}

interface Made {
  readonly token: string;
  readonly id: string;
  readonly expires_at: string;
}

async function made(worker: LockedWorker, fields: object): Promise<Made> {
  const response = await post(worker, JSON.stringify(fields));
  expect(response.status).toBe(201);
  expect(response.headers.get("Cache-Control")).toBe("no-store");
  const body: Made = JSON.parse(await response.text());
  return body;
}

describe("a token that was made", () => {
  test("says what was asked for, and is shown with what it says", async () => {
    const worker = lockedWorker();
    const cluster_id = worker.clusterId;
    const fields = { role: "broker", cluster_id, broker_ids: [7] };
    const before = Date.now();
    const {
      token,
      id,
      expires_at: until,
      ...rest
    } = await made(worker, {
      ...fields,
      expires_in_s: 3_600,
    });
    expect(rest).toEqual({ ...fields, principal: "User:broker-7" });
    expect(id).toMatch(/^[A-Za-z0-9_-]{22}$/);
    expect(Date.parse(until) - before).toBeGreaterThan(3_598_000);
    expect(Date.parse(until) - before).toBeLessThan(3_602_000);
    // The directory says whether the admin's own token was revoked; nobody else is asked.
    expect(worker.calls.map(({ name }) => name)).toEqual(["directory"]);
    const path = `/kafka/v3/clusters/${cluster_id}`;
    expect(await codeOf(await worker.ask(`${path}/topics`, token))).toEqual([403, 40301]);
    const frames = { method: "POST", body: new Uint8Array(12) };
    expect((await worker.ask(`${path}/controllers/3000/frames`, token, frames)).status).toBe(400);
    expect(worker.calls.map(({ name }) => name)).toContain(`${cluster_id}/3000`);
  });

  test("is never the same twice", async () => {
    const worker = lockedWorker();
    const fields = { role: "viewer", cluster_id: "*" };
    const [one, two] = [await made(worker, fields), await made(worker, fields)];
    expect(one.id).not.toBe(two.id);
    expect(one.token).not.toBe(two.token);
  });

  test("is signed with the current secret, and not with the one before it", async () => {
    const settings = { KEDGE_KEY: OTHER_SECRET, KEDGE_KEY_PREVIOUS: SECRET };
    const { token } = await made(lockedWorker({ settings }), { role: "admin" });
    const ask = (KEDGE_KEY: string) =>
      lockedWorker({ settings: { KEDGE_KEY } }).ask("/kafka/v3/clusters", token);
    expect((await ask(OTHER_SECRET)).status).toBe(200);
    expect((await ask(SECRET)).status).toBe(401);
  });
});

describe("a token is not made", () => {
  test.each([
    ["{", [400, 40001], ""],
    ["[]", [400, 40002], ""],
    ["{}", [400, 40002], "role: "],
    ['{"role":"root"}', [400, 40002], "role: "],
    ['{"role":"unlocked"}', [400, 40002], "role: "],
    ['{"role":"viewer"}', [400, 40002], "cluster_id: must be given"],
    ['{"role":"viewer","cluster_id":"x"}', [400, 40002], "cluster_id: "],
    [`{"role":"admin","cluster_id":"${CLUSTER}"}`, [400, 40002], "cluster_id: "],
    [`{"role":"broker","cluster_id":"${CLUSTER}"}`, [400, 40002], "broker_ids: "],
    [`{"role":"viewer","cluster_id":"*","broker_ids":[1]}`, [400, 40002], "broker_ids: "],
    [`{"role":"broker","cluster_id":"*","broker_ids":[1,1]}`, [400, 40002], "broker_ids: "],
    [`{"role":"broker","cluster_id":"*","broker_ids":[-1]}`, [400, 40002], "broker_ids[0]: "],
    [`{"role":"broker","cluster_id":"*","broker_ids":"1"}`, [400, 40002], "broker_ids: "],
    ['{"role":"admin","expires_in_s":0}', [400, 40002], "expires_in_s: "],
    ['{"role":"admin","expires_in_s":400000000}', [400, 40002], "expires_in_s: "],
    ['{"role":"admin","principal":""}', [400, 40002], "principal: "],
    [`{"role":"admin","principal":"${"a".repeat(10_240)}"}`, [400, 40002], "principal: "],
    ['{"role":"admin","principal":"a\\u0000b"}', [400, 40002], "principal: "],
    ['{"role":"admin","id":"AAAAAAAAAAAAAAAAAAAAAA"}', [400, 40002], "id"],
  ])("for %.60s", async (body, code, sentence) => {
    const response = await post(lockedWorker(), body);
    expect(await response.clone().text()).toContain(`"message":"${sentence}`);
    expect(await codeOf(response)).toEqual(code);
  });
});
