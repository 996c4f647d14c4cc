/**
 * `npm run gateway` as a process before an edge of this test: its options, what it says while the edge refuses it, and
 * SIGHUP, which reads files again under connections that stay.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readCommand } from "../../gateway/command-line.ts";
import { freePort } from "../../local/ports.ts";
import { certificate, commonName } from "./certificates.ts";
import { refusing, serving, type Answer } from "./edge.ts";
import { client, CLUSTER_ID, edge, tlsClient } from "./harness.ts";
import { Program } from "./program.ts";

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "kedge-gateway-"));
});

afterAll(() => rm(folder, { recursive: true }));

async function file(name: string, content: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

/** An edge that lists one controller, and answers frames as told. */
async function listing(port: number, answer: Answer = serving) {
  return await edge((heard, response) => {
    if (response.req.method !== "GET") answer(heard, response);
    else response.end(JSON.stringify({ data: [{ node_id: 3000, port }] }));
  });
}

const base = (url: string): string[] => [
  `--edge=${url}`,
  `--cluster=${CLUSTER_ID}`,
  "--http=127.0.0.1:0",
];

const read = (...args: string[]): unknown =>
  readCommand([...base("http://127.0.0.1:1"), ...args], {});

test("it observes, unless told not to or without links", () => {
  expect(read()).toMatchObject({ observe: { state: null, heartbeatBatchMs: 100 } });
  expect(read("--state", "file", "--heartbeat-batch-ms", "0")).toMatchObject({
    observe: { state: "file", heartbeatBatchMs: 0 },
  });
  expect(read("--observer", "off")).toMatchObject({ observe: null });
  expect(read("--transport", "http")).toMatchObject({ observe: null });
});

test("what it knows of the controllers may become an hour old unless it is told otherwise", () => {
  expect(read()).toMatchObject({ maxAgeMs: 3_600_000 });
  expect(read("--metadata-max-age-ms", "1000")).toMatchObject({ maxAgeMs: 1_000 });
});

test("a state of another cluster ends it before it listens", async () => {
  const state = await file("state", '{"cluster_id":"another","offset":1,"epoch":1}');
  const program = new Program([...base("http://127.0.0.1:1"), "--state", state]);
  expect(await program.exited).toBe(1);
  expect(program.lines[0]).toContain(`--state ${state} is of another cluster than ${CLUSTER_ID}`);
});

test("frames travel over links unless it is told otherwise", () => {
  expect(read()).toMatchObject({ transport: "link" });
  expect(read("--transport", "http")).toMatchObject({ transport: "http" });
});

test.each([
  [["--token", "secret"], "Unknown option '--token'"],
  [["--cluster"], "'--cluster <value>' argument missing"],
  [["--listen", "::1:9093"], "::1:9093 is not HOST:PORT"],
  [["--listen", "127.0.0.1:65536"], "127.0.0.1:65536 is not HOST:PORT"],
  [["--security-protocol", "TLS"], "PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL"],
  [["--security-protocol", "SSL"], "SSL needs --ssl-certificate and --ssl-key"],
  [["--ssl-key", "a"], "--ssl-key means nothing to PLAINTEXT"],
  [["--token-file", "/nowhere/token"], "/nowhere/token cannot be read (ENOENT)"],
  [["--transport", "tcp"], "--transport is link or http"],
  [["--cluster", "orders"], "--cluster is an id of 22 characters"],
  [["--log-level", "loud"], "--log-level is debug, info, warn or error"],
  [["--log-format", "xml"], "--log-format is text or json"],
  [["--heartbeat-batch-ms", "x"], "--heartbeat-batch-ms is a whole number from 0 to 1000"],
  [["--heartbeat-batch-ms", ""], "--heartbeat-batch-ms is a whole number from 0 to 1000"],
  [["--metadata-max-age-ms", "999"], "is a whole number from 1000 to 86400000"],
  [["--metadata-max-age-ms", "1e9"], "is a whole number from 1000 to 86400000"],
  [["--heartbeat-batch-ms", "1001"], "--heartbeat-batch-ms is a whole number from 0 to 1000"],
  [
    ["--observer", "off", "--state", "file"],
    "--state and --heartbeat-batch-ms are for a gateway that observes",
  ],
  [
    ["--transport", "http", "--heartbeat-batch-ms", "0"],
    "--state and --heartbeat-batch-ms are for a gateway that observes",
  ],
])("%j is refused with a sentence", (args, sentence) => {
  expect(() => readCommand([...base("http://127.0.0.1:1"), ...args], {})).toThrow(sentence);
});

