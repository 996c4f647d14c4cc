/**
 * `/openapi.json`: the document of this interface. It is written by `scripts/openapi.ts` from the schemas by which the
 * routes judge, and holds no secret, so nobody is asked who they are. It lies among the deployment's files: in the
 * Worker it would be a quarter of what every isolate reads at its start.
 */
import { Hono } from "hono";
import type { Scope } from "../env.ts";
import { asset } from "./asset.ts";

export const openapi = new Hono<Scope>();

openapi.get("/openapi.json", (context) => asset(context, "/openapi.json"));
