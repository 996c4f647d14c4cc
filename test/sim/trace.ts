/**
 * What happened, in order: the last lines for people, and one number for the whole run. Two runs of a seed
 * have the same number exactly when they took the same steps. Lines are rendered when they are asked for, so that
 * a run that holds does not pay for them.
 */
import {
  describeEffect,
  describeInput,
  describeState,
  type Input,
  type Step,
} from "../../src/raft/index.ts";
import type { Instance } from "./instance.ts";
import type { Timeline } from "./timeline.ts";

const KEPT = 50;

type Line = () => readonly string[];

export class Trace {
  readonly #timeline: Timeline;
  /** Called with every line as it happens; undefined unless the run is watched. */
  readonly #watch: ((line: string) => void) | undefined;
  #lines: Line[] = [];
  #hash = 0;

  constructor(timeline: Timeline, watch: ((line: string) => void) | undefined) {
    this.#timeline = timeline;
    this.#watch = watch;
  }

  /** Eight hexadecimal digits that stand for every step so far. */
  get hash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, "0");
  }

  /** `input` is null for what a boot does. */
  step(instance: Instance, input: Input | null, { state: after, effects }: Step): void {
    const { name } = instance.replica;
    const who = `${name}#${instance.incarnation}${instance.isZombie ? " zombie" : ""}`;
    this.#mix(instance.replica.id);
    this.#mixText(input?.kind ?? "boot");
    this.#mixText(after.role.kind);
    this.#mix(after.election.epoch);
    this.#mix(after.election.leaderId ?? -1);
    this.#mix(after.election.votedKey?.id ?? -1);
    this.#mix(after.log.endOffset);
    this.#mix(after.committed ?? -1);
    for (const effect of effects) {
      this.#mixText(effect.kind);
      if (effect.kind === "send") {
        this.#mix(effect.to);
        this.#mixText(effect.request.api);
      }
    }
    this.#add(() => [
      `${who} ${input === null ? "starts" : describeInput(input)}`,
      ...effects.map((effect) => `    ${describeEffect(effect)}`),
      `    = ${describeState(after)}`,
    ]);
  }

  note(who: string, what: string): void {
    this.#mixText(who);
    this.#mixText(what);
    this.#add(() => [`${who} ${what}`]);
  }

  /** The last steps of the run, oldest first. */
  tail(): readonly string[] {
    return this.#lines.flatMap((line) => line()).slice(-KEPT);
  }

  #add(render: Line): void {
    const at = (this.#timeline.now / 1000).toFixed(3).padStart(8);
    const line = (): readonly string[] =>
      render().map((text, index) => `${index === 0 ? at : " ".repeat(8)} ${text}`);
    if (this.#watch !== undefined) line().forEach(this.#watch);
    this.#lines.push(line);
    // Cut in one go now and then: an array that shifts at every step is slow.
    if (this.#lines.length > 4 * KEPT) this.#lines = this.#lines.slice(-KEPT);
  }

  #mixText(text: string): void {
    for (let index = 0; index < text.length; index += 1) this.#mix(text.charCodeAt(index));
  }

  #mix(value: number): void {
    this.#hash = Math.imul(this.#hash ^ (value + this.#timeline.now), 0x9e3779b1);
    this.#hash ^= this.#hash >>> 13;
  }
}
