/** Which ports are to be opened and closed when the edge has said once more who the controllers are. */
import type { Controller } from "./edge/controller-list.ts";

/** Voters, and nodes on their way: the edge lists no more of one cluster. */
export const CONTROLLERS_MAX = 9;

export interface VoterChanges {
  readonly coming: readonly Controller[];
  readonly going: readonly number[];
  /** Served, and not listed for the first time: it may be the edge that has not heard of it yet. */
  readonly missing: readonly number[];
}

const NOTHING: VoterChanges = { coming: [], going: [], missing: [] };

/**
 * A controller comes when it says that it votes, and goes when it says that it does not, or when it is not listed and
 * that was doubted before. One that says nothing stays as it is. An answer that would leave no controller at all
 * changes nothing.
 */
export function voterChanges(
  served: ReadonlySet<number>,
  listed: readonly Controller[],
  doubted: ReadonlySet<number>,
): VoterChanges {
  const byId = new Map(listed.map((controller) => [controller.nodeId, controller]));
  const absent = [...served].filter((nodeId) => !byId.has(nodeId));
  const going = [...served].filter(
    (nodeId) => byId.get(nodeId)?.isVoter === false || (!byId.has(nodeId) && doubted.has(nodeId)),
  );
  const places = CONTROLLERS_MAX - (served.size - going.length);
  const coming = listed
    .filter(({ nodeId, isVoter }) => isVoter === true && !served.has(nodeId))
    .slice(0, places);
  if (served.size - going.length + coming.length === 0) return NOTHING;
  return { coming, going, missing: absent.filter((nodeId) => !doubted.has(nodeId)) };
}

/** Those to begin with: all but who says that it does not vote; all of them where none would be left. */
export function firstVoters(listed: readonly Controller[]): readonly Controller[] {
  const voters = listed.filter(({ isVoter }) => isVoter !== false);
  return (voters.length === 0 ? listed : voters).slice(0, CONTROLLERS_MAX);
}
