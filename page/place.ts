/** Where in the page one is: the part of the address behind the hash, which no server sees. */

export type Place =
  | { readonly kind: "clusters" }
  | { readonly kind: "cluster"; readonly clusterId: string }
  | { readonly kind: "topic"; readonly clusterId: string; readonly topic: string };

/** What is no place is the list of clusters. */
export function placeIn(hash: string): Place {
  const [, clusters, clusterId, topics, topic] = hash.replace(/^#/, "").split("/").map(decoded);
  if (clusters !== "clusters" || clusterId === undefined || clusterId === "")
    return { kind: "clusters" };
  if (topics !== "topics" || topic === undefined || topic === "")
    return { kind: "cluster", clusterId };
  return { kind: "topic", clusterId, topic };
}

export const clusterHref = (clusterId: string): string =>
  `#/clusters/${encodeURIComponent(clusterId)}`;

export const topicHref = (clusterId: string, topic: string): string =>
  `${clusterHref(clusterId)}/topics/${encodeURIComponent(topic)}`;

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
