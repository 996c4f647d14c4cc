/** Configs of topics, of brokers, and of all brokers together. */
import type { Asking, ClusterCalls, Path, Reading } from "./cluster-calls.ts";

export interface Config {
  readonly name: string;
  /** Null of one that is sensitive. */
  readonly value: string | null;
  readonly is_default: boolean;
  readonly is_read_only: boolean;
  readonly is_sensitive: boolean;
  /** Kafka's word, as `DYNAMIC_TOPIC_CONFIG`. */
  readonly source: string;
  /** Every value that it has somewhere, the one that counts first. */
  readonly synonyms: readonly {
    readonly name: string;
    readonly value: string | null;
    readonly source: string;
  }[];
}

/** Of one topic or broker in a list of all of them. */
export interface OwnedConfig extends Config {
  readonly topic_name?: string;
  readonly broker_id?: number;
}

export interface ConfigChange {
  readonly name: string;
  /** Left out with DELETE. */
  readonly value?: string;
  /** SET unless said. DELETE: what counts otherwise counts again. */
  readonly operation?: "SET" | "DELETE";
}

/** The configs of one owner. To change them twice is to change them once. */
export interface Configs {
  list(reading?: Reading): Promise<readonly Config[]>;
  get(name: string, reading?: Reading): Promise<Config>;
  set(name: string, value: string, asking?: Asking): Promise<void>;
  delete(name: string, asking?: Asking): Promise<void>;
  /** All of them or none. */
  alter(
    changes: readonly ConfigChange[],
    options?: Asking & { readonly validateOnly?: boolean },
  ): Promise<void>;
}

export interface ConfigOwners {
  topic(name: string): Configs;
  broker(id: number): Configs;
  /** What is set for all brokers. */
  readonly defaults: Configs;
  allTopics(reading?: Reading): Promise<readonly OwnedConfig[]>;
  allBrokers(reading?: Reading): Promise<readonly OwnedConfig[]>;
}

export const configsOf = (calls: ClusterCalls): ConfigOwners => ({
  topic: (name) => configsAt(calls, ["topics", name, "configs"]),
  broker: (id) => configsAt(calls, ["brokers", id, "configs"]),
  defaults: configsAt(calls, ["broker-configs"]),
  allTopics: (reading) => calls.list(["topics", "-", "configs"], reading),
  allBrokers: (reading) => calls.list(["brokers", "-", "configs"], reading),
});

const configsAt = ({ list, read, write }: ClusterCalls, path: Path): Configs => ({
  list: (reading) => list(path, reading),
  get: (name, reading) => read([...path, name], reading),
  set: async (name, value, asking) => {
    await write([...path, name], { method: "PUT", body: { value }, repeatable: true }, asking);
  },
  delete: async (name, asking) => {
    await write([...path, name], { method: "DELETE", repeatable: true }, asking);
  },
  alter: async (data, { validateOnly = false, ...asking } = {}) => {
    const body = { data, validate_only: validateOnly };
    await write(path, { tail: ":alter", body, repeatable: true }, asking);
  },
});
