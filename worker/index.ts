/**
 * The Worker's front door: what the platform calls, and the classes of the objects that live behind it.
 */
import type { Env } from "../durable-objects/env.ts";
import { app } from "./app.ts";

export { ClusterDirectory } from "../durable-objects/cluster-directory.ts";
export { ControllerNode } from "../durable-objects/controller-node.ts";

export default { fetch: app.fetch } satisfies ExportedHandler<Env>;
