/** `npm run token` as its users run it: a process, judged by what it prints and by what the token is good for. */
import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ROLE_NAMES, signingKey, verifyToken, type Claims } from "../../src/access/index.ts";

const SCRIPT = join(import.meta.dirname, "..", "..", "command", "main.ts");
const CLUSTER = "4L6g3nShT-eMCtK--X86sw";
const FILED = "the secret in the file, of some length";
const EXPORTED = "the secret in KEDGE_KEY, of some length";
const DAY_S = 86_400;

let folder: string;
let secretFile: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "kedge-token-test-"));
  secretFile = join(folder, "secret-of-mine");
  await writeFile(secretFile, `${FILED}\n`);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs it in a folder that holds no state. */
function run(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { PATH } = process.env;
  return spawnSync(process.execPath, [SCRIPT, "token", ...args], {
    cwd: folder,
    env: { PATH, ...env },
    encoding: "utf8",
  });
}

async function claimsIn(printed: string, secret: string): Promise<Claims> {
  expect(printed).toMatch(/^kedge\.\S+\n$/);
  const claims = await verifyToken([await signingKey(secret)], printed.trim(), Date.now());
  if (typeof claims === "string") throw new Error(claims);
  return claims;
}

describe("npm run token", () => {
  test("prints the token alone, and says beside it what it is", async () => {
    const args = ["--role", "broker", "--cluster", CLUSTER, "--broker-ids", "1,2"];
    const { stdout, stderr, status } = run([...args, "--principal", "rack 7"], {
      KEDGE_KEY: EXPORTED,
    });
    expect(status).toBe(0);
    const claims = await claimsIn(stdout, EXPORTED);
    expect(claims).toMatchObject({
      role: "broker",
      cluster: CLUSTER,
      brokerIds: [1, 2],
      principal: "rack 7",
    });
    expect(claims.expiresAt - claims.issuedAt).toBe(90 * DAY_S);
    expect(stderr).toBe(
      `token ${claims.id}: role "broker" for cluster ${CLUSTER}, speaks for broker 1, 2; ` +
        `User:rack 7; until ${new Date(1000 * claims.expiresAt).toISOString()}\n`,
    );
  });

  test("says what it is as JSON, too", async () => {
    const args = ["--role", "broker", "--cluster", CLUSTER, "--broker-ids", "1", "--json"];
    const { stdout, stderr } = run(args, { KEDGE_KEY: EXPORTED });
    expect(stderr).toBe("");
    const { token, ...made }: { readonly token: string } = JSON.parse(stdout);
    const claims = await claimsIn(`${token}\n`, EXPORTED);
    expect(made).toEqual({
      id: claims.id,
      role: "broker",
      cluster_id: CLUSTER,
      broker_ids: [1],
      principal: "User:broker-1",
      expires_at: new Date(1000 * claims.expiresAt).toISOString(),
    });
  });

  test.each([
    ["45s", 45],
    ["30m", 1_800],
    ["12h", 43_200],
    ["7d", 7 * DAY_S],
  ])("makes one that lasts %s", async (expiresIn, seconds) => {
    const { stdout } = run(["--role", "admin", "--expires-in", expiresIn], { KEDGE_KEY: EXPORTED });
    const { issuedAt, expiresAt, cluster } = await claimsIn(stdout, EXPORTED);
    expect(expiresAt - issuedAt).toBe(seconds);
    expect(cluster).toBe("*");
  });

  test("takes a file that is named before the environment, and that before npm start's", async () => {
    const named = run(["--role", "admin", "--secret-file", secretFile], { KEDGE_KEY: EXPORTED });
    expect(await claimsIn(named.stdout, FILED)).toMatchObject({ role: "admin" });
    const none = run(["--role", "admin"], { KEDGE_KEY: "" });
    expect(none.stdout).toBe("");
    expect(none.stderr).toBe(
      "kedge: no secret: .kedge/secret cannot be read (kedge up makes it); for a deployment put its KEDGE_KEY into the environment\n",
    );
  });

  test.each([
    [[], "kedge: --role must be given; --help has them all\n"],
    [["--role", "root"], "kedge: --role must be one of admin, operator, "],
    [["--role", "viewer"], 'kedge: --cluster: must be given for a token of role "viewer"\n'],
    [
      ["--role", "viewer", "--cluster", "x"],
      'kedge: --cluster: must be the id of a cluster, or "*"\n',
    ],
    [["--role", "broker", "--cluster", CLUSTER], 'kedge: --broker-ids: a token of role "broker" '],
    [["--role", "admin", "--broker-ids", "1"], "kedge: --broker-ids: "],
    [["--role", "broker", "--cluster", CLUSTER, "--broker-ids", "1,1"], "kedge: --broker-ids: no "],
    [["--role", "broker", "--broker-ids", "1,-2"], "kedge: --broker-ids must be numbers from 0"],
    [["--role", "broker", "--broker-ids", "2147483648"], "kedge: --broker-ids must be numbers "],
    [["--role", "admin", "--principal", "a\nb"], "kedge: --principal: must have no control "],
    [["--role", "admin", "--expires-in", "90"], "kedge: --expires-in must be a number with its "],
    [["--role", "admin", "--expires-in", "0d"], "kedge: --expires-in must be a number with its "],
    [["--role", "admin", "--expires-in", "3661d"], "of at most 3660d\n"],
    [["--role", "admin", "--secret-file", "absent"], "kedge: --secret-file: ENOENT: "],
    [["--role", "admin", "--key", "x"], "kedge: unknown option '--key'"],
  ])("refuses %j with a sentence", (args, sentence) => {
    const { stdout, stderr, status } = run(args, { KEDGE_KEY: EXPORTED });
    expect([stdout, status]).toEqual(["", 1]);
    expect(stderr).toContain(sentence);
    expect(stderr).not.toContain("    at ");
    expect(stderr).not.toContain(EXPORTED);
  });

  test("refuses a short secret without repeating it", () => {
    const { stdout, stderr, status } = run(["--role", "admin"], { KEDGE_KEY: "hunter2" });
    expect([stdout, status]).toEqual(["", 1]);
    expect(stderr).toBe("kedge: the secret has fewer than 32 characters\n");
  });

  test("tells of every role when it is asked for help", () => {
    const { stdout, status } = run(["--help"]);
    expect(status).toBe(0);
    for (const role of ROLE_NAMES) expect(stdout).toMatch(new RegExp(`^  ${role} +\\S`, "m"));
  });
});
