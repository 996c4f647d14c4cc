/** What comes in the place of a token, and what the Worker makes of it before it calls anybody. */
import { describe, expect, test } from "vitest";
import { bearerIn, type Bearer } from "../../durable-objects/bearer.ts";
import { mintToken } from "../../local/secret.ts";
import { ANY_CLUSTER, signingKey, signToken, type Claims } from "../../src/access/index.ts";
import type { Limiter } from "../../worker/env.ts";
import { codeOf, lockedWorker, SECRET, type LockedWorker } from "./locked.ts";

const UNAUTHENTICATED = [401, 40101];
const FORBIDDEN = [403, 40301];
const PATH = "/kafka/v3/clusters";
const OTHER_SECRET = "another secret of a test, not shorter than it has to be";

const basic = (text: string): string => `Basic ${btoa(text)}`;

const askWith = (worker: LockedWorker, authorization: string): Promise<Response> =>
  worker.ask(PATH, null, { headers: { Authorization: authorization } });

/** Claims of an admin, as `signToken` would sign them. */
function claimsOf(written: Partial<Claims> = {}): Claims {
  const nowS = Math.floor(Date.now() / 1000);
  return {
    version: 1,
    id: "AAAAAAAAAAAAAAAAAAAAAA",
    role: "admin",
    cluster: ANY_CLUSTER,
    brokerIds: [],
    principal: "admin",
    issuedAt: nowS - 60,
    expiresAt: nowS + 60,
    ...written,
  };
}

const half = (token: string): string => token.slice(0, token.length / 2);
const flipped = (text: string, at: number): string =>
  `${text.slice(0, at)}${text[at] === "A" ? "B" : "A"}${text.slice(at + 1)}`;
const partOf = (token: string, at: number): string => token.split(".")[at] ?? "";

