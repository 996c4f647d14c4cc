/** A cluster that is read over one socket for as long as a view shows it: what it shows together is of one moment. */
import type { Cluster } from "../client/kedge.ts";

export function connectedUntil(signal: AbortSignal, cluster: Cluster): Cluster {
  const connected = cluster.connect();
  signal.addEventListener("abort", () => connected.close(), { once: true });
  return connected;
}
