/**
 * Deleting clusters, undeleting and wiping them: what is decided is stored first, then said to every node of the
 * cluster, and said again by the alarm until each has confirmed. So a deletion that breaks off anywhere goes on.
 */
import {
  UNDELETE_MS,
  type DeleteRequest,
  type Deletion,
  type UndeleteRequest,
  type WipeQuery,
} from "../cluster-deletion.ts";
import { controllerName, nodesOf, type ClusterEntry } from "../cluster-entry.ts";
import { ROUTES, STATUS, readRefusal, urlOf } from "../contract.ts";
import type { ListedCluster, Told, Unconfirmed } from "../listed-cluster.ts";
import { randomUuid } from "../random-uuid.ts";
import type { ClusterRows, DeletionRow, DeletionStep } from "./cluster-rows.ts";

/** A node that has not answered by then is told again later. */
const NODE_MS = 5_000;
/** How long a node that did not confirm is left alone. */
const AGAIN_MS = 30_000;
/** So many clusters at one alarm, of five nodes at most each. */
const SLICE_CLUSTERS = 10;

interface ControllerObject {
  fetch(url: string, init: RequestInit): Promise<Response>;
}

interface ControllerObjects {
  getByName(name: string): ControllerObject;
}

export interface DeletionPorts {
  readonly rows: ClusterRows;
  /** The objects among which a cluster's are. */
  readonly controllersOf: (cluster: Pick<ClusterEntry, "jurisdiction">) => ControllerObjects;
  /** Calls `resume` at that time or later. */
  readonly setAlarm: (atMs: number) => void;
  /** Milliseconds since the Unix epoch. */
  readonly clock: () => number;
}

export class Deletions {
  readonly #ports: DeletionPorts;

  constructor(ports: DeletionPorts) {
    this.#ports = ports;
  }

  /** Deletes a cluster for the time being; one that is deleted already stays so. Null when there is none. */
  async delete(clusterId: string): Promise<Told | null> {
    const { rows, clock } = this.#ports;
    if (rows.get(clusterId) === null) return null;
    const present = rows.deletion(clusterId);
    if (present === null || present.step === "undeleting")
      this.#write(clusterId, { deletion: newDeletion(clock()), step: "deleting" });
    return await this.#tell(clusterId);
  }

  /** Brings a cluster back. Null when there is none, or when its time is over. */
  async undelete(clusterId: string): Promise<Told | null> {
    const { rows, clock } = this.#ports;
    const present = rows.deletion(clusterId);
    if (present !== null && present.step !== "undeleting") {
      const isOver = present.deletion.undelete_until_ms <= clock();
      if (present.step === "wiping" || isOver) return null;
      this.#write(clusterId, { deletion: present.deletion, step: "undeleting" });
    }
    return await this.#tell(clusterId);
  }

  /** Wipes a cluster now, whether it was deleted before or not. Null when there is none. */
  async purge(clusterId: string): Promise<Told | null> {
    const { rows, clock } = this.#ports;
    if (rows.get(clusterId) === null) return null;
    const nowMs = clock();
    const deletion = rows.deletion(clusterId)?.deletion ?? newDeletion(nowMs);
    const ended = { ...deletion, undelete_until_ms: Math.min(deletion.undelete_until_ms, nowMs) };
    this.#write(clusterId, { deletion: ended, step: "wiping" });
    return await this.#tell(clusterId);
  }

  /** Goes on with what is due, a few clusters at a time: tells again who has not confirmed, wipes whose time is over. */
  async resume(): Promise<void> {
    const { rows, clock } = this.#ports;
    for (const clusterId of rows.dueBy(clock(), SLICE_CLUSTERS)) {
      const row = rows.deletion(clusterId);
      const isOver = row !== null && row.deletion.undelete_until_ms <= clock();
      if (isOver && row.step !== "undeleting")
        this.#write(clusterId, { deletion: row.deletion, step: "wiping" });
      // oxlint-disable-next-line no-await-in-loop -- one cluster after the other bounds what is under way
      await this.#tell(clusterId);
    }
    this.#arm();
  }

