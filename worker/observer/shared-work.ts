/**
 * Work that several requests of an isolate want done at once, such as loading a snapshot: one of them does it, the
 * others look now and then whether it is done. What they share is plain data: a promise of another request may not be
 * waited for on the platform. Where the client of the one that works hangs up, or it has not made progress for a while,
 * the next one begins anew.
 */
import { holding } from "../holding.ts";
import { Problem } from "../http/errors.ts";
import { Recent } from "../recent.ts";

/** What the worker says of itself while it works. */
export interface Progress {
  /** A step is done. Throws when another has begun anew meanwhile: what would come of this is nobody's any more. */
  step(): void;
}

class Superseded extends Error {
  override readonly name = "Superseded";
}

interface Work {
  progressMs: number;
  /** Done, failed, or given up. */
  isOver: boolean;
  failure: Problem | undefined;
}

/** Far longer than one range takes, shorter than a reader's patience. */
const STALLED_MS = 15_000;
const LOOK_MS = 20;
const WORKS_MAX = 100;

const works = new Recent<Work>(WORKS_MAX);

/**
 * Does `work`, or waits until another request of this isolate has done that of the same name. Throws what the one
 * that did it threw, if that was a `Problem`; otherwise the caller looks for itself what has come of it. Work ends with
 * the client of its `signal`.
 */
export async function workShared(
  name: string,
  work: (progress: Progress) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const other = works.get(name);
  if (other !== undefined && !isStalled(other)) return await watch(other);
  const own: Work = { progressMs: Date.now(), isOver: false, failure: undefined };
  works.set(name, own);
  const progress: Progress = {
    step: () => {
      if (works.get(name) !== own) throw new Superseded();
      own.progressMs = Date.now();
    },
  };
  const working = async (): Promise<void> => {
    try {
      await work(progress);
    } catch (error) {
      if (error instanceof Superseded) return;
      if (error instanceof Problem) own.failure = error;
      throw error;
    }
  };
  await holding(signal, working, () => {
    own.isOver = true;
    if (works.get(name) === own) works.delete(name);
  });
}

const isStalled = (work: Work): boolean => Date.now() - work.progressMs > STALLED_MS;

/** Ends when the work is done, has failed or stands still. */
async function watch(work: Work): Promise<void> {
  while (!work.isOver && !isStalled(work)) {
    await new Promise((settle) => setTimeout(settle, LOOK_MS));
  }
  if (work.failure !== undefined) throw work.failure.again();
}
