/**
 * A controller in office, as the shell would run it but in one thread: requests go through the table of APIs, their
 * records are encoded, replayed and held against the laws, the soft state is carried on, and time passes when told.
 */
import { expect } from "vitest";
import {
  apis,
  type ApiName,
  type MetadataRecord,
  type RequestOf,
  type ResponseOf,
} from "../../src/protocol/index.ts";
import {
  BOUNDED_BATCH_BYTES,
  BOUNDED_BATCH_RECORDS,
} from "../../src/metadata/control/batch-bound.ts";
import { controllerApis } from "../../src/metadata/control/apis.ts";
import type { Duty } from "../../src/metadata/duties/duty.ts";
import { fenceStaleBrokers } from "../../src/metadata/duties/fence-stale-brokers.ts";
import type { ControlContext } from "../../src/metadata/control/operation.ts";
import type { MetadataImage } from "../../src/metadata/image/metadata-image.ts";
import {
  initialLiveness,
  nextFencingDeadline,
  type BrokerLiveness,
} from "../../src/metadata/liveness/broker-heartbeats.ts";
import {
  NO_MUTATION_BUCKETS,
  type MutationBuckets,
} from "../../src/metadata/quotas/mutation-buckets.ts";
import { seeded } from "../../src/std/random.ts";
import { directoryOf } from "./partition-notation.ts";
import {
  brokerEpoch,
  contextFor,
  lawfullyReplayed,
  replayed,
  storedBytes,
  type WorldSpec,
  world,
} from "./world.ts";

/** What is bounded as what brokers cause, whoever asked. */
const BROKERS_OWN: ReadonlySet<ApiName> = new Set<ApiName>([
  "AlterPartition",
  "AssignReplicasToDirs",
  "BrokerHeartbeat",
  "BrokerRegistration",
  "FenceBroker",
  "UnregisterBroker",
]);

/** Records that fit the bounds of one batch, as it is stored. A single one may be of any size. */
function expectBounded(records: readonly MetadataRecord[]): void {
  if (records.length < 2) return;
  expect(records.length).toBeLessThanOrEqual(BOUNDED_BATCH_RECORDS);
  expect(storedBytes(records)).toBeLessThanOrEqual(BOUNDED_BATCH_BYTES);
}

type Parts<Name extends ApiName> = Partial<RequestOf<(typeof apis)[Name]>>;

export const SESSION_MS = 9_000;
/** The offset of the first record that an office writes. */
export const LOG_END = 1_000;

export class Office {
  view: MetadataImage;
  liveness: BrokerLiveness;
  mutationBuckets: MutationBuckets = NO_MUTATION_BUCKETS;
  nowMs = 0;
  /** What the last operation wrote. */
  records: readonly MetadataRecord[] = [];
  /** Told of each operation's view from before it, when its records are in. */
  onChange: (before: MetadataImage) => void = () => {};
  readonly #context: Partial<ControlContext>;
  #seed = 1;

  constructor(view: MetadataImage, context: Partial<ControlContext> = {}) {
    // The log is longer than the epochs of the brokers in it, as in any log of Kafka's.
    const endOffset = Math.max(view.provenance.endOffset, LOG_END);
    this.view = { ...view, provenance: { ...view.provenance, endOffset } };
    this.#context = context;
    this.liveness = initialLiveness(view, 0);
  }

