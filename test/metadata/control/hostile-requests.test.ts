/**
 * Requests that are well-formed and absurd, thousands for every API: null wherever it may be, lists that are empty,
 * long and full of duplicates, counts that are negative and huge, names of no letter and of too many, ids that nothing
 * has; mixed with what exists, so that they get past the first check. Each is asked of the view that the one before
 * left. None makes an operation throw; each is answered with a code of Kafka's, and never with "unknown server error";
 * what is written replays, every partition obeys the laws, and a snapshot of the image is the image.
 *
 * `any-request.test.ts` draws from the schemas alone; here names and ids mean something.
 */
import { expect, test } from "vitest";
import { controllerApis } from "../../../src/metadata/control/apis.ts";
import { initialLiveness } from "../../../src/metadata/liveness/broker-heartbeats.ts";
import { imageToRecords } from "../../../src/metadata/image/image-to-records.ts";
import { emptyImage, type MetadataImage } from "../../../src/metadata/image/metadata-image.ts";
import {
  covers,
  ErrorCode,
  LOST_DIRECTORY,
  MIGRATING_DIRECTORY,
  UNASSIGNED_DIRECTORY,
  versionsOf,
  ZERO_UUID,
} from "../../../src/protocol/index.ts";
import { fallbackOf } from "../../../src/protocol/schema/fallback.ts";
import type { AnyField, Fields, Primitive, Shape } from "../../../src/protocol/schema/field.ts";
import { nextInt, seeded, type Random } from "../../../src/std/random.ts";
import { ANONYMOUS_CALLER } from "../../../src/metadata/index.ts";
import { withAcls } from "../authorized/asking.ts";
import { registrationOf } from "../office.ts";
import { directoryOf } from "../partition-notation.ts";
import { plainContents } from "../plain-image.ts";
import { TOKEN_KEY } from "../token-key.ts";
import {
  brokerEpoch,
  contextFor,
  expectLiveLeaders,
  lawfullyReplayed,
  record,
  replayed,
  topicIdOf,
  world,
} from "../world.ts";

const REQUESTS_PER_API = 2_000;
/** After so many the cluster is as it was at first: most requests find the topics that they know. */
const REQUESTS_PER_CLUSTER = 25;

const CLUSTER = world({
  brokers: "1 2 3 4f 5s 6",
  metadataVersion: 30,
  topics: {
    t: ["1,2,3 / 1,2,3 / 1", "4 / 4 / -1", "2,1 / 1 / 1"],
    moved: ["3,6,1 / 1,3 / 1 ; removing 1 ; adding 3,6"],
    unclean: ["4,1 / 4 / -1"],
  },
  configs: {
    "topic:unclean": { "unclean.leader.election.enable": "true" },
    "broker:": { "num.io.threads": "4" },
    "group:g": { "consumer.session.timeout.ms": "50000" },
    "metrics:m": { "interval.ms": "1000" },
  },
});

const ACLS = [
  "ALLOW User:ann READ TOPIC =t",
  "DENY User:* ALL GROUP ^g",
  "ALLOW User:ann READ TOPIC =*",
];

const TOKEN_ID = "token";

const VIEW = replayed(withAcls(ACLS, CLUSTER), [
  record("DELEGATION_TOKEN_RECORD", 0, {
    owner: "User:ANONYMOUS",
    requester: "User:ANONYMOUS",
    renewers: [],
    issueTimestamp: 0,
    maxTimestamp: 30_000,
    expirationTimestamp: 10_000,
    tokenId: TOKEN_ID,
  }),
]);

const CONTROLLERS = [3000, 3001].map((id) => ({
  id,
  directoryId: directoryOf(id),
  endpoints: [{ name: "CONTROLLER", host: "h", port: 9_093, securityProtocol: 0 }],
}));

const WORDS =
  "t t moved unclean a.b a_b new g m h CLUSTER CONTROLLER " +
  "1 2 4 -1 3000 2147483648 01 NaN true compact gzip " +
  "retention.ms cleanup.policy min.insync.replicas unclean.leader.election.enable " +
  "num.io.threads log.dirs metrics match interval.ms consumer.session.timeout.ms " +
  "metadata.version kraft.version group.version eligible.leader.replicas.version " +
  ". .. / __cluster_metadata __proto__ constructor";
