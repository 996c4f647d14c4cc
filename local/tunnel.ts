/** The way of a gateway to a cluster in a runtime of this machine, with the token that such gateways are given. */
import { NO_CREDENTIALS } from "../gateway/edge/credentials.ts";
import { Tunnel, type TunnelOptions } from "../gateway/edge/tunnel.ts";
import type { Edge } from "./edge.ts";

export const tunnelTo = (
  { url, gatewayToken }: Pick<Edge, "url" | "gatewayToken">,
  clusterId: string,
  options: Pick<TunnelOptions, "metrics" | "transport" | "log">,
): Tunnel =>
  new Tunnel({
    edge: url,
    clusterId,
    credentials: { ...NO_CREDENTIALS, token: gatewayToken },
    ...options,
  });
