/**
 * Voters that come and go (KIP-853). The log of the cluster decides who votes; the directory gives a node that is to
 * join its id and place, and wipes one that has left. What is done here is derived from those two each time, so a call
 * that broke off anywhere is finished by making it again.
 */
import {
  errorName,
  METADATA_TOPIC_ID,
  RemoveRaftVoter,
  type Uuid,
} from "../../src/protocol/index.ts";
import type { Bearer } from "../../durable-objects/bearer.ts";
import {
  nodesOf,
  type ClusterEntry,
  type ControllerEntry,
  type PlannedController,
} from "../../durable-objects/cluster-entry.ts";
import {
  readRefusal,
  type ControllerStatus,
  type JoinRequest,
} from "../../durable-objects/contract.ts";
import type { NodeWish, Unconfirmed } from "../../durable-objects/listed-cluster.ts";
import { assertMayAlter } from "../channel/cluster-permission.ts";
import { nodeIdsOf, reachController } from "../channel/controller-calls.ts";
import { callKafka } from "../channel/kafka-calls.ts";
import { QUORUM_CALL, quorumViewIn, type QuorumView } from "../channel/quorum-view.ts";
import { statusOf } from "../channel/statuses.ts";
import type { Bindings } from "../env.ts";
import { Problem } from "../http/errors.ts";
import { observe } from "../observer/metadata-read.ts";
import { admitted, clusterWith, removedFounder, unknownNode } from "./admission.ts";
import { changeDirectory } from "./directory.ts";
import { forgetCluster } from "./known-clusters.ts";
import { prepare } from "./preparation.ts";

/** More voters make a quorum no safer, only slower: seven survive the loss of three. */
const VOTERS_MAX = 7;
const PAUSE_MS = 100;

/** The voters, as the leader knows them. */
type Voters = QuorumView["currentVoters"];

/** How a change is asked for. */
export interface ChangeRequest {
  readonly bearer: Bearer;
  /** For how long to wait for it, in ms. */
  readonly waitMs: number;
}

/** A node that joins, and how far it has come. */
export interface Joining {
  readonly node: ControllerEntry;
  readonly isVoter: boolean;
  readonly status: ControllerStatus | null;
}

/** Has a node join the quorum, and waits for a while until it votes. */
export async function addVoter(
  env: Bindings,
  entry: ClusterEntry,
  wish: NodeWish,
  { bearer, waitMs }: ChangeRequest,
): Promise<Joining> {
  const untilMs = Date.now() + waitMs;
  await assertMayAlter(env, entry, bearer);
  const voters = await votersOf(env, entry, bearer);
  return await letIn(env, entry, wish, { voters, untilMs });
}

/** Removes a voter, or a node that has not become one, and has its object wiped. Who could not be told of that. */
export async function removeVoter(
  env: Bindings,
  entry: ClusterEntry,
  nodeId: number,
  { bearer, waitMs }: ChangeRequest,
): Promise<readonly Unconfirmed[]> {
  const untilMs = Date.now() + waitMs;
  await assertMayAlter(env, entry, bearer);
  return await letGo(env, entry, nodeId, { bearer, untilMs });
}

/**
 * Has another node take the place of a voter: it joins, and then the other leaves. One whose storage is gone comes back
 * under its own id with the storage that it has now, and its old entry goes first, for a set has an id once.
 */
export async function replaceVoter(
  env: Bindings,
  entry: ClusterEntry,
  { nodeId, wish }: { readonly nodeId: number; readonly wish: NodeWish },
  { bearer, waitMs }: ChangeRequest,
): Promise<Joining> {
  const untilMs = Date.now() + waitMs;
  await assertMayAlter(env, entry, bearer);
  const voters = await votersOf(env, entry, bearer);
  const listed = voters.find((voter) => voter.replicaId === nodeId);
  const present = nodesOf(entry).find((node) => node.node_id === nodeId);
  const isElsewhere = Object.keys(wish).length > 0;
  if (!isElsewhere && present !== undefined && listed !== undefined) {
    const directoryId = await prepare(env, entry, nodeId);
    if (directoryId !== listed.replicaDirectoryId) {
      const others = voters.filter((voter) => voter !== listed);
      const own = await join(env, entry, { node: present, voters: others });
      return await untilVoter(env, { cluster: entry, own, untilMs });
    }
  }
  const joining = await letIn(env, entry, { ...wish, replaces: nodeId }, { voters, untilMs });
  if (joining.isVoter) await letGo(env, entry, nodeId, { bearer, untilMs });
  return joining;
}

