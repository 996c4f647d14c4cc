/** Calls a controller node itself, past the public interface: the routes that only a bench's nodes have. */
export interface NodeAddress {
  readonly edgeUrl: string;
  readonly clusterId: string;
  readonly nodeId: number;
}

/** Rejects unless the node answers with a 2xx. */
export async function callNode(
  { edgeUrl, clusterId, nodeId }: NodeAddress,
  path: string,
  method = "GET",
): Promise<Response> {
  const query = new URLSearchParams({ name: `${clusterId}/${nodeId}`, path });
  const response = await fetch(`${edgeUrl}/bench/node?${query.toString()}`, { method });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return response;
}
