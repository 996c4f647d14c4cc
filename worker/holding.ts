/**
 * What an isolate counts for a request, or has others wait for, while the request is under way. One whose client has
 * hung up is not run any more: what waits for a promise there never goes on, and no `finally` comes. Its signal is
 * still told, and that is the last moment to give back what it holds.
 */

/** What `work` becomes. `release` runs once: when that has ended, or as soon as the client is gone. */
export async function holding<Answer>(
  signal: AbortSignal | undefined,
  work: () => Promise<Answer>,
  release: () => void,
): Promise<Answer> {
  let isHeld = true;
  const letGo = (): void => {
    if (isHeld) release();
    isHeld = false;
  };
  signal?.addEventListener("abort", letGo);
  try {
    return await work();
  } finally {
    signal?.removeEventListener("abort", letGo);
    letGo();
  }
}
