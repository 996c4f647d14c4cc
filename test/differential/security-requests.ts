/**
 * Requests for ACLs, SCRAM credentials and quotas, drawn from few words so that they meet, put to this controller and
 * to Kafka's: the responses must be the same, word for word, and at the end what their logs say.
 *
 * Lists are compared without their order, which Kafka leaves to a hash table. For the same reason a quota entity has
 * one fault at most: which of several comes first is no rule. What differs knowingly is not drawn, and stands in
 * `src/metadata/control/README.md`.
 */
import { isDeepStrictEqual } from "node:util";
import {
  applyRecords,
  controllerApis,
  emptyImage,
  type MetadataImage,
} from "../../src/metadata/index.ts";
import {
  apis,
  versionsOf,
  type Api,
  type ApiName,
  type MetadataRecord,
} from "../../src/protocol/index.ts";
import { contextFor, lawfullyReplayed } from "../metadata/world.ts";
import type { Asked, JvmController } from "./jvm-controller.ts";
import { mostly, pick, type Draw } from "./draws.ts";

const several = <Item>(most: number, draw: Draw, make: () => Item): readonly Item[] =>
  Array.from({ length: draw(most + 1) }, make);

const NAMES = ["orders", "order", "ord", "stock", "*", "kafka-cluster"];
const PRINCIPALS = ["User:ann", "User:bob", "User:*"];
const HOSTS = ["*", "10.0.0.1"];

/** No number is 0, at which Kafka hangs up, or of a filter alone, for which it has no answer but "unknown". */
const creation = (draw: Draw) => ({
  resourceType: mostly([2, 2, 3, 4, 5, 6, 7], [8, 99], draw),
  resourceName: mostly(NAMES, [""], draw),
  resourcePatternType: mostly([3, 4], [5, 99], draw),
  principal: mostly(PRINCIPALS, ["ann", ":"], draw),
  host: pick(HOSTS, draw),
  operation: mostly([2, 3, 4, 8], [16, 77], draw),
  permissionType: mostly([2, 3], [4, 99], draw),
});

const filter = (draw: Draw) => ({
  resourceTypeFilter: mostly([1, 2, 2, 3], [7, 99], draw),
  resourceNameFilter: pick([null, ...NAMES, "orders-2"], draw),
  patternTypeFilter: mostly([1, 2, 3, 4], [99], draw),
  principalFilter: pick([null, null, ...PRINCIPALS], draw),
  hostFilter: pick([null, null, ...HOSTS], draw),
  operation: mostly([1, 1, 3], [4, 55], draw),
  permissionType: mostly([1, 1, 3], [2, 9], draw),
});

const USERS = ["ann", "bob", "eve", "zoe"];

const deletion = (draw: Draw) => ({
  name: mostly(USERS, [""], draw),
  mechanism: mostly([1, 2], [0, 3, -1], draw),
});

const upsertion = (draw: Draw) => ({
  ...deletion(draw),
  iterations: mostly([4_096, 8_192, 16_384], [4_095, 16_385, 0, -1], draw),
  salt: Uint8Array.from(several(20, draw, () => draw(256))),
  saltedPassword: Uint8Array.from([1, ...several(90, draw, () => draw(256))]),
});

const nameOf = (draw: Draw): string | null => pick(["ann", "bob", null], draw);

const ENTITIES: readonly ((draw: Draw) => readonly (readonly [string, string | null])[])[] = [
  (draw) => [["user", nameOf(draw)]],
  (draw) => [["client-id", nameOf(draw)]],
  (draw) => [
    ["client-id", nameOf(draw)],
    ["user", nameOf(draw)],
  ],
  (draw) => [["ip", pick(["10.0.0.1", "::1", null], draw)]],
];
const ODD_ENTITIES: typeof ENTITIES = [
  () => [],
  () => [["group", "g"]],
  () => [["user", ""]],
  () => [["ip", ""]],
  () => [
    ["ip", "10.0.0.1"],
    ["user", "ann"],
  ],
  () => [["ip", "1.2.3.4.5.invalid"]],
];

const KEYS = [
  "producer_byte_rate",
  "consumer_byte_rate",
  "request_percentage",
  "controller_mutation_rate",
];
/** Large enough that Kafka does not slow us down for them. */
const VALUES = [1_024, 2_048, 1_235.000_000_1];
const ODD_VALUES = [0, -2, 2.5, 2 ** 65, 2 ** 63, 2 ** 31, Number.POSITIVE_INFINITY];

