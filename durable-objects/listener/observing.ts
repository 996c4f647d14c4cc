/**
 * Whether a gateway may be told the log in a client's name, and say where that client is: judged as a Fetch of the
 * client's own would be, for it stands for those.
 */
import { mayCall } from "../../src/access/index.ts";
import type { Bearer } from "../bearer.ts";
import type { Node } from "./answer.ts";
import { refusedByAuthorizer } from "./authorization.ts";
import { callerOf } from "./listener.ts";

export function mayFetch(node: Node, bearer: Bearer): boolean {
  if (bearer.role !== "unlocked" && !mayCall(bearer.role, "Fetch")) return false;
  const { signal } = new AbortController();
  const context = { origin: "client", bearer, signal, caller: callerOf(bearer) } as const;
  return refusedByAuthorizer(node, "Fetch", context) === null;
}

/** A broker's token speaks for its own ids. */
export const maySpeakFor = ({ role, broker_ids: brokerIds }: Bearer, brokerId: number): boolean =>
  role !== "broker" || brokerIds.includes(brokerId);
