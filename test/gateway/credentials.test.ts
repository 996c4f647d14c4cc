/** What the gateway shows to the edge: where it is read, what is refused, and what arrives. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readCredentials } from "../../gateway/edge/credentials.ts";
import { identityHeaders } from "../../gateway/edge/identity.ts";
import { TOKEN_LENGTH_MAX } from "../../gateway/edge/token.ts";
import { TOKEN_CHARACTERS_MAX } from "../../src/access/index.ts";
import { certificate, commonName } from "./certificates.ts";
import { echo } from "./edge.ts";
import { client, edge, gateway } from "./harness.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "kedge-credentials-"));
});

afterAll(() => rm(folder, { recursive: true }));

async function file(name: string, content: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

const SECRET = "kedge.k1.eyJ2IjoxfQ.c2VjcmV0";

test("a token is read from its file, or else from the environment", async () => {
  const tokenFile = await file("token", `${SECRET}\n`);
  expect(readCredentials({ tokenFile, env: { KEDGE_TOKEN: "other" } }).token).toBe(SECRET);
  expect(readCredentials({ env: { KEDGE_TOKEN: SECRET } }).token).toBe(SECRET);
  expect(readCredentials({ env: {} }).token).toBeNull();
  expect(readCredentials({ env: { KEDGE_TOKEN: "" } }).token).toBeNull();
});

test.each([
  ["two lines", `${SECRET}\nsecond`],
  ["a header of its own", `${SECRET}\r\nKedge-Principal: User:admin`],
  ["nothing", ""],
  ["more than the edge takes", "x".repeat(TOKEN_LENGTH_MAX + 1)],
  ["letters of other alphabets", `${SECRET}é`],
])("a token file that holds %s is refused without showing it", async (_, content) => {
  const tokenFile = await file("bad-token", content);
  const read = (): unknown => readCredentials({ tokenFile, env: {} });
  expect(read).toThrow("bad-token does not hold a token");
  expect(read).not.toThrow(SECRET);
});

test("a token as long as the edge accepts is one here too", async () => {
  const longest = "x".repeat(TOKEN_CHARACTERS_MAX);
  expect(readCredentials({ env: { KEDGE_TOKEN: longest } }).token).toBe(longest);
  expect(TOKEN_LENGTH_MAX).toBe(TOKEN_CHARACTERS_MAX);
});

test("a file that is not there is named", () => {
  expect(() => readCredentials({ tokenFile: "/nowhere/token", env: {} })).toThrow(
    "/nowhere/token cannot be read (ENOENT)",
  );
});

test("headers are read line by line, from their file or the environment", async () => {
  const lines =
    "# Access\nCF-Access-Client-Id: abc.access\r\n\nCF-Access-Client-Secret:  s3cret \n";
  const headers = { "cf-access-client-id": "abc.access", "cf-access-client-secret": "s3cret" };
  const headerFile = await file("headers", lines);
  expect(readCredentials({ headerFile, env: {} }).headers).toEqual(headers);
  expect(readCredentials({ env: { KEDGE_HEADERS: lines } }).headers).toEqual(headers);
});

test.each([
  ["no colon", "CF-Access-Client-Id abc", 'line 1 of .* is not a header, "Name: value"'],
  ["no name", ": abc", "line 1 .* not a header"],
  ["a name with a blank", "a b: c", "line 1 .* not a header"],
  ["a value with a control character", "a: b\u0001c", "line 1 .* not a header"],
  ["a token of its own", "x: y\nAuthorization: Bearer z", "line 2 .*sets authorization itself"],
  ["a principal", "Kedge-Principal: User:admin", "sets kedge-principal itself"],
  ["another framing", "Transfer-Encoding: chunked", "sets transfer-encoding itself"],
  ["a header twice", "a: 1\nA: 2", "line 2 .*a is there twice"],
  ["too many", Array.from({ length: 40 }, (_, at) => `h${at}: x`).join("\n"), "more than 32"],
  ["a value too long", `a: ${"x".repeat(9_000)}`, "line 1 .* not a header"],
])("a header file with %s is refused", async (_, content, sentence) => {
  const headerFile = await file("bad-headers", content);
  expect(() => readCredentials({ headerFile, env: {} })).toThrow(new RegExp(sentence));
});

test("token and headers go with every frame", async () => {
  const { url, heard } = await edge();
  const headers = { "cf-access-client-id": "abc" };
  const { ports } = await gateway(url, { credentials: { token: SECRET, headers } });
  const kafka = await client(ports[0]);
  kafka.send("frame 01");
  await kafka.text();
  expect(heard[0]?.headers).toMatchObject({
    authorization: `Bearer ${SECRET}`,
    "cf-access-client-id": "abc",
  });
  expect(heard[0]?.headers).not.toHaveProperty("kedge-principal");
});

test("what opens a cluster is not sent over a network in clear text", async () => {
  await expect(gateway("http://kedge.example", { credentials: { token: SECRET } })).rejects.toThrow(
    "kedge.example in clear text: use https",
  );
  await expect(
    gateway("http://kedge.example", { credentials: { headers: { a: "b" } } }),
  ).rejects.toThrow("in clear text");
});

test.each(["kedge.example", "ftp://kedge.example", "https://u:p@kedge.example", "https://e/?a=b"])(
  "%s is no edge",
  async (url) => {
    await expect(gateway(url)).rejects.toThrow("is not the address of an edge");
  },
);

test("an edge may lie below a path", async () => {
  const { url, heard } = await edge((each, response) => {
    if (response.req.url?.startsWith("/mounted/kafka/v3/") === true) echo(each, response);
    else response.writeHead(404).end();
  });
  const { ports } = await gateway(`${url}/mounted/`);
  const kafka = await client(ports[0]);
  kafka.send("frame 01");
  expect(await kafka.text()).toBe("frame 01");
  expect(heard).toHaveLength(1);
});

test("a client certificate is shown, and an edge of an authority of one's own is believed", async () => {
  const authority = certificate({ subject: commonName("authority"), isAuthority: true });
  const server = certificate({ subject: commonName("localhost"), signedBy: authority });
  const own = certificate({ subject: commonName("gateway"), signedBy: authority });
  const seen: unknown[] = [];
  const tls = { cert: server.cert, key: server.key, ca: authority.cert };
  const { url } = await edge(
    (each, response) => {
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the edge of this test serves HTTPS alone
      const socket = response.req.socket as TLSSocket;
      seen.push(socket.authorized, socket.getPeerX509Certificate()?.subject);
      echo(each, response);
    },
    { tls },
  );
  const credentials = readCredentials({
    certificateFile: await file("own.pem", own.cert),
    keyFile: await file("own.key", own.key),
    caFile: await file("ca.pem", authority.cert),
    env: { KEDGE_TOKEN: SECRET },
  });
  const { ports } = await gateway(url, { credentials });
  const kafka = await client(ports[0]);
  kafka.send("frame 01");
  expect(await kafka.text()).toBe("frame 01");
  expect(seen).toEqual([true, "CN=gateway"]);
});

test("an edge whose certificate nobody vouches for gets nothing", async () => {
  const server = certificate({ subject: commonName("localhost") });
  const { url, heard } = await edge(echo, { tls: server });
  const { ports, lines } = await gateway(url, { credentials: { token: SECRET } });
  const kafka = await client(ports[0]);
  kafka.send("frame 01");
  expect(await kafka.text()).toBeUndefined();
  expect(heard).toEqual([]);
  expect(lines.join()).toContain("self-signed certificate");
});

test("a certificate without its key, and one with another's, are refused", async () => {
  const [one, other] = [commonName("one"), commonName("other")].map((subject) =>
    certificate({ subject }),
  );
  const certificateFile = await file("one.pem", one?.cert ?? "");
  const keyFile = await file("other.key", other?.key ?? "");
  expect(() => readCredentials({ certificateFile, env: {} })).toThrow("needs its key");
  expect(() => readCredentials({ certificateFile, keyFile, env: {} })).toThrow(
    "other.key cannot be used towards the edge",
  );
});

test("a principal is named beside the gateway's token alone, and cannot break out of its header", () => {
  const named = { by: "gateway", principal: "CN=a\r\nX: y,O=é 😀" } as const;
  expect(identityHeaders(named, "own")).toEqual({
    authorization: "Bearer own",
    "kedge-principal": "User:CN%3Da%0D%0AX%3A%20y%2CO%3D%C3%A9%20%F0%9F%98%80",
  });
  expect(identityHeaders(named, null)).toEqual({});
  expect(identityHeaders({ by: "token", token: "theirs" }, "own")).toEqual({
    authorization: "Bearer theirs",
  });
});
