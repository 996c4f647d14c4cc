/**
 * Clients that write through the replica they believe leads, and remember what they were told. They set the values of a
 * few keys: each value is written once, so that the checkers can tell it in the log. A write tells what was there
 * before.
 */
import type {
  Operation,
  Outcome,
} from "../../durable-objects/active-controller/active-controller.ts";
import { CONFIG_RESOURCE, configsOf, type MetadataImage } from "../../src/metadata/index.ts";
import {
  ConfigRecord,
  encodeMetadataRecord,
  type MetadataRecord,
} from "../../src/protocol/index.ts";
import { fingerprintOfBytes } from "./entries.ts";
import type { Instance } from "./instance.ts";
import type { Replica } from "./replica.ts";
import { untilQuiet } from "./routine.ts";
import type { World } from "./world.ts";

/** A leader that owes more answers than this is left alone, or its followers would never catch up. */
const PENDING_MAX = 10;
export const KEYS = 3;
/** The resource whose configs are the keys. */
const REGISTER = "register";

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
    const { clients, writeEveryMs } = this.#world.swarm;
    for (let client = 0; client < clients; client += 1)
      untilQuiet(this.#world, writeEveryMs, () => this.write());
  }

  /** Writes once, if there is a replica to ask. */
  write(replica = this.#world.likelyLeader()): void {
    replica?.reach();
    const instance = replica?.instance;
    if (replica === undefined || instance === undefined || instance.pendingCount >= PENDING_MAX)
      return;
    const { chance, tally, timeline } = this.#world;
    tally.count("writes");
    this.#operation += 1;
    const operation = this.#operation;
    this.#unanswered.set(operation, { since: timeline.now, replica });
    const written = writing(operation, {
      count: chance.between(1, 3),
      key: chance.between(1, KEYS),
      padding: chance.between(0, 40),
    });
    this.#submit(instance, operation, written);
  }

  #submit(instance: Instance, operation: number, written: Writing): void {
    let epoch = -1;
    const { name, value } = written;
    const exchange: Operation<string | null> = (view) => {
      epoch = instance.state.election.epoch;
      return { records: written.records, response: valueOf(view, name) };
    };
    this.#world.registers.submit(
      {
        instance,
        client: `write ${operation}`,
        input: { kind: "exchange", key: name, value },
        operation: exchange,
        apiVersion: 0,
        outputOf: (before) => ({ kind: "value", value: before }),
      },
      (outcome) => {
        this.#unanswered.delete(operation);
        this.#hear(operation, outcome, { epoch, last: written.records.at(-1) });
      },
    );
  }

  #hear(
    operation: number,
    outcome: Outcome<string | null> | null,
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
}

/** What a client writes: records that set one key, the last of which says the value. */
interface Writing {
  readonly name: string;
  readonly value: string;
  readonly records: readonly MetadataRecord[];
}

function writing(
  operation: number,
  {
    count,
    key,
    padding,
  }: { readonly count: number; readonly key: number; readonly padding: number },
): Writing {
  const name = keyName(key);
  const records = Array.from({ length: count }, (_, index) =>
    ConfigRecord.of(0, {
      resourceType: CONFIG_RESOURCE.TOPIC,
      resourceName: REGISTER,
      name,
      value: `${operation}.${index} ${"x".repeat(padding)}`,
    }),
  );
  return { name, value: `${operation}.${count - 1}`, records };
}

/** What clients have last written under a key, as `image` says; null where it has no value. */
export function valueOf(image: MetadataImage, name: string): string | null {
  const value = configsOf(image.configs, CONFIG_RESOURCE.TOPIC, REGISTER).get(name);
  return value?.split(" ")[0] ?? null;
}

/** A key that clients set. */
export const keyName = (key: number): string => `key-${key}`;
