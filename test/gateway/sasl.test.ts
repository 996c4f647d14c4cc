/**
 * SASL/PLAIN at the gateway: the exchange as Kafka's clients have it, everything that is out of order, and what it may
 * cost. The edge takes one token and refuses every other.
 */
import { describe, expect, test } from "vitest";
import { startGateway } from "../../gateway/gateway.ts";
import {
  ApiVersions,
  decodeResponseFrame,
  ErrorCode,
  requestFrame,
  SaslAuthenticate,
  SaslHandshake,
  type Api,
  type Encodable,
  type ResponseOf,
} from "../../src/protocol/index.ts";
import { framed, type Client } from "./client.ts";
import { echo, refusing, serving, type Answer } from "./edge.ts";
import { client, edge, gateway, openGateway, type OpenOptions } from "./harness.ts";

const TOKEN = "kedge.k1.eyJ2IjoxfQ.c2VjcmV0";
const SOFTWARE = { clientSoftwareName: "test", clientSoftwareVersion: "1" };

/** Takes `TOKEN`, and from the gateway its own for ApiVersions. */
const guarded: Answer = (heard, response) => {
  const { authorization } = heard.headers;
  const isKnown = authorization === `Bearer ${TOKEN}` || authorization === "Bearer own";
  (isKnown ? serving : refusing(401))(heard, response);
};

const OPTIONS: OpenOptions = {
  listener: { protocol: "SASL_PLAINTEXT" },
  credentials: { token: "own" },
  limits: { failedAuthenticationDelayMs: 20 },
};

async function guardedGateway(options: OpenOptions = {}) {
  const started = await edge(guarded);
  const limits = { ...OPTIONS.limits, ...options.limits };
  const opened = await gateway(started.url, { ...OPTIONS, ...options, limits });
  return { ...opened, heard: started.heard };
}

/** Sends a request; its decoded answer, or undefined when the connection ended without one. */
async function call<A extends Api>(
  kafka: Client,
  api: A,
  apiVersion: number,
  body: Encodable<A["request"]["fields"]>,
): Promise<ResponseOf<A> | undefined> {
  const header = { apiVersion, correlationId: 7, clientId: "test" };
  kafka.send(Buffer.from(requestFrame(api, header, body)));
  const answer = await kafka.frame();
  return answer === undefined ? undefined : decodeResponseFrame(api, apiVersion, answer).body;
}

const handshake = (kafka: Client, mechanism = "PLAIN", version = 1) =>
  call(kafka, SaslHandshake, version, { mechanism });

const plain = (password: string, userName = "broker-1", authorizationId = ""): Buffer =>
  Buffer.from([authorizationId, userName, password].join("\u0000"));

const authenticate = (kafka: Client, message: Buffer, version = 2) =>
  call(kafka, SaslAuthenticate, version, { authBytes: message });

/** Settles when the other side has closed the connection. */
async function expectClosed(kafka: Client): Promise<void> {
  expect(await kafka.frame()).toBeUndefined();
  await kafka.closed;
}

test.each([0, 1, 2])("a token opens the connection, and speaks for it (v%i)", async (version) => {
  const { ports, heard, metrics } = await guardedGateway();
  const kafka = await client(ports[0]);
  const versions = await call(kafka, ApiVersions, 3, SOFTWARE);
  expect(versions?.apiKeys).toEqual([
    { apiKey: 17, minVersion: 0, maxVersion: 1 },
    { apiKey: 36, minVersion: 0, maxVersion: 2 },
    { apiKey: 62, minVersion: 0, maxVersion: 4 },
  ]);
  expect(await handshake(kafka)).toEqual({ errorCode: 0, mechanisms: ["PLAIN"] });
  expect(await authenticate(kafka, plain(TOKEN), version)).toMatchObject({
    errorCode: 0,
    errorMessage: null,
    authBytes: { length: 0 },
    sessionLifetimeMs: 0,
  });
  kafka.send("frame 01", "frame 02");
  expect([await kafka.text(), await kafka.text()]).toEqual(["frame 01", "frame 02"]);
  // Once for the versions, once to judge the token, and then the frames in its name.
  expect(heard.map(({ headers }) => headers.authorization)).toEqual([
    "Bearer own",
    ...Array.from({ length: 3 }, () => `Bearer ${TOKEN}`),
  ]);
  expect(metrics.authenticationsSucceeded).toBe(1);
});