const quotaEntry = (draw: Draw) => {
  const isOdd = draw(10) === 0;
  const entity = pick(
    isOdd ? ODD_ENTITIES : ENTITIES,
    draw,
  )(draw).map(([entityType, entityName]) => ({ entityType, entityName }));
  const known = entity[0]?.entityType === "ip" ? ["connection_creation_rate"] : KEYS;
  const keys = known.filter(() => draw(2) === 0);
  const ops = keys.map((key) => ({ key, value: pick(VALUES, draw), remove: draw(4) === 0 }));
  const fault = { key: pick([...known, "x"], draw), value: pick(ODD_VALUES, draw), remove: false };
  const faulty = draw(6) === 0 && !isOdd;
  return { entity, ops: faulty ? [...ops.filter(({ key }) => key !== fault.key), fault] : ops };
};

/** Entities of one request differ: of those that do not Kafka writes one. */
function quotaEntries(draw: Draw): readonly ReturnType<typeof quotaEntry>[] {
  const entries = several(4, draw, () => quotaEntry(draw));
  return [...new Map(entries.map((entry) => [JSON.stringify(entry.entity), entry])).values()];
}

const BODIES: readonly (readonly [ApiName, (draw: Draw) => object])[] = [
  ["CreateAcls", (draw) => ({ creations: several(5, draw, () => creation(draw)) })],
  ["DeleteAcls", (draw) => ({ filters: several(2, draw, () => filter(draw)) })],
  ["DescribeAcls", filter],
  [
    "AlterUserScramCredentials",
    (draw) => ({
      deletions: several(2, draw, () => deletion(draw)),
      upsertions: several(2, draw, () => upsertion(draw)),
    }),
  ],
  ["AlterClientQuotas", (draw) => ({ entries: quotaEntries(draw), validateOnly: draw(8) === 0 })],
];

export function drawnRequest(draw: Draw): Asked {
  const [name, body] = pick(BODIES, draw);
  return { name, version: pick(versionsOf(apis[name].valid), draw), body: body(draw) };
}

/** Ids are drawn; how long a client is to wait hangs on the quotas that are drawn. */
const PASSED_OVER = new Set(["id", "throttleTimeMs"]);

/** A response or an image without the order of its lists. */
function comparable(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString("hex");
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value.map(comparable);
    return items.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([name, part]) => (PASSED_OVER.has(name) ? [] : [[name, comparable(part)]])),
  );
}

const stateOf = ({ acls, scram, clientQuotas }: MetadataImage): unknown =>
  comparable([
    [...acls.byId.values()],
    [...scram.values()],
    Array.from(clientQuotas.values(), ({ entity, values }) => ({ entity, values: [...values] })),
  ]);

/** What is answered here, and what then is. */
function answeredHere(view: MetadataImage, { name, version, body }: Asked) {
  const api: Api = apis[name];
  const operation = controllerApis[name];
  if (operation === undefined) throw new RangeError(`${name} is not served`);
  const context = contextFor(view, { apiVersion: version });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- drawn for that very API
  const { records, response } = operation.run(view, api.request.fill(body) as never, context);
  const codec = api.response.at(version);
  return {
    view: lawfullyReplayed(view, records),
    response: codec.decode(codec.encode(response)),
  };
}

const replayedFrom = (records: readonly MetadataRecord[]): MetadataImage =>
  applyRecords(emptyImage, records, { endOffset: records.length, epoch: 1, timestampMs: 0 });

const inWords = (here: unknown, there: unknown): string =>
  `this says ${JSON.stringify(here)}\nKafka says ${JSON.stringify(there)}`;

/** Puts requests to both; rejects at the first difference, with the request. */
export async function compareRequests(
  kafka: JvmController,
  count: number,
  draw: Draw,
): Promise<string> {
  let view = replayedFrom(await kafka.records());
  let refusals = 0;
  for (let at = 0; at < count; at += 1) {
    const asked = drawnRequest(draw);
    const ours = answeredHere(view, asked);
    ({ view } = ours);
    // oxlint-disable-next-line no-await-in-loop -- each request finds what the one before has left
    const theirs = await kafka.ask(asked.name, asked.version, asked.body);
    const [here, there] = [comparable(ours.response), comparable(theirs)];
    if (!isDeepStrictEqual(here, there)) {
      throw new Error(`request ${at}: ${JSON.stringify(asked)}\n${inWords(here, there)}`);
    }
    refusals += /"errorCode":-?[1-9]/.test(JSON.stringify(here)) ? 1 : 0;
  }
  const [here, there] = [stateOf(view), stateOf(replayedFrom(await kafka.records()))];
  if (!isDeepStrictEqual(here, there)) throw new Error(`the logs differ\n${inWords(here, there)}`);
  if (refusals < count / 20 || refusals > (count * 19) / 20) {
    throw new Error(`one-sided: ${refusals} of ${count} responses hold a refusal`);
  }
  return `${count} requests, ${refusals} with a refusal in the response`;
}
