/** Something that whoever typed the command can correct: printed in one line, without a stack. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
