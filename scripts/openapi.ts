/**
 * `npm run openapi`: `worker/openapi.json`, the document of the interface, from the schemas that judge bodies, the
 * tables of routes and parameters, and Kafka's messages. It writes the document; with `--print` it prints it instead,
 * and a test compares the two.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ROOT } from "../local/checkout.ts";
import { openApiDocument } from "./openapi/document.ts";

const text = `${JSON.stringify(openApiDocument(), null, 1)}\n`;
if (process.argv.includes("--print")) process.stdout.write(text);
else await writeFile(join(ROOT, "worker", "openapi.json"), text);
