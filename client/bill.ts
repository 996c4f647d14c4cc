/**
 * What a cluster costs in a month of thirty days, line by line, by Cloudflare's price list (`price-list.ts`, with its
 * date and its source). What happens in a minute was counted, on this machine and not on an account: `npm run bench -- peers`,
 * `-- brokers` and `-- cost` count it again.
 */
import { PRICES } from "./price-list.ts";

/** A cluster and what is done with it. */
export interface Load {
  readonly voters: number;
  readonly brokers: number;
  /** Over which the brokers are spread evenly. */
  readonly gateways: number;
  /** Topics that are created, or anything else that is a write alone, in an hour. */
  readonly createsPerHour: number;
}

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

const SECONDS = 30 * 86_400;
const MINUTES = SECONDS / 60;

/** A follower's fetches of a leader that has nothing for it, in a minute: they are parked for half a second. */
const FETCHES = 117;
/** Every object's alarm while its quorum is awake, in a minute: a request when it fires, a row when it is set. */
const ALARMS = 4 / 3;
/** A write that comes alone: what its followers ask, and the rows of one voter (the batch, and what else a step stores). */
const CALLS_OF_A_WRITE = 3.9;
const ROWS_OF_A_WRITE = 3;
/** A gateway that follows the log asks once an hour who the controllers are. */
const QUESTIONS = 1 / 60;
/** Of the Worker for one of them, in ms: the Worker and the objects together take 0.77 to 0.89 for a frame. */
const CPU_MS = 0.5;

/** Messages over a gateway's links in a minute, by how many brokers it serves. Heartbeats gather in company. */
const MESSAGES: readonly (readonly [brokers: number, messages: number])[] = [
  [0, 0],
  [1, 30],
  [3, 60],
  [100, 115],
];

/** For how long a quorum is awake after a write that comes alone (`controller.quorum.sleep.after.ms`), and a little. */
const WAKE_S = 11;
/** Of a sleeper that has brokers, in a minute: its alarm, or of one that has a single broker, at each end of a session. */
const ALARMS_ASLEEP = 1;
const ALARMS_OF_ONE = 7.5;
/** A sleeping leader makes sure that it leads, in a minute, and how long each voter is awake for that. */
const ROUNDS = 2;
const ROUND_S = 0.02;
/** For how long an object is awake for one message. */
const MESSAGE_S = 0.001;

/** What a quorum uses that sleeps while nobody writes. */
export function usageOf(load: Load): Usage {
  const { createsPerHour } = load;
  const share = Math.min(1, (createsPerHour * WAKE_S) / 3_600);
  return mixed(usageAwake(load), usageAsleep({ ...load, createsPerHour: 0 }), share);
}

/** What a quorum that is always awake uses. */
export function usageAwake(load: Load): Usage {
  const { voters, createsPerHour } = load;
  const { messages, questions } = talkOf(load);
  const creates = createsPerHour / 60;
  const { messages_per_request: perRequest } = PRICES.object_requests;
  const requests =
    (voters - 1) * FETCHES +
    voters * ALARMS +
    messages / perRequest +
    questions * voters +
    creates * (CALLS_OF_A_WRITE + 1 / perRequest);
  return {
    workerRequests: MINUTES * questions,
    workerCpuMs: MINUTES * questions * CPU_MS,
    objectRequests: MINUTES * requests,
    objectGbS: SECONDS * voters * PRICES.object_gb_s.gb_per_object,
    rowsWritten: MINUTES * voters * (ALARMS + creates * ROWS_OF_A_WRITE),
  };
}

/** What one uses that nobody writes to. Without brokers nothing happens at all. */
function usageAsleep(load: Load): Usage {
  const { voters, brokers } = load;
  const { messages, questions } = talkOf(load);
  const rounds = brokers === 0 ? 0 : ROUNDS;
  const alarms = brokers === 0 ? 0 : brokers === 1 ? ALARMS_OF_ONE : ALARMS_ASLEEP;
  const { messages_per_request: perRequest } = PRICES.object_requests;
  const requests = messages / perRequest + rounds * (voters - 1) + alarms + questions * voters;
  const awakeS = messages * MESSAGE_S + rounds * ROUND_S * voters;
  return {
    workerRequests: MINUTES * questions,
    workerCpuMs: MINUTES * questions * CPU_MS,
    objectRequests: MINUTES * requests,
    objectGbS: MINUTES * awakeS * PRICES.object_gb_s.gb_per_object,
    rowsWritten: MINUTES * alarms,
  };
}

/** What gateways say, in a minute. */
function talkOf({ brokers, gateways }: Load): {
  readonly messages: number;
  readonly questions: number;
} {
  const used = brokers === 0 ? 0 : Math.min(gateways, brokers);
  return {
    messages: used === 0 ? 0 : used * messagesOf(brokers / used),
    questions: used * QUESTIONS,
  };
}

const mixed = (one: Usage, other: Usage, share: number): Usage => {
  const of = (count: (usage: Usage) => number): number =>
    share * count(one) + (1 - share) * count(other);
  return {
    workerRequests: of(({ workerRequests }) => workerRequests),
    workerCpuMs: of(({ workerCpuMs }) => workerCpuMs),
    objectRequests: of(({ objectRequests }) => objectRequests),
    objectGbS: of(({ objectGbS }) => objectGbS),
    rowsWritten: of(({ rowsWritten }) => rowsWritten),
  };
};

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
    ["objects awake", usage.objectGbS, "GB-s", PRICES.object_gb_s],
    ["requests to objects", usage.objectRequests, "requests", PRICES.object_requests],
    ["rows written", usage.rowsWritten, "rows", PRICES.rows_written],
    ["requests to the Worker", usage.workerRequests, "requests", PRICES.worker_requests],
    ["CPU of the Worker", usage.workerCpuMs, "ms", PRICES.worker_cpu_ms],
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
