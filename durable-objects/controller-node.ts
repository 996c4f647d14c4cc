/**
 * A controller node as the platform sees it: one Durable Object per voter, named `<clusterId>/<nodeId>`. It
 * wires storage, peers and the voter together and hands each event to the piece that answers it.
 *
 * What it promises to whoever calls is in `http/routes.ts`; what the platform promises to it, in this
 * folder's README.
 */
import { DurableObject } from "cloudflare:workers";
import type { ClusterEntry } from "./cluster-entry.ts";
import { answer, type ControllerHost } from "./http/routes.ts";
import type { Env } from "./env.ts";
import { Peers } from "./replica/peers.ts";
import { raftConfig } from "./replica/raft-config.ts";
import { LogStore } from "./storage/log-store.ts";
import { MetaStore } from "./storage/meta-store.ts";
import { QuorumStore } from "./storage/quorum-store.ts";
import { migrate } from "./storage/schema.ts";
import { Controller, trippedBy } from "./controller.ts";

export class ControllerNode extends DurableObject implements ControllerHost {
  readonly #meta: MetaStore;
  #voter: Controller | null = null;
  #cluster: ClusterEntry | null;

  constructor(state: DurableObjectState, env: Env) {
    super(state, env);
    migrate(state.storage);
    this.#meta = new MetaStore(state.storage.sql);
    this.#cluster = this.#meta.cluster();
    this.#boot();
  }

  get voter(): Controller | null {
    return this.#voter;
  }

  get cluster(): ClusterEntry | null {
    return this.#cluster;
  }

  get nodeId(): number {
    return Number(this.ctx.id.name?.split("/")[1] ?? -1);
  }

  get tripped(): string | null {
    return this.#meta.tripped();
  }

  override async fetch(request: Request): Promise<Response> {
    return answer(this, request);
  }

  override alarm(): void {
    // Never throws: an alarm that failed six times is dropped, and with it the dead-man switch.
    this.#voter?.onAlarm();
  }

  /** Makes this node a voter of `cluster`. A second time, with the same cluster, it changes nothing. */
  form(cluster: ClusterEntry): void {
    if (this.#cluster !== null) return;
    this.ctx.storage.transactionSync(() => this.#meta.writeCluster(cluster));
    this.#cluster = cluster;
    this.#boot();
  }

  /** Drops everything in memory; what comes back is what was stored. */
  restart(reason: string): void {
    this.ctx.waitUntil(
      // The answer to whoever asked must be out before the object goes.
      scheduler.wait(10).then(() => this.ctx.abort(reason)),
    );
  }

  /** Takes the node out, durably: it neither votes nor leads nor acknowledges until it is started again. */
  stop(reason: string): void {
    if (this.#cluster === null) return;
    this.#meta.writeTripped(reason);
    this.#voter?.stop();
    this.#voter = null;
  }

  /** Lets the node take part again: an operator has stopped it before, or has looked at what it tripped over. */
  start(): void {
    this.#meta.clearTripped();
    this.#boot();
  }

  /** Removes every trace of the cluster from this object. */
  async wipe(): Promise<void> {
    this.#voter?.stop();
    this.#voter = null;
    this.#cluster = null;
    await this.ctx.storage.deleteAlarm();
    await this.ctx.storage.deleteAll();
    migrate(this.ctx.storage);
  }

  #boot(): void {
    const cluster = this.#cluster;
    if (cluster === null || this.#voter !== null || this.#meta.tripped() !== null) return;
    const { storage } = this.ctx;
    try {
      this.#voter = new Controller({
        cluster,
        config: raftConfig(cluster, this.nodeId),
        storage,
        log: new LogStore(storage.sql),
        quorum: new QuorumStore(storage.sql),
        peers: new Peers(this.env.CONTROLLERS, cluster, this.nodeId),
        clock: () => Date.now(),
        seed: crypto.getRandomValues(new Uint32Array(1))[0] ?? 0,
        abort: (reason) => this.#onVoterFailed(reason),
      });
    } catch (cause) {
      this.#onVoterFailed({ cause, tripped: trippedBy(cause) });
    }
    // Whatever woke the object, its deadlines run from now on: nothing else would stand the first timer.
    this.#voter?.onDeadline();
  }

  // A step that failed left nothing behind, so what is written here is written alone. The abort waits for it:
  // an abort in the same turn would undo it, and the object would boot into the same state for ever.
  #onVoterFailed(reason: { readonly cause: unknown; readonly tripped: string | null }): void {
    console.error(`controller ${this.ctx.id.name ?? ""} stops:`, reason.cause);
    this.#voter = null;
    if (reason.tripped === null) return this.ctx.abort("a step could not be stored");
    this.#meta.writeTripped(reason.tripped);
    void this.ctx.storage
      .sync()
      .then(() => this.ctx.abort(`an invariant does not hold: ${reason.tripped}`));
  }
}
