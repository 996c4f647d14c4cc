/**
 * Whether a broker that connected now would be served, and otherwise why not, in one sentence. It asks the edge, since
 * what failed last may have been mended and nobody may have asked for anything since. Beside that it tells what an
 * operator looks at next: when a client was answered last, and whether the links are up.
 */
import type { GatewayMetrics } from "../metrics.ts";
import { ANYBODY } from "./identity.ts";
import { probe } from "./probe.ts";
import type { Tunnel } from "./tunnel.ts";
import { textOf } from "../log.ts";

/**
 * A frame that was served this recently is answer enough, unless another failed after it. Who probes every ten seconds
 * asks a controller once a minute.
 */
const FRESH_MS = 60_000;
const PROBE_MS = 5_000;

export class Readiness {
  readonly #tunnel: Tunnel;
  readonly #metrics: GatewayMetrics;
  #nodeIds: readonly number[] = [];
  #starting: string | null = "the cluster's controllers are not known yet";
  #checking: Promise<string | null> | null = null;

  constructor(tunnel: Tunnel, metrics: GatewayMetrics) {
    this.#tunnel = tunnel;
    this.#metrics = metrics;
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
    const { servedAgoMs } = this.#tunnel;
    if (servedAgoMs < FRESH_MS && servedAgoMs < this.#metrics.failedAgoMs)
      return Promise.resolve(null);
    this.#checking ??= this.#check().finally(() => {
      this.#checking = null;
    });
    return this.#checking;
  }

  /** What is worth knowing whether it is ready or not, a sentence each. */
  get state(): readonly string[] {
    const { answeredAt, logHeld, logShownOffset } = this.#metrics;
    const answered =
      answeredAt === null
        ? "no client's frame has been answered yet"
        : `a client's frame was answered ${secondsSince(answeredAt)} s ago`;
    const log =
      logHeld === null
        ? []
        : [
            `the log is held up to ${logHeld.offset}, pushed ${secondsSince(logHeld.at)} s ago; brokers were shown it up to ${logShownOffset}`,
          ];
    return [
      answered,
      ...log,
      ...this.#nodeIds.flatMap((id) => this.#linkTo(id)),
      ...this.#tunnel.notices,
    ];
  }

  #linkTo(nodeId: number): readonly string[] {
    const ages = this.#tunnel.linksOpenFor(nodeId);
    if (ages === null) return [];
    if (ages.length === 0) return [`controller ${nodeId}: no link`];
    const links = ages.length === 1 ? "a link" : `${ages.length} links`;
    return [`controller ${nodeId}: ${links}, up for ${seconds(Math.max(...ages))} s`];
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
        problem ??= textOf(error);
      }
    }
    return problem;
  }
}

/** A clock that was set back makes nothing older than now. */
const seconds = (ms: number): string => (Math.max(0, ms) / 1_000).toFixed(1);

const secondsSince = (then: Date): string => seconds(Date.now() - then.getTime());
