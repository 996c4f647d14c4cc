/**
 * A controller of Kafka's and this one, side by side: both are put the same request, and the responses, what then is,
 * and the kinds of records written are held against each other. Then this one takes over what the other's log says,
 * so that a difference hides nothing that comes after it; ids and epochs are equal by construction.
 */
import { setTimeout as pause } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import { applyRecords } from "../../src/metadata/replay/apply-records.ts";
import type { ReplayedBatch } from "../../src/metadata/replay/replay-in-slices.ts";
import {
  ANONYMOUS_CALLER,
  controllerApis,
  emptyImage,
  initialLiveness,
  NO_MUTATION_BUCKETS,
  type BrokerLiveness,
  type ControlContext,
  type MetadataImage,
} from "../../src/metadata/index.ts";
import {
  contactOf,
  withContact,
  withoutStrangers,
} from "../../src/metadata/liveness/broker-heartbeats.ts";
import {
  apis,
  decodeMetadataRecord,
  encodeMetadataRecord,
  type Api,
  type MetadataRecord,
} from "../../src/protocol/index.ts";
import { seeded } from "../../src/std/random.ts";
import { DEFAULT_CONTROLLER_CONFIG } from "../metadata/default-config.ts";
import { comparableImage, comparableResponse, inJson, kindsOf } from "./comparable.ts";
import {
  CLUSTER_ID,
  CONTROLLER_ID,
  FORWARDED_USER,
  HungUpError,
  SETTINGS,
  type Asked,
  type JvmController,
} from "./jvm-controller.ts";

/** What one side made of a request. */
export interface Outcome {
  /** As the version says it; what it threw, or that it hung up, where it did. */
  readonly response: unknown;
  readonly records: readonly MetadataRecord[];
  readonly image: MetadataImage;
}

/** What Kafka's controller remembers of a broker besides the log, as far as its source says. */
export interface Memory {
  /** The offset of the last record that registers it: a new incarnation's, or an amendment. */
  readonly registeredAt: number;
  /** Not heard from since it was registered, unfenced or began to stop: its offset is forgotten with each of these. */
  readonly isUnheard: boolean;
}

export interface Difference {
  readonly asked: Asked;
  readonly release: string;
  readonly before: MetadataImage;
  readonly memory: ReadonlyMap<number, Memory>;
  /** The first of these in which they differ. */
  readonly in: "response" | "image" | "records";
  readonly ours: Outcome;
  readonly theirs: Outcome;
}

/** What a step came to. */
export interface Compared {
  readonly theirs: Outcome;
  readonly difference: Difference | null;
  /** Kafka's controller gave up its leadership, or ended: both sides have an empty log. */
  readonly hasResigned: boolean;
  /** What it threw then. */
  readonly fault: string;
}

const SESSION_MS = 2_000_000_000;
/** 3.7-IV0: controllers register themselves. */
const MV_REGISTERED = 15;
const LOOK_MS = 20;

export class ControllerPair {
  readonly jvm: JvmController;
  #image: MetadataImage = emptyImage;
  /** What this controller made of its own records, while it takes over nothing; null while it does. */
  #own: MetadataImage | null = null;
  #liveness: BrokerLiveness = initialLiveness(emptyImage, 0);
  #steps = 0;
  readonly #memory = new Map<number, Memory>();

  private constructor(jvm: JvmController) {
    this.jvm = jvm;
  }

  static async of(jvm: JvmController): Promise<ControllerPair> {
    const pair = new ControllerPair(jvm);
    await pair.#isRegistered();
    return pair;
  }

  /** Waits until Kafka's controller has registered itself, where it does: it does so of its own accord. */
  async #isRegistered(): Promise<void> {
    for (let tries = 0; tries < 1_000; tries += 1) {
      // oxlint-disable-next-line no-await-in-loop -- one look after the other
      await this.#readLog();
      const { metadataVersion } = this.#image.features;
      if (metadataVersion > 0 && metadataVersion < MV_REGISTERED) return;
      if (this.#image.cluster.controllers.has(CONTROLLER_ID)) return;
      // oxlint-disable-next-line no-await-in-loop -- it has a second and more to do
      await pause(LOOK_MS);
    }
    throw new Error(`the controller does not register itself:\n${this.jvm.tail()}`);
  }