test("strangers who only want to know versions cost a controller one question a second", async () => {
  const { ports, heard } = await guardedGateway();
  const begun = performance.now();
  const strangers = await Promise.all(Array.from({ length: 60 }, () => client(ports[0])));
  for (const [nth, kafka] of strangers.entries()) {
    const frame = requestFrame(
      ApiVersions,
      { apiVersion: 3, correlationId: nth, clientId: "test" },
      SOFTWARE,
    );
    kafka.send(Buffer.from(frame));
    const answer = decodeResponseFrame(ApiVersions, 3, (await kafka.frame()) ?? Buffer.of());
    expect(answer).toMatchObject({ correlationId: nth, body: { errorCode: ErrorCode.NONE } });
  }
  expect(heard.length).toBeLessThanOrEqual(1 + (performance.now() - begun) / 1_000);
  const nameless = await client(ports[0]);
  const asked = { clientSoftwareName: "-", clientSoftwareVersion: "1" };
  expect((await call(nameless, ApiVersions, 3, asked))?.errorCode).toBe(ErrorCode.INVALID_REQUEST);
});

test("a client may leave ApiVersions out, and name the user that it authenticates as", async () => {
  const { ports } = await guardedGateway();
  const kafka = await client(ports[0]);
  await handshake(kafka);
  const answer = await authenticate(kafka, plain(TOKEN, "broker-1", "broker-1"));
  expect(answer?.errorCode).toBe(ErrorCode.NONE);
});

test("a client of old sends its message bare after a handshake in version 0", async () => {
  const { ports } = await guardedGateway();
  const kafka = await client(ports[0]);
  expect(await handshake(kafka, "PLAIN", 0)).toMatchObject({ errorCode: 0 });
  kafka.send(plain(TOKEN));
  expect(await kafka.frame()).toEqual(Buffer.alloc(0));
  kafka.send("frame 01");
  expect(await kafka.text()).toBe("frame 01");

  const wrong = await client(ports[0]);
  await handshake(wrong, "PLAIN", 0);
  wrong.send(plain("not-a-token-of-ours"));
  await expectClosed(wrong);
});

test.each([
  ["a token that the edge refuses", plain("kedge.k1.wrong.wrong"), 1],
  ["no user name", plain(TOKEN, ""), 0],
  ["no password", plain(""), 0],
  ["nothing at all", Buffer.alloc(0), 0],
  ["no zero bytes", Buffer.from(TOKEN), 0],
  ["another user to act as", plain(TOKEN, "broker-1", "admin"), 0],
  ["a password that is a header", plain(`${TOKEN}\r\nKedge-Principal: User:admin`), 0],
  ["a password longer than any token", plain("x".repeat(4_000)), 0],
  ["bytes that are no text", Buffer.of(0, 0xff, 0, 0xff, 0xfe), 0],
])("%s fails the authentication, and others are served", async (_, message, asked) => {
  const { ports, metrics, lines, heard } = await guardedGateway();
  const [wrong, right] = [await client(ports[0]), await client(ports[0])];
  await handshake(wrong);
  const begun = performance.now();
  expect(await authenticate(wrong, message)).toMatchObject({
    errorCode: ErrorCode.SASL_AUTHENTICATION_FAILED,
    errorMessage: "Authentication failed: Invalid username or password",
  });
  // As long as who guesses has to wait.
  expect(performance.now() - begun).toBeGreaterThan(15);
  await expectClosed(wrong);
  expect(heard).toHaveLength(asked);
  expect(metrics.authenticationsFailed).toBe(1);
  expect(lines).toHaveLength(1);
  expect(lines[0]).toContain("authentication failed");
  expect(lines[0]).not.toContain("kedge.k1");
  await handshake(right);
  expect((await authenticate(right, plain(TOKEN)))?.errorCode).toBe(0);
});