const ODD_TEXTS = ["", " 7 ", "\u0000", "a\nb", "\u{1F980}", "x".repeat(249), "x".repeat(250)];
const TEXTS: readonly string[] = [...WORDS.split(" "), ...ODD_TEXTS];
const INTEGERS = [0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 9, -1, -2, 16, 25, 30, 32, 99, 10_004];
const UUIDS = [
  ...[0, 0, 1, 2, 99].map(topicIdOf),
  ...[1, 2, 3, 6, 99].map(directoryOf),
  ZERO_UUID,
  LOST_DIRECTORY,
  UNASSIGNED_DIRECTORY,
  MIGRATING_DIRECTORY,
];
const EPOCHS = [
  101,
  102,
  103,
  104,
  106,
  0,
  -1,
  5,
  Number.MAX_SAFE_INTEGER,
  Number.MIN_SAFE_INTEGER,
];

/** The ends of each range, beside what may mean something. */
const ENDS: Partial<Record<Primitive, readonly [number, number]>> = {
  int8: [-0x80, 0x7f],
  int16: [-0x8000, 0x7fff],
  uint16: [0, 0xffff],
  int32: [-0x8000_0000, 0x7fff_ffff],
};

/** What a field says in a request that is meant, of the broker that the request named last. */
const MEANT: Readonly<Record<string, (brokerId: number) => unknown>> = {
  brokerId: (brokerId) => (brokerId + 6) % 7,
  brokerEpoch,
  clusterId: () => "CLUSTER",
  isMigratingZkBroker: () => false,
  features: () => registrationOf(1).features,
  logDirs: (brokerId) => [directoryOf(brokerId)],
  controllerId: () => 3000,
  listeners: () => CONTROLLERS[0]?.endpoints,
  leaderEpoch: () => 0,
  partitionEpoch: () => 0,
  leaderRecoveryState: () => 0,
  topicId: () => topicIdOf(0),
  validateOnly: () => false,
  principal: () => "User:ann",
  permissionType: () => 3,
  mechanism: () => 1,
  entityType: () => "user",
  key: () => "request_percentage",
  iterations: () => 4_096,
  resourcePatternType: () => 3,
  principalType: () => "User",
  hmac: () => TOKEN_KEY?.hmacOf(TOKEN_ID),
};

/** Draws one request after the other; the same seed gives the same ones. */
class Absurdity {
  #random: Random;
  #brokerId = 1;

  constructor(seed: number) {
    this.#random = seeded(seed);
  }

  below(bound: number): number {
    const { value, random } = nextInt(this.#random, bound);
    this.#random = random;
    return value;
  }

  pick<Item>(items: readonly Item[]): Item {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error("nothing to pick from");
    return item;
  }

  struct(fields: Fields, version: number): Record<string, unknown> {
    return Object.fromEntries(
      Object.entries(fields).map(([name, field]) => {
        const value = this.#field(name, field, version);
        if (name === "brokerId" && typeof value === "number") this.#brokerId = value;
        return [name, value];
      }),
    );
  }

  #field(name: string, field: AnyField, version: number): unknown {
    const { versions, nullable } = field.traits;
    if (versions !== undefined && !covers(versions, version)) return fallbackOf(field);
    const meant = Object.hasOwn(MEANT, name) ? MEANT[name] : undefined;
    if (meant !== undefined && this.below(8) > 0) return meant(this.#brokerId);
    const isNullable = nullable !== undefined && covers(nullable, version);
    if (isNullable && this.below(5) === 0) return null;
    const fallback = fallbackOf(field);
    if (this.below(6) === 0 && (isNullable || fallback !== null)) return fallback;
    return this.#shape(field.shape, version);
  }

  #shape(shape: Shape, version: number): unknown {
    if (shape.kind === "struct") return this.struct(shape.fields, version);
    if (shape.kind === "array") return this.#array(shape.element, version);
    return this.#leaf(shape.kind);
  }

