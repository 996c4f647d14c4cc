/**
 * A cluster for tests of REST v3: three brokers that are there, an authorizer, so that Kafka has ACLs, and requests as
 * a client of it sends them.
 */
import {
  authorized,
  clusterClient,
  formCluster,
  type Deployment,
  type FormedCluster,
} from "../../client/cluster-client.ts";
import { jsonBroker, type JsonBroker } from "../../client/json-broker.ts";
import { STANDARD_AUTHORIZER } from "../../durable-objects/cluster-settings.ts";
import { startQuorum, type Quorum } from "../../local/quorum.ts";

export interface RestAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed; undefined where there is none. */
  readonly body: unknown;
}

export interface RestCluster {
  readonly quorum: Quorum;
  readonly clusterId: string;
  /** `path` is below the cluster, or a whole address. */
  readonly ask: (method: string, path: string, body?: unknown) => Promise<RestAnswer>;
  readonly brokers: readonly JsonBroker[];
  readonly stop: () => Promise<void>;
}

/** One voter, and an authorizer that lets an admin and nobody in particular do anything. */
export const formGuarded = (edge: Deployment): Promise<FormedCluster> =>
  formCluster(edge, {
    voters: 1,
    settings: {
      "authorizer.class.name": STANDARD_AUTHORIZER,
      "super.users": "User:admin;User:ANONYMOUS",
    },
  });

/** Three brokers that heartbeat until the end. */
export async function restCluster(): Promise<RestCluster> {
  const quorum = await startQuorum({ form: formGuarded });
  const { edge, formed } = quorum;
  const client = clusterClient(edge, formed.cluster_id);
  const brokers = [1, 2, 3].map((id) => jsonBroker(client, id));
  for (const broker of brokers) {
    await broker.register();
    await broker.heartbeat();
    broker.keepAlive();
  }
  const base = `${edge.url}/kafka/v3/clusters/${formed.cluster_id}`;
  return {
    quorum,
    clusterId: formed.cluster_id,
    brokers,
    async ask(method, path, body) {
      const init: RequestInit = {
        method,
        ...(body === undefined
          ? {}
          : { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } }),
      };
      const address = path.startsWith("http") ? path : `${base}${path}`;
      const response = await fetch(address, authorized(edge.token, init));
      const text = await response.text();
      const parsed: unknown = text === "" ? undefined : JSON.parse(text);
      return { status: response.status, headers: response.headers, body: parsed };
    },
    async stop() {
      for (const broker of brokers) await broker.fallSilent();
      await quorum.stop();
    },
  };
}
