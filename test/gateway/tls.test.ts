/**
 * TLS at the gateway, with `node:tls` on the other side: who is let in under which `ssl.client.auth`, as whom, and what
 * becomes of those who cannot or will not shake hands.
 */
import { once } from "node:events";
import { connect } from "node:tls";
import type { ConnectionOptions } from "node:tls";
import { describe, expect, test } from "vitest";
import { PRINCIPAL_BYTES_MAX } from "../../gateway/edge/identity.ts";
import { principalRules } from "../../gateway/tls/principal-rules.ts";
import { TlsDoor, type TlsDoorOptions } from "../../gateway/tls/tls-door.ts";
import {
  decodeResponseFrame,
  requestFrame,
  SaslAuthenticate,
  SaslHandshake,
} from "../../src/protocol/index.ts";
import { certificate, CN, commonName, nameOf, OU, text, type Authority } from "./certificates.ts";
import { framed } from "./client.ts";
import { refusing, serving } from "./edge.ts";
import { client, edge, gateway, tlsClient, type OpenOptions } from "./harness.ts";

const AUTHORITY = certificate({ subject: commonName("authority"), isAuthority: true });
const STRANGER = certificate({ subject: commonName("stranger"), isAuthority: true });
const SERVER = certificate({ subject: commonName("localhost"), signedBy: AUTHORITY });
const SUBJECT = nameOf(text("2.5.4.10", "Example, Inc."), text(OU, "Kafka"), text(CN, "broker-1"));
const BROKER = certificate({ subject: SUBJECT, signedBy: AUTHORITY });
const EXPIRED = certificate({
  subject: SUBJECT,
  signedBy: AUTHORITY,
  notAfter: new Date(Date.now() - 1_000),
});
const UNKNOWN = certificate({ subject: SUBJECT, signedBy: STRANGER });

const pair = ({ cert, key }: Authority) => ({ cert: Buffer.from(cert), key: Buffer.from(key) });
const TRUST: ConnectionOptions = { ca: AUTHORITY.cert };
const shows = (own: Authority): ConnectionOptions => ({ ...TRUST, cert: own.cert, key: own.key });

const doorOf = (options: Partial<TlsDoorOptions> = {}): TlsDoor =>
  new TlsDoor({
    tls: { ...pair(SERVER), ca: Buffer.from(AUTHORITY.cert) },
    clientAuth: "required",
    principalBytesMax: PRINCIPAL_BYTES_MAX,
    handshakeMs: 10_000,
    ...options,
  });

async function tlsGateway(door: TlsDoor, options: OpenOptions = {}) {
  const { url, heard } = await edge(serving);
  const opened = await gateway(url, {
    listener: { protocol: "SSL", door },
    credentials: { token: "own" },
    ...options,
  });
  return { ...opened, port: opened.ports[0], heard };
}

/** A frame over TLS; its answer, or undefined when the connection ended, however it did. */
async function ask(port: number | undefined, options: ConnectionOptions) {
  const socket = connect({ port: port ?? 0, host: "127.0.0.1", ...options });
  let code: unknown = null;
  socket.on("error", (error) => {
    code = "code" in error ? error.code : error.message;
  });
  socket.write(framed("frame 01"));
  const answer = await new Promise((settle) => {
    socket.once("data", settle);
    socket.once("close", () => settle(null));
  });
  socket.destroy();
  return { isServed: answer !== null, code };
}

describe("a client is served when", () => {
  test.each([
    ["none", "shows nothing", TRUST, undefined],
    ["none", "shows what nobody asks for", shows(UNKNOWN), undefined],
    ["requested", "shows nothing", TRUST, undefined],
    ["requested", "shows a certificate", shows(BROKER), "CN=broker-1,OU=Kafka,O=Example\\, Inc."],
    ["required", "shows a certificate", shows(BROKER), "CN=broker-1,OU=Kafka,O=Example\\, Inc."],
  ] as const)("ssl.client.auth is %s and it %s", async (clientAuth, _, options, principal) => {
    for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
      const { port, heard } = await tlsGateway(doorOf({ clientAuth }));
      expect(await ask(port, { ...options, maxVersion })).toMatchObject({ isServed: true });
      const named = heard.at(-1)?.headers["kedge-principal"];
      expect(named).toBe(principal && `User:${encodeURIComponent(principal)}`);
      expect(heard.at(-1)?.headers.authorization).toBe("Bearer own");
    }
  });
});

