/** `kedge fork`: a cluster of its own that begins with another's metadata, to rehearse a change against. */
import { Command } from "commander";
import { asksCluster, askedCluster, type Asked } from "./deployment.ts";
import { numberOf } from "./numbers.ts";
import { progress } from "./progress.ts";
import { tell } from "./table-of-text.ts";

interface Given extends Asked {
  readonly atOffset?: string;
}

export const fork = (): Command =>
  asksCluster(new Command("fork"))
    .summary("a cluster that begins with another one's metadata, to rehearse a change")
    .option("--at-offset <n>", "of its state there; of the newest unless said")
    .action(run);

async function run(given: Given): Promise<void> {
  const cluster = await askedCluster(given);
  const { atOffset } = given;
  const wish =
    atOffset === undefined
      ? {}
      : { atOffset: numberOf("--at-offset", atOffset, { min: 0, max: Number.MAX_SAFE_INTEGER }) };
  const formed = await progress(`forking ${cluster.clusterId}`, cluster.fork(wish));
  const at = formed.fork_of?.offset ?? "its end";
  const sentence = `${formed.cluster_id} begins with ${cluster.clusterId} at ${at}; every broker in it is fenced`;
  tell(given, formed, sentence);
}