  #array(element: Shape, version: number): readonly unknown[] {
    const items = Array.from({ length: this.pick([0, 1, 1, 1, 2, 3]) }, () =>
      this.#shape(element, version),
    );
    const [first] = items;
    const copies = first === undefined ? 0 : this.below(50) === 0 ? 40 : this.pick([0, 0, 0, 1]);
    return [...items, ...Array.from({ length: copies }, () => first)];
  }

  #leaf(kind: Primitive): unknown {
    switch (kind) {
      case "bool":
        return this.below(2) === 0;
      case "string":
      case "legacyString":
        return this.pick(TEXTS);
      case "uuid":
        return this.pick(UUIDS);
      case "offset":
      case "timestamp":
        return this.pick(EPOCHS);
      case "int64":
        return this.pick([0n, -1n, 2n ** 63n - 1n]);
      case "float64":
        return this.pick([0, -1, Number.NaN, Number.MAX_VALUE]);
      case "bytes":
      case "records":
        return new Uint8Array(this.below(3));
      default: {
        const [low, high] = ENDS[kind] ?? [0, 0];
        const value = this.pick([...INTEGERS, low, high]);
        return Math.min(high, Math.max(low, value));
      }
    }
  }
}

/** Every error code that an answer holds, however deep. */
function* errorCodesIn(value: unknown): Generator<number> {
  if (Array.isArray(value)) for (const item of value) yield* errorCodesIn(item);
  if (typeof value !== "object" || value === null) return;
  for (const [name, part] of Object.entries(value)) {
    if (name === "errorCode" && typeof part === "number") yield part;
    else yield* errorCodesIn(part);
  }
}

const KNOWN_CODES = new Set<number>(Object.values(ErrorCode));

function expectSnapshotOf(view: MetadataImage): void {
  const again = replayed(emptyImage, [...imageToRecords(view)]);
  expect(plainContents(again)).toEqual(plainContents(view));
}

test.each(Object.values(controllerApis))(
  "$api.name is answered whatever it is asked",
  (operation) => {
    const { api } = operation;
    const versions = versionsOf(api.valid);
    const absurdity = new Absurdity(api.key);
    const codes = new Set<number>();
    let view = VIEW;
    let liveness = initialLiveness(view, 0);
    for (let asked = 0; asked < REQUESTS_PER_API; asked += 1) {
      if (asked % REQUESTS_PER_CLUSTER === 0) {
        if (asked % (20 * REQUESTS_PER_CLUSTER) === 0) expectSnapshotOf(view);
        view = VIEW;
        liveness = initialLiveness(view, 0);
      }
      const apiVersion = absurdity.pick(versions);
      const request = absurdity.struct(api.request.fields, apiVersion);
      const context = contextFor(view, {
        apiVersion,
        liveness,
        nowMs: absurdity.pick([1_000, 1_000, 20_000]),
        random: seeded(asked),
        controllers: CONTROLLERS,
        // A broker has forwarded it.
        caller: { ...ANONYMOUS_CALLER, isForwarded: absurdity.below(8) > 0 },
        delegationTokenKey: TOKEN_KEY,
      });
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- drawn from the schema of that very API
      const result = operation.run(view, request as never, context);
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the operation's own response
      api.response.at(apiVersion).encode(result.response as never);
      for (const code of errorCodesIn(result.response)) codes.add(code);
      if (operation.kind === "read") expect(result.records).toEqual([]);
      if (result.records.length > 0) {
        view = lawfullyReplayed(view, result.records);
        if (asked % 5 === 0) expectLiveLeaders(view);
      }
      liveness = result.liveness ?? liveness;
    }
    expectSnapshotOf(view);
    expect([...codes].filter((code) => !KNOWN_CODES.has(code))).toEqual([]);
    expect(codes).not.toContain(ErrorCode.UNKNOWN_SERVER_ERROR);
    // Some get past all checks, or nothing would be shown.
    expect(codes).toContain(ErrorCode.NONE);
  },
);
