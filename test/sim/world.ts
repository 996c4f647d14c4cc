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
import { directoryOf, nameOfKey } from "./directories.ts";
import { drawSwarm, healed, type Swarm, Tally } from "./faults.ts";
import { History } from "./history.ts";
import { Lulls } from "./lulls.ts";
import { Membership } from "./membership/membership.ts";
import { drawTurnover } from "./membership/turnover.ts";
import { VoterAdmin } from "./membership/voter-admin.ts";
import { Admin } from "./metadata/admin.ts";
import { SecurityAdmin } from "./metadata/security-admin.ts";
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

/** What membership meets is drawn apart: the worlds without any changes of it are what they were. */
const TURNOVER = 0x7e11;
/** And so is whether eligible leader replicas are on, in half of the worlds with metadata. */
const ELR = 0xe14;
/** Likewise whether quorums sleep, in half of the worlds, and after which lull. */
const SLEEP = 0x51ee;
/** Likewise whether somebody administers who may do what. */
const SECURITY = 0x5ec;

/** Tokens are swept so often that a world sees it. */
const SWEEPS = { "delegation.token.expiry.check.interval.ms": 2_000 };

/** Two of up to three replicas must be in sync for a commit: there is somebody to be eligible. */
const WITH_ELR = {
  features: { "eligible.leader.replicas.version": 1 },
  topic_defaults: { "min.insync.replicas": 2 },
} as const;

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
  readonly membership = new Membership(this);
  readonly lulls = new Lulls(this);
  /** By node: those that are there now. */
  readonly #replicas = new Map<number, Replica>();
  /** By name: all that ever were. */
  readonly #everyone = new Map<string, Replica>();
  readonly brokers: readonly Broker[];
  readonly bench = new Bench(allCheckers());
  readonly #seed: number;
  swarm: Swarm;
  /** No new faults from now on. */
  isHealed = false;
  /** No new writes from now on. */
  isQuiet = false;
  complaint: Complaint | undefined;

  /** The faults of `swarm`, or else those that the seed draws, and sleep in any case where it `sleeps`. */
  constructor(
    seed: number,
    watch?: (line: string) => void,
    { swarm, sleeps = false }: { readonly swarm?: Swarm; readonly sleeps?: boolean } = {},
  ) {
    this.#seed = seed;
    this.chance = new Chance(seed);
    const turnover = drawTurnover(new Chance(seed ^ TURNOVER));
    this.swarm =
      swarm ??
      drawSwarm(this.chance, turnover, {
        elr: new Chance(seed ^ ELR).happens(0.5),
        security: new Chance(seed ^ SECURITY).happens(0.5),
        quietMs: drawQuiet(new Chance(seed ^ SLEEP), sleeps),
      });
    this.cluster = {
      cluster_id: "c2ltdWxhdGVkLWNsdXN0ZQ",
      metadata_version: 25,
      created_ms: 0,
      settings: {
        ...this.swarm.snapshots,
        ...(this.swarm.hasSecurity ? SWEEPS : {}),
        "controller.quorum.sleep.after.ms": this.swarm.quietMs,
      },
      ...(this.swarm.hasElr ? WITH_ELR : {}),
    };
    const { timeline, chance, tally } = this;
    this.network = new Network({ timeline, chance, tally, swarm: this.swarm });
    this.trace = new Trace(timeline, watch);
    this.clients = new Clients(this);
    this.readers = new Readers(this);
    this.history = new History(this);
    this.#populate();
    this.brokers = Array.from(
      { length: this.swarm.brokers },
      (_, index) => new Broker(this, 101 + index),
    );
  }

  get replicas(): ReadonlyMap<number, Replica> {
    return this.#replicas;
  }

  replicaNamed(name: string): Replica | undefined {
    return this.#everyone.get(name);
  }

  /** Node `id` has another storage from now on, fresh and without any voters, and perhaps the order to join. */
  renew(id: number, isJoining: boolean): void {
    const replica = new Replica(this, this.#configOfFresh(id), isJoining);
    this.trace.note(replica.name, isJoining ? "is to join" : "is there");
    this.#add(replica);
    replica.boot();
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
    this.lulls.start();
    const { admins = 0 } = this.swarm.turnover ?? {};
    for (let admin = 1; admin <= admins; admin += 1) new VoterAdmin(this, admin).start();
    if (!this.swarm.hasMetadata) return this.clients.start();
    for (const broker of this.brokers) new BrokerProcess(this, broker).start();
    new Admin(this).start();
    if (this.swarm.hasSecurity) new SecurityAdmin(this).start();
  }

  /** The initial voters, and the nodes to spare, which know of no voters and some of which are to join. */
  #populate(): void {
    const { voters: count, turnover } = this.swarm;
    const voters = Array.from({ length: count }, (_, index) => voterOf(index + 1));
    for (const voter of voters) this.#add(new Replica(this, configOf(this, voter, voters)));
    const { spares = 0, joiners = 0 } = turnover ?? {};
    for (let spare = 1; spare <= spares; spare += 1)
      this.#add(new Replica(this, this.#configOfFresh(count + spare), spare <= joiners));
  }

  #add(replica: Replica): void {
    this.#replicas.set(replica.id, replica);
    this.#everyone.set(replica.name, replica);
  }

  /** Of a node without voters, with a storage that it has not had before. */
  #configOfFresh(id: number): RaftConfig {
    let generation = 0;
    while (this.#everyone.has(nameOfKey({ id, directoryId: directoryOf(id, generation) })))
      generation += 1;
    return configOf(this, voterOf(id, generation), []);
  }

  /** The replica that a client asks: a leader, as it finds one sooner or later; now and then any other. */
  likelyLeader(): Replica | undefined {
    const replicas = [...this.replicas.values()];
    const leaders = replicas.filter((replica) => replica.leads && replica.absence === null);
    // Asleep, who led before it was restarted leads no more: whoever wants something asks around.
    if (leaders.length === 0 && this.swarm.quietMs > 0) return this.chance.pick(replicas);
    return this.chance.pick(this.chance.happens(0.9) ? leaders : replicas);
  }

  /** A uuid that was not drawn before. */
  uuid(): Uuid {
    return uuidFromBytes(Uint8Array.from({ length: 16 }, () => this.chance.between(0, 255)));
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
    this.membership.leanOn(core);
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
        // Whatever storage the node has by now.
        (this.replicas.get(to) ?? target).receive(
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
    if (this.replicaNamed(nameOfKey(effect.key))?.wasRolledBack === true)
      return this.tally.count("rollbacks noticed");
    this.complain("nobody-is-wronged", `replica ${leader.name} ${describeEffect(effect)}`);
  }
}

