/** Something that may happen next in a world. */
import { describeInput } from "../../src/raft/index.ts";
import { unreachable } from "../../src/std/assert.ts";
import { type Exchange, describeExchange } from "./exchange.ts";
import { indexOf, nodeId } from "./relabeling.ts";
import type { Event } from "./replica.ts";
import { type Cost, type World, freeSlot } from "./world.ts";

export type Move =
  /** Something happens to a replica. */
  | {
      readonly kind: "event";
      readonly node: number;
      readonly event: Event;
      /** The replica stores what it has to, says nothing more, and boots anew. */
      readonly isCutShort: boolean;
      /** The message that arrives will do so once more. */
      readonly isCopied: boolean;
      readonly costs: readonly Cost[];
    }
  /** A message does not arrive. Its requester learns that there is no answer. */
  | { readonly kind: "loss"; readonly exchange: Exchange; readonly costs: readonly Cost[] };

export type Happening = Extract<Move, { kind: "event" }>;

export const FREE: readonly Cost[] = [];
/** Of what is no request. */
export const NO_SLOT = 0;

export const happening = (node: number, event: Event, costs: readonly Cost[]): Happening => ({
  kind: "event",
  node,
  event,
  isCutShort: false,
  isCopied: false,
  costs,
});

/** An event as it is meant to be, and one that ends with the replica. */
export const orCutShort = (move: Happening): readonly Move[] => [
  move,
  { ...move, isCutShort: true, costs: [...move.costs, "crash"] },
];

/** The arrival of what is said in an exchange; null while its request waits. */
export function deliveryOf(exchange: Exchange, world: World): Happening | null {
  const { stage, requester, responder } = exchange;
  if (stage.kind === "waiting") return null;
  const isAsked = stage.kind === "asked";
  const slot = isAsked ? freeSlot(world, exchange) : NO_SLOT;
  const node = indexOf(isAsked ? responder : requester);
  return happening(node, { kind: "delivery", exchange, slot }, FREE);
}

/** One line for people. */
export function describeMove(move: Move): string {
  if (move.kind === "loss") return `lost: ${describeExchange(move.exchange)}`;
  const { event, node, isCutShort, isCopied } = move;
  const suffix = `${isCopied ? ", and will once more" : ""}${isCutShort ? ", cut short by a crash" : ""}`;
  return `${nodeId(node)}: ${describeEvent(event)}${suffix}`;
}

function describeEvent(event: Event): string {
  switch (event.kind) {
    case "boot":
      return "crashes and boots anew";
    case "timer":
      return `the timer of its ${event.timer} runs out`;
    case "give-up":
      return `gives up waiting for ${event.peer}`;
    case "delivery":
      return `gets ${describeExchange(event.exchange)}`;
    case "command":
      return event.input.kind === "sleep"
        ? `is told that it ${describeInput(event.input)}`
        : `is told to ${describeInput(event.input)}`;
    default:
      return unreachable(event);
  }
}
