/**
 * A controller node as the platform sees it: one Durable Object per voter, named `<clusterId>/<nodeId>`. It
 * gives a controller the ports it needs and hands each event to the piece that answers it.
 *
 * What it promises to its callers is in `contract.ts`; what the platform promises to it, in this folder's
 * README.
 */
import { DurableObject } from "cloudflare:workers";
import type { Deletion } from "./cluster-deletion.ts";
import { isSeededFor, type ClusterEntry } from "./cluster-entry.ts";
import type { Revocations } from "../src/access/index.ts";
import type { SettingChanges } from "./cluster-settings.ts";
import type { FormRequest, JoinRequest } from "./contract.ts";
import { INCARNATION_COUNT, isVoter, type RaftConfig } from "../src/raft/index.ts";
import { Controller, trippedBy } from "./controller.ts";
import { delegationTokenKey } from "./delegation-token-key.ts";
import type { ControllerHost } from "./http/host.ts";
import { answer } from "./http/routes.ts";
import { Links } from "./link/links.ts";
import type { LinkHost } from "./link/session.ts";
import type { FlightRecord } from "./replica/flight-recorder.ts";
import { operatorLogOf, type OperatorLog } from "./operator-log.ts";
import { ObjectPeers } from "./replica/peers.ts";
import { RaftMeasures } from "./replica/raft-measures.ts";
import type { Failure, Peers, Ports, Timers } from "./replica/ports.ts";
import { joinedConfig, observerConfig, raftConfig } from "./replica/raft-config.ts";
import { RelayPeers } from "./relay/relay-peers.ts";
import { isRelay, linkSocketsOf, Relays } from "./relay/relays.ts";
import { Seeding } from "./snapshots/seeding.ts";
import { alarmOf, diskOf } from "./storage/disk.ts";
import { SqlLogStore } from "./storage/log-store.ts";
import {
  openStorage,
  ownVoter,
  prepareStorage,
  type NodeObject,
  type NodeStorage,
} from "./storage/node-storage.ts";
import type { MetaStore } from "./storage/meta-store.ts";
import { SqlQuorumStore } from "./storage/quorum-store.ts";
import { SqlSnapshotStore } from "./storage/snapshot-store.ts";

const DELETED = "the cluster was deleted";

/** Long enough for a round trip over continents; a voter that is away must not keep an operator waiting. */
const GOODBYE_MS = 200;

