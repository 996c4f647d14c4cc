/**
 * A client whose writes go over Kafka's TCP, through a gateway, to whoever its broker says leads. What it asks besides
 * goes over HTTP, as everybody's does.
 */
import { KafkaConnection } from "../../local/kafka-connection.ts";
import {
  CreatePartitions,
  CreateTopics,
  DeleteTopics,
  ErrorCode,
  errorName,
  IncrementalAlterConfigs,
  ZERO_UUID,
} from "../../src/protocol/index.ts";
import type { TopicInput } from "../linearizability/topic.ts";
import type { KafkaBroker, Route } from "./kafka-broker.ts";
import { toldOf, type Item, type Told, type TopicCaller } from "./topic-calls.ts";

const PATIENCE_MS = 4_000;
const TOPIC_RESOURCE = 2;
const SET = 0;
/** Kafka's answers name no position. */
const NOWHERE = { offset: -1, epoch: 0 } as const;

/**
 * Codes after which nobody knows: to a client that speaks Kafka, whoever loses its office says the same of what it has
 * appended as of what it has not begun.
 */
const UNKNOWN = new Set<number>([ErrorCode.NOT_CONTROLLER, ErrorCode.REQUEST_TIMED_OUT]);
/** There are few clients, and an election takes a moment: of each of their writes in it nothing is known. */
const NO_LEADER_MS = 200;

/** The same caller, whose writes go through that broker's gateway. */
export function throughGateway(
  caller: TopicCaller,
  broker: Pick<KafkaBroker, "leaderId">,
  route: Route,
): TopicCaller {
  let open: { readonly to: number; readonly connection: KafkaConnection } | null = null;
  const connect = async (): Promise<KafkaConnection | null> => {
    const to = broker.leaderId;
    if (open?.to === to && open.connection.isOpen) return open.connection;
    open?.connection.close();
    open = null;
    if (to < 0) return null;
    const connection = await KafkaConnection.open(route.portOf(to), {
      clientId: "nemesis",
      patienceMs: PATIENCE_MS,
      host: route.host,
    });
    open = { to, connection };
    return connection;
  };
  const write = async (input: TopicInput): Promise<Told> => {
    const connection = await connect().catch(() => null);
    if (connection === null) {
      await new Promise((settle) => setTimeout(settle, NO_LEADER_MS));
      return { kind: "refused", why: "nobody is known to lead" };
    }
    try {
      const item = await itemOf(connection, input);
      if (item === undefined) return { kind: "unexpected", why: `${input.kind}: no item` };
      if (!UNKNOWN.has(item.errorCode)) return toldOf(input, item, NOWHERE);
      await new Promise((settle) => setTimeout(settle, NO_LEADER_MS));
      return { kind: "unknown", why: errorName(item.errorCode) };
    } catch (error) {
      connection.close();
      return { kind: "unknown", why: String(error) };
    }
  };
  return { ...caller, write };
}

async function itemOf(connection: KafkaConnection, input: TopicInput): Promise<Item | undefined> {
  const { topic: name } = input;
  const timeoutMs = PATIENCE_MS;
  switch (input.kind) {
    case "create": {
      const counts = { numPartitions: input.partitions, replicationFactor: 1 };
      const topics = [{ name, ...counts, assignments: [], configs: [] }];
      const body = { topics, timeoutMs, validateOnly: false };
      return (await connection.call(CreateTopics, 7, body)).topics[0];
    }
    case "delete": {
      const body = { topics: [{ name, topicId: ZERO_UUID }], timeoutMs };
      return (await connection.call(DeleteTopics, 6, body)).responses[0];
    }
    case "grow": {
      const topics = [{ name, count: input.partitions, assignments: null }];
      const body = { topics, timeoutMs, validateOnly: false };
      return (await connection.call(CreatePartitions, 3, body)).results[0];
    }
    case "set-config": {
      const configs = [{ name: input.name, configOperation: SET, value: input.value }];
      const resources = [{ resourceType: TOPIC_RESOURCE, resourceName: name, configs }];
      const body = { resources, validateOnly: false };
      return (await connection.call(IncrementalAlterConfigs, 1, body)).responses[0];
    }
    case "describe":
    case "read-config":
      throw new Error(`${input.kind} writes nothing`);
  }
}
