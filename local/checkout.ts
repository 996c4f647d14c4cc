/**
 * This checkout, or the package made of it, for code that starts processes: where it is, and the environment that keeps
 * Cloudflare's tools local and quiet.
 */
import { join } from "node:path";

/** Put in where the command is bundled: a checkout has none. */
declare const KEDGE_PACKAGED: boolean | undefined;

/** The root of the checkout, or of the package. */
export const ROOT = join(import.meta.dirname, "..");

/** A package brings its Worker bundled, since it has nothing to bundle it with; null in a checkout. */
export const PACKAGED_RUNTIME: string | null =
  typeof KEDGE_PACKAGED === "boolean" ? join(ROOT, "dist", "runtime") : null;

/** What keeps `workerd` from tracing every call between objects, and wrangler from asking the network for anything. */
export const RUNTIME_ENVIRONMENT: Readonly<Record<string, string>> = {
  X_LOCAL_OBSERVABILITY: "false",
  WRANGLER_SEND_METRICS: "false",
  CLOUDFLARE_CF_FETCH_ENABLED: "false",
};
