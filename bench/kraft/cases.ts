/**
 * What is measured, what it should be beside KRaft, and how. Cases that need the same state, or come out of one run,
 * are a group; a group is run on every quorum before the next one begins.
 */
import type { Load } from "../load.ts";
import { failOver } from "./failover.ts";
import { fenceLeaders } from "./fencing.ts";
import { heartbeats } from "./heartbeats.ts";
import { join } from "./observer.ts";
import { alterPartitions, type AlteredTopic, type AlterShape } from "./partitions.ts";
import type { SimulatedBroker } from "./simulated-broker.ts";
import { toLeader, type Subject } from "./subject.ts";
import {
  at,
  createByClients,
  createTopic,
  deleteOneByOne,
  largeTopics,
  takeAway,
} from "./topics.ts";
import type { Case } from "./verdict.ts";

const ms = (title: string, goal: number | null = null): Case => ({ title, unit: "ms", goal });
const rate = (title: string, goal: number | null = null): Case => ({ title, unit: "/s", goal });

/** In the order of the table. Goals are of the ratio to the better KRaft: at most of a time, at least of a rate. */
export const CASES = {
  "create-1": ms("create a topic, 1 client, p50", 0.3),
  "create-10": rate("create topics, 10 clients", 2),
  "create-50": rate("create topics, 50 clients", 2),
  "create-1000p": ms("create 1,000 partitions in one"),
  "create-9999p": ms("create 9,999 partitions in one", 0.2),
  "delete-1": ms("delete a topic, 1 client, p50"),
  "delete-9999p": ms("delete 9,999 partitions in one"),
  "alter-1x1": ms("AlterPartition, 1 in flight × 1, p50"),
  "alter-20x1": rate("AlterPartition, 20 in flight × 1", 2),
  "alter-1x100": ms("AlterPartition, 1 in flight × 100, p50"),
  "alter-20x100": rate("AlterPartition, 20 in flight × 100", 2),
  register: rate("register and unfence 100 brokers", 3),
  "beat-idle": ms("heartbeat of 100 brokers, idle, p50"),
  "beat-idle-p99": ms("heartbeat of 100 brokers, idle, p99"),
  "beat-beside": ms("heartbeat beside 50 creations/s, p50"),
  "beat-beside-p99": ms("heartbeat beside 50 creations/s, p99", 0.5),
  "beat-back-to-back": rate("heartbeats of 100 brokers, back to back", 1),
  observer: ms("an observer joins", 1),
  "fence-1000": ms("fence the leader of 1,000 partitions", 0.5),
  "fence-10000": ms("fence the leader of 10,000", 0.5),
  "fence-100000": ms("fence the leader of 100,000", 0.5),
  "failover-abort": ms("failover, leader aborted", 0.05),
  "failover-stop": ms("failover, leader stopped", 0.05),
} as const satisfies Readonly<Record<string, Case>>;

export type CaseName = keyof typeof CASES;
export type Figures = Readonly<Partial<Record<CaseName, number>>>;

export interface Group {
  readonly cases: readonly CaseName[];
  /** `brokers` are 1, 2 and 3, which are alive all the while. */
  readonly run: (subject: Subject, brokers: readonly SimulatedBroker[]) => Promise<Figures>;
}

/** Operations of one round: seconds on the slowest of the quorums. */
const COUNTS = { one: 100, ten: 400, fifty: 1_500, deleted: 60, large: 5, largest: 3, joins: 5 };
const FENCED = [1_000, 10_000, 100_000];
const ALTERED = 2_000;

const creation: Group = {
  cases: ["create-1", "create-10", "create-50"],
  run: async (subject) => ({
    "create-1": (await createByClients(subject, { clients: 1, count: COUNTS.one })).p50Ms,
    "create-10": (await createByClients(subject, { clients: 10, count: COUNTS.ten })).perSecond,
    "create-50": (await createByClients(subject, { clients: 50, count: COUNTS.fifty })).perSecond,
  }),
};

