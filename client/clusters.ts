/** The clusters of a deployment: listed, formed, forked, changed, deleted. */
import { pathOf, type Caller } from "./caller.ts";
import type { Asking, Listed } from "./cluster-calls.ts";

/** A cluster as `POST /clusters` answers it. */
export interface FormedCluster {
  readonly cluster_id: string;
  readonly controllers: readonly {
    readonly node_id: number;
    readonly directory_id: string;
    readonly host: string;
    readonly port: number;
    readonly location_hint?: string;
  }[];
  readonly metadata_version: number;
  /** The features that are not at the levels which are usual there. */
  readonly features?: Readonly<Record<string, number>>;
  /** Where its controllers must stay; absent where they may be anywhere. */
  readonly jurisdiction?: string;
  /** Under Kafka's names, in ms and bytes (`controller.quorum.*`, `metadata.*`). */
  readonly settings: Readonly<Record<string, number | string | boolean>>;
  readonly created_ms: number;
  /** True of one whose quorum others run. */
  readonly observed?: boolean;
  /** Of a fork: which cluster it began with, and the last record of it that it has. */
  readonly fork_of?: { readonly cluster_id: string; readonly offset: number };
}

/** What is to be formed; everything has a default. docs/HTTP.md says what each means. */
export interface ClusterWish {
  readonly cluster_id?: string;
  readonly voters?: 1 | 3 | 5;
  readonly controllers?: readonly {
    readonly node_id?: number;
    readonly host?: string;
    readonly port?: number;
    readonly location_hint?: string;
  }[];
  readonly jurisdiction?: string;
  readonly release_version?: string;
  readonly metadata_version?: number;
  readonly features?: Readonly<Record<string, number>>;
  readonly settings?: Readonly<Record<string, number | string | boolean>>;
  readonly fork_of?: string;
  readonly at_offset?: number;
  readonly observed?: boolean;
}

export interface Deletion {
  readonly cluster_id: string;
  readonly deleted_ms: number;
  readonly undelete_until_ms: number;
}

/** Of a change: the controllers that have not heard of it. They are told again until they have. */
export interface Unconfirmed {
  readonly unconfirmed: readonly { readonly node_id: number; readonly reason: string }[];
}

/** Of a deployment, or of one of its clusters. */
export interface Readiness {
  readonly cluster_id: string;
  readonly ready: boolean;
  readonly leader_id: number | null;
  readonly reason: string | null;
}

export interface Clusters {
  list(asking?: Asking): Promise<readonly FormedCluster[]>;
  /** Those that are deleted and not wiped yet. */
  deleted(asking?: Asking): Promise<readonly (FormedCluster & Omit<Deletion, "cluster_id">)[]>;
  get(clusterId: string, asking?: Asking): Promise<FormedCluster>;
  /** Led when this returns. Repeated only where it names its id: else each would be another cluster. */
  form(wish: ClusterWish, asking?: Asking): Promise<FormedCluster>;
  /** Null takes a setting back. */
  change(
    clusterId: string,
    settings: Readonly<Record<string, number | string | boolean | null>>,
    asking?: Asking,
  ): Promise<FormedCluster & Unconfirmed>;
  /** For a day first, in which it can be undone. */
  delete(clusterId: string, asking?: Asking): Promise<Deletion & Unconfirmed>;
  undelete(clusterId: string, asking?: Asking): Promise<FormedCluster & Unconfirmed>;
  /** For ever. */
  purge(clusterId: string, asking?: Asking): Promise<void>;
}

const CLUSTERS = pathOf("clusters");

export function clustersOf({ json }: Caller): Clusters {
  const one = async <Body>(call: Parameters<typeof json>[0]): Promise<Body> =>
    (await json<Body>(call)).body;
  return {
    list: async (asking) => (await one<Listed<FormedCluster>>({ ...asking, path: CLUSTERS })).data,
    deleted: async (asking) => {
      const call = { ...asking, path: CLUSTERS, parameters: { deleted: true } };
      return (await one<Listed<FormedCluster & Deletion>>(call)).data;
    },
    get: (id, asking) => one({ ...asking, path: pathOf("clusters", id) }),
    form: (body, asking) => {
      const repeatable = body.cluster_id !== undefined;
      return one({ ...asking, method: "POST", path: CLUSTERS, body, repeatable });
    },
    change: (id, settings, asking) => {
      const path = pathOf("clusters", id);
      return one({ ...asking, method: "PATCH", path, body: { settings }, repeatable: true });
    },
    delete: (id, asking) => one({ ...asking, method: "DELETE", path: pathOf("clusters", id) }),
    undelete: (id, asking) => {
      const path = `${pathOf("clusters", id)}:undelete`;
      return one({ ...asking, method: "POST", path, repeatable: true });
    },
    purge: async (id, asking) => {
      const parameters = { purge: id };
      await one({ ...asking, method: "DELETE", path: pathOf("clusters", id), parameters });
    },
  };
}
