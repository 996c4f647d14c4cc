/**
 * Mistakes in the shells around the core, and one in the simulator itself.
 */
import type { Mutant } from "./mutant.ts";

export const SHELL_MUTANTS: readonly Mutant[] = [
  {
    name: "a reply leaves before its persist",
    breaks: "the shell's law",
    edits: [
      {
        file: "durable-objects/replica/input-loop.ts",
        find: `    if (first?.kind === "persist") this.#ports.persist(first, done.state);
    this.#state = done.state;`,
        replace: `    this.#state = done.state;
    for (const effect of rest) if (effect.kind === "reply") this.#ports.perform(effect);
    if (first?.kind === "persist") this.#ports.persist(first, done.state);`,
      },
      {
        file: "durable-objects/replica/input-loop.ts",
        find: `      this.#ports.perform(effect);
    }
  }`,
        replace: `      if (effect.kind !== "reply") this.#ports.perform(effect);
    }
  }`,
      },
    ],
    killers: ["promises-are-durable"],
  },
  {
    name: "the output gate stands open",
    breaks: "the shell's law",
    edits: [
      {
        file: "test/sim/instance.ts",
        find: "    if (turn.writes === 0 && this.#gate.length === 0) return this.#release(turn);\n    this.#gate.push(turn);",
        replace: "    this.#release(turn);\n    this.#gate.push({ ...turn, outputs: [] });",
      },
    ],
    killers: ["promises-are-durable", "committed-is-durable"],
  },
];