const drawQuiet = (chance: Chance, sleeps: boolean): number =>
  chance.happens(0.5) || sleeps ? Math.round(chance.logUniform(200, 3_000)) : 0;

function voterOf(id: number, generation = 0): Voter {
  return {
    key: { id, directoryId: directoryOf(id, generation) },
    endpoints: [{ name: "CONTROLLER", host: "localhost", port: 9092 + id }],
    kraftVersions: { min: 0, max: 1 },
  };
}

function configOf(world: World, local: Voter, voters: readonly Voter[]): RaftConfig {
  const { electionTimeoutMs, fetchMaxBytes, voters: initial, turnover } = world.swarm;
  // Every node, as an operator would list them: voters that have gone know no more of those that have come.
  const count = initial + (turnover?.spares ?? 0);
  return {
    ...DEFAULT_TIMEOUTS,
    maySleep: true,
    clusterId: world.cluster.cluster_id,
    local,
    bootstrapVoters: voters,
    bootstrapServers: Array.from({ length: count }, (_, index) => index + 1),
    electionTimeoutMs,
    fetchTimeoutMs: 2 * electionTimeoutMs,
    fetchMaxWaitMs: Math.floor(electionTimeoutMs / 2),
    requestTimeoutMs: 2 * electionTimeoutMs,
    electionBackoffMaxMs: electionTimeoutMs,
    fetchMaxBytes,
  };
}
