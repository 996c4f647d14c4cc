/**
 * A controller of Kafka's own: one voter in one Java process, with an authorizer, that is asked frames over TCP and
 * whose log is fetched as a broker fetches it. It does nothing of its own accord: no session ends, nothing is balanced
 * or swept, no NoOpRecord is written.
 */
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import type { Kafka } from "../../local/kafka-release.ts";
import { freePort } from "../../local/ports.ts";
import { metadataVersionName } from "../../src/metadata/index.ts";
import type { ReplayedBatch } from "../../src/metadata/replay/replay-in-slices.ts";
import {
  ApiKey,
  apis,
  decodeMetadataRecord,
  decodeRecordBatch,
  decodeResponseFrame,
  encodePrincipal,
  METADATA_TOPIC_ID,
  recordBatches,
  requestFrame,
  versionsOf,
  type Api,
  type ApiName,
  type MetadataRecord,
  type Principal,
} from "../../src/protocol/index.ts";
import { Client } from "../gateway/client.ts";
import { startJvm, type Jvm } from "../../local/jvm.ts";

const HEAP_MB = 256;
const START_MS = 120_000;
const ANSWER_MS = 30_000;
export const CLUSTER_ID = "MkU3OEVBNTcwNTJENDM2Qg";
export const CONTROLLER_ID = 3000;
/** Who asks in an envelope. */
export const FORWARDED_USER = "x";
const USER_X: Principal = { type: "User", name: FORWARDED_USER, tokenAuthenticated: false };
/** What both controllers are set to. */
export const SETTINGS = { numPartitions: 2, defaultReplicationFactor: 2 } as const;

const ELR = "eligible.leader.replicas.version";
const MV_STANDALONE = 21;
const MV_ELR = 23;
const FENCED_LEADER_EPOCH = 74;
const NOT_LEADER = 6;
const RESIGNED_MS = 200;
/** The highest that all three releases speak. */
const FETCH_VERSION = 17;
const FETCH_BYTES = 8 * 1_024 * 1_024;

/** What a controller is formed with: its release's own defaults where nothing is said. */
export interface Formation {
  readonly metadataVersion?: number;
  /** Whether eligible leader replicas are on; only said from 4.0-IV1 on. */
  readonly elr?: boolean;
}

export interface Asked {
  readonly name: ApiName;
  readonly version: number;
  readonly body: object;
  /** In an Envelope. */
  readonly isForwarded?: boolean;
  /** In whose name then; `User:x` when absent. */
  readonly principal?: Principal;
}

interface Place {
  readonly folder: string;
  readonly port: number;
}

/** It closed the connection instead of answering, or answered nothing in time. */
export class HungUpError extends Error {
  override readonly name = "HungUpError";
}

export class JvmController {
  readonly kafka: Kafka;
  readonly #place: Place;
  #jvm: Jvm;
  #client: Client;
  #asked = 0;
  #epoch = 1;
  #endOffset = 0;
  #lastEpoch = 0;
  #versions: ReadonlyMap<number, readonly [number, number]> = new Map();

  private constructor(kafka: Kafka, place: Place, running: { jvm: Jvm; client: Client }) {
    this.kafka = kafka;
    this.#place = place;
    this.#jvm = running.jvm;
    this.#client = running.client;
  }

  /** `more`: properties besides those that it needs, or in their place. */
  static async start(
    kafka: Kafka,
    formation: Formation = {},
    more: readonly string[] = [],
  ): Promise<JvmController> {
    const folder = await mkdtemp(join(tmpdir(), "kedge-controller-"));
    const port = await freePort();
    const isStandalone = (formation.metadataVersion ?? MV_STANDALONE) >= MV_STANDALONE;
    await writeFile(propertiesIn(folder), propertiesOf({ folder, port }, isStandalone, more));
    const place = { folder, port };
    await format(kafka, place, formation);
    const controller = new JvmController(kafka, place, await launched(kafka, place));
    await controller.#learnVersions();
    return controller;
  }

  /** After its process has ended, or in place of it: the same log, another process. */
  async restart(): Promise<void> {
    this.#client.close();
    await this.#jvm.kill();
    await this.#launch();
  }

  /** Another cluster in place of it: an empty log, which is formed as the first one was. */
  async formAnew(): Promise<void> {
    this.#client.close();
    await this.#jvm.kill();
    const { folder } = this.#place;
    await rm(logIn(folder), { recursive: true, force: true });
    await cp(formedIn(folder), logIn(folder), { recursive: true });
    this.#epoch = 1;
    this.#endOffset = 0;
    this.#lastEpoch = 0;
    await this.#launch();
  }

  async #launch(): Promise<void> {
    const { jvm, client } = await launched(this.kafka, this.#place);
    this.#jvm = jvm;
    this.#client = client;
    await this.#learnVersions();
  }

