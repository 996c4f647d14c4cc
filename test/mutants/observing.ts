/** Mistakes in a replica that follows a quorum which others run (OB-1 to OB-3). */
import type { Mutant } from "./mutant.ts";

const byRules = { killers: ["rules"], witness: "rules" } as const;
const doubts = "src/raft/doubts.ts";

export const OBSERVING_MUTANTS: readonly Mutant[] = [
  {
    name: "an observer that a voter set lists votes",
    breaks: "OB-1",
    edits: [
      {
        file: "src/raft/state.ts",
        find: "  config.observesOnly !== true && hasVoter(",
        replace: "  hasVoter(",
      },
    ],
    ...byRules,
  },
  {
    name: "an observer stands for a set that it was removed from",
    breaks: "OB-1",
    edits: [
      {
        file: "src/raft/state.ts",
        find: "  if (config.observesOnly === true) return false;\n",
        replace: "",
      },
    ],
    ...byRules,
  },
  {
    name: "an observer asks the leader to say where it listens",
    breaks: "OB-1",
    edits: [
      {
        file: "src/raft/reconfiguration/own-entry.ts",
        find: "  if (config.observesOnly === true) return null;\n",
        replace: "",
      },
    ],
    ...byRules,
  },
  {
    name: "an observer believes what would trip a voter",
    breaks: "OB-2",
    edits: [
      {
        file: doubts,
        find: "  if (config.observesOnly !== true) return null;",
        replace: "  if (config.local !== undefined) return null;",
      },
    ],
    ...byRules,
  },
  {
    name: "an observer forgets what is committed when it is told to",
    breaks: "OB-2",
    edits: [
      {
        file: doubts,
        find: "  if (end >= (committed ?? 0)) return null;",
        replace: "  if (end >= 0) return null;",
      },
    ],
    ...byRules,
  },
  {
    name: "what an observer knows is as old as the leader's answer",
    breaks: "OB-3",
    edits: [
      {
        file: "src/raft/confirmed-age.ts",
        find: " + 2 * config.fetchTimeoutMs",
        replace: "",
      },
    ],
    ...byRules,
  },
  {
    name: "the age of what an observer knows is counted from the answer's deadline",
    breaks: "OB-3",
    edits: [
      {
        file: "src/raft/replication/following.ts",
        find: "levelAt: deadline - config.requestTimeoutMs",
        replace: "levelAt: deadline",
      },
    ],
    ...byRules,
  },
];
