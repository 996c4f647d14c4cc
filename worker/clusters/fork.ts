/**
 * A fork: a cluster of its own that begins with another one's metadata, as it was at an offset, to rehearse a change
 * against. The state is written as a snapshot, and every node of the fork is given the same bytes before it first boots
 * (`seed`); from there on it is a cluster as any other, whose log goes on from the snapshot's end.
 *
 * Which state it is, is fixed in the directory together with the plan: whoever finishes a fork that broke off gives the
 * rest of the nodes the same.
 */
import type { ClusterEntry, ClusterPlan, ForkOrigin } from "../../durable-objects/cluster-entry.ts";
import { readRefusal } from "../../durable-objects/contract.ts";
import type { SeedEnd } from "../../durable-objects/snapshot-contract.ts";
import { forkWriting } from "../../durable-objects/snapshots/fork-writing.ts";
import type { MetadataImage } from "../../src/metadata/index.ts";
import { clusterKey, reachController, type ControllerCall } from "../channel/controller-calls.ts";
import { statusOfAll } from "../channel/statuses.ts";
import type { Bindings } from "../env.ts";
import { Problem } from "../http/errors.ts";
import { logSource } from "../observer/log-source.ts";
import { nextEvent } from "../observer/next-event.ts";
import { imageAt, newestOffset, wholeImageAt } from "../observer/past-image.ts";
import type { ForkRequest } from "./cluster-requests.ts";
import { findCluster } from "./known-clusters.ts";

/** A partition takes 4 µs to encode: a slice some 8 ms. */
const SLICE_RECORDS = 2_000;

/** The plan of a fork: which state of the other cluster it begins with, and at which feature level it is then. */
export async function forkPlan(
  env: Bindings,
  plan: ClusterPlan,
  fork: ForkRequest,
): Promise<ClusterPlan> {
  const source = await findCluster(env, fork.cluster_id);
  const offset = fork.at_offset ?? (await newestOffset(logSource(env, source)));
  const { image, position } = await imageAt(clusterKey(source), offset, logSource(env, source));
  if (position.offset < 0)
    throw new Problem("INVALID_REQUEST", `at_offset: nothing is whole at ${offset} or below`);
  return {
    ...plan,
    metadata_version: image.features.metadataVersion || source.metadata_version,
    fork_of: {
      cluster_id: source.cluster_id,
      created_ms: source.created_ms,
      offset: position.offset,
      epoch: position.epoch,
      at_offset: fork.at_offset,
    },
  };
}

/** Gives every node of the fork that is not formed yet the state that its log begins after. */
export async function seedFork(
  env: Bindings,
  entry: ClusterEntry,
  origin: ForkOrigin,
): Promise<void> {
  const unformed = await unformedNodes(env, entry);
  if (unformed.length === 0) return;
  const source = await findCluster(env, origin.cluster_id);
  if (source.created_ms !== origin.created_ms) throw anotherSource(entry, origin);
  const { image, position } = await wholeImageAt(
    clusterKey(source),
    origin.offset,
    logSource(env, source),
  );
  const isSame = position.offset === origin.offset && position.epoch === origin.epoch;
  if (!isSame) throw anotherSource(entry, origin);
  await seedNodes(env, entry, { nodeIds: unformed, image });
}

const anotherSource = (entry: ClusterEntry, origin: ForkOrigin): Problem =>
  new Problem(
    "UNKNOWN_CLUSTER",
    `cluster ${origin.cluster_id} is another than the one that ${entry.cluster_id} is a fork of`,
  );

/** The nodes that have no log of their own yet; a `Problem` when one does not say. */
async function unformedNodes(env: Bindings, entry: ClusterEntry): Promise<readonly number[]> {
  const descriptions = await statusOfAll(env, entry);
  return descriptions.flatMap(({ nodeId, status }) => {
    if (typeof status === "string") {
      throw new Problem("CONTROLLER_UNREACHABLE", `controller ${nodeId} was not seeded: ${status}`);
    }
    return status.role === "unformed" ? [nodeId] : [];
  });
}

interface Seeding {
  readonly nodeIds: readonly number[];
  readonly image: MetadataImage;
}

/** The same bytes for all, piece by piece: nothing is held but the piece that is on its way. */
async function seedNodes(
  env: Bindings,
  entry: ClusterEntry,
  { nodeIds, image }: Seeding,
): Promise<void> {
  const writing = forkWriting(image, entry);
  const { endOffset, epoch } = writing.id;
  let position = 0;
  const toAll = (call: Omit<ControllerCall, "nodeId">): Promise<unknown> =>
    Promise.all(nodeIds.map((nodeId) => seedNode(env, entry, { ...call, nodeId })));
  const send = async (bytes: Uint8Array): Promise<void> => {
    const query = { end_offset: endOffset, epoch, position };
    await toAll({ route: "seed", query, body: new Uint8Array(bytes) });
    position += bytes.length;
  };
  await send(writing.header());
  for (let isLast = false; !isLast;) {
    const slice = writing.slice(SLICE_RECORDS);
    for (const batch of slice.batches) await send(batch);
    ({ isLast } = slice);
    await nextEvent();
  }
  const { size, timestampMs } = writing.stored;
  const end: SeedEnd = { end_offset: endOffset, epoch, size, timestamp_ms: timestampMs };
  await toAll({ route: "endSeed", body: JSON.stringify(end) });
}

async function seedNode(env: Bindings, entry: ClusterEntry, call: ControllerCall): Promise<void> {
  const response = await reachController(env, entry, call);
  if (response.ok) {
    await response.body?.cancel();
    return;
  }
  const message = `controller ${call.nodeId} was not seeded: ${await readRefusal(response)}`;
  throw new Problem("CONTROLLER_UNREACHABLE", message);
}
