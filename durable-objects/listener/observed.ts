/**
 * What the observer of a cluster that others run does not answer: whatever would change it, and what only a leader
 * knows. NOT_CONTROLLER would send a client to look for the leader here, for ever; this error ends its attempt.
 */
import { controllerApis } from "../../src/metadata/index.ts";
import { ErrorCode, type ApiError, type ApiName } from "../../src/protocol/index.ts";
import type { Node } from "./answer.ts";

/** Answered by leaders alone, or a change of who votes. */
const OF_THE_QUORUM: ReadonlySet<ApiName> = new Set([
  "DescribeQuorum",
  "AddRaftVoter",
  "RemoveRaftVoter",
  "UpdateRaftVoter",
]);

/** Why the API is refused here, or null. */
export function refusedAsObserved({ cluster }: Node, name: ApiName): ApiError | null {
  if (cluster.observed !== true) return null;
  const isRead = (controllerApis[name]?.kind ?? "read") === "read";
  if (isRead && !OF_THE_QUORUM.has(name)) return null;
  return {
    errorCode: ErrorCode.POLICY_VIOLATION,
    errorMessage:
      "This cluster is observed: its own controllers answer this, and nothing is changed here.",
  };
}
