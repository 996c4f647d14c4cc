/** Mistakes in links, at both of their ends: `test/controller` judges the controller's, `test/gateway` the gateway's. */
import type { Mutant } from "./mutant.ts";

const byController = { killers: ["controller"], witness: "controller" } as const;
const byGateway = { killers: ["gateway"], witness: "gateway" } as const;

const session = "durable-objects/link/session.ts";
const link = "gateway/edge/link/link.ts";

export const LINK_MUTANTS: readonly Mutant[] = [
  {
    name: "each frame of a message is a round of its own",
    breaks: "what arrives together is appended together",
    edits: [
      {
        file: "durable-objects/active-controller/office.ts",
        find: "    this.#isGathering = true;\n",
        replace: "",
      },
    ],
    ...byController,
  },
  {
    name: "handles a message in one event, however much it writes",
    breaks: "no event takes long",
    edits: [{ file: session, find: "voter?.hasFullRound === true", replace: "false" }],
    ...byController,
  },
  {
    name: "executes what was sent to an earlier incarnation",
    breaks: "a request of before is refused",
    edits: [
      {
        file: session,
        find: "    if (!this.#isGreeted)\n      return",
        replace: "    if (false)\n      return",
      },
      { file: session, find: "    if (!this.#isGreeted) return;", replace: "" },
    ],
    ...byController,
  },
  {
    name: "sends answers to a gateway that takes none",
    breaks: "what is not taken is bounded",
    edits: [
      {
        file: "durable-objects/link/outbox.ts",
        find: "const UNTAKEN_BYTES_MAX = 16 * 1_048_576;",
        replace: "const UNTAKEN_BYTES_MAX = 1_024 * 1_048_576;",
      },
    ],
    ...byController,
  },
  {
    name: "sends a frame again by HTTP when its link ends",
    breaks: "a frame is sent once",
    edits: [
      {
        file: "gateway/edge/link/frame-stream.ts",
        find: "return await byLink(() => link.request(stream, frame, signal));",
        replace:
          "return await byLink(() => link.request(stream, frame, signal)).catch(() => byHttp(frame, signal));",
      },
    ],
    ...byGateway,
  },
  {
    name: "waits for an answer that went with the controller's memory",
    breaks: "another incarnation has no answer",
    edits: [
      {
        file: link,
        find: "if (before.incarnation !== greeting.incarnation) this.#beginAnew();",
        replace: "",
      },
    ],
    ...byGateway,
  },
  {
    name: "gives a client the answer to another request",
    breaks: "an answer is its request's",
    edits: [
      {
        file: link,
        find: "if (waiting?.correlation === envelope.correlation) waiting.answered(envelope.frame);",
        replace: "waiting?.answered(envelope.frame);",
      },
    ],
    ...byGateway,
  },
  {
    name: "sends each frame as soon as it is there",
    breaks: "what is ready in one turn leaves in one message",
    edits: [
      {
        file: link,
        find: "    setImmediate(() => this.#flush());",
        replace: "    this.#flush();",
      },
    ],
    ...byGateway,
  },
];
