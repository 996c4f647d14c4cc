/**
 * One replica that a test talks to, step by step, and what it did last. Whole quorums are `quorum-driver.ts`'s.
 */
import type {
  DurableImage,
  Effect,
  Entry,
  FetchResponse,
  Input,
  Request,
  Response,
  State,
} from "../../src/raft/index.ts";
import { INCARNATION_COUNT, boot, step } from "../../src/raft/index.ts";
import { imageOf, voterOf } from "./node-disk.ts";
import { CLUSTER_ID, configOf, dataEntry } from "./quorum-driver.ts";

/** When every subject boots. */
export const NOW = 100_000;

export class Subject {
  state: State;
  effects: readonly Effect[];
  now = NOW;

  constructor(id: number, image: DurableImage, voters: readonly number[] = [1, 2, 3]) {
    const booted = boot(image, configOf(id, voters), {
      now: NOW,
      seed: 7,
      incarnation: INCARNATION_COUNT,
    });
    this.state = booted.state;
    this.effects = booted.effects;
  }

  take(input: Input): void {
    const next = step(this.state, input);
    this.state = next.state;
    this.effects = next.effects;
  }

  pass(ms: number): void {
    this.now += ms;
    this.take({ kind: "time-passed", now: this.now });
  }

  receive(body: Request, request = 1): void {
    this.take({ kind: "request-received", now: this.now, request, body });
  }

  /** Answers the latest request that was sent to `from`. */
  answer(from: number, body: Response): void {
    this.take({
      kind: "response-received",
      now: this.now,
      from,
      correlation: this.asked(from),
      body,
    });
  }

  asked(peer: number): number {
    const correlation = this.state.connections.get(peer)?.inFlight?.correlation;
    if (correlation === undefined) throw new Error(`nothing is under way to ${peer}`);
    return correlation;
  }

  sent(): readonly (readonly [number, string])[] {
    return this.effects.flatMap((effect) =>
      effect.kind === "send" ? [[effect.to, effect.request.api] as const] : [],
    );
  }
}

/** Replica 2, following 1 in epoch 4, with three records of epoch 3. */
export function follower(entries: readonly Entry[] = [dataEntry(0, 2, 3)]): Subject {
  return new Subject(2, imageOf({ epoch: 4, leaderId: 1, votedKey: null }, entries));
}

/** Leader 1 takes its leave from epoch 4, and would have 3 follow it. */
export const GOODBYE: Request = {
  api: "end-quorum-epoch",
  clusterId: CLUSTER_ID,
  leaderId: 1,
  epoch: 4,
  preferredCandidates: [voterOf(3).key, voterOf(2).key],
  endpoints: voterOf(1).endpoints,
};

export const fetched = (change: Partial<FetchResponse>): FetchResponse => ({
  api: "fetch",
  error: "NONE",
  epoch: 4,
  leaderId: 1,
  leaderEndpoints: voterOf(1).endpoints,
  highWatermark: null,
  logStartOffset: 0,
  diverging: null,
  snapshotId: null,
  records: [],
  ...change,
});
