/** A request for a WebSocket (RFC 6455, 4.1), as far as its headers say so. */

export const wantsSocket = (headers: Headers): boolean =>
  headers.get("Upgrade")?.toLowerCase() === "websocket";

/** The subprotocols that it offers, as they were written. */
export const offeredProtocols = (headers: Headers): readonly string[] =>
  (headers.get("Sec-WebSocket-Protocol") ?? "").split(",").map((each) => each.trim());
