/**
 * Mistakes in links, at both of their ends: `test/controller` judges the controller's, `test/gateway` the gateway's.
 */
import type { Mutant } from "./mutant.ts";

const byController = { killers: ["controller"], witness: "controller" } as const;
const byGateway = { killers: ["gateway"], witness: "gateway" } as const;

const session = "durable-objects/link/session.ts";
const followers = "durable-objects/link/followers.ts";
const link = "gateway/edge/link/link.ts";
const observer = "gateway/observer/observer.ts";
const tail = "gateway/observer/tail.ts";

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
        find: "return await byLink(() => link.request(stream, frame, { signal, waitMs }));",
        replace:
          "return await byLink(() => link.request(stream, frame, { signal, waitMs })).catch(() => byHttp(frame, signal));",
      },
    ],
    ...byGateway,
  },
  {
    name: "measures pauses by a clock that can be set back",
    breaks: "an edge is left alone for a moment, and no longer",
    edits: [
      {
        file: "gateway/edge/tunnel.ts",
        find: "options.clock ?? ((): number => performance.now())",
        replace: "options.clock ?? ((): number => Date.now())",
      },
    ],
    ...byGateway,
  },
  {
    name: "keeps the streams that have ended",
    breaks: "what a link holds is bounded",
    edits: [
      {
        file: session,
        find: "    this.#streams.delete(stream);",
        replace: "    if (stream === this.#following) this.#streams.delete(stream);",
      },
    ],
    ...byController,
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
  {
    name: "pushes what is not committed",
    breaks: "LK-1",
    edits: [
      {
        file: followers,
        find: "voter.readCommitted({ from, maxBytes: PUSH_BYTES });",
        replace:
          "{ bytes: voter.readLog({ from, upTo: voter.state.log.endOffset, maxBytes: PUSH_BYTES }), endOffset: voter.state.log.endOffset };",
      },
      {
        file: followers,
        find: 'state.role.kind === "leader" ? state.role.highWatermark : null,',
        replace: 'state.role.kind === "leader" ? state.log.endOffset : null,',
      },
    ],
    ...byController,
  },
  {
    name: "a follower pushes as if it led",
    breaks: "LK-1",
    edits: [
      {
        file: followers,
        find: 'state.role.kind === "leader" ? state.role.highWatermark : null,',
        replace: "state.committed,",
      },
    ],
    ...byController,
  },
  {
    name: "goes on from any place that a gateway names",
    breaks: "what is pushed continues what is there",
    edits: [
      {
        file: followers,
        find: "  if (epochBefore(voter.state.log, offset) !== epoch) return false;\n",
        replace: "",
      },
    ],
    ...byController,
  },
  {
    name: "pushes on to who acknowledges nothing",
    breaks: "a link has a megabyte under way",
    edits: [
      {
        file: followers,
        find: "const OFFERED_BYTES_MAX = 1_048_576;",
        replace: "const OFFERED_BYTES_MAX = 1_024 * 1_048_576;",
      },
    ],
    ...byController,
  },
  {
    name: "pushes a large batch to all at once",
    breaks: "all links together have 32 MiB under way",
    edits: [
      {
        file: followers,
        find: "const ALL_OFFERED_BYTES_MAX = 32 * 1_048_576;",
        replace: "const ALL_OFFERED_BYTES_MAX = 3_200 * 1_048_576;",
      },
    ],
    ...byController,
  },
  {
    name: "pushes to all followers in one event, wherever they are",
    breaks: "no event takes long",
    edits: [
      {
        file: followers,
        find: "    if (this.#readBytes >= READ_BYTES_MAX) return null;\n",
        replace: "",
      },
    ],
    ...byController,
  },
  {
    name: "leaves who was not pushed to in this event to whatever comes next",
    breaks: "what is committed is pushed at once",
    edits: [
      {
        file: followers,
        find: "    if (this.#readBytes >= READ_BYTES_MAX) setTimeout(() => this.#arm(), 0);\n",
        replace: "",
      },
    ],
    ...byController,
  },
  {
    name: "encodes a push for each link",
    breaks: "a range is encoded once",
    edits: [
      {
        file: followers,
        find: "last !== null && last.push.records === push.records && isSame(last.push, push)",
        replace: "last !== null && last.push === push",
      },
    ],
    ...byController,
  },
  {
    name: "keeps a gateway that acknowledges nothing",
    breaks: "a reader that does not read is let go",
    edits: [{ file: followers, find: "    this.#letStalledGo();\n", replace: "" }],
    ...byController,
  },
  {
    name: "pushes the log to who may not read it",
    breaks: "a client may fetch in whose name the log is followed",
    edits: [{ file: session, find: "if (!mayFetch(node, bearer)) {", replace: "if (false) {" }],
    ...byController,
  },
  {
    name: "takes a broker's word for another's position",
    breaks: "a broker's token speaks for its own ids",
    edits: [
      {
        file: session,
        find: "!maySpeakFor(bearer, broker.id)",
        replace: "!maySpeakFor(bearer, broker.id) && false",
      },
    ],
    ...byController,
  },
  {
    name: "takes a push of what is not committed",
    breaks: "LK-1",
    edits: [{ file: tail, find: "if (endOffset > (highWatermark ?? -1))", replace: "if (false)" }],
    ...byGateway,
  },
  {
    name: "leaves a gap in the tail",
    breaks: "a tail is a part of the log",
    edits: [
      {
        file: tail,
        find: "    return isBelow || this.epochBefore(from) === epochBefore;",
        replace:
          "    const own = this.end === null ? null : (this.epochBefore(from) ?? epochBefore);\n    return isBelow || own === epochBefore;",
      },
    ],
    ...byGateway,
  },
  {
    name: "mixes the log of a cluster with that of one before it",
    breaks: "a tail is a part of the log",
    edits: [
      {
        file: tail,
        find: "    if (isBeginning && from !== this.end?.offset) return false;\n",
        replace: "",
      },
    ],
    ...byGateway,
  },
  {
    name: "answers for a leader when another is known",
    breaks: "LK-1",
    edits: [
      {
        file: observer,
        find: "question.epoch !== head.epoch || head.epoch < this.#newestEpoch",
        replace: "question.epoch !== head.epoch",
      },
    ],
    ...byGateway,
  },
  {
    name: "answers a fetch of another epoch",
    breaks: "a fetch is answered as the controller would",
    edits: [
      {
        file: observer,
        find: "question.epoch !== head.epoch || head.epoch < this.#newestEpoch",
        replace: "head.epoch < this.#newestEpoch",
      },
    ],
    ...byGateway,
  },
  {
    name: "answers at a place of another log",
    breaks: "a fetch is answered as the controller would",
    edits: [
      {
        file: observer,
        find: '    if (this.#tail.epochBefore(offset) !== question.lastFetchedEpoch) return "pass";\n',
        replace: "",
      },
    ],
    ...byGateway,
  },
  {
    name: "answers below where the leader's log begins",
    breaks: "a fetch is answered as the controller would",
    edits: [
      {
        file: observer,
        find: '    if (offset < head.logStartOffset) return "pass";\n',
        replace: "",
      },
    ],
    ...byGateway,
  },
  {
    name: "shows a broker less than it has shown another",
    breaks: "nobody is served behind what was served",
    edits: [
      {
        file: observer,
        find: '    if (end < shown || head.highWatermark < end) return "pass";\n',
        replace: "",
      },
    ],
    ...byGateway,
  },
  {
    name: "answers for a controller that is silent",
    breaks: "a controller that says nothing for 3 s is asked itself",
    edits: [{ file: observer, find: "!isLet() || this.#isSilent(nodeId)", replace: "!isLet()" }],
    ...byGateway,
  },
  {
    name: "keeps parked fetches of a link that was lost",
    breaks: "LK-2, a gateway without its link answers none",
    edits: [
      {
        file: observer,
        find: "if (followed?.link.isOpen !== true || !isLet()",
        replace: "if (followed === undefined || false && !isLet()",
      },
      {
        file: observer,
        find: "    if (this.#followed.get(nodeId)?.link === link) {",
        replace: "    if (false) {",
      },
    ],
    ...byGateway,
  },
  {
    name: "never asks the controller again whether a client may fetch",
    breaks: "a connection's fetch goes to the controller once a minute",
    edits: [
      {
        file: "gateway/observer/observed-stream.ts",
        find: "const LET_MS = 60_000;",
        replace: "const LET_MS = 60_000_000;",
      },
    ],
    ...byGateway,
  },
  {
    name: "answers another replica on a connection that was let in",
    breaks: "a connection's first fetch in a name goes to the controller",
    edits: [
      {
        file: "gateway/observer/observed-stream.ts",
        find: "return granted.replicaId === replicaId && granted.directoryId === directoryId;",
        replace: "return true;",
      },
    ],
    ...byGateway,
  },
  {
    name: "answers a heartbeat itself",
    breaks: "LK-2",
    edits: [
      {
        file: "gateway/observer/observed-stream.ts",
        find: "        return await frames.send(frame, signal, waitMs);",
        replace: "        return waitMs > 0 ? frame : await frames.send(frame, signal, waitMs);",
      },
    ],
    ...byGateway,
  },
  {
    name: "a lone broker's heartbeat waits",
    breaks: "LK-2",
    edits: [
      {
        file: "gateway/observer/heartbeat-company.ts",
        find: "this.#heard.size > 1 ?",
        replace: "this.#heard.size > 0 ?",
      },
    ],
    ...byGateway,
  },
  {
    name: "the heartbeat of a broker that starts waits",
    breaks: "LK-2",
    edits: [
      {
        file: "gateway/observer/heartbeat-company.ts",
        find: "if (!isUsual || now - before.at < EARLY_MS) return",
        replace: "if (!isUsual) return",
      },
    ],
    ...byGateway,
  },
  {
    name: "a heartbeat with news waits",
    breaks: "LK-2",
    edits: [
      {
        file: "gateway/observer/heartbeat-company.ts",
        find: "    brokerEpoch,\n    wantFence,",
        replace: "    wantFence,",
      },
    ],
    ...byGateway,
  },
  {
    name: "heartbeats wait for nobody",
    breaks: "LK-2",
    edits: [{ file: link, find: "    if (waitMs > 0) return this.#await(waitMs);", replace: "" }],
    ...byGateway,
  },
  {
    name: "heartbeats in a loop never wait",
    breaks: "LK-2",
    edits: [
      {
        file: "gateway/observer/heartbeat-company.ts",
        find: "return this.#mayGoAtOnce(now) ? 0 : this.waitMs;",
        replace: "return 0;",
      },
    ],
    ...byGateway,
  },
  {
    name: "sends the heartbeat of a broker that has gone while it waited",
    breaks: "LK-2",
    edits: [
      {
        file: link,
        find: '(each) => each.kind !== "request" || each.stream !== stream,',
        replace: "() => true,",
      },
    ],
    ...byGateway,
  },
  {
    name: "reads what has waited while the process stood still",
    breaks: "LK-3",
    edits: [
      {
        file: "gateway/tcp/connection.ts",
        find: "    if (this.#parts.standstill.isOver()) return this.end(null);\n",
        replace: "",
      },
      {
        file: "gateway/gateway.ts",
        find: "    for (const port of [...ports.values(), ...leaving]) port.drop();\n",
        replace: "",
      },
      {
        file: "gateway/gateway.ts",
        find: '    setImmediate(() => tunnel.dropLinks("the gateway stood still"));\n',
        replace: "",
      },
    ],
    ...byGateway,
  },
  {
    name: "sends a heartbeat that has waited for others while the process stood still",
    breaks: "LK-3",
    edits: [
      {
        file: "gateway/edge/link/link.ts",
        find: '    if (lateMs > LATE_MS) return this.drop("the gateway stood still");\n',
        replace: "",
      },
    ],
    ...byGateway,
  },
  {
    name: "sends a frame by HTTP however long it has waited for a connection",
    breaks: "LK-3",
    edits: [
      {
        file: "gateway/edge/edge-client.ts",
        find: "performance.now() - askedAt <= LEAVES_MS",
        replace: "performance.now() >= askedAt",
      },
    ],
    ...byGateway,
  },
  {
    name: "takes connections that have waited while the process stood still",
    breaks: "LK-3",
    edits: [
      {
        file: "gateway/tcp/admission.ts",
        find: "  if (standstill.isOver()) return void raw.destroy();\n",
        replace: "",
      },
      {
        file: "gateway/tcp/connection.ts",
        find: "    if (this.#parts.standstill.isOver()) return this.end(null);\n",
        replace: "",
      },
    ],
    ...byGateway,
  },
];
