/**
 * Three projects. `core` runs in Node: the pure cores, the simulator, the wire, the gateway and whatever starts
 * a real workerd itself. `workers` runs inside workerd: what only a Durable Object can show. `page` drives a Chromium
 * that has to be installed, so `npm test` leaves it to `npm run page-test`.
 */
import { cloudflareTest } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { writePage } from "./local/page-files.ts";
import { SECRET } from "./test/durable-objects/secret.ts";

// The folder that wrangler.toml names has to be there.
await writePage("dist/page");

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "core",
          include: ["test/**/*.test.ts", "bench/**/*.test.ts"],
          exclude: ["test/durable-objects/**", "test/page/**"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: "page",
          include: ["test/page/**/*.test.ts"],
          testTimeout: 90_000,
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
