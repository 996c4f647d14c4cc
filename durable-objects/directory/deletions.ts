/**
 * Deleting clusters, undeleting and wiping them: what is decided is stored first, then said to every node of the
 * cluster, and said again by the alarm until each has confirmed. So a deletion that breaks off anywhere goes on.
 */
import {
  UNDELETE_MS,
  type DeleteRequest,
  type Deletion,
  type UndeleteRequest,
} from "../cluster-deletion.ts";
import type { Told } from "../listed-cluster.ts";
import { randomUuid } from "../random-uuid.ts";
import type { DeletionRow, DeletionStep } from "./cluster-rows.ts";
import {
  AGAIN_MS,
  arm,
  SLICE_CLUSTERS,
  tellNodes,
  type TellingPorts,
  type Words,
} from "./telling.ts";

export class Deletions {
  readonly #ports: TellingPorts;

  constructor(ports: TellingPorts) {
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

  /**
   * Goes on with what is due, a few clusters at a time: tells again who has not confirmed, wipes whose time is over.
   */
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
    arm(this.#ports);
  }

  /** Says to every node what is decided, and takes the next step if all have confirmed. */
  async #tell(clusterId: string): Promise<Told | null> {
    const { rows } = this.#ports;
    const listed = rows.get(clusterId);
    const row = rows.deletion(clusterId);
    if (listed === null) return null;
    if (row === null) return { listed, unconfirmed: [] };
    const words = wordsOf(row.step, listed.cluster.created_ms, row.deletion);
    const unconfirmed = await tellNodes(this.#ports, listed.cluster, words);
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
    arm(this.#ports);
  }
}

/** What a node is told at a step. */
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
