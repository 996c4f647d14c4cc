/**
 * Two projects. `core` runs in Node: the pure cores, the simulator, the wire, the gateway and whatever starts
 * a real workerd itself. `workers` runs inside workerd: what only a Durable Object can show.
 */
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { SECRET } from "./test/durable-objects/secret.ts";

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "core",
          include: ["test/**/*.test.ts", "bench/**/*.test.ts"],
          exclude: ["test/durable-objects/**"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        plugins: [
          cloudflareTest({
            wrangler: { configPath: "./wrangler.toml" },
            miniflare: { bindings: { KEDGE_KEY: SECRET } },
          }),
        ],
        test: {
          name: "workers",
          include: ["test/durable-objects/**/*.test.ts"],
          testTimeout: 60_000,
          // An aborted object rejects one promise that nobody holds, even where the test expects the abort
          // (workers-sdk#14736).
          onUnhandledError(error) {
            return !("durableObjectReset" in error && error.durableObjectReset === true);
          },
        },
      },
    ],
  },
});
