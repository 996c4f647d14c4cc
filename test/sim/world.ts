/**
 * One seed is one world: a quorum of replicas, brokers that observe it, clients that write, a network, and a
 * bench of checkers that sees every durable write and everything that leaves a replica. Single-threaded, in
 * virtual time, from one source of chance.
 */
import type { ClusterIdentity } from "../../durable-objects/cluster-entry.ts";
import {
  DEFAULT_TIMEOUTS,
  describeEffect,
  type Effect,
  type RaftConfig,
  type OutgoingRequest,
  type RequestFailure,
  type Response,
  type Voter,
} from "../../src/raft/index.ts";
import { uuidFromBytes, type Uuid } from "../../src/protocol/index.ts";
import {
  register,
  type RegisterInput,
  type RegisterOutput,
  type RegisterState,
} from "../linearizability/register.ts";
import {
  topicsOf,
  type TopicInput,
  type TopicOutput,
  type TopicState,
} from "../linearizability/topic.ts";
import { Broker } from "./broker.ts";
import { Chance } from "./chance.ts";
import { Bench, type Complaint } from "./checkers/checker.ts";
import { allCheckers } from "./checkers/all.ts";
import { ClientHistory } from "./client-history.ts";
import { Clients } from "./clients.ts";
import { drawSwarm, healed, type Swarm, Tally } from "./faults.ts";
import { History } from "./history.ts";
import { Admin } from "./metadata/admin.ts";
import { BrokerProcess } from "./metadata/broker-process.ts";
import { Network } from "./network.ts";
import type { Observation } from "./observation.ts";
import { Readers } from "./readers.ts";
import { Replica } from "./replica.ts";
import { Situations } from "./situations.ts";
import { StaleReads } from "./stale-reads.ts";
import { Timeline } from "./timeline.ts";
import { Trace } from "./trace.ts";

/** A request on its way to a replica. */
export interface Call {
  readonly from: string;
  readonly to: number;
  readonly body: OutgoingRequest;
  readonly answer: (response: Response) => void;
  /** The caller learns that nothing will come; without it, it has to find out by itself. */
  readonly fail: (failure: RequestFailure) => void;
}

export class World {
  readonly cluster: ClusterIdentity;
  readonly timeline = new Timeline();
  readonly tally = new Tally();
  readonly chance: Chance;
  readonly network: Network;
  readonly trace: Trace;
  readonly clients: Clients;
  readonly readers: Readers;
  readonly history: History;
  /** What clients asked and were told: of the keys that they set, and of topics. */
  readonly registers = new ClientHistory<RegisterState, RegisterInput, RegisterOutput>(
    () => register,
  );
  readonly topics = new ClientHistory<TopicState, TopicInput, TopicOutput>(topicsOf);
  readonly situations = new Situations(this.tally);
  readonly replicas: ReadonlyMap<number, Replica>;
  readonly brokers: readonly Broker[];
  readonly bench = new Bench(allCheckers());
  readonly #seed: number;
  swarm: Swarm;
  /** No new faults from now on. */
  isHealed = false;
  /** No new writes from now on. */
  isQuiet = false;
  complaint: Complaint | undefined;

  /** The faults of `swarm`, or else those that the seed draws. */
  constructor(seed: number, watch?: (line: string) => void, swarm?: Swarm) {
    this.#seed = seed;
    this.chance = new Chance(seed);
    this.swarm = swarm ?? drawSwarm(this.chance);
    this.cluster = {
      cluster_id: "c2ltdWxhdGVkLWNsdXN0ZQ",
      metadata_version: 25,
      created_ms: 0,
      settings: this.swarm.snapshots,
    };
    const { timeline, chance, tally } = this;
    this.network = new Network({ timeline, chance, tally, swarm: this.swarm });
    this.trace = new Trace(timeline, watch);
    this.clients = new Clients(this);
    this.readers = new Readers(this);
    this.history = new History(this);
    const voters = Array.from({ length: this.swarm.voters }, (_, index) =>
      voterOf(index + 1, this.uuidOf(index + 1)),
    );
    this.replicas = new Map(
      voters.map((voter) => [voter.key.id, new Replica(this, configOf(this, voter, voters))]),
    );
    this.brokers = Array.from(
      { length: this.swarm.brokers },
      (_, index) => new Broker(this, 101 + index),
    );
  }

  /** Whether there is something to complain about: then nothing happens any more. */
  get isOver(): boolean {
    return this.complaint !== undefined;
  }

