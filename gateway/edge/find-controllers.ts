/** Asks the edge for the cluster's controllers, for as long as it takes, and says what is in the way. */
import { setTimeout } from "node:timers/promises";
import type { Controller } from "./controller-list.ts";
import { EdgeError, type Tunnel } from "./tunnel.ts";

/** Between two attempts. What is left alone for longer than this is not asked meanwhile. */
const RETRY_MS = 1_000;
/** The edge itself waits five seconds for a controller that hangs. */
const ANSWER_MS = 10_000;
const UNKNOWN = 404;

/**
 * Resolves once the edge has said them. `waits` is told the reason whenever it is another one. Rejects when waiting
 * cannot help: the edge knows no such cluster.
 */
export async function findControllers(
  tunnel: Tunnel,
  waits: (reason: string) => void,
): Promise<readonly Controller[]> {
  let said: string | null = null;
  for (;;) {
    try {
      return await tunnel.controllers(AbortSignal.timeout(ANSWER_MS));
    } catch (error) {
      if (!(error instanceof EdgeError) || error.failure?.status === UNKNOWN) throw error;
      if (error.message !== said) waits(error.message);
      said = error.message;
    }
    await setTimeout(RETRY_MS);
  }
}
