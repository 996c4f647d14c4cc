/**
 * The product's Worker over controllers that can call each other in several ways, with two objects that exchange frames
 * in the same ways and one that loads a controller from inside the runtime.
 */
import type { ExchangeShape } from "./carrying.ts";
import type { ExchangeNode } from "./exchange-node.ts";
import type { LoadNode } from "./load-node.ts";
import worker from "../worker/index.ts";

export { ClusterDirectory } from "../worker/index.ts";
export { CarriedNode as ControllerNode } from "./carried-node.ts";
export { ExchangeNode } from "./exchange-node.ts";
export { LoadNode } from "./load-node.ts";

interface BenchEnv extends Cloudflare.Env {
  readonly EXCHANGE: DurableObjectNamespace<ExchangeNode>;
  readonly LOAD: DurableObjectNamespace<LoadNode>;
}

// oxlint-disable-next-line import/no-default-export -- the platform calls the default export
export default {
  async fetch(request: Request, env: BenchEnv, context: ExecutionContext): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    switch (pathname) {
      case "/bench/node": {
        const node = env.CONTROLLERS.getByName(searchParams.get("name") ?? "");
        const path = searchParams.get("path") ?? "";
        return await node.fetch(`https://controller${path}`, { method: request.method });
      }
      case "/bench/load": {
        const frame = new Uint8Array(await request.arrayBuffer());
        const controller = searchParams.get("controller");
        const writers = Number(searchParams.get("writers"));
        const ms = Number(searchParams.get("ms"));
        return Response.json(await env.LOAD.getByName("0").run({ writers, ms, controller, frame }));
      }
      case "/bench/exchange":
      case "/bench/wake": {
        const asks = env.EXCHANGE.getByName("asks");
        const shape = await request.json<ExchangeShape>();
        return Response.json(
          await (pathname === "/bench/wake" ? asks.wake(shape) : asks.drive(shape)),
        );
      }
      default:
        return await worker.fetch(request, env, context);
    }
  },
};
