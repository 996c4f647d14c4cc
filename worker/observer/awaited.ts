/**
 * Requests of an isolate that wait for what another of them brings. The platform lets no request wait for another's
 * call, timer or stream; but a promise may be settled by another request, and its owner goes on in its own.
 */
import { holding } from "../holding.ts";

/** Who waits: each function only settles a promise of its own owner, and touches no timer. */
export type Awaiting = Set<() => void>;

/** Waits to be woken, at most so long. Whoever hangs up meanwhile waits no more. */
export async function awaited(
  waiting: Awaiting,
  maxMs: number,
  signal?: AbortSignal,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, maxMs);
  waiting.add(resolve);
  await holding(
    signal,
    () => promise,
    () => {
      clearTimeout(timer);
      waiting.delete(resolve);
    },
  );
}

/** Wakes so many of them, all unless said. Who was woken is held no more, whether he is there to notice or not. */
export function wake(waiting: Awaiting, most = waiting.size): void {
  for (const each of [...waiting].slice(0, most)) {
    waiting.delete(each);
    each();
  }
}
