/**
 * A quorum of controllers in Node: each over a disk of its own that is durable at once, all in one time, reaching each
 * other by frames. Nothing in it waits for a promise, so what happens is the same every time.
 */
import type {
  Operation,
  Outcome,
} from "../../durable-objects/active-controller/active-controller.ts";
import type { ClusterEntry } from "../../durable-objects/cluster-entry.ts";
import type { ClusterSettings } from "../../durable-objects/cluster-settings.ts";
import { Controller } from "../../durable-objects/controller.ts";
import type { Failure, Ports } from "../../durable-objects/replica/ports.ts";
import { raftConfig } from "../../durable-objects/replica/raft-config.ts";
import { encodeMetadataRecord, type MetadataRecord } from "../../src/protocol/index.ts";
import { imageToRecords, type MetadataImage } from "../../src/metadata/index.ts";
import { INCARNATION_COUNT, type ApiName, type StoredSnapshot } from "../../src/raft/index.ts";
import { TOKEN_KEY } from "../metadata/token-key.ts";
import { Disk } from "../sim/disk.ts";
import { carry, Time } from "./peer-frames.ts";
import { CLUSTER, VOTER } from "./world.ts";

/** What an image says, as bytes: equal for two that say the same. */
export const digestOf = (image: MetadataImage): Buffer =>
  Buffer.concat([...imageToRecords(image)].map(encodeMetadataRecord));

/** An operation that writes these records. */
export const writing =
  (...records: readonly MetadataRecord[]): Operation<null> =>
  () => ({ records, response: null });

/** One node: what survives of it is the disk. */
export class QuorumNode {
  readonly id: number;
  readonly disk: Disk;
  readonly lines: string[] = [];
  readonly failures: Failure[] = [];
  /** Null while it is down. */
  controller: Controller | null = null;
  /** How late an event is that it wants to follow at once. */
  sliceMs = 0;
  /** The longest time for which it has set a timer. */
  longestTimerMs = 0;
  /** Events that it has run by timers of its own and by its alarm. */
  events = 0;
  /** How often it has set its alarm. */
  alarms = 0;
  clearAlarm: () => void = () => undefined;

  constructor(id: number, chunkBytes: number) {
    this.id = id;
    this.disk = new Disk(chunkBytes);
  }

  get up(): Controller {
    if (this.controller === null) throw new Error(`controller ${this.id} is down`);
    return this.controller;
  }

  get snapshots(): readonly StoredSnapshot[] {
    return this.disk.snapshots.list();
  }

  /** The bytes of a whole snapshot. */
  bytesOf(id: StoredSnapshot): Buffer {
    const pieces: Uint8Array[] = [];
    for (let position = 0; position < id.size;) {
      const piece = this.disk.snapshots.read({ id, position, maxBytes: id.size });
      if (piece === null) throw new Error(`a chunk of ${id.endOffset} has changed`);
      pieces.push(piece);
      position += piece.length;
    }
    return Buffer.concat(pieces);
  }
}

export class Quorum {
  readonly time = new Time();
  readonly nodes: readonly QuorumNode[];
  readonly cluster: ClusterEntry;
  /** Nodes that nobody reaches, and that reach nobody. */
  readonly cut = new Set<number>();
  /** May change the bytes of an answer on their way to a node. */
  onAnswer: (to: number, api: ApiName, frame: Uint8Array) => Uint8Array = (_, __, frame) => frame;
  #boots = 0;

  constructor(
    voters: number,
    settings: Partial<ClusterSettings>,
    { chunkBytes = 1_024 }: { readonly chunkBytes?: number } = {},
  ) {
    const ids = Array.from({ length: voters }, (_, at) => VOTER.node_id + at);
    this.cluster = {
      ...CLUSTER,
      settings,
      initial_voters: ids.map((node_id, at) => ({
        ...VOTER,
        node_id,
        directory_id: `JEXY6aqzQY-32P5TStza${at}g`,
        port: 9_093 + at,
      })),
    };
    this.nodes = ids.map((id) => new QuorumNode(id, chunkBytes));
    for (const node of this.nodes) this.boot(node);
    this.pass(3_000);
  }

