/**
 * What must hold once everything is made good: a leader within a bound, whole logs that agree, nobody who has stopped
 * itself; and every answer that a client was given must fit into one order of operations. Each check is a sentence that
 * says what is wrong, or undefined.
 */
import { committedLog } from "../../client/cluster-client.ts";
import { HEADERS } from "../../durable-objects/contract.ts";
import { checkLinearizable } from "../linearizability/checker.ts";
import { complaintAboutSessions } from "../linearizability/session-order.ts";
import { topicsOf } from "../linearizability/topic.ts";
import { CONFIG, type Clients, type TopicRecorder } from "./clients.ts";
import { rateOf, type Figures } from "./figures.ts";
import { LogStory } from "./log-story.ts";
import { KINDS } from "./plan.ts";
import { isVoter, type PlacedController, type SpreadQuorum } from "./spread-quorum.ts";
import { describe, readConfig, write, type TopicCaller } from "./topic-calls.ts";

export interface Check {
  readonly name: string;
  /** What is wrong; undefined when it holds. */
  readonly complaint: string | undefined;
}

/** After the last fault is made good. */
const RECOVERY_MS = 15_000;
const AGREEMENT_MS = 15_000;
const CHANGE_MS = 15_000;
const ANSWER_MS = 5_000;
const PAUSE_MS = 50;
/**
 * Answered operations a second, on average over all faults. A machine that does nothing else has several times that.
 */
const RATE_MIN = 15;
const FIRED_MIN = 0.8;

/** Waits until a leader commits again; how long that took, in ms, or null when it did not in time. */
async function untilRecovered(caller: TopicCaller): Promise<number | null> {
  const startedMs = performance.now();
  for (;;) {
    const told = await write(caller, { kind: "create", topic: "when-all-is-well", partitions: 1 });
    const tookMs = performance.now() - startedMs;
    if (told.kind === "answered") return tookMs;
    if (tookMs > RECOVERY_MS) return null;
    await new Promise((settle) => setTimeout(settle, PAUSE_MS));
  }
}

/** Everything that can be judged when the clients have finished and nothing is wrong any more. */
export async function judge(
  quorum: SpreadQuorum,
  { clients, recorder, callers, figures }: Evidence,
): Promise<readonly Check[]> {
  const [caller] = callers;
  if (caller === undefined) throw new Error("there is nobody to call");
  const recoveredMs = await untilRecovered(caller);
  const checks: Check[] = [
    {
      name: `a leader within ${RECOVERY_MS} ms of the last fault`,
      complaint: recoveredMs === null ? "nothing was committed" : undefined,
    },
  ];
  const { voters } = quorum;
  const isChanged = await voters.goOn(CHANGE_MS);
  checks.push(
    {
      name: "the change of voters that was under way is finished",
      complaint: isChanged ? undefined : voters.reason,
    },
    { name: "every voter takes part", complaint: await complaintAboutControllers(quorum) },
  );
  if (recoveredMs === null) return checks;
  const readLast = await readEverything(clients, recorder, caller);
  const { history } = recorder;
  const { lines } = await committedLog(quorum.cluster);
  const story = new LogStory(lines, history);
  const { shown } = clients.tally;
  const reads = shown
    .filter(({ output }) => output.kind === "described")
    .map(({ client, topic, position, output }) => ({
      session: client,
      endOffset: position.offset + 1,
      epoch: position.epoch,
      input: { kind: "describe", topic } as const,
      output,
    }));
  const verdict = checkLinearizable(topicsOf(history), history);
  return [
    ...checks,
    { name: "every topic could be read at the end", complaint: readLast },
    {
      name: `${history.length} operations are linearizable`,
      complaint: verdict.kind === "linearizable" ? undefined : verdict.sentence,
    },
    {
      name: "what was acknowledged is in the log",
      complaint: story.complaintAboutAcknowledged(history),
    },
    {
      name: `${reads.length} reads showed what was true, and none went back`,
      complaint: complaintAboutSessions(topicsOf(story.operations), story.operations, reads),
    },
    { name: "no read missed a topic", complaint: story.complaintAboutMissing(shown) },
    { name: "the logs agree", complaint: await complaintAboutLogs(quorum) },
    { name: "every answer is one that a fault explains", complaint: strangeAnswers(clients) },
    ...complaintsAboutFigures(figures),
  ];
}

