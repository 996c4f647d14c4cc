/**
 * The mistakes that the simulator must notice. Each line is one: where it is made, by exact text that occurs
 * once, and which invariant is expected to fall. Where one of the core's own assertions stands behind the
 * rule, it is taken away too, so that the checkers outside have to see it for themselves.
 *
 * A bug that was found and fixed gets a line here that brings it back.
 */
export interface Edit {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

export interface Mutant {
  readonly name: string;
  /** The rule that is broken, as `src/raft` numbers it, or the issue in which Kafka met it. */
  readonly breaks: string;
  readonly edits: readonly Edit[];
  /** The invariants that may fall first. */
  readonly killers: readonly string[];
  /** Who judges: the simulator, or, where only liveness suffers, the golden scripts of `test/raft`. */
  readonly suite?: "sim" | "scripts";
}

/** Takes away one of the core's own assertions, by its condition. */
const without = (file: string, find: string): Edit => ({
  file,
  find,
  replace: find.endsWith(",") ? "true," : "true",
});

const election = "src/raft/election/election.ts";
const following = "src/raft/replication/following.ts";
const invariants = "src/raft/invariants.ts";
const turn = "src/raft/turn.ts";
const transitions = "src/raft/election/transitions.ts";

export const MUTANTS: readonly Mutant[] = [
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
        find: '    effects: [{ kind: "persist", election, truncateTo: truncatedTo, append: appended }, ...effects],',
        replace:
          '    effects: [...effects, { kind: "persist", election, truncateTo: truncatedTo, append: appended }],',
      },
    ],
    killers: ["assertions"],
  },
  {
    name: "a reply leaves before its persist",
    breaks: "the shell's law",
    edits: [
      {
        file: "durable-objects/replica/input-loop.ts",
        find: `    if (first?.kind === "persist") this.#ports.persist(first, done.state);
    this.#state = done.state;`,
        replace: `    this.#state = done.state;
    for (const effect of rest) if (effect.kind === "reply") this.#ports.perform(effect);
    if (first?.kind === "persist") this.#ports.persist(first, done.state);`,
      },
      {
        file: "durable-objects/replica/input-loop.ts",
        find: `      this.#ports.perform(effect);
    }
  }`,
        replace: `      if (effect.kind !== "reply") this.#ports.perform(effect);
    }
  }`,
      },
    ],
    killers: ["promises-are-durable"],
  },
  {
    name: "the output gate stands open",
    breaks: "the shell's law",
    edits: [
      {
        file: "test/sim/instance.ts",
        find: "    if (turn.writes === 0 && this.#gate.length === 0) return this.#release(turn);\n    this.#gate.push(turn);",
        replace: "    this.#release(turn);\n    this.#gate.push({ ...turn, outputs: [] });",
      },
    ],
    killers: ["promises-are-durable", "committed-is-durable"],
  },
  {
    name: "a vote is granted without a look at the log",
    breaks: "V-4",
    edits: [
      {
        file: election,
        find: "  if (election.leaderId !== null || !isUpToDate(body.logEnd, logEnd(log))) return false;",
        replace: "  if (election.leaderId !== null) return false;",
      },
      {
        file: election,
        find: "  return isUpToDate(body.logEnd, logEnd(log));",
        replace: "  return log !== undefined;",
      },
    ],
    killers: ["committed-is-kept"],
  },
  {
    name: "the longer log wins, whatever its epoch",
    breaks: "V-4",
    edits: [
      {
        file: "src/raft/log.ts",
        find: "  return theirs.epoch > ours.epoch || (theirs.epoch === ours.epoch && theirs.offset >= ours.offset);",
        replace: "  return theirs.offset >= ours.offset;",
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
        find: `    { epoch, leaderId: null, votedKey: config.local.key },
    {
      kind: "candidate",
      electionDeadline: drawElectionDeadline(turn),
      granted: new Set([config.local.key.id]),`,
        replace: `    { epoch, leaderId: null, votedKey: config.local.key },
    {
      kind: "candidate",
      electionDeadline: drawElectionDeadline(turn),
      granted: role.granted,`,
      },
    ],
    killers: ["one-leader-per-epoch", "committed-is-kept", "assertions"],
  },
  {
    name: "a minority elects",
    breaks: "E-1",
    edits: [
      {
        file: "src/raft/membership/quorum.ts",
        find: "tally.granted >= majorityOf(tally.members);",
        replace: "tally.granted >= Math.max(1, majorityOf(tally.members) - 1);",
      },
    ],
    killers: ["one-leader-per-epoch", "committed-is-kept", "assertions"],
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
    name: "the high watermark is one index off",
    breaks: "W-1",
    edits: [
      {
        file: "src/raft/membership/quorum.ts",
        find: "descending[majorityOf(ends.length) - 1]",
        replace: "descending[Math.max(0, majorityOf(ends.length) - 2)]",
      },
    ],
    killers: ["committed-is-durable"],
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
    killers: ["committed-is-kept"],
  },
  {
    name: "an offset is acknowledged before it is validated",
    breaks: "F-4",
    edits: [
      {
        file: "src/raft/replication/replication.ts",
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
    killers: ["converges"],
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
    killers: ["summaries-are-true"],
  },
  {
    name: "epochs outlive their truncated records",
    breaks: "L-2",
    edits: [
      {
        file: "src/raft/log.ts",
        find: "    epochs: log.epochs.filter((start) => start.startOffset < offset),",
        replace: "    epochs: log.epochs,",
      },
    ],
    killers: ["assertions"],
  },
  {
    name: "an observer is served what is not committed",
    breaks: "observers read up to the high watermark",
    edits: [
      {
        file: "src/raft/replication/serving.ts",
        find: "hasVoter(latestVoters(voters), key) ? log.endOffset : (role.highWatermark ?? 0);",
        replace: "hasVoter(latestVoters(voters), key) ? log.endOffset : log.endOffset;",
      },
    ],
    killers: ["brokers-see-only-committed"],
  },
  {
    name: "parked fetches are forgotten with the office",
    breaks: "F-7, KAFKA-10677",
    edits: [
      {
        file: transitions,
        find: '  if (left.kind === "leader") failParked(turn, left);\n',
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
  },
  {
    name: "a resigned leader never comes back",
    breaks: "the transition table, Resigned",
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
    killers: ["converges"],
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
  },
  {
    name: "a leader without a majority stays",
    breaks: "check quorum, KAFKA-15489",
    edits: [
      {
        file: "src/raft/deadlines.ts",
        find: "isSoleVoter(state) ? NEVER : role.checkQuorumDeadline;",
        replace: "NEVER;",
      },
    ],
    killers: ["scripts"],
    suite: "scripts",
  },
  {
    name: "a follower in touch with its leader grants pre-votes",
    breaks: "V-5, KAFKA-17641",
    edits: [
      {
        file: election,
        find: '  if (role.kind === "follower" && role.hasFetched) return false;\n',
        replace: "",
      },
    ],
    killers: ["scripts"],
    suite: "scripts",
  },
  {
    name: "hearing of the leader counts as a fetch",
    breaks: "only fetches feed the fetch timer, KAFKA-16536",
    edits: [
      {
        file: "src/raft/election/announcements.ts",
        find: '  const verdict = misdirected ? "INVALID_VOTER_KEY" : error;',
        replace: `  const verdict = misdirected ? "INVALID_VOTER_KEY" : error;
  const { role, now, config } = turn.state;
  if (role.kind === "follower") update(turn, { role: { ...role, fetchDeadline: now + config.fetchTimeoutMs } });`,
      },
    ],
    killers: ["scripts"],
    suite: "scripts",
  },
  {
    name: "an ISR change is accepted from a broker that does not lead",
    breaks: "KIP-497",
    edits: [
      {
        file: "src/metadata/control/alter-partition.ts",
        find: '  if (brokerId !== partition.leader) return "INVALID_REQUEST";\n',
        replace: "",
      },
    ],
    killers: ["isr-is-the-leaders"],
  },
  {
    name: "a fenced broker joins an ISR",
    breaks: "KIP-841",
    edits: [
      {
        file: "src/metadata/control/alter-partition.ts",
        find: "  if (!isActiveBroker(view.cluster, brokerId)) return false;\n",
        replace: "",
      },
    ],
    killers: ["partitions-are-sound"],
  },
  {
    name: "a fenced broker goes on leading",
    breaks: "KIP-841",
    edits: [
      {
        file: "src/metadata/control/broker-departure.ts",
        find: '{ kind: "leaves", brokerId: broker.id }',
        replace: '{ kind: "leaves", brokerId: -1 }',
      },
    ],
    killers: ["partitions-are-sound"],
  },
  {
    name: "a quorum that stood still fences everybody",
    breaks: "KAFKA-18138",
    edits: [
      {
        file: "src/metadata/control/fence-stale-brokers.ts",
        find: "lateMs > STOOD_STILL_MS",
        replace: "lateMs > Infinity",
      },
    ],
    killers: ["standstills-fence-nobody"],
  },
];
