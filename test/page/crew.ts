/** A quorum with brokers, for tests of the page: real controllers, and brokers that speak JSON. */
import { clusterClient } from "../../client/cluster-client.ts";
import { jsonBroker, type JsonBroker } from "../../client/json-broker.ts";
import { kedge, type Cluster, type Kedge } from "../../client/kedge.ts";
import { startQuorum, type Quorum } from "../../local/quorum.ts";

export interface Crew {
  readonly quorum: Quorum;
  readonly deployment: Kedge;
  readonly cluster: Cluster;
  readonly clusterId: string;
  /** Of the cluster on the page. */
  readonly hash: string;
  readonly brokers: readonly JsonBroker[];
  readonly stop: () => Promise<void>;
}

/** Three controllers, and brokers 1 to `count` that run. */
export async function crewOf(count: number): Promise<Crew> {
  const quorum = await startQuorum();
  const clusterId = quorum.formed.cluster_id;
  const client = clusterClient(quorum.edge, clusterId);
  const deployment = kedge(quorum.edge);
  const brokers = Array.from({ length: count }, (_, at) => jsonBroker(client, at + 1));
  for (const broker of brokers) {
    await broker.register();
    await broker.heartbeat();
    broker.keepAlive();
  }
  return {
    quorum,
    deployment,
    cluster: deployment.cluster(clusterId),
    clusterId,
    hash: `#/clusters/${clusterId}`,
    brokers,
    stop: async () => {
      await Promise.all(brokers.map((broker) => broker.fallSilent()));
      await quorum.stop();
    },
  };
}
