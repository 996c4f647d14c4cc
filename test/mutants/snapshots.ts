/** Mistakes in how snapshots are made, sent, verified and installed, and in how the log is cut below them. */
import { type Mutant, without } from "./mutant.ts";

const turn = "src/raft/turn.ts";
const invariants = "src/raft/invariants.ts";
const persist = "durable-objects/replica/persist.ts";
const serving = "src/raft/snapshots/serving.ts";
const writing = "durable-objects/snapshots/snapshot-writing.ts";

export const SNAPSHOT_MUTANTS: readonly Mutant[] = [
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
    killers: ["snapshot-is-replay"],
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
