/**
 * Mistakes in standing for election, voting and holding an epoch.
 */
import { type Mutant, without } from "./mutant.ts";

const votes = "src/raft/election/votes.ts";
const invariants = "src/raft/invariants.ts";
const turn = "src/raft/turn.ts";
const transitions = "src/raft/election/transitions.ts";
const suspicion = "src/raft/election/suspicion.ts";

export const ELECTION_MUTANTS: readonly Mutant[] = [
  {
    name: "a vote is not persisted",
    breaks: "D-1",
    edits: [
      {
        file: turn,
        find: `    now.leaderId === stored.leaderId &&
    now.votedKey?.id === stored.votedKey?.id &&
    now.votedKey?.directoryId === stored.votedKey?.directoryId`,
        replace: "    now.leaderId === stored.leaderId",
      },
    ],
    killers: ["promises-are-durable", "one-vote-per-epoch"],
  },
  {
    name: "an epoch learned is not persisted",
    breaks: "D-1",
    edits: [{ file: turn, find: "    now.epoch === stored.epoch &&\n", replace: "" }],
    killers: [
      "promises-are-durable",
      "epochs-never-fall",
      "one-leader-per-epoch",
      "one-vote-per-epoch",
    ],
  },
  {
    name: "a step says what it will store after what it says",
    breaks: "the order of effects",
    edits: [
      {
        file: turn,
        find: "effects : [persist, ...effects]",
        replace: "effects : [...effects, persist]",
      },
    ],
    killers: ["assertions"],
    witness: "assertion",
  },
  {
    name: "a vote is granted without a look at the log",
    breaks: "V-4",
    edits: [
      {
        file: votes,
        find: "  if (election.leaderId !== null || !isUpToDate(body.logEnd, logEnd(log))) return false;",
        replace: "  if (election.leaderId !== null) return false;",
      },
      {
        file: votes,
        find: "  return isUpToDate(body.logEnd, logEnd(log));",
        replace: "  return log !== undefined;",
      },
    ],
    killers: ["committed-is-kept"],
  },
  {
    name: "a vote is forgotten by a restart",
    breaks: "D-2",
    edits: [
      {
        file: "src/raft/boot.ts",
        find: "    election: bootElection(image),",
        replace: "    election: { ...bootElection(image), votedKey: null },",
      },
      without(invariants, "votedSelf && election.leaderId === self.id"),
    ],
    killers: ["one-vote-per-epoch"],
  },
  {
    name: "pre-votes are counted as votes",
    breaks: "KIP-996",
    edits: [
      {
        file: transitions,
        find: "    granted: new Set([turn.state.config.local.key.id]),\n",
        replace:
          "    granted:\n" +
          '      turn.state.role.kind === "prospective"\n' +
          "        ? turn.state.role.granted\n" +
          "        : new Set([turn.state.config.local.key.id]),\n",
      },
    ],
    killers: ["one-leader-per-epoch", "committed-is-kept", "assertions"],
  },
  {
    name: "a minority elects",
    breaks: "E-1",
    edits: [
      {
        file: "src/raft/membership/majority.ts",
        find: "membersAmong(voters, ids) >= majorityOf(voters.length);",
        replace: "membersAmong(voters, ids) >= Math.max(1, majorityOf(voters.length) - 1);",
      },
    ],
    killers: ["one-leader-per-epoch", "committed-is-kept", "assertions"],
  },
  {
    name: "unanimity: every voter has to agree",
    breaks: "E-1, W-1",
    edits: [
      {
        file: "src/raft/membership/majority.ts",
        find: "Math.floor(members / 2) + 1;",
        replace: "members;",
      },
    ],
    killers: ["a-majority-serves"],
  },
  {
    name: "the high watermark is one index off",
    breaks: "W-1",
    edits: [
      {
        file: "src/raft/membership/majority.ts",
        find: "descending[majorityOf(ends.length) - 1]",
        replace: "descending[Math.max(0, majorityOf(ends.length) - 2)]",
      },
    ],
    killers: ["committed-is-durable"],
  },
  {
    name: "parked fetches are forgotten with the office",
    breaks: "F-7, KAFKA-10677",
    edits: [
      {
        file: transitions,
        find: "    failWaiting(turn, left);\n",
        replace: "",
      },
    ],
    killers: ["every-request-is-answered"],
  },
  {
    name: "a leader's announcements spin",
    breaks: "Q-5, KAFKA-17751",
    edits: [
      {
        file: "src/raft/election/announcements.ts",
        find: "  update(turn, { role: { ...leader, beginDeadline: now + interval } });",
        replace:
          "  update(turn, { role: { ...leader, beginDeadline: now + (turn.effects.length > 0 ? interval : 0) } });",
      },
    ],
    killers: ["assertions"],
    witness: "assertion",
  },
  {
    name: "a resigned leader never comes back",
    breaks: "E-5",
    edits: [
      {
        file: "src/raft/deadlines.ts",
        find: `    case "candidate":
    case "resigned":
      return role.electionDeadline;`,
        replace: `    case "candidate":
      return role.electionDeadline;
    case "resigned":
      return NEVER;`,
      },
    ],
    killers: ["a-majority-serves", "converges"],
  },
  {
    name: "a vote is lost by meeting a leader",
    breaks: "D-2",
    edits: [
      {
        file: transitions,
        find: "    { ...kept, leaderId },",
        replace: "    { ...kept, leaderId, votedKey: null },",
      },
    ],
    killers: ["assertions"],
    witness: "assertion",
  },
  {
    name: "a leader without a majority stays",
    breaks: "E-11, KAFKA-15489",
    edits: [
      {
        file: "src/raft/deadlines.ts",
        find: "isSoleVoter(state) ? NEVER : role.checkQuorumDeadline;",
        replace: "NEVER;",
      },
    ],
    killers: ["budgets"],
    witness: "budgets",
  },
  {
    name: "a follower in touch with its leader grants pre-votes",
    breaks: "V-5, KAFKA-17641",
    edits: [
      {
        file: votes,
        find: '  if (role.kind === "follower" && role.isServed) return false;\n',
        replace: "",
      },
    ],
    killers: ["budgets"],
    witness: "budgets",
  },
  {
    name: "hearing of the leader counts as a fetch",
    breaks: "E-6, KAFKA-16536",
    edits: [
      {
        file: "src/raft/election/announcements.ts",
        find: '  const verdict = misdirected ? "INVALID_VOTER_KEY" : error;',
        replace: `  const verdict = misdirected ? "INVALID_VOTER_KEY" : error;
  const { role, now, config } = turn.state;
  if (role.kind === "follower") update(turn, { role: { ...role, fetchDeadline: now + config.fetchTimeoutMs } });`,
      },
    ],
    killers: ["budgets"],
    witness: "budgets",
  },
  {
    name: "suspicion deposes without a pre-vote",
    breaks: "E-13, KIP-996",
    edits: [
      {
        file: transitions,
        find: "  if (hasWon(turn.state)) becomeCandidate(turn);",
        replace: "  becomeCandidate(turn);",
      },
    ],
    killers: ["budgets"],
    witness: "budgets",
  },
  {
    name: "a leader is suspected at the first failure",
    breaks: "E-13",
    edits: [
      {
        file: suspicion,
        find: "const SUSPICIOUS_FAILURES = 2;",
        replace: "const SUSPICIOUS_FAILURES = 1;",
      },
    ],
    killers: ["budgets"],
    witness: "budgets",
  },
  {
    name: "overload is evidence",
    breaks: "E-13",
    edits: [
      { file: suspicion, find: ' || failure === "overloaded") return;', replace: ") return;" },
      {
        file: suspicion,
        find: '    case "retryable":\n      return failures + 1;\n    case "overloaded":',
        replace: '    case "retryable":\n    case "overloaded":\n      return failures + 1;',
      },
    ],
    killers: ["budgets"],
    witness: "budgets",
  },
  {
    name: "a lost pre-vote is followed by the next at once",
    breaks: "E-15",
    edits: [
      {
        file: transitions,
        find: '      suspectAfter: role.kind === "prospective" ? now + config.electionTimeoutMs : now,',
        replace: "      suspectAfter: now,",
      },
    ],
    killers: ["budgets"],
    witness: "budgets",
  },
  {
    name: "all followers of a lost leader stand together",
    breaks: "E-13, E-14",
    edits: [
      {
        file: "src/raft/membership/succession.ts",
        find: "  return Math.max(0, rank) * successionStepMs(config);",
        replace: "  return Math.min(0, rank) * successionStepMs(config);",
      },
    ],
    killers: ["budgets"],
    witness: "budgets",
  },
  {
    name: "a leader that said goodbye is shielded still",
    breaks: "V-5, E-7",
    edits: [
      {
        file: "src/raft/election/announcements.ts",
        find: "role: { ...role, hasLeft: true, isServed: false, fetchDeadline }",
        replace: "role: { ...role, fetchDeadline }",
      },
    ],
    killers: ["scripts"],
    witness: "golden",
  },
  {
    name: "a prospective voter is deaf to the refusal of its leader",
    breaks: "E-15",
    edits: [
      {
        file: votes,
        find: "  return role.heedsLeader && ballot.leads && !ballot.granted;",
        replace: "  return false;",
      },
    ],
    killers: ["budgets"],
    witness: "budgets",
  },
  {
    name: "a replica waits until its clock has caught up",
    breaks: "T-7",
    edits: [
      {
        file: "src/raft/time.ts",
        find: "  return state.now + (passed < 0 ? 1 : Math.min(GAP_MS_MAX, passed));",
        replace: "  return passed < 0 ? state.now : Math.max(state.now, clock);",
      },
    ],
    killers: ["budgets"],
    witness: "budgets",
  },
  {
    name: "a timer is believed by the clock alone",
    breaks: "T-7",
    edits: [
      {
        file: "durable-objects/replica/replica.ts",
        find: "    if (this.#ports.clock() < now) this.#take",
        replace: "    if (this.#ports.clock() > now) this.#take",
      },
    ],
    killers: ["budgets"],
    witness: "budgets",
  },
  {
    name: "a deadline set after a step back passes for one set before",
    breaks: "T-7",
    edits: [
      {
        file: "src/raft/time.ts",
        find: "(passed < 0 ? 1 :",
        replace: "(passed < 0 ? 0 :",
      },
    ],
    killers: ["budgets"],
    witness: "budgets",
  },
  {
    name: "what is committed is forgotten by a restart",
    breaks: "L-1",
    edits: [
      {
        file: "src/raft/boot.ts",
        find: "    committed: bootCommitted(image),",
        replace: "    committed: bootCommitted({ ...image, highWatermark: null }),",
      },
    ],
    killers: ["high-watermarks-survive"],
  },
];
