/**
 * `npm test`: every suite of two projects, in Node and in workerd; `npm run page-test`: those of the third, in Chromium.
 * The last line is the true total over all of them, `N passed, N failed`. A suite that could not be loaded or ran
 * nothing counts as one failure, so green means that everything ran. Arguments narrow the run as vitest's own do
 * (`npm test -- test/raft`).
 */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "./commands.ts";

/** What vitest's JSON reporter writes, as far as it is read here. */
interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

/** `page` needs a browser: it is run by name. */
const PROJECTS = ["--project", "core", "--project", "workers"];
const args = process.argv.slice(2);

const folder = await mkdtemp(join(tmpdir(), "kedge-test-"));
const file = join(folder, "report.json");
try {
  const status = await run("vitest", [
    "run",
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${file}`,
    ...(args.includes("--project") ? [] : PROJECTS),
    ...args,
  ]);
  const { passed, failed } = totals(await readReport());
  // Vitest also fails for what belongs to no test: an unhandled error, a threshold.
  const unowned = status !== 0 && failed === 0 ? 1 : 0;
  if (unowned > 0) console.log(`vitest ended with status ${status} although no test failed`);
  console.log(`${passed} passed, ${failed + unowned} failed`);
  process.exitCode = failed + unowned === 0 ? 0 : 1;
} finally {
  await rm(folder, { recursive: true });
}

async function readReport(): Promise<Report | undefined> {
  try {
    const report: Report = JSON.parse(await readFile(file, "utf8"));
    return report;
  } catch {
    return undefined;
  }
}

function totals(report: Report | undefined): { readonly passed: number; readonly failed: number } {
  if (report === undefined || report.testResults.length === 0) {
    console.log("no suite ran");
    return { passed: 0, failed: 1 };
  }
  const hollow = report.testResults.filter(
    ({ assertionResults }) =>
      !assertionResults.some(({ status }) => status === "passed" || status === "failed"),
  );
  for (const { name, status } of hollow) console.log(`${name}: ran no test (${status})`);
  return { passed: report.numPassedTests, failed: report.numFailedTests + hollow.length };
}
