/** What a stock broker needs to know of a cluster, as Kafka's `server.properties`. */
import type { FormedCluster } from "../client/clusters.ts";

export interface BrokerPlace {
  readonly brokerId: number;
  /** Where it listens, and what it tells clients. */
  readonly host: string;
  readonly port: number;
  /** A folder for its logs. */
  readonly logDirs: string;
  /** `host:port,…`: those that a gateway opens for the cluster's controllers. */
  readonly bootstrapServers: string;
  /** How many brokers there will be, at least: a cluster of one cannot have its own topics three times. */
  readonly brokers: number;
}

/** As `controller.quorum.bootstrap.servers`: where a gateway opens each controller's port, its own host unless said. */
export const bootstrapServersOf = ({ controllers }: FormedCluster, host?: string): string =>
  controllers.map((each) => `${host ?? each.host}:${each.port}`).join(",");

export function serverProperties(place: BrokerPlace): string {
  const { brokerId, host, port, logDirs, bootstrapServers, brokers } = place;
  const replicas = Math.min(3, brokers);
  return `process.roles=broker
node.id=${brokerId}
listeners=PLAINTEXT://${host}:${port}
controller.listener.names=CONTROLLER
controller.quorum.bootstrap.servers=${bootstrapServers}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs=${logDirs}
# Kafka's own topics: no more replicas than there are brokers.
offsets.topic.replication.factor=${replicas}
transaction.state.log.replication.factor=${replicas}
transaction.state.log.min.isr=${Math.max(1, replicas - 1)}
share.coordinator.state.topic.replication.factor=${replicas}
share.coordinator.state.topic.min.isr=${Math.max(1, replicas - 1)}
`;
}
