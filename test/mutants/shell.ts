/**
 * Mistakes in the controller around the core, and three in the simulator itself.
 */
import type { Mutant } from "./mutant.ts";

const active = "durable-objects/active-controller/active-controller.ts";

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
    name: "an operation is answered when it is appended",
    breaks: "KIP-631: an answer means committed",
    edits: [
      {
        file: active,
        find: "done.endOffset <= this.#committedEnd) return answered(done);",
        replace: "done.endOffset <= this.#nextOffset) return answered(done);",
      },
    ],
    killers: ["acknowledged-is-committed"],
  },
  {
    name: "an operation that waits is answered as committed when office is lost",
    breaks: "KIP-631: an answer means committed",
    edits: [
      {
        file: active,
        find: 'answered({ kind: this.#mayBeCommitted(before, done) ? "abandoned" : "not-controller" }),',
        replace: "answered(done),",
      },
    ],
    killers: ["acknowledged-is-committed"],
  },
  {
    name: "an operation sees only what is committed",
    breaks: "KIP-631: an operation runs on all that went before it",
    edits: [
      {
        file: active,
        find: "    const result = operation(this.#view, {",
        replace: "    const result = operation(this.#committedImage, {",
      },
    ],
    killers: ["linearizable", "operations-succeed", "assertions"],
  },
  {
    name: "reads are answered from the first image",
    breaks: "a read is of the offset that it names",
    edits: [
      {
        file: "durable-objects/controller.ts",
        find: "response: operation(image, context).response",
        replace: "response: operation(FIRST.image ??= image, context).response",
      },
      {
        file: "durable-objects/controller.ts",
        find: "export class Controller {",
        replace: "const FIRST: { image?: MetadataImage } = {};\n\nexport class Controller {",
      },
    ],
    killers: ["no-read-goes-back"],
  },
  {
    name: "a client's history leaves out a write",
    breaks: "what is not written down cannot be judged",
    edits: [
      {
        file: "test/linearizability/recorder.ts",
        find: "          const returnAt = this.#next();",
        replace: `          const returnAt = this.#next();
          if (id % 97 === 0) return void this.#operations.delete(id);`,
      },
    ],
    killers: ["linearizable"],
  },
  {
    name: "office is claimed before the log is replayed",
    breaks: "KAFKA-15345",
    edits: [
      {
        file: "durable-objects/controller.ts",
        find: "role.highWatermark !== null && this.committedEnd === log.endOffset;",
        replace: "log.endOffset > 0;",
      },
    ],
    killers: [
      "images-agree",
      "assertions",
      "operations-succeed",
      "acknowledged-is-committed",
      "committed-replays",
    ],
  },
  {
    name: "a round is never over",
    breaks: "group commit",
    edits: [
      {
        file: "durable-objects/active-controller/office.ts",
        find: "    if (this.#roundEnd !== null && highWatermark >= this.#roundEnd) this.#roundEnd = null;",
        replace:
          "    if (this.#roundEnd !== null && highWatermark > this.#roundEnd) this.#roundEnd = null;",
      },
    ],
    killers: ["a-majority-serves"],
  },
  {
    name: "records are truncated and their epochs are not",
    breaks: "L-2",
    edits: [
      {
        file: "test/sim/disk-log.ts",
        find: "    this.#epochs = this.#epochs.filter(({ startOffset }) => startOffset < offset);\n",
        replace: "",
      },
    ],
    killers: ["assertions"],
    witness: "assertion",
  },
  {
    name: "the truncation of a step is not stored",
    breaks: "L-1",
    edits: [
      {
        file: "durable-objects/replica/persist.ts",
        find: "if (effect.truncateTo !== null) stores.log",
        replace: "if (effect.truncateTo !== null && effect.append.length > 0) stores.log",
      },
    ],
    killers: ["summaries-are-true"],
  },
  {
    name: "calls outlive the core's interest in them",
    breaks: "found by seed 147: six connections",
    edits: [
      {
        file: "durable-objects/replica/calls.ts",
        find: "this.#timers.set(Math.max(0, limitMs), () => {",
        replace: "this.#timers.set(Math.max(600_000, limitMs), () => {",
      },
    ],
    killers: ["controller"],
    witness: "controller",
  },
  {
    name: "a timer that fired is not armed again",
    breaks: "the dead-man switch",
    edits: [
      {
        file: "durable-objects/replica/wake.ts",
        find: "    this.#clearTimer = null;\n    this.#timerAt = Number.POSITIVE_INFINITY;\n    this.#onDeadline(deadline);",
        replace: "    this.#clearTimer = null;\n    this.#onDeadline(deadline);",
      },
    ],
    killers: ["controller"],
    witness: "controller",
  },
  {
    name: "a copied storage is run",
    breaks: "T-4",
    edits: [
      {
        file: "src/raft/storage-identity.ts",
        find: "  storage.objectId === objectId ? null",
        replace: "  storage.objectId.length + objectId.length > 0 ? null",
      },
    ],
    killers: ["copies-are-not-run"],
  },
  {
    name: "an answer does not wait for the output gate",
    breaks: "the simulator itself: a sole voter's answers must wait for its disk",
    edits: [
      {
        file: "test/sim/instance.ts",
        find: "        this.#outputs.push(() => {\n          if (this.#submitted.delete(lose)) answered(outcome);\n        });",
        replace: "        if (this.#submitted.delete(lose)) answered(outcome);",
      },
    ],
    killers: ["acknowledged-is-committed"],
  },
  {
    name: "the output gate stands open",
    breaks: "the simulator itself: the shell's law",
    edits: [
      {
        file: "test/sim/gate.ts",
        find: "    if (turn.writes === 0 && this.#held.length === 0) return this.#release(turn);\n    this.#held.push(turn);",
        replace: "    this.#release(turn);\n    this.#held.push({ ...turn, outputs: [] });",
      },
    ],
    killers: ["promises-are-durable", "committed-is-durable", "acknowledged-is-committed"],
  },
];