  /** Judges what clients were told, once nothing happens any more. */
  judgeClients(): void {
    const { committed } = this.bench.ghost;
    this.complaint ??= this.registers.judge(committed) ?? this.topics.judge(committed);
  }

  /** Starts every replica, broker and client. */
  start(): void {
    for (const replica of this.replicas.values()) {
      this.timeline.after(this.chance.between(0, 1_000), () => replica.boot());
    }
    for (const broker of this.brokers) broker.fetch();
    this.readers.start();
    new StaleReads(this, this.#seed).start();
    if (!this.swarm.hasMetadata) return this.clients.start();
    for (const broker of this.brokers) new BrokerProcess(this, broker).start();
    new Admin(this).start();
  }

  /** The replica that a client asks: a leader, as it finds one sooner or later; now and then any other. */
  likelyLeader(): Replica | undefined {
    const replicas = [...this.replicas.values()];
    const leaders = replicas.filter((replica) => replica.leads && replica.absence === null);
    return this.chance.pick(this.chance.happens(0.9) ? leaders : replicas);
  }

  /** A uuid that was not drawn before. */
  uuid(): Uuid {
    return uuidFromBytes(Uint8Array.from({ length: 16 }, () => this.chance.between(0, 255)));
  }

  /** The uuid that stands for the storage of a node. */
  uuidOf(id: number): Uuid {
    return uuidFromBytes(
      Uint8Array.from({ length: 16 }, (_, at) => (at < 14 ? 7 : (id >> (8 * (15 - at))) & 255)),
    );
  }

  /** Lets time pass until `untilMs`, until `done`, or until a checker complains. */
  run(untilMs: number, done: () => boolean = () => false): boolean {
    while (!this.isOver) {
      if (done()) return true;
      if (!this.timeline.advance(untilMs)) return false;
    }
    return false;
  }

  /** Ends all faults; every replica that is away comes back. */
  heal(): void {
    this.healCore([...this.replicas.values()]);
    this.trace.note("all", "healed");
  }

  /** No new faults strike from now on, and what has befallen these replicas is over. */
  healCore(core: readonly Replica[]): void {
    this.isHealed = true;
    this.swarm = healed(this.swarm);
    this.network.heal(this.swarm);
    for (const replica of core) replica.heal();
  }

  call({ from, to, body, answer, fail }: Call): void {
    const target = this.replicas.get(to);
    if (target === undefined)
      return this.complain("calls-reach-replicas", `${from} calls ${to}, which does not exist`);
    const lost = (): void => fail("reset");
    const back = (arrive: () => void): void => this.network.carry(target.name, from, arrive, lost);
    this.network.carry(
      from,
      target.name,
      () =>
        target.receive(
          body,
          (response) => back(() => answer(response)),
          (failure) => back(() => fail(failure)),
        ),
      lost,
    );
  }

  observe(observation: Observation): void {
    if (this.isOver) return;
    this.complaint = this.bench.judge(observation);
  }

  complain(checker: string, sentence: string): void {
    this.complaint ??= { checker, sentence };
  }

  /** A leader says that a replica has lost what it acknowledged. */
  accuse(leader: Replica, effect: Extract<Effect, { kind: "replica-distrusted" }>): void {
    if (this.replicas.get(effect.key.id)?.wasRolledBack === true)
      return this.tally.count("rollbacks noticed");
    this.complain("nobody-is-wronged", `replica ${leader.name} ${describeEffect(effect)}`);
  }
}

function voterOf(id: number, directoryId: Uuid): Voter {
  return {
    key: { id, directoryId },
    endpoints: [{ name: "CONTROLLER", host: "localhost", port: 9092 + id }],
    kraftVersions: { min: 0, max: 1 },
  };
}

function configOf(world: World, local: Voter, voters: readonly Voter[]): RaftConfig {
  const { electionTimeoutMs, fetchMaxBytes } = world.swarm;
  return {
    ...DEFAULT_TIMEOUTS,
    clusterId: world.cluster.cluster_id,
    local,
    bootstrapVoters: voters,
    bootstrapServers: voters.map((voter) => voter.key.id),
    electionTimeoutMs,
    fetchTimeoutMs: 2 * electionTimeoutMs,
    fetchMaxWaitMs: Math.floor(electionTimeoutMs / 2),
    requestTimeoutMs: 2 * electionTimeoutMs,
    electionBackoffMaxMs: electionTimeoutMs,
    fetchMaxBytes,
  };
}
