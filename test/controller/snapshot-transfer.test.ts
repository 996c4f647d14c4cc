/**
 * A snapshot on its way from one replica to another: over Kafka's frames, into storage, and instead of a log. The
 * leader is a sole voter, the follower an observer that knows no voters; between them lies nothing but time.
 */
import { describe, expect, test } from "vitest";
import type { Ports } from "../../durable-objects/replica/ports.ts";
import { Replica, type ReplicaListener } from "../../durable-objects/replica/replica.ts";
import {
  DEFAULT_TIMEOUTS,
  INCARNATION_COUNT,
  type RaftConfig,
  type SnapshotId,
  type StoredSnapshot,
  type Voter,
} from "../../src/raft/index.ts";
import { Disk } from "../sim/disk.ts";
import { snapshotBytes } from "./checkpoint.ts";
import { carry, Time } from "./peer-frames.ts";

const nodeOf = (id: number): Voter => ({
  key: { id, directoryId: `JEXY6aqzQY-32P5TStza${id}g` },
  endpoints: [{ name: "CONTROLLER", host: "localhost", port: 9090 + id }],
  kraftVersions: { min: 0, max: 1 },
});

/** One replica over a disk that is durable at once, and what it has told the rooms above. */
class Node {
  readonly disk: Disk;
  readonly heard: string[] = [];
  readonly lines: string[] = [];
  readonly replica: Replica;
  /** What is said of a fetched snapshot when its bytes are there. */
  verdict: (id: SnapshotId, size: number) => void = () => undefined;

  constructor(
    time: Time,
    config: RaftConfig,
    at: { readonly disk: Disk; readonly leader: Node | null },
  ) {
    const { disk, leader } = at;
    this.disk = disk;
    const ports: Ports = {
      disk: {
        transaction: (write) => {
          disk.transaction(write);
          disk.flush();
        },
        whenDurable: (then) => then(),
      },
      log: disk.log,
      snapshots: disk.snapshots,
      quorum: disk.quorum,
      alarm: { set: () => undefined },
      timers: time,
      peers: {
        ask: (send, signal, ended) => {
          if (leader !== null) carry(time, () => leader.replica, send, { signal, ended });
        },
      },
      clock: () => time.nowMs,
      operatorLog: {
        warn: (_event, line) => this.lines.push(line),
        error: (_event, line) => this.lines.push(line),
      },
      abort: ({ cause }) => {
        throw cause;
      },
    };
    const above: ReplicaListener = {
      committed: (offset) => this.heard.push(`committed ${offset}`),
      roleChanged: () => undefined,
      verifySnapshot: (id, size) => {
        this.heard.push(`verify ${id.endOffset}-${id.epoch} of ${size}`);
        this.verdict(id, size);
      },
      snapshotAbandoned: (id) => this.heard.push(`abandoned ${id.endOffset}-${id.epoch}`),
      snapshotTooLarge: () => this.heard.push("too large"),
      snapshotInstalled: (id) => this.heard.push(`installed ${id.endOffset}-${id.epoch}`),
      votersToAppend: () => undefined,
      settled: () => undefined,
      timePassed: () => undefined,
      nextDutyAt: () => Number.POSITIVE_INFINITY,
      nextDutyAsleepAt: () => Number.POSITIVE_INFINITY,
      failed: (cause) => {
        throw cause;
      },
    };
    this.replica = new Replica({ config, seed: 7, incarnation: INCARNATION_COUNT }, ports, above);
    this.replica.passTime();
  }
}

const configOf = (id: number, voters: readonly Voter[]): RaftConfig => ({
  ...DEFAULT_TIMEOUTS,
  clusterId: "AAAAAAAAAAAAAAAAAAAAA1",
  local: nodeOf(id),
  bootstrapVoters: voters,
  bootstrapServers: [1],
});

/** Both, after the leader has made a snapshot in chunks of that size and cut its log there. */
class Pair {
  readonly time = new Time();
  readonly leader: Node;
  readonly snapshot: StoredSnapshot;
  follower: Node;

  constructor(chunkBytes: number) {
    const { time } = this;
    this.leader = new Node(time, configOf(1, [nodeOf(1)]), {
      disk: new Disk(chunkBytes),
      leader: null,
    });
    const { state } = this.leader.replica;
    const bytes = snapshotBytes(state.election.epoch, [nodeOf(1)]);
    const id = { endOffset: state.log.endOffset, epoch: state.election.epoch };
    this.snapshot = { ...id, size: bytes.byteLength, timestampMs: 3 };
    const { disk, replica } = this.leader;
    disk.transaction(() => {
      disk.snapshots.begin("made", id);
      disk.snapshots.append("made", bytes);
    });
    disk.flush();
    expect(replica.snapshotMade(this.snapshot)).toBe(true);
    expect(replica.snapshotMade(this.snapshot)).toBe(true);
    replica.cutLog(id.endOffset);
    this.follower = this.boot(new Disk(chunkBytes));
  }

  boot(disk: Disk): Node {
    const { leader } = this;
    return new Node(this.time, configOf(2, []), { disk, leader });
  }