  async #learnVersions(): Promise<void> {
    this.#send(this.#frame(apis.ApiVersions, 0, {}));
    const answer = await this.#answer("ApiVersions");
    const { body } = decodeResponseFrame(apis.ApiVersions, 0, answer);
    this.#versions = new Map(
      body.apiKeys.map(({ apiKey, minVersion, maxVersion }) => [apiKey, [minVersion, maxVersion]]),
    );
  }

  /** The versions of an API that both sides speak. */
  versionsOf(name: ApiName): readonly number[] {
    const [min, max] = this.#versions.get(ApiKey[name]) ?? [0, -1];
    return versionsOf(apis[name].valid).filter((version) => version >= min && version <= max);
  }

  /** The offset of the next record, as far as the log was read. */
  get endOffset(): number {
    return this.#endOffset;
  }

  /** The epoch of its leadership; a new one when it has resigned and claimed again. */
  get epoch(): number {
    return this.#epoch;
  }

  isGone(): boolean {
    return this.#jvm.gone();
  }

  /** The last lines that it wrote. */
  tail(): string {
    return this.#jvm.tail();
  }

  /** What it has thrown last; "" where it has not. */
  fault(): string {
    return (
      this.#jvm.lines.findLast((line) => /^[\w.$]+(?:Exception|Error)(?::|$)/.test(line)) ?? ""
    );
  }

  /** Its response, as the version says it. Rejects with a `HungUpError`. */
  async ask(name: ApiName, apiVersion: number, body: object): Promise<object> {
    return await this.put({ name, version: apiVersion, body });
  }

  async put(asked: Asked): Promise<object> {
    this.#send(this.#requestOf(asked));
    return responseIn(asked, await this.#answer(asked.name));
  }

  /** Its response, and what its log has beyond what was read before: both are asked for at once. */
  async putAndRead(
    asked: Asked,
  ): Promise<{ readonly response: object; readonly batches: readonly ReplayedBatch[] }> {
    this.#send(this.#requestOf(asked), this.#fetch());
    const response = responseIn(asked, await this.#answer(asked.name));
    return { response, batches: await this.#read(await this.#answer("Fetch")) };
  }

  #requestOf({ name, version, body, isForwarded = false, principal = USER_X }: Asked): Uint8Array {
    const frame = this.#frame(apis[name], version, body);
    if (!isForwarded) return frame;
    return this.#frame(apis.Envelope, 0, {
      requestData: frame,
      requestPrincipal: encodePrincipal(principal),
      clientHostAddress: Uint8Array.from([127, 0, 0, 1]),
    });
  }

  #frame(api: Api, apiVersion: number, body: object): Uint8Array {
    this.#asked += 1;
    const header = { apiVersion, correlationId: this.#asked, clientId: "differential" };
    return requestFrame(api, header, api.request.fill(body));
  }

  #send(...frames: readonly Uint8Array[]): void {
    this.#client.send(...frames.map((frame) => Buffer.from(frame)));
  }

  async #answer(name: ApiName): Promise<Uint8Array> {
    const client = this.#client;
    const late = setTimeout(() => client.close(), ANSWER_MS);
    const frame = await client.frame();
    clearTimeout(late);
    if (frame !== undefined) return new Uint8Array(frame);
    if (!this.isGone()) this.#client = await Client.connect(this.#place.port);
    throw new HungUpError(`it hung up on ${name}:\n${this.tail()}`);
  }

  /** What the log has beyond what was read before: every batch but those of control records. */
  async newBatches(): Promise<readonly ReplayedBatch[]> {
    this.#send(this.#fetch());
    return await this.#read(await this.#answer("Fetch"));
  }

  #fetch(): Uint8Array {
    const partition = {
      partition: 0,
      currentLeaderEpoch: this.#epoch,
      fetchOffset: this.#endOffset,
      lastFetchedEpoch: this.#lastEpoch,
      partitionMaxBytes: FETCH_BYTES,
    };
    return this.#frame(apis.Fetch, FETCH_VERSION, {
      clusterId: CLUSTER_ID,
      replicaState: { replicaId: 999, replicaEpoch: -1 },
      maxWaitMs: 0,
      minBytes: 0,
      maxBytes: FETCH_BYTES,
      topics: [{ topicId: METADATA_TOPIC_ID, partitions: [partition] }],
    });
  }

  async #read(answer: Uint8Array): Promise<readonly ReplayedBatch[]> {
    const { body } = decodeResponseFrame(apis.Fetch, FETCH_VERSION, answer);
    const [read] = body.responses[0]?.partitions ?? [];
    if (read?.errorCode === FENCED_LEADER_EPOCH) {
      this.#epoch = read.currentLeader.leaderEpoch;
      return await this.newBatches();
    }
    if (read?.errorCode === NOT_LEADER) {
      // It has given up its office, and takes it again when it has elected itself.
      await pause(RESIGNED_MS);
      this.#epoch = Math.max(this.#epoch, read.currentLeader.leaderEpoch);
      return await this.newBatches();
    }
    if (read?.errorCode !== 0) throw new Error(`a fetch met error ${String(read?.errorCode)}`);
    const batches = this.#taken(read.records ?? new Uint8Array(0));
    return this.#endOffset < read.highWatermark
      ? [...batches, ...(await this.newBatches())]
      : batches;
  }

  #taken(bytes: Uint8Array): readonly ReplayedBatch[] {
    const batches: ReplayedBatch[] = [];
    for (const row of recordBatches(bytes)) {
      const batch = decodeRecordBatch(row.bytes);
      this.#endOffset = row.lastOffset + 1;
      this.#lastEpoch = row.leaderEpoch;
      if (batch.isControl) continue;
      batches.push({
        records: batch.values.map((value) => decodeMetadataRecord(value)),
        provenance: { endOffset: this.#endOffset, epoch: row.leaderEpoch, timestampMs: 0 },
      });
    }
    return batches;
  }

  /** The same as a broker asks it, in an envelope, in the name of somebody whom it has authenticated. */
  async askForwarded(
    name: ApiName,
    version: number,
    asked: { readonly body: object; readonly principal: Principal },
  ): Promise<object> {
    const answer = await this.put({ name, version, isForwarded: true, ...asked });
    if ("envelopeErrorCode" in answer)
      throw new Error(`it does not open the envelope: ${JSON.stringify(answer)}`);
    return answer;
  }

  /** Everything in its log but control records. It answers when what it wrote is committed. */
  async records(): Promise<readonly MetadataRecord[]> {
    this.#endOffset = 0;
    this.#lastEpoch = 0;
    return (await this.newBatches()).flatMap(({ records }) => records);
  }

  async stop(): Promise<void> {
    this.#client.close();
    await this.#jvm.kill();
    await rm(this.#place.folder, { recursive: true, force: true });
  }
}