  /** Says to every node what is decided, and takes the next step if all have confirmed. */
  async #tell(clusterId: string): Promise<Told | null> {
    const { rows } = this.#ports;
    const listed = rows.get(clusterId);
    const row = rows.deletion(clusterId);
    if (listed === null) return null;
    if (row === null) return { listed, unconfirmed: [] };
    const answers = await Promise.all(
      nodesOf(listed.cluster).map(({ node_id: nodeId }) => this.#tellNode(listed, row, nodeId)),
    );
    const unconfirmed = answers.flatMap((answer) => answer ?? []);
    // Another decision may have come meanwhile, or another call may have been faster.
    const now = rows.deletion(clusterId);
    if (now?.step !== row.step || now.deletion.deletion_id !== row.deletion.deletion_id)
      return { listed, unconfirmed };
    if (unconfirmed.length > 0) this.#write(clusterId, row);
    else this.#advance(clusterId, row);
    return { listed: rows.get(clusterId) ?? listed, unconfirmed };
  }

  #advance(clusterId: string, { deletion, step }: DeletionRow): void {
    const { rows } = this.#ports;
    switch (step) {
      case "deleting":
      case "deleted":
        return this.#store(clusterId, {
          deletion,
          step: "deleted",
          dueMs: deletion.undelete_until_ms,
        });
      case "undeleting":
        return rows.endDeletion(clusterId);
      case "wiping":
        return rows.remove(clusterId);
    }
  }

  /** Stores a decision, which nodes are about to be told: the alarm goes on with that if this breaks off. */
  #write(clusterId: string, decided: Omit<DeletionRow, "dueMs">): void {
    this.#store(clusterId, { ...decided, dueMs: this.#ports.clock() + AGAIN_MS });
  }

  #store(clusterId: string, row: DeletionRow): void {
    this.#ports.rows.writeDeletion(clusterId, row);
    this.#arm();
  }

  #arm(): void {
    const { rows, clock, setAlarm } = this.#ports;
    const dueMs = rows.nextDueMs();
    if (dueMs !== null) setAlarm(Math.max(dueMs, clock() + 1));
  }

  /** Null once the node has confirmed. */
  async #tellNode(
    { cluster }: ListedCluster,
    { deletion, step }: DeletionRow,
    nodeId: number,
  ): Promise<Unconfirmed | null> {
    const { route, body = null, query } = wordsOf(step, cluster.created_ms, deletion);
    try {
      const name = controllerName(cluster.cluster_id, nodeId);
      const stub = this.#ports.controllersOf(cluster).getByName(name);
      const response = await stub.fetch(urlOf(route, query), {
        method: ROUTES[route].method,
        body,
        signal: AbortSignal.timeout(NODE_MS),
      });
      // One that belongs to another cluster by now has nothing of this one.
      if (response.ok || response.status === STATUS.conflict) {
        await response.body?.cancel();
        return null;
      }
      return { node_id: nodeId, reason: await readRefusal(response) };
    } catch (error) {
      return { node_id: nodeId, reason: error instanceof Error ? error.message : String(error) };
    }
  }
}

/** What a node is told at a step. */
interface Words {
  readonly route: "delete" | "undelete" | "wipe";
  readonly body?: string;
  readonly query?: WipeQuery;
}

function wordsOf(step: DeletionStep, createdMs: number, deletion: Deletion): Words {
  switch (step) {
    case "deleting":
    case "deleted":
      return {
        route: "delete",
        body: JSON.stringify({ created_ms: createdMs, deletion } satisfies DeleteRequest),
      };
    case "undeleting":
      return {
        route: "undelete",
        body: JSON.stringify({
          created_ms: createdMs,
          deletion_id: deletion.deletion_id,
        } satisfies UndeleteRequest),
      };
    case "wiping":
      return { route: "wipe", query: { created_ms: createdMs } };
  }
}

const newDeletion = (nowMs: number): Deletion => ({
  deletion_id: randomUuid(),
  deleted_ms: nowMs,
  undelete_until_ms: nowMs + UNDELETE_MS,
});
