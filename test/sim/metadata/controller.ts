/**
 * The metadata state machine on one replica: the committed image everywhere, and on the leader an office as well: the
 * uncommitted view, the soft state, and operations that are answered when they are committed. Each operation is
 * a batch of its own. The rules are the real ones (`src/metadata`); when to call them is a controller's shell.
 */
import { type Entry, type Effect, officeOf } from "../../../src/raft/index.ts";
import {
  allPartitions,
  applyRecords,
  type BrokerLiveness,
  brokerById,
  type ControlContext,
  type ControlResult,
  ANONYMOUS_CALLER,
  DEFAULT_CONTROLLER_CONFIG,
  defaultBootstrap,
  fenceStaleBrokers,
  initialLiveness,
  type MetadataImage,
  type Partition,
  nextFencingDeadline,
  takeOver,
} from "../../../src/metadata/index.ts";
import type { Uuid } from "../../../src/protocol/index.ts";
import type { Answer } from "../application.ts";
import type { Instance } from "../instance.ts";
import type { Observation } from "../observation.ts";
import { payloadOf } from "./payload.ts";
import { ReplayedImage } from "./replayed-image.ts";

/** Short, so that brokers are fenced often. */
export const SESSION_MS = 3_000;
const DUTY_EVERY_MS = 250;

/** One operation, with who asks where that matters to a checker. */
export interface Operation<Response> {
  readonly run: (view: MetadataImage, context: ControlContext) => ControlResult<Response>;
  /** The broker that proposes an ISR. */
  readonly proposer?: number;
}

interface Office {
  readonly epoch: number;
  view: MetadataImage;
  liveness: BrokerLiveness;
}

/** Who proposed the ISRs in a batch. Kept beside the batch: the log does not say. */
const proposers = new WeakMap<Uint8Array, number>();

export class Controller {
  readonly #instance: Instance;
  readonly #replayed = new ReplayedImage();
  #office: Office | undefined;

  constructor(instance: Instance) {
    this.#instance = instance;
  }

