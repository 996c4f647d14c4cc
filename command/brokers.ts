/** `kedge brokers`: who is registered, and in what state; whose session or registration ends. */
import { Command } from "commander";
import type { Broker } from "../client/brokers.ts";
import { asksCluster, askedCluster, type Asked } from "./deployment.ts";
import { numberOf } from "./numbers.ts";
import { printJson, printTable, tell } from "./table-of-text.ts";

const BROKER_ID_MAX = 0x7fffffff;

export const brokers = (): Command => {
  const command = new Command("brokers").summary("brokers and their states");
  asksCluster(command.command("list", { isDefault: true }))
    .summary("all that are registered")
    .action(list);
  asksCluster(command.command("show"))
    .summary("one of them, and what it holds")
    .argument("<id>")
    .action(show);
  asksCluster(command.command("fence"))
    .summary("ends the session of one whose machine is gone")
    .description(
      "Ends the session of a broker whose machine is gone, as if nothing had been heard from it for broker.session.timeout.ms. One that is alive is back with its next heartbeat, and has lost its leaderships by then.",
    )
    .argument("<id>")
    .requiredOption("--yes", "it is meant; nothing is done without")
    .action(fence);
  asksCluster(command.command("unregister"))
    .summary("ends the registration of one that is gone for good")
    .argument("<id>")
    .requiredOption("--yes", "it is meant; nothing is done without")
    .action(unregister);
  return command;
};

/** As Kafka names the states of a broker. */
function stateOf({ fenced, in_controlled_shutdown: leaves }: Broker): string {
  if (fenced) return "fenced";
  return leaves ? "in controlled shutdown" : "active";
}

async function list(given: Asked): Promise<void> {
  const cluster = await askedCluster(given);
  const all = await cluster.brokers.list();
  if (given.json === true) return printJson(all);
  printTable([
    ["BROKER", "STATE", "ADDRESS", "RACK", "EPOCH"],
    ...all.map((each) => [
      String(each.broker_id),
      stateOf(each),
      each.host === null ? "" : `${each.host}:${each.port}`,
      each.rack ?? "",
      String(each.broker_epoch),
    ]),
  ]);
}

const idOf = (text: string): number =>
  numberOf("the broker's id", text, { min: 0, max: BROKER_ID_MAX });

async function show(text: string, given: Asked): Promise<void> {
  const id = idOf(text);
  const cluster = await askedCluster(given);
  const [broker, replicas] = await Promise.all([
    cluster.brokers.get(id),
    cluster.brokers.replicas(id),
  ]);
  if (given.json === true) return printJson({ ...broker, replicas });
  const led = replicas.filter((each) => each.is_leader).length;
  const behind = replicas.filter((each) => !each.is_in_sync).length;
  printTable([
    ["broker", String(id)],
    ["state", stateOf(broker)],
    ["epoch", String(broker.broker_epoch)],
    ["incarnation", broker.incarnation_id],
    ["rack", broker.rack ?? ""],
    ...broker.listeners.map((each) => [`listener ${each.name}`, `${each.host}:${each.port}`]),
    ...broker.log_dirs.map((directory) => ["log directory", directory]),
    ["replicas", `${replicas.length}, ${led} of them leaders, ${behind} not in sync`],
  ]);
}

async function fence(text: string, given: Asked): Promise<void> {
  const id = idOf(text);
  const cluster = await askedCluster(given);
  const fenced = await cluster.brokers.fence(id);
  const { was_fenced: wasFenced, partitions_changed: count } = fenced;
  const without = `${count} ${count === 1 ? "partition goes" : "partitions go"} on without it`;
  const became = wasFenced ? "was fenced already; nothing was written" : `fenced; ${without}`;
  tell(given, fenced, `broker ${id}: ${became}`);
}

async function unregister(text: string, given: Asked): Promise<void> {
  const id = idOf(text);
  const cluster = await askedCluster(given);
  await cluster.brokers.unregister(id);
  tell(given, { broker_id: id, unregistered: true }, `broker ${id}: unregistered`);
}
