/** Mistakes in how snapshots are named, sent, verified and installed, and in what a log is that begins with one. */
import { type Mutant, without } from "./mutant.ts";

const turn = "src/raft/turn.ts";
const invariants = "src/raft/invariants.ts";
const persist = "durable-objects/replica/persist.ts";
const serving = "src/raft/snapshots/serving.ts";
const replica = "durable-objects/replica/replica.ts";
const transitions = "src/raft/election/transitions.ts";
const fetching = "src/raft/snapshots/fetching.ts";
const summary = "src/raft/log-summary.ts";
const STORED_STEP = "    disk.transaction(() => persistStep(effect, stores));\n";

export const INSTALL_MUTANTS: readonly Mutant[] = [
  {
    name: "a snapshot replaces a log that holds it already",
    breaks: "SN-1",
    edits: [
      {
        file: fetching,
        find: "  return epochBefore(log, endOffset) !== epoch;\n",
        replace: "  return log.endOffset >= 0;\n",
      },
    ],
    killers: ["committed-is-kept", "promises-are-durable"],
  },
  {
    name: "a snapshot replaces what is known to be committed",
    breaks: "SN-1, L-1",
    edits: [
      {
        file: fetching,
        find: " || endOffset <= (committed ?? 0)) return false;",
        replace: ") return committed === -1;",
      },
      {
        file: fetching,
        find: "  return epochBefore(log, endOffset) !== epoch;\n",
        replace: "  return log.snapshots.every((listed) => listed.endOffset !== endOffset);\n",
      },
      without(turn, "offset > (committed ?? -1),"),
      without(invariants, "(after.committed ?? -1) >= (before.committed ?? -1),"),
      without(invariants, "after.log.startOffset >= before.log.startOffset,"),
    ],
    killers: ["summaries-are-true", "committed-is-kept", "high-watermarks-never-fall"],
  },
  {
    name: "a download is kept across a change of leaders",
    breaks: "N-8",
    edits: [
      {
        file: transitions,
        find: "  abandonInstall(turn);\n  update(turn, { election, role,",
        replace: "  update(turn, { election, role,",
      },
      {
        file: transitions,
        find: "      installing: null,\n",
        replace: '      installing: role.kind === "follower" ? role.installing : null,\n',
      },
    ],
    killers: ["controller"],
    witness: "controller",
  },
  {
    name: "the image of the log that was stays after an install",
    breaks: "I-15",
    edits: [
      {
        file: "durable-objects/committed-log/committed-log.ts",
        find: "    this.#image = new CommittedImage(this.#ports, snapshot);\n",
        replace: "    this.#image.adopt(this.#image.image, snapshot.endOffset);\n",
      },
    ],
    killers: ["images-agree", "snapshot-is-replay"],
  },
  {
    name: "a log that is empty after an install forgets its epoch",
    breaks: "F-3",
    edits: [
      {
        file: summary,
        find: "log.epochs.at(-1)?.epoch ?? log.snapshots.at(-1)?.epoch ?? 0;",
        replace: "log.epochs.at(-1)?.epoch ?? 0;",
      },
    ],
    killers: ["converges", "a-majority-serves"],
  },
  {
    name: "a leader names no snapshot to one that lags below its start",
    breaks: "F-3, N-7",
    edits: [
      {
        file: summary,
        find: "    const before = theirs.offset < base.endOffset || theirs.epoch < base.epoch;\n",
        replace:
          "    const before = theirs.offset >= base.endOffset && theirs.epoch < base.epoch;\n",
      },
      {
        file: "src/raft/replication/fetch-reply.ts",
        find: "latest !== undefined && body.fetchOffset < state.log.startOffset",
        replace: "latest !== undefined && body.fetchOffset < 0",
      },
    ],
    killers: ["brokers-see-only-committed", "converges", "a-majority-serves"],
  },
  {
    name: "an install is stored in two transactions",
    breaks: "N-6",
    edits: [
      {
        file: replica,
        find: STORED_STEP,
        replace: `    const { install } = effect;
    if (install !== null) disk.transaction(() => snapshots.complete("fetched", install));
    disk.transaction(() => {
      if (install !== null) snapshots.dropBelow(install.endOffset);
      if (install !== null) log.restartAt(install.endOffset);
      persistStep({ ...effect, install: null }, stores);
    });
`,
      },
    ],
    killers: ["logs-start-at-snapshots"],
  },
  {
    name: "a boot skips the batch after its snapshot",
    breaks: "I-15",
    edits: [
      {
        file: "durable-objects/committed-log/committed-image.ts",
        find: "    this.#endOffset = load.snapshot.endOffset;\n",
        replace: `    const from = load.snapshot.endOffset;
    const [next] = this.#log.read({ from, upTo: Number.MAX_SAFE_INTEGER, maxBytes: 1 });
    this.#endOffset = (next?.lastOffset ?? from - 1) + 1;
`,
      },
    ],
    killers: ["images-agree", "snapshot-is-replay"],
  },
  {
    name: "an installed snapshot leaves the old log",
    breaks: "N-6: complete before the log start",
    edits: [{ file: persist, find: "  log.restartAt(snapshot.endOffset);\n", replace: "" }],
    killers: ["summaries-are-true"],
  },
  {
    name: "an installed snapshot leaves the older ones",
    breaks: "N-6",
    edits: [{ file: persist, find: "  snapshots.dropBelow(snapshot.endOffset);\n", replace: "" }],
    killers: ["summaries-are-true"],
  },
  {
    name: "the checksum of a batch is not compared",
    breaks: "N-7",
    edits: [
      {
        file: "src/protocol/record-batch.ts",
        find: '  expect(reader, "crc", reader.uint32(), crc32c(bytes, at + CRC_FROM, at + size));\n',
        replace: "  reader.uint32();\n",
      },
    ],
    killers: ["snapshot-is-replay", "assertions"],
  },
  {
    name: "a fetched snapshot that is not sound is installed",
    breaks: "N-7",
    edits: [
      {
        file: "durable-objects/snapshots/snapshot-verifier.ts",
        find: "      return this.#parts.refused(id);\n",
        replace:
          "      if (records.frame === null) return this.#parts.refused(id);\n      found = contained(id, records);\n",
      },
    ],
    killers: ["snapshot-is-replay"],
  },
  {
    name: "a FetchSnapshot acknowledges the whole log",
    breaks: "N-7",
    edits: [
      { file: serving, find: "import { reply } from", replace: "import { reply, update } from" },
      {
        file: serving,
        find: "    hearFrom(turn, body.replica);\n",
        replace: `    hearFrom(turn, body.replica);
  const leader = leaderRole(turn.state);
  const voter = leader.voters.get(body.replica.id);
  if (voter !== undefined) {
    const counted = { ...voter, endOffset: turn.state.log.endOffset };
    update(turn, { role: { ...leader, voters: new Map([...leader.voters, [body.replica.id, counted]]) } });
  }
`,
      },
    ],
    killers: ["committed-is-durable", "assertions"],
  },
  {
    name: "a voter that downloads does not count as alive",
    breaks: "N-7, E-11",
    edits: [
      { file: serving, find: "    hearFrom(turn, body.replica);\n", replace: "    void body;\n" },
    ],
    killers: ["scripts"],
    witness: "golden",
  },
  {
    name: "an install leaves the epochs of the old log",
    breaks: "L-2",
    edits: [
      {
        file: "test/sim/disk-log.ts",
        find: "    this.#beginAt(offset, position);\n    this.#epochs = [];\n",
        replace: "    this.#beginAt(offset, position);\n",
      },
    ],
    killers: ["assertions"],
    witness: "assertion",
  },
];
