/** `/broker-configs`: what is set at run time for all brokers of a cluster. */
import { Hono } from "hono";
import type { Scope } from "../env.ts";
import { clusterOwner } from "./config-data.ts";
import { serveConfigs } from "./config-routes.ts";

export const clusterConfigs = new Hono<Scope>();

serveConfigs(clusterConfigs, "/broker-configs", { named: clusterOwner, present: clusterOwner });
