/**
 * `/link`: the WebSocket that a gateway holds to one controller. Who asks is judged here, once; after that the socket
 * is between the gateway and the controller's object, and the Worker sees nothing of it.
 */
import { Hono } from "hono";
import { isGatewayId, linkHeader } from "../../durable-objects/link-opening.ts";
import { readRefusal } from "../../durable-objects/contract.ts";
import { SUBPROTOCOL } from "../../src/link/index.ts";
import { reachController } from "../channel/controller-calls.ts";
import type { Scope, ScopedContext } from "../env.ts";
import { Problem } from "../http/errors.ts";
import { nodeAt } from "./node-at.ts";

const TOO_MANY = 429;

export const link = new Hono<Scope>();

link.get("/", async (context) => {
  const { entry, nodeId } = await nodeAt(context, context.req.param("node_id") ?? "");
  const gatewayId = wishIn(context);
  const { claims, bearer } = context.var.asker;
  const response = await reachController(context.env, entry, {
    nodeId,
    route: "link",
    bearer,
    headers: { Upgrade: "websocket", ...linkHeader(gatewayId, claims) },
  });
  if (response.status === TOO_MANY)
    throw new Problem("TOO_MANY_REQUESTS", await readRefusal(response));
  return response;
});

/** The gateway's id, of a request that asks for a link in the one way that is known here. */
function wishIn({ req, header }: ScopedContext): string {
  if (req.header("Upgrade")?.toLowerCase() !== "websocket") {
    header("Upgrade", "websocket");
    throw new Problem("UPGRADE_REQUIRED", "a link is a WebSocket: ask with Upgrade: websocket");
  }
  const offered = (req.header("Sec-WebSocket-Protocol") ?? "")
    .split(",")
    .map((each) => each.trim());
  if (!offered.includes(SUBPROTOCOL))
    throw new Problem(
      "INVALID_REQUEST",
      `Sec-WebSocket-Protocol: must offer ${SUBPROTOCOL}, which is what is spoken here`,
    );
  const gatewayId = req.query("gateway_id") ?? "";
  if (!isGatewayId(gatewayId))
    throw new Problem(
      "INVALID_REQUEST",
      "gateway_id: must be 1 to 64 characters of A-Z a-z 0-9 _ -, drawn by each gateway for itself",
    );
  return gatewayId;
}