  get image(): MetadataImage {
    return this.#image;
  }

  /** From here on this controller goes by its own records, until the two differ. */
  letDrift(): void {
    this.#own = this.#image;
  }

  /** This controller goes by the other's log. */
  resynchronise(): void {
    this.#own = null;
  }

  async #readLog(): Promise<readonly MetadataRecord[]> {
    return this.#replay(await this.jvm.newBatches());
  }

  #replay(batches: readonly ReplayedBatch[]): readonly MetadataRecord[] {
    for (const { records, provenance } of batches) {
      for (const [at, record] of records.entries()) {
        this.#remember(record, provenance.endOffset - records.length + at);
      }
      this.#image = applyRecords(this.#image, records, provenance);
    }
    const { endOffset } = this.jvm;
    this.#image = { ...this.#image, provenance: { ...this.#image.provenance, endOffset } };
    return batches.flatMap(({ records }) => records);
  }

  #remember({ type, data }: MetadataRecord, offset: number): void {
    if (type === "REGISTER_BROKER_RECORD") {
      this.#memory.set(data.brokerId, { registeredAt: offset, isUnheard: true });
    } else if (type === "BROKER_REGISTRATION_CHANGE_RECORD") {
      const registeredAt = this.#memory.get(data.brokerId)?.registeredAt ?? -1;
      this.#memory.set(data.brokerId, { registeredAt, isUnheard: true });
    }
  }

  /** Puts the request to Kafka's controller alone, and takes over what it writes. */
  async prepare(asked: Asked): Promise<Pick<Outcome, "response" | "records">> {
    const { epoch } = this.jvm;
    const { response, records } = await this.#answeredThere(asked);
    if (epoch !== this.jvm.epoch) await this.startAgain();
    this.#settleLiveness();
    return { response, records };
  }

  async ask(asked: Asked): Promise<Compared> {
    const before = this.#image;
    const memory = new Map(this.#memory);
    const { epoch } = this.jvm;
    const ours = this.#answeredHere(asked);
    const { response, records } = await this.#answeredThere(asked);
    this.#hear(asked, records);
    const theirs = { response, records, image: this.#image };
    const differs = differsIn(asked, { before, ours, theirs });
    if (this.#own !== null) {
      const { endOffset } = this.jvm;
      const image = differs === null ? withTheirIds(this.#own, ours.records, records) : null;
      this.#own =
        image === null ? null : { ...image, provenance: { ...image.provenance, endOffset } };
    }
    this.#liveness =
      differs === "response"
        ? this.#heardOnly(asked, this.#liveness)
        : this.#withTheirOffset(ours.liveness);
    this.#settleLiveness();
    const release = this.jvm.kafka.version;
    const hasResigned = epoch !== this.jvm.epoch;
    const fault = this.jvm.fault();
    if (hasResigned) await this.startAgain();
    return {
      theirs,
      difference:
        differs === null ? null : { asked, release, before, memory, in: differs, ours, theirs },
      hasResigned,
      fault,
    };
  }

  /**
   * An office that was given up in the middle leaves its controller with indices that are not true any more, and the
   * same log leaves any other with them too: both begin again with an empty one.
   */
  async startAgain(): Promise<void> {
    await this.jvm.formAnew();
    this.#image = emptyImage;
    this.#own = null;
    this.#memory.clear();
    this.#liveness = initialLiveness(emptyImage, 0);
    await this.#isRegistered();
  }

  /** A heartbeat that changed nothing of its broker leaves its offset known. */
  #hear({ name, body }: Asked, written: readonly MetadataRecord[]): void {
    if (name !== "BrokerHeartbeat" || !("brokerId" in body)) return;
    const { brokerId } = body;
    if (typeof brokerId !== "number") return;
    const { epoch } = this.#image.cluster.brokers.get(brokerId) ?? { epoch: -1 };
    if (!("brokerEpoch" in body) || body.brokerEpoch !== epoch) return;
    const known = this.#memory.get(brokerId);
    const isChanged = written.some(({ type }) => type === "BROKER_REGISTRATION_CHANGE_RECORD");
    if (known !== undefined && !isChanged) {
      this.#memory.set(brokerId, { ...known, isUnheard: false });
    }
  }

  /** A shutdown that has just begun waits for all that was written, and the other may have written more. */
  #withTheirOffset(liveness: BrokerLiveness): BrokerLiveness {
    let { contacts } = liveness;
    for (const [id, contact] of liveness.contacts) {
      const hasBegun = contact.controlledShutdownOffset >= 0;
      const hadBegun = (this.#liveness.contacts.get(id)?.controlledShutdownOffset ?? -1) >= 0;
      if (!hasBegun || hadBegun) continue;
      contacts = contacts.set(id, {
        ...contact,
        controlledShutdownOffset: this.jvm.endOffset - 1,
      });
    }
    return { ...liveness, contacts };
  }

  /** Where the two differ, the other's outcome stands: of ours it is only remembered that the broker was heard. */
  #heardOnly({ name, body }: Asked, liveness: BrokerLiveness): BrokerLiveness {
    if (name !== "BrokerHeartbeat" || !("brokerId" in body)) return liveness;
    const broker = this.#image.cluster.brokers.get(Number(body.brokerId));
    const isRead = "currentMetadataOffset" in body && "brokerEpoch" in body;
    if (broker === undefined || broker.fenced || !isRead) return liveness;
    if (body.brokerEpoch !== broker.epoch) return liveness;
    const metadataOffset = Number(body.currentMetadataOffset);
    return withContact(liveness, broker, { nowMs: this.#steps, metadataOffset });
  }

  async #answeredThere(asked: Asked): Promise<Pick<Outcome, "response" | "records">> {
    try {
      const { epoch } = this.jvm;
      const since = this.jvm.lineCount();
      const { response, batches } = await this.jvm.putAndRead(asked);
      const records = [...this.#replay(batches)];
      if (!mayHaveResigned(response)) return { response, records };
      // Whoever gives up its office answers first; another epoch begins a moment later.
      await pause(LOOK_MS);
      for (let tries = 0; tries < 500 && this.jvm.hasRenounced(since); tries += 1) {
        // oxlint-disable-next-line no-await-in-loop -- one look after the other
        records.push(...(await this.#readLog()));
        if (this.jvm.epoch !== epoch) break;
        // oxlint-disable-next-line no-await-in-loop -- it elects itself
        await pause(LOOK_MS);
      }
      return { response, records };
    } catch (error) {
      if (!(error instanceof HungUpError)) throw error;
      if (this.jvm.isGone()) await this.jvm.restart();
      return { response: { hungUp: true }, records: await this.#readLog() };
    }
  }

  /** Of unfenced brokers there are contacts, and of no others. */
  #settleLiveness(): void {
    this.#liveness = withoutStrangers(this.#liveness, this.#image.cluster);
    for (const broker of this.#image.cluster.brokers.values()) {
      if (broker.fenced || contactOf(this.#liveness, broker) !== undefined) continue;
      const heard = { nowMs: this.#steps, metadataOffset: -1 };
      this.#liveness = withContact(this.#liveness, broker, heard);
    }
  }

  #answeredHere(asked: Asked): Outcome & { readonly liveness: BrokerLiveness } {
    const { name, version, body } = asked;
    const api: Api = apis[name];
    const operation = controllerApis[name];
    if (operation === undefined) throw new RangeError(`${name} is not served`);
    const context = this.#context(asked);
    const image = this.#own ?? this.#image;
    try {
      // The request as it arrives.
      const codec = api.request.at(version);
      const request = codec.decode(codec.encode(api.request.fill(body)));
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- decoded for that very API
      const result = operation.run(image, request as never, context);
      const answer = api.response.at(version);
      const records = result.records.map((record) =>
        decodeMetadataRecord(encodeMetadataRecord(record)),
      );
      const endOffset = image.provenance.endOffset + records.length;
      return {
        response: answer.decode(answer.encode(result.response)),
        records,
        image:
          records.length === 0
            ? image
            : applyRecords(image, records, { ...image.provenance, endOffset }),
        liveness: result.liveness ?? this.#liveness,
      };
    } catch (error) {
      return { response: { threw: String(error) }, records: [], image, liveness: this.#liveness };
    }
  }

  #context({ version, isForwarded = false }: Asked): ControlContext {
    this.#steps += 1;
    const [registered] = this.#image.cluster.controllers.values();
    return {
      nowMs: this.#steps,
      apiVersion: version,
      random: seeded(this.#steps),
      nextOffset: this.jvm.endOffset,
      liveness: this.#liveness,
      mutationBuckets: NO_MUTATION_BUCKETS,
      clientId: "",
      delegationTokenKey: null,
      clusterId: CLUSTER_ID,
      controllerId: CONTROLLER_ID,
      activeControllerId: CONTROLLER_ID,
      controllers:
        registered === undefined
          ? []
          : [
              {
                id: CONTROLLER_ID,
                directoryId: registered.incarnationId,
                endpoints: registered.listeners,
              },
            ],
      caller: isForwarded
        ? {
            principal: { type: "User", name: FORWARDED_USER, tokenAuthenticated: false },
            isForwarded: true,
            clientAddress: "127.0.0.1",
          }
        : ANONYMOUS_CALLER,
      config: { ...DEFAULT_CONTROLLER_CONFIG, ...SETTINGS, brokerSessionTimeoutMs: SESSION_MS },
      hasAuthorizer: true,
    };
  }
}

/** What our records make of our image, with the ids that the other has drawn for new topics. */
function withTheirIds(
  image: MetadataImage,
  ours: readonly MetadataRecord[],
  theirs: readonly MetadataRecord[],
): MetadataImage {
  const idsByName = new Map(
    theirs.flatMap(({ type, data }) =>
      type === "TOPIC_RECORD" ? [[data.name, data.topicId] as const] : [],
    ),
  );
  const drawn = new Map(
    ours.flatMap(({ type, data }) =>
      type === "TOPIC_RECORD" ? [[data.topicId, idsByName.get(data.name)] as const] : [],
    ),
  );
  const records = ours.map((record): MetadataRecord => {
    if (record.type !== "TOPIC_RECORD" && record.type !== "PARTITION_RECORD") return record;
    const topicId = drawn.get(record.data.topicId) ?? record.data.topicId;
    return record.type === "TOPIC_RECORD"
      ? { ...record, data: { ...record.data, topicId } }
      : { ...record, data: { ...record.data, topicId } };
  });
  return records.length === 0 ? image : applyRecords(image, records, image.provenance);
}

/** UNKNOWN_SERVER_ERROR, or NOT_CONTROLLER, anywhere in the response. */
const mayHaveResigned = (response: object): boolean =>
  /"(?:errorCode|envelopeErrorCode)":(?:-1|41)\b/.test(inJson(response));

/** In what they differ; null where they do not. */
function differsIn(
  { name, body }: Asked,
  { before, ours, theirs }: { before: MetadataImage; ours: Outcome; theirs: Outcome },
): Difference["in"] | null {
  const responses = [ours.response, theirs.response].map((each) => comparableResponse(name, each));
  if (!isDeepStrictEqual(responses[0], responses[1])) return "response";
  const placed = new Set(placedTopics(body));
  const [here, there] = [ours.image, theirs.image].map((image) =>
    comparableImage(image, { before, placed }),
  );
  if (!isDeepStrictEqual(here, there)) return "image";
  return isDeepStrictEqual(kindsOf(ours.records), kindsOf(theirs.records)) ? null : "records";
}

/** Topics of a request whose new replicas are drawn. */
function placedTopics(body: object): readonly string[] {
  if (!("topics" in body) || !Array.isArray(body.topics)) return [];
  const topics: readonly unknown[] = body.topics;
  return topics.flatMap((topic) => {
    if (topic === null || typeof topic !== "object" || !("name" in topic)) return [];
    const given = "assignments" in topic ? topic.assignments : null;
    const isGiven = Array.isArray(given) && given.length > 0;
    return isGiven ? [] : [String(topic.name)];
  });
}
