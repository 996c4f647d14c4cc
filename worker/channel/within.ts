/**
 * Waiting for an answer, but not for ever: an object may take a call and never answer it.
 */

/** What `answer` becomes, or an error after that time. What comes later is dropped. */
export async function within<Answer>(limitMs: number, answer: Promise<Answer>): Promise<Answer> {
  const { promise: silence, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer within ${limitMs} ms`)), limitMs);
  try {
    return await Promise.race([answer, silence]);
  } finally {
    clearTimeout(timer);
  }
}