  /** The follower finds whatever it fetches sound. */
  believe(): void {
    const { follower, snapshot } = this;
    follower.verdict = () => follower.replica.snapshotVerified(snapshot, [nodeOf(1)]);
  }
}

const storedBytes = ({ disk }: Node, id: SnapshotId, size: number): readonly number[] => {
  const bytes: number[] = [];
  while (bytes.length < size) {
    const range = { id, position: bytes.length, maxBytes: size };
    bytes.push(...(disk.snapshots.read(range) ?? []));
  }
  return bytes;
};

describe("a snapshot that is fetched", () => {
  // 40 bytes a chunk: an answer is the rest of one, so it takes several.
  test.each([40, 1024 * 1024])("in chunks of %i bytes arrives whole", (chunkBytes) => {
    const pair = new Pair(chunkBytes);
    const { time, leader, follower, snapshot } = pair;
    pair.believe();
    time.pass(500);
    const { endOffset, epoch, size } = snapshot;
    expect(follower.heard).toEqual([
      `verify ${endOffset}-${epoch} of ${size}`,
      `installed ${endOffset}-${epoch}`,
      `committed ${endOffset}`,
    ]);
    expect(follower.disk.snapshots.list()).toEqual([snapshot]);
    const [theirs, ours] = [follower, leader].map((node) => storedBytes(node, snapshot, size));
    expect(theirs).toEqual(ours);
    expect(leader.disk.log.startOffset()).toBe(endOffset);
    const { log, quorum } = follower.disk;
    expect([log.startOffset(), log.endOffset(), log.epochStarts()]).toEqual([
      endOffset,
      endOffset,
      [],
    ]);
    expect(quorum.highWatermark()).toBe(endOffset);
    expect(follower.replica.voters).toEqual([nodeOf(1)]);
  });

  test("makes a replica that boots as it was, and goes on with records", () => {
    const pair = new Pair(40);
    pair.believe();
    pair.time.pass(500);
    const { state } = pair.follower.replica;
    pair.follower.replica.stop();
    const again = pair.boot(pair.follower.disk);
    expect(again.replica.state).toMatchObject({
      log: state.log,
      voters: { records: state.voters.records },
      committed: state.committed,
    });
    const { epoch, endOffset } = pair.snapshot;
    pair.leader.replica.append(
      { baseOffset: endOffset, values: [Uint8Array.of(1)], timestampMs: 1 },
      epoch,
    );
    pair.time.pass(500);
    expect(again.replica.state.log).toMatchObject({
      startOffset: endOffset,
      endOffset: endOffset + 1,
    });
    expect(again.heard).toContain(`committed ${endOffset + 1}`);
  });

  test("is dropped when it is not sound, and fetched again later", () => {
    const pair = new Pair(40);
    const { time, follower, snapshot } = pair;
    follower.verdict = (id) => follower.replica.snapshotRefused(id);
    time.pass(500);
    const name = `${snapshot.endOffset}-${snapshot.epoch}`;
    expect(follower.heard).toEqual([`verify ${name} of ${snapshot.size}`, `abandoned ${name}`]);
    expect(follower.disk.snapshots.list()).toEqual([]);
    expect(() => follower.disk.snapshots.readUnfinished("fetched", 0)).toThrow("being fetched");
    follower.heard.length = 0;
    pair.believe();
    time.pass(3_000);
    expect(follower.heard).toContain(`installed ${name}`);
  });

  test("that is damaged at the leader is served with an error, and an operator told", () => {
    const pair = new Pair(40);
    const { time, leader, follower, snapshot } = pair;
    const bytes = leader.disk.snapshots.read({ id: snapshot, position: 45, maxBytes: 1 });
    if (bytes === null) throw new Error("it was sound before");
    bytes[0] = (bytes[0] ?? 0) ^ 1;
    time.pass(500);
    const name = `${snapshot.endOffset}-${snapshot.epoch}`;
    expect(follower.heard[0]).toBe(`abandoned ${name}`);
    expect(follower.heard).not.toContain(`installed ${name}`);
    expect(leader.lines[0]).toBe(`the snapshot ${name} is damaged at byte 40: nobody can fetch it`);
    expect(leader.replica.state.role.kind).toBe("leader");
  });

  test("that was dropped since its range was named is nobody's fault", () => {
    const { leader, snapshot } = new Pair(40);
    const id = { ...snapshot, endOffset: snapshot.endOffset - 1 };
    expect(leader.replica.readSnapshot({ id, position: 0, maxBytes: 10 })).toBeNull();
    expect(leader.lines).toEqual([]);
  });
});

test("records that were cut since their range was named are not skipped", () => {
  const { leader, snapshot } = new Pair(40);
  const { endOffset, epoch } = snapshot;
  leader.replica.append(
    { baseOffset: endOffset, values: [Uint8Array.of(1)], timestampMs: 1 },
    epoch,
  );
  const upTo = endOffset + 1;
  expect(
    leader.replica.readLog({ from: endOffset, upTo, maxBytes: 99 }).byteLength,
  ).toBeGreaterThan(0);
  expect(leader.replica.readLog({ from: endOffset - 1, upTo, maxBytes: 99 }).byteLength).toBe(0);
});
