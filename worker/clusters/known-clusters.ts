/**
 * The cluster that a request is about. What its entry says never changes while it lives, but for the tokens that are
 * revoked and what was changed of its settings. So an isolate remembers it, and asks the cluster's own controllers from
 * time to time whether it is still so. The directory is asked by isolates that do not know the cluster, and when no
 * controller says. It may be slow, reset or gone: then who knows the cluster goes on, and who does not asks the
 * controllers that a request names or that a cluster has by default.
 *
 * No object is woken for an id of another form, and one that is not there is asked for once in a while only.
 */
import { isClusterEntry, type ClusterEntry } from "../../durable-objects/cluster-entry.ts";
import { newerChanges } from "../../durable-objects/cluster-settings.ts";
import { readJson } from "../../durable-objects/contract.ts";
import type { ListedCluster } from "../../durable-objects/listed-cluster.ts";
import { isUuidText } from "../../durable-objects/random-uuid.ts";
import { likelyActive } from "../channel/active.ts";
import { callController, clusterKey, nodeIdsOf } from "../channel/controller-calls.ts";
import { within } from "../channel/within.ts";
import type { Bindings } from "../env.ts";
import { Problem } from "../http/errors.ts";
import { SharedWork } from "../observer/shared-work.ts";
import { Recent } from "../recent.ts";
import { IDS } from "../http/fields.ts";
import { DEFAULT_NODE_IDS } from "./cluster-requests.ts";
import { lookIntoDirectory, requireListed, unknownCluster } from "./directory.ts";

/** For how long an entry is believed unasked. Controllers of a deleted cluster refuse at once. */
const FRESH_MS = 10_000;
/**
 * While one request asks, others go on with what is known for so long, or wait for its answer where that is too old.
 * It may be given up meanwhile; otherwise it is done by then, whoever does not answer.
 */
const ASKING_MS = 2_500;
/** For how long an id is not asked for again after it was not found: so late may a new cluster be seen elsewhere. */
const MISS_MS = 3_000;
/** The same where nobody could say: after a deploy all objects are reset at once, and are back soon. */
const UNSAID_MS = 1_000;
/** A controller that says nothing for so long is not waited for alone. */
const ALONE_MS = 250;
const CONTROLLER_MS = 1_000;
const KNOWN_MAX = 1_000;
const MISSES_MAX = 10_000;
const LOOKS_MAX = 1_000;
/** So often a request waits for others that bring nothing; then it asks by itself. */
const LOOKED_MAX = 3;

interface Known {
  readonly entry: ClusterEntry;
  readonly checkedMs: number;
  /** When a request last began to ask. */
  readonly askedMs: number;
}

interface Miss extends Pick<Problem, "kind" | "message" | "details"> {
  readonly untilMs: number;
}

const known = new Recent<Known>(KNOWN_MAX);
const misses = new Recent<Miss>(MISSES_MAX);

/** One request asks for all that come meanwhile. None is given what was asked earlier than it would believe unasked. */
const looks = new SharedWork({ worksMax: LOOKS_MAX, stalledMs: ASKING_MS });

/** The cluster of that id; a `Problem` when there is none. `path` may name one of its controllers. */
export async function findCluster(
  env: Bindings,
  clusterId: string,
  path = "",
): Promise<ClusterEntry> {
  if (!isUuidText(clusterId)) throw unknownCluster(clusterId);
  const nodeId = nodeIdIn(path);
  const ask = (): Promise<ClusterEntry> => look(env, clusterId, nodeId);
  for (let looked = 0; looked < LOOKED_MAX; looked += 1) {
    const entry = remembered(clusterId);
    if (entry !== undefined) return entry;
    const name = nameOfLook(clusterId, nodeId);
    const found = await looks.run(name, ask, { keepAlive: env.KEEP_ALIVE });
    if (found !== undefined) return found;
  }
  return await ask();
}

