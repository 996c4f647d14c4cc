/**
 * Who votes, as far as a run has asked for it, and one change of that at a time: a voter is replaced by a node in the
 * place that is free. A change that broke off is gone on with by asking the same again.
 */
import { authorized, posted, type Deployment } from "../../client/cluster-client.ts";
import { PLACES, placeOf } from "./places.ts";

interface Change {
  readonly leaves: number;
  readonly joins: number;
}

export interface VotersOptions {
  readonly deployment: Deployment;
  readonly clusterId: string;
  readonly ids: readonly number[];
  /** Where a controller is reached that joins. */
  readonly portOf: (nodeId: number) => number;
}

/** For how long one call waits at the quorum, in ms. */
const WAIT_MS = 3_000;
const CALL_MS = 15_000;
const PAUSE_MS = 200;

export class Voters {
  readonly #options: VotersOptions;
  #ids: readonly number[];
  #change: Change | null = null;
  #lastId: number;
  /** What the quorum said of the last call that did not finish its change. */
  reason = "";

  constructor(options: VotersOptions) {
    this.#options = options;
    this.#ids = options.ids;
    this.#lastId = Math.max(...options.ids);
  }

  /** Everybody who may vote: while a change is under way, the one that joins and the one that leaves. */
  get ids(): readonly number[] {
    return this.#change === null ? this.#ids : [...this.#ids, this.#change.joins];
  }

  /** Replaces that voter, unless another change is to be finished first; whether one was finished in time. */
  async replace(leaves: number, timeoutMs: number): Promise<boolean> {
    this.#change ??= { leaves, joins: this.#nextId() };
    return await this.goOn(timeoutMs);
  }

  /** Finishes the change that is under way; whether none is any more. */
  async goOn(timeoutMs: number): Promise<boolean> {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      const change = this.#change;
      if (change === null) return true;
      if (await this.#ask(change)) {
        this.#ids = [...this.#ids.filter((id) => id !== change.leaves), change.joins];
        this.#change = null;
      } else if (performance.now() > deadline) return false;
      else await new Promise((settle) => setTimeout(settle, PAUSE_MS));
    }
  }

  /** The next id whose place has no voter. */
  #nextId(): number {
    const taken = new Set(this.#ids.map(placeOf));
    if (taken.size >= PLACES) throw new Error("no place is free");
    do this.#lastId += 1;
    while (taken.has(placeOf(this.#lastId)));
    return this.#lastId;
  }

  /** Whether the change is done. */
  async #ask({ leaves, joins }: Change): Promise<boolean> {
    const { deployment, clusterId, portOf } = this.#options;
    const path = `kafka/v3/clusters/${clusterId}/controllers/${leaves}:replace?wait_ms=${WAIT_MS}`;
    const init = posted({ node_id: joins, host: "localhost", port: portOf(joins) });
    const signal = AbortSignal.timeout(CALL_MS);
    try {
      const url = `${deployment.url}/${path}`;
      const response = await fetch(url, authorized(deployment.token, { ...init, signal }));
      this.reason = `${response.status} ${await response.text()}`;
      return response.status === 201;
    } catch (error) {
      this.reason = String(error);
      return false;
    }
  }
}
