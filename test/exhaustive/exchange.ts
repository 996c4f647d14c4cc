/**
 * A request and what became of it. There is one object for it from the sending to the end: the request on its way, in
 * the hands of its receiver, its answer on its way, or the news that there will be none.
 *
 * Any of them may arrive at any moment, before or after any other. An exchange that its requester does not await any
 * more goes on as long as that can matter: a request may still arrive, late; an answer would be ignored, and is
 * followed only where it is a copy that the model has paid for.
 */
import {
  type Request,
  type Response,
  describeRequest,
  describeResponse,
} from "../../src/raft/index.ts";
import { assert, unreachable } from "../../src/std/assert.ts";
import { type Identified, Identities } from "./identities.ts";
import { SLOTS_MAX, textOf } from "./relabeling.ts";

export type Stage =
  | { readonly kind: "asked"; readonly request: Request }
  /** Received, and not answered yet: the fetches that wait at a leader. */
  | { readonly kind: "waiting"; readonly slot: number }
  | { readonly kind: "answered"; readonly response: Response }
  | { readonly kind: "failed" };

export interface Parties {
  /** Ids. */
  readonly requester: number;
  readonly responder: number;
  /** Whether the requester still waits for the answer. Of one requester and responder at most one is. */
  readonly isAwaited: boolean;
}

export type Exchange = Parties & { readonly stage: Stage } & Identified;

export class Exchanges {
  readonly #known = new Identities<Parties & { readonly stage: Stage }>(
    (exchange, names) => `exchange ${textOf(exchange, names)}`,
  );

  /** By what is said in it and by its parties: to find it so is much cheaper than by its text. */
  readonly #recent = new WeakMap<object, Map<number, Exchange>>();

  of(parties: Parties, stage: Stage): Exchange {
    const { requester, responder, isAwaited } = parties;
    const said = saidIn(stage);
    const key = 2 * (requester * NODES_MAX + responder) + Number(isAwaited);
    const recent = this.#recent.get(said);
    const known = recent?.get(key);
    if (known !== undefined) return known;
    const exchange = this.#known.of({ requester, responder, isAwaited, stage });
    if (recent === undefined) this.#recent.set(said, new Map([[key, exchange]]));
    else recent.set(key, exchange);
    return exchange;
  }

  /** The same exchange with its requester gone; null where that ends it. */
  forgotten(exchange: Exchange): Exchange | null {
    const { stage } = exchange;
    if (stage.kind === "answered" || stage.kind === "failed") return null;
    return this.of({ ...exchange, isAwaited: false }, stage);
  }
}

/** More than the largest id. */
const NODES_MAX = 1_000;

/** An object of its own for everything that may be said. */
function saidIn(stage: Stage): object {
  switch (stage.kind) {
    case "asked":
      return stage.request;
    case "answered":
      return stage.response;
    case "waiting":
      return placeOf(stage.slot);
    case "failed":
      return FAILED;
    default:
      return unreachable(stage);
  }
}

const FAILED = {};
const PLACES: readonly object[] = Array.from({ length: SLOTS_MAX }, () => ({}));

function placeOf(slot: number): object {
  const place = PLACES[slot];
  assert(place !== undefined, `more than ${SLOTS_MAX} requests of one replica wait at another`);
  return place;
}

/** One line for people. */
export function describeExchange({ requester, responder, isAwaited, stage }: Exchange): string {
  const late = isAwaited ? "" : ", not awaited";
  switch (stage.kind) {
    case "asked":
      return `${describeRequest(stage.request)} from ${requester} to ${responder}${late}`;
    case "waiting":
      return `the fetch of ${requester} that waits at ${responder}${late}`;
    case "answered":
      return `${describeResponse(stage.response)} from ${responder} to ${requester}${late}`;
    case "failed":
      return `the failure of what ${requester} asked ${responder}`;
    default:
      return unreachable(stage);
  }
}
