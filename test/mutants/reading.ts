/**
 * Mistakes in reads that claim to be linearizable.
 */
import type { Mutant } from "./mutant.ts";

const rounds = "src/raft/reading/rounds.ts";
const killers = ["reads-are-current"];

export const READING_MUTANTS: readonly Mutant[] = [
  {
    name: "a read is ready without a round",
    breaks: "R-1",
    edits: [
      {
        file: rounds,
        find: "  if (isConfirmedByOthers(state, round)) return true;",
        replace: "  if (round.reads.length > 0) return true;",
      },
    ],
    killers,
  },
  {
    name: "a read is confirmed by an answer to what was asked before it came",
    breaks: "R-1",
    edits: [
      {
        file: rounds,
        find: "  if (asked?.correlation !== answered.correlation) return;\n",
        replace: "",
      },
      {
        file: rounds,
        find: "keyOf(asked.key)",
        replace:
          "keyOf(latestVoters(turn.state.voters).find(({ key }) => key.id === from)?.key ?? { id: from, directoryId: '' })",
      },
    ],
    killers: ["rules"],
    witness: "rules",
  },
  {
    name: "a read joins the round that is under way",
    breaks: "R-1, R-4",
    edits: [
      {
        file: rounds,
        find: "  if (round !== null || waiting.length === 0) return;",
        replace: `  if (waiting.length === 0) return;
  if (round !== null) {
    setReads(turn, { ...role.reads, waiting: [], round: { ...round, reads: [...round.reads, ...waiting] } });
    return;
  }`,
      },
    ],
    killers,
  },
  {
    name: "a read is confirmed by a minority",
    breaks: "R-1",
    edits: [
      {
        file: rounds,
        find: "  return hasMajority(latestVoters(state.voters), confirmedIds(state, round).add(self.id));",
        replace: "  return confirmedIds(state, round).add(self.id).size > 0;",
      },
    ],
    killers,
  },
  {
    name: "a read is confirmed by a voter that refuses",
    breaks: "R-1",
    edits: [
      {
        file: rounds,
        find: ' || answered.body.error !== "NONE") return;',
        replace: ") return;",
      },
      {
        file: "src/raft/responses.ts",
        find: "  learn(turn, body);",
        replace: '  if (body.api !== "begin-quorum-epoch") learn(turn, body);',
      },
    ],
    killers,
  },
  {
    name: "a read wants no fence",
    breaks: "R-2",
    edits: [
      {
        file: rounds,
        find: "  if (!isFenced && !isConfirmedByOthers(turn.state, round)) turn.fence = true;\n",
        replace: "",
      },
    ],
    killers,
  },
  {
    name: "a read is fenced by what was stored before it came",
    breaks: "R-2",
    edits: [
      {
        file: rounds,
        find: "      isFenced: willPersist(turn),",
        replace: "      isFenced: true,",
      },
    ],
    killers,
  },
  {
    name: "a read shows what a leader knew before its own epoch committed",
    breaks: "R-3",
    edits: [
      {
        file: rounds,
        find: 'if (role.kind !== "leader" || role.highWatermark === null) return;',
        replace: 'if (role.kind !== "leader") return;',
      },
      {
        file: rounds,
        find: "readIndex: role.highWatermark,",
        replace: "readIndex: turn.state.committed ?? 0,",
      },
      {
        file: "src/raft/invariants.ts",
        find: "round.readIndex <= (highWatermark ?? -1)",
        replace: "round.readIndex >= (highWatermark ?? -1) - 1e9",
      },
    ],
    killers,
  },
  {
    name: "a read shows what is appended and not committed",
    breaks: "R-3",
    edits: [
      {
        file: rounds,
        find: "readIndex: role.highWatermark,",
        replace: "readIndex: turn.state.log.endOffset,",
      },
      {
        file: "src/raft/invariants.ts",
        find: "round.readIndex <= (highWatermark ?? -1)",
        replace: "round.readIndex >= 0",
      },
    ],
    killers,
  },
  {
    name: "a read of a leader that left is never refused",
    breaks: "R-4",
    edits: [
      {
        file: "src/raft/election/transitions.ts",
        find: "    failReads(turn, left);\n",
        replace: "",
      },
    ],
    killers: ["a-majority-serves"],
  },
  {
    name: "an age is counted from when a round ended",
    breaks: "R-5",
    edits: [
      {
        file: rounds,
        find: "const confirmedAt = isDated ? openedAt : role.reads.confirmedAt;",
        replace: "const confirmedAt = isDated ? Math.max(openedAt, turn.state.now) : null;",
      },
    ],
    killers,
  },
];