test("who is refused has the answer, and no reset, though more was sent behind the wrong token", async () => {
  const { ports } = await guardedGateway();
  const kafka = await client(ports[0]);
  const errors: string[] = [];
  kafka.socket.on("error", (error) => errors.push(error.message));
  await handshake(kafka);
  const wrong = { authBytes: plain("wrong-token") };
  const frame = requestFrame(SaslAuthenticate, { ...HEADER, apiVersion: 2 }, wrong);
  kafka.send(Buffer.from(frame), ...Array.from({ length: 200 }, () => Buffer.alloc(4_096, 1)));
  const answer = (await kafka.frame()) ?? Buffer.of();
  expect(decodeResponseFrame(SaslAuthenticate, 2, answer).body.errorCode).toBe(58);
  await expectClosed(kafka);
  expect(errors).toEqual([]);
});

test("while a token is judged, its client is not read any further", async () => {
  const { url } = await edge(() => undefined);
  const { ports, page } = await gateway(url, OPTIONS);
  const kafka = await client(ports[0]);
  await handshake(kafka);
  kafka.send(AUTHENTICATE, ...Array.from({ length: 300 }, () => Buffer.alloc(16_000, 1)));
  let held = 0;
  for (let count = 0; count < 20; count += 1) {
    const { text } = await page("/metrics");
    held = Math.max(held, Number(/^kedge_gateway_held_bytes (\d+)$/m.exec(text)?.[1]));
  }
  expect(held).toBeGreaterThan(0);
  expect(held).toBeLessThan(200_000);
});

test("a token that may not speak to this cluster fails the authentication, as a wrong one does", async () => {
  const { url } = await edge(refusing(403));
  const { ports } = await gateway(url, OPTIONS);
  const kafka = await client(ports[0]);
  await handshake(kafka);
  expect((await authenticate(kafka, plain(TOKEN)))?.errorCode).toBe(58);
  await expectClosed(kafka);
});

test("a wrong token that comes again and again is asked of the edge once", async () => {
  const { ports, heard } = await guardedGateway();
  for (let count = 0; count < 5; count += 1) {
    const kafka = await client(ports[0]);
    await handshake(kafka);
    expect((await authenticate(kafka, plain("wrong-token")))?.errorCode).toBe(58);
  }
  expect(heard).toHaveLength(1);
});

test.each([
  ["is gone", null],
  ["has too much to do", refusing(429)],
  ["fails", refusing(503)],
  ["does not know the controller", refusing(404)],
])("while the edge %s no token is called wrong: the connection ends", async (_, answer) => {
  const started = await edge(answer ?? echo);
  if (answer === null) await started.close();
  const { ports, lines } = await gateway(started.url, OPTIONS);
  const kafka = await client(ports[0]);
  await handshake(kafka);
  expect(await authenticate(kafka, plain(TOKEN))).toBeUndefined();
  expect(lines.join()).toContain("the edge");
});

test("a token that is revoked later ends its connection, and is refused on the next", async () => {
  let isRevoked = false;
  const started = await edge((heard, response) =>
    (isRevoked ? refusing(401) : guarded)(heard, response),
  );
  const { ports } = await gateway(started.url, OPTIONS);
  const kafka = await client(ports[0]);
  await handshake(kafka);
  await authenticate(kafka, plain(TOKEN));
  isRevoked = true;
  kafka.send("frame 01");
  await expectClosed(kafka);
  const again = await client(ports[0]);
  await handshake(again);
  expect((await authenticate(again, plain(TOKEN)))?.errorCode).toBe(58);
});

test("a mechanism that is not offered is refused with those that are", async () => {
  const { ports } = await guardedGateway();
  const kafka = await client(ports[0]);
  expect(await handshake(kafka, "SCRAM-SHA-512")).toEqual({
    errorCode: ErrorCode.UNSUPPORTED_SASL_MECHANISM,
    mechanisms: ["PLAIN"],
  });
  await expectClosed(kafka);
});

