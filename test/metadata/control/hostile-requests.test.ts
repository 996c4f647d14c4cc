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
import { METADATA_VERSION, MV_MAX } from "../../../src/metadata/features/levels.ts";
import { ErrorCode, versionsOf, type ApiName } from "../../../src/protocol/index.ts";
import { seeded } from "../../../src/std/random.ts";
import { ANONYMOUS_CALLER } from "../../../src/metadata/index.ts";
import {
  ABSURD_EPOCHS,
  ABSURD_TEXTS,
  ABSURD_UUIDS,
  MEANT_EVERYWHERE,
  Absurdity,
  type Vocabulary,
} from "../absurdity.ts";
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
  metadataVersion: MV_MAX,
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
  // One that votes no more.
  record("REGISTER_CONTROLLER_RECORD", 0, { controllerId: 3002 }),
]);

const CONTROLLERS = [3000, 3001].map((id) => ({
  id,
  directoryId: directoryOf(id),
  endpoints: [{ name: "CONTROLLER", host: "h", port: 9_093, securityProtocol: 0 }],
}));

const UUIDS = [
  ...[0, 0, 1, 2, 99].map(topicIdOf),
  ...[1, 2, 3, 6, 99].map(directoryOf),
  ...ABSURD_UUIDS,
];
const EPOCHS = [101, 102, 103, 104, 106, ...ABSURD_EPOCHS];

/** What a field says in a request that is meant, of the broker that the request named last. */
const MEANT: Readonly<Record<string, (brokerId: number) => unknown>> = {
  ...MEANT_EVERYWHERE,
  brokerId: (brokerId) => (brokerId + 6) % 7,
  brokerEpoch,
  clusterId: () => "CLUSTER",
  features: () =>
    registrationOf(1).features?.map((range) =>
      range.name === METADATA_VERSION ? { ...range, maxSupportedVersion: MV_MAX } : range,
    ),
  logDirs: (brokerId) => [directoryOf(brokerId)],
  controllerId: () => 3000,
  listeners: () => CONTROLLERS[0]?.endpoints,
  topicId: () => topicIdOf(0),
  hmac: () => TOKEN_KEY?.hmacOf(TOKEN_ID),
};

/** What the fields of one API mean, where they mean something else in others. */
const MEANT_BY: { readonly [Name in ApiName]?: Vocabulary["meant"] } = {
  UnregisterController: { controllerId: () => 3002 },
};

const VOCABULARY: Vocabulary = {
  texts: ABSURD_TEXTS,
  uuids: UUIDS,
  epochs: EPOCHS,
  meant: MEANT,
};

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
    const absurdity = new Absurdity(api.key, {
      ...VOCABULARY,
      meant: { ...MEANT, ...MEANT_BY[api.name] },
    });
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
