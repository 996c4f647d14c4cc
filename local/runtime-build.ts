/** Makes the Worker one file: `runtime-bundle.ts`, in a process of its own. */
import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { ROOT, RUNTIME_ENVIRONMENT } from "./checkout.ts";

/**
 * Writes the bundle, and what describes it, into `folder`; the process that does it exits afterwards. `config` is a path
 * from the checkout's root, the product's own unless said. Rejects with what the build tools complain of.
 */
export async function bundleRuntime(folder: string, config = "wrangler.toml"): Promise<void> {
  const script = join(ROOT, "local", "runtime-bundle.ts");
  try {
    await promisify(execFile)(process.execPath, [script, folder, config], {
      env: { ...process.env, ...RUNTIME_ENVIRONMENT },
    });
  } catch (error) {
    const output =
      error instanceof Error && "stderr" in error ? String(error.stderr) : String(error);
    throw new Error(`the Worker could not be bundled: ${output.trim()}`, { cause: error });
  }
}