test("a version of ApiVersions that nobody knows is answered in version 0 with the range", async () => {
  const { ports, heard } = await guardedGateway();
  const kafka = await client(ports[0]);
  kafka.send(Buffer.of(0, 18, 0, 99, 0, 0, 0, 7, 0xff, 0xff));
  const answer = decodeResponseFrame(ApiVersions, 0, (await kafka.frame()) ?? Buffer.of());
  expect(answer.correlationId).toBe(7);
  expect(answer.body).toMatchObject({
    errorCode: ErrorCode.UNSUPPORTED_VERSION,
    apiKeys: [{ apiKey: 18, minVersion: 0, maxVersion: 5 }],
  });
  expect(heard).toEqual([]);
  expect((await call(kafka, ApiVersions, 4, SOFTWARE))?.errorCode).toBe(0);
  await handshake(kafka);
  expect((await authenticate(kafka, plain(TOKEN)))?.errorCode).toBe(0);
});

const HEADER = { correlationId: 7, clientId: "test" };
const HANDSHAKE = Buffer.from(
  requestFrame(SaslHandshake, { ...HEADER, apiVersion: 1 }, { mechanism: "PLAIN" }),
);
const AUTHENTICATE = Buffer.from(
  requestFrame(SaslAuthenticate, { ...HEADER, apiVersion: 2 }, { authBytes: plain(TOKEN) }),
);
const VERSIONS = Buffer.from(requestFrame(ApiVersions, { ...HEADER, apiVersion: 3 }, SOFTWARE));

describe("before a mechanism is agreed the connection ends without a word upon", () => {
  test.each([
    ["SaslAuthenticate", [AUTHENTICATE]],
    ["a heartbeat", [Buffer.of(0, 63, 0, 1, 0, 0, 0, 7, 0, 0, 0, 0)]],
    ["ApiVersions a second time", [VERSIONS, VERSIONS]],
    ["an API that nobody knows", [Buffer.of(3, 232, 0, 0, 0, 0, 0, 7, 0xff, 0xff)]],
    ["a version of SaslHandshake that nobody knows", [Buffer.of(0, 17, 0, 9, 0, 0, 0, 7, 0, 0)]],
    ["a handshake cut short", [HANDSHAKE.subarray(0, 14)]],
    ["bytes behind a handshake", [Buffer.concat([HANDSHAKE, Buffer.of(1)])]],
  ])("%s", async (_, frames) => {
    const { ports, metrics, lines } = await guardedGateway();
    const kafka = await client(ports[0]);
    for (const frame of frames.slice(0, -1)) {
      kafka.send(frame);
      await kafka.frame();
    }
    kafka.send(...frames.slice(-1));
    await expectClosed(kafka);
    expect(metrics.authenticationsFailed).toBe(1);
    expect(lines).toHaveLength(1);
  });
});

describe("once a mechanism is agreed", () => {
  test.each([
    ["a second handshake", HANDSHAKE, SaslHandshake, 1],
    ["ApiVersions", VERSIONS, ApiVersions, 3],
  ] as const)("%s is ILLEGAL_SASL_STATE", async (_, frame, api, version) => {
    const { ports } = await guardedGateway();
    const kafka = await client(ports[0]);
    await handshake(kafka);
    kafka.send(frame);
    const answer = decodeResponseFrame<Api>(api, version, (await kafka.frame()) ?? Buffer.of());
    expect(answer.body).toMatchObject({ errorCode: ErrorCode.ILLEGAL_SASL_STATE });
    await expectClosed(kafka);
  });

  test.each([
    ["a version of SaslAuthenticate that nobody knows", Buffer.of(0, 36, 0, 9, 0, 0, 0, 7, 0, 0)],
    ["garbage", Buffer.alloc(40, 0xee)],
    ["SaslAuthenticate cut short", AUTHENTICATE.subarray(0, 20)],
  ])("%s ends the connection", async (_, frame) => {
    const { ports, heard } = await guardedGateway();
    const kafka = await client(ports[0]);
    await handshake(kafka);
    kafka.send(frame);
    await expectClosed(kafka);
    expect(heard).toEqual([]);
  });
});

