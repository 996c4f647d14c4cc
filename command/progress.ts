/** What takes longer than a second says that it is under way, on standard error. */

const SILENT_MS = 1_000;
const STEP_MS = 1_000;

/** Waits for `work`; after a second says what it is, and on a terminal for how long. */
export async function progress<Result>(what: string, work: Promise<Result>): Promise<Result> {
  const startMs = performance.now();
  const isTerminal = process.stderr.isTTY;
  let said = false;
  const say = (): void => {
    const seconds = Math.round((performance.now() - startMs) / 1_000);
    if (isTerminal) process.stderr.write(`\r${what} … ${seconds} s`);
    else if (!said) process.stderr.write(`${what} …\n`);
    said = true;
  };
  let timer = setTimeout(function again() {
    say();
    timer = setTimeout(again, STEP_MS);
  }, SILENT_MS);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
    if (said && isTerminal) process.stderr.write("\r\x1B[K");
  }
}
