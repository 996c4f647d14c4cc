/**
 * The one object that lists the clusters of a deployment. It holds no other state of theirs: losing it loses
 * a list, never a log. Its methods are called over the platform's RPC. What goes on without it is in
 * `worker/clusters/directory.ts`.
 */
import { DurableObject } from "cloudflare:workers";
import type { Revocation, Revocations as RevocationsIn } from "../src/access/index.ts";
import type { BootstrapUser } from "./bootstrap-users.ts";
import {
  fixVoters,
  type ClusterEntry,
  type ClusterPlan,
  type ControllerEntry,
} from "./cluster-entry.ts";
import { ClusterRows } from "./directory/cluster-rows.ts";
import { Deletions } from "./directory/deletions.ts";
import { Members } from "./directory/members.ts";
import { Revocations } from "./directory/revocations.ts";
import { Settings } from "./directory/settings.ts";
import type { TellingPorts } from "./directory/telling.ts";
import type { SettingWish } from "./cluster-settings.ts";
import { objectsOf } from "./jurisdictions.ts";
import type {
  Admission,
  ClusterOwner,
  Creation,
  ListedCluster,
  NodeWish,
  Revoked,
  Told,
  Unconfirmed,
} from "./listed-cluster.ts";

/** A bound on a list that is read whole; far above what one deployment has been seen to hold. */
const CLUSTERS_MAX = 10_000;

export class ClusterDirectory extends DurableObject {
  readonly #rows: ClusterRows;
  readonly #deletions: Deletions;
  readonly #revocations: Revocations;
  readonly #members: Members;
  readonly #settings: Settings;

  constructor(state: DurableObjectState, env: Cloudflare.Env) {
    super(state, env);
    this.#rows = new ClusterRows(state.storage.sql);
    const ports: TellingPorts = {
      rows: this.#rows,
      controllersOf: (cluster) => objectsOf(env.CONTROLLERS, cluster),
      setAlarm: (atMs) => void state.storage.setAlarm(atMs),
      clock: () => Date.now(),
    };
    this.#deletions = new Deletions(ports);
    this.#revocations = new Revocations(ports);
    this.#members = new Members(ports);
    this.#settings = new Settings(ports);
  }

  override async alarm(): Promise<void> {
    await Promise.all([
      this.#deletions.resume(),
      this.#revocations.resume(),
      this.#members.resume(),
      this.#settings.resume(),
    ]);
  }

  /** Every cluster whose voters are fixed and that is not deleted, by id, without what is revoked there. */
  list(): ClusterEntry[] {
    return this.#rows
      .list("live")
      .flatMap(({ state, cluster }) => (state === "planned" ? [] : [cluster]));
  }

  /** Every cluster that is deleted and not wiped yet, by id. */
  listDeleted(): readonly ListedCluster[] {
    return this.#rows.list("deleted");
  }

  get(clusterId: string): ListedCluster | null {
    const listed = this.#rows.get(clusterId);
    return listed === null ? null : this.#revocations.shown(listed);
  }

  /**
   * Lists a plan, with the SCRAM users that the cluster begins with, unless its id is taken, by a cluster that is
   * deleted perhaps, or there are too many.
   */
  create(
    plan: ClusterPlan,
    by: ClusterOwner | null = null,
    users: readonly BootstrapUser[] = [],
  ): Creation {
    const { cluster_id: clusterId } = plan;
    const present = this.get(clusterId);
    if (present !== null)
      return { outcome: "present", listed: present, users: this.#rows.users.of(clusterId) };
    if (this.#rows.count() >= CLUSTERS_MAX) return { outcome: "full", max: CLUSTERS_MAX };
    if (by !== null && this.#rows.countOf(by.owner) >= by.ownerMax)
      return { outcome: "owner-full", max: by.ownerMax };
    const listed: ListedCluster = { state: "planned", cluster: plan };
    this.#rows.insert(listed, by?.owner ?? null);
    this.#rows.users.insert(clusterId, users);
    return { outcome: "created", listed, users };
  }

  /**
   * Fixes who the initial voters are, once: a later call is answered with what was fixed first, whatever the nodes say
   * by then. Null when the cluster is not listed, or is deleted, or a node has no id.
   */
  fix(clusterId: string, directoryIds: Readonly<Record<string, string>>): ClusterEntry | null {
    const listed = this.get(clusterId);
    if (listed === null || listed.deletion !== undefined) return null;
    if (listed.state !== "planned") return listed.cluster;
    const drawn = Object.entries(directoryIds).map(
      ([id, drawnId]) => [Number(id), drawnId] as const,
    );
    const cluster = fixVoters(listed.cluster, new Map(drawn));
    if (cluster === null) return null;
    const forming = { state: "forming", cluster } as const;
    this.#rows.update(forming);
    return this.#revocations.shown(forming).cluster;
  }

  /** From now on no node without its storage is formed under its old key. */
  markFormed(clusterId: string): void {
    const listed = this.#rows.get(clusterId);
    if (listed?.state !== "forming") return;
    this.#rows.update({ state: "formed", cluster: listed.cluster });
    this.#settings.tellAgain(clusterId);
  }

  /** Gives a node that is to join a cluster its place; null when there is no such cluster, or it is not formed. */
  admit(clusterId: string, wish: NodeWish): Admission | null {
    return this.#members.admit(clusterId, wish);
  }

  /** The node votes now, with the storage that is said. */
  markJoined(clusterId: string, own: ControllerEntry): void {
    this.#members.joined(clusterId, own);
    this.#settings.tellAgain(clusterId);
  }

  /** The node has left: its object is wiped. Who has not confirmed that yet; null when there is no such node. */
  async dismiss(clusterId: string, nodeId: number): Promise<readonly Unconfirmed[] | null> {
    return await this.#members.dismiss(clusterId, nodeId);
  }

  /** Changes the settings of a cluster; null when there is none, or none with voters. */
  async changeSettings(clusterId: string, wish: SettingWish): Promise<Told | null> {
    return await this.#settings.change(clusterId, wish);
  }

  /** Takes a cluster out for a day; null when there is none. */
  async delete(clusterId: string): Promise<Told | null> {
    return await this.#deletions.delete(clusterId);
  }

  /** Brings a deleted cluster back; null when there is none, or it is being wiped. */
  async undelete(clusterId: string): Promise<Told | null> {
    return await this.#deletions.undelete(clusterId);
  }

  /** What is revoked in a cluster, whether it is there or not; with `*` in the whole deployment. */
  revocations(scope: string): RevocationsIn {
    return this.#revocations.in(scope);
  }

  /** Revokes tokens of a cluster, or with `*` of all; null when there is no such cluster. */
  async revoke(scope: string, revocation: Revocation): Promise<Revoked | null> {
    return await this.#revocations.revoke(scope, revocation);
  }

  /** Wipes a cluster; null when there is none. */
  async purge(clusterId: string): Promise<Told | null> {
    return await this.#deletions.purge(clusterId);
  }
}