  /** The controller in office. */
  get leader(): QuorumNode {
    const leader = this.nodes.find(({ controller }) => controller?.isActive === true);
    if (leader === undefined) throw new Error("no controller is in office");
    return leader;
  }

  get followers(): readonly QuorumNode[] {
    const { leader } = this;
    return this.nodes.filter((node) => node !== leader && node.controller !== null);
  }

  /** With other settings, if they are given: what one node makes of them is its own affair. */
  boot(node: QuorumNode, settings: Partial<ClusterSettings> = this.cluster.settings ?? {}): void {
    this.#boots += 1;
    const cluster = { ...this.cluster, settings };
    const start = {
      cluster,
      config: raftConfig(cluster, node.id),
      seed: 7 + 31 * this.#boots,
      incarnation: INCARNATION_COUNT * this.#boots,
      delegationTokenKey: TOKEN_KEY,
    };
    node.controller = new Controller(start, this.#ports(node));
    node.controller.onDeadline();
  }

  /** Ends a node in the middle of whatever it does. */
  crash(node: QuorumNode): void {
    node.controller?.stop();
    node.controller = null;
  }

  pass(ms: number): void {
    this.time.pass(ms);
  }

  /** Runs an operation at the leader, and lets time pass until it is answered. */
  submit(operation: Operation<null>): Outcome<null> {
    const outcomes: Outcome<null>[] = [];
    this.leader.up.submit(operation, 0, (outcome) => outcomes.push(outcome));
    for (let waited = 0; waited < 100 && outcomes.length === 0; waited += 1) this.pass(5);
    const [outcome] = outcomes;
    if (outcome === undefined) throw new Error("an operation was not answered");
    return outcome;
  }

  /** Lets time pass until `isSo`, at most ten seconds. */
  until(isSo: () => boolean): void {
    for (let waited = 0; waited < 2_000; waited += 1) {
      if (isSo()) return;
      this.pass(5);
    }
    throw new Error("it did not come to that");
  }

  #ports(node: QuorumNode): Ports {
    const { disk, lines } = node;
    const { time } = this;
    const isThere = (): boolean => !this.cut.has(node.id);
    return {
      disk: {
        transaction: (write) => {
          disk.transaction(write);
          disk.flush();
        },
        whenDurable: (then) => void time.set(0, then),
      },
      log: disk.log,
      snapshots: disk.snapshots,
      quorum: disk.quorum,
      alarm: {
        set: (atMs) => {
          node.alarms += 1;
          node.clearAlarm();
          node.clearAlarm = time.set(atMs - time.nowMs, () => {
            node.events += 1;
            node.controller?.onAlarm();
          });
        },
      },
      timers: {
        set: (delayMs, run) => {
          node.longestTimerMs = Math.max(node.longestTimerMs, delayMs);
          return time.set(delayMs === 0 ? node.sliceMs : delayMs, () => {
            node.events += 1;
            run();
          });
        },
      },
      peers: {
        ask: (send, signal, ended) => {
          const peer = this.nodes.find(({ id }) => id === send.to);
          const reach = (): Controller | null =>
            isThere() && !this.cut.has(send.to) ? (peer?.controller ?? null) : null;
          const onAnswer = (api: ApiName, frame: Uint8Array): Uint8Array =>
            this.onAnswer(node.id, api, frame);
          carry(time, reach, send, { signal, ended, onAnswer });
        },
      },
      clock: () => time.nowMs,
      operatorLog: {
        warn: (_event, line) => lines.push(line),
        error: (_event, line) => lines.push(line),
      },
      abort: (failure) => {
        node.failures.push(failure);
        node.controller = null;
      },
    };
  }
}
