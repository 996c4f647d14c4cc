/** Mistakes in how snapshots are made and kept, and in how the log is cut below them. */
import { type Mutant, without } from "./mutant.ts";

const turn = "src/raft/turn.ts";
const invariants = "src/raft/invariants.ts";
const persist = "durable-objects/replica/persist.ts";
const writing = "durable-objects/snapshots/snapshot-writing.ts";
const duties = "durable-objects/snapshots/snapshot-duties.ts";
const retention = "src/raft/snapshots/retention.ts";

export const SNAPSHOT_MUTANTS: readonly Mutant[] = [
  {
    name: "a snapshot that was overtaken is listed",
    breaks: "N-2",
    edits: [
      {
        file: "src/raft/snapshots/compacting.ts",
        find: "  if (snapshot.endOffset > newest) addSnapshot(turn, snapshot);\n",
        replace: "  if (newest >= 0) addSnapshot(turn, snapshot);\n",
      },
      { file: duties, find: "    this.#maker.abandon();\n", replace: "" },
      without(turn, "    epoch === written && size > 0,"),
      without(invariants, "      endOffset > below.endOffset && endOffset <= (committed ?? 0),"),
      without(invariants, "      epoch >= below.epoch && epoch <= election.epoch,"),
    ],
    killers: ["controller"],
    witness: "controller",
  },
  {
    name: "a snapshot names the newest voters",
    breaks: "N-3",
    edits: [
      {
        file: duties,
        find: "voters: votersAt(voters, endOffset) }",
        replace: "voters: votersAt(voters, Number.MAX_SAFE_INTEGER) }",
      },
    ],
    killers: ["snapshot-is-replay"],
  },
  {
    name: "a cut drops the newest snapshot as well",
    breaks: "N-5, I-9",
    edits: [
      {
        file: persist,
        find: "  snapshots.dropBelow(startOffset);\n",
        replace: "  snapshots.dropBelow(Number.MAX_SAFE_INTEGER);\n",
      },
    ],
    killers: ["summaries-are-true", "logs-start-at-snapshots"],
  },
  {
    name: "retention leaves one snapshot",
    breaks: "N-5",
    edits: [
      { file: retention, find: "const SNAPSHOTS_MIN = 2;", replace: "const SNAPSHOTS_MIN = 1;" },
    ],
    killers: ["controller"],
    witness: "controller",
  },
  {
    name: "a snapshot that somebody fetches is dropped",
    breaks: "N-5",
    edits: [{ file: retention, find: " || (isBase && isInUse(oldest))", replace: "" }],
    killers: ["controller"],
    witness: "controller",
  },
  {
    name: "a snapshot is made within a metadata transaction",
    breaks: "KIP-868",
    edits: [{ file: duties, find: " || image.beforeTransaction !== null", replace: "" }],
    killers: ["controller"],
    witness: "controller",
  },
  {
    name: "the sweeper removes a row above the start of the log",
    breaks: "N-5",
    edits: [
      {
        file: "test/sim/disk-log.ts",
        find: "        this.#garbage -= Math.min(this.#garbage, write.rowsMax);\n",
        replace: `        this.#garbage -= Math.min(this.#garbage, write.rowsMax);
        if (this.#batches.length < 2) return;
        this.#batches.shift();
        this.#positions.shift();
`,
      },
    ],
    killers: ["summaries-are-true"],
  },
  {
    name: "what was cut is never removed",
    breaks: "N-5",
    edits: [
      {
        file: "durable-objects/replica/sweeper.ts",
        find: "    if (!isAsItWas) this.sweep();\n",
        replace: "    if (isAsItWas && before === undefined) this.sweep();\n",
      },
    ],
    killers: ["converges"],
  },
  {
    name: "a cut drops the snapshot at which the log begins",
    breaks: "I-9",
    edits: [
      {
        file: persist,
        find: "  snapshots.dropBelow(startOffset);\n",
        replace: "  snapshots.dropBelow(startOffset + 1);\n",
      },
    ],
    killers: ["summaries-are-true", "assertions"],
  },
  {
    name: "a cut is not stored",
    breaks: "N-5",
    edits: [{ file: persist, find: "  log.moveStart(startOffset);\n", replace: "" }],
    killers: ["summaries-are-true"],
  },
  {
    name: "a snapshot lacks its last record",
    breaks: "N-2",
    edits: [
      {
        file: writing,
        find: "      if (next.done === true) {\n",
        replace: "      if (next.done === true) {\n        this.#values.pop();\n",
      },
    ],
    killers: ["snapshot-is-replay"],
  },
  {
    name: "a snapshot claims a record more than it holds",
    breaks: "N-2, KAFKA-14618",
    edits: [
      {
        file: writing,
        find: "    return { endOffset, epoch };\n",
        replace: "    return { endOffset: endOffset + 1, epoch };\n",
      },
      without(turn, "    endOffset <= (committed ?? 0),"),
      without(turn, "    epoch === written && size > 0,"),
      without(invariants, "      endOffset > below.endOffset && endOffset <= (committed ?? 0),"),
    ],
    killers: ["snapshot-is-replay", "logs-start-at-snapshots"],
  },
  {
    name: "a snapshot lacks a voter",
    breaks: "N-2",
    edits: [
      {
        file: writing,
        find: "      voters: framedVoters(voters),\n",
        replace: "      voters: framedVoters(voters.slice(1)),\n",
      },
    ],
    killers: ["snapshot-is-replay"],
  },
  {
    name: "the oldest epoch of a log that was cut begins below it",
    breaks: "I-16",
    edits: [
      {
        file: "test/sim/disk-log.ts",
        find: "    this.#epochs = this.#epochs.filter(({ startOffset }) => startOffset >= offset);\n",
        replace: "",
      },
    ],
    killers: ["assertions"],
    witness: "assertion",
  },
  {
    name: "a storage that refuses by the clock ends nobody",
    breaks: "the shell's law",
    edits: [
      {
        file: "durable-objects/snapshots/snapshot-duties.ts",
        find: "      if (this.#cutAtMs <= nowMs) this.#cut();\n    } catch (cause) {\n      this.#parts.failed(cause);\n",
        replace:
          "      if (this.#cutAtMs <= nowMs) this.#cut();\n    } catch {\n      this.#makeAtMs = nowMs;\n",
      },
    ],
    killers: ["controller"],
    witness: "controller",
  },
  {
    name: "a snapshot that is too large is stored all the same",
    breaks: "a size is input",
    edits: [
      {
        file: "durable-objects/snapshots/snapshot-maker.ts",
        find: "writing.stored.size > snapshots.snapshotBytesMax",
        replace: "writing.stored.size > Infinity",
      },
    ],
    killers: ["controller"],
    witness: "controller",
  },
  {
    name: "what was given up of a snapshot stays on disk",
    breaks: "everything that holds something has a bound",
    edits: [
      {
        file: "durable-objects/snapshots/snapshot-duties.ts",
        find: "      dropped: () => replica.sweep(),\n",
        replace: "      dropped: () => undefined,\n",
      },
    ],
    killers: ["controller"],
    witness: "controller",
  },
];
