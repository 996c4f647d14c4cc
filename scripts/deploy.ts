/**
 * `npm run deploy`: deploys the Worker to Cloudflare with the credentials that wrangler finds. The top-level
 * environment is named on purpose: without a name wrangler warns as soon as another one exists. Further arguments
 * go to wrangler (`npm run deploy -- --dry-run`).
 */
import { run } from "./commands.ts";

process.exitCode = await run("wrangler", ["deploy", "--env=", ...process.argv.slice(2)]);
