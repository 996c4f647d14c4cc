/**
 * Clients that write through the replica they believe leads, and remember what they were told. Some writes go to
 * the wrong replica or name the wrong place in the log: those must be refused, never half done.
 */
import { NoOpRecord } from "../../src/protocol/index.ts";
import type { Answer } from "./application.ts";
import type { World } from "./world.ts";

/** A leader that owes more answers than this is left alone, or its followers would never catch up. */
const PENDING_MAX = 10;

export class Clients {
  readonly #world: World;
  #operation = 0;
  readonly #expected = new Map<number, (answer: Answer) => void>();
  /** The latest write that was acknowledged, by the order in which writes were made. */
  latestCommitted = 0;

  constructor(world: World) {
    this.#world = world;
  }

  /** Begins to write, until the world stops them. */
  start(): void {
    for (let client = 0; client < this.#world.swarm.clients; client += 1) this.#writeLater();
  }

  /** Writes once, if there is a replica to ask. */
  write(): void {
    const { chance, tally, isHealed } = this.#world;
    const application = this.#world.likelyLeader()?.instance?.application;
    if (application === undefined || application.pendingCount >= PENDING_MAX) return;
    tally.count("writes");
    if (application.controller !== undefined) {
      const records = [NoOpRecord.of(0, {})];
      application.controller.submit({ run: () => ({ records, response: null }) }, () => undefined);
      return;
    }
    const operation = this.expect(() => undefined);
    const payload = new TextEncoder().encode(
      `write ${operation} ${"x".repeat(chance.between(0, 40))}`,
    );
    const misplaced = !isHealed && chance.happens(0.02) ? chance.between(-2, 2) : 0;
    application.write(operation, payload, chance.between(1, 4), misplaced);
  }

  /** A number for an operation that is about to be done; `answered` is told what became of it. */
  expect(answered: (answer: Answer) => void): number {
    this.#operation += 1;
    this.#expected.set(this.#operation, answered);
    return this.#operation;
  }

  hear(answer: Answer): void {
    const { operation, outcome, wrote, lastOffset, epoch, fingerprint } = answer;
    this.#world.tally.count(`writes ${outcome}`);
    if (outcome === "committed" && wrote) {
      this.latestCommitted = Math.max(this.latestCommitted, operation);
      this.#world.observe({ kind: "acknowledged", operation, lastOffset, epoch, fingerprint });
    }
    this.#expected.get(operation)?.(answer);
    this.#expected.delete(operation);
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
