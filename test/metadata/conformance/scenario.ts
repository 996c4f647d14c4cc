/**
 * A scenario of a conformance table: a cluster in a few words, requests put to a controller in office, and after each
 * what it says and what then is. In a body and in what is expected of it `$topic:foo` stands for the topic's id, and
 * `$dir:3` for the directory of broker 3; a body of a broker's request has the epoch that the broker has, unless it
 * says another.
 */
import { expect } from "vitest";
import { isApiName, type ApiName } from "../../../src/protocol/index.ts";
import { topicByName } from "../../../src/metadata/image/topics-image.ts";
import { directoryOf, Office, registrationOf } from "../office.ts";
import { line, world, type WorldSpec } from "../world.ts";

export interface Step {
  /** An API, asked at its newest version or at `version`. */
  readonly ask?: string;
  readonly version?: number;
  readonly body?: Readonly<Record<string, unknown>>;
  /** A part of the response, which it must hold. */
  readonly says?: unknown;
  /** What was written, in words (`Office.wrote`): all of it, or how many records. */
  readonly writes?: readonly string[] | number;
  /** Partitions by "topic-number", as `line` tells them: all of it, or how it begins. */
  readonly then?: Readonly<Record<string, string>>;
  /** Until when time passes, in ms; who falls silent on the way is fenced. */
  readonly pass?: number;
  /** Brokers that register as 4.3 does, with what else is said. */
  readonly register?: Readonly<Record<string, unknown>>;
}

export interface Scenario {
  readonly name: string;
  readonly world: WorldSpec;
  readonly steps: readonly Step[];
}

export function play(scenario: Scenario): void {
  const office = new Office(world(scenario.world));
  for (const step of scenario.steps) {
    take(office, step);
    for (const [partition, expected] of Object.entries(step.then ?? {})) {
      const [, topic = "", number = ""] = /^(.*)-(\d+)$/.exec(partition) ?? [];
      const state = line(office.view, topic, Number(number));
      expect(state.slice(0, expected.length), `${partition} after ${JSON.stringify(step)}`).toBe(
        expected,
      );
    }
    if (typeof step.writes === "number") expect(office.records.length).toBe(step.writes);
    else if (step.writes !== undefined) expect(office.wrote).toEqual(step.writes);
  }
}

function take(office: Office, step: Step): void {
  if (step.pass !== undefined) {
    office.pass(step.pass);
    return;
  }
  const name = step.register === undefined ? step.ask : "BrokerRegistration";
  if (name === undefined || !isApiName(name)) throw new Error(`no API is called ${String(name)}`);
  const response = office.ask(name, bodyOf(office, name, step), step.version);
  if (step.says !== undefined) expect(response).toMatchObject(meant(office, step.says));
}

const OF_BROKERS: ReadonlySet<ApiName> = new Set<ApiName>([
  "AllocateProducerIds",
  "AlterPartition",
  "AssignReplicasToDirs",
  "BrokerHeartbeat",
]);

function bodyOf(office: Office, name: ApiName, { body, register }: Step): object {
  if (register !== undefined) {
    const brokerId = Number(register["brokerId"]);
    return { ...registrationOf(brokerId), ...meant(office, register) };
  }
  const said = meant(office, body ?? {});
  if (!OF_BROKERS.has(name) || !("brokerId" in said)) return said;
  const { epoch } = office.view.cluster.brokers.get(Number(said.brokerId)) ?? { epoch: -1 };
  const read = name === "BrokerHeartbeat" ? { currentMetadataOffset: 10_000 } : {};
  return { brokerEpoch: epoch, ...read, ...said };
}

/** A part of a table with ids in place of what stands for them. */
function meant(office: Office, said: unknown): object {
  const text = JSON.stringify(said, (_, part: unknown) => {
    if (typeof part !== "string") return part;
    if (part.startsWith("$topic:")) {
      return topicByName(office.view.topics, part.slice("$topic:".length))?.id ?? part;
    }
    return part.startsWith("$dir:") ? directoryOf(Number(part.slice("$dir:".length))) : part;
  });
  const value: unknown = JSON.parse(text);
  if (value === null || typeof value !== "object") throw new Error(`${text} is no message`);
  return value;
}