/** Who votes now. A `Problem` when nobody can say, for what follows from an empty list would be wrong. */
async function votersOf(env: Bindings, entry: ClusterEntry, bearer: Bearer): Promise<Voters> {
  const { response } = await callKafka(env, entry, { ...QUORUM_CALL, bearer });
  const view = quorumViewIn(response, bearer);
  if (view !== undefined) return view.currentVoters;
  const message = "no leader could say who votes; send the request again";
  throw new Problem("UNCONFIRMED", message);
}

async function letIn(
  env: Bindings,
  entry: ClusterEntry,
  wish: NodeWish,
  { voters, untilMs }: { readonly voters: Voters; readonly untilMs: number },
): Promise<Joining> {
  const known = voters.find(({ replicaId }) => replicaId === wish.node_id);
  if (voters.length >= VOTERS_MAX && known === undefined && wish.replaces === undefined)
    throw new Problem("VOTERS_UNCHANGED", `a quorum has at most ${VOTERS_MAX} voters`);
  if (wish.node_id !== undefined) await assertNoBroker(env, entry, wish.node_id);
  const founder = known === undefined ? await removedFounder(env, entry, wish.node_id) : null;
  const { node, cluster } = founder ?? (await admitted(env, entry, wish));
  if (wish.node_id === undefined) await assertNoBroker(env, entry, node.node_id);
  const own = await join(env, cluster, { node, voters });
  return await untilVoter(env, { cluster, own, untilMs });
}

async function letGo(
  env: Bindings,
  entry: ClusterEntry,
  nodeId: number,
  by: { readonly bearer: Bearer; readonly untilMs: number },
): Promise<readonly Unconfirmed[]> {
  // Another node may lead by the time that this one is gone, so all of them are asked.
  const cluster = (await clusterWith(env, entry, nodeId)) ?? entry;
  await removeFromLog(env, cluster, nodeId, by);
  const unconfirmed = await changeDirectory(env, (directory) =>
    directory.dismiss(entry.cluster_id, nodeId),
  );
  forgetCluster(entry.cluster_id);
  if (unconfirmed === null) throw unknownNode(entry, nodeId);
  return unconfirmed;
}

async function assertNoBroker(env: Bindings, entry: ClusterEntry, nodeId: number): Promise<void> {
  const { image } = await observe(env, entry, {});
  if (!image.cluster.brokers.has(nodeId)) return;
  throw new Problem("NODE_ID_TAKEN", `${nodeId} is the id of a broker; name another node_id`);
}

/** Makes the node an observer that asks to be a voter as soon as it has caught up. Made again, it changes nothing. */
async function join(
  env: Bindings,
  cluster: ClusterEntry,
  { node, voters }: { readonly node: PlannedController; readonly voters: Voters },
): Promise<ControllerEntry> {
  const { node_id: nodeId } = node;
  const own = { ...node, directory_id: await prepare(env, cluster, nodeId) };
  const servers = voters.map((voter) => voter.replicaId).filter((id) => id !== nodeId);
  const request: JoinRequest = { cluster, own, servers };
  const body = JSON.stringify(request);
  const response = await reachController(env, cluster, { nodeId, route: "join", body });
  if (!response.ok) {
    const message = `controller ${nodeId} cannot join: ${await readRefusal(response)}`;
    throw new Problem("CONTROLLER_UNREACHABLE", message);
  }
  await response.body?.cancel();
  return own;
}

async function untilVoter(
  env: Bindings,
  {
    cluster,
    own,
    untilMs,
  }: { readonly cluster: ClusterEntry; readonly own: ControllerEntry; readonly untilMs: number },
): Promise<Joining> {
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- asked again until it votes
    const status = await statusNow(env, cluster, own.node_id);
    const isVoter = status !== null && "is_voter" in status && status.is_voter;
    if (isVoter) {
      // oxlint-disable-next-line no-await-in-loop -- once
      await changeDirectory(env, (directory) => directory.markJoined(cluster.cluster_id, own));
      forgetCluster(cluster.cluster_id);
    }
    if (isVoter || Date.now() >= untilMs) return { node: own, isVoter, status };
    // oxlint-disable-next-line no-await-in-loop -- as above
    await pause();
  }
}

