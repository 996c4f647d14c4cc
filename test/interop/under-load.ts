/** What steps under load have in common: a producer that never stops, and topics that are made meanwhile. */
import { committedLog, type LogLine } from "../../client/cluster-client.ts";
import type { Cluster } from "./cluster.ts";
import { settle, startLoad } from "./load.ts";
import { timed, until } from "../../local/until.ts";

const LIVELY_MS = 30_000;
const PER_SECOND = 100;

/** In a BrokerRegistrationChangeRecord: the broker is fenced now. */
const FENCED = 1;

let topicsMade = 0;

/** A name that no step has used: one cluster lives through all of them, and through every `--repeat`. */
export function freshName(prefix: string): string {
  topicsMade += 1;
  return `${prefix}-${topicsMade}`;
}

/** Creates one topic through the edge, again and again until it succeeds; milliseconds from now. */
export async function nextCreation(cluster: Cluster): Promise<number> {
  const name = freshName("probe");
  const body = {
    topics: [{ name, numPartitions: 1, replicationFactor: 3, assignments: [], configs: [] }],
    timeoutMs: 5_000,
  };
  return timed(() =>
    until(`topic ${name} is created`, { withinMs: LIVELY_MS, everyMs: 20 }, async () => {
      interface Created {
        readonly topics: readonly {
          readonly errorCode: number;
          readonly errorMessage: string | null;
        }[];
      }
      const answer = await cluster.quorum.cluster.rpc<Created>("CreateTopics", body);
      const topic = answer.body.topics[0];
      // 36: it exists already, so an attempt without an answer was executed.
      if (topic?.errorCode === 0 || topic?.errorCode === 36) return true;
      throw new Error(JSON.stringify(topic));
    }),
  );
}

/** A topic with a producer on it; `happen` is what is done to the cluster meanwhile. */
export async function underLoad(
  cluster: Cluster,
  name: string,
  happen: (topic: string) => Promise<string>,
): Promise<string> {
  const topic = freshName(name);
  await cluster.createTopic(topic, 6);
  const load = await startLoad(cluster, topic, PER_SECOND);
  try {
    await load.moreAcknowledged(PER_SECOND, LIVELY_MS);
    const said = await happen(topic);
    await load.moreAcknowledged(PER_SECOND, LIVELY_MS);
    return `${said}; ${await settle(cluster, topic, load)}`;
  } finally {
    await load.stop();
  }
}

/** The records from that offset on by which brokers were fenced. */
export async function fencingsSince(cluster: Cluster, from: number): Promise<readonly LogLine[]> {
  const { lines } = await committedLog(cluster.quorum.cluster, from);
  return lines.filter(
    ({ type, data }) => type === "BROKER_REGISTRATION_CHANGE_RECORD" && data["fenced"] === FENCED,
  );
}
