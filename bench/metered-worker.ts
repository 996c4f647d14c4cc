/** The product's Worker over controllers with a meter around each, and a count of its own requests. */
import worker from "../worker/index.ts";

export { ClusterDirectory } from "../worker/index.ts";
export { MeteredNode as ControllerNode } from "./metered-node.ts";

let requests = 0;

// oxlint-disable-next-line import/no-default-export -- the platform calls the default export
export default {
  async fetch(request: Request, env: Cloudflare.Env, context: ExecutionContext): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    switch (pathname) {
      case "/bench/requests":
        return Response.json(requests);
      case "/bench/node": {
        const node = env.CONTROLLERS.getByName(searchParams.get("name") ?? "");
        const path = searchParams.get("path") ?? "";
        return await node.fetch(`https://controller${path}`, { method: request.method });
      }
      default:
        requests += 1;
        return await worker.fetch(request, env, context);
    }
  },
};
