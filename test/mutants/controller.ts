/**
 * Mistakes in what a controller does around its core: how it replays, queues, answers and stays awake. The tests over
 * ports judge them (`test/controller`).
 */
import type { Mutant } from "./mutant.ts";

const judged = { killers: ["controller"], witness: "controller" } as const;

export const CONTROLLER_MUTANTS: readonly Mutant[] = [
  {
    name: "an idle log is marked though no broker is there",
    breaks: "no wake-up without need",
    edits: [
      {
        file: "durable-objects/active-controller/duties.ts",
        find: "return intervalMs > 0 && hasContacts(liveness) ?",
        replace: "return intervalMs > 0 && liveness.contacts.size >= 0 ?",
      },
    ],
    killers: ["controller"],
    witness: "controller",
  },
  {
    name: "what a deposed leader had appended may be asked of another",
    breaks: "a write is executed once",
    edits: [
      {
        file: "durable-objects/active-controller/active-controller.ts",
        find: "return endOffset > before && endOffset <= this.#appendedEnd;",
        replace: "return endOffset > before && endOffset > this.#appendedEnd;",
      },
    ],
    ...judged,
  },
  {
    name: "pushes the alarm on while the object lives",
    breaks: "a follower of a quiet quorum stays in memory",
    edits: [
      {
        file: "durable-objects/replica/wake.ts",
        find: "if (armed !== null && now < armed + ALARM_LATE_MS)",
        replace: "if (armed !== null && now < armed - 15_000)",
      },
    ],
    ...judged,
  },
  {
    name: "replays a long log in one event",
    breaks: "no event takes long",
    edits: [
      {
        file: "durable-objects/committed-log/committed-image.ts",
        find: "const SLICE_COST = 1_000;",
        replace: "const SLICE_COST = 1_000_000_000;",
      },
    ],
    ...judged,
  },
  {
    name: "steps over a hole in the log",
    breaks: "I-15",
    edits: [
      {
        file: "durable-objects/committed-log/committed-image.ts",
        find: "      baseOffset === this.#endOffset,",
        replace: "      true,",
      },
    ],
    ...judged,
  },
  {
    name: "shows a large batch before its end",
    breaks: "a batch is committed whole",
    edits: [
      {
        file: "durable-objects/committed-log/committed-image.ts",
        find: "    if (isWhole) {",
        replace: "    if (after.done > 0) {",
      },
    ],
    ...judged,
  },
  {
    name: "reads an image that has not caught up",
    breaks: "a read is of what is committed",
    edits: [
      {
        file: "durable-objects/controller.ts",
        find: " && this.#committed.hasCaughtUp ? image",
        replace: " ? image",
      },
    ],
    ...judged,
  },
  {
    name: "measures an operation without its batch header",
    breaks: "a size is input",
    edits: [
      {
        file: "durable-objects/active-controller/active-controller.ts",
        find: "BATCH_HEADER_BYTES + bytes > batchBytesMax",
        replace: "bytes > batchBytesMax",
      },
    ],
    ...judged,
  },
  {
    name: "a large operation joins the round before it",
    breaks: "a batch has at most 8 MiB",
    edits: [
      {
        file: "durable-objects/active-controller/active-controller.ts",
        find: "last.bytes + bytes > ROUND_BYTES",
        replace: "last.bytes > ROUND_BYTES",
      },
    ],
    ...judged,
  },
  {
    name: "keeps room for a round that was appended",
    breaks: "every queue is bounded",
    edits: [
      {
        file: "durable-objects/active-controller/active-controller.ts",
        find: "    this.#queuedBytes -= round.bytes - BATCH_HEADER_BYTES;\n",
        replace: "",
      },
    ],
    ...judged,
  },
  {
    name: "queues any number of bytes",
    breaks: "every queue is bounded",
    edits: [
      {
        file: "durable-objects/active-controller/active-controller.ts",
        find: "return values.length === 0 || this.#queuedBytes",
        replace: "return values.length >= 0 || this.#queuedBytes",
      },
    ],
    ...judged,
  },
  {
    name: "a timer that was replaced counts all the same",
    breaks: "T-7",
    edits: [
      {
        file: "durable-objects/replica/wake.ts",
        find: "    if (deadline !== this.#timerAt) return;\n",
        replace: "",
      },
    ],
    ...judged,
  },
  {
    name: "leaves a message longer than a string",
    breaks: "an answer is said to the last byte",
    edits: [
      {
        file: "durable-objects/listener/sayable.ts",
        find: "  if (left <= 0) return message;",
        replace: "  if (left >= 0 || left < 0) return message;",
      },
    ],
    ...judged,
  },
  {
    name: "reads and encodes a range for each broker",
    breaks: "a range is encoded once",
    edits: [
      {
        file: "durable-objects/replica/replica.ts",
        find: "last.log === log && isSame(last.range, range)",
        replace: "last.log !== log",
      },
    ],
    ...judged,
  },
  {
    name: "calls of an earlier role keep their connections",
    breaks: "KIP-595: a new role forgets what the old one asked",
    edits: [
      {
        file: "durable-objects/replica/calls.ts",
        find: "      this.#end(call, () => undefined);\n      call.abort.abort();",
        replace: "      this.#end(call, () => undefined);",
      },
    ],
    ...judged,
  },
  {
    name: "a call ends as often as it is told to",
    breaks: "a call ends once",
    edits: [
      {
        file: "durable-objects/replica/calls.ts",
        find: "    if (!this.#underWay.delete(call)) return;",
        replace: "    this.#underWay.delete(call);",
      },
    ],
    ...judged,
  },
  {
    name: "a goodbye is not waited for",
    breaks: "KIP-595: a leader that leaves says so",
    edits: [
      {
        file: "durable-objects/replica/calls.ts",
        find: "    if (this.#underWay.size === 0) return then();",
        replace: "    if (this.#underWay.size >= 0) return then();",
      },
    ],
    ...judged,
  },
  {
    name: "a vote queues behind fetches",
    breaks: "six connections",
    edits: [
      {
        file: "durable-objects/replica/call-queue.ts",
        find: "(other) => other.urgency > urgency",
        replace: "(other) => other.urgency < 0",
      },
    ],
    ...judged,
  },
  {
    name: "an alarm that was lost is set for its old moment",
    breaks: "workerd#6866",
    edits: [
      {
        file: "durable-objects/replica/wake.ts",
        find: "    this.#setAlarm(now + (armed === null ? ALARM_AHEAD_MS : ALARM_AGAIN_MS));",
        replace: "    this.#setAlarm(armed ?? now + ALARM_AHEAD_MS);",
      },
    ],
    ...judged,
  },
  {
    name: "the core's deadline is compared with the clock",
    breaks: "T-7",
    edits: [
      {
        file: "durable-objects/replica/replica.ts",
        find: "Math.min(this.#coreDeadline(), dutyAt)",
        replace: "Math.min(this.#coreDeadline() + now - clock, dutyAt)",
      },
    ],
    ...judged,
  },
  {
    name: "an office shows the image of before its rounds",
    breaks: "a read is of what is committed",
    edits: [
      {
        file: "durable-objects/active-controller/active-controller.ts",
        find: "      this.#committedImage = this.#appended.shift()?.image ?? this.#committedImage;",
        replace: "      this.#appended.shift();",
      },
    ],
    ...judged,
  },
];
