/** The words that `peers.ts` and what it starts inside the runtime share. */

/** `fetch` is the product's way; what the others are, `ways.ts` says. */
export const WAYS = ["fetch", "rpc", "session", "socket"] as const;
export type Way = (typeof WAYS)[number];

export const isWay = (name: string | null): name is Way => WAYS.some((way) => way === name);

export interface ExchangeShape {
  readonly way: Way;
  readonly answerBytes: number;
  readonly inFlight: number;
  readonly ms: number;
}

/** How long answers that wait are under way once a call has released them. */
export interface Wakes {
  readonly operations: number;
  readonly meanMs: number;
}

/** What a controller has asked of others, of one API. */
export interface Carried {
  calls: number;
  requestBytes: number;
  answerBytes: number;
  /** As HTTP/1.1 would spell them; of requests, those that the controller has set. */
  requestHeaderBytes: number;
  answerHeaderBytes: number;
  /** Of Fetch: the answers that had records. */
  withRecords: number;
}
