/**
 * Work that several requests of an isolate want done at once, such as loading a snapshot: one of them does it, the
 * others wait until it is done. What they share is plain data, and a function of each that only settles a promise of
 * its own (`awaited.ts`): a promise of another request may not be waited for on the platform. Who does it goes on for
 * the others when its client hangs up, as long as the platform lets it; where it may not, or has made no progress for
 * a while, the next one begins anew.
 */
import type { KeepAlive } from "../env.ts";
import { holding } from "../holding.ts";
import { Problem } from "../http/errors.ts";
import { Recent } from "../recent.ts";
import { awaited, wake, type Awaiting } from "./awaited.ts";

/** What the worker says of itself while it works. */
export interface Progress {
  /** A step is done. Throws when another has begun anew meanwhile: what would come of this is nobody's any more. */
  step(): void;
}

/** The request that may have to do it. */
export interface Doer {
  /** Aborted when its client has hung up. */
  readonly signal?: AbortSignal | undefined;
  /** Lets it go on then. Without it the work ends with the client. */
  readonly keepAlive?: KeepAlive | undefined;
}

export interface SharedWorkBounds {
  /** Works that are known at a time: of what is forgotten another one is begun. */
  readonly worksMax: number;
  /** Work that has made no progress for so long is taken for lost. */
  readonly stalledMs: number;
}

/** Of reading an image: far longer than one range takes, shorter than a reader's patience. */
export const READING_BOUNDS: SharedWorkBounds = { worksMax: 100, stalledMs: 15_000 };

class Superseded extends Error {
  override readonly name = "Superseded";
}

interface Work {
  progressMs: number;
  /** Done, failed, or given up. */
  isOver: boolean;
  failure: Problem | undefined;
  readonly waiting: Awaiting;
}

/** Work of one kind, by name. Of each name one is under way. */
export class SharedWork {
  readonly #works: Recent<Work>;
  readonly #stalledMs: number;

  constructor({ worksMax, stalledMs }: SharedWorkBounds) {
    this.#works = new Recent(worksMax);
    this.#stalledMs = stalledMs;
  }

  /**
   * Does `work` and returns what it brings, or waits until another request of this isolate has done that of the same
   * name. Throws what the one that did it threw, if that was a `Problem`; otherwise it returns undefined, and the
   * caller looks for itself what has come of it.
   */
  async run<Answer>(
    name: string,
    work: (progress: Progress) => Promise<Answer>,
    { signal, keepAlive }: Doer = {},
  ): Promise<Answer | undefined> {
    const other = this.#works.get(name);
    if (other !== undefined && this.#patienceMs(other) > 0) {
      await this.#watch(other, signal);
      return undefined;
    }
    const own: Work = {
      progressMs: Date.now(),
      isOver: false,
      failure: undefined,
      waiting: new Set(),
    };
    this.#works.set(name, own);
    const doing = holding(
      keepAlive === undefined ? signal : undefined,
      () => this.#do(name, own, work),
      () => this.#end(name, own),
    );
    keepAlive?.(doing.catch(() => undefined));
    return await doing;
  }

  async #do<Answer>(
    name: string,
    own: Work,
    work: (progress: Progress) => Promise<Answer>,
  ): Promise<Answer | undefined> {
    const step = (): void => {
      if (this.#works.get(name) !== own) throw new Superseded();
      own.progressMs = Date.now();
    };
    try {
      return await work({ step });
    } catch (error) {
      if (error instanceof Superseded) return undefined;
      if (error instanceof Problem) own.failure = error;
      throw error;
    }
  }

  #end(name: string, own: Work): void {
    own.isOver = true;
    if (this.#works.get(name) === own) this.#works.delete(name);
    wake(own.waiting);
  }

  /** For how long it is still waited for. */
  #patienceMs({ progressMs }: Work): number {
    return progressMs + this.#stalledMs - Date.now();
  }

  /** Ends when the work is done, has failed or stands still. */
  async #watch(work: Work, signal: AbortSignal | undefined): Promise<void> {
    for (let leftMs = this.#patienceMs(work); !work.isOver && leftMs > 0;) {
      await awaited(work.waiting, leftMs, signal);
      leftMs = this.#patienceMs(work);
    }
    if (work.failure !== undefined) throw work.failure.again();
  }
}
