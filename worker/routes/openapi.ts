/**
 * `/openapi.json`: the document of this interface. It is written by `scripts/openapi.ts` from the schemas by which the
 * routes judge, and holds no secret, so nobody is asked who they are.
 */
import { Hono } from "hono";
import type { Scope } from "../env.ts";

export const openapi = new Hono<Scope>();

openapi.get("/openapi.json", async (context) => {
  // Loaded by whom it is asked of: no other isolate reads through it at its start.
  const { default: document } = await import("../openapi.json", { with: { type: "json" } });
  return context.json(document);
});
