/** How a command that failed says so: one line, without a stack, and a status that is not zero. */
import { RefusedError } from "../client/refused-error.ts";

export function complain(error: unknown): void {
  console.error(`kedge: ${sentenceOf(error)}`);
  process.exitCode = 1;
}

function sentenceOf(error: unknown): string {
  if (error instanceof RefusedError && error.status === 0) {
    const [, origin = "the edge"] = /(https?:\/\/[^/\s]+)/.exec(error.message) ?? [];
    return `nothing answers at ${origin}; kedge up starts a quorum on this machine, --edge names another`;
  }
  return error instanceof Error ? error.message : String(error);
}
