/**
 * What a cluster costs a month, estimated from what is known here: how many controllers are awake, and how many brokers
 * talk to them over a gateway's links. Cloudflare's list prices of 2026, before what a plan includes and without its
 * base; whoever pays looks at the bill.
 */

/** Of a month of thirty days. */
const SECONDS = 2_592_000;
/** An object is billed with 128 MB, per million GB-seconds. */
const AWAKE = ((0.128 * SECONDS) / 1e6) * 12.5;
/** Of an object's requests, a million. */
const REQUESTS = 0.15;
/** An idle follower asks its leader twice a second. */
const FETCHES_PER_S = 2;
/** A broker's heartbeats go over a link, of whose messages twenty are billed as one request. */
const HEARTBEATS_PER_S = 0.5 / 20;

export interface Cost {
  /** Dollars a month, all of them. */
  readonly awake: number;
  readonly fetches: number;
  readonly brokers: number;
  readonly total: number;
}

/** Of requests a second. */
const perMonth = (perSecond: number): number => ((perSecond * SECONDS) / 1e6) * REQUESTS;

export function costOf(controllers: number, brokers: number): Cost {
  const awake = controllers * AWAKE;
  const fetches = perMonth(Math.max(0, controllers - 1) * FETCHES_PER_S);
  const heartbeats = perMonth(brokers * HEARTBEATS_PER_S);
  return { awake, fetches, brokers: heartbeats, total: awake + fetches + heartbeats };
}
