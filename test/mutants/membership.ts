/**
 * Mistakes in changing who votes (KIP-853): which change may begin, when a set counts and for whom, and what becomes of
 * those who come and go.
 */
import { type Mutant, without } from "./mutant.ts";

const requests = "src/raft/reconfiguration/voter-requests.ts";
const change = "src/raft/reconfiguration/voter-change.ts";
const sets = "src/raft/reconfiguration/voter-set-changes.ts";
const ownEntry = "src/raft/reconfiguration/own-entry.ts";
const adopted = "src/raft/replication/voters-adopted.ts";
const highWatermark = "src/raft/replication/high-watermark.ts";
const history = "src/raft/membership/voter-history.ts";
const state = "src/raft/state.ts";
const turn = "src/raft/turn.ts";

export const MEMBERSHIP_MUTANTS: readonly Mutant[] = [
  {
    name: "a leader changes the voters before it knows what is committed",
    breaks: "M-2, the flaw in Ongaro's dissertation",
    edits: [
      {
        file: requests,
        find: "  if (highWatermark === null) {",
        replace: "  if (highWatermark === null && change !== null) {",
      },
      {
        file: requests,
        find: "  return latestVotersOffset(voters) < highWatermark\n",
        replace: "  return highWatermark === null || latestVotersOffset(voters) < highWatermark\n",
      },
      // Before it knows that, it has no office that could give the change a place: it takes the next one.
      {
        file: change,
        find: '  turn.effects.push({ kind: "voters-to-append", epoch: turn.state.election.epoch });',
        replace: `  const { epoch } = turn.state.election;
  if (leaderRole(turn.state).highWatermark === null)
    onAppendVoters(turn, { epoch, baseOffset: turn.state.log.endOffset });
  else turn.effects.push({ kind: "voters-to-append", epoch });`,
      },
      without(
        change,
        "latestVotersOffset(state.voters) < (leaderRole(state).highWatermark ?? -1),",
      ),
    ],
    killers: ["changes-come-one-at-a-time", "voter-sets-overlap", "committed-is-kept"],
  },
  {
    name: "two changes of the voters at once",
    breaks: "M-2, I-11",
    edits: [
      {
        file: requests,
        find: "  if (change !== null) {",
        replace: "  if (change === undefined) {",
      },
      {
        file: requests,
        find: "  return latestVotersOffset(voters) < highWatermark\n",
        replace: "  return highWatermark !== undefined || voters === undefined\n",
      },
      without(
        change,
        "latestVotersOffset(state.voters) < (leaderRole(state).highWatermark ?? -1),",
      ),
    ],
    killers: ["assertions", "every-request-is-answered"],
  },
  {
    name: "a voter set counts from its commit on",
    breaks: "M-1",
    edits: [
      {
        file: turn,
        find: "  update(turn, { log: appendToLog(log, entry), voters: history });",
        replace: `  const pending = [
    ...((voters as any).pending ?? []),
    ...history.records.slice(voters.records.length),
  ];
  update(turn, { log: appendToLog(log, entry), voters: { ...voters, pending } as any });`,
      },
      {
        file: turn,
        find: "  update(turn, { committed: offset });\n",
        replace: `  const { pending = [], ...known } = turn.state.voters as any;
  const isOver = (record: any) => record.offset < offset;
  const records = [...known.records, ...pending.filter(isOver)];
  const voters = { ...known, records, pending: pending.filter((one: any) => !isOver(one)) };
  update(turn, { committed: offset, voters: voters as any });
`,
      },
    ],
    killers: ["summaries-are-true", "committed-is-durable"],
  },
  {
    name: "a voter set outlives its truncation",
    breaks: "M-1",
    edits: [
      {
        file: turn,
        find: "voters: truncateVoters(voters, offset) });",
        replace: "voters: offset < 0 ? truncateVoters(voters, offset) : voters });",
      },
    ],
    killers: ["summaries-are-true", "snapshot-is-replay", "committed-is-durable"],
  },
  {
    name: "a change is committed by the voters of before",
    breaks: "W-6, M-1",
    edits: [
      {
        file: highWatermark,
        find: 'import { latestVoters, sameKey } from "../membership/voter-history.ts";',
        replace:
          'import { latestVoters, latestVotersOffset, sameKey, votersAt } from "../membership/voter-history.ts";',
      },
      {
        file: highWatermark,
        find: "  const ends = latestVoters(voters).map(({ key }) => {",
        replace: `  const newest = latestVotersOffset(voters);
  const isPending = newest >= (role.highWatermark ?? 0) && newest > role.epochStartOffset + 2;
  const counted = isPending ? votersAt(voters, newest) : latestVoters(voters);
  const ends = counted.map(({ key }) => {`,
      },
    ],
    killers: ["committed-is-durable"],
  },
  {
    name: "a leader counts itself after its own removal",
    breaks: "M-4",
    edits: [
      {
        file: highWatermark,
        find: "  const reached = reachedByMajority(ends);",
        replace: `  const isListed = latestVoters(voters).some(({ key }) => sameKey(key, config.local.key));
  const reached = reachedByMajority(isListed ? ends : [...ends, log.endOffset]);`,
      },
    ],
    killers: ["committed-is-durable"],
  },
  {
    name: "a leader that has removed itself leads on",
    breaks: "M-4",
    edits: [
      {
        file: change,
        find: "  if (latestVotersOffset(voters) < (role.highWatermark ?? 0)) becomeResigned(turn, election.epoch);",
        replace: "  if (latestVotersOffset(voters) < -1) becomeResigned(turn, election.epoch);",
      },
    ],
    killers: ["newcomers-have-caught-up", "converges"],
  },
  {
    name: "a leader resigns when it appends its own removal",
    breaks: "M-4",
    edits: [
      {
        file: change,
        find: '  if (!appended.ackWhenCommitted) answerChange(turn, appended, "NONE", null);\n  advanceHighWatermark(turn);',
        replace: `  if (!appended.ackWhenCommitted) answerChange(turn, appended, "NONE", null);
  if (isVoter(turn.state)) advanceHighWatermark(turn);
  else becomeResigned(turn, epoch);`,
      },
    ],
    killers: ["scripts"],
    witness: "golden",
  },
  {
    name: "a voter is added that has not caught up",
    breaks: "M-3",
    edits: [
      {
        file: change,
        find: '  } else if (change.api === "add-raft-voter" && !hasCaughtUp(turn.state, change)) {',
        replace: "  } else if (change.deadline < 0 && !hasCaughtUp(turn.state, change)) {",
      },
    ],
    killers: ["newcomers-have-caught-up"],
  },
  {
    name: "an empty log is level with an unknown high watermark",
    breaks: "M-3, found by seed 39",
    edits: [
      {
        file: "src/raft/replication/leading.ts",
        find: "role.highWatermark ?? Number.POSITIVE_INFINITY;",
        replace: "role.highWatermark ?? 0;",
      },
    ],
    killers: ["newcomers-have-caught-up"],
  },
  {
    name: "a voter is added that was never reached",
    breaks: "M-3",
    edits: [
      {
        file: requests,
        find: '  if (body.api === "remove-raft-voter") queueChange(turn);',
        replace: "  queueChange(turn);",
      },
    ],
    killers: ["newcomers-have-caught-up", "a-majority-serves"],
  },
  {
    name: "a voter is removed under any directory",
    breaks: "M-4",
    edits: [
      {
        file: requests,
        find: "  if (!hasVoter(set, body.voter)) {",
        replace: "  if (findVoter(set, id) === null) {",
      },
      {
        file: sets,
        find: "voters.filter(({ key }) => !sameKey(key, voter.key));\n  if",
        replace: "voters.filter(({ key }) => key.id !== voter.key.id);\n  if",
      },
    ],
    killers: ["acknowledged-changes-are-committed"],
  },
  {
    name: "a node is the same replica with another directory",
    breaks: "KIP-853, H-3",
    edits: [
      {
        file: history,
        find: "  left.id === right.id && left.directoryId === right.directoryId;",
        replace: "  left.id === right.id;",
      },
    ],
    killers: ["nobody-is-wronged", "committed-is-durable", "assertions"],
  },
  {
    name: "a vote is given in the name of the storage before",
    breaks: "H-3",
    edits: [
      {
        file: "src/raft/exchange/addressing.ts",
        find: "  return receiver.directoryId !== NO_DIRECTORY && receiver.directoryId !== directoryId;",
        replace: "  return receiver.directoryId === NO_DIRECTORY && directoryId === NO_DIRECTORY;",
      },
    ],
    killers: ["committed-is-kept", "one-leader-per-epoch"],
  },
  {
    name: "the order to join is forgotten in memory alone",
    breaks: "M-10",
    edits: [{ file: ownEntry, find: "  turn.joined = true;\n", replace: "" }],
    killers: ["converges"],
  },
  {
    name: "the order to join is forgotten in storage alone",
    breaks: "M-10",
    edits: [{ file: ownEntry, find: "  update(turn, { joining: false });\n", replace: "" }],
    killers: ["scripts"],
    witness: "golden",
  },
  {
    name: "a fresh storage leaves the entry of the one before",
    breaks: "M-10, KAFKA-19078",
    edits: [
      {
        file: ownEntry,
        find: "  return listed === null\n",
        replace: "  return listed !== undefined\n",
      },
    ],
    killers: ["converges"],
  },
  {
    name: "a newcomer's timers have stood still",
    breaks: "M-1",
    edits: [
      {
        file: "src/raft/reconfiguration/taking-effect.ts",
        find: "  if (isVoter(before) || !isVoter(turn.state)) return;",
        replace: "  if (isVoter(before) || isVoter(turn.state) || !isVoter(turn.state)) return;",
      },
    ],
    killers: ["scripts"],
    witness: "golden",
  },
  {
    name: "check quorum does not begin anew with new voters",
    breaks: "E-11, M-1",
    edits: [
      {
        file: adopted,
        find: "      checkQuorumDeadline: now + checkQuorumMs(config),\n",
        replace:
          "      checkQuorumDeadline: Math.max(role.checkQuorumDeadline, now - checkQuorumMs(config)),\n",
      },
    ],
    killers: ["budgets"],
    witness: "budgets",
  },
  {
    name: "the Fetch of a newcomer waits as an observer's",
    breaks: "M-1, F-7",
    edits: [
      {
        file: adopted,
        find: "  for (const { key } of joined) serveParked(turn, key.id);\n",
        replace: "",
      },
    ],
    killers: ["budgets"],
    witness: "budgets",
  },
  {
    name: "a change takes the next offset, whoever it was promised to",
    breaks: "M-11, A-3",
    edits: [
      {
        file: "durable-objects/controller.ts",
        find: "      votersToAppend: () => this.#office?.queueVoters(),",
        replace: `      votersToAppend: () => {
        const { election, log } = this.state;
        this.#replica.appendVoters(log.endOffset, election.epoch);
      },`,
      },
    ],
    killers: ["assertions"],
  },
  {
    name: "a change that waits for an office is forgotten",
    breaks: "M-11",
    edits: [
      {
        file: "durable-objects/controller.ts",
        find: '    if (role.change?.phase === "queued") this.#office.queueVoters();\n',
        replace: "",
      },
    ],
    killers: ["controller"],
    witness: "controller",
  },
  {
    name: "a change is answered when it is appended",
    breaks: "M-6",
    edits: [
      {
        file: change,
        find: '  if (!appended.ackWhenCommitted) answerChange(turn, appended, "NONE", null);\n',
        replace: '  answerChange(turn, appended, "NONE", null);\n',
      },
    ],
    killers: ["acknowledged-changes-are-committed"],
  },
  {
    name: "a leader that has removed itself and crashed stands no more",
    breaks: "MB-1, found by seed 29",
    edits: [
      {
        file: state,
        find: "  return newest >= (committed ?? 0) && hasVoter(",
        replace: "  return newest < 0 && (committed ?? 0) < 0 && hasVoter(",
      },
    ],
    killers: ["a-majority-serves", "converges"],
  },
  {
    name: "a voter stands after its removal",
    breaks: "M-9",
    edits: [
      {
        file: state,
        find: "  return newest >= (committed ?? 0) && hasVoter(",
        replace: "  return newest >= Math.min(committed ?? 0, 0) && hasVoter(",
      },
    ],
    killers: ["removed-voters-do-not-stand"],
  },
  {
    name: "a voter goes where another comes",
    breaks: "I-10",
    edits: [
      {
        file: sets,
        find: "  return [...others, voter].toSorted(",
        replace: `  const gone = others.length > 3 ? others.slice(1) : others;
  return [...gone, voter].toSorted(`,
      },
      without(change, "differsByOne(before, voters)"),
    ],
    killers: ["voter-sets-overlap", "acknowledged-changes-are-committed"],
  },
];
