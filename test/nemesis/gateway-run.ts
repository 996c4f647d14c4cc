/**
 * The gateways of a run, the brokers and clients behind them, and what must hold of them in the end. The last of it is
 * shown on purpose, when all is well: a broker that dies while its gateway stands still is fenced, and stays so when the
 * gateway goes on and finds what the dead one has sent.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { committedLog } from "../../client/cluster-client.ts";
import {
  complaintAboutFencing,
  complaintAboutInvented,
  complaintAboutRequests,
  fencingChangesOf,
  SESSION_MS,
  type FencingChange,
} from "./broker-lives.ts";
import { GatewayNemesis, type GatewayStrike, type StruckGateway } from "./gateway-faults.ts";
import { GATEWAY_KINDS, gatewayPlanOf, type GatewayFault } from "./gateway-plan.ts";
import { GatewayProcess } from "./gateway-process.ts";
import { throughGateway } from "./kafka-calls.ts";
import { KafkaBroker, type Route } from "./kafka-broker.ts";
import { EDGES } from "./places.ts";
import type { SpreadQuorum } from "./spread-quorum.ts";
import type { TopicCaller } from "./topic-calls.ts";
import { UpgradeDoor } from "./upgrade-door.ts";
import type { Check } from "./verdict.ts";

/** One for each edge, the first of them with a file of state. */
const GATEWAYS = EDGES.map((edge, at) => ({
  name: `GATEWAY_${at}`,
  edge,
  host: `127.0.1.${at + 1}`,
}));
const BROKERS_EACH = 2;
const FIRST_BROKER = 11;
const FIRED_MIN = 0.8;
const CAUGHT_UP_MS = 15_000;
const LOOK_MS = 100;
/** On a machine that has too much to do, leaders change without any fault. */
const FENCED_MS_MAX = 60_000;
/** For what a dead broker has sent to be read, if anybody reads it, and committed. */
const AFTERWARDS_MS = 3_000;
/** Also to be unfenced again: its connections were closed, and it asks anew who leads. */
const BACK_MS = 10_000;

interface Placed {
  readonly gateway: GatewayProcess;
  readonly struck: StruckGateway;
  readonly route: Route;
  readonly brokers: readonly KafkaBroker[];
}

export class GatewayRun {
  readonly #quorum: SpreadQuorum;
  readonly #folder: string;
  readonly #placed: readonly Placed[];
  readonly #nemesis: GatewayNemesis;
  #plan: readonly GatewayFault[] = [];

