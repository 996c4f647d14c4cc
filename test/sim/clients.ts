/**
 * Clients that write through whoever they believe leads, and remember what they were told. Some writes go to
 * the wrong replica or name the wrong place in the log: those must be refused, never half done.
 */
import type { Answer } from "./application.ts";
import type { World } from "./world.ts";

/** A leader that owes more answers than this is left alone, or its followers would never catch up. */
const PENDING_MAX = 10;

export class Clients {
  readonly #world: World;
  #operation = 0;
  /** The latest write that was acknowledged, by the order in which writes were made. */
  latestCommitted = 0;

  constructor(world: World) {
    this.#world = world;
  }

  /** Begins to write, until the world stops them. */
  start(): void {
    for (let client = 0; client < this.#world.swarm.clients; client += 1) this.#writeLater();
  }

  /** Writes once, if there is anybody to ask. */
  write(): void {
    const { chance, tally } = this.#world;
    const replicas = [...this.#world.replicas.values()];
    // A client finds the leader as any client does, sooner or later; now and then it is wrong.
    const leaders = replicas.filter((replica) => replica.leads);
    const target = chance.pick(chance.happens(0.9) ? leaders : replicas);
    const application = target?.instance?.application;
    if (application === undefined || application.pendingCount >= PENDING_MAX) return;
    this.#operation += 1;
    tally.count("writes");
    const payload = new TextEncoder().encode(
      `write ${this.#operation} ${"x".repeat(chance.between(0, 40))}`,
    );
    const misplaced = !this.#world.isHealed && chance.happens(0.02) ? chance.between(-2, 2) : 0;
    application.write(this.#operation, payload, chance.between(1, 4), misplaced);
  }

  hear({ operation, outcome, lastOffset, epoch, fingerprint }: Answer): void {
    this.#world.tally.count(`writes ${outcome}`);
    if (outcome !== "committed") return;
    this.latestCommitted = Math.max(this.latestCommitted, operation);
    this.#world.observe({ kind: "acknowledged", operation, lastOffset, epoch, fingerprint });
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