/** What an isolate knows and need not ask; throws the refusal of what was not found. */
function remembered(clusterId: string): ClusterEntry | undefined {
  const nowMs = Date.now();
  const kept = known.get(clusterId);
  if (kept !== undefined && isFresh(kept, nowMs)) return kept.entry;
  const miss = misses.get(clusterId);
  if (miss === undefined || nowMs >= miss.untilMs) return undefined;
  throw new Problem(miss.kind, miss.message, { details: miss.details });
}

/**
 * What is asked for all. Of a cluster that is not known, and that the directory may not name, only who names one of its
 * controllers finds it if they have other ids than the default ones: nobody is given the answer of those who do not.
 */
const nameOfLook = (clusterId: string, nodeId: number | undefined): string =>
  nodeId === undefined || DEFAULT_NODE_IDS.includes(nodeId) || known.get(clusterId) !== undefined
    ? clusterId
    : `${clusterId}/${nodeId}`;

/** Asks for the cluster, of which nothing is known that is young enough, and remembers what is said. */
async function look(
  env: Bindings,
  clusterId: string,
  nodeId: number | undefined,
): Promise<ClusterEntry> {
  const nowMs = Date.now();
  const kept = known.get(clusterId);
  // Those that come meanwhile go on with what is known.
  if (kept !== undefined) known.set(clusterId, { ...kept, askedMs: nowMs });
  const forgotten = forgets;
  try {
    const found =
      kept === undefined
        ? await findUnknown(env, clusterId, nodeId)
        : await findAgain(env, kept.entry);
    // Another may have asked besides, and have heard what is newer.
    const last = known.get(clusterId) ?? kept;
    const entry = last === undefined ? found : withNewer(found, last.entry);
    // What was forgotten meanwhile may be newer than what was said.
    if (forgets === forgotten) known.set(clusterId, { entry, checkedMs: nowMs, askedMs: nowMs });
    misses.delete(clusterId);
    return entry;
  } catch (error) {
    known.delete(clusterId);
    if (error instanceof Problem) keepMiss(clusterId, error);
    throw error;
  }
}

/** A request that was given up while it asked leaves what is kept as old as it is: nobody keeps it fresh that way. */
const isFresh = ({ checkedMs, askedMs }: Known, nowMs: number): boolean =>
  nowMs - checkedMs < FRESH_MS ||
  (nowMs - askedMs < ASKING_MS && nowMs - checkedMs < FRESH_MS + ASKING_MS);

/** Who is asked may not have heard yet of a revocation, or of a change of settings, that is known here. */
function withNewer(found: ClusterEntry, kept: ClusterEntry): ClusterEntry {
  if (kept.created_ms !== found.created_ms) return found;
  const { access } = kept;
  const isNewer = access !== undefined && access.version > (found.access?.version ?? 0);
  const changes = newerChanges(found.setting_changes, kept.setting_changes);
  return {
    ...found,
    ...(isNewer ? { access } : {}),
    ...(changes === undefined ? {} : { setting_changes: changes }),
  };
}

/** How often something was. */
let forgets = 0;

/** What this isolate knows of the cluster is no longer so. */
export function forgetCluster(clusterId: string): void {
  forgets += 1;
  known.delete(clusterId);
  misses.delete(clusterId);
}

/** Requests to come are refused alike, without asking. A cluster that is not formed yet may be at any moment. */
function keepMiss(clusterId: string, { kind, message, details }: Problem): void {
  if (kind === "NO_ACTIVE_CONTROLLER") return;
  const forMs = kind === "DIRECTORY_UNREACHABLE" ? UNSAID_MS : MISS_MS;
  misses.set(clusterId, { kind, message, details, untilMs: Date.now() + forMs });
}

/** Whether a cluster that is known is still there: its controllers say so, or the directory, or nobody does. */
async function findAgain(env: Bindings, kept: ClusterEntry): Promise<ClusterEntry> {
  const { cluster_id: clusterId } = kept;
  const first = likelyActive(clusterKey(kept), nodeIdsOf(kept));
  const said = await askControllers(env, kept, [first, ...nodeIdsOf(kept)]);
  if (said.kind === "entry") return said.entry;
  const listed = await lookUp(env, clusterId);
  if (!(listed instanceof Problem)) return formed(clusterId, listed);
  if (said.kind === "deleted") throw said.problem;
  return kept;
}

