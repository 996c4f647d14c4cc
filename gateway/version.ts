/** Which kedge this gateway is of: what the bundle was built as, or what the checkout's package says. */
import { readFileSync } from "node:fs";

/** Put in by `npm run build:gateway`; a checkout has none. */
declare const KEDGE_VERSION: string | undefined;

export function version(): string {
  if (typeof KEDGE_VERSION === "string") return KEDGE_VERSION;
  const path = new URL("../package.json", import.meta.url);
  const found: { readonly version: string } = JSON.parse(readFileSync(path, "utf8"));
  return found.version;
}
