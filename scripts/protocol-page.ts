/**
 * `docs/PROTOCOL.md`, from the schemas themselves: which APIs and records there are, in which versions, and which of
 * the APIs a controller of this build answers. It writes the page; with `--print` it prints it instead, and a test
 * compares the two.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { SERVED_APIS } from "../durable-objects/listener/served-apis.ts";
import { apis, recordSchemas, type Api } from "../src/protocol/index.ts";
import { ROOT } from "../local/checkout.ts";

function protocolPage(): string {
  const served = new Set<string>(SERVED_APIS);
  const rows = Object.values<Api>(apis)
    .toSorted((left, right) => left.key - right.key)
    .map(
      ({ key, name, valid, flexible }) =>
        `| ${key} | ${name} | ${valid} | ${flexible} | ${served.has(name) ? "yes" : ""} |`,
    );
  const records = Object.values(recordSchemas)
    .toSorted((left, right) => left.key - right.key)
    .map(({ key, type, valid }) => `| ${key} | ${type} | ${valid} |`);
  return `# Protocol

Written by \`node scripts/protocol-page.ts\` from the schemas in \`src/protocol\`; a test fails when it is stale. What each
message is for, and which KIP gave it which version, stands at its schema.

## APIs

*Answered*: served and advertised by a controller of this build. The others can be read and written, but are neither.

| key | API | versions | flexible | answered |
| --- | --- | --- | --- | --- |
${rows.join("\n")}

## Metadata records

| key | record | versions |
| --- | --- | --- |
${records.join("\n")}
`;
}

if (process.argv.includes("--print")) process.stdout.write(protocolPage());
else await writeFile(join(ROOT, "docs", "PROTOCOL.md"), protocolPage());
