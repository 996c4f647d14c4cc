/**
 * A hundred brokers: they register and are unfenced at once, as when a cluster starts; they send heartbeats at Kafka's
 * interval, by themselves and while topics are created; and they send them back to back.
 */
import { BrokerHeartbeat, decodeResponseFrame } from "../../src/protocol/index.ts";
import { closedLoop, loadOf, type Load } from "../load.ts";
import { openMany, type KafkaConnection } from "../../local/kafka-connection.ts";
import { assertNone, SimulatedBroker } from "./simulated-broker.ts";
import { CLIENT, leaderOf, type Subject } from "./subject.ts";
import { at, createTopic, takeAway } from "./topics.ts";

export interface HeartbeatFigures {
  /** A broker's registration until it is unfenced, with all of them at it. */
  readonly registered: Load;
  readonly idle: Load;
  readonly besideCreation: Load;
  readonly backToBack: Load;
}

const BROKERS = 100;
const FIRST_ID = 1_000;
/** Kafka's `broker.heartbeat.interval.ms`. */
const INTERVAL_MS = 2_000;
const WINDOW_MS = 6_000;
const BACK_TO_BACK_MS = 2_000;
/** Topics are created at one pace, whoever answers, so that all have the same to do beside the heartbeats. */
const CREATE_EVERY_MS = 20;
const CREATORS = 10;

interface Fleet {
  readonly brokers: readonly SimulatedBroker[];
  readonly connections: readonly KafkaConnection[];
}

export async function heartbeats(subject: Subject): Promise<HeartbeatFigures> {
  const { port } = await leaderOf(subject);
  const connections = await openMany(port, BROKERS, CLIENT);
  const brokers = connections.map((_, nth) => new SimulatedBroker(subject, FIRST_ID + nth));
  const fleet = { brokers, connections };
  try {
    const registered = await registerAll(fleet);
    const idle = await beatAtIntervals(fleet);
    const besideCreation = await beatBesideCreation(subject, fleet);
    const backToBack = await beatBackToBack(fleet);
    for (const [nth, broker] of brokers.entries()) await broker.unregister(at(connections, nth));
    return { registered, idle, besideCreation, backToBack };
  } finally {
    for (const connection of connections) connection.close();
  }
}

async function registerAll({ brokers, connections }: Fleet): Promise<Load> {
  const begun = performance.now();
  const latencies = await Promise.all(
    brokers.map(async (broker, nth) => {
      const connection = at(connections, nth);
      await broker.register(connection);
      await broker.unfence(connection);
      return performance.now() - begun;
    }),
  );
  return loadOf(latencies, (performance.now() - begun) / 1_000);
}

/** Every broker at a phase of its own, as those of a cluster are. */
async function beatAtIntervals({ brokers, connections }: Fleet): Promise<Load> {
  const latencies: number[] = [];
  const begun = performance.now();
  const until = begun + WINDOW_MS;
  await Promise.all(
    brokers.map(async (broker, nth) => {
      const connection = at(connections, nth);
      let due = begun + (nth / BROKERS) * INTERVAL_MS;
      for (; due < until; due += INTERVAL_MS) {
        await pause(due - performance.now());
        const sent = performance.now();
        await broker.beat(connection);
        latencies.push(performance.now() - sent);
      }
    }),
  );
  return loadOf(latencies, (performance.now() - begun) / 1_000);
}

async function beatBesideCreation(subject: Subject, fleet: Fleet): Promise<Load> {
  const creators = await openMany((await leaderOf(subject)).port, CREATORS, CLIENT);
  const names: string[] = [];
  const over = new AbortController();
  const begun = performance.now();
  const creating = Promise.all(
    creators.map(async (connection, nth) => {
      let due = begun + nth * CREATE_EVERY_MS;
      while (!over.signal.aborted) {
        await pause(due - performance.now());
        due += CREATORS * CREATE_EVERY_MS;
        const name = `beside-${nth}-${names.length}`;
        names.push(name);
        await createTopic(connection, { name, partitions: 1 });
      }
    }),
  );
  try {
    return await Promise.race([beatAtIntervals(fleet), creating.then(never)]);
  } finally {
    over.abort();
    await creating.catch(() => undefined);
    for (const connection of creators) connection.close();
    await takeAway(subject, names);
  }
}

/** Topics are created until the window is over. */
function never(): never {
  throw new Error("nobody creates topics any more");
}

/** The same frames again and again: the client is to take as little of the machine as it can. */
async function beatBackToBack({ brokers, connections }: Fleet): Promise<Load> {
  const frames = brokers.map((broker, nth) => broker.beatFrame(at(connections, nth)));
  return await closedLoop({ writers: BROKERS, ms: BACK_TO_BACK_MS }, async (_, writer) => {
    const answer = await at(connections, writer).exchange(at(frames, writer));
    const { body } = decodeResponseFrame(BrokerHeartbeat, 1, answer);
    assertNone(body.errorCode, "BrokerHeartbeat");
  });
}

const pause = (ms: number): Promise<void> =>
  new Promise((settle) => setTimeout(settle, Math.max(0, ms)));
