/**
 * What a cluster costs in a month of thirty days, line by line, by Cloudflare's price list (`prices.json`, with its date
 * and its source), twice: if its quorum is awake for ever, and if it sleeps while nothing happens (docs/design/sleep.md).
 * What happens in a minute was counted, on this machine and not on an account: `npm run bench -- cost` counts it again.
 */
import prices from "./prices.json" with { type: "json" };

/** A cluster and what is done with it. */
export interface Load {
  readonly voters: number;
  readonly brokers: number;
  /** Over which the brokers are spread evenly. */
  readonly gateways: number;
  /** Topics that are created, or anything else that is a write alone, in an hour. */
  readonly createsPerHour: number;
}

/** Whether the objects sleep while nothing happens. */
export type Life = "awake" | "asleep";

/** What of it is billed, in a month. */
export interface Usage {
  readonly workerRequests: number;
  readonly workerCpuMs: number;
  readonly objectRequests: number;
  /** GB-seconds: 0.128 for each second in which an object is awake. */
  readonly objectGbS: number;
  readonly rowsWritten: number;
}

export interface Line {
  readonly what: string;
  /** In units of the price list. */
  readonly count: number;
  readonly unit: string;
  /** By the list, before what the plan includes. */
  readonly usd: number;
}

export interface Bill {
  readonly lines: readonly Line[];
  /** By the list. */
  readonly usd: number;
  /** What is left of it where the account has nothing else that uses up what its plan includes. */
  readonly netUsd: number;
}

export const PRICES = prices;

const SECONDS = 30 * 86_400;
const MINUTES = SECONDS / 60;

/** A follower's fetches of a leader that has nothing for it, in a minute: they are parked for half a second. */
const FETCHES = 117;
/** Every object's alarm, in a minute, while it is awake: a request when it fires, a row when it is set. */
const ALARMS = 60 / 45;
/** The same of a leader that sleeps and has brokers. */
const ALARMS_ASLEEP = 1;
/** In which a sleeping leader that has brokers confirms that it leads (SL-6), in a minute. */
const ROUNDS = 2;
/** A write that comes alone: what its followers ask, and the rows of one voter (the batch, and what else a step stores). */
const CALLS_OF_A_WRITE = 3.9;
const ROWS_OF_A_WRITE = 3;
/** Markers of sleep: stored when it begins, and deleted when it ends. */
const ROWS_OF_A_NAP = 2;
/** A gateway asks who the controllers are, and each of them is asked for it: once an hour, else every five minutes. */
const QUESTIONS = 1 / 60;
const QUESTIONS_WITHOUT_BROKERS = 1 / 5;
/** Of the Worker for one of them, in ms: the Worker and the objects together take 0.77 to 0.89 for a frame. */
export const CPU_MS = 0.5;

/** How long an object is awake for an event alone, in s. A guess: only an account can tell. */
const EVENT_S = 0.003;
/** For a round trip between continents. */
const CALL_S = 0.1;
/** From the last write until it sleeps again (SL-1). */
const WAKEFUL_S = 10;

/** Messages over a gateway's links in a minute, by how many brokers it serves. Heartbeats gather in company. */
const MESSAGES: readonly (readonly [brokers: number, messages: number])[] = [
  [0, 0],
  [1, 30],
  [3, 84],
  [100, 115],
];

/** What happens in a minute, whoever sleeps. */
interface Traffic {
  readonly messages: number;
  readonly questions: number;
  readonly creates: number;
}

function trafficOf({ brokers, gateways, createsPerHour }: Load): Traffic {
  const used = Math.min(gateways, brokers);
  const messages = used === 0 ? 0 : used * messagesOf(brokers / used);
  const questions = used * QUESTIONS + (gateways - used) * QUESTIONS_WITHOUT_BROKERS;
  return { messages, questions, creates: createsPerHour / 60 };
}

export function usageOf(load: Load, life: Life): Usage {
  const { voters } = load;
  const traffic = trafficOf(load);
  const { messages, questions, creates } = traffic;
  const share = life === "awake" ? 1 : wakefulness(traffic);
  const hasBrokers = messages > 0;
  const rounds = hasBrokers ? (1 - share) * ROUNDS * (voters - 1) : 0;
  const alarms = share * voters * ALARMS + (hasBrokers ? (1 - share) * ALARMS_ASLEEP : 0);
  const perMessage = 1 / prices.object_requests.messages_per_request;
  const requests =
    share * (voters - 1) * FETCHES +
    alarms +
    rounds +
    questions * voters +
    messages * perMessage +
    creates * (CALLS_OF_A_WRITE + perMessage);
  const naps = (1 - share) * creates;
  return {
    workerRequests: MINUTES * questions,
    workerCpuMs: MINUTES * questions * CPU_MS,
    objectRequests: MINUTES * requests,
    objectGbS: prices.object_gb_s.gb_per_object * awakeS(load, { share, alarms, rounds, traffic }),
    rowsWritten: MINUTES * (alarms + voters * (creates * ROWS_OF_A_WRITE + naps * ROWS_OF_A_NAP)),
  };
}

/** The part of the time in which writes keep a quorum awake, when they come by chance. */
const wakefulness = ({ creates }: Traffic): number =>
  1 - Math.exp((-creates / 60) * (WAKEFUL_S + CALL_S));

/** Of all objects together, in a month. */
function awakeS(
  { voters }: Load,
  of: {
    readonly share: number;
    readonly alarms: number;
    readonly rounds: number;
    readonly traffic: Traffic;
  },
): number {
  const { messages, questions } = of.traffic;
  const events = messages + questions * voters + of.alarms + of.rounds;
  // The calls of a round are under way together.
  const confirming = voters > 1 ? (of.rounds / (voters - 1)) * CALL_S : 0;
  return SECONDS * voters * of.share + (1 - of.share) * MINUTES * (events * EVENT_S + confirming);
}

/** Between what was counted, on a straight line; beyond it, on the last one. */
function messagesOf(brokers: number): number {
  const above = Math.max(
    1,
    MESSAGES.findIndex(([count]) => count >= brokers),
  );
  const at = MESSAGES.some(([count]) => count >= brokers) ? above : MESSAGES.length - 1;
  const [[fromBrokers, from] = [0, 0], [toBrokers, to] = [0, 0]] = MESSAGES.slice(at - 1, at + 1);
  return from + ((brokers - fromBrokers) * (to - from)) / (toBrokers - fromBrokers);
}

export function billOf(usage: Usage): Bill {
  const entries = [
    ["objects awake", usage.objectGbS, "GB-s", prices.object_gb_s],
    ["requests to objects", usage.objectRequests, "requests", prices.object_requests],
    ["rows written", usage.rowsWritten, "rows", prices.rows_written],
    ["requests to the Worker", usage.workerRequests, "requests", prices.worker_requests],
    ["CPU of the Worker", usage.workerCpuMs, "ms", prices.worker_cpu_ms],
  ] as const;
  const lines = entries.map(([what, count, unit, price]) => ({
    what,
    count,
    unit,
    usd: (count / 1e6) * price.usd_per_million,
  }));
  const net = entries.map(
    ([, count, , price]) => (Math.max(0, count - price.included) / 1e6) * price.usd_per_million,
  );
  return { lines, usd: sum(lines.map(({ usd }) => usd)), netUsd: sum(net) };
}

const sum = (numbers: readonly number[]): number =>
  numbers.reduce((total, each) => total + each, 0);
