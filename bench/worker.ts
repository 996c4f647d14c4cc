/**
 * The product's Worker, controllers that can be given a long log or told to hang, and two objects that load controllers
 * and the ceiling from inside the runtime.
 */
import { takeBill } from "./billed-node.ts";
import type { CeilingNode } from "./ceiling-node.ts";
import { counted, takeCalls } from "./counted-calls.ts";
import type { LoadNode } from "./load-node.ts";
import { findCluster } from "../worker/clusters/known-clusters.ts";
import worker from "../worker/index.ts";
import { logSource } from "../worker/observer/log-source.ts";
import { observeWith } from "../worker/observer/observed-image.ts";

export { ClusterDirectory } from "../worker/index.ts";
export { CeilingNode } from "./ceiling-node.ts";
export { BilledNode as ControllerNode } from "./billed-node.ts";
export { LoadNode } from "./load-node.ts";

interface BenchEnv extends Cloudflare.Env {
  readonly CEILING: DurableObjectNamespace<CeilingNode>;
  readonly LOAD: DurableObjectNamespace<LoadNode>;
}

// oxlint-disable-next-line import/no-default-export -- the platform calls the default export
export default {
  async fetch(request: Request, env: BenchEnv, context: ExecutionContext): Promise<Response> {
    const url = new URL(request.url);
    if (!url.pathname.startsWith("/bench/")) return worker.fetch(request, counted(env), context);
    if (url.pathname === "/bench/bill") return Response.json(takeBill());
    if (url.pathname === "/bench/calls") return new Response(String(takeCalls()));
    if (url.pathname === "/bench/node") {
      const node = env.CONTROLLERS.getByName(url.searchParams.get("name") ?? "");
      const path = url.searchParams.get("path") ?? "";
      return node.fetch(`https://controller${path}`, { method: request.method });
    }
    if (url.pathname === "/bench/read-log") {
      return Response.json(await readLog(env, url.searchParams.get("cluster") ?? ""));
    }
    const shape = {
      writers: Number(url.searchParams.get("writers")),
      ms: Number(url.searchParams.get("ms")),
    };
    if (url.pathname === "/bench/ceiling") {
      return Response.json(await env.CEILING.getByName("0").lead(shape));
    }
    const frame = new Uint8Array(await request.arrayBuffer());
    const controller = url.pathname === "/bench/load" ? url.searchParams.get("controller") : null;
    return Response.json(await env.LOAD.getByName("0").run({ ...shape, controller, frame }));
  },
};

/** Has an image loaded as an isolate does that finds no snapshot: from the log alone, from its first record on. */
async function readLog(env: BenchEnv, clusterId: string): Promise<object> {
  const source = logSource(env, await findCluster(env, clusterId));
  const offers = async () => ({ ...(await source.offers()), snapshots: [] });
  const { position } = await observeWith(`log of ${clusterId}`, {}, { ...source, offers });
  return position;
}
