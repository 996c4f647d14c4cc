/**
 * `npm run build:page`: writes the files of the page into `dist/page`, which `wrangler.toml` names as the Worker's
 * assets. wrangler runs it by itself before it serves or deploys; `npm start` has its own copy beside its state.
 */
import { join } from "node:path";
import { ROOT } from "../local/checkout.ts";
import { writePage } from "../local/page-files.ts";

await writePage(join(ROOT, "dist", "page"));