const timers: Timers = {
  set(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};

const ownConfig = (cluster: ClusterEntry, nodeId: number): RaftConfig =>
  cluster.observed === true ? observerConfig(cluster, nodeId) : raftConfig(cluster, nodeId);

export class ControllerNode extends DurableObject implements ControllerHost {
  #opened: NodeStorage;
  #controller: Controller | null = null;
  #measures: RaftMeasures | null = null;
  #cluster: ClusterEntry | null;
  #seeding: Seeding | null = null;
  readonly #links: Links;
  /** Opened where the cluster is observed, and nowhere else. */
  readonly #relays: Relays;
  /** As stored: a request is judged by it, so it is not read each time. */
  #deletion: Deletion | null;

  constructor(state: DurableObjectState, env: Cloudflare.Env) {
    super(state, env);
    this.#opened = openStorage(this.#object);
    this.#cluster = this.#meta?.cluster() ?? null;
    this.#deletion = this.#meta?.deletion() ?? null;
    const [clusterId = ""] = state.id.name?.split("/") ?? [];
    this.#relays = new Relays(state, { cluster_id: clusterId, node_id: this.nodeId });
    this.#boot();
    this.#links = new Links(linkSocketsOf(state), this.#linkHost);
  }

  get voter(): Controller | null {
    return this.#controller;
  }

  get measures(): RaftMeasures | null {
    return this.#measures;
  }

  get cluster(): ClusterEntry | null {
    return this.#cluster;
  }

  get nodeId(): number {
    return Number(this.ctx.id.name?.split("/")[1] ?? -1);
  }

  get tripped(): string | null {
    return this.#meta?.tripped() ?? null;
  }

  get flightRecord(): FlightRecord | null {
    return this.#meta?.flightRecord() ?? null;
  }

  get stopped(): string | null {
    return this.#meta?.stopped() ?? null;
  }

  get deletion(): Deletion | null {
    return this.#deletion;
  }

  get refused(): string | null {
    return this.#opened.kind === "refused" ? this.#opened.reason : null;
  }

  /** A log that is its own, or none to be had: there is nothing to seed. */
  get seeding(): Seeding | null {
    if (this.#cluster !== null || this.#opened.kind !== "prepared") return null;
    this.#seeding ??= new Seeding(this.#stores);
    return this.#seeding;
  }

  override async fetch(request: Request): Promise<Response> {
    return answer(this, request);
  }

  openLink(headers: Headers): Response {
    return this.#links.open(headers);
  }

  openRelay(headers: Headers): Response {
    return this.#relays.open(headers);
  }

  get relays(): Relays {
    return this.#relays;
  }

  override webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): void {
    this.#holderOf(socket).receive(socket, message);
  }

  override webSocketClose(socket: WebSocket): void {
    this.#holderOf(socket).gone(socket);
  }

  override webSocketError(socket: WebSocket): void {
    this.#holderOf(socket).gone(socket);
  }

  #holderOf(socket: WebSocket): Links | Relays {
    return isRelay(this.ctx, socket) ? this.#relays : this.#links;
  }

  override alarm(): void {
    // Never throws: an alarm that failed six times is dropped, and with it the dead-man switch.
    this.#controller?.onAlarm();
  }

  /** Gives this node a storage, if it has none; answers with the directory id that was drawn with it. */
  prepare(): string | null {
    if (this.#opened.kind === "empty") this.#opened = prepareStorage(this.#object);
    return this.#opened.kind === "prepared" ? this.#opened.identity.directoryId : null;
  }

  /**
   * Makes this node a controller of the cluster; null, or why it cannot be one. A second time, with the same cluster, it
   * changes nothing but what is revoked and how it is set. `is_formed` says that every controller has been formed
   * before: one that has no log now has lost it, with its votes and acknowledgements, and would be counted as if it had
   * not.
   */
  form({ cluster, is_formed: isFormed, users = [] }: FormRequest): string | null {
    const opened = this.#opened;
    if (opened.kind === "refused") return opened.reason;
    const own = ownVoter(cluster, this.nodeId);
    if (own === undefined) return "it is not among the initial voters";
    const isLost = this.#cluster === null && isFormed;
    if (opened.kind === "empty" || opened.identity.directoryId !== own.directory_id || isLost) {
      return "its storage is gone: it must rejoin as another replica";
    }
    if (this.#cluster !== null) {
      if (cluster.access !== undefined) this.writeAccess(cluster.access);
      if (cluster.setting_changes !== undefined) this.changeSettings(cluster.setting_changes);
      return null;
    }
    if (!isSeededFor(cluster, this.#stores.snapshots.list())) {
      return "what its log begins after is not what the cluster is a fork of: seed it first";
    }
    this.#endSeeding();
    this.ctx.storage.transactionSync(() => {
      opened.meta.writeCluster(cluster);
      if (users.length > 0) opened.meta.writeUsers(users);
    });
    // As stored: an entry in the words of an earlier build is read in those of this one.
    this.#cluster = opened.meta.cluster();
    this.#boot();
    return null;
  }

  /**
   * Makes this node an observer of `cluster` that becomes a voter when it has caught up; null, or why it cannot be one.
   * Told again, one that was a voter and was removed joins once more.
   */
  join({ cluster, own, servers }: JoinRequest): string | null {
    const opened = this.#opened;
    if (opened.kind === "refused") return opened.reason;
    if (opened.kind === "empty" || opened.identity.directoryId !== own.directory_id)
      return "its storage is not the one that is to join: prepare it again";
    if (this.#controller !== null && isVoter(this.#controller.state)) return null;
    this.#endSeeding();
    this.ctx.storage.transactionSync(() => {
      opened.meta.writeCluster(cluster);
      opened.meta.writeJoin({ own, servers });
      new SqlQuorumStore(this.ctx.storage.sql).writeJoining();
    });
    this.#cluster = opened.meta.cluster();
    this.#leave("this controller joins anew");
    this.#boot();
    return null;
  }

  /** Drops everything in memory; what comes back is what was stored. A leader says goodbye first. */
  restart(reason: string): void {
    const leave = this.#takeLeave(reason).then(() => {
      this.#links.close(reason);
      this.#relays.close(reason);
    });
    this.ctx.waitUntil(
      // The answer to the caller must be out before the object goes.
      Promise.all([scheduler.wait(10), leave]).then(() => this.ctx.abort(reason)),
    );
  }

  #takeLeave(reason: string): Promise<void> {
    this.#links.sayGoodbye(reason);
    const controller = this.#controller;
    if (controller === null) return Promise.resolve();
    return new Promise((resolve) => controller.takeLeave(GOODBYE_MS, resolve));
  }

  /**
   * Takes the node out, durably: it neither votes nor leads nor acknowledges until it is started again. A leader says
   * goodbye first. A node that has tripped is stopped as well, and still says over what it tripped.
   */
  async stop(reason: string): Promise<void> {
    if (this.#cluster === null) return;
    this.#meta?.writeStopped(reason);
    await this.#takeLeave(reason);
    // It may have been started again meanwhile.
    if (this.stopped !== null) this.#leave(reason);
  }

  /**
   * Lets the node take part again, after an operator has stopped it or has looked at what it tripped over. A tripped
   * node wants that sentence in return, as `confirm`: what clears a stop by habit must not clear a trip unread. False
   * when it was not given.
   */
  start(confirm: string | null): boolean {
    if (this.tripped !== null && this.tripped !== confirm) return false;
    this.#meta?.clearReasons();
    this.#boot();
    return true;
  }

  /**
   * Takes the node out together with its cluster, durably. Apart from a stop, so that undeleting brings back what was
   * there: a node that was stopped or has tripped still is. A storage that is empty stays empty.
   */
  async delete(deletion: Deletion): Promise<void> {
    const meta = this.#meta;
    if (meta === null || meta.isUndone(deletion)) return;
    meta.writeDeletion(deletion);
    this.#deletion = deletion;
    this.#endSeeding();
    await this.#takeLeave(DELETED);
    // It may have been undeleted meanwhile.
    if (this.#deletion !== null) this.#leave(DELETED);
  }

  undelete(deletionId: string): void {
    const meta = this.#meta;
    if (meta === null) return;
    this.ctx.storage.transactionSync(() => meta.undoDeletion(deletionId));
    this.#deletion = meta.deletion();
    this.#boot();
  }

  /**
   * Stores which tokens are revoked. Before it is formed too: what it is formed with may be older. An empty storage
   * stays empty: it is formed with what holds then.
   */
  writeAccess(access: Revocations): void {
    const meta = this.#meta;
    if (meta === null) return;
    meta.writeAccess(access);
    this.#cluster = meta.cluster();
    this.#links.closeRevoked(access);
    this.#relays.closeRevoked(access);
  }

  /** Stores what was changed of the cluster's settings, and goes by it from now on: no office is lost for it. */
  changeSettings(changes: SettingChanges): void {
    const meta = this.#meta;
    if (meta === null) return;
    meta.writeSettingChanges(changes);
    this.#cluster = meta.cluster();
    if (this.#cluster !== null) this.#controller?.changeSettings(this.#cluster);
  }

  /** Removes every trace of the cluster from this object, and the database with it. */
  async wipe(): Promise<void> {
    this.#leave(DELETED);
    this.#endSeeding();
    this.#cluster = null;
    this.#deletion = null;
    await this.ctx.storage.deleteAlarm();
    await this.ctx.storage.deleteAll();
    this.#opened = { kind: "empty" };
  }

  get #meta(): MetaStore | null {
    return this.#opened.kind === "prepared" ? this.#opened.meta : null;
  }

  get #object(): NodeObject {
    return { storage: this.ctx.storage, objectId: this.ctx.id.toString(), nodeId: this.nodeId };
  }

  #endSeeding(): void {
    this.#seeding?.stop();
    this.#seeding = null;
  }

  #leave(reason: string): void {
    this.#controller?.stop();
    this.#controller = null;
    this.#links.close(reason);
    this.#relays.close(reason);
  }

  #boot(): void {
    const cluster = this.#cluster;
    const meta = this.#meta;
    if (cluster === null || meta === null || this.#controller !== null) return;
    if (this.#deletion !== null || this.stopped !== null || this.tripped !== null) return;
    try {
      const order = meta.join();
      const config =
        order === null ? ownConfig(cluster, this.nodeId) : joinedConfig(cluster, order);
      const [seed = 0, bits = 0] = crypto.getRandomValues(new Uint32Array(2));
      const incarnation = meta.nextIncarnation(bits % INCARNATION_COUNT);
      const key = delegationTokenKey(this.env.DELEGATION_TOKEN_SECRET_KEY);
      const start = { cluster, config, seed, incarnation, delegationTokenKey: key };
      const users = meta.users();
      this.#controller = new Controller({ ...start, users }, this.#ports(cluster));
    } catch (cause) {
      this.#onFailure({ cause, tripped: trippedBy(cause), flightRecord: null });
    }
    // Whatever woke the object, its deadlines run from now on: nothing else would arm the first timer.
    this.#controller?.onDeadline();
  }

  get #linkHost(): LinkHost {
    // oxlint-disable-next-line typescript/no-this-alias -- its getters are asked later
    const object = this;
    return {
      get node() {
        const { voter, cluster } = object;
        return voter === null || cluster === null ? null : { voter, cluster };
      },
      clusterId: this.ctx.id.name?.split("/")[0] ?? "",
      nodeId: this.nodeId,
      operatorLog: this.#operatorLog,
    };
  }

  get #operatorLog(): OperatorLog {
    const [clusterId = null] = this.ctx.id.name?.split("/") ?? [];
    return operatorLogOf({ cluster_id: clusterId, node_id: this.nodeId });
  }

  get #stores(): Pick<Ports, "disk" | "log" | "snapshots" | "timers" | "operatorLog"> {
    const { storage } = this.ctx;
    return {
      disk: diskOf(storage),
      log: new SqlLogStore(storage.sql),
      snapshots: new SqlSnapshotStore(storage.sql),
      timers,
      operatorLog: this.#operatorLog,
    };
  }

  #ports(cluster: ClusterEntry): Ports {
    const { storage } = this.ctx;
    const measures = new RaftMeasures(Date.now());
    this.#measures = measures;
    return {
      ...this.#stores,
      quorum: new SqlQuorumStore(storage.sql),
      alarm: alarmOf(storage),
      peers: cluster.observed === true ? this.#observedPeers : this.#peersIn(cluster, measures),
      clock: () => Date.now(),
      watch: (input, step) => measures.watch(input, step),
      abort: (failure) => this.#onFailure(failure),
    };
  }

  #peersIn(cluster: ClusterEntry, { traffic }: RaftMeasures): Peers {
    const of = { cluster, nodeId: this.nodeId };
    return new ObjectPeers(this.env.CONTROLLERS, of, console, traffic);
  }

  get #observedPeers(): Peers {
    return new RelayPeers({
      relays: this.#relays,
      state: () => this.#controller?.state ?? null,
      nodeId: this.nodeId,
      operatorLog: this.#operatorLog,
    });
  }

  // A step that failed left nothing behind, so what is written here is written alone. The abort waits for it:
  // an abort in the same turn would undo it, and the object would boot into the same state for ever.
  #onFailure({ cause, tripped, flightRecord }: Failure): void {
    const message = tripped ?? "a step could not be stored";
    this.#operatorLog.error(
      "controller-stops",
      `controller ${this.nodeId} stops: ${message}`,
      cause,
    );
    this.#controller = null;
    if (tripped === null) return this.ctx.abort("a step could not be stored");
    this.#meta?.writeTripped(tripped, flightRecord);
    void this.ctx.storage
      .sync()
      .then(() => this.ctx.abort(`an invariant does not hold: ${tripped}`));
  }
}
