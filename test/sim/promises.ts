/** What the writer of a message vouches for by sending it. */
import type { OutgoingRequest, Response } from "../../src/raft/index.ts";
import { unreachable } from "../../src/std/assert.ts";
import { nameOf, type Promise } from "./observation.ts";

export function promiseOfRequest(request: OutgoingRequest): Promise | undefined {
  switch (request.api) {
    case "vote":
      return request.preVote ? undefined : { kind: "candidacy", epoch: request.epoch };
    case "begin-quorum-epoch":
      return { kind: "leadership", epoch: request.epoch };
    case "end-quorum-epoch":
    case "fetch-snapshot":
    case "add-raft-voter":
    case "remove-raft-voter":
    case "update-raft-voter":
    case "api-versions":
      return undefined;
    case "fetch":
      return { kind: "log", endOffset: request.fetchOffset, lastEpoch: request.lastFetchedEpoch };
    default:
      return unreachable(request);
  }
}

export function promisesOfResponse(
  request: OutgoingRequest,
  response: Response,
): readonly Promise[] {
  if (request.api === "vote" && response.api === "vote") {
    if (!response.granted || request.preVote) return [];
    return [{ kind: "vote", epoch: response.epoch, candidate: nameOf(request.candidate.id) }];
  }
  if (response.api !== "fetch" || response.error !== "NONE") return [];
  const last = response.records.at(-1);
  const leadership: Promise = { kind: "leadership", epoch: response.epoch };
  if (last === undefined) return [leadership];
  return [leadership, { kind: "log", endOffset: last.lastOffset + 1, lastEpoch: last.epoch }];
}