  /** Takes in a committed batch; what checkers must know of it. */
  replay(entry: Entry): readonly Observation[] {
    const { world } = this.#instance.replica;
    const before = this.#replayed.image;
    this.#replayed.replay(entry);
    const endOffset = entry.lastOffset + 1;
    // The digests hold every replica that reaches an offset later to what the first one had there.
    if (entry.payload === null || endOffset <= world.imagedUpTo) return [];
    world.imagedUpTo = endOffset;
    return partitionsShown(this.#replayed.image, before, {
      endOffset,
      proposer: proposers.get(entry.payload),
    });
  }

  digest(): number {
    return this.#replayed.digest();
  }

  changeRole(change: Extract<Effect, { kind: "role-changed" }>): void {
    if (change.role !== "leader" || change.epoch !== this.#office?.epoch) this.#office = undefined;
  }

  /** Something was committed: a leader whose own epoch is among it takes office, after this turn. */
  onCommitted(highWatermark: number): void {
    const office = officeOf(this.#instance.state);
    if (office === null || this.#office !== undefined || highWatermark <= office.startOffset)
      return;
    this.#instance.replica.world.timeline.after(0, () => this.#takeOffice());
  }

  /**
   * Runs an operation and answers when all it saw and wrote is committed; `null` when that will not be known.
   * False when this replica is not in office.
   */
  submit<Response>(
    operation: Operation<Response>,
    answer: (response: Response | null) => void,
  ): boolean {
    const office = this.#office;
    if (office === undefined || this.#instance.isGone) return false;
    const { state, replica, application } = this.#instance;
    const nextOffset = state.log.endOffset;
    const result = operation.run(office.view, this.#context(office, nextOffset));
    const endOffset = nextOffset + result.records.length;
    if (result.liveness !== undefined) office.liveness = result.liveness;
    const number = replica.world.clients.expect(({ outcome }: Answer) => {
      answer(outcome === "committed" ? result.response : null);
    });
    if (result.records.length === 0) {
      application.await(number, nextOffset);
      return true;
    }
    const payload = payloadOf(result.records);
    if (operation.proposer !== undefined) proposers.set(payload, operation.proposer);
    const provenance = { endOffset, epoch: office.epoch, timestampMs: 0 };
    office.view = applyRecords(office.view, result.records, provenance);
    application.write(number, payload, result.records.length);
    return true;
  }

  #takeOffice(): void {
    const { state, replica, isGone } = this.#instance;
    const office = officeOf(state);
    if (isGone || office === null || this.#office !== undefined) return;
    const { image } = this.#replayed;
    this.#office = {
      epoch: office.epoch,
      view: image,
      liveness: initialLiveness(image, replica.clock()),
    };
    replica.world.tally.count("offices taken");
    this.submit(
      { run: (view, context) => takeOver(view, context, defaultBootstrap()) },
      () => undefined,
    );
    this.#doDuties(this.#office);
  }

  /** Looks after the brokers' sessions for as long as the office lasts. */
  #doDuties(office: Office): void {
    const { replica } = this.#instance;
    if (office !== this.#office || this.#instance.isGone) return;
    if (nextFencingDeadline(office.liveness, SESSION_MS) <= replica.clock()) {
      replica.world.tally.count("fencings");
      this.submit({ run: (view, context) => this.#fence(view, context) }, () => undefined);
    }
    replica.world.timeline.after(DUTY_EVERY_MS, () => this.#doDuties(office));
  }

  // Seen from within, a machine that stood still is a clock that jumped. Within a session of true time after one that
  // ended all sessions, no broker can have been silent for a whole one.
  #fence(view: MetadataImage, context: ControlContext): ReturnType<typeof fenceStaleBrokers.rule> {
    const result = fenceStaleBrokers.rule(view, context);
    const { replica } = this.#instance;
    const [jumpMs = 0, ...others] = replica.jumps(SESSION_MS);
    if (jumpMs < 2 * SESSION_MS || others.length > 0) return result;
    replica.world.tally.count("fencing after a standstill");
    if (result.records.length > 0) {
      replica.world.complain(
        "standstills-fence-nobody",
        `replica ${replica.name} stood still for ${jumpMs} ms and then fenced a broker for it`,
      );
    }
    return result;
  }

  #context(office: Office, nextOffset: number): ControlContext {
    const { replica } = this.#instance;
    const { world } = replica;
    return {
      nowMs: replica.clock(),
      apiVersion: 3,
      random: { word: world.chance.word() },
      nextOffset,
      liveness: office.liveness,
      clusterId: world.clusterId,
      controllerId: replica.id,
      activeControllerId: replica.id,
      controllers: [...world.replicas.values()].map(({ id, config }) => ({
        id,
        directoryId: world.uuidOf(id),
        endpoints: config.local.endpoints.map((endpoint) => ({ ...endpoint, securityProtocol: 0 })),
      })),
      caller: ANONYMOUS_CALLER,
      config: { ...DEFAULT_CONTROLLER_CONFIG, brokerSessionTimeoutMs: SESSION_MS },
    };
  }
}

const keyOf = (topicId: Uuid, partitionId: number): string => `${topicId}-${partitionId}`;

/** Every partition as it is now, and which ISRs were changed at whose proposal. */
function partitionsShown(
  image: MetadataImage,
  before: MetadataImage,
  at: { readonly endOffset: number; readonly proposer: number | undefined },
): readonly Observation[] {
  const known = new Map<string, Partition>();
  for (const { topicId, partitionId, partition } of allPartitions(before.topics)) {
    known.set(keyOf(topicId, partitionId), partition);
  }
  const isFenced = (id: number): boolean => brokerById(image.cluster, id)?.fenced !== false;
  const { endOffset, proposer } = at;
  const shown: Observation[] = [];
  for (const { topicId, partitionId, partition } of allPartitions(image.topics)) {
    const key = keyOf(topicId, partitionId);
    const { leader, isr, replicas, leaderEpoch, partitionEpoch } = partition;
    const old = known.get(key);
    const fencedNewcomers = isr.filter((id) => isFenced(id) && old?.isr.includes(id) !== true);
    const leaderIsFenced = leader >= 0 && isFenced(leader);
    const epochs = { leaderEpoch, partitionEpoch };
    shown.push({
      kind: "partition",
      endOffset,
      key,
      leader,
      isr,
      replicas,
      leaderIsFenced,
      fencedNewcomers,
      ...epochs,
    });
    if (proposer === undefined || old === undefined || old.isr.join() === isr.join()) continue;
    shown.push({ kind: "isr-changed", endOffset, key, proposer, leader: old.leader });
  }
  return shown;
}
