/** `npm run build:gateway`: the gateway as one file, `dist/kedge-gateway.cjs`, or in the folder that is named. */
import { join, relative } from "node:path";
import { ROOT } from "../local/checkout.ts";
import { BUNDLE_NAME, bundleGateway } from "../local/gateway-bundle.ts";

const [folder = join(ROOT, "dist")] = process.argv.slice(2);
const file = join(folder, BUNDLE_NAME);
const bytes = await bundleGateway(file);
console.log(`${relative(process.cwd(), file)}: ${(bytes / 1024).toFixed(0)} KiB`);
