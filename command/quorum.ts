/** `kedge quorum`: who leads, who follows and how far behind; controllers are restarted, added, removed. */
import { Command } from "commander";
import {
  isAsleep,
  type ControllerStatus,
  type QuorumDescription,
  type UnreachableController,
} from "../client/controllers.ts";
import { asksCluster, askedCluster, type Asked } from "./deployment.ts";
import { numberOf } from "./numbers.ts";
import { progress } from "./progress.ts";
import { printJson, printTable, tell } from "./table-of-text.ts";

const NODE_ID_MAX = 0x7fffffff;
const TRIES_MS = 30_000;

export const quorum = (): Command => {
  const command = new Command("quorum").summary(
    "who leads, who follows, how far behind; controllers",
  );
  asksCluster(command.command("show", { isDefault: true }))
    .summary("the quorum, as its leader sees it")
    .action(show);
  asksCluster(command.command("failover"))
    .summary("restarts the leader, and says after how many milliseconds another leads")
    .requiredOption("--yes", "it is meant; nothing is done without")
    .action(failover);
  asksCluster(command.command("stop"))
    .summary("takes a controller out, until it is started")
    .argument("<node>")
    .action(stop);
  asksCluster(command.command("start"))
    .summary("starts one that is stopped, or tripped")
    .argument("<node>")
    .option("--confirm <words>", "what a tripped one wants to be told")
    .action(start);
  asksCluster(command.command("add"))
    .summary("a controller more, which becomes a voter")
    .option("--location-hint <hint>", "where, in Cloudflare's words")
    .action(add);
  asksCluster(command.command("replace"))
    .summary("a new controller for an old one")
    .argument("<node>")
    .action(replace);
  asksCluster(command.command("remove"))
    .summary("a voter less")
    .argument("<node>")
    .requiredOption("--yes", "it is meant; nothing is done without")
    .action(remove);
  return command;
};

const nodeOf = (text: string): number =>
  numberOf("the controller's id", text, { min: 0, max: NODE_ID_MAX });

async function show(given: Asked): Promise<void> {
  const cluster = await askedCluster(given);
  const state = await cluster.quorum.describe();
  if (given.json === true) return printJson(state);
  console.log(headWords(state));
  printTable([
    ["CONTROLLER", "ROLE", "EPOCH", "LOG", "LAG", "NOTE"],
    ...state.controllers.map((each) => rowOf(each, state)),
  ]);
}

function headWords(state: QuorumDescription): string {
  const { leader_id: leader, leader_epoch: epoch, high_watermark: end } = state;
  const sleeps = isAsleep(state);
  if (leader < 0)
    return sleeps
      ? "asleep, and led again when somebody wants something"
      : "nobody leads, so nothing can be committed";
  const asleep = sleeps ? "asleep; " : "";
  return `${asleep}controller ${leader} leads in epoch ${epoch}; everything below ${end} is committed`;
}

function rowOf(
  status: ControllerStatus | UnreachableController,
  { voters, observers }: QuorumDescription,
): readonly string[] {
  const id = status.node_id;
  if ("unreachable" in status) return [String(id), "unreachable", "", "", "", status.unreachable];
  const seen = [...voters, ...observers].find(({ replica_id: each }) => each === id);
  const notes = [
    ...(status.tripped === null ? [] : [`tripped: ${status.tripped}`]),
    ...((status.distrusted_voters ?? []).length === 0
      ? []
      : [`distrusts ${status.distrusted_voters?.join(", ")}`]),
    ...(status.is_voter === false ? ["no voter"] : []),
    ...asleepNote(status),
  ];
  return [
    String(id),
    status.active ? "leader, active" : status.role,
    String(status.epoch ?? ""),
    `${status.log_start_offset ?? 0}–${status.log_end_offset ?? 0}`,
    seen === undefined || seen.lag < 0 ? "" : String(seen.lag),
    notes.join("; "),
  ];
}

function asleepNote({ sleep }: ControllerStatus): readonly string[] {
  const since = sleep?.asleep_since_ms ?? null;
  return since === null ? [] : [`asleep since ${new Date(since).toISOString()}`];
}

async function failover(given: Asked): Promise<void> {
  const cluster = await askedCluster(given);
  // Of one that sleeps, the leader may be out of memory: this has it led.
  await progress("asking a majority", cluster.brokers.list({ linearizable: true }));
  const before = await cluster.quorum.describe();
  if (before.leader_id < 0)
    throw new Error("nobody leads now, so there is no leader to restart; kedge quorum shows more");
  const startMs = performance.now();
  await cluster.controllers.restart(before.leader_id);
  const after = await progress("waiting for another to lead", nextLeader());
  const tookMs = Math.round(performance.now() - startMs);
  const [from, to] = [before.leader_id, after.leader_id];
  const sentence = `controller ${from} fell, ${to} leads in epoch ${after.leader_epoch} after ${tookMs} ms`;
  tell(given, { from, to, took_ms: tookMs }, sentence);

  async function nextLeader(): Promise<QuorumDescription> {
    while (performance.now() - startMs < TRIES_MS) {
      const state = await cluster.quorum.describe();
      if (state.leader_id >= 0 && state.leader_epoch > before.leader_epoch) return state;
    }
    throw new Error(`nobody led in another epoch within ${TRIES_MS / 1_000} s`);
  }
}

async function stop(node: string, given: Asked): Promise<void> {
  const id = nodeOf(node);
  const cluster = await askedCluster(given);
  const status = await cluster.controllers.stop(id);
  tell(given, status, `controller ${node}: ${status.role}`);
}

async function start(node: string, given: Asked & { readonly confirm?: string }): Promise<void> {
  const id = nodeOf(node);
  const cluster = await askedCluster(given);
  const { confirm } = given;
  const options = confirm === undefined ? {} : { confirm };
  const status = await cluster.controllers.start(id, options);
  tell(given, status, `controller ${node}: ${status.role}`);
}

async function add(given: Asked & { readonly locationHint?: string }): Promise<void> {
  const cluster = await askedCluster(given);
  const { locationHint } = given;
  const wish = locationHint === undefined ? {} : { location_hint: locationHint };
  const added = await progress("adding a voter", cluster.controllers.add(wish));
  tell(given, added, `controller ${added.node_id} votes, on ${added.host}:${added.port}`);
}

async function replace(node: string, given: Asked): Promise<void> {
  const id = nodeOf(node);
  const cluster = await askedCluster(given);
  const added = await progress(`replacing controller ${node}`, cluster.controllers.replace(id));
  tell(given, added, `controller ${added.node_id} votes in the place of ${node}`);
}

async function remove(node: string, given: Asked): Promise<void> {
  const id = nodeOf(node);
  const cluster = await askedCluster(given);
  const removed = await progress(`removing controller ${node}`, cluster.controllers.remove(id));
  tell(given, removed, `controller ${node}: ${removed.removed ? "votes no more" : "was none"}`);
}
