/**
 * Apache Kafka as it is published: the jars of one version from Maven Central, resolved once into this user's cache.
 * Nothing is built and nothing is patched.
 */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/** One release, ready to be run with `java -cp <lib>/*`. */
export interface Kafka {
  readonly version: string;
  readonly lib: string;
}

const RESOLVE_MS = 300_000;

/** Java, Maven or Maven Central is not available here. */
export class UnavailableError extends Error {
  override readonly name = "UnavailableError";
}

/** The release from the cache, or from Maven Central. Rejects with `UnavailableError`. */
export async function kafkaRelease(version: string): Promise<Kafka> {
  await assertRuns("java", ["-version"]);
  const cache = join(process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"), "kedge");
  const home = join(cache, `kafka-${version}`);
  const lib = join(home, "lib");
  const cached = await readdir(lib).catch(() => []);
  if (cached.some((name) => name.startsWith("kafka_2.13"))) return { version, lib };
  await assertRuns("mvn", ["-v"]);
  await mkdir(home, { recursive: true });
  const work = await mkdtemp(join(tmpdir(), "kedge-maven-"));
  try {
    await writeFile(join(work, "pom.xml"), pom(version));
    // Into a folder beside the real one, so that a cache is whole or absent.
    const partial = join(home, `lib-${process.pid}`);
    await execute(
      "mvn",
      ["-q", "-B", "dependency:copy-dependencies", `-DoutputDirectory=${partial}`],
      work,
    );
    await rm(lib, { recursive: true, force: true });
    await rename(partial, lib);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return { version, lib };
}

async function assertRuns(command: string, args: readonly string[]): Promise<void> {
  await execute(command, args, tmpdir());
}

async function execute(command: string, args: readonly string[], cwd: string): Promise<void> {
  try {
    await promisify(execFile)(command, [...args], { cwd, timeout: RESOLVE_MS });
  } catch (error) {
    const stdout = error instanceof Error && "stdout" in error ? String(error.stdout) : "";
    throw new UnavailableError(
      `${command} ${args[0] ?? ""} failed: ${String(error)}\n${stdout.slice(-2_000)}`,
      {
        cause: error,
      },
    );
  }
}

/** Releases whose `kafka-metadata-shell` Maven Central does not have. */
const WITHOUT_SHELL: ReadonlySet<string> = new Set(["4.4.0"]);

/** Kafka needs a backend for its log: without one a broker that fails says nothing at all. */
function pom(version: string): string {
  const wanted = [
    ["org.apache.kafka", "kafka_2.13", version],
    ["org.apache.kafka", "kafka-tools", version],
    ...(WITHOUT_SHELL.has(version) ? [] : [["org.apache.kafka", "kafka-shell", version]]),
    ["org.apache.logging.log4j", "log4j-slf4j-impl", "2.25.4"],
  ].map(
    ([group, artifact, of]) =>
      `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${of}</version></dependency>`,
  );
  return `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>kedge</groupId><artifactId>interop</artifactId><version>1</version>
<dependencies>${wanted.join("\n")}</dependencies></project>`;
}