const largeCreation: Group = {
  cases: ["create-1000p", "create-9999p", "delete-1", "delete-9999p"],
  run: async (subject) => {
    const large = await largeTopics(subject, { partitions: 1_000, count: COUNTS.large });
    const largest = await largeTopics(subject, { partitions: 9_999, count: COUNTS.largest });
    return {
      "create-1000p": large.created.p50Ms,
      "create-9999p": largest.created.p50Ms,
      "delete-1": (await deleteOneByOne(subject, COUNTS.deleted)).p50Ms,
      "delete-9999p": largest.deleted.p50Ms,
    };
  },
};

const SHAPES = {
  "alter-1x1": { inFlight: 1, partitions: 1, requests: 60 },
  "alter-20x1": { inFlight: 20, partitions: 1, requests: 1_500 },
  "alter-1x100": { inFlight: 1, partitions: 100, requests: 60 },
  "alter-20x100": { inFlight: 20, partitions: 100, requests: 400 },
} as const satisfies Readonly<Record<string, AlterShape>>;

const alteration: Group = {
  cases: ["alter-1x1", "alter-20x1", "alter-1x100", "alter-20x100"],
  run: async (subject, brokers) => {
    const name = "altered";
    const connection = await toLeader(subject);
    try {
      const replicas = brokers.map(({ id }) => id);
      const topicId = await createTopic(connection, { name, partitions: ALTERED, replicas });
      const topic: AlteredTopic = {
        topicId,
        partitions: Array.from({ length: ALTERED }, () => ({
          leaderEpoch: 0,
          partitionEpoch: 0,
          isShort: false,
        })),
      };
      const alter = (shape: AlterShape): Promise<Load> =>
        alterPartitions(subject, { brokers, topic }, shape);
      return {
        "alter-1x1": (await alter(SHAPES["alter-1x1"])).p50Ms,
        "alter-20x1": (await alter(SHAPES["alter-20x1"])).perSecond,
        "alter-1x100": (await alter(SHAPES["alter-1x100"])).p50Ms,
        "alter-20x100": (await alter(SHAPES["alter-20x100"])).perSecond,
      };
    } finally {
      connection.close();
      await takeAway(subject, [name]);
    }
  },
};

const membership: Group = {
  cases: [
    "register",
    "beat-idle",
    "beat-idle-p99",
    "beat-beside",
    "beat-beside-p99",
    "beat-back-to-back",
  ],
  run: async (subject) => {
    const { registered, idle, besideCreation, backToBack } = await heartbeats(subject);
    return {
      register: registered.perSecond,
      "beat-idle": idle.p50Ms,
      "beat-idle-p99": idle.p99Ms,
      "beat-beside": besideCreation.p50Ms,
      "beat-beside-p99": besideCreation.p99Ms,
      "beat-back-to-back": backToBack.perSecond,
    };
  },
};

const observation: Group = {
  cases: ["observer"],
  run: async (subject) => {
    const times: number[] = [];
    for (let nth = 0; nth < COUNTS.joins; nth += 1) times.push((await join(subject)).ms);
    return {
      observer: at(
        times.toSorted((left, right) => left - right),
        COUNTS.joins >> 1,
      ),
    };
  },
};

const fencing: Group = {
  cases: ["fence-1000", "fence-10000", "fence-100000"],
  run: async (subject) => {
    const times = await fenceLeaders(subject, FENCED);
    return {
      "fence-1000": times[0] ?? Number.NaN,
      "fence-10000": times[1] ?? Number.NaN,
      "fence-100000": times[2] ?? Number.NaN,
    };
  },
};

const failover: Group = {
  cases: ["failover-abort", "failover-stop"],
  run: async (subject, brokers) => ({
    "failover-abort": await failOver(subject, at(brokers, 0), "abort"),
    "failover-stop": await failOver(subject, at(brokers, 0), "halt"),
  }),
};

/** The groups, in stages: every round of a stage is over before the next begins. Fencing makes the logs long. */
export const STAGES: readonly (readonly Group[])[] = [
  [creation, observation, largeCreation, alteration, membership, failover],
  [fencing],
];
