/**
 * What a request is answered from, and what an answer is: the two words that everything behind the listener
 * shares.
 */
import type { ClusterEntry } from "../cluster-entry.ts";
import type { Controller } from "../controller.ts";

/** A formed node that takes part. */
export interface Node {
  readonly voter: Controller;
  readonly cluster: ClusterEntry;
}

/**
 * Who may be at the other end. `peer`: another controller of this quorum, through the platform's own binding.
 * `client`: anybody who reached the listener, and so whoever says that it is a voter is not believed.
 */
export type Origin = "peer" | "client";

/** The value of an API's response, and whether it says that the active controller is elsewhere. */
export interface Answer {
  readonly body: unknown;
  readonly isNotController: boolean;
}
