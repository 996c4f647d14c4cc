/**
 * This checkout, for code that starts processes in it: where it is, and the environment that keeps Cloudflare's tools
 * local and quiet.
 */
import { join } from "node:path";

/** The root of the checkout. */
export const ROOT = join(import.meta.dirname, "..");

/** What keeps `workerd` from tracing every call between objects, and wrangler from asking the network for anything. */
export const RUNTIME_ENVIRONMENT: Readonly<Record<string, string>> = {
  X_LOCAL_OBSERVABILITY: "false",
  WRANGLER_SEND_METRICS: "false",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
};
