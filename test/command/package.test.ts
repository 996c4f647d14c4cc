/** What `npm pack` makes, unpacked where nothing of a checkout is: it starts a quorum on every Node of this machine. */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ROOT } from "../../local/checkout.ts";
import { NODES } from "../installed-nodes.ts";

const run = promisify(execFile);
const PACKED_MS = 120_000;

let folder: string;
let program: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "kedge-package-test-"));
  const { stdout } = await run("npm", ["pack", "--pack-destination", folder, "--silent"], {
    cwd: ROOT,
  });
  const modules = join(folder, "node_modules");
  await mkdir(join(modules, "kedge"), { recursive: true });
  const tarball = join(folder, stdout.trim().split("\n").at(-1) ?? "");
  await run("tar", ["-xzf", tarball, "-C", join(modules, "kedge"), "--strip-components=1"]);
  // The one package that it needs, and the binary for this system.
  for (const name of ["workerd", "@cloudflare"])
    await symlink(join(ROOT, "node_modules", name), join(modules, name));
  const manifest = await readFile(join(modules, "kedge", "package.json"), "utf8");
  const { bin }: { readonly bin: { readonly kedge: string } } = JSON.parse(manifest);
  program = join(modules, "kedge", bin.kedge);
}, PACKED_MS);
afterAll(() => rm(folder, { recursive: true, force: true }));

describe.each(NODES)("on Node %s", (version, node) => {
  test("it says its version and its commands", async () => {
    const { stdout: said } = await run(node, [program, "--version"]);
    expect(said).toBe("0.1.0\n");
    const { stdout: help } = await run(node, [program, "--help"]);
    for (const word of ["up", "topics", "doctor", "completion"])
      expect(help).toMatch(new RegExp(`^  ${word} `, "m"));
  });

  test("it brings up a quorum, which answers", async () => {
    const state = join(folder, `state-${version}`);
    const args = [
      "up",
      "--port",
      "0",
      "--no-gateway",
      "--voters",
      "1",
      "--persist-to",
      state,
      "--json",
    ];
    const child = spawn(node, [program, ...args], {
      cwd: folder,
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      const [line]: readonly unknown[] = await once(
        createInterface({ input: child.stdout }),
        "line",
      );
      const ready: { readonly edge: string; readonly token_file: string } = JSON.parse(
        String(line),
      );
      const asking = ["--edge", ready.edge, "--token-file", ready.token_file];
      const { stdout } = await run(node, [program, "quorum", ...asking], { cwd: folder });
      expect(stdout).toMatch(/^controller 3000 leads in epoch /);
    } finally {
      child.kill("SIGTERM");
      await once(child, "exit");
    }
  }, 60_000);
});
