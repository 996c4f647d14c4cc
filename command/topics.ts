/** `kedge topics`: which there are and how they do; one is created, changed, deleted. */
import { Command } from "commander";
import type { TopicHealth } from "../client/topics.ts";
import { asksCluster, askedCluster, type Asked } from "./deployment.ts";
import { numberOf } from "./numbers.ts";
import { pairsOf, several } from "./pairs.ts";
import { printJson, printTable, tell } from "./table-of-text.ts";

const PARTITIONS_MAX = 10_000;
const REPLICATION_MAX = 32_767;

export const topics = (): Command => {
  const command = new Command("topics").summary(
    "topics and their partitions, and what is wrong with them",
  );
  asksCluster(command.command("list", { isDefault: true }))
    .summary("all of them, with what is not as it should be")
    .action(list);
  asksCluster(command.command("show"))
    .summary("the partitions of one, and what is set for it")
    .argument("<name>")
    .action(show);
  asksCluster(command.command("create"))
    .summary("creates one")
    .argument("<name>")
    .option("--partitions <n>", "the cluster's default unless said")
    .option("--replication-factor <n>", "the cluster's default unless said")
    .option("--config <name=value>", "what is set for it; may be given several times", several)
    .option("--validate-only", "says whether it could be, and creates nothing")
    .action(create);
  asksCluster(command.command("grow"))
    .summary("adds partitions")
    .argument("<name>")
    .argument("<partitions>", "how many there are then")
    .action(grow);
  asksCluster(command.command("set"))
    .summary("changes its configs; a name without a value takes one back")
    .argument("<name>")
    .argument("<config=value...>")
    .action(set);
  asksCluster(command.command("delete"))
    .summary("deletes one, with all that is in it")
    .argument("<name>")
    .requiredOption("--yes", "it is meant; nothing is done without")
    .action(remove);
  return command;
};

async function list(given: Asked): Promise<void> {
  const cluster = await askedCluster(given);
  const [all, health] = await Promise.all([cluster.topics.list(), cluster.topics.health()]);
  if (given.json === true) return printJson(all);
  const healthOf = new Map(health.map((each) => [each.topic_name, each]));
  printTable([
    ["TOPIC", "PARTITIONS", "REPLICAS", "ID", "NOTE"],
    ...all.map((each) => [
      each.topic_name,
      String(each.partitions_count),
      String(each.replication_factor),
      each.topic_id ?? "",
      noteOn(healthOf.get(each.topic_name)),
    ]),
  ]);
}

function noteOn(health: TopicHealth | undefined): string {
  if (health === undefined) return "";
  const counts = [
    [health.offline.length, "offline"],
    [health.under_replicated.length, "under-replicated"],
    [health.not_preferred.length, "not led by the preferred leader"],
    [health.reassigning.length, "on the move"],
  ] as const;
  return counts
    .filter(([count]) => count > 0)
    .map(([count, what]) => `${count} ${what}`)
    .join(", ");
}

async function show(name: string, given: Asked): Promise<void> {
  const cluster = await askedCluster(given);
  const [topic, partitions, configs] = await Promise.all([
    cluster.topics.get(name),
    cluster.topics.partitions(name),
    cluster.configs.topic(name).list(),
  ]);
  const own = configs.filter(({ source }) => source === "DYNAMIC_TOPIC_CONFIG");
  if (given.json === true) return printJson({ ...topic, partitions, configs: own });
  console.log(`${topic.topic_name} ${topic.topic_id ?? ""}`);
  for (const { name: config, value } of own) console.log(`  ${config}=${value ?? "(sensitive)"}`);
  printTable([
    ["PARTITION", "LEADER", "EPOCH", "REPLICAS", "ISR", "ELR"],
    ...partitions.map((each) => [
      String(each.partition_id),
      each.leader_id < 0 ? "none" : String(each.leader_id),
      String(each.leader_epoch),
      each.replica_ids.join(" "),
      each.isr_ids.join(" "),
      each.elr_ids.join(" "),
    ]),
  ]);
}

interface Wish extends Asked {
  readonly partitions?: string;
  readonly replicationFactor?: string;
  readonly config?: readonly string[];
  readonly validateOnly?: boolean;
}

async function create(name: string, given: Wish): Promise<void> {
  const cluster = await askedCluster(given);
  const { partitions, replicationFactor, config = [], validateOnly = false } = given;
  const topic = await cluster.topics.create({
    topic_name: name,
    ...(partitions === undefined
      ? {}
      : {
          partitions_count: numberOf("--partitions", partitions, { min: 1, max: PARTITIONS_MAX }),
        }),
    ...(replicationFactor === undefined
      ? {}
      : {
          replication_factor: numberOf("--replication-factor", replicationFactor, {
            min: 1,
            max: REPLICATION_MAX,
          }),
        }),
    configs: pairsOf(config).map(([each, value]) => ({ name: each, value })),
    validate_only: validateOnly,
  });
  const what = `${topic.partitions_count} partitions, ${topic.replication_factor} replicas each`;
  const made = `${name}: ${what}, ${topic.topic_id}`;
  tell(given, topic, validateOnly ? `${name} could be created: ${what}` : made);
}

async function grow(name: string, partitions: string, given: Asked): Promise<void> {
  const cluster = await askedCluster(given);
  const count = numberOf("the number of partitions", partitions, { min: 1, max: PARTITIONS_MAX });
  const topic = await cluster.topics.grow(name, count);
  tell(given, topic, `${name}: ${topic.partitions_count} partitions`);
}

async function set(name: string, words: readonly string[], given: Asked): Promise<void> {
  const cluster = await askedCluster(given);
  const changes = words.map((word) => {
    if (!word.includes("=")) return { name: word, operation: "DELETE" } as const;
    const [[config, value] = ["", ""]] = pairsOf([word]);
    return { name: config, value };
  });
  await cluster.configs.topic(name).alter(changes);
  const after = await cluster.configs.topic(name).list();
  if (given.json === true) return printJson(after);
  for (const { name: config, value, source } of after)
    if (changes.some((each) => each.name === config))
      console.log(`${config}=${value ?? ""} (${source})`);
}

async function remove(name: string, given: Asked): Promise<void> {
  const cluster = await askedCluster(given);
  await cluster.topics.delete(name);
  tell(given, { topic_name: name, deleted: true }, `${name}: deleted`);
}