function responseIn({ name, version, isForwarded = false }: Asked, answer: Uint8Array): object {
  const api: Api = apis[name];
  if (!isForwarded) return decodeResponseFrame(api, version, answer).body;
  const { responseData, errorCode } = decodeResponseFrame(apis.Envelope, 0, answer).body;
  if (responseData === null) return { envelopeErrorCode: errorCode };
  return decodeResponseFrame(api, version, responseData).body;
}

/** What it forms is kept beside it, so that it can be begun with again. */
async function format(kafka: Kafka, { folder }: Place, formation: Formation): Promise<void> {
  const tool = startJvm(kafka, {
    mainClass: "kafka.tools.StorageTool",
    args: ["format", "-t", CLUSTER_ID, "-c", propertiesIn(folder), ...formatted(formation)],
    heapMb: HEAP_MB,
    level: "WARN",
  });
  if ((await tool.exited) !== 0) throw new Error(`it is not formatted:\n${tool.tail()}`);
  await cp(logIn(folder), formedIn(folder), { recursive: true });
}

async function launched(kafka: Kafka, { folder, port }: Place) {
  const jvm = startJvm(kafka, {
    mainClass: "kafka.Kafka",
    args: [propertiesIn(folder)],
    heapMb: HEAP_MB,
    logOn: "stdout",
  });
  await jvm.line(/Kafka Server started/, START_MS);
  return { jvm, client: await Client.connect(port) };
}

const logIn = (folder: string): string => join(folder, "log");
const formedIn = (folder: string): string => join(folder, "formed");
const propertiesIn = (folder: string): string => join(folder, "server.properties");

function formatted({ metadataVersion, elr }: Formation): readonly string[] {
  if (metadataVersion === undefined) return ["--standalone"];
  return [
    ...(metadataVersion >= MV_STANDALONE ? ["--standalone"] : []),
    "--release-version",
    metadataVersionName(metadataVersion),
    ...(metadataVersion >= MV_ELR && elr !== undefined
      ? ["--feature", `${ELR}=${elr ? 1 : 0}`]
      : []),
  ];
}

/** An int: no session ends and no sweep is due within a run. */
const NEVER_MS = 2_000_000_000;

const propertiesOf = (
  { folder, port }: Place,
  isStandalone: boolean,
  more: readonly string[],
): string =>
  [
    "process.roles=controller",
    `node.id=${CONTROLLER_ID}`,
    `listeners=CONTROLLER://127.0.0.1:${port}`,
    isStandalone
      ? `controller.quorum.bootstrap.servers=127.0.0.1:${port}`
      : `controller.quorum.voters=${CONTROLLER_ID}@127.0.0.1:${port}`,
    "controller.listener.names=CONTROLLER",
    "listener.security.protocol.map=CONTROLLER:PLAINTEXT",
    "authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    `super.users=User:ANONYMOUS;User:${FORWARDED_USER}`,
    "controller.quorum.append.linger.ms=0",
    "metadata.max.idle.interval.ms=0",
    `broker.session.timeout.ms=${NEVER_MS}`,
    "auto.leader.rebalance.enable=false",
    `unclean.leader.election.interval.ms=${NEVER_MS}`,
    `num.partitions=${SETTINGS.numPartitions}`,
    `default.replication.factor=${SETTINGS.defaultReplicationFactor}`,
    `log.dirs=${logIn(folder)}`,
    ...more,
    "",
  ].join("\n");
