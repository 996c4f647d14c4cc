/**
 * Kafka's own demonstration of Kafka Streams, as Maven Central has it. It brings RocksDB, which is larger than all of
 * Kafka, so it is kept apart from the jars of a release and is fetched only when a step asks for it.
 */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { Kafka } from "../../local/kafka-release.ts";
import { SkippedError } from "./table.ts";

const RESOLVE_MS = 300_000;

/**
 * The same release with the jars of the demonstration alone. Rejects with `SkippedError` when they are not available.
 */
export async function streamsJars(kafka: Kafka): Promise<Kafka> {
  const home = dirname(kafka.lib);
  const lib = join(home, "streams");
  if (existsSync(lib)) return { version: kafka.version, lib };
  const work = await mkdtemp(join(home, "streams.half-"));
  try {
    await writeFile(join(work, "pom.xml"), pom(kafka.version));
    const args = ["-q", "-B", "dependency:copy-dependencies", "-DoutputDirectory=lib"];
    await promisify(execFile)("mvn", args, { cwd: work, timeout: RESOLVE_MS });
    // Only what is whole gets the name that is looked for.
    await rename(join(work, "lib"), lib);
  } catch (error) {
    throw new SkippedError(`kafka-streams-examples is not available here: ${String(error)}`, {
      cause: error,
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return { version: kafka.version, lib };
}

function pom(version: string): string {
  const dependencies = [
    ["org.apache.kafka", "kafka-streams-examples", version],
    ["org.apache.logging.log4j", "log4j-slf4j-impl", "2.25.4"],
  ].map(
    ([group, artifact, of]) =>
      `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${of}</version></dependency>`,
  );
  return `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>kedge</groupId><artifactId>interop-streams</artifactId><version>1</version>
<dependencies>${dependencies.join("\n")}</dependencies></project>`;
}