/** A cluster that this isolate does not know. Without the directory, any of its controllers knows it. */
async function findUnknown(
  env: Bindings,
  clusterId: string,
  named: number | undefined,
): Promise<ClusterEntry> {
  const listed = await lookUp(env, clusterId);
  if (!(listed instanceof Problem)) return formed(clusterId, listed);
  const likely = named === undefined ? DEFAULT_NODE_IDS : [named, ...DEFAULT_NODE_IDS];
  // Only the entry says in which jurisdiction it is: asked are objects of none, and one that has one is not found so.
  const said = await askControllers(env, { cluster_id: clusterId }, likely);
  if (said.kind === "entry") return said.entry;
  throw said.kind === "deleted" ? said.problem : listed;
}

/** What the directory lists, or why it did not say. */
async function lookUp(env: Bindings, clusterId: string): Promise<ListedCluster | null | Problem> {
  try {
    return await lookIntoDirectory(env, (directory) => directory.get(clusterId));
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
}

function formed(clusterId: string, found: ListedCluster | null): ClusterEntry {
  const listed = requireListed(clusterId, found);
  if (listed.state !== "planned") return listed.cluster;
  throw new Problem(
    "NO_ACTIVE_CONTROLLER",
    `cluster ${clusterId} is not formed; if its creation broke off, send that again, or delete it`,
  );
}

type Said =
  | { readonly kind: "entry"; readonly entry: ClusterEntry }
  | { readonly kind: "deleted"; readonly problem: Problem }
  | { readonly kind: "nothing" };

/** What must be known of a cluster to ask its controllers. */
type Asked = Pick<ClusterEntry, "cluster_id" | "jurisdiction">;

/** What the controllers of these ids say of their cluster: the first is asked, and soon all. Any that knows will do. */
async function askControllers(
  env: Bindings,
  cluster: Asked,
  nodeIds: readonly number[],
): Promise<Said> {
  const asks = new Map<number, Promise<Said>>();
  for (const nodeId of new Set(nodeIds)) {
    const asked = askController(env, cluster, nodeId);
    asks.set(nodeId, asked);
    if (asks.size > 1) continue;
    const early = await within(ALONE_MS, asked).catch(() => undefined);
    if (early?.kind === "entry") return early;
  }
  const all = [...asks.values()];
  const entry = await Promise.any(all.map(entryOnly)).catch(() => undefined);
  if (entry !== undefined) return entry;
  return (await Promise.all(all)).find(({ kind }) => kind === "deleted") ?? { kind: "nothing" };
}

async function entryOnly(asked: Promise<Said>): Promise<Said> {
  const said = await asked;
  if (said.kind !== "entry") throw new Error("no entry");
  return said;
}

/** Never throws: a controller that does not answer says nothing. */
async function askController(env: Bindings, cluster: Asked, nodeId: number): Promise<Said> {
  try {
    const call = callController(env, cluster, { nodeId, route: "entry" });
    const response = await within(CONTROLLER_MS, call);
    if (response.ok) return { kind: "entry", entry: await readJson(response, isClusterEntry) };
    await response.body?.cancel();
    return { kind: "nothing" };
  } catch (error) {
    if (error instanceof Problem && error.kind === "CLUSTER_DELETED")
      return { kind: "deleted", problem: error };
    return { kind: "nothing" };
  }
}

/** The controller that a path below a cluster names, as `/controllers/3000/frames` does. */
function nodeIdIn(path: string): number | undefined {
  const [, text] = /\/controllers\/(\d{1,10})(?:[/:]|$)/.exec(path) ?? [];
  const nodeId = Number(text ?? -1);
  return nodeId >= 0 && nodeId <= IDS.max ? nodeId : undefined;
}