describe("a token", () => {
  test.each([
    ["as Bearer", (token: string) => `Bearer ${token}`],
    ["in whatever case the scheme is", (token: string) => `bEaReR ${token}`],
    ["as Basic, with any user name", (token: string) => basic(`somebody:${token}`)],
    ["as Basic, with none", (token: string) => basic(`:${token}`)],
    ["as Basic, with a long one", (token: string) => basic(`${"u".repeat(500)}:${token}`)],
  ])("is taken %s", async (_how, written) => {
    const worker = lockedWorker();
    const answer = await askWith(worker, written(await worker.mint({ role: "viewer" })));
    expect(await codeOf(answer)).toEqual([200, 0]);
  });

  test.each<[string, (token: string) => string]>([
    ["nothing", () => ""],
    ["a scheme alone", () => "Bearer"],
    ["another scheme", (token) => `Token ${token}`],
    ["no scheme", (token) => token],
    ["twice", (token) => `Bearer ${token} ${token}`],
    ["in two headers, joined", (token) => `Bearer ${token}, Bearer ${token}`],
    ["beside another scheme", (token) => `Basic eA==, Bearer ${token}`],
    ["with a comma after it", (token) => `Bearer ${token},`],
    ["in quotes", (token) => `Bearer "${token}"`],
    ["with a tab before it", (token) => `Bearer\t${token}`],
    ["cut in half", (token) => `Bearer ${half(token)}`],
    ["cut by a letter", (token) => `Bearer ${token.slice(0, -1)}`],
    ["longer by a letter", (token) => `Bearer ${token}A`],
    ["without its MAC", (token) => `Bearer ${token.slice(0, token.lastIndexOf(".") + 1)}`],
    ["with another MAC", (token) => `Bearer ${flipped(token, token.lastIndexOf(".") + 1)}`],
    ["with other claims", (token) => `Bearer ${flipped(token, token.indexOf(".") + 20)}`],
    [
      "of another key's name",
      (token) => `Bearer ${token.replace(/\.[0-9a-f]{8}\./, ".00000000.")}`,
    ],
    [
      "as a JWT that asks for no signature",
      (token) => `Bearer eyJhbGciOiJub25lIn0.${partOf(token, 2)}.`,
    ],
    ["of 10 kB", () => `Bearer kedge.${"A".repeat(10_000)}`],
    ["of 10 kB, as Basic", (token) => basic(`${"u".repeat(10_000)}:${token}`)],
    ["as a user name of Basic", (token) => basic(`${token}:`)],
    ["as Basic without a colon", (token) => basic(token)],
    ["as Basic that is not base64", (token) => `Basic id:${token}`],
    ["as Basic with a second password", (token) => basic(`id:${token}:more`)],
  ])("is not taken %s", async (_how, written) => {
    const worker = lockedWorker();
    const token = await worker.mint({ role: "admin" });
    const response = await askWith(worker, written(token));
    expect(response.headers.get("WWW-Authenticate")).toBe(
      'Bearer realm="kedge", Basic realm="kedge"',
    );
    const text = await response.clone().text();
    expect(await codeOf(response)).toEqual(UNAUTHENTICATED);
    expect(text).not.toContain(partOf(token, 2).slice(0, 20));
    expect(worker.calls).toEqual([]);
  });

  test.each(["token", "access_token", "authorization", "key", "api_key"])(
    "is not looked for in an address, as ?%s=",
    async (name) => {
      const worker = lockedWorker();
      const token = await worker.mint({ role: "admin" });
      for (const value of [token, `Bearer ${token}`]) {
        const query = new URLSearchParams([[name, value]]).toString();
        expect(await codeOf(await worker.ask(`${PATH}?${query}`, null))).toEqual(UNAUTHENTICATED);
      }
      const cookie = { headers: { Cookie: `${name}=${token}` } };
      expect(await codeOf(await worker.ask(PATH, null, cookie))).toEqual(UNAUTHENTICATED);
    },
  );

  test("is believed until its last second, and not in the next", async () => {
    const worker = lockedWorker();
    const key = await signingKey(SECRET);
    const nowS = Math.floor(Date.now() / 1000);
    const valid = await signToken(key, claimsOf({ expiresAt: nowS + 60 }));
    expect(await codeOf(await worker.ask(PATH, valid))).toEqual([200, 0]);
    const expired = await signToken(key, claimsOf({ expiresAt: nowS }));
    const response = await worker.ask(PATH, expired);
    expect(await response.clone().text()).toContain("the token has expired");
    expect(await codeOf(response)).toEqual(UNAUTHENTICATED);
  });

  test("outlives its secret by one rotation", async () => {
    const token = await mintToken(OTHER_SECRET, { role: "admin" });
    const ask = async (settings: Parameters<typeof lockedWorker>[0]) =>
      codeOf(await lockedWorker(settings).ask(PATH, token));
    expect(await ask({ settings: { KEDGE_KEY: OTHER_SECRET } })).toEqual([200, 0]);
    const rotated = { KEDGE_KEY: SECRET, KEDGE_KEY_PREVIOUS: OTHER_SECRET };
    expect(await ask({ settings: rotated })).toEqual([200, 0]);
    expect(await ask({ settings: { KEDGE_KEY: SECRET } })).toEqual(UNAUTHENTICATED);
  });

  test("of a wrong secret is refused a thousand times, and nobody else for it", async () => {
    const worker = lockedWorker();
    const stranger = await mintToken(OTHER_SECRET, { role: "admin" });
    const own = await worker.mint({ role: "admin" });
    const wrong = [stranger, flipped(own, own.length - 5), half(own), "", "kedge"];
    const answers = await Promise.all(
      Array.from({ length: 1_000 }, (_, at) => worker.ask(PATH, wrong[at % wrong.length] ?? "")),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
    expect(worker.calls).toEqual([]);
    expect(await codeOf(await worker.ask(PATH, own))).toEqual([200, 0]);
  });

  test("is asked for also where nothing is, and with it nothing is there", async () => {
    const worker = lockedWorker();
    const token = await worker.mint({ role: "viewer" });
    for (const path of ["/admin", "/kafka/v3", "/health", "//health/live"]) {
      expect(await codeOf(await worker.ask(path, null))).toEqual(UNAUTHENTICATED);
      expect(await codeOf(await worker.ask(path, token))).toEqual([404, 40406]);
    }
    for (const method of ["HEAD", "PUT", "OPTIONS", "TRACE2"]) {
      const { status } = await worker.ask(PATH, null, { method });
      expect([method, status]).toEqual([method, 401]);
    }
  });
});

/** Lets so many of each key pass. */
function limiter(most: number): Limiter & { readonly keys: string[] } {
  const keys: string[] = [];
  return {
    keys,
    limit: async ({ key }) => {
      keys.push(key);
      return { success: keys.filter((each) => each === key).length <= most };
    },
  };
}
const from = (address: string) => ({ headers: { "CF-Connecting-IP": address } });

describe("how often one may ask", () => {
  test("is counted per address for who brings no token that holds, and else per token", async () => {
    const settings = {
      KEDGE_KEY: SECRET,
      ADDRESS_LIMITER: limiter(2),
      TOKEN_LIMITER: limiter(3),
    };
    const worker = lockedWorker({ settings });
    const token = await worker.mint({ role: "viewer" });
    const ask = async (credential: string | null, address: string) => {
      const response = await worker.ask(PATH, credential, from(address));
      return [...(await codeOf(response)), response.headers.get("Retry-After")];
    };
    expect(await ask(null, "192.0.2.1")).toEqual([...UNAUTHENTICATED, null]);
    expect(await ask("wrong", "192.0.2.1")).toEqual([...UNAUTHENTICATED, null]);
    expect(await ask(null, "192.0.2.1")).toEqual([429, 42901, "10"]);
    expect(settings.TOKEN_LIMITER.keys).toEqual([]);
    // A gateway's clients come from one address, and one of them may bring anything.
    for (const address of ["192.0.2.1", "192.0.2.3", "192.0.2.4"])
      expect(await ask(token, address)).toEqual([200, 0, null]);
    worker.calls.splice(0);
    expect(await ask(token, "192.0.2.5")).toEqual([429, 42901, "10"]);
    expect(worker.calls).toEqual([]);
    expect(new Set(settings.TOKEN_LIMITER.keys).size).toBe(1);
    expect(settings.TOKEN_LIMITER.keys[0]).toMatch(/^[A-Za-z0-9_-]{22}$/);
  });
});

/** Sends a frame; what the controller was told, or the refusal. */
async function heard(
  worker: LockedWorker,
  token: string,
  headers: Readonly<Record<string, string>>,
): Promise<Bearer | null | readonly [number, number]> {
  const path = `${PATH}/${worker.clusterId}/controllers/3000/frames`;
  const response = await worker.ask(path, token, {
    method: "POST",
    body: new Uint8Array(12),
    headers,
  });
  const call = worker.calls.find(({ name }) => name.endsWith("/3000"));
  return call === undefined ? codeOf(response) : bearerIn(call.headers);
}

describe("who asks, as a controller hears it", () => {
  test("is what the token says, whatever else is claimed", async () => {
    const worker = lockedWorker();
    const token = await worker.mint({ role: "viewer", principal: "Zoë, of reports" });
    const forged = { role: "admin", broker_ids: [1], principal: "admin" };
    const claimed = encodeURIComponent(
      JSON.stringify({ ...forged, client_address: null, token_id: null }),
    );
    expect(
      await heard(worker, token, {
        "Kedge-Bearer": claimed,
        "Kedge-Role": "admin",
        "CF-Connecting-IP": "192.0.2.7",
      }),
    ).toEqual({
      role: "viewer",
      broker_ids: [],
      principal: "Zoë, of reports",
      client_address: "192.0.2.7",
      token_id: expect.stringMatching(/^[A-Za-z0-9_-]{22}$/),
    });
    const [call] = worker.calls.filter(({ name }) => name.endsWith("/3000"));
    expect(call?.headers.has("Authorization")).toBe(false);
    expect(call?.headers.has("Kedge-Role")).toBe(false);
  });

  test.each([
    ["User:alice", "alice"],
    ["User:CN%3Dbroker%2C%20O%3DZo%C3%AB", "CN=broker, O=Zoë"],
    [`User:${"a".repeat(1_024)}`, "a".repeat(1_024)],
    [null, "ANONYMOUS"],
  ])("is whom a gateway names: %s", async (named, principal) => {
    const worker = lockedWorker();
    const token = await worker.mint({ role: "gateway", principal: "gateway" });
    const headers = {
      "CF-Connecting-IP": "192.0.2.7",
      ...(named === null ? {} : { "Kedge-Principal": named }),
    };
    expect(await heard(worker, token, headers)).toMatchObject({
      role: "gateway",
      principal,
      // Of the gateway, and not of its client.
      client_address: null,
    });
  });

  test.each([
    "alice",
    "User:",
    "Group:alice",
    "User:%zz",
    "User:%ff",
    "User:alice, User:admin",
    `User:${"a".repeat(10_240)}`,
    `User:${"%C3%AB".repeat(600)}`,
  ])("is not named as %.40s", async (named) => {
    const worker = lockedWorker();
    const token = await worker.mint({ role: "gateway" });
    expect(await heard(worker, token, { "Kedge-Principal": named })).toEqual([400, 40002]);
    expect(worker.calls).toEqual([]);
  });

  test.each(["admin", "operator", "editor", "viewer", "broker"] as const)(
    "is not for %s to name, not even by its own name",
    async (role) => {
      const worker = lockedWorker();
      const token = await worker.mint({ role, principal: "alice" });
      const named = { "Kedge-Principal": "User:alice" };
      expect(await heard(worker, token, named)).toEqual(FORBIDDEN);
      expect(worker.calls).toEqual([]);
    },
  );
});
