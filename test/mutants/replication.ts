/**
 * Mistakes in fetching, acknowledging, committing and truncating.
 */
import { type Mutant, without } from "./mutant.ts";

const following = "src/raft/replication/following.ts";
const invariants = "src/raft/invariants.ts";
const turn = "src/raft/turn.ts";

export const REPLICATION_MUTANTS: readonly Mutant[] = [
  {
    name: "the longer log wins, whatever its epoch",
    breaks: "V-4",
    edits: [
      {
        file: "src/raft/log-summary.ts",
        find: "  return theirs.epoch > ours.epoch || (theirs.epoch === ours.epoch && theirs.offset >= ours.offset);",
        replace: "  return theirs.offset >= ours.offset;",
      },
    ],
    killers: ["committed-is-kept"],
  },
  {
    name: "a leader commits without a record of its own epoch",
    breaks: "W-2, KAFKA-12619",
    edits: [
      {
        file: "src/raft/replication/high-watermark.ts",
        find: `  if (reached === null || reached <= role.epochStartOffset) return;
  if (reached <= (role.highWatermark ?? -1)) return;`,
        replace: "  if (reached === null || reached <= (turn.state.committed ?? 0)) return;",
      },
      {
        file: invariants,
        find: "(highWatermark > epochStartOffset && highWatermark === committed)",
        replace: "highWatermark === committed",
      },
    ],
    killers: ["committed-in-own-epoch"],
  },
  {
    name: "a follower believes a high watermark beyond its log",
    breaks: "F-12",
    edits: [
      {
        file: following,
        find: "Math.min(log.endOffset, body.highWatermark ?? -1)",
        replace: "(log.endOffset, body.highWatermark ?? -1)",
      },
      { file: turn, find: "    offset <= log.endOffset,\n", replace: "    log !== undefined,\n" },
      {
        file: invariants,
        find: "(startOffset <= committed && committed <= endOffset)",
        replace: "startOffset <= committed",
      },
    ],
    killers: ["committed-is-kept", "assertions"],
  },
  {
    name: "an offset is acknowledged before it is validated",
    breaks: "F-4",
    edits: [
      {
        file: "src/raft/replication/leading.ts",
        find: "  const end = { offset: body.fetchOffset, epoch: body.lastFetchedEpoch };",
        replace: `  if (counted === "counts" && isByVoter && body.fetchOffset <= log.endOffset) acknowledge(turn, body);
  const end = { offset: body.fetchOffset, epoch: body.lastFetchedEpoch };`,
      },
      without(invariants, "incarnation === null || (endOffset ?? -1) >= (acknowledged ?? -1),"),
    ],
    killers: ["committed-is-durable", "nobody-is-wronged"],
  },
  {
    name: "a diverging follower does not truncate",
    breaks: "F-10",
    edits: [
      {
        file: following,
        find: "  truncateTo(turn, end);\n  return true;",
        replace: "  return end < 0;",
      },
    ],
    killers: ["a-majority-serves", "converges"],
  },
  {
    name: "a follower truncates below its high watermark",
    breaks: "L-1, KAFKA-12460",
    edits: [
      {
        file: following,
        find: "  truncateTo(turn, end);",
        replace:
          "  truncateTo(turn, log.epochs.findLast(({ startOffset }) => startOffset < end)?.startOffset ?? 0);",
      },
      { file: turn, find: "    offset >= (committed ?? 0),\n", replace: "    offset >= 0,\n" },
      {
        file: turn,
        find: "  turn.truncatedTo = offset;",
        replace:
          "  turn.truncatedTo = offset;\n  update(turn, { committed: Math.min(offset, committed ?? 0) });",
      },
      {
        file: invariants,
        find: "    (after.committed ?? -1) >= (before.committed ?? -1),",
        replace: "    after.committed !== undefined,",
      },
    ],
    killers: ["committed-is-kept"],
  },
  {
    name: "a divergence cuts through a batch",
    breaks: "F-10, found by seed 6",
    edits: [
      {
        file: following,
        find: "  const end = divergenceEnd(log, diverging);",
        replace: "  const end = Math.min(divergenceEnd(log, diverging), diverging.endOffset);",
      },
    ],
    killers: ["rules"],
    // Two epochs that the follower lacks are rare in the swarm: once in a thousand worlds.
    witness: "rules",
  },
  {
    name: "epochs outlive their truncated records",
    breaks: "L-2",
    edits: [
      {
        file: "src/raft/log-summary.ts",
        find: "    epochs: log.epochs.filter((start) => start.startOffset < offset),",
        replace: "    epochs: log.epochs,",
      },
    ],
    killers: ["assertions"],
    witness: "assertion",
  },
  {
    name: "an observer is served what is not committed",
    breaks: "F-13",
    edits: [
      {
        file: "src/raft/replication/fetch-reply.ts",
        find: "hasVoter(latestVoters(voters), key) ? log.endOffset : (highWatermark ?? 0);",
        replace: "hasVoter(latestVoters(voters), key) ? log.endOffset : log.endOffset;",
      },
    ],
    killers: ["brokers-see-only-committed"],
  },
  {
    name: "a voter's redirect is held",
    breaks: "H-2, Q-6",
    edits: [
      {
        file: "src/raft/replication/redirects.ts",
        find: "isByVoter(turn.state, body) || isFull(turn.state)",
        replace: "isFull(turn.state)",
      },
    ],
    killers: ["scripts"],
    witness: "golden",
  },
  {
    name: "a leader that failed once is not asked again",
    breaks: "Q-6",
    edits: [
      {
        file: following,
        find: "  if (leaderId !== null && isWorthWaitingFor(state, leaderId)) return;\n",
        replace: "",
      },
    ],
    killers: ["scripts"],
    witness: "golden",
  },
  {
    name: "an observer keeps every place that it ever took",
    breaks: "F-14",
    edits: [
      {
        file: "src/raft/replication/waiting-fetches.ts",
        find: "  supersede(turn, body.replica.id);\n",
        replace: "",
      },
    ],
    killers: ["scripts"],
    witness: "golden",
  },
  {
    name: "a report makes an observer known that was never served",
    breaks: "F-15",
    edits: [
      {
        file: "src/raft/replication/leading.ts",
        find: "    if (known === undefined || hasVoter(latestVoters(voters), key)) continue;\n",
        replace: "",
      },
      {
        file: "src/raft/replication/leading.ts",
        find: "    const fetched = { fetchOffset: endOffset, incarnation: known.incarnation };\n    observers = observers.set(keyOf(key), advance(known, fetched, { now, end }));",
        replace:
          "    const fetched = { fetchOffset: endOffset, incarnation: null };\n    observers = observers.set(keyOf(key), advance(known ?? noProgress(key), fetched, { now, end }));",
      },
    ],
    killers: ["scripts"],
    witness: "golden",
  },
  {
    name: "an observer is moved beyond what is committed",
    breaks: "F-15",
    edits: [
      {
        file: "src/raft/replication/leading.ts",
        find: "endOffset < 0 || endOffset > end) continue;",
        replace: "endOffset < 0) continue;",
      },
    ],
    killers: ["scripts"],
    witness: "golden",
  },
  {
    name: "an incarnation that was drawn twice is believed",
    breaks: "T-2",
    edits: [
      {
        file: "src/raft/replication/leading.ts",
        find: '  if (shown > known && !hasFallen) return "counts";',
        replace: '  if (!hasFallen) return "counts";',
      },
    ],
    killers: ["scripts"],
    witness: "golden",
  },
  {
    name: "a voter whose storage went back is counted again",
    breaks: "T-2",
    edits: [
      {
        file: "src/raft/replication/leading.ts",
        find: '  if (shown < known) return "late";',
        replace: '  if (shown < known || hasFallen) return "late";',
      },
    ],
    killers: ["budgets"],
    witness: "budgets",
  },
];
