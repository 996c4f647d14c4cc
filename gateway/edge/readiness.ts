/**
 * Whether a broker that connected now would be served, and otherwise why not, in one sentence. It asks the edge, since
 * what failed last may have been mended and nobody may have asked for anything since.
 */
import { ANYBODY } from "./identity.ts";
import { probe } from "./probe.ts";
import type { Tunnel } from "./tunnel.ts";

/** A frame that was served this recently is answer enough. */
const FRESH_MS = 10_000;
const PROBE_MS = 5_000;

export class Readiness {
  readonly #tunnel: Tunnel;
  #nodeIds: readonly number[] = [];
  #starting: string | null = "the cluster's controllers are not known yet";
  #checking: Promise<string | null> | null = null;

  constructor(tunnel: Tunnel) {
    this.#tunnel = tunnel;
  }

  /** Not ready yet, for that reason. */
  startsWith(sentence: string): void {
    this.#starting = sentence;
  }

  /** These controllers are served from now on. */
  serves(nodeIds: readonly number[]): void {
    this.#nodeIds = nodeIds;
    this.#starting = null;
  }

  /** Null when ready. One question is asked for all who want to know at a time. */
  problem(): Promise<string | null> {
    if (this.#starting !== null) return Promise.resolve(this.#starting);
    if (this.#tunnel.servedAgoMs < FRESH_MS) return Promise.resolve(null);
    this.#checking ??= this.#check().finally(() => {
      this.#checking = null;
    });
    return this.#checking;
  }

  /** One controller that answers will do: it names the others' leader to brokers. */
  async #check(): Promise<string | null> {
    const signal = AbortSignal.timeout(PROBE_MS);
    let problem: string | null = null;
    for (const nodeId of this.#nodeIds) {
      try {
        await probe(this.#tunnel, nodeId, ANYBODY, signal);
        return null;
      } catch (error) {
        problem ??= error instanceof Error ? error.message : String(error);
      }
    }
    return problem;
  }
}
