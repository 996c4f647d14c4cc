/**
 * What becomes of a request whose caller has hung up: it gives back its place, at a leader or among those that wait for
 * a commit, and nothing is done on its behalf any more.
 */
export class HungUp extends Error {
  override readonly name = "HungUp";

  constructor() {
    super("the caller has hung up");
  }
}

/**
 * What `ask` is answered, which calls back and returns how to take the question back. That is done when the caller
 * hangs up, and a `HungUp` is thrown.
 */
export async function answerUnlessHungUp<Said>(
  signal: AbortSignal,
  ask: (answered: (said: Said) => void) => () => void,
): Promise<Said> {
  if (signal.aborted) throw new HungUp();
  return await new Promise<Said>((resolve, reject) => {
    const hangUp = ask(resolve);
    const onAbort = (): void => {
      hangUp();
      reject(new HungUp());
    };
    signal.addEventListener("abort", onAbort, { once: true });
  });
}
