/** `kedge clusters`: which there are; one is formed, changed, deleted. */
import { Command } from "commander";
import type { ClusterWish, FormedCluster } from "../client/clusters.ts";
import { asksDeployment, clusterAt, kedgeAt, type Asked } from "./deployment.ts";
import { pairsOf, several } from "./pairs.ts";
import { progress } from "./progress.ts";
import { printJson, printTable, tell } from "./table-of-text.ts";
import { UsageError } from "./usage-error.ts";

export const clusters = (): Command => {
  const command = new Command("clusters").summary(
    "which clusters there are; forms and deletes them",
  );
  asksDeployment(command.command("list", { isDefault: true }))
    .summary("all that the token is for")
    .option("--deleted", "those that can be brought back")
    .action(list);
  asksDeployment(command.command("show"))
    .summary("one of them, with its settings")
    .argument("[id]", "the only one unless said")
    .action(show);
  asksDeployment(command.command("create"))
    .summary("forms one, and waits until it is led")
    .option("--cluster-id <id>", "a Kafka uuid; drawn unless said")
    .option("--voters <1|3|5>", "controllers", "3")
    .option("--release-version <r>", "whose features it begins with, as 4.3")
    .option("--jurisdiction <name>", "where every controller stays: eu, us, fedramp, fedramp-high")
    .option(
      "--set <name=value>",
      "a setting under Kafka's name; may be given several times",
      several,
    )
    .action(create);
  asksDeployment(command.command("set"))
    .summary("changes settings; a name without a value takes one back")
    .argument("<id>")
    .argument("<name=value...>")
    .action(set);
  asksDeployment(command.command("delete"))
    .summary("deletes one; for a day it can be brought back")
    .argument("<id>")
    .requiredOption("--yes", "it is meant; nothing is done without")
    .action(remove);
  asksDeployment(command.command("undelete"))
    .summary("brings one back")
    .argument("<id>")
    .action(undelete);
  return command;
};

async function list(given: Asked & { readonly deleted?: boolean }): Promise<void> {
  const { clusters: all } = kedgeAt(given);
  const found = given.deleted === true ? await all.deleted() : await all.list();
  if (given.json === true) return printJson(found);
  printTable([
    ["CLUSTER", "VOTERS", "METADATA VERSION", "FORMED", "NOTE"],
    ...found.map((each) => [
      each.cluster_id,
      String(each.controllers.length),
      String(each.metadata_version),
      new Date(each.created_ms).toISOString(),
      noteOn(each),
    ]),
  ]);
}

function noteOn({ observed, fork_of: fork, jurisdiction }: FormedCluster): string {
  const notes = [
    ...(observed === true ? ["observed: others run it"] : []),
    ...(fork === undefined ? [] : [`fork of ${fork.cluster_id} at ${fork.offset}`]),
    ...(jurisdiction === undefined ? [] : [jurisdiction]),
  ];
  return notes.join(", ");
}

async function show(id: string | undefined, given: Asked): Promise<void> {
  const cluster = await clusterAt(given, id);
  if (given.json === true) return printJson(cluster);
  const { controllers, settings, features = {} } = cluster;
  printTable([
    ["cluster", cluster.cluster_id],
    ["formed", new Date(cluster.created_ms).toISOString()],
    ["metadata.version", String(cluster.metadata_version)],
    ...Object.entries(features).map(([name, level]) => [name, String(level)]),
    ...controllers.map((each) => [
      `controller ${each.node_id}`,
      `${each.host}:${each.port} ${each.directory_id} ${each.location_hint ?? ""}`,
    ]),
    ...Object.entries(settings).map(([name, value]) => [name, String(value)]),
  ]);
}

interface Wish extends Asked {
  readonly clusterId?: string;
  readonly voters: string;
  readonly releaseVersion?: string;
  readonly jurisdiction?: string;
  readonly set?: readonly string[];
}

async function create(given: Wish): Promise<void> {
  const { clusterId, releaseVersion, jurisdiction } = given;
  const wish: ClusterWish = {
    voters: votersOf(given.voters),
    ...(clusterId === undefined ? {} : { cluster_id: clusterId }),
    ...(releaseVersion === undefined ? {} : { release_version: releaseVersion }),
    ...(jurisdiction === undefined ? {} : { jurisdiction }),
    ...(given.set === undefined ? {} : { settings: Object.fromEntries(pairsOf(given.set)) }),
  };
  const formed = await progress("forming a cluster", kedgeAt(given).clusters.form(wish));
  tell(given, formed, formed.cluster_id);
}

function votersOf(text: string): 1 | 3 | 5 {
  if (text === "1") return 1;
  if (text === "3") return 3;
  if (text === "5") return 5;
  throw new UsageError("--voters must be 1, 3 or 5");
}

async function set(id: string, words: readonly string[], given: Asked): Promise<void> {
  const settings = Object.fromEntries(
    words
      .map((word) => pairsOf([word.includes("=") ? word : `${word}=`])[0] ?? [])
      .map(([name, value]) => [name, value === "" ? null : value]),
  );
  const changed = await kedgeAt(given).clusters.change(id, settings);
  if (given.json === true) return printJson(changed);
  for (const { node_id: node, reason } of changed.unconfirmed)
    console.error(`controller ${node} has not heard of it yet (${reason}); it is told again`);
  console.log(`${id}: changed`);
}

async function remove(id: string, given: Asked): Promise<void> {
  const deleted = await kedgeAt(given).clusters.delete(id);
  const until = new Date(deleted.undelete_until_ms).toISOString();
  tell(
    given,
    deleted,
    `${id}: deleted; kedge clusters undelete ${id} brings it back until ${until}`,
  );
}

async function undelete(id: string, given: Asked): Promise<void> {
  const back = await kedgeAt(given).clusters.undelete(id);
  tell(given, back, `${id}: is back`);
}
