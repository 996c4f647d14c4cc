/** A request for a WebSocket: it asks for one, and offers the subprotocol that is spoken there. */
import type { ScopedContext } from "../env.ts";
import { Problem } from "../http/errors.ts";
import { offeredProtocols, wantsSocket } from "../http/socket-request.ts";

/** Throws a `Problem` for any other. `what` is a noun with its article. */
export function assertSocketWish({ req, header }: ScopedContext, what: string, protocol: string) {
  if (!wantsSocket(req.raw.headers)) {
    header("Upgrade", "websocket");
    throw new Problem("UPGRADE_REQUIRED", `${what} is a WebSocket: ask with Upgrade: websocket`);
  }
  if (!offeredProtocols(req.raw.headers).includes(protocol))
    throw new Problem(
      "INVALID_REQUEST",
      `Sec-WebSocket-Protocol: must offer ${protocol}, which is what is spoken here`,
    );
}
