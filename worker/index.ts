/**
 * The Worker's front door: what the platform calls, and the classes of the objects that live behind it. The Worker
 * itself calls `ImmutableLog`, before which the platform's cache stands (`wrangler.toml`); nobody else can.
 */
import { WorkerEntrypoint } from "cloudflare:workers";
import type { Env } from "../durable-objects/env.ts";
import { app } from "./app.ts";
import type { KeepAlive, Tenant } from "./env.ts";
import { immutableLog } from "./immutable/immutable-log.ts";
import type { AcceptSocket } from "./socket-pair.ts";

export { ClusterDirectory } from "../durable-objects/cluster-directory.ts";
export { ControllerNode } from "../durable-objects/controller-node.ts";

/** What never changes of the log of one cluster, which the caller names in the props. */
export class ImmutableLog extends WorkerEntrypoint<Env, Tenant> {
  override fetch(request: Request): Response | Promise<Response> {
    const env = { ...this.env, TENANT: this.ctx.props, KEEP_ALIVE: keepAliveOf(this.ctx) };
    return immutableLog.fetch(request, env, this.ctx);
  }
}

const keepAliveOf =
  (context: ExecutionContext): KeepAlive =>
  (work) =>
    context.waitUntil(work);

const acceptSocket: AcceptSocket = (headers) => {
  const { 0: client, 1: socket } = new WebSocketPair();
  socket.accept();
  return { socket, response: new Response(null, { status: 101, webSocket: client, headers }) };
};

declare global {
  namespace Cloudflare {
    interface GlobalProps {
      mainModule: { ImmutableLog: typeof ImmutableLog; default: ExportedHandler<Env> };
    }
  }
}

export default {
  fetch: (request: Request, env: Env, context: ExecutionContext) =>
    app.fetch(
      request,
      {
        ...env,
        IMMUTABLE_LOG: context.exports.ImmutableLog,
        ACCEPT_SOCKET: acceptSocket,
        KEEP_ALIVE: keepAliveOf(context),
      },
      context,
    ),
} satisfies ExportedHandler<Env>;
