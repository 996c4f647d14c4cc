/**
 * `docs/PROTOCOL.md`, from the schemas themselves: which APIs and records there are, in which versions, and which of
 * the APIs a controller of this build answers. It writes the page; with `--print` it prints it instead, and a test
 * compares the two.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { SERVED_APIS } from "../durable-objects/listener/served-apis.ts";
import {
  BOUNDED_BATCH_BYTES,
  BOUNDED_BATCH_RECORDS,
  RECORDS_PER_OPERATION_MAX,
} from "../src/metadata/index.ts";
import {
  BATCH_BYTES_MAX,
  apis,
  recordSchemas,
  type Api,
  type ApiTraits,
} from "../src/protocol/index.ts";
import { ROOT } from "../local/checkout.ts";

/** What each trait means to somebody who reads the page. */
const TRAITS: Readonly<Record<keyof ApiTraits, string>> = {
  forwardable:
    "a broker may forward it in an Envelope, in the name of the client that sent it (KIP-590)",
  clusterAction:
    "only a node of the cluster may ask it: with an authorizer it needs CLUSTER_ACTION on the cluster",
  repeatable: "it may be executed twice, so a call without an answer is sent to another controller",
  framesOnly: "it is spoken in frames alone, and is not at `/rpc`",
  unadvertised: "it is ours and none of Kafka's, so ApiVersions does not name it",
};

const KIB = 1_024;
const MIB = KIB * KIB;
const inWords = (count: number): string => count.toLocaleString("en");

const isTrait = (name: string): name is keyof ApiTraits => Object.hasOwn(TRAITS, name);

const traitsOf = (api: Api): string =>
  Object.keys(TRAITS)
    .filter(isTrait)
    .filter((trait) => api[trait])
    .join(", ");

function protocolPage(): string {
  const served = new Set<string>(SERVED_APIS);
  const rows = Object.values<Api>(apis)
    .toSorted((left, right) => left.key - right.key)
    .map((api) => {
      const { key, name, valid, flexible } = api;
      const isServed = served.has(name) ? "yes" : "";
      return `| ${key} | ${name} | ${valid} | ${flexible} | ${isServed} | ${traitsOf(api)} |`;
    });
  const traits = Object.entries(TRAITS).map(([trait, meaning]) => `- *${trait}*: ${meaning}.`);
  const records = Object.values(recordSchemas)
    .toSorted((left, right) => left.key - right.key)
    .map(({ key, type, valid }) => `| ${key} | ${type} | ${valid} |`);
  return `# Protocol

Written by \`node scripts/protocol-page.ts\` from the schemas in \`src/protocol\`; a test fails when it is stale. What each
message is for, which KIP gave it which version, and how a refusal of it looks, stands at its schema.

## APIs

*Answered*: served by a controller of this build, and advertised unless a trait says otherwise. The others can be read
and written, but are neither.

Traits are facts about an API, whether or not it is answered here:

${traits.join("\n")}

| key | API | versions | flexible | answered | traits |
| --- | --- | --- | --- | --- | --- |
${rows.join("\n")}

## Metadata records

| key | record | versions |
| --- | --- | --- |
${records.join("\n")}

## Limits

- What one request asks for is one batch, of at most ${inWords(RECORDS_PER_OPERATION_MAX)} records and ${BATCH_BYTES_MAX / MIB} MiB. More is refused with POLICY_VIOLATION,
  and nothing is written.
- What brokers cause (a fencing, a shutdown, a failed directory, a sweep) has no limit: it is written in as many batches
  as it takes, each of at most ${inWords(BOUNDED_BATCH_RECORDS)} records and ${BOUNDED_BATCH_BYTES / KIB} KiB. AlterPartition and AssignReplicasToDirs answer
  REQUEST_TIMED_OUT for a partition that found no room, and brokers ask for it again.
- The first batch of a Fetch comes whole, however many bytes are asked for (KIP-74).
`;
}

if (process.argv.includes("--print")) process.stdout.write(protocolPage());
else await writeFile(join(ROOT, "docs", "PROTOCOL.md"), protocolPage());
