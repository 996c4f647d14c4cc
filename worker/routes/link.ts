/**
 * `/link` and `/relay`: the WebSockets that a gateway holds to one controller. Who asks is judged here, once; after
 * that the socket is between the gateway and the controller's object, and the Worker sees nothing of it.
 */
import { Hono } from "hono";
import { isGatewayId, linkHeader } from "../../durable-objects/link-opening.ts";
import { readRefusal, STATUS } from "../../durable-objects/contract.ts";
import { RELAY_SUBPROTOCOL, SUBPROTOCOL } from "../../src/link/index.ts";
import { reachController } from "../channel/controller-calls.ts";
import type { Scope, ScopedContext } from "../env.ts";
import { Problem } from "../http/errors.ts";
import { nodeAt } from "./node-at.ts";
import { assertSocketWish } from "./socket-wish.ts";

const TOO_MANY = 429;

/** What of a controller is opened, and by which subprotocol. */
interface Opening {
  readonly route: "link" | "relay";
  readonly protocol: string;
}

const opening = (asked: Opening): Hono<Scope> =>
  new Hono<Scope>().get("/", async (context) => {
    const { entry, nodeId } = await nodeAt(context, context.req.param("node_id") ?? "");
    const gatewayId = wishIn(context, asked);
    const { claims, bearer } = context.var.asker;
    const response = await reachController(context.env, entry, {
      nodeId,
      route: asked.route,
      bearer,
      headers: { Upgrade: "websocket", ...linkHeader(gatewayId, claims) },
    });
    if (response.status === TOO_MANY)
      throw new Problem("TOO_MANY_REQUESTS", await readRefusal(response));
    if (response.status === STATUS.conflict)
      throw new Problem("INVALID_REQUEST", await readRefusal(response));
    return response;
  });

export const link = opening({ route: "link", protocol: SUBPROTOCOL });

/** By it a gateway reaches the quorum of an observed cluster on its observer's behalf. */
export const relay = opening({ route: "relay", protocol: RELAY_SUBPROTOCOL });

/** The gateway's id, of a request that asks for a socket in the one way that is known here. */
function wishIn(context: ScopedContext, { route, protocol }: Opening): string {
  assertSocketWish(context, `a ${route}`, protocol);
  const gatewayId = context.req.query("gateway_id") ?? "";
  if (!isGatewayId(gatewayId))
    throw new Problem(
      "INVALID_REQUEST",
      "gateway_id: must be 1 to 64 characters of A-Z a-z 0-9 _ -, drawn by each gateway for itself",
    );
  return gatewayId;
}