test.each([
  [["--ssl-certificate", "/nowhere/a"], "/nowhere/a, KEY cannot be used: ENOENT"],
  [["--ssl-client-auth", "required"], "go together"],
  [["--ssl-client-ca", "CERT"], "go together"],
  [["--ssl-client-auth", "always", "--ssl-client-ca", "CERT"], "none, requested or required"],
  [["--ssl-principal-mapping-rules", "DEFAULT"], "needs --ssl-client-auth"],
  [["--ssl-client-auth", "required", "--ssl-client-ca", "KEY"], "cannot be used"],
  [["--ssl-key", "CERT"], "cannot be used"],
  [["--ssl-key", "OTHER"], "cannot be used"],
])("a TLS listener with %j is refused", async (args, sentence) => {
  const own = certificate({ subject: commonName("localhost") });
  const files: Readonly<Record<string, string>> = {
    CERT: await file("own.pem", own.cert),
    KEY: await file("own.key", own.key),
    OTHER: await file("other.key", certificate({ subject: commonName("other") }).key),
  };
  const given = ["--ssl-certificate", "CERT", "--ssl-key", "KEY", ...args];
  const command = [
    ...base("http://127.0.0.1:1"),
    "--security-protocol=SSL",
    ...given.map((arg) => files[arg] ?? arg),
  ];
  expect(() => readCommand(command, {})).toThrow(sentence.replace("KEY", files["KEY"] ?? ""));
});

test.each([
  [["--token", "secret"], "Unknown option '--token'"],
  [["--edge", "nonsense"], "nonsense is not the address of an edge"],
  [["--edge", "http://kedge.example"], "in clear text: use https"],
])("started with %j it ends with a sentence, and no secret", async (args, sentence) => {
  const env = { KEDGE_TOKEN: "secret" };
  const program = new Program([...base("http://127.0.0.1:1"), ...args], { env });
  expect(await program.exited).toBe(1);
  expect(program.lines[0]).toMatch(/^\S+Z ERROR /);
  expect(program.lines[0]).toContain(sentence);
  expect(program.lines.join("\n")).not.toContain("secret");
});

test("--help is an answer, and no mistake", async () => {
  const program = new Program(["--help"]);
  expect(await program.exited).toBe(0);
  expect(program.lines.join("\n")).toContain("--security-protocol");
});

test("while the edge wants a token it waits, says so once and on /readyz, and goes on after SIGHUP", async () => {
  const port = await freePort();
  const started = await edge((heard, response) => {
    if (heard.headers.authorization !== "Bearer right") refusing(401)(heard, response);
    else if (response.req.method !== "GET") serving(heard, response);
    else response.end(JSON.stringify({ data: [{ node_id: 3000, port }] }));
  });
  const tokenFile = await file("late-token", "wrong");
  const program = new Program([...base(started.url), "--token-file", tokenFile]);
  const page = await program.pages();
  const sentence = "this gateway's token is not accepted";
  await program.says(sentence);
  const unready = await fetch(`${page}/readyz`);
  expect(unready.status).toBe(503);
  expect(await unready.text()).toContain(sentence);
  // It has tried again by then.
  await new Promise((settle) => setTimeout(settle, 1_300));
  await writeFile(tokenFile, "right");
  await program.hangUp();
  await program.says("are reached at");
  expect((await fetch(`${page}/readyz`)).status).toBe(200);
  expect(program.lines.filter((line) => line.includes(sentence))).toHaveLength(1);
  const kafka = await client(port);
  kafka.send("frame 01");
  expect(await kafka.text()).toBe("frame 01");
});

