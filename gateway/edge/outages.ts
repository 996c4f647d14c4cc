/**
 * What has gone wrong at the edge lately: what is left alone for it, how long, and the sentence that tells an operator.
 * A failure counts against as little as it says something about, so that one broker's bad token, one client that may not
 * come in or one controller that restarts stops nobody else:
 *
 * | scope      | failures                                        | pauses                       |
 * | ---------- | ----------------------------------------------- | ---------------------------- |
 * | edge       | no connection, no answer, a login before it     | every frame                  |
 * | controller | 404, 5xx                                        | frames to that controller    |
 * | credential | 401                                             | frames that show that token  |
 * | principal  | 403, 429                                        | frames in that one's name    |
 *
 * A client that brought its own token is the token's principal; the others share the gateway's token, and differ in who
 * is named beside it.
 *
 * Time comes in as an argument, in milliseconds of a clock that never goes back: by one that was set back an hour, a
 * pause of a second would be one of an hour.
 */
import { createHash } from "node:crypto";
import { Backoff } from "./backoff.ts";
import type { Identity } from "./identity.ts";

export type Scope = "edge" | "controller" | "credential" | "principal";

export interface Failure {
  readonly scope: Scope;
  /** Of the answer; null when none came. */
  readonly status: number | null;
  /** What happened, for an operator. */
  readonly sentence: string;
  /** How long the edge wants to be left alone; null when it did not say. */
  readonly askedMs: number | null;
}

/** Whom a frame is from and for; `nodeId` is null for what is not asked of a controller. */
export interface Route {
  readonly nodeId: number | null;
  readonly identity: Identity;
}

/** What is gone is found again soon; a token that is refused becomes no better by asking. */
const PAUSES = {
  edge: { firstMs: 50, maxMs: 1_000 },
  controller: { firstMs: 50, maxMs: 1_000 },
  credential: { firstMs: 1_000, maxMs: 30_000 },
  principal: { firstMs: 1_000, maxMs: 30_000 },
} as const satisfies Record<Scope, { readonly firstMs: number; readonly maxMs: number }>;

const SCOPES: readonly Scope[] = ["edge", "controller", "credential", "principal"];

/** Tokens and principals that are remembered as refused; the oldest is forgotten, and costs one more question. */
const REFUSED_MAX = 1_000;

interface Outage {
  readonly backoff: Backoff;
  readonly failure: Failure;
}

export class Outages {
  /** By scope and what is meant there. Only what failed last has an entry. */
  readonly #outages = new Map<string, Outage>();

  failed(route: Route, failure: Failure, now: number): void {
    const key = keyOf(failure.scope, route);
    const backoff = this.#outages.get(key)?.backoff ?? new Backoff(PAUSES[failure.scope]);
    backoff.failed(now, failure.askedMs);
    this.#outages.set(key, { backoff, failure });
    if (isOfMany(failure.scope)) this.#forgetOldest();
  }

  /** The edge has answered, whatever it said. */
  reached(): void {
    this.#outages.delete("edge");
  }

  /** A frame was served: nothing on its way is wrong any more. */
  served(route: Route): void {
    if (this.#outages.size === 0) return;
    for (const scope of SCOPES) this.#outages.delete(keyOf(scope, route));
  }

  /** The failure for which a frame on `route` is not to be sent now, or null when it may be tried. */
  waiting(route: Route, now: number): Failure | null {
    if (this.#outages.size === 0) return null;
    for (const scope of SCOPES) {
      const outage = this.#outages.get(keyOf(scope, route));
      if (outage?.backoff.isWaiting(now) === true) return outage.failure;
    }
    return null;
  }

  /** False while the edge as a whole is left alone. */
  isOpen(now: number): boolean {
    return this.#outages.get("edge")?.backoff.isWaiting(now) !== true;
  }

  /** Forgets everything, for credentials that are new. */
  clear(): void {
    this.#outages.clear();
  }

  #forgetOldest(): void {
    const refused = [...this.#outages].filter(([, { failure }]) => isOfMany(failure.scope));
    const [oldest] = refused;
    if (refused.length > REFUSED_MAX && oldest !== undefined) this.#outages.delete(oldest[0]);
  }
}

/** Clients bring as many of these as they like. */
const isOfMany = (scope: Scope): boolean => scope === "credential" || scope === "principal";

/** Tokens and names are kept as their hashes: nothing that is refused need stay in memory. */
function keyOf(scope: Scope, { nodeId, identity }: Route): string {
  if (scope === "edge") return scope;
  if (scope === "controller") return `${scope} ${nodeId}`;
  if (identity.by === "token") return `${scope} ${hashOf(identity.token)}`;
  const isNamed = scope === "principal" && identity.principal !== null;
  return isNamed ? `${scope} named ${hashOf(identity.principal)}` : `${scope} own`;
}

const hashOf = (text: string): string => createHash("sha256").update(text).digest("base64");
