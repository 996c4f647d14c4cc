/** `npm run deploy` with a wrangler that notes how it was called: what is published, and what is refused before. */
import { execFile } from "node:child_process";
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const DEPLOY = join(import.meta.dirname, "..", "..", "scripts", "deploy.ts");

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "kedge-deploy-test-"));
  const wrangler = join(folder, "wrangler");
  await writeFile(
    wrangler,
    `#!/usr/bin/env node
const { appendFileSync, readFileSync } = require("node:fs");
const args = process.argv.slice(2);
appendFileSync(${JSON.stringify(join(folder, "calls"))}, JSON.stringify(args) + "\\n");
if (args[0] === "secret") {
  const { code, text } = JSON.parse(readFileSync(${JSON.stringify(join(folder, "secrets"))}, "utf8"));
  (code === 0 ? process.stdout : process.stderr).write(text);
  process.exitCode = code;
}
`,
  );
  await chmod(wrangler, 0o755);
});
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** Runs the command on an account that answers `wrangler secret list` so. */
async function deploy(list: { code: number; text: string }, ...args: readonly string[]) {
  await writeFile(join(folder, "secrets"), JSON.stringify(list));
  await rm(join(folder, "calls"), { force: true });
  const env = { ...process.env, PATH: `${folder}${delimiter}${process.env["PATH"] ?? ""}` };
  const ran = await new Promise<{ code: number; errors: string }>((settle) => {
    const child = execFile(process.execPath, [DEPLOY, ...args], { env }, (_error, _out, errors) =>
      settle({ code: child.exitCode ?? -1, errors }),
    );
  });
  const calls = await readFile(join(folder, "calls"), "utf8").catch(() => "");
  const made = calls.split("\n").filter((line) => line !== "");
  return { ...ran, deployed: made.filter((line) => line.startsWith('["deploy"')), made };
}

const SET = { code: 0, text: '[{"name":"KEDGE_KEY","type":"secret_text"}]' };
const UNSET = { code: 0, text: "[]" };
const NO_WORKER = { code: 1, text: "This Worker does not exist on your account. [code: 10007]" };

describe("npm run deploy", () => {
  test("publishes once the key is set", async () => {
    const { code, deployed } = await deploy(SET, "--domain", "kedge.example.com");
    expect(code).toBe(0);
    expect(deployed).toEqual(['["deploy","--env=","--domain","kedge.example.com"]']);
  });

  test("publishes nothing without the key, and says which command sets it", async () => {
    const { code, errors, deployed } = await deploy(UNSET);
    expect(code).toBe(1);
    expect(deployed).toEqual([]);
    expect(errors).toContain("KEDGE_KEY is not set for kedge");
    expect(errors).toContain("npx wrangler secret put KEDGE_KEY --env=");
  });

  test("asks for the key of the environment that it deploys to", async () => {
    const { errors, made } = await deploy(UNSET, "--env", "staging");
    expect(made).toEqual(['["secret","list","--format=json","--env=staging"]']);
    expect(errors).toContain("KEDGE_KEY is not set for kedge-staging");
    const { code, deployed } = await deploy(SET, "--env=staging");
    expect(code).toBe(0);
    expect(deployed).toEqual(['["deploy","--env=staging"]']);
  });

  test("tells a first deployment to bring the key in a file, and takes that", async () => {
    const { code, errors, deployed } = await deploy(NO_WORKER);
    expect(code).toBe(1);
    expect(deployed).toEqual([]);
    expect(errors).toContain("npm run deploy -- --env= --secrets-file FILE");
    const file = join(folder, "key");
    await writeFile(file, "OTHER=1\nKEDGE_KEY=abc\n");
    expect((await deploy(NO_WORKER, "--secrets-file", file)).deployed).toHaveLength(1);
    await writeFile(file, '{"KEDGE_KEY": "abc"}');
    expect((await deploy(NO_WORKER, "--secrets-file", file)).deployed).toHaveLength(1);
    await writeFile(file, "KEDGE_KEY=\nOTHER=1\n");
    expect((await deploy(NO_WORKER, "--secrets-file", file)).deployed).toEqual([]);
  });

  test("publishes nothing when it cannot find out, and hands on why", async () => {
    const { code, errors, deployed } = await deploy({ code: 1, text: "You are not logged in." });
    expect(code).toBe(1);
    expect(deployed).toEqual([]);
    expect(errors).toContain("You are not logged in.");
  });

  test("asks for no key in a dry run", async () => {
    const { code, made } = await deploy(UNSET, "--dry-run");
    expect(code).toBe(0);
    expect(made).toEqual(['["deploy","--env=","--dry-run"]']);
  });
});