/** Null while it does not answer: it may be reset in between. */
async function statusNow(
  env: Bindings,
  cluster: ClusterEntry,
  nodeId: number,
): Promise<ControllerStatus | null> {
  try {
    const status = await statusOf(env, cluster, nodeId);
    return typeof status === "string" ? null : status;
  } catch (error) {
    if (error instanceof Problem) throw error;
    return null;
  }
}

/**
 * Has the set in the log list the node no more, and sees to it that no change which is under way lists it again: a node
 * that joins asks for that itself, and may have asked. It is stopped first, so no leader finds it ready any more
 * (M-3); and a leader that finds nobody to remove has no change under way (M-2).
 */
async function removeFromLog(
  env: Bindings,
  entry: ClusterEntry,
  nodeId: number,
  by: { readonly bearer: Bearer; readonly untilMs: number },
): Promise<void> {
  for (let isUnlisted = false; ;) {
    // oxlint-disable-next-line no-await-in-loop -- another change may be under way, and is waited for
    const voters = await votersOf(env, entry, by.bearer);
    const voter = voters.find((each) => each.replicaId === nodeId);
    if (voter === undefined && isUnlisted) return;
    if (voter !== undefined && voters.length === 1)
      throw new Problem("VOTERS_UNCHANGED", `controller ${nodeId} is the last voter, and stays`);
    // oxlint-disable-next-line no-await-in-loop -- as above
    if (voter === undefined) await halt(env, entry, nodeId);
    const directoryId = voter?.replicaDirectoryId ?? DIRECTORY_OF_NONE;
    // oxlint-disable-next-line no-await-in-loop -- as above
    const { error, reason } = await removeKey(env, entry, { nodeId, directoryId }, by.bearer);
    isUnlisted = voter === undefined && error === "VOTER_NOT_FOUND";
    if (error === "NONE" || isUnlisted) continue;
    if (Date.now() >= by.untilMs)
      throw new Problem("OUTCOME_UNKNOWN", `${error}: ${reason} Send the request again.`);
    // oxlint-disable-next-line no-await-in-loop -- as above
    await pause();
  }
}

/** No storage ever has this id; Kafka keeps it for something else. */
const DIRECTORY_OF_NONE = METADATA_TOPIC_ID;

/** Asks the leader to remove one key from the set. A `Problem` when it refuses for good. */
async function removeKey(
  env: Bindings,
  entry: ClusterEntry,
  { nodeId, directoryId }: { readonly nodeId: number; readonly directoryId: Uuid },
  bearer: Bearer,
): Promise<{
  readonly error: "NONE" | "VOTER_NOT_FOUND" | "REQUEST_TIMED_OUT";
  readonly reason: string;
}> {
  const { cluster_id: clusterId } = entry;
  const request = { clusterId, voterId: nodeId, voterDirectoryId: directoryId };
  const call = { api: RemoveRaftVoter, version: 0, request, bearer };
  const { response } = await callKafka(env, entry, call);
  const error = errorName(response.errorCode);
  const reason = response.errorMessage ?? "no reason given";
  if (error === "NONE" || error === "VOTER_NOT_FOUND" || error === "REQUEST_TIMED_OUT")
    return { error, reason };
  throw new Problem("VOTERS_UNCHANGED", `${error}: ${reason}`);
}

/** Stops a node of the cluster that does not vote. One that cannot be reached is told when it is wiped. */
async function halt(env: Bindings, entry: ClusterEntry, nodeId: number): Promise<void> {
  if (!nodeIdsOf(entry).includes(nodeId)) return;
  try {
    const response = await reachController(env, entry, { nodeId, route: "stop" });
    await response.body?.cancel();
  } catch (error) {
    if (!(error instanceof Problem) || error.kind !== "CONTROLLER_UNREACHABLE") throw error;
  }
}

const pause = (): Promise<void> => new Promise((settle) => setTimeout(settle, PAUSE_MS));
