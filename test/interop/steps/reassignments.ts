/** `kafka-reassign-partitions`, all that it can do: a move carried out, a slow one given up, and one that it proposes. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Cluster } from "../cluster.ts";
import { expect } from "../step.ts";
import type { Step } from "../step.ts";
import { says, shell, untilSays } from "./tool-shell.ts";

const TOOL = "kafka-reassign-partitions";
/** Larger than what a broker fetches of a partition at once, so that a throttle has something to hold back. */
const RECORDS = 8;
const RECORD_BYTES = 900_000;

const reassignment: Step = {
  title: "tools: reassign-partitions",
  run: async (cluster) => {
    const { brokers } = shell(cluster, "kafka-reassign-partitions");
    await brokers("kafka-topics --create --topic moved --replica-assignment 1:2,2:3,3:1");
    const targets = [
      [2, 3],
      [3, 1],
      [1, 2],
    ];
    const file = await planOf(cluster, "moves.json", { moved: targets });
    says(
      await brokers(`kafka-reassign-partitions --execute --reassignment-json-file ${file}`),
      /Successfully started partition reassignments/,
    );
    await untilSays(
      () =>
        brokers(`kafka-reassign-partitions --verify --reassignment-json-file ${file}`, {
          mayFail: true,
        }),
      /moved-0 is completed[^]*moved-1 is completed[^]*moved-2 is completed/,
    );
    says(await brokers("kafka-reassign-partitions --list"), /No partition reassignments found/);
    const now = await cluster.partitions("moved");
    for (const [at, { replica_ids: replicas, isr_ids: isr }] of now.entries()) {
      expect(
        String(replicas) === String(targets[at]),
        `moved-${at} is on ${String(targets[at])}`,
        JSON.stringify(now),
      );
      expect(isr.length === 2, `moved-${at} is in sync`, JSON.stringify(now));
    }
    return "three partitions moved";
  },
};

const cancellation: Step = {
  title: "tools: a move that is held back, and given up",
  run: async (cluster) => {
    const { brokers } = shell(cluster, `${TOOL} --throttle, --cancel`);
    await brokers("kafka-topics --create --topic slow --replica-assignment 1");
    const record = "x".repeat(RECORD_BYTES);
    await cluster.viaBrokers("kafka-console-producer", ["--topic", "slow"], {
      input: `${record}\n`.repeat(RECORDS),
    });
    const file = await planOf(cluster, "slow.json", { slow: [[2]] });
    says(
      await brokers(`${TOOL} --execute --throttle 1000 --reassignment-json-file ${file}`),
      /throttle limit was set to 1000 B\/s/,
      /Successfully started/,
    );
    says(await brokers(`${TOOL} --list`), /slow-0: replicas: 2,1\.\s+adding: 2\.\s+removing: 1\./);
    says(
      await brokers(`${TOOL} --verify --reassignment-json-file ${file}`, { mayFail: true }),
      /slow-0 is still in progress/,
    );
    says(
      await brokers(`${TOOL} --cancel --reassignment-json-file ${file}`),
      /Successfully cancelled partition reassignment/i,
    );
    says(await brokers(`${TOOL} --list`), /No partition reassignments found/);
    const [partition] = await cluster.partitions("slow");
    expect(
      String(partition?.replica_ids) === "1" && String(partition?.isr_ids) === "1",
      "slow-0 is where it was",
      JSON.stringify(partition),
    );
    const { output } = await brokers(
      "kafka-configs --describe --entity-type topics --entity-name slow",
    );
    expect(!output.includes("throttled"), "nothing is held back any more", output);
    return "held back at 1000 B/s, listed, cancelled";
  },
};

const proposal: Step = {
  title: "tools: a move that the tool proposes",
  run: async (cluster) => {
    const { brokers } = shell(cluster, `${TOOL} --generate`);
    await brokers("kafka-topics --create --topic proposed --replica-assignment 1,1,1");
    const topics = join(cluster.folder, "topics.json");
    await writeFile(topics, JSON.stringify({ version: 1, topics: [{ topic: "proposed" }] }));
    const { output } = await brokers(
      `${TOOL} --generate --topics-to-move-json-file ${topics} --broker-list 2,3`,
    );
    const [, proposed = ""] =
      /Proposed partition reassignment configuration\s+(\{.*\})/.exec(output) ?? [];
    const file = join(cluster.folder, "proposed.json");
    await writeFile(file, proposed);
    await brokers(`${TOOL} --execute --reassignment-json-file ${file}`);
    await untilSays(
      () => brokers(`${TOOL} --verify --reassignment-json-file ${file}`, { mayFail: true }),
      /proposed-0 is completed[^]*proposed-1 is completed[^]*proposed-2 is completed/,
    );
    const now = await cluster.partitions("proposed");
    expect(
      now.every(({ replica_ids: replicas }) => replicas.every((id) => id === 2 || id === 3)),
      "all are on 2 and 3",
      JSON.stringify(now),
    );
    return "three partitions to brokers 2 and 3";
  },
};

/** Writes a plan: the brokers of each partition, by topic. */
async function planOf(
  cluster: Cluster,
  name: string,
  plan: Readonly<Record<string, readonly (readonly number[])[]>>,
): Promise<string> {
  const partitions = Object.entries(plan).flatMap(([topic, targets]) =>
    targets.map((replicas, partition) => ({ topic, partition, replicas })),
  );
  const file = join(cluster.folder, name);
  await writeFile(file, JSON.stringify({ version: 1, partitions }));
  return file;
}

export const reassignmentSteps: readonly Step[] = [reassignment, cancellation, proposal];