export interface Evidence {
  readonly clients: Clients;
  readonly recorder: TopicRecorder;
  readonly callers: readonly TopicCaller[];
  readonly figures: Figures;
}

/**
 * The last word on every topic, as operations of one more client; why there is none, or undefined. A Worker shows
 * nothing older than what it has shown, and has just written after all the others.
 */
async function readEverything(
  { topics: names }: Clients,
  recorder: TopicRecorder,
  caller: TopicCaller,
): Promise<string | undefined> {
  for (const topic of names) {
    const description = recorder.call("the last reader", { kind: "describe", topic });
    const described = await describe(caller, topic, "");
    if (described.kind !== "answered") return `${topic}: ${described.why}`;
    description.returned(described.output);
    const reading = recorder.call("the last reader", { kind: "read-config", topic, name: CONFIG });
    const read = await readConfig(caller, topic, CONFIG);
    if (read.kind !== "answered") return `${topic}: ${read.why}`;
    reading.returned(read.output);
  }
  return undefined;
}

/** The log that every controller has stored, byte for byte; or how they differ, when they do so for long. */
export async function storedLog(quorum: SpreadQuorum): Promise<Buffer | string> {
  const deadline = performance.now() + AGREEMENT_MS;
  for (;;) {
    const logs = await Promise.all(quorum.controllers.map(logOf));
    const whole = logs.filter((log) => typeof log !== "string");
    const [first] = whole;
    if (
      first !== undefined &&
      whole.length === logs.length &&
      whole.every((log) => first.equals(log))
    )
      return first;
    if (performance.now() > deadline)
      return logs.map((log) => (typeof log === "string" ? log : `${log.length} bytes`)).join("; ");
    await new Promise((settle) => setTimeout(settle, PAUSE_MS));
  }
}

async function complaintAboutLogs(quorum: SpreadQuorum): Promise<string | undefined> {
  const log = await storedLog(quorum);
  return typeof log === "string" ? log : undefined;
}

/** The committed log of one controller as it has stored it, or why there is none. */
async function logOf({ id, object, member }: PlacedController): Promise<Buffer | string> {
  const ranges: Buffer[] = [];
  try {
    for (let from = 0; ;) {
      const query = { from_offset: from };
      const response = await member.call(object, "log", { query, timeoutMs: ANSWER_MS });
      if (!response.ok) return `${id}: ${await response.text()}`;
      ranges.push(Buffer.from(await response.arrayBuffer()));
      from = Number(response.headers.get(HEADERS.nextOffset));
      if (from >= Number(response.headers.get(HEADERS.highWatermark))) return Buffer.concat(ranges);
    }
  } catch (error) {
    return `${id}: ${String(error)}`;
  }
}

async function complaintAboutControllers(quorum: SpreadQuorum): Promise<string | undefined> {
  for (const { id, object, member } of quorum.controllers) {
    const status = await member.status(object, ANSWER_MS);
    if (status === null) return `${id} does not say what it is`;
    const isWell =
      isVoter(status) &&
      status.is_voter &&
      status.tripped === null &&
      status.distrusted_voters.length === 0;
    if (!isWell) return `${id}: ${JSON.stringify(status)}`;
  }
  return undefined;
}

function strangeAnswers({ tally }: Clients): string | undefined {
  const answers = [...tally.unexpected].map(([why, times]) => `${why} (${times} times)`);
  return answers.length === 0 ? undefined : answers.join("; ");
}

function complaintsAboutFigures(figures: Figures): readonly Check[] {
  const { plan, strikes } = figures;
  const rate = rateOf(figures);
  return [
    {
      name: `at least ${RATE_MIN} operations answered a second`,
      complaint: rate < RATE_MIN ? `it were ${rate.toFixed(1)}` : undefined,
    },
    ...KINDS.map((kind) => {
      const planned = plan.filter((fault) => fault.kind === kind).length;
      const fired = strikes.filter((strike) => strike.kind === kind && strike.isFired).length;
      const isEnough = planned > 0 && fired >= planned * FIRED_MIN;
      return {
        name: `faults of kind ${kind} fired`,
        complaint: isEnough ? undefined : `${fired} of ${planned}`,
      };
    }),
  ];
}
