/** How a command that failed says so: one line, without a stack, and a status that is not zero. */
export function complain(error: unknown): void {
  console.error(`kedge: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
