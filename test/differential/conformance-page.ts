/**
 * `docs/CONFORMANCE.md`, from the ledger itself. It writes the page; with `--print` it prints it instead, and a test
 * compares the two.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ROOT } from "../../local/checkout.ts";
import { metadataVersionName } from "../../src/metadata/index.ts";
import { ALL_LEVELS } from "./formations.ts";
import { KNOWN } from "./known.ts";
import { KNOWN_ELSEWHERE } from "./known/elsewhere.ts";

const WIDTH = 120;

/** Text in lines that fit, those after the first indented. */
function wrapped(text: string, indent: string): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const room = WIDTH - (lines.length === 0 ? 0 : indent.length);
    if (line !== "" && line.length + 1 + word.length > room) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line].join(`\n${indent}`);
}

const item = (name: string, text: string): string => wrapped(`- _${name}_: ${text}`, "  ");

function conformancePage(): string {
  const shown = KNOWN.map(({ title, apis, kafka, here, why, issue, releases }) =>
    [
      `### ${title}`,
      "",
      item("asked", apis.join(", ")),
      item("Kafka", kafka),
      item("here", here),
      item("why", why),
      ...(releases === undefined ? [] : [item("releases", releases.join(", "))]),
      ...(issue === undefined ? [] : [item("issue", issue)]),
      "",
    ].join("\n"),
  );
  const elsewhere = KNOWN_ELSEWHERE.map(({ title, kafka, here, why, issue, test }) =>
    [
      `### ${title}`,
      "",
      item("Kafka", kafka),
      item("here", here),
      item("why", why),
      ...(issue === undefined ? [] : [item("issue", issue)]),
      item("held by", `\`${test}\``),
      "",
    ].join("\n"),
  );
  const levels = ALL_LEVELS.map((level) => `${level} (${metadataVersionName(level)})`).join(", ");
  return `# Conformance

${wrapped(
  "Written by `node test/differential/conformance-page.ts` from the ledger that `npm run differential` goes by; a test fails when it is stale.",
  "",
)}

${wrapped(
  `A controller of Apache Kafka 4.0.2, 4.1.2 and 4.3.1 and this one are put the same requests, at metadata.version ${levels}, as far as the release knows it. Their responses must be the same word for word, but for the order of lists that Kafka leaves to hash tables, and so must be what then is, and which records in which versions were written. A difference that is not on this page fails the run; so does one that is on it and no longer occurs.`,
  "",
)}

## Differences that are shown by each run

${shown.join("\n")}
## Differences that are not put to both

${elsewhere.join("\n")}`;
}

const page = `${conformancePage().trimEnd()}\n`;
if (process.argv.includes("--print")) process.stdout.write(page);
else await writeFile(join(ROOT, "docs", "CONFORMANCE.md"), page);
