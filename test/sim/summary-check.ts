/**
 * What a core believes of its storage, held against the storage: where its log begins and ends, which snapshots there
 * are, and which set of voters the newest record of either names.
 */
import { snapshotVoters, votersIn } from "../../durable-objects/replica/entries.ts";
import { SnapshotReader } from "../../src/protocol/index.ts";
import {
  latestVoters,
  votersAt,
  type State,
  type StoredSnapshot,
  type VoterSet,
} from "../../src/raft/index.ts";
import { nameOfKey } from "./directories.ts";
import type { Disk } from "./disk.ts";
import { printOf } from "./entries.ts";

export class SummaryCheck {
  readonly #disk: Disk;
  #log: State["log"] | null = null;
  #voters: State["voters"] | null = null;

  constructor(disk: Disk) {
    this.#disk = disk;
  }

  /** The first belief that is wrong and what is stored, in words; to be asked after every event. */
  wrongIn(state: State): string | undefined {
    const { log, voters } = state;
    const before = this.#log;
    let wrong = this.#wrongLog(state) ?? this.#wrongSleep(state);
    // The rest changes seldom, and takes longer to compare.
    if (log.snapshots !== before?.snapshots || log.startOffset !== before.startOffset)
      wrong ??= this.#wrongSnapshots(state);
    if (voters !== this.#voters || log.endOffset < (before?.endOffset ?? 0))
      wrong ??= this.#wrongVoters(state);
    this.#log = log;
    this.#voters = voters;
    return wrong;
  }

  #wrongLog({ log }: State): string | undefined {
    const disk = this.#disk;
    const believed = `${log.startOffset}..${log.endOffset}`;
    const stored = `${disk.log.startOffset()}..${disk.end}`;
    if (believed !== stored) return `log is ${believed}, it is ${stored}`;
    const [first] = disk.log.read({ from: log.startOffset, upTo: log.endOffset, maxBytes: 1 });
    const firstAt = first?.baseOffset ?? log.endOffset;
    if (firstAt === log.startOffset) return undefined;
    return `log is ${believed}, its first batch is at ${firstAt}`;
  }

  #wrongSleep({ asleep }: State): string | undefined {
    const stored = this.#disk.quorum.sleep();
    if (stored?.epoch === asleep?.epoch && stored?.endOffset === asleep?.endOffset)
      return undefined;
    return `sleep is at ${asleep?.endOffset}, stored is ${stored?.endOffset}`;
  }

  #wrongSnapshots({ log, voters }: State): string | undefined {
    const { startOffset, snapshots } = log;
    const believed = snapshots.map(namedSnapshot).join(" ");
    const stored = this.#disk.snapshots.list().map(namedSnapshot).join(" ");
    if (believed !== stored) return `snapshots are [${believed}], they are [${stored}]`;
    const base = snapshots.find(({ endOffset }) => endOffset === startOffset);
    if (startOffset === 0) return undefined;
    if (base === undefined) return `log begins at ${startOffset}, where no snapshot ends`;
    const said = this.#votersIn(base);
    const counted = votersAt(voters, startOffset);
    if (printOf(said) === printOf(counted)) return undefined;
    return `voters are [${namesOf(counted)}], its snapshot says [${namesOf(said)}] or another thing of them`;
  }

  /** The newest voter set is that of the log, or of the snapshot before it, or the one that was there before any. */
  #wrongVoters({ log, voters, config }: State): string | undefined {
    const base = log.snapshots.find(({ endOffset }) => endOffset === log.startOffset);
    const written = this.#disk.log.controlBatches().flatMap(votersIn).at(-1)?.voters;
    const snapshot = base === undefined ? undefined : this.#votersIn(base);
    const stored = written ?? snapshot ?? config.bootstrapVoters;
    const counted = latestVoters(voters);
    if (printOf(stored) === printOf(counted)) return undefined;
    return `voters are [${namesOf(counted)}], its storage says [${namesOf(stored)}] or another thing of them`;
  }

  /** The voters in the header of a snapshot, which one row may not hold. */
  #votersIn(snapshot: StoredSnapshot): VoterSet {
    const { snapshots } = this.#disk;
    const reader = new SnapshotReader();
    while (reader.frame === null && reader.position < snapshot.size) {
      const range = { id: snapshot, position: reader.position, maxBytes: snapshot.size };
      const chunk = snapshots.read(range);
      if (chunk === null) break;
      reader.push(chunk);
    }
    return (reader.frame === null ? null : snapshotVoters(reader.frame)) ?? [];
  }
}

const namedSnapshot = ({ endOffset, epoch, size }: StoredSnapshot): string =>
  `${endOffset}-${epoch} (${size})`;

const namesOf = (voters: VoterSet): string => voters.map(({ key }) => nameOfKey(key)).join(" ");