  private constructor(quorum: SpreadQuorum, folder: string, placed: readonly Placed[]) {
    this.#quorum = quorum;
    this.#folder = folder;
    this.#placed = placed;
    this.#nemesis = new GatewayNemesis({
      gateways: placed.map(({ struck }) => struck),
      proxy: quorum.proxy,
    });
  }

  /** Starts gateways and brokers, or leaves nothing running. */
  static async start(quorum: SpreadQuorum): Promise<GatewayRun> {
    const folder = await mkdtemp(join(tmpdir(), "kedge-nemesis-gateways-"));
    const placed: Placed[] = [];
    for (const [at, { name, edge, host }] of GATEWAYS.entries())
      placed.push(await place(quorum, { at, name, edge, host, folder }));
    const run = new GatewayRun(quorum, folder, placed);
    try {
      await Promise.all(placed.map(({ gateway }) => gateway.start()));
      for (const broker of run.#brokers) broker.start();
      return run;
    } catch (error) {
      await run.stop();
      throw error;
    }
  }

  get strikes(): readonly GatewayStrike[] {
    return this.#nemesis.strikes;
  }

  get #brokers(): readonly KafkaBroker[] {
    return this.#placed.flatMap(({ brokers }) => brokers);
  }

  /** Each of them, and the same through a gateway at its edge. */
  callers(direct: readonly TopicCaller[]): readonly TopicCaller[] {
    const linked = direct.map((caller, at) => {
      const placed = this.#placed[at % this.#placed.length];
      const [broker] = placed?.brokers ?? [];
      if (placed === undefined || broker === undefined) return caller;
      return throughGateway(caller, broker, placed.route);
    });
    return [...direct, ...linked];
  }

  /** Strikes at the gateways; resolves when everything is made good. */
  async carryOut(seed: number, durationMs: number): Promise<void> {
    this.#plan = gatewayPlanOf(seed, durationMs, GATEWAYS.length);
    await this.#nemesis.carryOut(this.#plan);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#brokers.map((broker) => broker.die()));
    await Promise.all(this.#placed.map(({ gateway }) => gateway.stop()));
    await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }

  printFigures(): void {
    const { strikes } = this;
    const fired = GATEWAY_KINDS.map((kind) => {
      const planned = this.#plan.filter((fault) => fault.kind === kind).length;
      return `${kind} ${strikes.filter((each) => each.kind === kind && each.isFired).length} of ${planned}`;
    });
    console.log(`at gateways: ${fired.join(", ")}`);
    for (const { gateway, brokers } of this.#placed) {
      const told = brokers.map(({ id, story, beats, asked }) => {
        const ids = `${asked.producerIds.length} of ${asked.producerIdsAsked} blocks of ids`;
        return `${id} has ${story.end} records, ${beats.length} beats, ${asked.created.length} topics, ${ids}`;
      });
      console.log(
        `${gateway.name}: ${gateway.count("frames_answered")} frames, ${gateway.count("frames_linked")} over links; ` +
          `${gateway.count("fetches_observed")} fetches answered itself; ` +
          `${gateway.count("standstills")} standstills; brokers: ${told.join("; ")}`,
      );
    }
  }

  /** What the processes printed last. */
  get lastLines(): readonly (readonly [name: string, lines: readonly string[]])[] {
    return this.#placed.map(({ gateway: { name, lines } }) => [name, lines] as const);
  }

  /** Everything that must hold, once nothing is wrong any more; it ends the brokers. `log` is the log's bytes. */
  async judge(log: () => Promise<Uint8Array | string>): Promise<readonly Check[]> {
    const behind = await this.#untilCaughtUp();
    const dead = await this.#complaintAboutDead();
    await Promise.all(this.#brokers.map((broker) => broker.die()));
    const brokers = this.#brokers;
    const bytes = await log();
    const { lines } = await committedLog(this.#quorum.cluster);
    const changes = fencingChangesOf(lines);
    const shown = brokers.reduce((sum, { story }) => sum + story.end, 0);
    return [
      { name: "every broker behind a gateway has caught up and is unfenced", complaint: behind },
      {
        name: `the ${shown} records that brokers were shown through gateways are those of the log`,
        complaint:
          typeof bytes === "string"
            ? bytes
            : firstOf(brokers, ({ story }) => story.complaint(bytes)),
      },
      {
        name: "no request through a gateway was executed twice, nor is one lost that was acknowledged",
        complaint: complaintAboutRequests(brokers, lines),
      },
      {
        name: "nobody is fenced of whom a controller has heard",
        complaint: complaintAboutFencing(brokers, changes, performance.timeOrigin),
      },
      {
        name: "no gateway without a way to the controllers answered a heartbeat",
        complaint: firstOf(this.#placed, (placed) =>
          firstOf(placed.brokers, (broker) =>
            complaintAboutInvented(broker, this.#cutsOf(placed.gateway)),
          ),
        ),
      },
      {
        name: "a gateway stands by what it has shown, also after it was killed",
        complaint: firstOf(this.#placed, ({ gateway }) => gateway.complaints[0]),
      },
      { name: "who dies while its gateway stands still is fenced and stays so", complaint: dead },
      {
        name: "gateways answered over links, and fetches by themselves",
        complaint: firstOf(this.#placed, complaintAboutUse),
      },
      ...GATEWAY_KINDS.map((kind) => this.#complaintAboutFired(kind)),
    ];
  }

  #cutsOf({ name }: GatewayProcess): readonly GatewayStrike[] {
    return this.strikes.filter(
      ({ kind, victim }) => victim === name && (kind === "link-cut" || kind === "gateway-pause"),
    );
  }

  #complaintAboutFired(kind: GatewayStrike["kind"]): Check {
    const planned = this.#plan.filter((fault) => fault.kind === kind).length;
    const fired = this.strikes.filter((each) => each.kind === kind && each.isFired).length;
    const isEnough = planned > 0 && fired >= planned * FIRED_MIN;
    return {
      name: `faults of kind ${kind} fired`,
      complaint: isEnough ? undefined : `${fired} of ${planned}`,
    };
  }

  async #untilCaughtUp(): Promise<string | undefined> {
    const { high_watermark: end } = await this.#quorum.cluster.quorum();
    const judge = ({ id, story, beats }: KafkaBroker): string | undefined => {
      if (story.end < end) return `broker ${id} has ${story.end} records of ${end}`;
      return beats.at(-1)?.isFenced === false ? undefined : `broker ${id} is fenced`;
    };
    const deadline = performance.now() + CAUGHT_UP_MS;
    for (;;) {
      const complaint = firstOf(this.#brokers, judge);
      if (complaint === undefined || performance.now() > deadline) return complaint;
      await pause(LOOK_MS);
    }
  }

  /** What becomes of a broker that dies while its gateway stands still, and of the other one there. */
  async #complaintAboutDead(): Promise<string | undefined> {
    const [placed] = this.#placed;
    const [dying, living] = placed?.brokers ?? [];
    if (placed === undefined || dying === undefined || living === undefined) return "there is none";
    const before = (await this.#changesOf(dying)).at(-1);
    if (before?.isFenced !== false) return `broker ${dying.id} is fenced although it lives`;
    if (!(await placed.gateway.pause())) return "the gateway does not stand still";
    let fencedAt: number | undefined;
    try {
      await dying.beatOnce();
      await dying.die();
      fencedAt = await this.#untilFenced(dying);
    } finally {
      placed.gateway.resume();
    }
    if (fencedAt === undefined) return `broker ${dying.id} is not fenced in two sessions`;
    await pause(AFTERWARDS_MS);
    const risen = (await this.#changesOf(dying)).find(
      ({ isFenced, offset }) => !isFenced && offset > (fencedAt ?? 0),
    );
    if (risen !== undefined)
      return `broker ${dying.id} is dead, and was unfenced at ${risen.offset}`;
    const deadline = performance.now() + BACK_MS;
    while (living.beats.at(-1)?.isFenced !== false) {
      if (performance.now() > deadline) return `broker ${living.id} lives, and is fenced`;
      await pause(LOOK_MS);
    }
    return undefined;
  }

  /**
   * Where that is in the log; undefined when it takes longer than two sessions. A new leader gives every broker a session
   * of its own, so from there on they count anew.
   */
  async #untilFenced(broker: KafkaBroker): Promise<number | undefined> {
    let leaderEpoch = -1;
    let deadline = Number.POSITIVE_INFINITY;
    const latest = performance.now() + FENCED_MS_MAX;
    while (performance.now() < Math.min(deadline, latest)) {
      const epoch = await this.#quorum.cluster.quorum().then(
        (state) => state.leader_epoch,
        () => leaderEpoch,
      );
      if (epoch !== leaderEpoch) deadline = performance.now() + 2 * SESSION_MS;
      leaderEpoch = epoch;
      const last = (await this.#changesOf(broker)).at(-1);
      if (last?.isFenced === true) return last.offset;
      await pause(LOOK_MS);
    }
    return undefined;
  }

  async #changesOf({ id, epoch }: KafkaBroker): Promise<readonly FencingChange[]> {
    const { lines } = await committedLog(this.#quorum.cluster, epoch);
    return fencingChangesOf(lines).filter((change) => change.id === id && change.epoch === epoch);
  }
}

/** Of a gateway that served nothing as gateways do, nothing else that holds says anything. */
function complaintAboutUse({ gateway }: Placed): string | undefined {
  const counts = (["frames_linked", "fetches_observed"] as const).filter(
    (counter) => gateway.count(counter) === 0,
  );
  return counts.length === 0 ? undefined : `${gateway.name} has none of ${counts.join(", ")}`;
}

function firstOf<T>(
  things: readonly T[],
  complaintOf: (thing: T) => string | undefined,
): string | undefined {
  for (const thing of things) {
    const complaint = complaintOf(thing);
    if (complaint !== undefined) return complaint;
  }
  return undefined;
}

interface Place {
  readonly at: number;
  readonly name: string;
  readonly edge: string;
  readonly host: string;
  readonly folder: string;
}

async function place(
  quorum: SpreadQuorum,
  { at, name, edge, host, folder }: Place,
): Promise<Placed> {
  const { clusterId, deployments, firstPort, portOf, proxy, voters } = quorum;
  const deployment = deployments[at];
  if (deployment === undefined) throw new Error(`there is no edge for ${name}`);
  const door = new UpgradeDoor();
  const port = await proxy.open(name, edge, () => Number(new URL(deployment.url).port), door);
  const gateway = new GatewayProcess({
    name,
    host,
    firstPort,
    edge: `http://127.0.0.1:${port}`,
    clusterId,
    token: deployment.gatewayToken ?? "",
    stateFile: at === 0 ? join(folder, "state.json") : null,
  });
  const route: Route = { host, nodeIds: () => voters.ids, portOf };
  const brokers = Array.from(
    { length: BROKERS_EACH },
    (_, nth) => new KafkaBroker({ id: FIRST_BROKER + at * BROKERS_EACH + nth, clusterId, route }),
  );
  const struck = { process: gateway, edge, door, isTaken: false };
  return { gateway, struck, route, brokers };
}