describe("a client is not served when", () => {
  test.each([
    ["requested", "shows one of a stranger's", shows(UNKNOWN), "UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
    ["requested", "shows one that has expired", shows(EXPIRED), "CERT_HAS_EXPIRED"],
    ["required", "shows nothing", TRUST, "peer did not return a certificate"],
    ["required", "shows one of a stranger's", shows(UNKNOWN), "UNABLE_TO_VERIFY_LEAF_SIGNATURE"],
    ["required", "shows one that has expired", shows(EXPIRED), "CERT_HAS_EXPIRED"],
  ] as const)("ssl.client.auth is %s and it %s", async (clientAuth, _, options, reason) => {
    for (const maxVersion of ["TLSv1.2", "TLSv1.3"] as const) {
      const { port, heard, lines, page } = await tlsGateway(doorOf({ clientAuth }));
      expect(await ask(port, { ...options, maxVersion })).toMatchObject({ isServed: false });
      expect(heard).toEqual([]);
      expect(lines).toHaveLength(1);
      expect(lines[0]).toContain(reason);
      expect(lines[0]).toMatch(/^controller 3000, 127\.0\.0\.1:\d+: /);
      const { text: counted } = await page("/metrics");
      expect(counted).toContain('connections_refused_total{reason="tls"} 1\n');
      expect(counted).toContain("handshakes_open 0\n");
    }
  });

  test("it is told in TLS's own words that a certificate is required", async () => {
    const { port } = await tlsGateway(doorOf());
    const { code } = await ask(port, TRUST);
    expect(code).toBe("ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED");
  });
});

test("two who are refused at once are each told apart from those who are served", async () => {
  const { port, lines } = await tlsGateway(doorOf());
  const all = [UNKNOWN, BROKER, EXPIRED, BROKER, UNKNOWN, EXPIRED];
  const answers = await Promise.all(all.map((own) => ask(port, shows(own))));
  expect(answers.map(({ isServed }) => isServed)).toEqual(all.map((own) => own === BROKER));
  expect(lines).toHaveLength(4);
});

test("without a token of the gateway nobody is named", async () => {
  const { port, heard } = await tlsGateway(doorOf(), { credentials: {} });
  expect(await ask(port, shows(BROKER))).toMatchObject({ isServed: true });
  expect(heard[0]?.headers).not.toHaveProperty("kedge-principal");
});

test("mapping rules make the name, and who matches none is refused", async () => {
  const rules = principalRules("RULE:^CN=([^,]+),OU=Kafka.*$/$1/U");
  const { port, heard, lines } = await tlsGateway(doorOf({ rules }));
  await ask(port, shows(BROKER));
  expect(heard[0]?.headers["kedge-principal"]).toBe("User:BROKER-1");
  const other = certificate({ subject: commonName("other"), signedBy: AUTHORITY });
  expect(await ask(port, shows(other))).toMatchObject({ isServed: false });
  expect(lines.join()).toContain('no principal mapping rule makes a name of "CN=other"');
});

test.each([
  [401, "this gateway's token is not accepted: the edge answered 401", false],
  [403, "whom a client's certificate names is not accepted: the edge answered 403", true],
  [429, "the edge answered 429", true],
])("after a %i for one certificate: who else is served", async (status, sentence, isServed) => {
  const other = certificate({ subject: commonName("other"), signedBy: AUTHORITY });
  const { url, heard } = await edge((each, response) =>
    (each.headers["kedge-principal"] === "User:CN%3Dother" ? refusing(status) : serving)(
      each,
      response,
    ),
  );
  const listener = { protocol: "SSL", door: doorOf() } as const;
  const { ports, lines } = await gateway(url, { listener, credentials: { token: "own" } });
  for (let count = 0; count < 2; count += 1)
    expect(await ask(ports[0], shows(other))).toMatchObject({ isServed: false });
  expect(heard).toHaveLength(1);
  expect(lines[0]).toContain(sentence);
  expect(await ask(ports[0], shows(BROKER))).toMatchObject({ isServed });
});

test("a name that a rule makes too long, or of half a character, lets nobody in", async () => {
  const twice = certificate({ subject: subjectOf(PRINCIPAL_BYTES_MAX), signedBy: AUTHORITY });
  const long = await tlsGateway(doorOf({ rules: principalRules("RULE:^(.*)$/$1$1/") }));
  expect(await ask(long.port, shows(twice))).toMatchObject({ isServed: false });
  expect(long.lines.join()).toContain("its principal's name has 2048 bytes; 1024 are accepted");
  const smile = certificate({ subject: commonName("😀"), signedBy: AUTHORITY });
  const half = await tlsGateway(doorOf({ rules: principalRules("RULE:^CN=(.).*$/$1/") }));
  expect(await ask(half.port, shows(smile))).toMatchObject({ isServed: false });
  expect(half.lines.join()).toContain("no principal mapping rule makes a name");
  expect([...long.heard, ...half.heard]).toEqual([]);
});

/** A subject whose text has that many bytes. */
const subjectOf = (bytes: number): Buffer => commonName("é".repeat((bytes - 3) / 2) + "x");

test("a subject of 10 kB is refused, and one at the bound is served", async () => {
  const { port, heard, lines } = await tlsGateway(doorOf());
  const long = certificate({ subject: subjectOf(10_240), signedBy: AUTHORITY });
  const fits = certificate({ subject: subjectOf(PRINCIPAL_BYTES_MAX), signedBy: AUTHORITY });
  const over = certificate({ subject: subjectOf(PRINCIPAL_BYTES_MAX + 2), signedBy: AUTHORITY });
  expect(await ask(port, shows(long))).toMatchObject({ isServed: false });
  expect(await ask(port, shows(over))).toMatchObject({ isServed: false });
  expect(await ask(port, shows(fits))).toMatchObject({ isServed: true });
  expect(heard).toHaveLength(1);
  expect(lines.join()).toContain(`bytes; ${PRINCIPAL_BYTES_MAX} are accepted`);
});

test("a subject that would be headers is one name, and one line of the log", async () => {
  const subject = commonName("a\r\nAuthorization: Bearer x");
  const own = certificate({ subject, signedBy: AUTHORITY });
  const { port, heard } = await tlsGateway(doorOf());
  await ask(port, shows(own));
  expect(heard[0]?.headers.authorization).toBe("Bearer own");
  expect(heard[0]?.headers["kedge-principal"]).toBe(
    `User:${encodeURIComponent("CN=a\r\nAuthorization: Bearer x")}`,
  );
  const ruled = await tlsGateway(doorOf({ rules: principalRules("RULE:never/x/") }));
  await ask(ruled.port, shows(own));
  expect(ruled.lines).toHaveLength(1);
  expect(ruled.lines[0]?.split("\n")).toHaveLength(1);
});

describe("others are served while a connection", () => {
  test.each([
    ["speaks Kafka in clear text", framed(Buffer.of(0, 18, 0, 3, 0, 0, 0, 7, 0, 0)), "is not TLS"],
    ["speaks HTTP", Buffer.from("GET / HTTP/1.1\r\n\r\n"), "is not TLS"],
    ["sends zeros", Buffer.alloc(1_000), "is not TLS"],
    ["sends noise", Buffer.from(Array.from({ length: 500 }, (_, at) => (at * 151) & 255)), "TLS"],
    [
      "stops in the middle of a hello",
      Buffer.of(0x16, 3, 1, 2, 0, 1, 0),
      "no TLS handshake in time",
    ],
    ["says nothing", Buffer.of(), "no TLS handshake in time"],
  ])("%s", async (_, bytes, reason) => {
    const { port, lines, heard } = await tlsGateway(doorOf({ handshakeMs: 300 }));
    const bad = await client(port);
    bad.socket.write(bytes);
    expect(await ask(port, shows(BROKER))).toMatchObject({ isServed: true });
    await bad.closed;
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(reason);
    expect(heard).toHaveLength(1);
  });

  test("hangs up in the middle of its handshake", async () => {
    const { port, lines, page } = await tlsGateway(doorOf());
    const bad = await client(port);
    bad.socket.write(Buffer.of(0x16, 3, 1));
    bad.close();
    while (lines.length === 0) await new Promise((settle) => setTimeout(settle, 5));
    expect(lines[0]).toContain("went away");
    expect((await page("/metrics")).text).toContain("handshakes_open 0\n");
    expect(await ask(port, shows(BROKER))).toMatchObject({ isServed: true });
  });

  test("sends a hello that never ends, whose bytes are bounded", async () => {
    const { port, lines } = await tlsGateway(doorOf({ handshakeMs: 5_000 }));
    const bad = await client(port);
    // A ClientHello of 16 MB, announced and then sent in records of 16 KiB.
    const record = Buffer.concat([Buffer.of(0x16, 3, 1, 0x40, 0), Buffer.alloc(0x4000, 1)]);
    record.set([1, 0xff, 0xff, 0xff], 5);
    const begun = performance.now();
    bad.socket.write(record);
    for (let count = 0; count < 64; count += 1) bad.socket.write(record.subarray(0, 5 + 0x4000));
    await bad.closed;
    expect(performance.now() - begun).toBeLessThan(4_000);
    expect(lines).toHaveLength(1);
  });
});

test("TLS where none is spoken ends that connection with a sentence", async () => {
  const { url, heard } = await edge();
  const { ports, lines } = await gateway(url);
  expect(await ask(ports[0], TRUST)).toMatchObject({ isServed: false });
  expect(heard).toEqual([]);
  expect(lines[0]).toContain("the client speaks TLS, and this listener does not");
});

test("places for handshakes are few, and free again", async () => {
  const door = doorOf({ handshakeMs: 300 });
  const { port, lines } = await tlsGateway(door, { limits: { handshakesMax: 2 } });
  const silent = [await client(port), await client(port)];
  expect(await ask(port, shows(BROKER))).toMatchObject({ isServed: false });
  expect(lines.join()).toContain("too many are not authenticated");
  await Promise.all(silent.map(({ closed }) => closed));
  // Those who are through hold no place.
  const served = [await tlsClient(port, shows(BROKER)), await tlsClient(port, shows(BROKER))];
  for (const kafka of served) {
    kafka.send("frame 01");
    expect(await kafka.text()).toBe("frame 01");
  }
  expect(await ask(port, shows(BROKER))).toMatchObject({ isServed: true });
});

test("a renewed certificate is shown to those who come, and those who are there stay", async () => {
  const door = doorOf({ clientAuth: "requested" });
  const { port } = await tlsGateway(door);
  const before = await tlsClient(port, shows(BROKER));
  const next = certificate({ subject: commonName("localhost"), signedBy: STRANGER });
  door.renew({ ...pair(next), ca: Buffer.from(STRANGER.cert) });
  expect(await ask(port, TRUST)).toEqual({
    isServed: false,
    code: "SELF_SIGNED_CERT_IN_CHAIN",
  });
  expect(await ask(port, { ca: STRANGER.cert })).toMatchObject({ isServed: true });
  // And so is whom it believes, for who had been believed as well.
  expect(await ask(port, { ...shows(BROKER), ca: STRANGER.cert })).toMatchObject({
    isServed: false,
  });
  before.send("frame 01");
  expect(await before.text()).toBe("frame 01");
});

test("a session from before a renewal opens nothing after it", async () => {
  const door = doorOf();
  const { port, heard } = await tlsGateway(door);
  const first = await tlsClient(port, shows(BROKER));
  if (!("getSession" in first.socket)) throw new Error("no TLS");
  const remembered = once(first.socket, "session");
  first.send("frame 01");
  await first.text();
  const [session]: readonly Buffer[] = await remembered;
  door.renew({ ...pair(SERVER), ca: Buffer.from(STRANGER.cert) });
  expect(await ask(port, { ...shows(BROKER), ...(session && { session }) })).toMatchObject({
    isServed: false,
  });
  expect(heard).toHaveLength(1);
});

test("SASL_SSL: a token inside TLS speaks for the connection, whatever certificate was shown", async () => {
  const door = doorOf({ clientAuth: "requested" });
  const { url, heard } = await edge(serving);
  const { ports } = await gateway(url, {
    listener: { protocol: "SASL_SSL", door },
    credentials: { token: "own" },
  });
  const kafka = await tlsClient(ports[0], shows(BROKER));
  const header = { correlationId: 7, clientId: "test" };
  kafka.send(
    Buffer.from(requestFrame(SaslHandshake, { ...header, apiVersion: 1 }, { mechanism: "PLAIN" })),
  );
  await kafka.frame();
  const authBytes = Buffer.from("\u0000broker-1\u0000kedge.token");
  kafka.send(
    Buffer.from(requestFrame(SaslAuthenticate, { ...header, apiVersion: 2 }, { authBytes })),
  );
  const answer = (await kafka.frame()) ?? Buffer.of();
  expect(decodeResponseFrame(SaslAuthenticate, 2, answer).body.errorCode).toBe(0);
  kafka.send("frame 01");
  expect(await kafka.text()).toBe("frame 01");
  expect(heard.at(-1)?.headers).toMatchObject({ authorization: "Bearer kedge.token" });
  expect(heard.at(-1)?.headers).not.toHaveProperty("kedge-principal");
});