test("an edge that knows no such cluster ends it at once", async () => {
  const { url } = await edge(refusing(404));
  const program = new Program(base(url));
  expect(await program.exited).toBe(1);
  expect(program.lines.join("\n")).toContain("the edge answered 404");
});

test("what is no edge is called so", async () => {
  const { url } = await edge((_, response) => void response.end("<h1>Welcome</h1>"));
  const program = new Program(base(url));
  expect(await program.exited).toBe(1);
  expect(program.lines.join("\n")).toContain("is not a kedge edge");
});

test("SASL_PLAINTEXT on an address of the network is refused at start", async () => {
  const { url } = await listing(9093);
  const args = ["--security-protocol", "SASL_PLAINTEXT", "--listen", "0.0.0.0:0"];
  const program = new Program([...base(url), ...args]);
  expect(await program.exited).toBe(1);
  expect(program.lines.join("\n")).toContain("use SASL_SSL there");
});

test("PLAINTEXT on an address of the network is warned of", async () => {
  const { url } = await listing(await freePort());
  const program = new Program([...base(url), "--listen", `0.0.0.0:${await freePort()}`]);
  await program.says("whoever reaches it acts in this gateway's name");
});

test("SIGHUP renews certificates and token; what cannot be read stays, and connections do", async () => {
  const port = await freePort();
  const started = await listing(port);
  const first = certificate({ subject: commonName("localhost") });
  const second = certificate({ subject: commonName("localhost") });
  const [certFile, keyFile] = [await file("s.pem", first.cert), await file("s.key", first.key)];
  const tokenFile = await file("token", "first");
  const program = new Program([
    ...base(started.url),
    "--security-protocol=SSL",
    `--ssl-certificate=${certFile}`,
    `--ssl-key=${keyFile}`,
    `--token-file=${tokenFile}`,
  ]);
  await program.says("(SSL)");
  const lasting = await tlsClient(port, { ca: first.cert });

  await writeFile(certFile, second.cert);
  await writeFile(tokenFile, "two words");
  const from = await program.hangUp();
  expect(await program.says("the listener's certificates", from)).toContain("as before, since");
  expect(await program.says("what the edge is shown", from)).toContain("as before, since");
  await tlsClient(port, { ca: first.cert });

  await writeFile(keyFile, second.key);
  await writeFile(tokenFile, "second");
  await program.hangUp();
  await tlsClient(port, { ca: second.cert });
  lasting.send("frame 01");
  expect(await lasting.text()).toBe("frame 01");
  const frames = started.heard.filter(({ nodeId }) => nodeId === 3000);
  expect(frames.at(-1)?.headers.authorization).toBe("Bearer second");
});

test("it is told by variables, names those of others, and tells nobody what they hold", async () => {
  const port = await freePort();
  const { url } = await listing(port);
  const env = {
    KEDGE_EDGE: url,
    KEDGE_CLUSTER: CLUSTER_ID,
    KEDGE_HTTP: "127.0.0.1:0",
    KEDGE_LOG_LEVEL: "debug",
    KEDGE_PASSWORD: "of another",
  };
  const program = new Program([], { env });
  expect(await program.says("KEDGE_PASSWORD")).toContain(" WARN  KEDGE_PASSWORD is no option");
  await program.says("are reached at");
  const kafka = await client(port);
  expect(await program.says("connected")).toMatch(/ DEBUG controller 3000, 127\.0\.0\.1:\d+: conn/);
  kafka.close();
  await program.says("gone");
  expect(program.lines.join("\n")).not.toContain("of another");
});
