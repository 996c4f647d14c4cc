/** A log that strangers cannot fill: a thousand refused clients a second are twenty lines, and one that counts. */

const LINES_MAX = 20;
const WINDOW_MS = 1_000;

/** Passes lines on to `log`, at most twenty in any second, and then says how many it has left out. */
export function limitedLog(log: (line: string) => void): (line: string) => void {
  let lines = 0;
  let leftOut = 0;
  const begin = (): void => {
    setTimeout(() => {
      if (leftOut > 0) log(`${leftOut} more such lines within a second`);
      lines = 0;
      leftOut = 0;
    }, WINDOW_MS).unref();
  };
  return (line) => {
    if (lines === 0) begin();
    lines += 1;
    if (lines <= LINES_MAX) log(line);
    else leftOut += 1;
  };
}
