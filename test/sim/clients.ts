/**
 * Clients that write through the replica they believe leads, and remember what they were told. They set the values of a
 * few keys: each value is written once, so that the checkers can tell it in the log.
 */
import type {
  Operation,
  Outcome,
} from "../../durable-objects/active-controller/active-controller.ts";
import {
  ConfigRecord,
  encodeMetadataRecord,
  type MetadataRecord,
} from "../../src/protocol/index.ts";
import { fingerprintOfBytes } from "./entries.ts";
import type { Instance } from "./instance.ts";
import type { Replica } from "./replica.ts";
import type { World } from "./world.ts";

/** A leader that owes more answers than this is left alone, or its followers would never catch up. */
const PENDING_MAX = 10;
const KEYS = 3;

/** A write that has not been answered yet. */
export interface Unanswered {
  readonly since: number;
  readonly replica: Replica;
}

export class Clients {
  readonly #world: World;
  #operation = 0;
  readonly #unanswered = new Map<number, Unanswered>();
  /** The latest write that was acknowledged, by the order in which writes were made. */
  latestCommitted = 0;
  /** Told of every acknowledgement. */
  onCommitted: () => void = () => undefined;

  constructor(world: World) {
    this.#world = world;
  }

  get unanswered(): Iterable<Unanswered> {
    return this.#unanswered.values();
  }

  /** The number of the latest write that was begun. */
  get latestBegun(): number {
    return this.#operation;
  }

  /** Begins to write, until the world stops them. */
  start(): void {
    for (let client = 0; client < this.#world.swarm.clients; client += 1) this.#writeLater();
  }

  /** Writes once, if there is a replica to ask. */
  write(replica = this.#world.likelyLeader()): void {
    const instance = replica?.instance;
    if (replica === undefined || instance === undefined || instance.pendingCount >= PENDING_MAX)
      return;
    const { chance, tally, timeline } = this.#world;
    tally.count("writes");
    this.#operation += 1;
    const operation = this.#operation;
    this.#unanswered.set(operation, { since: timeline.now, replica });
    const records = recordsFor(operation, {
      count: chance.between(1, 3),
      key: chance.between(1, KEYS),
      padding: chance.between(0, 40),
    });
    this.#submit(instance, operation, records);
  }

  #submit(instance: Instance, operation: number, records: readonly MetadataRecord[]): void {
    let epoch = -1;
    const write: Operation<null> = () => {
      epoch = instance.state.election.epoch;
      return { records, response: null };
    };
    instance.submit(write, 0, (outcome) => {
      this.#unanswered.delete(operation);
      this.#hear(operation, outcome, { epoch, last: records.at(-1) });
    });
  }

  #hear(
    operation: number,
    outcome: Outcome<null> | null,
    written: { readonly epoch: number; readonly last: MetadataRecord | undefined },
  ): void {
    const { tally } = this.#world;
    const kind = outcome?.kind ?? "unknown";
    tally.count(`writes ${kind}`);
    const wasRun = written.epoch !== -1;
    if (kind === "abandoned" && wasRun) tally.count("situation: a write was lost with its leader");
    if (outcome?.kind === "failed")
      return this.#world.complain("operations-succeed", String(outcome.cause));
    if (outcome?.kind !== "committed" || written.last === undefined) return;
    this.latestCommitted = Math.max(this.latestCommitted, operation);
    const fingerprint = fingerprintOfBytes(encodeMetadataRecord(written.last));
    const lastOffset = outcome.endOffset - 1;
    const { epoch } = written;
    this.#world.observe({ kind: "acknowledged", operation, lastOffset, epoch, fingerprint });
    this.#world.readers.learn(outcome.endOffset);
    this.onCommitted();
  }

  #writeLater(): void {
    const { timeline, chance, swarm } = this.#world;
    timeline.after(chance.between(0, 2 * swarm.writeEveryMs), () => {
      if (this.#world.isQuiet) return;
      this.write();
      this.#writeLater();
    });
  }
}

/** The last record says which operation it is of. */
const recordsFor = (
  operation: number,
  {
    count,
    key,
    padding,
  }: { readonly count: number; readonly key: number; readonly padding: number },
): readonly MetadataRecord[] =>
  Array.from({ length: count }, (_, index) =>
    ConfigRecord.of(0, {
      resourceType: 2,
      resourceName: "register",
      name: `key-${key}`,
      value: `${operation}.${index} ${"x".repeat(padding)}`,
    }),
  );