test("SASL on a connection that is authenticated, or needs none, is ILLEGAL_SASL_STATE and no more", async () => {
  const guardedOne = await guardedGateway();
  const authenticated = await client(guardedOne.ports[0]);
  await handshake(authenticated);
  await authenticate(authenticated, plain(TOKEN));
  const { url } = await edge();
  const open = await client((await gateway(url)).ports[0]);
  for (const kafka of [authenticated, open]) {
    expect((await handshake(kafka))?.errorCode).toBe(ErrorCode.ILLEGAL_SASL_STATE);
    expect((await authenticate(kafka, plain(TOKEN)))?.errorCode).toBe(ErrorCode.ILLEGAL_SASL_STATE);
    kafka.send("frame 01");
    expect(await kafka.text()).toBe("frame 01");
  }
});

test("who does not authenticate in time is disconnected; who has, is not", async () => {
  const { ports, lines, metrics } = await guardedGateway({ limits: { handshakeMs: 300 } });
  const [silent, slow, right] = [
    await client(ports[0]),
    await client(ports[0]),
    await client(ports[0]),
  ];
  await handshake(slow);
  await handshake(right);
  await authenticate(right, plain(TOKEN));
  await Promise.all([silent.closed, slow.closed]);
  expect(lines.filter((line) => line.includes("not authenticated within 300 ms"))).toHaveLength(2);
  right.send("frame 01");
  expect(await right.text()).toBe("frame 01");
  expect(metrics.connectionsOpen).toBe(1);
});

test("before it is authenticated a client is allowed short frames alone, and long ones after", async () => {
  const { ports, lines } = await guardedGateway();
  const long = Buffer.alloc(100_000, 1);
  const early = await client(ports[0]);
  early.socket.write(framed(long).subarray(0, 8));
  await expectClosed(early);
  expect(lines.join()).toContain("a frame of 100000 bytes");
  const kafka = await client(ports[0]);
  await handshake(kafka);
  await authenticate(kafka, plain(TOKEN));
  kafka.send(long);
  expect((await kafka.frame())?.equals(long)).toBe(true);
});

test("a client that sends everything at once is answered in order, and read no further than it may", async () => {
  const { ports, metrics } = await guardedGateway();
  const kafka = await client(ports[0]);
  kafka.send(VERSIONS, HANDSHAKE, AUTHENTICATE, "frame 01");
  const frames = [await kafka.frame(), await kafka.frame(), await kafka.frame()];
  expect(frames.every((frame) => frame?.readInt32BE(0) === 7)).toBe(true);
  expect(await kafka.text()).toBe("frame 01");
  expect(metrics.authenticationsSucceeded).toBe(1);
});

test("places for those that are not authenticated are few, and free again", async () => {
  const limits = { handshakesMax: 2, handshakeMs: 400 };
  const { ports, page, lines } = await guardedGateway({ limits });
  const idle = [await client(ports[0]), await client(ports[0])];
  const beyond = await client(ports[0]);
  await beyond.closed;
  expect(lines.join()).toContain("too many are not authenticated");
  const { text } = await page("/metrics");
  expect(text).toContain("kedge_gateway_handshakes_open 2\n");
  expect(text).toContain('connections_refused_total{reason="bound"} 1\n');
  idle[0]?.close();
  await idle[1]?.closed;
  const right = await client(ports[0]);
  await handshake(right);
  await authenticate(right, plain(TOKEN));
  // It has left its place: two more find room.
  const more = [await client(ports[0]), await client(ports[0])];
  for (const kafka of more) expect((await handshake(kafka))?.errorCode).toBe(0);
});

test("tokens in clear text are for loopback alone", async () => {
  const { url } = await edge();
  const { tunnel, metrics } = await openGateway(url, OPTIONS).then(async (opened) => {
    await opened.stop();
    return opened;
  });
  await expect(
    startGateway({
      tunnel,
      metrics,
      listener: { protocol: "SASL_PLAINTEXT" },
      controllers: [{ nodeId: 3000, host: "0.0.0.0", port: 0 }],
    }),
  ).rejects.toThrow("SASL_PLAINTEXT on 0.0.0.0: tokens would cross the network in clear text");
});