  get context(): ControlContext {
    this.#seed += 1;
    const { nowMs, liveness, mutationBuckets } = this;
    return contextFor(this.view, {
      random: seeded(this.#seed),
      ...this.#context,
      nowMs,
      liveness,
      mutationBuckets,
    });
  }

  /** Runs an API at its newest version, or at `apiVersion`. */
  ask<Name extends ApiName>(
    name: Name,
    parts: Parts<Name>,
    apiVersion?: number,
  ): ResponseOf<(typeof apis)[Name]> {
    const api = apis[name];
    const version = apiVersion ?? Number(api.valid.split("-").at(-1));
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- filling a request gives a request
    const request = api.request.fill(parts) as unknown as RequestOf<(typeof apis)[Name]>;
    const operation = controllerApis[name];
    if (operation === undefined) throw new Error(`${name} is not served`);
    const result = operation.run(this.view, request, { ...this.context, apiVersion: version });
    if (operation.kind === "read") expect(result.records).toEqual([]);
    if (BROKERS_OWN.has(name)) expectBounded(result.records);
    const { response } = result;
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- encoding takes what filling gives
    api.response.at(version).encode(response as never);
    this.#install(result.records, result.liveness);
    this.mutationBuckets = result.mutationBuckets ?? this.mutationBuckets;
    return response;
  }

  heartbeat(brokerId: number, parts: Parts<"BrokerHeartbeat"> = {}): string {
    const epoch = this.view.cluster.brokers.get(brokerId)?.epoch ?? -1;
    const response = this.ask("BrokerHeartbeat", {
      brokerId,
      brokerEpoch: epoch,
      currentMetadataOffset: this.view.provenance.endOffset - 1,
      ...parts,
    });
    const words = [
      response.errorCode === 0 ? "" : `error ${response.errorCode}`,
      response.isCaughtUp ? "caught up" : "behind",
      response.isFenced ? "fenced" : "unfenced",
      response.shouldShutDown ? "stop" : "",
    ];
    return words.filter(Boolean).join(", ");
  }

  /**
   * Lets time pass up to `toMs` and fences each broker that falls silent on the way; answers how many runs that took.
   */
  pass(toMs: number): number {
    let runs = 0;
    for (;;) {
      const deadline = nextFencingDeadline(this.liveness, SESSION_MS);
      if (deadline > toMs) break;
      this.nowMs = Math.max(this.nowMs, deadline);
      this.fenceOnce();
      runs += 1;
      if (runs > 1_000) throw new Error("the fencing deadline does not move on");
    }
    this.nowMs = toMs;
    return runs;
  }

  fenceOnce(): void {
    this.perform(fenceStaleBrokers);
  }

  /** Does once what an active controller does of its own accord. */
  perform<Report>(duty: Duty<Report>): void {
    const { records, liveness } = duty.rule(this.view, this.context);
    expectBounded(records);
    this.#install(records, liveness);
  }

  #install(records: readonly MetadataRecord[], liveness: BrokerLiveness | undefined): void {
    this.records = records;
    const before = this.view;
    // The laws are asked partition by partition; whole batches of them would say the same a thousand times.
    this.view =
      records.length > 1_000 ? replayed(this.view, records) : lawfullyReplayed(this.view, records);
    this.liveness = liveness ?? this.liveness;
    this.onChange(before);
  }

  /** The records of the last operation in a few words each. */
  get wrote(): readonly string[] {
    return this.records.map(inWords);
  }
}

export const officeOf = (spec: WorldSpec, context: Partial<ControlContext> = {}): Office =>
  new Office(world(spec), context);

function inWords({ type, version, data }: MetadataRecord): string {
  const defaults = new Set<unknown>([null, -2, 0]);
  const said = Object.entries(data).filter(
    ([name, value]) =>
      !["topicId", "partitionId", "brokerId", "brokerEpoch"].includes(name) &&
      !defaults.has(value) &&
      !(name === "leaderRecoveryState" && value === -1) &&
      !(Array.isArray(value) && value.length === 0 && type === "BROKER_REGISTRATION_CHANGE_RECORD"),
  );
  switch (type) {
    case "PARTITION_CHANGE_RECORD":
    case "BROKER_REGISTRATION_CHANGE_RECORD": {
      const subject =
        type === "PARTITION_CHANGE_RECORD"
          ? `partition ${data.partitionId}`
          : `broker ${data.brokerId} v${version}`;
      return [subject, ...said.map(([name, value]) => `${name} ${JSON.stringify(value)}`)].join(
        " ",
      );
    }
    case "REGISTER_BROKER_RECORD":
      return `register ${data.brokerId} v${version} epoch ${data.brokerEpoch} ${data.fenced ? "fenced" : "unfenced"}`;
    case "FEATURE_LEVEL_RECORD":
      return `${data.name} ${data.featureLevel}`;
    default:
      return type;
  }
}

/** A registration that a real broker of 4.3 would send. */
export function registrationOf(brokerId: number): Parts<"BrokerRegistration"> {
  const ranges: readonly (readonly [string, number, number])[] = [
    ["metadata.version", 7, 30],
    ["kraft.version", 0, 1],
    ["transaction.version", 0, 2],
    ["group.version", 0, 1],
    ["eligible.leader.replicas.version", 0, 1],
    ["share.version", 0, 1],
    ["streams.version", 0, 1],
  ];
  return {
    brokerId,
    clusterId: "CLUSTER",
    incarnationId: directoryOf(9_000 + brokerId),
    listeners: [{ name: "PLAINTEXT", host: "localhost", port: 9_092, securityProtocol: 0 }],
    features: ranges.map(([name, minSupportedVersion, maxSupportedVersion]) => ({
      name,
      minSupportedVersion,
      maxSupportedVersion,
    })),
    rack: null,
    logDirs: [directoryOf(brokerId)],
  };
}

export { brokerEpoch, directoryOf };
